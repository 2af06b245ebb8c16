//! Who may see what. The only maker of what a session can be sent ([`Frame`]) and of what an answer about a
//! workspace can hold ([`Seen`]): both have private fields, and every constructor is in this file.
//!
//! Isolation is decided where an event is born, by its audience. A session reads one of two logs: partners the one
//! for everyone, the team its own, which has everything. So no delivery is filtered, and no filter can be forgotten.

mod forks;

use crate::id::{CommentId, ItemId, OpId, Position, SessionId, UserId, WorkspaceId};
use crate::protocol::forks::{Conflicts, ForkState, Pulled};
use crate::protocol::team::{Activity, ActivityEntry, Comments, EngagementReport, SeenComment};
use crate::protocol::{
    Company, EventMessage, Here, Invitations, Invited, InvitedRow, Members, Person, ProblemBody, SeenEnvironment,
    SeenInvitation, SeenItem, SeenMember, SeenPositions, ServerMessage, Snapshot, Status, StreamName, TreeEntry,
    WireChange, WirePatch, WorkspaceEntry, Workspaces, own::News,
};
use crate::workspace::archive::Archive;
use crate::workspace::command::{Outcome, Row, WorkspacePatch};
use crate::workspace::event::Event;
use crate::workspace::fork::{Came, Conflict};
use crate::workspace::item::{Content, Environment, Item, patched_method};
use crate::workspace::member::{Invitation, Member, Mode, Side, Viewer, registrable_domain};
use crate::workspace::problem::Problem;
use crate::workspace::{Audience, Workspace, postman, secret};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::BTreeMap;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bytes of a content or patch past which an event only names the item, to be read over HTTP.
pub const LARGEST_INLINE: usize = 64 * 1_024;

/// A ready WebSocket frame, header and all: what a session's outbox takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// Its bytes, as they go on the wire.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// One unmasked, unfragmented text frame (RFC 6455, section 5.2).
    fn of(message: &ServerMessage) -> Self {
        let mut text = Vec::with_capacity(512);
        if let Err(error) = serde_json::to_writer(&mut text, message) {
            // Serialising these types can't fail; a frame that says nothing is the safe way out all the same.
            tracing::error!(%error, "a message could not be encoded");
            text = b"{}".to_vec();
        }
        let mut frame = BytesMut::with_capacity(text.len() + 10);
        frame.put_u8(0x81);
        match text.len() {
            short @ 0..126 => frame.put_u8(short as u8),
            medium @ 126..=0xffff => {
                frame.put_u8(126);
                frame.put_u16(medium as u16);
            }
            long => {
                frame.put_u8(127);
                frame.put_u64(long as u64);
            }
        }
        frame.extend_from_slice(&text);
        Self(frame.freeze())
    }
}

/// What a viewer may be answered.
#[derive(Clone, Debug)]
pub struct Seen<T>(T);

impl<T> Seen<T> {
    /// The answer.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The two runs of frames that sessions read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Log {
    /// What is for everyone.
    Everyone,
    /// What is for the team, which is everything.
    Team,
}

/// The log a viewer reads.
#[must_use]
pub fn log_of(viewer: &Viewer) -> Log {
    match viewer.side {
        Side::Team => Log::Team,
        Side::Partner => Log::Everyone,
    }
}

/// The logs that what is for an audience goes to.
#[must_use]
pub fn logs_of(audience: Audience) -> &'static [Log] {
    match audience {
        Audience::Everyone => &[Log::Everyone, Log::Team],
        Audience::Team => &[Log::Team],
    }
}

