//! The store in a file: SQLite.
//!
//! rusqlite on threads of our own, rather than an async driver: there is one queue for all that writes, so a
//! group of appends shares one fsync, and a transaction's statements run one after another on one thread
//! with no hop between tasks for each.

mod checkpoint;
mod engagement;
mod log;
mod own;
mod people;
mod readers;
mod writer;

use super::engagement::Engagement;
use super::{Answer, Append, AppendError, Before, Credential, Record, Store, Stream, Team, User};
use crate::id::{CredentialId, Epoch, InvitationId, OpId, Position, Sequence, TeamId, UserId, WorkspaceId};
use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use readers::Readers;
use rusqlite::{Connection, OpenFlags, Row, backup::Backup, backup::StepResult, config::DbConfig};
use rusqlite_migration::{M, Migrations};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use time::OffsetDateTime;
use uuid::Uuid;
use writer::Writer;

/// The steps from an empty file to today's tables. One that was released is never changed.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("migrations/sqlite/0001.sql")),
    M::up(include_str!("migrations/sqlite/0002.sql")),
    M::up(include_str!("migrations/sqlite/0003.sql")),
    M::up(include_str!("migrations/sqlite/0004.sql")),
    M::up(include_str!("migrations/sqlite/0005.sql")),
];

/// How long a write waits for another process: `loggia admin` writes beside a running server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The size, in bytes, the write-ahead log is cut back to after something (a backup) has made it grow.
const WAL_SIZE: i64 = 64 << 20;

/// The writer's page cache in KiB: above what a busy second changes, so that it is not read back from the log. No more:
/// SQLite goes through all of it at each commit that split a page.
const CACHE: i64 = 8 << 10;

/// Statements kept prepared by each connection; above the number of different ones there are.
const STATEMENTS: usize = 128;

/// A store in one SQLite file.
///
/// Dropping it blocks until the writes that wait are done.
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    file: PathBuf,
}

impl Sqlite {
    /// Opens the database file, making it and the folders above it when they are missing, and migrates it.
    ///
    /// # Errors
    ///
    /// When the file can't be made, read or written, is no database, or comes from a newer version.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        let connection = open_writer(file).with_context(|| format!("open {}", file.display()))?;
        Ok(Self {
            writer: Writer::start(connection, file)?,
            readers: Readers::new(file.to_owned()),
            file: file.to_owned(),
        })
    }

    /// How many transactions were committed since it was opened: fewer than writes when they come together.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }
}

fn open_writer(file: &Path) -> anyhow::Result<Connection> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).context("make its folder")?;
    }
    // Before SQLite does: it would leave the file to the umask. Its other files take the mode of this one.
    private_file().create(true).truncate(false).open(file).context("make the file")?;
    let mut connection = open_existing(file)?;
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))?;
    anyhow::ensure!(mode == "wal", "the file system has no support for a write-ahead log");
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_SIZE, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    // What a savepoint may have to put back.
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Migrations::from_slice(MIGRATIONS).to_latest(&mut connection).context("migrate")?;
    Ok(connection)
}

/// To write, in whatever mode the file is.
fn open_existing(file: &Path) -> anyhow::Result<Connection> {
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up(&connection)?;
    // What was answered as written must outlive a power cut; NORMAL syncs only at checkpoints.
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

fn open_reader(file: &Path) -> anyhow::Result<Connection> {
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_context(|| format!("open {} to read", file.display()))?;
    set_up(&connection)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement whose plan could be another for another value (all with a `LIMIT ?`) is compiled at each use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(BUSY_TIMEOUT)
}

/// Options for a file that only its owner may read.
fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let source = open_reader(from)?;
    // Made here, and only when it is new: a backup must not overwrite another.
    private_file().create_new(true).open(to).context("make the file")?;
    let copied = copy_pages(&source, to);
    if copied.is_err() {
        // Half a backup must not be taken for a whole one; the error that matters is the first.
        let _ = fs::remove_file(to);
    }
    copied
}

fn copy_pages(source: &Connection, to: &Path) -> anyhow::Result<()> {
    let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // In one step, which reads one snapshot. A copy in several begins anew with every commit between them, and
    // on a busy server never ends.
    let step = Backup::new(source, &mut copy)?.step(-1)?;
    anyhow::ensure!(step == StepResult::Done, "the database is locked");
    Ok(())
}

/// To keep: a count as SQLite's integer.
fn int(count: u64) -> anyhow::Result<i64> {
    i64::try_from(count).with_context(|| format!("{count} is too large a number to keep"))
}

/// To keep: a time, in microseconds since 1970.
fn micros(time: OffsetDateTime) -> anyhow::Result<i64> {
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1000)).context("keep a time")
}

