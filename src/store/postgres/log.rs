//! Workspaces: their logs, states, and what is looked up across them.

use super::{
    connections::{Connections, Params},
    convert::{get_bytes, get_count, get_time, int, micros},
};
use crate::{
    id::{Epoch, InvitationId, OpId, Position, Sequence, UserId, WorkspaceId},
    store::{Answer, Append, AppendError, Before, Index, READ_BACK, Record, Stream},
};
use anyhow::{Context, bail};
use bytes::Bytes;
use tokio_postgres::Row;
use uuid::Uuid;

/// A batch as columns: one array each, of one length within its group.
#[derive(Default)]
struct Columns<'a> {
    epochs: Vec<Uuid>,
    streams: Vec<i16>,
    positions: Vec<i64>,
    ops: Vec<Option<Uuid>>,
    times: Vec<i64>,
    authors: Vec<Uuid>,
    bodies: Vec<&'a [u8]>,
    answer_ops: Vec<Uuid>,
    answer_authors: Vec<Uuid>,
    answer_positions: Vec<i64>,
    change_kinds: Vec<&'static str>,
    change_ids: Vec<Option<Uuid>>,
    change_hashes: Vec<Option<&'a [u8]>>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a Append) -> anyhow::Result<Self> {
        let mut columns = Self::default();
        let mut head = batch.after;
        for record in &batch.records {
            anyhow::ensure!(
                record.sequence == head + 1,
                "record {} follows record {head}: the log has to be dense",
                record.sequence
            );
            head = record.sequence;
            columns.epochs.push(record.epoch.0);
            columns.streams.push(number(record.stream));
            columns.positions.push(int(record.position)?);
            columns.ops.push(record.op.map(|op| op.0));
            columns.times.push(micros(record.at)?);
            columns.authors.push(record.author.0);
            columns.bodies.push(&record.body);
        }
        int(head)?;
        for Answer { author, op, position } in &batch.answers {
            columns.answer_ops.push(op.0);
            columns.answer_authors.push(author.0);
            columns.answer_positions.push(int(*position)?);
        }
        for change in &batch.index {
            let (kind, id, hash) = match change {
                Index::Member(user) => ("member", Some(user.0), None),
                Index::NotMember(user) => ("not member", Some(user.0), None),
                Index::Invitation { id, token_hash } => ("invitation", Some(id.0), Some(&token_hash[..])),
                Index::NoInvitation(id) => ("no invitation", Some(id.0), None),
                Index::NoEnvironment(id) => ("no environment", Some(id.0), None),
                Index::Deleted => ("deleted", None, None),
            };
            columns.change_kinds.push(kind);
            columns.change_ids.push(id);
            columns.change_hashes.push(hash);
        }
        Ok(columns)
    }
}

pub(super) async fn append(connections: &Connections, batch: &Append) -> Result<(), AppendError> {
    // No log is that long.
    let Ok(after) = i64::try_from(batch.after) else { return Err(AppendError::Conflict) };
    let columns = Columns::of(batch)?;
    let rows = connections
        .write(
            "SELECT * FROM append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            &[
                &batch.workspace.0,
                &after,
                &columns.epochs,
                &columns.streams,
                &columns.positions,
                &columns.ops,
                &columns.times,
                &columns.authors,
                &columns.bodies,
                &columns.answer_ops,
                &columns.answer_authors,
                &columns.answer_positions,
                &columns.change_kinds,
                &columns.change_ids,
                &columns.change_hashes,
            ],
        )
        .await?;
    let outcome = rows.first().context("an append without an outcome")?;
    match outcome.try_get(0).context("read the outcome")? {
        "written" => Ok(()),
        "conflict" => Err(AppendError::Conflict),
        _ => Err(AppendError::Repeated(rows.iter().map(repeated).collect::<Result<_, _>>()?)),
    }
}

fn repeated(row: &Row) -> anyhow::Result<Answer> {
    Ok(Answer { op: OpId(row.try_get(1)?), author: UserId(row.try_get(2)?), position: get_count(row, 3)? })
}

