//! The rows of what is a person's own.

use super::super::{get_count, get_optional_uuid, get_time, get_uuid, int, micros};
use crate::{
    id::{EntryId, EnvironmentId, ItemId, RunId, UserId, WorkspaceId},
    protocol::own::{HistoryEntry, Run, RunState, Totals},
    store::own::{Added, Entry, Keep, OLDEST_LOOKED_AT, Owner, Page, Replaced, searched, state, word},
};
use rusqlite::{Connection, OptionalExtension, Row, params, types::FromSqlError};
use time::OffsetDateTime;

const ENTRY: &str = "h.id, h.at, h.item, h.name, h.method, h.url, h.status, h.error, h.total_ms, h.size";
const RUN: &str = "r.id, r.item, r.environment, r.iterations, r.started_at, r.ended_at, r.state,
     r.requests, r.errors, r.passed, r.failed, r.total_ms";
/// Rows of `owners` are the caller's.
pub(super) const OWNED: &str = "o.workspace = ?1 AND o.user = ?2";

/// Before all ids, as they are compared; no id that is made is as late.
const NEWEST: [u8; 16] = [0xff; 16];

pub(super) fn key(owner: Owner) -> ([u8; 16], [u8; 16]) {
    (owner.workspace.0.into_bytes(), owner.user.0.into_bytes())
}

pub(super) fn number(connection: &Connection, owner: Owner) -> anyhow::Result<Option<i64>> {
    Ok(connection
        .prepare_cached("SELECT number FROM owners WHERE workspace = ?1 AND user = ?2")?
        .query_row(key(owner), |row| row.get(0))
        .optional()?)
}

/// The number of a member, made with its first use; None for who is none.
fn number_to_write(connection: &Connection, owner: Owner) -> anyhow::Result<Option<i64>> {
    if let Some(number) = number(connection, owner)? {
        return Ok(Some(number));
    }
    connection
        .prepare_cached(
            "INSERT INTO owners (workspace, user)
             SELECT workspace, user FROM members WHERE workspace = ?1 AND user = ?2 ON CONFLICT DO NOTHING",
        )?
        .execute(key(owner))?;
    number(connection, owner)
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    Ok(HistoryEntry {
        id: EntryId(get_uuid(row, 0)?),
        at: get_time(row, 1)?,
        item: get_optional_uuid(row, 2)?.map(ItemId),
        name: row.get(3)?,
        method: row.get(4)?,
        url: row.get(5)?,
        status: row.get(6)?,
        error: row.get(7)?,
        total_ms: row.get(8)?,
        size: get_count(row, 9)?,
    })
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let ended_at = row.get::<_, Option<i64>>(5)?.map(|_| get_time(row, 5)).transpose()?;
    let word: String = row.get(6)?;
    let state = state(&word).map_err(|error| FromSqlError::Other(error.into()))?;
    Ok(Run {
        id: RunId(get_uuid(row, 0)?),
        item: get_optional_uuid(row, 1)?.map(ItemId),
        environment: get_optional_uuid(row, 2)?.map(EnvironmentId),
        iterations: row.get(3)?,
        started_at: get_time(row, 4)?,
        ended_at,
        state,
        totals: Totals {
            requests: get_count(row, 7)?,
            errors: get_count(row, 8)?,
            passed: get_count(row, 9)?,
            failed: get_count(row, 10)?,
            total_ms: row.get(11)?,
        },
    })
}

pub(super) fn add_entry(connection: &Connection, owner: Owner, entry: &Entry, keep: Keep) -> anyhow::Result<bool> {
    let Some(owner) = number_to_write(connection, owner)? else { return Ok(false) };
    connection
        .prepare_cached(
            "DELETE FROM history WHERE number IN (
                 SELECT number FROM history WHERE owner = ?1 AND id <=
                 (SELECT id FROM history WHERE owner = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3)
                 UNION ALL
                 SELECT number FROM (SELECT number, at FROM history WHERE owner = ?1 ORDER BY id LIMIT ?4) WHERE at < ?2
             )",
        )?
        .execute(params![owner, micros(keep.since)?, keep.most.saturating_sub(1), OLDEST_LOOKED_AT])?;
    let head = &entry.head;
    connection
        .prepare_cached(
            "INSERT INTO history (owner, id, at, item, name, method, url, status, error, total_ms, size,
                                  searched, request, response, source)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            owner,
            head.id.0.into_bytes(),
            micros(head.at)?,
            head.item.map(|item| item.0.into_bytes()),
            head.name,
            head.method,
            head.url,
            head.status,
            head.error,
            head.total_ms,
            int(head.size)?,
            searched(head),
            entry.request,
            entry.response,
            entry.source,
        ])?;
    Ok(true)
}

