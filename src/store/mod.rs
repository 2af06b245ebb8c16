//! What is kept: the log of every workspace, snapshots of its state, and the accounts beside it.
//!
//! The trait knows rows and bytes. It does not know what an event means, nor who may see it.

pub mod engagement;
pub mod own;
pub mod postgres;
pub mod sqlite;

use crate::id::{
    CredentialId, EnvironmentId, Epoch, InvitationId, OpId, Position, Sequence, TeamId, UserId, WorkspaceId,
};
use crate::workspace::problem::{Code, Problem};
use async_trait::async_trait;
use bytes::Bytes;
use engagement::Engagement;
use serde::{Deserialize, Serialize};
use std::path::Path;
use time::OffsetDateTime;

/// Which of a workspace's two runs of events a record is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stream {
    /// For everyone in the workspace.
    Shared,
    /// For the team alone.
    Team,
}

/// One event of a workspace's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the whole log: the compare-and-append key.
    pub sequence: Sequence,
    /// The epoch its position counts in.
    pub epoch: Epoch,
    /// The stream it is in.
    pub stream: Stream,
    /// Its place in that stream of that epoch.
    pub position: Position,
    /// When it was decided, to the microsecond.
    pub at: OffsetDateTime,
    /// Who caused it.
    pub author: UserId,
    /// The client's name for the edit it is part of.
    pub op: Option<OpId>,
    /// The event, as JSON.
    pub body: Bytes,
}

/// A place in a log, to read back from; what stands there is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// In the whole log.
    Sequence(Sequence),
    /// In one stream of one epoch: what stands in others costs nothing, and shows in nothing.
    Position(Epoch, Stream, Position),
}

/// What an edit was answered, kept under its author and `op`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who sent the edit.
    pub author: UserId,
    /// The client's name for it.
    pub op: OpId,
    /// The shared position of its last event.
    pub position: Position,
}

/// A change of what is looked up across workspaces, in the same transaction as the events that cause it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Index {
    /// The person is a member now (again, perhaps).
    Member(UserId),
    /// The person is a member no more.
    NotMember(UserId),
    /// An invitation can be found by the hash of its token.
    Invitation {
        /** Which. */
        id: InvitationId,
        /** SHA-256 of its token. */
        token_hash: [u8; 32],
    },
    /// An invitation can be found no more.
    NoInvitation(InvitationId),
    /// An environment is deleted: nobody has values of its own for it any more.
    NoEnvironment(EnvironmentId),
    /// The workspace is deleted: `load_log`, `find_invitation` and `workspaces_of` know it no more.
    Deleted,
}

/// A batch for one workspace's log: all of it is written, or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    /// The workspace. It comes to be with its first append, whose `after` is 0.
    pub workspace: WorkspaceId,
    /// The sequence of the last record the writer had seen.
    pub after: Sequence,
    /// The new records, dense from `after + 1`.
    pub records: Vec<Record>,
    /// The answers of the edits in it.
    pub answers: Vec<Answer>,
    /// What else changes with it.
    pub index: Vec<Index>,
}

/// Why a batch is not known to be written. After the first two nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another writer was first: read the log after your sequence, decide again.
    #[error("another writer was first")]
    Conflict,
    /// These edits were written before: answer them from here, leave them out, append the rest.
    #[error("{} edits of the batch were written before", .0.len())]
    Repeated(Vec<Answer>),
    /// The store can't write now, or its answer did not come. Mostly nothing was written, but where the store is
    /// another machine the whole batch may have been: only the log tells.
    #[error(transparent)]
    Unavailable(#[from] anyhow::Error),
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The address, in lower case; unique.
    pub email: String,
    /// What others see.
    pub name: String,
    /// The team, for those on the host's side.
    pub team: Option<TeamId>,
    /// The hash of the picture (hexadecimal), when there is one.
    pub avatar: Option<String>,
}

/// A host organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// Its e-mail domains, in lower case.
    pub domains: Vec<String>,
}

/// What a credential is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A link that signs a browser in. `single_use` ones end with their first use.
    SignInLink {
        /** Whether using it ends it. */
        single_use: bool,
    },
    /// A signed-in browser: the cookie.
    Session,
    /// A personal access token.
    Token,
}

/// A secret that stands for a person. Only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whom it stands for.
    pub user: UserId,
    /// What it is for.
    pub kind: CredentialKind,
    /// The person's name for it (tokens).
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    pub expires_at: Option<OffsetDateTime>,
}

