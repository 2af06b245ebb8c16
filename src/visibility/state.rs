//! What is answered about a workspace.

use super::{Seen, Times, forks, person, person_for, problem_body};
use crate::id::{CommentId, ItemId, Position, UserId, WorkspaceId};
use crate::protocol::forks::{Conflicts, ForkState, Pulled};
use crate::protocol::team::{Activity, ActivityEntry, Comments, EngagementReport, SeenComment};
use crate::protocol::{
    Company, Invitations, Invited, InvitedRow, Members, SeenEnvironment, SeenInvitation, SeenItem, SeenMember,
    SeenPositions, Snapshot, TreeEntry, WorkspaceEntry, Workspaces,
};
use crate::workspace::archive::Archive;
use crate::workspace::command::{Outcome, Row};
use crate::workspace::event::Event;
use crate::workspace::fork::{Came, Conflict};
use crate::workspace::item::{Content, Environment, Item};
use crate::workspace::member::{Invitation, Member, Side, Viewer};
use crate::workspace::problem::Problem;
use crate::workspace::{Workspace, postman, secret};
use std::collections::BTreeMap;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// The state there is to see. The same value for all partners.
#[must_use]
pub fn snapshot(workspace: &Workspace, viewer: &Viewer) -> Seen<Snapshot> {
    // Team people look the same to everyone, so that this doesn't depend on who asks beyond the side.
    let team = workspace.members().filter(|member| member.side == Side::Team);
    Seen(Snapshot {
        id: workspace.id,
        name: workspace.name.clone(),
        description: workspace.description.clone(),
        mode: workspace.mode,
        epoch: workspace.epoch,
        positions: SeenPositions::of(workspace.positions, viewer.side),
        tree: workspace.tree().into_iter().map(|item| tree_entry(item)).collect(),
        environments: workspace.environments().map(|environment| seen_environment(environment, viewer)).collect(),
        team: team.map(|member| person(workspace, member, false)).collect(),
    })
}

/// The values of secrets are the team's, in either mode.
fn shown(content: &Content, viewer: &Viewer) -> Content {
    let shown = if viewer.is_team() { None } else { secret::withheld(content) };
    shown.unwrap_or_else(|| Arc::clone(content))
}

fn seen_environment(environment: &Environment, viewer: &Viewer) -> SeenEnvironment {
    SeenEnvironment {
        id: environment.id,
        name: environment.name.clone(),
        content: shown(&environment.content, viewer),
        position: environment.position,
    }
}

fn tree_entry(item: &Item) -> TreeEntry {
    TreeEntry {
        id: item.id,
        kind: item.kind,
        parent: item.parent,
        order: item.order.to_string(),
        name: item.name.clone(),
        method: item.method.as_deref().map(str::to_owned),
        position: item.position,
    }
}

/// An item with its content.
#[must_use]
pub fn item(workspace: &Workspace, viewer: &Viewer, item: &Item) -> Seen<SeenItem> {
    let updated_by = workspace.person(item.updated_by).and_then(|member| person_for(workspace, viewer, member));
    // A partner's edit is told to nobody on the partner side, not even to itself: an item reads the same to all.
    let updated_by = updated_by.filter(|person| !viewer.is_walled() || person.side == Side::Team);
    Seen(SeenItem {
        entry: tree_entry(item),
        content: shown(&item.content, viewer),
        updated_at: item.updated_at,
        updated_by,
    })
}

/// An item with all that stands in it, as a Postman collection.
///
/// # Errors
/// When a content can't be written as JSON.
pub fn export(workspace: &Workspace, viewer: &Viewer, item: &Item) -> anyhow::Result<Seen<String>> {
    fn node<'a>(workspace: &'a Workspace, viewer: &Viewer, item: &'a Item) -> postman::Node<'a> {
        postman::Node {
            kind: item.kind,
            name: &item.name,
            content: shown(&item.content, viewer),
            children: workspace.children(Some(item.id)).map(|child| node(workspace, viewer, child)).collect(),
        }
    }
    Ok(Seen(postman::export(&node(workspace, viewer, item))?))
}

/// An environment as a Postman file.
///
/// # Errors
/// When its content can't be written as JSON.
pub fn export_environment(viewer: &Viewer, environment: &Environment) -> anyhow::Result<Seen<String>> {
    Ok(Seen(postman::export_environment(&environment.name, &shown(&environment.content, viewer))?))
}

/// The members there are to see.
#[must_use]
pub fn members(workspace: &Workspace, viewer: &Viewer) -> Option<Seen<Members>> {
    let seen = |member: &Member| SeenMember {
        person: person(workspace, member, viewer.is_team()),
        role: member.role,
        lead: member.lead,
        email: (viewer.is_team() || member.user == viewer.user).then(|| member.email.clone()),
    };
    let you = seen(workspace.person(viewer.user)?);
    let team = workspace.members().filter(|member| member.side == Side::Team).map(|member| seen(member)).collect();
    let mut companies: BTreeMap<Option<String>, Vec<SeenMember>> = BTreeMap::new();
    if !viewer.is_walled() {
        for member in workspace.members().filter(|member| member.side == Side::Partner) {
            let member = seen(member);
            companies.entry(member.person.domain.clone()).or_default().push(member);
        }
    }
    let partners = companies.into_iter().map(|(domain, members)| Company { domain, members }).collect();
    Some(Seen(Members { team, partners, you }))
}

