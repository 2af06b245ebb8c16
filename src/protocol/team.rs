//! How a team works together, on the wire: comments, activity, engagement.

use super::{ImportedRoot, Person};
use crate::id::{CommentId, InvitationId, UserId};
use crate::workspace::item::ItemKind;
use crate::workspace::member::{Role, Side};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The comments on an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comments {
    /// Oldest first; at most 1,000.
    pub comments: Vec<SeenComment>,
}

/// A comment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeenComment {
    /// Its id.
    pub id: CommentId,
    /// The first comment of its thread; null when it is that.
    pub reply_to: Option<CommentId>,
    /// Who wrote it.
    pub by: Option<Person>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Markdown; null once it was deleted while it has replies.
    pub text: Option<String>,
    /// The members it calls by name.
    pub mentions: Vec<UserId>,
    /// When its text was last changed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub edited_at: Option<OffsetDateTime>,
    /// Who resolved the thread that begins with it; null: it is open.
    pub resolved_by: Option<Person>,
}

/// A page of activity.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Activity {
    /// Newest first.
    pub entries: Vec<ActivityEntry>,
    /// What `before` is for the next page; null: there is none. A page can be shorter than asked for and have a next.
    pub next: Option<String>,
}

/// Something that somebody did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityEntry {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Who, when the viewer may see that person.
    pub by: Option<Person>,
    /// What.
    pub change: ActivityLine,
}

/// What somebody did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as the events are; `fields`: which of name, description and content")]
pub enum ActivityLine {
    WorkspaceCreated,
    WorkspaceUpdated { fields: Vec<String> },
    ModeSwitched,
    ItemCreated { item: Named },
    ItemUpdated { item: Named, fields: Vec<String> },
    ItemMoved { item: Named },
    ItemDeleted { item: Named },
    ItemsImported { items: Vec<ImportedRoot>, count: usize },
    EnvironmentCreated { environment: Named },
    EnvironmentUpdated { environment: Named, fields: Vec<String> },
    EnvironmentDeleted { environment: Named },
    MemberJoined { person: Person, role: Role, lead: bool },
    MemberUpdated { person: Person, role: Role, lead: bool },
    MemberRemoved { person: Person },
    InvitationSent { email: String, side: Side, role: Role, lead: bool },
    InvitationRevoked { id: InvitationId },
    Forked { item: Named },
    Pulled { item: Named, changes: usize },
}

/// An item or environment by its name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Named {
    /// Its id.
    pub id: uuid::Uuid,
    /// What kind of item, when it is one that is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ItemKind>,
    /// The name it was given or had then, or else has now; null when that is not known.
    pub name: Option<String>,
}

/// How far partners have come.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EngagementReport {
    /// In order of the domain.
    pub domains: Vec<EngagedCompany>,
}

/// How far a partner company has come: of its people, how many.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct EngagedCompany {
    /// Its registrable domain.
    pub domain: String,
    /// Were invited.
    pub invited: usize,
    /// Came in.
    pub joined: usize,
    /// Opened the workspace.
    pub visited: usize,
    /// Sent a request.
    pub called: usize,
    /// Sent one that succeeded.
    pub succeeded: usize,
    /// They, in order of address.
    pub people: Vec<EngagedPerson>,
}

/// How far somebody has come. Times are null for what has not happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EngagedPerson {
    /// The address.
    pub email: String,
    /// The member; null before it came in.
    pub person: Option<Person>,
    /// When the invitation was sent.
    #[serde(with = "time::serde::rfc3339::option")]
    pub invited_at: Option<OffsetDateTime>,
    /// When it was accepted, the first time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub joined_at: Option<OffsetDateTime>,
    /// When the workspace was first open.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first_visit: Option<OffsetDateTime>,
    /// When the first request was sent.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first_call: Option<OffsetDateTime>,
    /// When the first one was sent that succeeded.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first_success: Option<OffsetDateTime>,
    /// When the person last opened the workspace or sent a request.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_seen: Option<OffsetDateTime>,
    /// Seconds from joining to the first request.
    pub seconds_to_first_call: Option<i64>,
}
