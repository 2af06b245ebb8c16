//! What happened: the facts that a workspace's state is folded from. Their JSON is what the store keeps, for good:
//! add variants and optional fields, never change the meaning of one.

use super::fork::{Base, Came, Version};
use super::item::{Content, Environment, Item};
use super::member::{Invitation, Member, Role};
use crate::id::{CommentId, EnvironmentId, Epoch, InvitationId, ItemId, TeamId, UserId, WorkspaceId};
use fractional_index::FractionalIndex;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// One fact. Stored with its tag outside, since `RawValue` can't be read through an inner tag.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are those of the commands")]
pub enum Event {
    /// The first event of a workspace.
    WorkspaceCreated {
        name: String,
        description: String,
        team: TeamId,
        team_domains: Vec<String>,
        epoch: Epoch,
        creator: Member,
    },
    /// Name or description changed.
    WorkspaceUpdated { name: Option<String>, description: Option<String> },
    /// The workspace is gone.
    WorkspaceDeleted,
    /// The switch to `multi_partner`: the first event of its epoch.
    ModeSwitched { epoch: Epoch },
    /// Somebody came in, or came back.
    MemberJoined { member: Member, invitation: Option<InvitationId> },
    /// Role or Lead changed.
    MemberUpdated { user: UserId, role: Role, lead: bool },
    /// Somebody left or was removed.
    MemberRemoved { user: UserId },
    /// A member changed name or picture.
    PersonUpdated { user: UserId, name: String, avatar: Option<String> },
    /// An invitation was sent; `replaces` are those of the same address it takes the place of.
    InvitationSent { invitation: Invitation, replaces: Vec<InvitationId> },
    /// An invitation of somebody who was a member already was used.
    InvitationUsed { id: InvitationId, user: UserId },
    /// An invitation was taken back.
    InvitationRevoked { id: InvitationId },
    /// An item came to be.
    ItemCreated { item: Item },
    /// A JSON Merge Patch on an item's name and content, as it takes effect.
    ItemUpdated { id: ItemId, name: Option<String>, content: Option<Content> },
    /// An item has another place.
    ItemMoved {
        id: ItemId,
        parent: Option<ItemId>,
        #[serde(with = "fractional_index::stringify")]
        order: FractionalIndex,
    },
    /// An item is gone, with all that stood in it; for people, by the name it had.
    ItemDeleted {
        id: ItemId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A file was imported: roots first, parents before children.
    ItemsImported { items: Vec<Item> },
    /// An environment came to be.
    EnvironmentCreated { environment: Environment },
    /// A JSON Merge Patch on an environment's name and content.
    EnvironmentUpdated { id: EnvironmentId, name: Option<String>, content: Option<Content> },
    /// An environment is gone; for people, by the name it had.
    EnvironmentDeleted {
        id: EnvironmentId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// An item has this name and content now: what no merge patch can say.
    ItemReplaced {
        id: ItemId,
        name: String,
        #[serde(with = "super::kept::content")]
        content: Content,
    },
    /// An environment has this name and content now.
    EnvironmentReplaced {
        id: EnvironmentId,
        name: String,
        #[serde(with = "super::kept::content")]
        content: Content,
    },
    /// What the event before brought is a fork of a collection of another workspace. `items`: the id here, the id there.
    Forked { root: ItemId, workspace: WorkspaceId, source: ItemId, version: Version, items: Vec<(ItemId, ItemId)> },
    /// The events before are a pull from the parent. `came` is for people; `bases` are those of the parent's items that
    /// are new or another, `removed` those that are gone there.
    Pulled { root: ItemId, version: Version, came: Vec<Came>, bases: Vec<Arc<Base>>, removed: Vec<ItemId> },
    /// The environment of the event before is a fork of one of another workspace.
    EnvironmentForked { id: EnvironmentId, workspace: WorkspaceId, source: EnvironmentId, version: Version },
    /// The event before, if it is of this environment, is a pull from the parent, which has this name and content.
    EnvironmentPulled {
        id: EnvironmentId,
        version: Version,
        name: String,
        #[serde(with = "super::kept::content")]
        content: Content,
    },
    /// Somebody said something of an item. Comment events are there in classic mode alone.
    CommentPosted { item: ItemId, id: CommentId, reply_to: Option<CommentId>, text: String, mentions: Vec<UserId> },
    /// Its author changed a comment.
    CommentEdited { item: ItemId, id: CommentId, text: String, mentions: Vec<UserId> },
    /// The thread that begins with a comment was resolved, or opened again.
    CommentResolved { item: ItemId, id: CommentId, resolved: bool },
    /// A comment is gone.
    CommentDeleted { item: ItemId, id: CommentId },
}

/// A revision of an item or environment that later edits may be based on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revision {
    /// Whose.
    #[serde(rename = "item")]
    pub of: Uuid,
    /// From which shared position it held.
    pub from: u64,
    /// The name then.
    pub name: String,
    /// The content then.
    #[serde(with = "super::kept::content")]
    pub content: Content,
}
