//! Who may see what. The only maker of what a session can be sent ([`Frame`]) and of what an answer about a
//! workspace can hold ([`Seen`]): both have private fields, and every constructor is in this file and its folder.
//!
//! Isolation is decided where an event is born, by its audience. A session reads one of two logs: partners the one
//! for everyone, the team its own, which has everything. So no delivery is filtered, and no filter can be forgotten.

mod activity;
mod comments;
mod engagement;
mod events;
mod forks;
mod live;
mod state;

use crate::id::UserId;
use crate::protocol::{Person, ServerMessage};
use crate::workspace::event::Event;
use crate::workspace::member::{Member, Mode, Side, Viewer, registrable_domain};
use crate::workspace::{Audience, Workspace};
use bytes::{BufMut, Bytes, BytesMut};

pub use engagement::Times;
pub use events::{EventFrames, Place, event};
pub use live::{Seat, ack, goodbye, own, presence, presence_delta, problem_body, reject, welcome};
pub use state::{
    activity, activity_line, archive, comment, comments, conflicts, engagement, export, export_environment, fork,
    invitations, invited, item, members, pulled, snapshot, workspace_entry, workspaces,
};

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
