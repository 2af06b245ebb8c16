//! The store in PostgreSQL, which several nodes may share.
//!
//! Every method is one statement, so one round trip, and a transaction by itself: an append is the function
//! `append_batch` of the migrations. Credentials that are looked up at the same time share one (`lookups.rs`). Appends to
//! a workspace queue up at its row; those to different ones commit together, as PostgreSQL sees fit.

mod connections;
mod convert;
mod engagement;
mod log;
mod lookups;
mod own;
mod people;
mod schema;

use super::engagement::Engagement;
use super::{Answer, Append, AppendError, Before, Credential, Record, Store, Stream, Team, User};
use crate::id::{CredentialId, Epoch, InvitationId, OpId, Position, Sequence, TeamId, UserId, WorkspaceId};
use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use connections::Connections;
use lookups::Lookups;
use std::path::Path;
use std::sync::Arc;
use time::OffsetDateTime;

/// A store in a PostgreSQL database of its own.
pub struct Postgres {
    connections: Arc<Connections>,
    lookups: Lookups,
}

impl Postgres {
    /// Opens the database at a `postgres://` URL and migrates it. Several may do so at once.
    ///
    /// # Errors
    ///
    /// When the URL is none, the database can't be reached or written, or comes from a newer version. No error tells
    /// a part of the URL.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let connections = Arc::new(Connections::new(url)?);
        schema::migrate(&connections).await.context("migrate")?;
        let lookups = Lookups::new(Arc::clone(&connections));
        Ok(Self { connections, lookups })
    }
}

#[async_trait]
impl Store for Postgres {
    async fn append(&self, batch: Append) -> Result<(), AppendError> {
        log::append(&self.connections, &batch).await.map_err(|error| match error {
            AppendError::Unavailable(error) => error.context(format!("append to workspace {}", batch.workspace)).into(),
            refusal => refusal,
        })
    }

    async fn load_log(&self, workspace: WorkspaceId, after: Sequence, limit: usize) -> anyhow::Result<Vec<Record>> {
        log::load(&self.connections, workspace, after, limit)
            .await
            .with_context(|| format!("load the log of workspace {workspace} after {after}"))
    }

    async fn load_back(&self, workspace: WorkspaceId, before: Before, limit: usize) -> anyhow::Result<Vec<Record>> {
        log::load_back(&self.connections, workspace, before, limit)
            .await
            .with_context(|| format!("load the log of workspace {workspace} before {before:?}"))
    }

    async fn locate(
        &self,
        workspace: WorkspaceId,
        epoch: Epoch,
        stream: Stream,
        position: Position,
    ) -> anyhow::Result<Option<Sequence>> {
        log::locate(&self.connections, workspace, epoch, stream, position)
            .await
            .with_context(|| format!("locate position {position} in workspace {workspace}"))
    }

    async fn find_answer(&self, workspace: WorkspaceId, author: UserId, op: OpId) -> anyhow::Result<Option<Answer>> {
        log::find_answer(&self.connections, workspace, author, op)
            .await
            .with_context(|| format!("find the answer of edit {op} in workspace {workspace}"))
    }

    async fn save_state(&self, workspace: WorkspaceId, at: Sequence, state: Bytes) -> anyhow::Result<()> {
        log::save_state(&self.connections, workspace, at, &state)
            .await
            .with_context(|| format!("save the state of workspace {workspace} at {at}"))
    }

    async fn load_state(&self, workspace: WorkspaceId) -> anyhow::Result<Option<(Sequence, Bytes)>> {
        log::load_state(&self.connections, workspace)
            .await
            .with_context(|| format!("load the state of workspace {workspace}"))
    }

    async fn heads(&self, workspaces: &[WorkspaceId]) -> anyhow::Result<Vec<(WorkspaceId, Sequence)>> {
        log::heads(&self.connections, workspaces).await.context("look how far logs have come")
    }

    async fn workspace_exists(&self, workspace: WorkspaceId) -> anyhow::Result<bool> {
        log::exists(&self.connections, workspace).await.with_context(|| format!("look for workspace {workspace}"))
    }

    async fn workspaces_of(&self, user: UserId) -> anyhow::Result<Vec<WorkspaceId>> {
        log::workspaces_of(&self.connections, user).await.with_context(|| format!("find the workspaces of user {user}"))
    }