/// Who an event is for, given the workspace before it.
#[must_use]
pub fn audience_of(event: &Event, workspace: &Workspace) -> Audience {
    let of_user = |user: UserId| {
        workspace.person(user).map_or(Audience::Team, |member| audience_of_person(member.side, workspace.mode))
    };
    match event {
        Event::InvitationSent { .. } | Event::InvitationUsed { .. } | Event::InvitationRevoked { .. } => Audience::Team,
        Event::Forked { .. }
        | Event::Pulled { .. }
        | Event::EnvironmentForked { .. }
        | Event::EnvironmentPulled { .. } => Audience::Team,
        Event::MemberJoined { member, .. } => audience_of_person(member.side, workspace.mode),
        Event::MemberUpdated { user, .. } | Event::MemberRemoved { user } | Event::PersonUpdated { user, .. } => {
            of_user(*user)
        }
        Event::WorkspaceCreated { .. }
        | Event::WorkspaceUpdated { .. }
        | Event::WorkspaceDeleted
        | Event::ModeSwitched { .. }
        | Event::ItemCreated { .. }
        | Event::ItemUpdated { .. }
        | Event::ItemReplaced { .. }
        | Event::ItemMoved { .. }
        | Event::ItemDeleted { .. }
        | Event::ItemsImported { .. }
        | Event::EnvironmentCreated { .. }
        | Event::EnvironmentUpdated { .. }
        | Event::EnvironmentReplaced { .. }
        | Event::EnvironmentDeleted { .. }
        | Event::CommentPosted { .. }
        | Event::CommentEdited { .. }
        | Event::CommentResolved { .. }
        | Event::CommentDeleted { .. } => Audience::Everyone,
    }
}

/// Who learns that somebody of a side is there, and what becomes of them. Their own sessions do in any case.
#[must_use]
pub fn audience_of_person(side: Side, mode: Mode) -> Audience {
    match (side, mode) {
        (Side::Partner, Mode::MultiPartner) => Audience::Team,
        _ => Audience::Everyone,
    }
}

/// Whether a viewer may know of somebody.
#[must_use]
pub fn sees(viewer: &Viewer, other: &Member) -> bool {
    !viewer.is_walled() || other.side == Side::Team || other.user == viewer.user
}

/// Somebody, as a viewer sees them; None when it may not.
fn person_for(workspace: &Workspace, viewer: &Viewer, other: &Member) -> Option<Person> {
    sees(viewer, other).then(|| person(workspace, other, viewer.is_team()))
}

fn person(workspace: &Workspace, member: &Member, for_team: bool) -> Person {
    let avatar = member.avatar.as_ref().map(|hash| {
        let short = hash.get(..16).unwrap_or(hash);
        format!("/v1/workspaces/{}/members/{}/avatar?v={short}", workspace.id, member.user)
    });
    let domain = (for_team && member.side == Side::Partner).then(|| registrable_domain(&member.email).to_owned());
    Person { id: member.user, name: member.name.clone(), avatar, side: member.side, domain }
}

/// An author, as an audience sees them: for everyone in multi-partner mode, a partner is null.
fn author(workspace: &Workspace, by: UserId, audience: Audience) -> Option<Person> {
    let member = workspace.person(by)?;
    let shown = audience == Audience::Team || audience_of_person(member.side, workspace.mode) == Audience::Everyone;
    shown.then(|| person(workspace, member, audience == Audience::Team))
}

// ---- frames ----

/// Where and when an event stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its audience.
    pub audience: Audience,
    /// Its position in that audience's stream.
    pub position: Position,
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub by: UserId,
    /// The author's name for the edit.
    pub op: Option<OpId>,
}

/// An event's frame in each log: one encoding, or two when there is something in it for the team alone.
#[derive(Clone, Debug)]
pub struct EventFrames {
    everyone: Frame,
    team: Frame,
}

impl EventFrames {
    /// The one of a log.
    #[must_use]
    pub fn of(&self, log: Log) -> &Frame {
        match log {
            Log::Everyone => &self.everyone,
            Log::Team => &self.team,
        }
    }
}

/// An event for its audience, encoded once a log at most.
#[must_use]
pub fn event(workspace: &Workspace, event: &Event, place: Place) -> EventFrames {
    let team = encoded(workspace, place, change(workspace, event, place));
    let everyone = match for_partners(workspace, event, place) {
        Some(change) => encoded(workspace, place, change),
        None => team.clone(),
    };
    EventFrames { everyone, team }
}

