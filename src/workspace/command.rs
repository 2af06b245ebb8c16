//! What somebody wants to happen. Ids, times, and secrets' hashes come with it: deciding is pure.

use super::fork::{Came, Choice, Choices, EnvironmentSource, Source};
use super::item::{Content, ItemKind, NewItem};
use super::member::{Role, Side};
use crate::id::{CommentId, EnvironmentId, Epoch, InvitationId, ItemId, OpId, Position, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A wish, by whom, and when.
#[derive(Clone, Debug)]
pub struct Command {
    /// Who wants it.
    pub by: UserId,
    /// When it was taken in.
    pub at: OffsetDateTime,
    /// The client's name for it, which makes a retry safe.
    pub op: Option<OpId>,
    /// What.
    pub action: Action,
}

/// What somebody wants.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are named as in the events they make")]
pub enum Action {
    /// Edits of items, environments and the workspace's description: all or nothing.
    Edit(Vec<Change>),
    /// Put a read file into the tree.
    ImportItems(Vec<NewItem>),
    /// Put a read file beside the others.
    ImportEnvironment { id: EnvironmentId, name: String, content: Content },
    /// Fork a collection of another workspace; `ids` are for the new items, in the order of its items.
    Fork { source: Arc<Source>, ids: Vec<ItemId> },
    /// Pull from a fork's parent; `ids` are for items that come to be, one for each of the parent's.
    Pull { root: ItemId, source: Arc<Source>, choices: Choices, ids: Vec<ItemId> },
    /// Fork an environment of another workspace.
    ForkEnvironment { id: EnvironmentId, source: EnvironmentSource },
    /// Pull from an environment's parent.
    PullEnvironment { id: EnvironmentId, source: EnvironmentSource, choice: Option<Choice> },
    /// Switch to `multi_partner`; `confirm` is the workspace's name.
    SwitchMode { confirm: String, epoch: Epoch },
    /// Delete the workspace.
    Delete,
    /// Change somebody's role or Lead.
    UpdateMember { user: UserId, role: Option<Role>, lead: Option<bool> },
    /// Remove somebody, or leave.
    RemoveMember { user: UserId },
    /// Invite.
    Invite { invitees: Vec<Invitee>, side: Side, role: Role, expires_at: OffsetDateTime },
    /// Take an invitation back.
    RevokeInvitation { id: InvitationId },
    /// Accept one; `by` is the account of its address.
    AcceptInvitation { id: InvitationId, person: Person },
    /// Take over a changed name or picture.
    UpdatePerson(Person),
    /// Do something with a comment on an item.
    Comment { item: ItemId, action: CommentAction },
}

/// What somebody wants with a comment.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are named as in `Comment`")]
pub enum CommentAction {
    /// Say something; `reply_to`: in the thread of that comment.
    Post { id: CommentId, reply_to: Option<CommentId>, text: String, mentions: Vec<UserId> },
    /// Change one's own; what is None stays.
    Edit { id: CommentId, text: Option<String>, mentions: Option<Vec<UserId>> },
    /// Resolve a thread, or open it again.
    Resolve { id: CommentId, resolved: bool },
    /// Delete one's own; for Admins, any.
    Delete { id: CommentId },
}

/// An account, as a workspace needs it.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in `Member`")]
pub struct Person {
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub avatar: Option<String>,
}

/// One line of an invitation.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in `Invitation`")]
pub struct Invitee {
    pub line: usize,
    /// As it was written.
    pub email: String,
    pub name: Option<String>,
    pub lead: bool,
    /// Used when it is sent.
    pub id: InvitationId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
}

/// What became of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An invitation is on its way. To a Lead, always, whoever the person is.
    Sent,
    /// The person is a member already.
    AlreadyMember,
    /// The address isn't one.
    Invalid,
    /// The address is listed twice; the first line counts.
    Repeated,
    /// A partner's address is of the team's own domain.
    NotExternal,
    /// A colleague's address isn't of the team's domains.
    NotInternal,
    /// A Lead may invite its own domain only.
    OtherDomain,
}

/// One edit, as a client sends it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Makes an item. `after`: the sibling it follows; null: first; left out: last.
    ItemCreate {
        /// A new UUIDv7, made by the client.
        id: ItemId,
        /// The item it stands in; null for a collection.
        parent: Option<ItemId>,
        /// The sibling it follows.
        #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<ItemId>)]
        after: Option<Option<ItemId>>,
        /// What it is.
        item_kind: ItemKind,
        /// Its name.
        name: String,
        /// The Postman object without name and children.
        #[serde(default)]
        #[schema(value_type = Object)]
        content: Map<String, Value>,
    },
    /// Patches an item.
    ItemUpdate {
        /// Which.
        id: ItemId,
        /// JSON Merge Patch (RFC 7396) of `{name, content}`.
        patch: Patch,
        /// The shared position the writer had seen: text that both sides changed since is merged three ways.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<Position>,
    },
    /// Moves an item with all that stands in it.
    ItemMove {
        /// Which.
        id: ItemId,
        /// The item to stand in; null for a collection.
        parent: Option<ItemId>,
        /// As in `item_create`.
        #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<ItemId>)]
        after: Option<Option<ItemId>>,
    },
    /// Deletes an item with all that stands in it.
    ItemDelete {
        /// Which.
        id: ItemId,
    },
    /// Makes an environment.
    EnvironmentCreate {
        /// A new UUIDv7, made by the client.
        id: EnvironmentId,
        /// Its name.
        name: String,
        /// The Postman environment without its name.
        #[serde(default)]
        #[schema(value_type = Object)]
        content: Map<String, Value>,
    },
    /// Patches an environment.
    EnvironmentUpdate {
        /// Which.
        id: EnvironmentId,
        /// JSON Merge Patch of `{name, content}`.
        patch: Patch,
        /// The shared position the writer had seen: what others made of other variables since stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<Position>,
    },
    /// Deletes an environment.
    EnvironmentDelete {
        /// Which.
        id: EnvironmentId,
    },
    /// Changes the workspace's name (Admins) or description.
    WorkspaceUpdate {
        /// What changes.
        patch: WorkspacePatch,
    },
}

/// What changes of an item or an environment.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A merge patch on the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub content: Option<Map<String, Value>>,
}

/// What changes of a workspace.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspacePatch {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new description, Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Tells a field that is null from one that is left out.
fn given<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(from).map(Some)
}

/// What a decided command is answered, beside its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done,
    /// What became of each line, with the index of the invitee whose token is valid now.
    Invited(Vec<Row>),
    /// What came of a pull.
    Pulled(Vec<Came>),
}

/// What became of one line of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line, from 1.
    pub line: usize,
    /// The address as it was written.
    pub email: String,
    /// What became of it.
    pub outcome: Outcome,
}
