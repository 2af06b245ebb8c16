//! Workspaces: their logs, states, and what is looked up across them.

use super::{get_bytes, get_count, get_optional_uuid, get_time, get_uuid, int, micros};
use crate::{
    id::{Epoch, InvitationId, OpId, Position, Sequence, UserId, WorkspaceId},
    store::{Answer, Append, AppendError, Before, Index, READ_BACK, Record, Stream},
};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A refusal is an error as well, an [`AppendError`]: what was written up to it is undone.
pub(super) fn append(connection: &Connection, batch: &Append) -> anyhow::Result<()> {
    let id = batch.workspace.0.into_bytes();
    let found = connection
        .prepare_cached("SELECT number, head, deleted FROM workspaces WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, get_count(row, 1)?, row.get(2)?)))
        .optional()?;
    let (number, head, deleted): (i64, Sequence, bool) = match found {
        Some(found) => found,
        None => {
            connection.prepare_cached("INSERT INTO workspaces (id, head) VALUES (?1, 0)")?.execute([id])?;
            (connection.last_insert_rowid(), 0, false)
        }
    };
    if deleted || head != batch.after {
        return Err(AppendError::Conflict.into());
    }
    insert_answers(connection, number, batch)?;
    let head = insert_records(connection, number, batch)?;
    connection
        .prepare_cached("UPDATE workspaces SET head = ?2 WHERE number = ?1")?
        .execute(params![number, int(head)?])?;
    for change in &batch.index {
        apply(connection, id, change)?;
    }
    Ok(())
}

fn insert_answers(connection: &Connection, workspace: i64, batch: &Append) -> anyhow::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO ops (workspace, op, author, position) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let mut repeated = Vec::new();
    for Answer { author, op, position } in &batch.answers {
        if insert.execute(params![workspace, op.0.into_bytes(), author.0.into_bytes(), int(*position)?])? == 0 {
            repeated.extend(find_answer(connection, batch.workspace, *author, *op)?);
        }
    }
    if repeated.is_empty() { Ok(()) } else { Err(AppendError::Repeated(repeated).into()) }
}

/// Gives the new head.
fn insert_records(connection: &Connection, workspace: i64, batch: &Append) -> anyhow::Result<Sequence> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (workspace, sequence, epoch, stream, position, op, at, author, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut head = batch.after;
    for record in &batch.records {
        anyhow::ensure!(
            record.sequence == head + 1,
            "record {} follows record {head}: the log has to be dense",
            record.sequence
        );
        head = record.sequence;
        insert.execute(params![
            workspace,
            int(head)?,
            record.epoch.0.into_bytes(),
            number(record.stream),
            int(record.position)?,
            record.op.map(|op| op.0.into_bytes()),
            micros(record.at)?,
            record.author.0.into_bytes(),
            &record.body[..],
        ])?;
    }
    Ok(head)
}

