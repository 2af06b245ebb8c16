//! What there is, as answers about a workspace have it.

use super::{Person, SeenPositions};
use crate::id::{EnvironmentId, Epoch, InvitationId, ItemId, Position, WorkspaceId};
use crate::workspace::command::Outcome;
use crate::workspace::item::{Content, ItemKind};
use crate::workspace::member::{Mode, Role, Side};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A workspace's state at some positions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Snapshot {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Its mode.
    pub mode: Mode,
    /// The epoch of the positions.
    pub epoch: Epoch,
    /// Follow from here.
    pub positions: SeenPositions,
    /// All items, parents before children, siblings in order.
    pub tree: Vec<TreeEntry>,
    /// All environments.
    pub environments: Vec<SeenEnvironment>,
    /// The team's members.
    pub team: Vec<Person>,
}

/// A node of the tree, without its content.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TreeEntry {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// The item it stands in.
    pub parent: Option<ItemId>,
    /// Sorts siblings, as text.
    pub order: String,
    /// Its name.
    pub name: String,
    /// The HTTP method, for a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The shared position of its last change.
    pub position: Position,
}

/// An environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenEnvironment {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// The Postman environment without its name.
    #[schema(value_type = Object)]
    pub content: Content,
    /// The shared position of its last change.
    pub position: Position,
}

/// One item with its content.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenItem {
    /// As in the tree.
    #[serde(flatten)]
    pub entry: TreeEntry,
    /// The Postman object without its name and children.
    #[schema(value_type = Object)]
    pub content: Content,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// Who changed it last, when the viewer may see that person.
    pub updated_by: Option<Person>,
}

/// A member.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenMember {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// The role.
    pub role: Role,
    /// Whether a Partner Lead.
    pub lead: bool,
    /// The address; for the team, and one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// The members there are to see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Members {
    /// The team's.
    pub team: Vec<SeenMember>,
    /// The partners', by company.
    pub partners: Vec<Company>,
    /// Yourself.
    pub you: SeenMember,
}

/// The members of one partner company.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Company {
    /// Its registrable domain; for team viewers. Others get one group without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Its people.
    pub members: Vec<SeenMember>,
}

/// An invitation, as its viewer sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenInvitation {
    /// Its id.
    pub id: InvitationId,
    /// For whom.
    pub email: String,
    /// The name the inviter gave.
    pub name: Option<String>,
    /// Where it leads.
    pub side: Side,
    /// The role it gives.
    pub role: Role,
    /// Whether it makes a Lead.
    pub lead: bool,
    /// When it was sent.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Who sent it; for the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
    /// Whether it was accepted; for the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
}

/// The invitations there are to see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Invitations {
    /// Oldest first.
    pub invitations: Vec<SeenInvitation>,
}

/// What became of the lines of an invitation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Invited {
    /// A row a line.
    pub rows: Vec<InvitedRow>,
}

/// What became of one line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvitedRow {
    /// The line, from 1 (of a file: its line there).
    pub line: usize,
    /// The address as it was written.
    pub email: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The invitation's link; for Admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A workspace in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WorkspaceEntry {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Its mode.
    pub mode: Mode,
    /// The caller's side.
    pub viewer: Side,
    /// The caller's role.
    pub role: Role,
}

/// The caller's workspaces.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Workspaces {
    /// In the order they were made.
    pub workspaces: Vec<WorkspaceEntry>,
}
