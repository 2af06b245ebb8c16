//! What is a person's own.

use super::{
    Postgres,
    connections::Connections,
    convert::{get_count, get_name, get_time, int, micros},
};
use crate::{
    id::{EntryId, EnvironmentId, ItemId, RunId},
    protocol::own::{HistoryEntry, Run, RunState, Totals},
    store::own::{Added, Entry, Keep, Own, Owner, Page, Replaced, SWEPT_AT_ONCE, searched, state, word},
};
use anyhow::Context;
use async_trait::async_trait;
use time::OffsetDateTime;
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

const ENTRY: &str = "h.id, h.at, h.item, h.name, h.method, h.url, h.status, h.error, h.total_ms, h.size";
const RUN: &str = "r.id, r.item, r.environment, r.iterations, r.started_at, r.ended_at, r.state,
     r.requests, r.errors, r.passed, r.failed, r.total_ms";
/// Rows of `owners` are the caller's.
const OWNED: &str = "o.workspace = $1 AND o.account = $2";

fn read_entry(row: &Row) -> anyhow::Result<HistoryEntry> {
    let status = row.try_get::<_, Option<i32>>(6)?.map(u16::try_from).transpose().context("read a status")?;
    let error = row.try_get::<_, Option<Vec<u8>>>(7)?.map(String::from_utf8).transpose().context("read an error")?;
    Ok(HistoryEntry {
        id: EntryId(row.try_get(0)?),
        at: get_time(row, 1)?,
        item: row.try_get::<_, Option<Uuid>>(2)?.map(ItemId),
        name: get_name(row, 3)?,
        method: get_name(row, 4)?,
        url: get_name(row, 5)?,
        status,
        error,
        total_ms: row.try_get(8)?,
        size: get_count(row, 9)?,
    })
}

fn read_run(row: &Row) -> anyhow::Result<Run> {
    Ok(Run {
        id: RunId(row.try_get(0)?),
        item: row.try_get::<_, Option<Uuid>>(1)?.map(ItemId),
        environment: row.try_get::<_, Option<Uuid>>(2)?.map(EnvironmentId),
        iterations: u32::try_from(row.try_get::<_, i64>(3)?).context("read a count of iterations")?,
        started_at: get_time(row, 4)?,
        ended_at: row.try_get::<_, Option<i64>>(5)?.map(super::convert::time).transpose()?,
        state: state(row.try_get(6)?)?,
        totals: Totals {
            requests: get_count(row, 7)?,
            errors: get_count(row, 8)?,
            passed: get_count(row, 9)?,
            failed: get_count(row, 10)?,
            total_ms: row.try_get(11)?,
        },
    })
}

