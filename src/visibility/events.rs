//! What happened, as each log has it.

use super::{Frame, LARGEST_INLINE, Log, author, forks, person, state::seen_invitation};
use crate::id::{OpId, Position, UserId};
use crate::protocol::{EventMessage, ServerMessage, StreamName, WireChange, WirePatch};
use crate::workspace::command::WorkspacePatch;
use crate::workspace::event::Event;
use crate::workspace::item::{Content, Environment, Item, patched_method};
use crate::workspace::member::Member;
use crate::workspace::{Audience, Workspace, secret};
use std::sync::Arc;
use time::OffsetDateTime;

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
    let (Event::ItemCreated { item: Item { content, .. } }
    | Event::ItemUpdated { content: Some(content), .. }
    | Event::EnvironmentCreated { environment: Environment { content, .. } }
    | Event::EnvironmentUpdated { content: Some(content), .. }) = event
    else {
        return None;
    };
    let shown = secret::withheld(content)?;
    let mut change = change(workspace, event, place);
    match &mut change {
        WireChange::ItemCreated { content: Some(content), .. }
        | WireChange::ItemUpdated { patch: Some(WirePatch { content: Some(content), .. }), .. }
        | WireChange::EnvironmentCreated { content: Some(content), .. }
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
        Event::ItemDeleted { id, .. } => WireChange::ItemDeleted { id: *id },
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
        Event::EnvironmentDeleted { id, .. } => WireChange::EnvironmentDeleted { id: *id },
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