pub(super) async fn load(
    connections: &Connections,
    workspace: WorkspaceId,
    after: Sequence,
    limit: usize,
) -> anyhow::Result<Vec<Record>> {
    // A bound past PostgreSQL's integers asks for nothing or for all, as the largest of them does.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connections
        .read(
            "SELECT e.sequence, e.epoch, e.stream, e.position, e.op, e.at, e.author, e.body
             FROM workspaces w JOIN events e ON e.workspace = w.number
             WHERE w.id = $1 AND NOT w.deleted AND e.sequence > $2 ORDER BY e.sequence LIMIT $3",
            &[&workspace.0, &after, &limit],
        )
        .await?;
    rows.iter().map(record).collect()
}

pub(super) async fn load_back(
    connections: &Connections,
    workspace: WorkspaceId,
    before: Before,
    limit: usize,
) -> anyhow::Result<Vec<Record>> {
    let (limit, bytes) = (i64::try_from(limit).unwrap_or(i64::MAX), int(READ_BACK)?);
    // A place past PostgreSQL's integers is past all that is kept.
    let place = |count| i64::try_from(count).unwrap_or(i64::MAX);
    // The length of a body is known without reading it.
    let statement = |which: &str, order: &str| {
        format!(
            "SELECT e.sequence, e.epoch, e.stream, e.position, e.op, e.at, e.author, e.body
             FROM (
                 SELECT f.*, sum(octet_length(f.body)) OVER (ORDER BY f.{order} DESC) - octet_length(f.body) AS newer
                 FROM (
                     SELECT e.* FROM workspaces w JOIN events e ON e.workspace = w.number
                     WHERE w.id = $1 AND NOT w.deleted AND {which} ORDER BY e.{order} DESC LIMIT $2
                 ) f
             ) e
             WHERE e.newer < $3 ORDER BY e.{order} DESC"
        )
    };
    let rows = match before {
        Before::Sequence(sequence) => {
            let sql = statement("e.sequence < $4", "sequence");
            connections.read(&sql, &[&workspace.0, &limit, &bytes, &place(sequence)]).await?
        }
        Before::Position(epoch, stream, position) => {
            let sql = statement("e.epoch = $4 AND e.stream = $5 AND e.position < $6", "position");
            let params: Params<'_> = &[&workspace.0, &limit, &bytes, &epoch.0, &number(stream), &place(position)];
            connections.read(&sql, params).await?
        }
    };
    rows.iter().map(record).collect()
}

fn record(row: &Row) -> anyhow::Result<Record> {
    Ok(Record {
        sequence: get_count(row, 0)?,
        epoch: Epoch(row.try_get(1)?),
        stream: match row.try_get::<_, i16>(2)? {
            0 => Stream::Shared,
            1 => Stream::Team,
            other => bail!("there is no stream {other}"),
        },
        position: get_count(row, 3)?,
        op: row.try_get::<_, Option<Uuid>>(4)?.map(OpId),
        at: get_time(row, 5)?,
        author: UserId(row.try_get(6)?),
        body: get_bytes(row, 7)?,
    })
}

fn number(stream: Stream) -> i16 {
    match stream {
        Stream::Shared => 0,
        Stream::Team => 1,
    }
}

pub(super) async fn locate(
    connections: &Connections,
    workspace: WorkspaceId,
    epoch: Epoch,
    stream: Stream,
    position: Position,
) -> anyhow::Result<Option<Sequence>> {
    // A client names positions: one past PostgreSQL's integers is no error, it is just not there.
    let Ok(position) = i64::try_from(position) else { return Ok(None) };
    let rows = connections
        .read(
            "SELECT e.sequence FROM workspaces w JOIN events e ON e.workspace = w.number
             WHERE w.id = $1 AND NOT w.deleted
             AND e.epoch = $2 AND e.stream = $3 AND e.position = $4",
            &[&workspace.0, &epoch.0, &number(stream), &position],
        )
        .await?;
    rows.first().map(|row| get_count(row, 0)).transpose()
}