fn first_run(rows: &[Row]) -> anyhow::Result<Option<Run>> {
    rows.first().map(read_run).transpose()
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Deletes what of a table is the owner's and has an id; whether there was any.
async fn delete(connections: &Connections, table: &str, owner: Owner, id: Uuid) -> anyhow::Result<bool> {
    let sql = format!(
        "DELETE FROM {table} t USING owners o WHERE {OWNED} AND t.owner = o.number AND t.id = $3 RETURNING t.id"
    );
    Ok(!connections.write(&sql, &[&owner.workspace.0, &owner.user.0, &id]).await?.is_empty())
}

/// Runs a statement that answers with a row when the owner is a member.
async fn written(connections: &Connections, sql: &str, params: &[&(dyn ToSql + Sync)]) -> anyhow::Result<bool> {
    Ok(!connections.write(sql, params).await?.is_empty())
}

#[async_trait]
impl Own for Postgres {
    async fn add_entry(&self, owner: Owner, entry: Entry, keep: Keep) -> anyhow::Result<bool> {
        let head = &entry.head;
        // What is added is not seen by the rest of its statement.
        written(
            &self.connections,
            "WITH place AS MATERIALIZED (SELECT owner_to_write($1, $2) AS number),
             added AS (
                 INSERT INTO history (owner, id, at, item, name, method, url, status, error, total_ms, size,
                                      searched, request, response, source)
                 SELECT p.number, $3::UUID, $4::BIGINT, $5::UUID, $6::BYTEA, $7::BYTEA, $8::BYTEA, $9::INTEGER,
                        $10::BYTEA, $11::DOUBLE PRECISION, $12::BIGINT, $13::BYTEA, $14::BYTEA, $15::BYTEA, $18::BYTEA
                 FROM place p WHERE p.number IS NOT NULL RETURNING owner
             ),
             past AS (
                 DELETE FROM history h USING added a WHERE h.owner = a.owner AND (h.at < $16 OR h.id <=
                 (SELECT n.id FROM history n WHERE n.owner = a.owner ORDER BY n.id DESC LIMIT 1 OFFSET $17))
             )
             SELECT owner FROM added",
            &[
                &owner.workspace.0,
                &owner.user.0,
                &head.id.0,
                &micros(head.at)?,
                &head.item.map(|item| item.0),
                &head.name.as_bytes(),
                &head.method.as_bytes(),
                &head.url.as_bytes(),
                &head.status.map(i32::from),
                &head.error.as_ref().map(String::as_bytes),
                &head.total_ms,
                &int(head.size)?,
                &searched(head).as_bytes(),
                &entry.request.as_bytes(),
                &entry.response.as_ref().map(String::as_bytes),
                &micros(keep.since)?,
                &i64::from(keep.most.saturating_sub(1)),
                &entry.source.as_bytes(),
            ],
        )
        .await
        .context("add to a history")
    }

    async fn entries(&self, owner: Owner, words: &[String], page: Page<EntryId>) -> anyhow::Result<Vec<HistoryEntry>> {
        let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let before = page.before.map_or(Uuid::max(), |id| id.0);
        let sql = format!(
            "SELECT {ENTRY} FROM owners o JOIN history h ON h.owner = o.number
             WHERE {OWNED} AND h.id < $3
             AND NOT EXISTS (SELECT FROM unnest($4::BYTEA[]) w WHERE position(w IN h.searched) = 0)
             ORDER BY h.id DESC LIMIT $5"
        );
        let rows = self
            .connections
            .read(&sql, &[&owner.workspace.0, &owner.user.0, &before, &words, &limit(page.limit)])
            .await
            .context("list a history")?;
        rows.iter().map(read_entry).collect()
    }

    async fn entry(&self, owner: Owner, id: EntryId) -> anyhow::Result<Option<Entry>> {
        let sql = format!(
            "SELECT {ENTRY}, h.request, h.response, h.source FROM owners o JOIN history h ON h.owner = o.number
             WHERE {OWNED} AND h.id = $3"
        );
        let rows = self
            .connections
            .read(&sql, &[&owner.workspace.0, &owner.user.0, &id.0])
            .await
            .context("load an entry of a history")?;
        let read = |row: &Row| {
            let response = row.try_get::<_, Option<Vec<u8>>>(11)?.map(String::from_utf8).transpose()?;
            Ok(Entry { head: read_entry(row)?, request: get_name(row, 10)?, response, source: get_name(row, 12)? })
        };
        rows.first().map(read).transpose()
    }

    async fn delete_entry(&self, owner: Owner, id: EntryId) -> anyhow::Result<bool> {
        delete(&self.connections, "history", owner, id.0).await.context("delete an entry of a history")
    }

    async fn delete_entries(&self, owner: Owner) -> anyhow::Result<()> {
        let sql = format!("DELETE FROM history h USING owners o WHERE {OWNED} AND h.owner = o.number");
        self.connections.write(&sql, &[&owner.workspace.0, &owner.user.0]).await.map(drop).context("delete a history")
    }

    async fn add_run(&self, owner: Owner, run: Run, keep: Keep) -> anyhow::Result<bool> {
        written(
            &self.connections,
            "WITH place AS MATERIALIZED (SELECT owner_to_write($1, $2) AS number),
             added AS (
                 INSERT INTO runs (owner, id, item, environment, iterations, started_at, state)
                 SELECT p.number, $3::UUID, $4::UUID, $5::UUID, $6::BIGINT, $7::BIGINT, $8::TEXT
                 FROM place p WHERE p.number IS NOT NULL RETURNING owner
             ),
             past AS (
                 DELETE FROM runs r USING added a WHERE r.owner = a.owner AND (r.started_at < $9 OR r.id <=
                 (SELECT n.id FROM runs n WHERE n.owner = a.owner ORDER BY n.id DESC LIMIT 1 OFFSET $10))
             )
             SELECT owner FROM added",
            &[
                &owner.workspace.0,
                &owner.user.0,
                &run.id.0,
                &run.item.map(|item| item.0),
                &run.environment.map(|environment| environment.0),
                &i64::from(run.iterations),
                &micros(run.started_at)?,
                &word(run.state),
                &micros(keep.since)?,
                &i64::from(keep.most.saturating_sub(1)),
            ],
        )
        .await
        .context("add a run")
    }

    async fn runs(&self, owner: Owner, page: Page<RunId>) -> anyhow::Result<Vec<Run>> {
        let before = page.before.map_or(Uuid::max(), |id| id.0);
        let sql = format!(
            "SELECT {RUN} FROM owners o JOIN runs r ON r.owner = o.number
             WHERE {OWNED} AND r.id < $3 ORDER BY r.id DESC LIMIT $4"
        );
        let rows = self
            .connections
            .read(&sql, &[&owner.workspace.0, &owner.user.0, &before, &limit(page.limit)])
            .await
            .context("list runs")?;
        rows.iter().map(read_run).collect()
    }

    async fn run(&self, owner: Owner, id: RunId) -> anyhow::Result<Option<Run>> {
        let sql = format!("SELECT {RUN} FROM owners o JOIN runs r ON r.owner = o.number WHERE {OWNED} AND r.id = $3");
        let rows =
            self.connections.read(&sql, &[&owner.workspace.0, &owner.user.0, &id.0]).await.context("load a run")?;
        first_run(&rows)
    }

    async fn results(&self, owner: Owner, id: RunId, from: u64, most: usize) -> anyhow::Result<Vec<String>> {
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT r.body FROM owners o JOIN run_results r ON r.owner = o.number
             WHERE {OWNED} AND r.run = $3 AND r.number >= $4 ORDER BY r.number LIMIT $5"
        );
        let rows = self
            .connections
            .read(&sql, &[&owner.workspace.0, &owner.user.0, &id.0, &from, &limit(most)])
            .await
            .context("load the results of a run")?;
        rows.iter().map(|row| get_name(row, 0)).collect()
    }

    async fn add_result(&self, owner: Owner, id: RunId, added: Added, most: u64) -> anyhow::Result<Option<Run>> {
        let sql = format!(
            "WITH r AS (
                 UPDATE runs t SET requests = t.requests + 1, errors = t.errors + $4, passed = t.passed + $5,
                     failed = t.failed + $6, total_ms = t.total_ms + $7
                 FROM owners o WHERE {OWNED} AND t.owner = o.number AND t.id = $3
                     AND t.state = 'running' AND t.requests < $8
                     AND ($10::BIGINT IS NULL OR t.requests = $10)
                 RETURNING t.*
             ),
             added AS (
                 INSERT INTO run_results (owner, run, number, body)
                 SELECT r.owner, r.id, r.requests - 1, $9::BYTEA FROM r
             )
             SELECT {RUN} FROM r"
        );
        let rows = self
            .connections
            .write(
                &sql,
                &[
                    &owner.workspace.0,
                    &owner.user.0,
                    &id.0,
                    &i64::from(added.is_error),
                    &i64::from(added.passed),
                    &i64::from(added.failed),
                    &added.ms,
                    &int(most)?,
                    &added.body.as_bytes(),
                    &added.sequence.map(int).transpose()?,
                ],
            )
            .await
            .context("add a result to a run")?;
        first_run(&rows)
    }

    async fn end_run(
        &self,
        owner: Owner,
        id: RunId,
        state: RunState,
        at: OffsetDateTime,
    ) -> anyhow::Result<Option<Run>> {
        let sql = format!(
            "UPDATE runs r SET state = $4, ended_at = $5 FROM owners o
             WHERE {OWNED} AND r.owner = o.number AND r.id = $3 AND r.state = 'running' RETURNING {RUN}"
        );
        let rows = self
            .connections
            .write(&sql, &[&owner.workspace.0, &owner.user.0, &id.0, &word(state), &micros(at)?])
            .await
            .context("end a run")?;
        first_run(&rows)
    }

    async fn delete_run(&self, owner: Owner, id: RunId) -> anyhow::Result<bool> {
        delete(&self.connections, "runs", owner, id.0).await.context("delete a run")
    }

    async fn values(&self, owner: Owner, environment: EnvironmentId) -> anyhow::Result<Option<String>> {
        let sql = format!(
            "SELECT v.body FROM owners o JOIN own_values v ON v.owner = o.number WHERE {OWNED} AND v.environment = $3"
        );
        let rows = self
            .connections
            .read(&sql, &[&owner.workspace.0, &owner.user.0, &environment.0])
            .await
            .context("load private values")?;
        rows.first().map(|row| get_name(row, 0)).transpose()
    }

    async fn set_values(
        &self,
        owner: Owner,
        environment: EnvironmentId,
        values: Option<String>,
    ) -> anyhow::Result<bool> {
        written(
            &self.connections,
            // Before or after a batch that deletes the environment, not beside it.
            "WITH locked AS MATERIALIZED (SELECT w.id FROM workspaces w WHERE w.id = $1 FOR SHARE),
             place AS MATERIALIZED (SELECT owner_to_write(l.id, $2) AS number FROM locked l),
             kept AS (
                 INSERT INTO own_values (owner, environment, body)
                 SELECT p.number, $3::UUID, $4::BYTEA FROM place p WHERE p.number IS NOT NULL AND $4 IS NOT NULL
                 ON CONFLICT (owner, environment) DO UPDATE SET body = excluded.body
             ),
             gone AS (
                 DELETE FROM own_values v USING place p
                 WHERE v.owner = p.number AND v.environment = $3 AND $4::BYTEA IS NULL
             )
             SELECT p.number FROM place p WHERE p.number IS NOT NULL",
            &[&owner.workspace.0, &owner.user.0, &environment.0, &values.as_ref().map(String::as_bytes)],
        )
        .await
        .context("keep private values")
    }

    async fn cookies(&self, owner: Owner) -> anyhow::Result<Option<String>> {
        let sql = format!("SELECT c.jar FROM owners o JOIN cookies c ON c.owner = o.number WHERE {OWNED}");
        let rows = self.connections.read(&sql, &[&owner.workspace.0, &owner.user.0]).await.context("load cookies")?;
        rows.first().map(|row| get_name(row, 0)).transpose()
    }

    async fn replace_cookies(&self, owner: Owner, before: Option<String>, jar: String) -> anyhow::Result<Replaced> {
        let rows = self
            .connections
            .write(
                "WITH place AS MATERIALIZED (SELECT owner_to_write($1, $2) AS number),
                 replaced AS (
                     UPDATE cookies c SET jar = $4::BYTEA FROM place p WHERE c.owner = p.number AND c.jar = $3::BYTEA
                     RETURNING c.owner
                 ),
                 added AS (
                     INSERT INTO cookies (owner, jar)
                     SELECT p.number, $4::BYTEA FROM place p WHERE p.number IS NOT NULL AND $3::BYTEA IS NULL
                     ON CONFLICT (owner) DO NOTHING RETURNING owner
                 )
                 SELECT EXISTS (SELECT FROM replaced UNION ALL SELECT FROM added)
                 FROM place p WHERE p.number IS NOT NULL",
                &[&owner.workspace.0, &owner.user.0, &before.as_ref().map(String::as_bytes), &jar.as_bytes()],
            )
            .await
            .context("keep cookies")?;
        Ok(match rows.first().map(|row| row.try_get(0)).transpose()? {
            Some(true) => Replaced::Done,
            Some(false) => Replaced::Changed,
            None => Replaced::NoMember,
        })
    }

    async fn delete_cookies(&self, owner: Owner) -> anyhow::Result<()> {
        let sql = format!("DELETE FROM cookies c USING owners o WHERE {OWNED} AND c.owner = o.number");
        self.connections.write(&sql, &[&owner.workspace.0, &owner.user.0]).await.map(drop).context("delete cookies")
    }

    async fn forget_own(&self, owner: Owner) -> anyhow::Result<()> {
        self.connections
            .write("SELECT disown($1, $2)", &[&owner.workspace.0, &owner.user.0])
            .await
            .map(drop)
            .context("take away what is a person's own")
    }

    async fn sweep_own(&self, before: OffsetDateTime) -> anyhow::Result<bool> {
        let rows = self
            .connections
            .write("SELECT sweep_own($1, $2)", &[&micros(before)?, &SWEPT_AT_ONCE])
            .await
            .context("sweep")?;
        Ok(rows.first().context("a sweep without an outcome")?.try_get(0)?)
    }
}