/// What partners are told in place of an event's change; None: the same as the team. Whether a content is named instead
/// of sent is decided by all of it, so that nothing but secrets differs.
fn for_partners(workspace: &Workspace, event: &Event, place: Place) -> Option<WireChange> {
    let (Event::EnvironmentCreated { environment: Environment { content, .. } }
    | Event::EnvironmentUpdated { content: Some(content), .. }) = event
    else {
        return None;
    };
    let shown = secret::withheld(content)?;
    let mut change = change(workspace, event, place);
    match &mut change {
        WireChange::EnvironmentCreated { content: Some(content), .. }
        | WireChange::EnvironmentUpdated { patch: Some(WirePatch { content: Some(content), .. }), .. } => {
            *content = shown;
        }
        _ => return None,
    }
    Some(change)
}

fn encoded(workspace: &Workspace, place: Place, change: WireChange) -> Frame {
    let stream = match place.audience {
        Audience::Everyone => StreamName::Shared,
        Audience::Team => StreamName::Team,
    };
    Frame::of(&ServerMessage::Event(Box::new(EventMessage {
        stream,
        position: place.position,
        at: place.at,
        by: author(workspace, place.by, place.audience),
        op: place.op,
        change,
    })))
}

fn change(workspace: &Workspace, event: &Event, place: Place) -> WireChange {
    let for_team = place.audience == Audience::Team;
    match event {
        Event::WorkspaceCreated { .. } => WireChange::WorkspaceCreated,
        Event::WorkspaceUpdated { name, description } => WireChange::WorkspaceUpdated {
            patch: WorkspacePatch { name: name.clone(), description: description.clone() },
        },
        Event::WorkspaceDeleted => WireChange::WorkspaceDeleted,
        Event::ModeSwitched { epoch } => WireChange::ModeSwitched { epoch: *epoch },
        Event::MemberJoined { member, .. } => WireChange::MemberJoined {
            person: person(workspace, member, for_team),
            role: member.role,
            lead: member.lead,
        },
        Event::MemberUpdated { user, role, lead } => {
            WireChange::MemberUpdated { user: *user, role: *role, lead: *lead }
        }
        Event::MemberRemoved { user } => WireChange::MemberRemoved { user: *user },
        Event::PersonUpdated { user, name, avatar } => match workspace.person(*user) {
            Some(member) => {
                let changed = Member { name: name.clone(), avatar: avatar.clone(), ..member.as_ref().clone() };
                WireChange::PersonUpdated { person: person(workspace, &changed, for_team) }
            }
            None => WireChange::MemberRemoved { user: *user },
        },
        Event::InvitationSent { invitation, .. } => {
            WireChange::InvitationSent { invitation: seen_invitation(workspace, invitation, true) }
        }
        Event::InvitationUsed { id, .. } => WireChange::InvitationUsed { id: *id },
        Event::InvitationRevoked { id } => WireChange::InvitationRevoked { id: *id },
        Event::ItemCreated { item } => {
            let large = item.content.get().len() > LARGEST_INLINE;
            WireChange::ItemCreated {
                id: item.id,
                item_kind: item.kind,
                parent: item.parent,
                order: item.order.to_string(),
                name: item.name.clone(),
                method: item.read_method().as_deref().map(str::to_owned),
                content: (!large).then(|| Arc::clone(&item.content)),
                by_reference: large,
            }
        }
        Event::ItemUpdated { id, name, content } => {
            let (patch, by_reference) = wire_patch(name, content);
            // Of the event alone: read from the log later, it must look the same.
            let method = content.as_deref().and_then(patched_method);
            WireChange::ItemUpdated { id: *id, patch, method, by_reference }
        }
        Event::ItemMoved { id, parent, order } => {
            WireChange::ItemMoved { id: *id, parent: *parent, order: order.to_string() }
        }
        Event::ItemDeleted { id } => WireChange::ItemDeleted { id: *id },
        Event::ItemsImported { items } => WireChange::ItemsImported { items: forks::topmost(items) },
        Event::EnvironmentCreated { environment } => {
            let large = environment.content.get().len() > LARGEST_INLINE;
            WireChange::EnvironmentCreated {
                id: environment.id,
                name: environment.name.clone(),
                content: (!large).then(|| Arc::clone(&environment.content)),
                by_reference: large,
            }
        }
        Event::EnvironmentUpdated { id, name, content } => {
            let (patch, by_reference) = wire_patch(name, content);
            WireChange::EnvironmentUpdated { id: *id, patch, by_reference }
        }
        Event::EnvironmentDeleted { id } => WireChange::EnvironmentDeleted { id: *id },
        Event::ItemReplaced { id, content, .. } => {
            WireChange::ItemUpdated { id: *id, patch: None, method: patched_method(content), by_reference: true }
        }
        Event::EnvironmentReplaced { id, .. } => {
            WireChange::EnvironmentUpdated { id: *id, patch: None, by_reference: true }
        }
        // Whence is told by `fork` alone, to who may see it there.
        Event::Forked { root, .. } => WireChange::Forked { id: root.0 },
        Event::EnvironmentForked { id, .. } => WireChange::Forked { id: id.0 },
        Event::Pulled { root, came, .. } => WireChange::Pulled { id: root.0, changes: came.len() },
        Event::EnvironmentPulled { id, .. } => WireChange::Pulled { id: id.0, changes: 1 },
        Event::CommentPosted { item, id, reply_to, text, mentions } => WireChange::CommentPosted {
            item: *item,
            id: *id,
            reply_to: *reply_to,
            text: text.clone(),
            mentions: mentions.clone(),
        },
        Event::CommentEdited { item, id, text, mentions } => {
            WireChange::CommentEdited { item: *item, id: *id, text: text.clone(), mentions: mentions.clone() }
        }
        Event::CommentResolved { item, id, resolved } => {
            WireChange::CommentResolved { item: *item, id: *id, resolved: *resolved }
        }
        Event::CommentDeleted { item, id } => WireChange::CommentDeleted { item: *item, id: *id },
    }
}

