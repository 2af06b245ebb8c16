//! What goes over the wire, as serde types and nothing else. Who may be sent what, `visibility` decides.

pub mod forks;
pub mod own;
mod state;
pub mod team;

pub use state::{
    Company, Invitations, Invited, InvitedRow, Members, SeenEnvironment, SeenInvitation, SeenItem, SeenMember,
    Snapshot, TreeEntry, WorkspaceEntry, Workspaces,
};

use crate::id::{CommentId, EnvironmentId, Epoch, InvitationId, ItemId, OpId, Position, SessionId, UserId};
use crate::workspace::Positions;
use crate::workspace::command::{Change, WorkspacePatch};
use crate::workspace::item::{Content, ItemKind};
use crate::workspace::member::{Mode, Role, Side};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The subprotocol of the live socket.
pub const SUBPROTOCOL: &str = "loggia.v1";

/// Why a socket was closed: what a client should do then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Close {
    /// The node stops: resume elsewhere, with jitter.
    Restart = 1012,
    /// Signed out or removed: stay away.
    Gone = 4001,
    /// Too slow: resume.
    TooSlow = 4008,
    /// A message was not understood.
    NotUnderstood = 4009,
    /// Positions unknown or of another epoch: read the snapshot again.
    UnknownPositions = 4010,
    /// Too many messages.
    TooMany = 4029,
}

/// Somebody, as somebody else sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// A path to the picture; null: show initials.
    pub avatar: Option<String>,
    /// The side.
    pub side: Side,
    /// The registrable domain; for team viewers, of partners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// Whether somebody is at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Signs of life within 20 s.
    Active,
    /// None.
    Idle,
    /// At it, and changing what it looks at.
    Typing,
}

/// One session in a presence message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Here {
    /// The session.
    pub session: SessionId,
    /// Whose.
    pub person: Person,
    /// The item it looks at.
    pub viewing: Option<ItemId>,
    /// Whether it is at it.
    pub status: Status,
}

/// What a client may send over the socket.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// Edits: all or nothing, answered by `ack` or `reject`.
    Edit {
        /// The client's name for it: the same again gets the first answer again.
        op: OpId,
        /// What changes.
        changes: Vec<Change>,
    },
    /// Where this session looks, and whether it is at it.
    Presence {
        /// An item, or null.
        viewing: Option<ItemId>,
        /// Whether it is at it.
        status: Status,
    },
}

/// What the server sends over the socket.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message, and again when the session's rights have changed.
    Welcome {
        /// This session's id.
        session: SessionId,
        /// Who you are.
        you: Person,
        /// The side you are seated on.
        viewer: Side,
        /// Your role.
        role: Role,
        /// Whether you are a Partner Lead.
        lead: bool,
        /// The workspace's mode.
        mode: Mode,
        /// The epoch of the positions.
        epoch: Epoch,
        /// Where you are; what was missed since what you asked for follows.
        positions: SeenPositions,
    },
    /// Something happened.
    Event(Box<EventMessage>),
    /// Who is here: all of it.
    Presence {
        /// Every session there is to see, this one too.
        sessions: Vec<Here>,
    },
    /// Who is here: what changed.
    PresenceDelta {
        /// Came. May repeat what a `presence` message told already, one's own session too.
        joined: Vec<Here>,
        /// Look elsewhere, or became idle, active or typing.
        changed: Vec<Here>,
        /// Left. May name sessions that were never told of: they came and went at once.
        left: Vec<SessionId>,
    },
    /// An edit is durable.
    Ack {
        /// Which.
        op: OpId,
        /// The shared position of its last event.
        position: Position,
    },
    /// An edit was refused; nothing of it was done.
    Reject {
        /// Which.
        op: OpId,
        /// Why.
        problem: ProblemBody,
    },
    /// You sent a request, here or elsewhere. For your own sessions alone.
    History {
        /// What came of it.
        entry: own::HistoryEntry,
    },
    /// A run of yours has begun, come further or ended. For your own sessions alone.
    Run {
        /// The run as it is now.
        run: own::Run,
    },
    /// The socket will be closed.
    Goodbye {
        /// Why.
        code: String,
        /// When to come back, in milliseconds; jittered.
        reconnect_in_ms: u64,
    },
}