/// A place to keep everything that lasts. Every error of a method other than `append` means that the store
/// could not be reached or read; what a call was to change is then unchanged, or, where the store is another machine
/// and its answer was lost, changed in full.
#[async_trait]
pub trait Store: own::Own + Send + Sync + 'static {
    /// Writes a batch; returns once it is durable.
    async fn append(&self, batch: Append) -> Result<(), AppendError>;
    /// The log after a sequence, oldest first, at most `limit` records. Empty also for what doesn't exist or is deleted.
    async fn load_log(&self, workspace: WorkspaceId, after: Sequence, limit: usize) -> anyhow::Result<Vec<Record>>;
    /// The log before a place, newest first: at most `limit` records, and no more after those that have 4 MiB together.
    async fn load_back(&self, workspace: WorkspaceId, before: Before, limit: usize) -> anyhow::Result<Vec<Record>>;
    /// The sequence of the event at a position of a stream of an epoch, when there is one.
    async fn locate(
        &self,
        workspace: WorkspaceId,
        epoch: Epoch,
        stream: Stream,
        position: Position,
    ) -> anyhow::Result<Option<Sequence>>;
    /// What an edit was answered, if it was written.
    async fn find_answer(&self, workspace: WorkspaceId, author: UserId, op: OpId) -> anyhow::Result<Option<Answer>>;
    /// Keeps the state as of a sequence, in place of an older one.
    async fn save_state(&self, workspace: WorkspaceId, at: Sequence, state: Bytes) -> anyhow::Result<()>;
    /// The newest kept state. None for what doesn't exist or is deleted.
    async fn load_state(&self, workspace: WorkspaceId) -> anyhow::Result<Option<(Sequence, Bytes)>>;
    /// The sequences of the last records of those of these workspaces that exist, deleted or not, in any order.
    async fn heads(&self, workspaces: &[WorkspaceId]) -> anyhow::Result<Vec<(WorkspaceId, Sequence)>>;
    /// Whether a workspace exists and isn't deleted.
    async fn workspace_exists(&self, workspace: WorkspaceId) -> anyhow::Result<bool>;
    /// The workspaces somebody is a member of, in order of id.
    async fn workspaces_of(&self, user: UserId) -> anyhow::Result<Vec<WorkspaceId>>;
    /// The invitation a token's hash belongs to.
    async fn find_invitation(&self, token_hash: [u8; 32]) -> anyhow::Result<Option<(WorkspaceId, InvitationId)>>;

    /// Makes a team with its first admin's account. An account of that address joins the team.
    async fn create_team(&self, team: Team, admin: User) -> anyhow::Result<User>;
    /// The same, when there is no team yet; None, and nothing done, when there is.
    async fn create_first_team(&self, team: Team, admin: User) -> anyhow::Result<Option<User>>;
    /// Whether there is any team.
    async fn has_team(&self) -> anyhow::Result<bool>;
    /// A team.
    async fn team(&self, id: TeamId) -> anyhow::Result<Option<Team>>;
    /// The account of that address: the one there is (given the team, when it has none and `user` has one), or else `user`, made now.
    async fn ensure_user(&self, user: User) -> anyhow::Result<User>;
    /// An account by id.
    async fn user(&self, id: UserId) -> anyhow::Result<Option<User>>;
    /// An account by address, in lower case.
    async fn user_by_email(&self, email: &str) -> anyhow::Result<Option<User>>;
    /// Changes the name of an account; None when there is no such account.
    async fn rename_user(&self, id: UserId, name: &str) -> anyhow::Result<Option<User>>;
    /// Keeps a picture (None: removes it), named by its hash, and returns the account.
    async fn set_avatar(&self, id: UserId, picture: Option<(String, Bytes)>) -> anyhow::Result<Option<User>>;
    /// Somebody's picture, with its hash.
    async fn avatar(&self, id: UserId) -> anyhow::Result<Option<(String, Bytes)>>;

    /// Keeps a credential.
    async fn add_credential(&self, credential: Credential) -> anyhow::Result<()>;
    /// The credential of a secret's hash that has not ended at `now`, and its account.
    async fn find_credential(&self, hash: [u8; 32], now: OffsetDateTime) -> anyhow::Result<Option<(Credential, User)>>;
    /// Ends a credential of that person; whether there was one. Of two calls at once, one returns true.
    async fn end_credential(&self, user: UserId, id: CredentialId) -> anyhow::Result<bool>;
    /// Which of these credentials are there no more, or have ended by themselves at `now`; in any order.
    async fn ended_credentials(
        &self,
        credentials: &[CredentialId],
        now: OffsetDateTime,
    ) -> anyhow::Result<Vec<CredentialId>>;
    /// Removes credentials that have ended by themselves at `now`, at most `limit` of them; how many.
    async fn purge_credentials(&self, now: OffsetDateTime, limit: usize) -> anyhow::Result<usize>;
    /// Somebody's personal access tokens, oldest first.
    async fn tokens(&self, user: UserId) -> anyhow::Result<Vec<Credential>>;

    /// Adds to what is kept of how far people have come. The same again changes nothing.
    async fn engage(&self, signs: Vec<Engagement>) -> anyhow::Result<()>;
    /// Adds that somebody sent a request from a workspace, and whether it succeeded.
    async fn called(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        at: OffsetDateTime,
        success: bool,
    ) -> anyhow::Result<()> {
        self.engage(vec![Engagement::call(workspace, user, at, success)]).await
    }
    /// How far people have come in a workspace: those of whom anything is kept, in order of account id.
    async fn engagement(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<Engagement>>;

    /// 256 random bits, made with the store and known to who can read it: nodes of one store know each other by them.
    async fn cluster_key(&self) -> anyhow::Result<[u8; 32]>;
    /// Writes a complete copy of the store to a new file while others go on.
    async fn backup(&self, to: &Path) -> anyhow::Result<()>;
    /// Whether the store answers and can be written.
    async fn check(&self) -> anyhow::Result<()>;
}

/// Bytes of bodies after which reading a log back stops.
const READ_BACK: u64 = 4 * 1_024 * 1_024;

/// Now, to the microsecond: as fine as every store keeps it.
#[must_use]
pub fn now_utc() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_microsecond(now.microsecond()).unwrap_or(now)
}

/// A store that can't be reached, as a refusal; logged here, once.
pub fn unavailable(error: anyhow::Error) -> Problem {
    tracing::error!(error = format!("{error:#}"), "the store did not answer");
    Code::Unavailable.into()
}