fn get_count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn get_time(row: &Row<'_>, column: usize) -> rusqlite::Result<OffsetDateTime> {
    let value: i64 = row.get(column)?;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(value) * 1000)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn get_optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<OffsetDateTime>> {
    row.get::<_, Option<i64>>(column)?.map(|_| get_time(row, column)).transpose()
}

fn get_uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

fn get_optional_uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    row.get::<_, Option<[u8; 16]>>(column).map(|bytes| bytes.map(Uuid::from_bytes))
}

fn get_bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    row.get::<_, Vec<u8>>(column).map(Bytes::from)
}

#[async_trait]
impl Store for Sqlite {
    async fn append(&self, batch: Append) -> Result<(), AppendError> {
        let workspace = batch.workspace;
        self.writer.run(move |connection| log::append(connection, &batch)).await.map_err(|error| {
            match error.downcast() {
                Ok(refusal) => refusal,
                Err(error) => error.context(format!("append to workspace {workspace}")).into(),
            }
        })
    }

    async fn load_log(&self, workspace: WorkspaceId, after: Sequence, limit: usize) -> anyhow::Result<Vec<Record>> {
        self.readers
            .run(move |connection| log::load(connection, workspace, after, limit))
            .await
            .with_context(|| format!("load the log of workspace {workspace} after {after}"))
    }

    async fn load_back(&self, workspace: WorkspaceId, before: Before, limit: usize) -> anyhow::Result<Vec<Record>> {
        self.readers
            .run(move |connection| log::load_back(connection, workspace, before, limit))
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
        self.readers
            .run(move |connection| log::locate(connection, workspace, epoch, stream, position))
            .await
            .with_context(|| format!("locate position {position} in workspace {workspace}"))
    }

    async fn find_answer(&self, workspace: WorkspaceId, author: UserId, op: OpId) -> anyhow::Result<Option<Answer>> {
        self.readers
            .run(move |connection| log::find_answer(connection, workspace, author, op))
            .await
            .with_context(|| format!("find the answer of edit {op} in workspace {workspace}"))
    }

    async fn save_state(&self, workspace: WorkspaceId, at: Sequence, state: Bytes) -> anyhow::Result<()> {
        self.writer
            .run(move |connection| log::save_state(connection, workspace, at, &state))
            .await
            .with_context(|| format!("save the state of workspace {workspace} at {at}"))
    }

    async fn load_state(&self, workspace: WorkspaceId) -> anyhow::Result<Option<(Sequence, Bytes)>> {
        self.readers
            .run(move |connection| log::load_state(connection, workspace))
            .await
            .with_context(|| format!("load the state of workspace {workspace}"))
    }

    async fn heads(&self, workspaces: &[WorkspaceId]) -> anyhow::Result<Vec<(WorkspaceId, Sequence)>> {
        let workspaces = workspaces.to_vec();
        self.readers
            .run(move |connection| log::heads(connection, &workspaces))
            .await
            .context("look how far logs have come")
    }

    async fn workspace_exists(&self, workspace: WorkspaceId) -> anyhow::Result<bool> {
        self.readers
            .run(move |connection| log::exists(connection, workspace))
            .await
            .with_context(|| format!("look for workspace {workspace}"))
    }

    async fn workspaces_of(&self, user: UserId) -> anyhow::Result<Vec<WorkspaceId>> {
        self.readers
            .run(move |connection| log::workspaces_of(connection, user))
            .await
            .with_context(|| format!("find the workspaces of user {user}"))
    }

    async fn find_invitation(&self, token_hash: [u8; 32]) -> anyhow::Result<Option<(WorkspaceId, InvitationId)>> {
        self.readers
            .run(move |connection| log::find_invitation(connection, token_hash))
            .await
            .context("find an invitation")
    }

    async fn create_team(&self, team: Team, admin: User) -> anyhow::Result<User> {
        let id = team.id;
        self.writer
            .run(move |connection| people::create_team(connection, &team, &admin))
            .await
            .with_context(|| format!("create team {id}"))
    }

    async fn create_first_team(&self, team: Team, admin: User) -> anyhow::Result<Option<User>> {
        // In the writer's transaction, so that of two at once one finds the other's.
        let create = move |connection: &rusqlite::Connection| match people::has_team(connection)? {
            true => Ok(None),
            false => people::create_team(connection, &team, &admin).map(Some),
        };
        self.writer.run(create).await.context("create the first team")
    }

    async fn has_team(&self) -> anyhow::Result<bool> {
        self.readers.run(people::has_team).await.context("look for a team")
    }