fn wire_patch(name: &Option<String>, content: &Option<Content>) -> (Option<WirePatch>, bool) {
    let large = content.as_ref().is_some_and(|content| content.get().len() > LARGEST_INLINE);
    let patch = (!large).then(|| WirePatch { name: name.clone(), content: content.clone() });
    (patch, large)
}

/// A session's first frame, and the one that seats it anew.
#[must_use]
pub fn welcome(workspace: &Workspace, viewer: &Viewer, session: SessionId, positions: SeenPositions) -> Option<Frame> {
    let member = workspace.person(viewer.user)?;
    Some(Frame::of(&ServerMessage::Welcome {
        session,
        you: person(workspace, member, viewer.is_team()),
        viewer: viewer.side,
        role: viewer.role,
        lead: viewer.lead,
        mode: workspace.mode,
        epoch: workspace.epoch,
        positions,
    }))
}

/// A session, as the hubs of all nodes know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seat {
    /// Its id.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// The item it looks at.
    pub viewing: Option<crate::id::ItemId>,
    /// Whether it is at it.
    pub status: Status,
}

fn here(workspace: &Workspace, seat: &Seat, for_team: bool) -> Option<Here> {
    let member = workspace.person(seat.user)?;
    Some(Here {
        session: seat.session,
        person: person(workspace, member, for_team),
        viewing: seat.viewing,
        status: seat.status,
    })
}

/// Everyone a viewer may know to be there.
#[must_use]
pub fn presence<'a>(workspace: &Workspace, viewer: &Viewer, seats: impl Iterator<Item = &'a Seat>) -> Frame {
    let shown = |seat: &&Seat| workspace.person(seat.user).is_some_and(|member| sees(viewer, member));
    let sessions = seats.filter(shown).filter_map(|seat| here(workspace, seat, viewer.is_team())).collect();
    Frame::of(&ServerMessage::Presence { sessions })
}

/// What changed about who is there, of people who all have this audience (or of one person, for itself).
#[must_use]
pub fn presence_delta(
    workspace: &Workspace,
    for_team: bool,
    joined: &[Seat],
    changed: &[Seat],
    left: &[SessionId],
) -> Frame {
    let list = |seats: &[Seat]| seats.iter().filter_map(|seat| here(workspace, seat, for_team)).collect();
    Frame::of(&ServerMessage::PresenceDelta { joined: list(joined), changed: list(changed), left: left.to_vec() })
}

