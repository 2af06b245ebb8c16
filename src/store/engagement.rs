//! What is kept of how far a person has come in a workspace: times, never what was read or sent.

use crate::id::{UserId, WorkspaceId};
use time::OffsetDateTime;

/// A person's first times in a workspace, and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engagement {
    /// Where.
    pub workspace: WorkspaceId,
    /// Who.
    pub user: UserId,
    /// When the workspace was first open.
    pub first_visit: Option<OffsetDateTime>,
    /// When the first request was sent.
    pub first_call: Option<OffsetDateTime>,
    /// When the first one was sent that succeeded.
    pub first_success: Option<OffsetDateTime>,
    /// When there was last any of these.
    pub last_seen: OffsetDateTime,
}

impl Engagement {
    /// Of one visit.
    #[must_use]
    pub fn visit(workspace: WorkspaceId, user: UserId, at: OffsetDateTime) -> Self {
        Self { workspace, user, first_visit: Some(at), first_call: None, first_success: None, last_seen: at }
    }

    /// Of one request that was sent.
    #[must_use]
    pub fn call(workspace: WorkspaceId, user: UserId, at: OffsetDateTime, success: bool) -> Self {
        let first_success = success.then_some(at);
        Self { workspace, user, first_visit: None, first_call: Some(at), first_success, last_seen: at }
    }

    /// Both together, of the same person and workspace: the earliest of the firsts. In any order, as often as one likes.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let first = |one: Option<OffsetDateTime>, other| [one, other].into_iter().flatten().min();
        Self {
            first_visit: first(self.first_visit, other.first_visit),
            first_call: first(self.first_call, other.first_call),
            first_success: first(self.first_success, other.first_success),
            last_seen: self.last_seen.max(other.last_seen),
            ..self
        }
    }
}
