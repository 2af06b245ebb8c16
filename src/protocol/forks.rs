//! Forks and pulls, on the wire. All of it is for the team.

use super::ProblemBody;
use crate::id::{Position, WorkspaceId};
use crate::workspace::fork::Came;
use crate::workspace::item::Content;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A fork and its parent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ForkState {
    /// The parent's workspace.
    pub workspace: WorkspaceId,
    /// The parent: a collection or an environment there.
    pub item: Uuid,
    /// How many of the parent's items changed since the last pull.
    pub behind: usize,
    /// Which.
    pub changes: Vec<Came>,
}

/// What came of a pull.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pulled {
    /// The shared position after it.
    pub position: Position,
    /// What came; empty when there was nothing to pull.
    pub changes: Vec<Came>,
}

/// A refused pull: what needs a choice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Conflicts {
    /// The refusal.
    #[serde(flatten)]
    pub problem: ProblemBody,
    /// The items without a choice.
    pub conflicts: Vec<SeenConflict>,
}

/// An item of which both sides made something else.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenConflict {
    /// What the choice is for: the item here, or the one in the parent when there is none here.
    pub item: Uuid,
    /// Its name here, or else there.
    pub name: String,
    /// As of the last pull; null: there was none.
    pub base: Option<SeenSide>,
    /// Here; null: it was deleted.
    pub ours: Option<SeenSide>,
    /// In the parent; null: it was deleted.
    pub theirs: Option<SeenSide>,
}

/// One side of a conflict.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenSide {
    /// The name.
    pub name: String,
    /// The Postman object without name and children.
    #[schema(value_type = Object)]
    pub content: Content,
    /// The item it stands in: the one here, or the one in the parent when there is none here.
    pub parent: Option<Uuid>,
}