/// The answer to an edit that was done, for its author.
#[must_use]
pub fn ack(op: OpId, position: Position) -> Frame {
    Frame::of(&ServerMessage::Ack { op, position })
}

/// The answer to an edit that was refused, for its author.
#[must_use]
pub fn reject(op: OpId, problem: &Problem) -> Frame {
    Frame::of(&ServerMessage::Reject { op, problem: problem_body(problem) })
}

/// News of what is a person's own, for that person's sessions alone.
#[must_use]
pub fn own(news: News) -> Frame {
    Frame::of(&match news {
        News::History(entry) => ServerMessage::History { entry },
        News::Run(run) => ServerMessage::Run { run },
    })
}

/// The last frame of a node that stops.
#[must_use]
pub fn goodbye(reconnect_in_ms: u64) -> Frame {
    Frame::of(&ServerMessage::Goodbye { code: "restart".into(), reconnect_in_ms })
}

/// A refusal, on the wire.
#[must_use]
pub fn problem_body(problem: &Problem) -> ProblemBody {
    ProblemBody {
        code: problem.code.as_str().into(),
        title: problem.code.title().into(),
        detail: problem.detail.clone(),
        path: problem.path.clone(),
        status: None,
    }
}

// ---- answers ----

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
fn environment_content(environment: &Environment, viewer: &Viewer) -> Content {
    let shown = if viewer.is_team() { None } else { secret::withheld(&environment.content) };
    shown.unwrap_or_else(|| Arc::clone(&environment.content))
}

fn seen_environment(environment: &Environment, viewer: &Viewer) -> SeenEnvironment {
    SeenEnvironment {
        id: environment.id,
        name: environment.name.clone(),
        content: environment_content(environment, viewer),
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
        content: Arc::clone(&item.content),
        updated_at: item.updated_at,
        updated_by,
    })
}

/// An item with all that stands in it, as a Postman collection.
///
/// # Errors
/// When a content can't be written as JSON.
pub fn export(workspace: &Workspace, item: &Item) -> anyhow::Result<Seen<String>> {
    fn node<'a>(workspace: &'a Workspace, item: &'a Item) -> postman::Node<'a> {
        postman::Node {
            kind: item.kind,
            name: &item.name,
            content: &item.content,
            children: workspace.children(Some(item.id)).map(|child| node(workspace, child)).collect(),
        }
    }
    Ok(Seen(postman::export(&node(workspace, item))?))
}

/// An environment as a Postman file.
///
/// # Errors
/// When its content can't be written as JSON.
pub fn export_environment(viewer: &Viewer, environment: &Environment) -> anyhow::Result<Seen<String>> {
    Ok(Seen(postman::export_environment(&environment.name, &environment_content(environment, viewer))?))
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

fn seen_invitation(workspace: &Workspace, invitation: &Invitation, for_team: bool) -> SeenInvitation {
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

mod activity;
mod comments;
mod engagement;

pub use engagement::Times;

/// The comments on an item, in a workspace that has comments.
#[must_use]
pub fn comments(workspace: &Workspace, viewer: &Viewer, item: ItemId) -> Option<Seen<Comments>> {
    comments::list(workspace, viewer, item).map(Seen)
}

/// One of them.
#[must_use]
pub fn comment(workspace: &Workspace, viewer: &Viewer, item: ItemId, id: CommentId) -> Option<Seen<SeenComment>> {
    comments::one(workspace, viewer, item, id).map(Seen)
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
    activity::entry(workspace, viewer, event, at, by).map(Seen)
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
    viewer.is_team().then(|| Seen(engagement::report(workspace, &times)))
}

/// A workspace's archive; None for whoever is no Admin.
///
/// # Errors
/// When a content can't be written as JSON.
pub fn archive(workspace: &Workspace, viewer: &Viewer, secrets: bool) -> anyhow::Result<Option<Seen<Archive>>> {
    viewer.is_admin().then(|| Ok(Seen(Archive::of(workspace, secrets)?))).transpose()
}