/// An event on the wire.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventMessage {
    /// Its stream.
    pub stream: StreamName,
    /// Its place there: dense.
    pub position: Position,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Who, when the viewer may see that person.
    pub by: Option<Person>,
    /// The author's name for the edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    /// What.
    pub change: WireChange,
}

/// A stream's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamName {
    /// For everyone.
    Shared,
    /// For the team.
    Team,
}

/// What an event changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are named as in the snapshot")]
pub enum WireChange {
    WorkspaceCreated,
    WorkspaceUpdated {
        patch: WorkspacePatch,
    },
    WorkspaceDeleted,
    ModeSwitched {
        epoch: Epoch,
    },
    MemberJoined {
        person: Person,
        role: Role,
        lead: bool,
    },
    MemberUpdated {
        user: UserId,
        role: Role,
        lead: bool,
    },
    MemberRemoved {
        user: UserId,
    },
    PersonUpdated {
        person: Person,
    },
    InvitationSent {
        invitation: SeenInvitation,
    },
    InvitationUsed {
        id: InvitationId,
    },
    InvitationRevoked {
        id: InvitationId,
    },
    ItemCreated {
        id: ItemId,
        item_kind: ItemKind,
        parent: Option<ItemId>,
        order: String,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Object>)]
        content: Option<Content>,
        /// The content is large: read the item.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        by_reference: bool,
    },
    ItemUpdated {
        id: ItemId,
        /// A merge patch of `{name, content}`.
        #[serde(skip_serializing_if = "Option::is_none")]
        patch: Option<WirePatch>,
        /// The HTTP method, when the patch gives the request one.
        #[serde(skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        /// The patch is large: read the item.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        by_reference: bool,
    },
    ItemMoved {
        id: ItemId,
        parent: Option<ItemId>,
        order: String,
    },
    ItemDeleted {
        id: ItemId,
    },
    /// Read the snapshot: these came to be, with what stands in them.
    ItemsImported {
        items: Vec<ImportedRoot>,
    },
    EnvironmentCreated {
        id: EnvironmentId,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Object>)]
        content: Option<Content>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        by_reference: bool,
    },
    EnvironmentUpdated {
        id: EnvironmentId,
        #[serde(skip_serializing_if = "Option::is_none")]
        patch: Option<WirePatch>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        by_reference: bool,
    },
    EnvironmentDeleted {
        id: EnvironmentId,
    },
    /// For the team: the collection or environment is a fork.
    Forked {
        id: uuid::Uuid,
    },
    /// For the team: the changes before are a pull from the fork's parent.
    Pulled {
        id: uuid::Uuid,
        /// How many of the parent's changes came.
        changes: usize,
    },
    CommentPosted {
        item: ItemId,
        id: CommentId,
        /// The first comment of the thread; null when this is one.
        reply_to: Option<CommentId>,
        text: String,
        mentions: Vec<UserId>,
    },
    CommentEdited {
        item: ItemId,
        id: CommentId,
        text: String,
        mentions: Vec<UserId>,
    },
    CommentResolved {
        item: ItemId,
        id: CommentId,
        resolved: bool,
    },
    /// One that has replies stays, without its text, until the last of them is gone.
    CommentDeleted {
        item: ItemId,
        id: CommentId,
    },
}

/// What changed of an item or environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WirePatch {
    /// The new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A merge patch on the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub content: Option<Content>,
}

/// The topmost item of an import.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportedRoot {
    /// Its id: of an item, or of an environment.
    pub id: uuid::Uuid,
    /// `collection` or `environment`; of what came into a collection, `folder`, `request` or `example`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// How far a viewer's streams have come. `team` is there for the team alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeenPositions {
    /// Of the stream for everyone.
    pub shared: Position,
    /// Of the team's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Position>,
}

impl SeenPositions {
    /// What of them a side sees.
    pub(crate) fn of(positions: Positions, side: Side) -> Self {
        Self { shared: positions.shared, team: (side == Side::Team).then_some(positions.team) }
    }
}

/// A refusal (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// A stable word.
    pub code: String,
    /// What it means.
    pub title: String,
    /// What exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where in what was sent, as a JSON path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The HTTP status, over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}