pub(super) fn entries(
    connection: &Connection,
    owner: Owner,
    words: &[String],
    page: &Page<EntryId>,
) -> anyhow::Result<Vec<HistoryEntry>> {
    let words = serde_json::to_string(words)?;
    let before = page.before.map_or(NEWEST, |id| id.0.into_bytes());
    let (workspace, user) = key(owner);
    let mut select = connection.prepare_cached(&format!(
        "SELECT {ENTRY} FROM owners o JOIN history h ON h.owner = o.number
         WHERE {OWNED} AND h.id < ?3
         AND NOT EXISTS (SELECT 1 FROM json_each(?4) w WHERE instr(h.searched, w.value) = 0)
         ORDER BY h.id DESC LIMIT ?5"
    ))?;
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let rows = select.query_map(params![workspace, user, before, words, limit], read_entry)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn entry(connection: &Connection, owner: Owner, id: EntryId) -> anyhow::Result<Option<Entry>> {
    let (workspace, user) = key(owner);
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {ENTRY}, h.request, h.response, h.source FROM owners o JOIN history h ON h.owner = o.number
             WHERE {OWNED} AND h.id = ?3"
        ))?
        .query_row(params![workspace, user, id.0.into_bytes()], |row| {
            let (request, response, source) = (row.get(10)?, row.get(11)?, row.get(12)?);
            Ok(Entry { head: read_entry(row)?, request, response, source })
        })
        .optional()?)
}

pub(super) fn add_run(connection: &Connection, owner: Owner, run: &Run) -> anyhow::Result<bool> {
    let Some(owner) = number_to_write(connection, owner)? else { return Ok(false) };
    connection
        .prepare_cached(
            "INSERT INTO runs (owner, id, item, environment, iterations, started_at, heard_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
        )?
        .execute(params![
            owner,
            run.id.0.into_bytes(),
            run.item.map(|item| item.0.into_bytes()),
            run.environment.map(|environment| environment.0.into_bytes()),
            run.iterations,
            micros(run.started_at)?,
            word(run.state),
        ])?;
    Ok(true)
}

pub(super) fn runs(connection: &Connection, owner: Owner, page: &Page<RunId>) -> anyhow::Result<Vec<Run>> {
    let before = page.before.map_or(NEWEST, |id| id.0.into_bytes());
    let (workspace, user) = key(owner);
    let mut select = connection.prepare_cached(&format!(
        "SELECT {RUN} FROM owners o JOIN runs r ON r.owner = o.number
         WHERE {OWNED} AND r.id < ?3 ORDER BY r.id DESC LIMIT ?4"
    ))?;
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let rows = select.query_map(params![workspace, user, before, limit], read_run)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn run(connection: &Connection, owner: Owner, id: RunId) -> anyhow::Result<Option<Run>> {
    let (workspace, user) = key(owner);
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {RUN} FROM owners o JOIN runs r ON r.owner = o.number WHERE {OWNED} AND r.id = ?3"
        ))?
        .query_row(params![workspace, user, id.0.into_bytes()], read_run)
        .optional()?)
}