/// Of deleted workspaces too: the edit that deleted one can be sent again.
pub(super) async fn find_answer(
    connections: &Connections,
    workspace: WorkspaceId,
    author: UserId,
    op: OpId,
) -> anyhow::Result<Option<Answer>> {
    let rows = connections
        .read(
            "SELECT o.position FROM workspaces w JOIN ops o ON o.workspace = w.number
             WHERE w.id = $1 AND o.op = $2 AND o.author = $3",
            &[&workspace.0, &op.0, &author.0],
        )
        .await?;
    rows.first().map(|row| Ok(Answer { author, op, position: get_count(row, 0)? })).transpose()
}

pub(super) async fn save_state(
    connections: &Connections,
    workspace: WorkspaceId,
    at: Sequence,
    state: &Bytes,
) -> anyhow::Result<()> {
    connections
        .write(
            "INSERT INTO states (workspace, sequence, state)
             SELECT id, $2::BIGINT, $3::BYTEA FROM workspaces WHERE id = $1 AND NOT deleted
             ON CONFLICT (workspace) DO UPDATE
             SET sequence = excluded.sequence, state = excluded.state
             WHERE excluded.sequence > states.sequence",
            &[&workspace.0, &int(at)?, &&state[..]],
        )
        .await
        .map(drop)
}

pub(super) async fn load_state(
    connections: &Connections,
    workspace: WorkspaceId,
) -> anyhow::Result<Option<(Sequence, Bytes)>> {
    let rows = connections
        .read(
            "SELECT s.sequence, s.state FROM states s JOIN workspaces w ON w.id = s.workspace
             WHERE s.workspace = $1 AND NOT w.deleted",
            &[&workspace.0],
        )
        .await?;
    rows.first().map(|row| Ok((get_count(row, 0)?, get_bytes(row, 1)?))).transpose()
}

pub(super) async fn heads(
    connections: &Connections,
    workspaces: &[WorkspaceId],
) -> anyhow::Result<Vec<(WorkspaceId, Sequence)>> {
    let ids: Vec<Uuid> = workspaces.iter().map(|id| id.0).collect();
    let rows = connections.read("SELECT id, head FROM workspaces WHERE id = ANY($1)", &[&ids]).await?;
    rows.iter().map(|row| Ok((WorkspaceId(row.try_get(0)?), get_count(row, 1)?))).collect()
}

pub(super) async fn cluster_key(connections: &Connections) -> anyhow::Result<[u8; 32]> {
    let rows = connections.read("SELECT key FROM keys WHERE name = 'cluster'", &[]).await?;
    let key: &[u8] = rows.first().context("there is none")?.try_get(0)?;
    key.try_into().context("it has not 32 bytes")
}

pub(super) async fn exists(connections: &Connections, workspace: WorkspaceId) -> anyhow::Result<bool> {
    let rows = connections.read("SELECT 1 FROM workspaces WHERE id = $1 AND NOT deleted", &[&workspace.0]).await?;
    Ok(!rows.is_empty())
}

pub(super) async fn workspaces_of(connections: &Connections, user: UserId) -> anyhow::Result<Vec<WorkspaceId>> {
    let rows = connections
        .read(
            "SELECT m.workspace FROM members m JOIN workspaces w ON w.id = m.workspace
             WHERE m.account = $1 AND NOT w.deleted ORDER BY m.workspace",
            &[&user.0],
        )
        .await?;
    rows.iter().map(|row| Ok(WorkspaceId(row.try_get(0)?))).collect()
}

pub(super) async fn find_invitation(
    connections: &Connections,
    token_hash: [u8; 32],
) -> anyhow::Result<Option<(WorkspaceId, InvitationId)>> {
    let rows = connections
        .read(
            "SELECT i.workspace, i.id FROM invitations i JOIN workspaces w ON w.id = i.workspace
             WHERE i.token_hash = $1 AND NOT w.deleted",
            &[&&token_hash[..]],
        )
        .await?;
    rows.first().map(|row| Ok((WorkspaceId(row.try_get(0)?), InvitationId(row.try_get(1)?)))).transpose()
}
