//! What an event comes to in the list of who changed what: a line, or none. A new kind of event gets its line here.

use super::{author, person, sees};
use crate::id::{EnvironmentId, ItemId, UserId};
use crate::protocol::ImportedRoot;
use crate::protocol::team::{ActivityEntry, ActivityLine, Named};
use crate::workspace::event::Event;
use crate::workspace::item::Item;
use crate::workspace::member::Viewer;
use crate::workspace::{Audience, Workspace};
use time::OffsetDateTime;

pub(super) fn entry(
    workspace: &Workspace,
    viewer: &Viewer,
    event: &Event,
    at: OffsetDateTime,
    by: UserId,
) -> Option<ActivityEntry> {
    let change = of_things(workspace, event).or_else(|| of_team(workspace, viewer, event))?;
    let audience = if viewer.is_team() { Audience::Team } else { Audience::Everyone };
    Some(ActivityEntry { at, by: author(workspace, by, audience), change })
}

/// What everyone may read. Of the event, and of names of today.
fn of_things(workspace: &Workspace, event: &Event) -> Option<ActivityLine> {
    Some(match event {
        Event::WorkspaceCreated { .. } => ActivityLine::WorkspaceCreated,
        Event::WorkspaceUpdated { name, description } => ActivityLine::WorkspaceUpdated {
            fields: fields(&[("name", name.is_some()), ("description", description.is_some())]),
        },
        Event::ItemCreated { item } => ActivityLine::ItemCreated {
            item: Named { id: item.id.0, kind: Some(item.kind), name: Some(item.name.clone()) },
        },
        Event::ItemUpdated { id, name, content } => ActivityLine::ItemUpdated {
            item: named_item(workspace, *id, name.clone()),
            fields: fields(&[("name", name.is_some()), ("content", content.is_some())]),
        },
        Event::ItemMoved { id, .. } => ActivityLine::ItemMoved { item: named_item(workspace, *id, None) },
        Event::ItemDeleted { id, name } => ActivityLine::ItemDeleted { item: named_item(workspace, *id, name.clone()) },
        Event::ItemsImported { items } => {
            let root = |item: &Item| ImportedRoot { id: item.id.0, kind: "collection".into(), name: item.name.clone() };
            let roots = items.iter().filter(|item| item.parent.is_none());
            ActivityLine::ItemsImported { items: roots.map(root).collect(), count: items.len() }
        }
        Event::EnvironmentCreated { environment } => ActivityLine::EnvironmentCreated {
            environment: Named { id: environment.id.0, kind: None, name: Some(environment.name.clone()) },
        },
        Event::EnvironmentUpdated { id, name, content } => ActivityLine::EnvironmentUpdated {
            environment: named_environment(workspace, *id, name.clone()),
            fields: fields(&[("name", name.is_some()), ("content", content.is_some())]),
        },
        Event::ItemReplaced { id, name, .. } => ActivityLine::ItemUpdated {
            item: named_item(workspace, *id, Some(name.clone())),
            fields: fields(&[("content", true)]),
        },
        Event::EnvironmentReplaced { id, name, .. } => ActivityLine::EnvironmentUpdated {
            environment: named_environment(workspace, *id, Some(name.clone())),
            fields: fields(&[("content", true)]),
        },
        Event::EnvironmentDeleted { id, name } => {
            ActivityLine::EnvironmentDeleted { environment: named_environment(workspace, *id, name.clone()) }
        }
        _ => return None,
    })
}

/// What the team reads beside it.
fn of_team(workspace: &Workspace, viewer: &Viewer, event: &Event) -> Option<ActivityLine> {
    if !viewer.is_team() {
        return None;
    }
    let known = |user: UserId| {
        workspace.person(user).filter(|member| sees(viewer, member)).map(|member| person(workspace, member, true))
    };
    Some(match event {
        Event::ModeSwitched { .. } => ActivityLine::ModeSwitched,
        Event::MemberJoined { member, .. } => {
            ActivityLine::MemberJoined { person: person(workspace, member, true), role: member.role, lead: member.lead }
        }
        Event::MemberUpdated { user, role, lead } => {
            ActivityLine::MemberUpdated { person: known(*user)?, role: *role, lead: *lead }
        }
        Event::MemberRemoved { user } => ActivityLine::MemberRemoved { person: known(*user)? },
        Event::InvitationSent { invitation, .. } => ActivityLine::InvitationSent {
            email: invitation.email.clone(),
            side: invitation.side,
            role: invitation.role,
            lead: invitation.lead,
        },
        Event::Forked { root, .. } => ActivityLine::Forked { item: named_item(workspace, *root, None) },
        Event::EnvironmentForked { id, .. } => ActivityLine::Forked { item: named_environment(workspace, *id, None) },
        Event::Pulled { root, came, .. } => {
            ActivityLine::Pulled { item: named_item(workspace, *root, None), changes: came.len() }
        }
        Event::EnvironmentPulled { id, .. } => {
            ActivityLine::Pulled { item: named_environment(workspace, *id, None), changes: 1 }
        }
        Event::InvitationRevoked { id } => ActivityLine::InvitationRevoked { id: *id },
        _ => return None,
    })
}

fn named_item(workspace: &Workspace, id: ItemId, name: Option<String>) -> Named {
    let now = workspace.item(id);
    Named { id: id.0, kind: now.map(|item| item.kind), name: name.or_else(|| now.map(|item| item.name.clone())) }
}

fn named_environment(workspace: &Workspace, id: EnvironmentId, name: Option<String>) -> Named {
    let now = workspace.environment(id);
    Named { id: id.0, kind: None, name: name.or_else(|| now.map(|environment| environment.name.clone())) }
}

fn fields(all: &[(&str, bool)]) -> Vec<String> {
    all.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}