pub(super) fn results(
    connection: &Connection,
    owner: Owner,
    id: RunId,
    from: u64,
    limit: usize,
) -> anyhow::Result<Vec<String>> {
    let Some(owner) = number(connection, owner)? else { return Ok(Vec::new()) };
    let mut select = connection.prepare_cached(
        "SELECT body FROM run_results WHERE owner = ?1 AND run = ?2 AND number >= ?3 ORDER BY number LIMIT ?4",
    )?;
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = select.query_map(params![owner, id.0.into_bytes(), from, limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn add_result(
    connection: &Connection,
    owner: Owner,
    id: RunId,
    added: &Added,
    most: u64,
) -> anyhow::Result<Option<Run>> {
    let Some(number) = number(connection, owner)? else { return Ok(None) };
    let run_id = id.0.into_bytes();
    let place: Option<i64> = connection
        .prepare_cached(
            "UPDATE runs SET requests = requests + 1, errors = errors + ?3, passed = passed + ?4,
             failed = failed + ?5, total_ms = total_ms + ?6, heard_at = ?9
             WHERE owner = ?1 AND id = ?2 AND state = 'running' AND requests < ?7
             AND (?8 IS NULL OR requests = ?8) RETURNING requests - 1",
        )?
        .query_row(
            params![
                number,
                run_id,
                added.is_error,
                added.passed,
                added.failed,
                added.ms,
                int(most)?,
                added.sequence.map(int).transpose()?,
                micros(added.at)?,
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(place) = place else { return Ok(None) };
    connection
        .prepare_cached("INSERT INTO run_results (owner, run, number, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![number, run_id, place, added.body])?;
    run(connection, owner, id)
}

pub(super) fn end_run(
    connection: &Connection,
    owner: Owner,
    id: RunId,
    state: RunState,
    at: OffsetDateTime,
) -> anyhow::Result<Option<Run>> {
    let Some(number) = number(connection, owner)? else { return Ok(None) };
    let ended = connection
        .prepare_cached("UPDATE runs SET state = ?3, ended_at = ?4 WHERE owner = ?1 AND id = ?2 AND state = 'running'")?
        .execute(params![number, id.0.into_bytes(), word(state), micros(at)?])?;
    if ended == 0 { Ok(None) } else { run(connection, owner, id) }
}

pub(super) fn abort_runs(connection: &Connection, unheard_since: OffsetDateTime) -> anyhow::Result<Vec<(Owner, Run)>> {
    let unheard_since = micros(unheard_since)?;
    let silent: Vec<(Owner, RunId)> = connection
        .prepare_cached(
            "SELECT o.workspace, o.user, r.id FROM runs r JOIN owners o ON o.number = r.owner
             WHERE r.state = 'running' AND r.heard_at < ?1",
        )?
        .query_map([unheard_since], |row| {
            let owner = Owner { workspace: WorkspaceId(get_uuid(row, 0)?), user: UserId(get_uuid(row, 1)?) };
            Ok((owner, RunId(get_uuid(row, 2)?)))
        })?
        .collect::<Result<_, _>>()?;
    connection
        .prepare_cached(
            "UPDATE runs SET state = 'aborted', ended_at = heard_at WHERE state = 'running' AND heard_at < ?1",
        )?
        .execute([unheard_since])?;
    let ended = silent.into_iter().map(|(owner, id)| Ok(run(connection, owner, id)?.map(|run| (owner, run))));
    ended.filter_map(Result::transpose).collect()
}

pub(super) fn set_values(
    connection: &Connection,
    owner: Owner,
    environment: EnvironmentId,
    values: Option<&str>,
) -> anyhow::Result<bool> {
    let Some(number) = number_to_write(connection, owner)? else { return Ok(false) };
    let environment = environment.0.into_bytes();
    match values {
        Some(values) => connection
            .prepare_cached(
                "INSERT INTO own_values (owner, environment, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (owner, environment) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![number, environment, values])?,
        None => connection
            .prepare_cached("DELETE FROM own_values WHERE owner = ?1 AND environment = ?2")?
            .execute(params![number, environment])?,
    };
    Ok(true)
}

pub(super) fn replace_cookies(
    connection: &Connection,
    owner: Owner,
    before: Option<&str>,
    jar: &str,
) -> anyhow::Result<Replaced> {
    let Some(number) = number_to_write(connection, owner)? else { return Ok(Replaced::NoMember) };
    let replaced = match before {
        Some(before) => connection
            .prepare_cached("UPDATE cookies SET jar = ?3 WHERE owner = ?1 AND jar = ?2")?
            .execute(params![number, before, jar])?,
        None => connection
            .prepare_cached("INSERT INTO cookies (owner, jar) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![number, jar])?,
    };
    Ok(if replaced > 0 { Replaced::Done } else { Replaced::Changed })
}
