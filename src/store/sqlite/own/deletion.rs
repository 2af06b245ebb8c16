//! How rows of what is a person's own go: many only some at a time.

use super::super::micros;
use super::rows::number;
use crate::{
    id::RunId,
    store::own::{DELETED_AT_ONCE, Keep, Owner},
};
use rusqlite::{Connection, OptionalExtension, params};
use std::ops::ControlFlow;
use time::OffsetDateTime;
use uuid::Uuid;

/// Takes their numbers from one owner, or from all of a workspace.
pub(in crate::store::sqlite) fn disown(
    connection: &Connection,
    workspace: [u8; 16],
    user: Option<[u8; 16]>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO disowned (owner) SELECT number FROM owners WHERE workspace = ?1 AND (?2 IS NULL OR user = ?2)",
        )?
        .execute(params![workspace, user])?;
    connection
        .prepare_cached("DELETE FROM owners WHERE workspace = ?1 AND (?2 IS NULL OR user = ?2)")?
        .execute(params![workspace, user])?;
    Ok(())
}

/// Deletes some of what is past what is kept, until nothing is.
pub(super) fn trim_runs(connection: &Connection, owner: Owner, keep: Keep) -> anyhow::Result<ControlFlow<()>> {
    let Some(owner) = number(connection, owner)? else { return Ok(ControlFlow::Break(())) };
    let past: Option<[u8; 16]> = connection
        .prepare_cached(
            "SELECT id FROM runs WHERE owner = ?1 AND (started_at < ?2 OR id <=
             (SELECT id FROM runs WHERE owner = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3)) LIMIT 1",
        )?
        .query_row(params![owner, micros(keep.since)?, keep.most], |row| row.get(0))
        .optional()?;
    let Some(past) = past else { return Ok(ControlFlow::Break(())) };
    // Whether it is whole: the next look tells.
    let _ = delete_some_of_run(connection, owner, past)?;
    Ok(ControlFlow::Continue(()))
}

/// Deletes what of a table is the owner's and, with an id, has that; whether there was any.
pub(super) fn delete(connection: &Connection, sql: &str, owner: Owner, id: Option<Uuid>) -> anyhow::Result<bool> {
    let Some(number) = number(connection, owner)? else { return Ok(false) };
    Ok(connection.prepare_cached(sql)?.execute(params![number, id.map(Uuid::into_bytes)])? > 0)
}

/// Deletes some entries, until there are none.
pub(super) fn delete_entries(connection: &Connection, owner: Owner) -> anyhow::Result<ControlFlow<()>> {
    let Some(owner) = number(connection, owner)? else { return Ok(ControlFlow::Break(())) };
    let is_more = delete_some_entries(connection, owner)?;
    Ok(if is_more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
}

/// Deletes some of a run, until it is gone: whether there was one.
pub(super) fn delete_run(connection: &Connection, owner: Owner, id: RunId) -> anyhow::Result<ControlFlow<bool>> {
    let Some(owner) = number(connection, owner)? else { return Ok(ControlFlow::Break(false)) };
    Ok(delete_some_of_run(connection, owner, id.0.into_bytes())?)
}

/// Whether there may be more.
fn delete_some_entries(connection: &Connection, owner: i64) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached("DELETE FROM history WHERE number IN (SELECT number FROM history WHERE owner = ?1 LIMIT ?2)")?
        .execute([owner, DELETED_AT_ONCE])?;
    Ok(deleted as i64 == DELETED_AT_ONCE)
}

fn delete_some_of_run(connection: &Connection, owner: i64, id: [u8; 16]) -> rusqlite::Result<ControlFlow<bool>> {
    let results = connection
        .prepare_cached(
            "DELETE FROM run_results WHERE (owner, run, number) IN
             (SELECT owner, run, number FROM run_results WHERE owner = ?1 AND run = ?2 LIMIT ?3)",
        )?
        .execute(params![owner, id, DELETED_AT_ONCE])?;
    if results as i64 == DELETED_AT_ONCE {
        return Ok(ControlFlow::Continue(()));
    }
    let runs =
        connection.prepare_cached("DELETE FROM runs WHERE owner = ?1 AND id = ?2")?.execute(params![owner, id])?;
    Ok(ControlFlow::Break(runs > 0))
}

pub(super) fn sweep(connection: &Connection, before: OffsetDateTime) -> anyhow::Result<bool> {
    let before = micros(before)?;
    let entries = connection
        .prepare_cached(
            "DELETE FROM history WHERE number IN (SELECT number FROM history WHERE at < ?1 ORDER BY at LIMIT ?2)",
        )?
        .execute([before, DELETED_AT_ONCE])?;
    let run: Option<(i64, [u8; 16])> = connection
        .prepare_cached("SELECT owner, id FROM runs WHERE started_at < ?1 ORDER BY started_at LIMIT 1")?
        .query_row([before], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((owner, id)) = run {
        let _ = delete_some_of_run(connection, owner, id)?;
    }
    let is_more = entries as i64 == DELETED_AT_ONCE || run.is_some();
    let whose: Option<i64> = connection
        .prepare_cached("SELECT owner FROM disowned ORDER BY owner LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(whose) = whose else { return Ok(is_more) };
    let more_entries = delete_some_entries(connection, whose)?;
    let results = connection
        .prepare_cached(
            "DELETE FROM run_results WHERE (owner, run, number) IN
             (SELECT owner, run, number FROM run_results WHERE owner = ?1 LIMIT ?2)",
        )?
        .execute([whose, DELETED_AT_ONCE])?;
    if !more_entries && (results as i64) < DELETED_AT_ONCE {
        for sql in [
            "DELETE FROM runs WHERE owner = ?1",
            "DELETE FROM own_values WHERE owner = ?1",
            "DELETE FROM cookies WHERE owner = ?1",
            "DELETE FROM disowned WHERE owner = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([whose])?;
        }
    }
    Ok(true)
}