pub(super) fn seen_invitation(workspace: &Workspace, invitation: &Invitation, for_team: bool) -> SeenInvitation {
    let by = workspace.person(invitation.by).filter(|_| for_team).map(|member| person(workspace, member, true));
    SeenInvitation {
        id: invitation.id,
        email: invitation.email.clone(),
        name: invitation.name.clone(),
        side: invitation.side,
        role: invitation.role,
        lead: invitation.lead,
        at: invitation.at,
        expires_at: invitation.expires_at,
        by,
        accepted: for_team.then_some(invitation.accepted_by.is_some()),
    }
}

/// The invitations there are to see: all for the team, its own for a Lead, none for other partners.
#[must_use]
pub fn invitations(workspace: &Workspace, viewer: &Viewer) -> Seen<Invitations> {
    let shown = |invitation: &&Arc<Invitation>| viewer.is_team() || (viewer.lead && invitation.by == viewer.user);
    let invitations = workspace.invitations().filter(shown);
    Seen(Invitations {
        invitations: invitations.map(|one| seen_invitation(workspace, one, viewer.is_team())).collect(),
    })
}

/// What became of an invitation's lines. `link` makes the link of a row that was sent; only Admins get it.
#[must_use]
pub fn invited(viewer: &Viewer, rows: Vec<Row>, link: impl Fn(usize) -> Option<String>) -> Seen<Invited> {
    let row = |(index, row): (usize, Row)| InvitedRow {
        line: row.line,
        email: row.email,
        link: (row.outcome == Outcome::Sent && viewer.is_admin()).then(|| link(index)).flatten(),
        outcome: row.outcome,
    };
    Seen(Invited { rows: rows.into_iter().enumerate().map(row).collect() })
}

/// The caller's workspaces.
#[must_use]
pub fn workspaces<'a>(own: impl Iterator<Item = (&'a Workspace, Viewer)>) -> Seen<Workspaces> {
    Seen(Workspaces { workspaces: own.map(|(workspace, viewer)| workspace_entry(workspace, &viewer).0).collect() })
}

/// One of the caller's workspaces.
#[must_use]
pub fn workspace_entry(workspace: &Workspace, viewer: &Viewer) -> Seen<WorkspaceEntry> {
    Seen(WorkspaceEntry {
        id: workspace.id,
        name: workspace.name.clone(),
        description: workspace.description.clone(),
        mode: workspace.mode,
        viewer: viewer.side,
        role: viewer.role,
    })
}

// ---- forks ----

/// What changed in a fork's parent. None for who may not know of it: partners, and who isn't of the team there.
#[must_use]
pub fn fork(here: &Viewer, there: &Viewer, parent: (WorkspaceId, Uuid), changes: Vec<Came>) -> Option<Seen<ForkState>> {
    forks::may_know(here, there).then(|| Seen(forks::state(parent, changes)))
}

/// What came of a pull; None as above.
#[must_use]
pub fn pulled(here: &Viewer, there: &Viewer, position: Position, changes: Vec<Came>) -> Option<Seen<Pulled>> {
    forks::may_know(here, there).then_some(Seen(Pulled { position, changes }))
}

/// Why a pull needs choices; None as above.
#[must_use]
pub fn conflicts(here: &Viewer, there: &Viewer, problem: &Problem, conflicts: &[Conflict]) -> Option<Seen<Conflicts>> {
    forks::may_know(here, there).then(|| Seen(forks::conflicts(problem_body(problem), conflicts)))
}

// ---- comments, activity, engagement, archives: made in the folder of this file ----

/// The comments on an item, in a workspace that has comments.
#[must_use]
pub fn comments(workspace: &Workspace, viewer: &Viewer, item: ItemId) -> Option<Seen<Comments>> {
    super::comments::list(workspace, viewer, item).map(Seen)
}

/// One of them.
#[must_use]
pub fn comment(workspace: &Workspace, viewer: &Viewer, item: ItemId, id: CommentId) -> Option<Seen<SeenComment>> {
    super::comments::one(workspace, viewer, item, id).map(Seen)
}

/// An event in the list of who changed what; None for what is not in it, or not for this viewer. The event is of a stream
/// that the viewer reads.
#[must_use]
pub fn activity_line(
    workspace: &Workspace,
    viewer: &Viewer,
    event: &Event,
    at: OffsetDateTime,
    by: UserId,
) -> Option<Seen<ActivityEntry>> {
    super::activity::entry(workspace, viewer, event, at, by).map(Seen)
}

/// A page of them.
#[must_use]
pub fn activity(lines: Vec<Seen<ActivityEntry>>, next: Option<String>) -> Seen<Activity> {
    Seen(Activity { entries: lines.into_iter().map(Seen::into_inner).collect(), next })
}

/// How far each partner has come; None for partners. `times` are those kept of somebody.
#[must_use]
pub fn engagement(
    workspace: &Workspace,
    viewer: &Viewer,
    times: impl Fn(UserId) -> Option<Times>,
) -> Option<Seen<EngagementReport>> {
    viewer.is_team().then(|| Seen(super::engagement::report(workspace, &times)))
}

/// A workspace's archive; None for whoever is no Admin.
#[must_use]
pub fn archive(workspace: &Workspace, viewer: &Viewer, secrets: bool) -> Option<Seen<Archive>> {
    viewer.is_admin().then(|| Seen(Archive::of(workspace, secrets)))
}