    async fn team(&self, id: TeamId) -> anyhow::Result<Option<Team>> {
        self.readers
            .run(move |connection| people::team(connection, id))
            .await
            .with_context(|| format!("load team {id}"))
    }

    async fn ensure_user(&self, user: User) -> anyhow::Result<User> {
        self.writer.run(move |connection| people::ensure(connection, &user)).await.context("find or make an account")
    }

    async fn user(&self, id: UserId) -> anyhow::Result<Option<User>> {
        self.readers
            .run(move |connection| people::by_id(connection, id))
            .await
            .with_context(|| format!("load user {id}"))
    }

    async fn user_by_email(&self, email: &str) -> anyhow::Result<Option<User>> {
        let email = email.to_owned();
        self.readers
            .run(move |connection| people::by_email(connection, &email))
            .await
            .context("find an account by address")
    }

    async fn rename_user(&self, id: UserId, name: &str) -> anyhow::Result<Option<User>> {
        let name = name.to_owned();
        self.writer
            .run(move |connection| people::rename(connection, id, &name))
            .await
            .with_context(|| format!("rename user {id}"))
    }

    async fn set_avatar(&self, id: UserId, picture: Option<(String, Bytes)>) -> anyhow::Result<Option<User>> {
        self.writer
            .run(move |connection| people::set_avatar(connection, id, picture.as_ref()))
            .await
            .with_context(|| format!("keep the picture of user {id}"))
    }

    async fn avatar(&self, id: UserId) -> anyhow::Result<Option<(String, Bytes)>> {
        self.readers
            .run(move |connection| people::avatar(connection, id))
            .await
            .with_context(|| format!("load the picture of user {id}"))
    }

    async fn add_credential(&self, credential: Credential) -> anyhow::Result<()> {
        let user = credential.user;
        self.writer
            .run(move |connection| people::add_credential(connection, &credential))
            .await
            .with_context(|| format!("keep a credential of user {user}"))
    }

    async fn find_credential(&self, hash: [u8; 32], now: OffsetDateTime) -> anyhow::Result<Option<(Credential, User)>> {
        self.readers
            .run(move |connection| people::find_credential(connection, hash, now))
            .await
            .context("find a credential")
    }

    async fn end_credential(&self, user: UserId, id: CredentialId) -> anyhow::Result<bool> {
        self.writer
            .run(move |connection| people::end_credential(connection, user, id))
            .await
            .with_context(|| format!("end credential {id} of user {user}"))
    }

    async fn ended_credentials(
        &self,
        credentials: &[CredentialId],
        now: OffsetDateTime,
    ) -> anyhow::Result<Vec<CredentialId>> {
        let credentials = credentials.to_vec();
        self.readers
            .run(move |connection| people::ended_credentials(connection, &credentials, now))
            .await
            .context("look which credentials have ended")
    }

    async fn purge_credentials(&self, now: OffsetDateTime, limit: usize) -> anyhow::Result<usize> {
        self.writer
            .run(move |connection| people::purge_credentials(connection, now, limit))
            .await
            .context("remove credentials that have ended")
    }

    async fn tokens(&self, user: UserId) -> anyhow::Result<Vec<Credential>> {
        self.readers
            .run(move |connection| people::tokens(connection, user))
            .await
            .with_context(|| format!("list the tokens of user {user}"))
    }

    async fn engage(&self, signs: Vec<Engagement>) -> anyhow::Result<()> {
        self.writer
            .run(move |connection| engagement::engage(connection, &signs))
            .await
            .context("keep how far people have come")
    }

    async fn engagement(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<Engagement>> {
        self.readers
            .run(move |connection| engagement::of(connection, workspace))
            .await
            .with_context(|| format!("load how far people have come in workspace {workspace}"))
    }

    async fn cluster_key(&self) -> anyhow::Result<[u8; 32]> {
        let select = "SELECT key FROM keys WHERE name = 'cluster'";
        self.readers
            .run(move |connection| Ok(connection.prepare_cached(select)?.query_row([], |row| row.get(0))?))
            .await
            .context("load the cluster's key")
    }

    async fn backup(&self, to: &Path) -> anyhow::Result<()> {
        let (from, to) = (self.file.clone(), to.to_owned());
        let name = to.display().to_string();
        tokio::task::spawn_blocking(move || copy(&from, &to))
            .await
            .context("run a backup")?
            .with_context(|| format!("back up to {name}"))
    }

    async fn check(&self) -> anyhow::Result<()> {
        self.readers.run(people::has_team).await.context("check that the store can be read")?;
        self.writer
            .run(|connection| {
                connection.prepare_cached("UPDATE checks SET made = made + 1")?.execute([])?;
                Ok(())
            })
            .await
            .context("check that the store can be written")
    }
}