fn apply(connection: &Connection, workspace: [u8; 16], change: &Index) -> rusqlite::Result<()> {
    match change {
        Index::Member(user) => connection
            .prepare_cached("INSERT INTO members (workspace, user) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![workspace, user.0.into_bytes()]),
        Index::NotMember(user) => {
            super::own::disown(connection, workspace, Some(user.0.into_bytes()))?;
            connection
                .prepare_cached("DELETE FROM members WHERE workspace = ?1 AND user = ?2")?
                .execute(params![workspace, user.0.into_bytes()])
        }
        Index::Invitation { id, token_hash } => connection
            .prepare_cached("INSERT INTO invitations (token_hash, workspace, id) VALUES (?1, ?2, ?3)")?
            .execute(params![token_hash, workspace, id.0.into_bytes()]),
        Index::NoInvitation(id) => connection
            .prepare_cached("DELETE FROM invitations WHERE workspace = ?1 AND id = ?2")?
            .execute(params![workspace, id.0.into_bytes()]),
        Index::NoEnvironment(id) => connection
            .prepare_cached(
                "DELETE FROM own_values WHERE environment = ?2 AND owner IN
                 (SELECT number FROM owners WHERE workspace = ?1)",
            )?
            .execute(params![workspace, id.0.into_bytes()]),
        Index::Deleted => {
            super::own::disown(connection, workspace, None)?;
            connection.prepare_cached("DELETE FROM members WHERE workspace = ?1")?.execute([workspace])?;
            connection.prepare_cached("UPDATE workspaces SET deleted = 1 WHERE id = ?1")?.execute([workspace])
        }
    }
    .map(drop)
}

pub(super) fn load(
    connection: &Connection,
    workspace: WorkspaceId,
    after: Sequence,
    limit: usize,
) -> anyhow::Result<Vec<Record>> {
    let workspace = workspace.0.into_bytes();
    // A bound past SQLite's integers asks for nothing or for all, as the largest of them does.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(
        "SELECT e.sequence, e.epoch, e.stream, e.position, e.op, e.at, e.author, e.body
         FROM workspaces w JOIN events e ON e.workspace = w.number
         WHERE w.id = ?1 AND NOT w.deleted AND e.sequence > ?2 ORDER BY e.sequence LIMIT ?3",
    )?;
    let records = select.query_map(params![workspace, after, limit], record)?;
    Ok(records.collect::<Result<_, _>>()?)
}

pub(super) fn load_back(
    connection: &Connection,
    workspace: WorkspaceId,
    before: Before,
    limit: usize,
) -> anyhow::Result<Vec<Record>> {
    let workspace = workspace.0.into_bytes();
    // A place past SQLite's integers is past all that is kept.
    let place = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let columns = "SELECT e.sequence, e.epoch, e.stream, e.position, e.op, e.at, e.author, e.body
         FROM workspaces w JOIN events e ON e.workspace = w.number WHERE w.id = ?1 AND NOT w.deleted";
    let (mut records, mut bytes) = (Vec::new(), 0);
    // Row by row: what is past the limits is not read.
    let mut take = |mut rows: rusqlite::Rows<'_>| -> anyhow::Result<()> {
        while records.len() < limit && bytes < READ_BACK {
            let Some(row) = rows.next()? else { break };
            let record = record(row)?;
            bytes += record.body.len() as u64;
            records.push(record);
        }
        Ok(())
    };
    match before {
        Before::Sequence(sequence) => {
            let sql = format!("{columns} AND e.sequence < ?2 ORDER BY e.sequence DESC");
            take(connection.prepare_cached(&sql)?.query(params![workspace, place(sequence)])?)?;
        }
        Before::Position(epoch, stream, position) => {
            let order = "e.epoch = ?2 AND e.stream = ?3 AND e.position < ?4 ORDER BY e.position DESC";
            let sql = format!("{columns} AND {order}");
            let params = params![workspace, epoch.0.into_bytes(), number(stream), place(position)];
            take(connection.prepare_cached(&sql)?.query(params)?)?;
        }
    }
    Ok(records)
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        sequence: get_count(row, 0)?,
        epoch: Epoch(get_uuid(row, 1)?),
        stream: if row.get(2)? { Stream::Team } else { Stream::Shared },
        position: get_count(row, 3)?,
        op: get_optional_uuid(row, 4)?.map(OpId),
        at: get_time(row, 5)?,
        author: UserId(get_uuid(row, 6)?),
        body: get_bytes(row, 7)?,
    })
}

fn number(stream: Stream) -> i64 {
    match stream {
        Stream::Shared => 0,
        Stream::Team => 1,
    }
}

pub(super) fn locate(
    connection: &Connection,
    workspace: WorkspaceId,
    epoch: Epoch,
    stream: Stream,
    position: Position,
) -> anyhow::Result<Option<Sequence>> {
    let (workspace, epoch) = (workspace.0.into_bytes(), epoch.0.into_bytes());
    // A client names positions: one past SQLite's integers is no error, it is just not there.
    let Ok(position) = i64::try_from(position) else {
        return Ok(None);
    };
    Ok(connection
        .prepare_cached(
            "SELECT e.sequence FROM workspaces w JOIN events e ON e.workspace = w.number
             WHERE w.id = ?1 AND NOT w.deleted
             AND e.epoch = ?2 AND e.stream = ?3 AND e.position = ?4",
        )?
        .query_row(params![workspace, epoch, number(stream), position], |row| get_count(row, 0))
        .optional()?)
}