    async fn find_invitation(&self, token_hash: [u8; 32]) -> anyhow::Result<Option<(WorkspaceId, InvitationId)>> {
        log::find_invitation(&self.connections, token_hash).await.context("find an invitation")
    }

    async fn create_team(&self, team: Team, admin: User) -> anyhow::Result<User> {
        let id = team.id;
        people::create_team(&self.connections, false, &team, &admin)
            .await
            .and_then(|made| made.context("the account that was made is not there"))
            .with_context(|| format!("create team {id}"))
    }

    async fn create_first_team(&self, team: Team, admin: User) -> anyhow::Result<Option<User>> {
        people::create_team(&self.connections, true, &team, &admin).await.context("create the first team")
    }

    async fn has_team(&self) -> anyhow::Result<bool> {
        people::has_team(&self.connections).await.context("look for a team")
    }

    async fn team(&self, id: TeamId) -> anyhow::Result<Option<Team>> {
        people::team(&self.connections, id).await.with_context(|| format!("load team {id}"))
    }

    async fn ensure_user(&self, user: User) -> anyhow::Result<User> {
        people::ensure(&self.connections, &user).await.context("find or make an account")
    }

    async fn user(&self, id: UserId) -> anyhow::Result<Option<User>> {
        people::by_id(&self.connections, id).await.with_context(|| format!("load user {id}"))
    }

    async fn user_by_email(&self, email: &str) -> anyhow::Result<Option<User>> {
        people::by_email(&self.connections, email).await.context("find an account by address")
    }

    async fn rename_user(&self, id: UserId, name: &str) -> anyhow::Result<Option<User>> {
        people::rename(&self.connections, id, name).await.with_context(|| format!("rename user {id}"))
    }

    async fn set_avatar(&self, id: UserId, picture: Option<(String, Bytes)>) -> anyhow::Result<Option<User>> {
        people::set_avatar(&self.connections, id, picture.as_ref())
            .await
            .with_context(|| format!("keep the picture of user {id}"))
    }

    async fn avatar(&self, id: UserId) -> anyhow::Result<Option<(String, Bytes)>> {
        people::avatar(&self.connections, id).await.with_context(|| format!("load the picture of user {id}"))
    }

    async fn add_credential(&self, credential: Credential) -> anyhow::Result<()> {
        let user = credential.user;
        people::add_credential(&self.connections, &credential)
            .await
            .with_context(|| format!("keep a credential of user {user}"))
    }

    async fn find_credential(&self, hash: [u8; 32], now: OffsetDateTime) -> anyhow::Result<Option<(Credential, User)>> {
        self.lookups.find(hash, now).await.context("find a credential")
    }

    async fn end_credential(&self, user: UserId, id: CredentialId) -> anyhow::Result<bool> {
        people::end_credential(&self.connections, user, id)
            .await
            .with_context(|| format!("end credential {id} of user {user}"))
    }

    async fn ended_credentials(
        &self,
        credentials: &[CredentialId],
        now: OffsetDateTime,
    ) -> anyhow::Result<Vec<CredentialId>> {
        people::ended_credentials(&self.connections, credentials, now)
            .await
            .context("look which credentials have ended")
    }

    async fn purge_credentials(&self, now: OffsetDateTime, limit: usize) -> anyhow::Result<usize> {
        people::purge_credentials(&self.connections, now, limit).await.context("remove credentials that have ended")
    }

    async fn tokens(&self, user: UserId) -> anyhow::Result<Vec<Credential>> {
        people::tokens(&self.connections, user).await.with_context(|| format!("list the tokens of user {user}"))
    }

    async fn engage(&self, signs: Vec<Engagement>) -> anyhow::Result<()> {
        engagement::engage(&self.connections, &signs).await.context("keep how far people have come")
    }

    async fn engagement(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<Engagement>> {
        engagement::of(&self.connections, workspace)
            .await
            .with_context(|| format!("load how far people have come in workspace {workspace}"))
    }

    async fn cluster_key(&self) -> anyhow::Result<[u8; 32]> {
        log::cluster_key(&self.connections).await.context("load the cluster's key")
    }

    async fn backup(&self, _to: &Path) -> anyhow::Result<()> {
        anyhow::bail!("a PostgreSQL store is backed up with PostgreSQL's own tools, such as pg_dump")
    }

    async fn check(&self) -> anyhow::Result<()> {
        self.connections
            .write("UPDATE checks SET made = made + 1", &[])
            .await
            .map(drop)
            .context("check that the store can be written")
    }
}