/// Of deleted workspaces too: the edit that deleted one can be sent again.
pub(super) fn find_answer(
    connection: &Connection,
    workspace: WorkspaceId,
    author: UserId,
    op: OpId,
) -> anyhow::Result<Option<Answer>> {
    let key = [workspace.0.into_bytes(), author.0.into_bytes(), op.0.into_bytes()];
    Ok(connection
        .prepare_cached(
            "SELECT o.position FROM workspaces w JOIN ops o ON o.workspace = w.number
             WHERE w.id = ?1 AND o.op = ?3 AND o.author = ?2",
        )?
        .query_row(key, |row| Ok(Answer { author, op, position: get_count(row, 0)? }))
        .optional()?)
}

pub(super) fn save_state(
    connection: &Connection,
    workspace: WorkspaceId,
    at: Sequence,
    state: &Bytes,
) -> anyhow::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO states (workspace, sequence, state)
             SELECT id, ?2, ?3 FROM workspaces WHERE id = ?1 AND NOT deleted
             ON CONFLICT (workspace) DO UPDATE
             SET sequence = excluded.sequence, state = excluded.state
             WHERE excluded.sequence > states.sequence",
        )?
        .execute(params![workspace.0.into_bytes(), int(at)?, &state[..]])?;
    Ok(())
}

pub(super) fn load_state(connection: &Connection, workspace: WorkspaceId) -> anyhow::Result<Option<(Sequence, Bytes)>> {
    Ok(connection
        .prepare_cached(
            "SELECT s.sequence, s.state FROM states s JOIN workspaces w ON w.id = s.workspace
             WHERE s.workspace = ?1 AND NOT w.deleted",
        )?
        .query_row([workspace.0.into_bytes()], |row| Ok((get_count(row, 0)?, get_bytes(row, 1)?)))
        .optional()?)
}

pub(super) fn heads(
    connection: &Connection,
    workspaces: &[WorkspaceId],
) -> anyhow::Result<Vec<(WorkspaceId, Sequence)>> {
    let mut select = connection.prepare_cached("SELECT head FROM workspaces WHERE id = ?1")?;
    let head = |id: &WorkspaceId| {
        let head = select.query_row([id.0.into_bytes()], |row| get_count(row, 0)).optional();
        Ok(head?.map(|head| (*id, head)))
    };
    workspaces.iter().map(head).filter_map(Result::transpose).collect()
}

pub(super) fn exists(connection: &Connection, workspace: WorkspaceId) -> anyhow::Result<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM workspaces WHERE id = ?1 AND NOT deleted")?
        .exists([workspace.0.into_bytes()])?)
}

pub(super) fn workspaces_of(connection: &Connection, user: UserId) -> anyhow::Result<Vec<WorkspaceId>> {
    let mut select = connection.prepare_cached(
        "SELECT m.workspace FROM members m JOIN workspaces w ON w.id = m.workspace
         WHERE m.user = ?1 AND NOT w.deleted ORDER BY m.workspace",
    )?;
    let ids = select.query_map([user.0.into_bytes()], |row| get_uuid(row, 0).map(WorkspaceId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

pub(super) fn find_invitation(
    connection: &Connection,
    token_hash: [u8; 32],
) -> anyhow::Result<Option<(WorkspaceId, InvitationId)>> {
    Ok(connection
        .prepare_cached(
            "SELECT i.workspace, i.id FROM invitations i JOIN workspaces w ON w.id = i.workspace
             WHERE i.token_hash = ?1 AND NOT w.deleted",
        )?
        .query_row([token_hash], |row| Ok((WorkspaceId(get_uuid(row, 0)?), InvitationId(get_uuid(row, 1)?))))
        .optional()?)
}
