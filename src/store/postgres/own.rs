//! What is a person's own.

mod rows;

use super::{
    Postgres,
    connections::Connections,
    convert::{get_name, int, micros},
};
use crate::{
    id::{EntryId, EnvironmentId, RunId, UserId, WorkspaceId},
    protocol::own::{HistoryEntry, Run, RunState},
    store::own::{Added, DELETED_AT_ONCE, Entry, Keep, OLDEST_LOOKED_AT, Own, Owner, Page, Replaced, searched, word},
};
use anyhow::Context;
use async_trait::async_trait;
use rows::{ENTRY, RUN, first_run, read_entry, read_run};
use time::OffsetDateTime;
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

/// Rows of `owners` are the caller's.
const OWNED: &str = "o.workspace = $1 AND o.account = $2";

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Runs a statement; whether it answered with a row.
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
             too_many AS (
                 DELETE FROM history h USING added a WHERE h.owner = a.owner AND h.id <=
                 (SELECT n.id FROM history n WHERE n.owner = a.owner ORDER BY n.id DESC LIMIT 1 OFFSET $17)
             ),
             too_old AS (
                 DELETE FROM history h USING added a, LATERAL (
                     SELECT n.id, n.at FROM history n WHERE n.owner = a.owner ORDER BY n.id LIMIT $19
                 ) oldest WHERE h.owner = a.owner AND h.id = oldest.id AND oldest.at < $16
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
                &OLDEST_LOOKED_AT,
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
        let sql = format!(
            "DELETE FROM history h USING owners o WHERE {OWNED} AND h.owner = o.number AND h.id = $3 RETURNING 1"
        );
        written(&self.connections, &sql, &[&owner.workspace.0, &owner.user.0, &id.0])
            .await
            .context("delete an entry of a history")
    }

    async fn delete_entries(&self, owner: Owner) -> anyhow::Result<()> {
        let sql = format!(
            "DELETE FROM history WHERE (owner, id) IN (
                 SELECT h.owner, h.id FROM owners o JOIN history h ON h.owner = o.number WHERE {OWNED} LIMIT $3
             ) RETURNING 1"
        );
        let params: [&(dyn ToSql + Sync); 3] = [&owner.workspace.0, &owner.user.0, &DELETED_AT_ONCE];
        while self.connections.write(&sql, &params).await.context("delete a history")?.len() as i64 == DELETED_AT_ONCE {
        }
        Ok(())
    }

    async fn add_run(&self, owner: Owner, run: Run) -> anyhow::Result<bool> {
        written(
            &self.connections,
            "INSERT INTO runs (owner, id, item, environment, iterations, started_at, heard_at, state)
             SELECT p.number, $3::UUID, $4::UUID, $5::UUID, $6::BIGINT, $7::BIGINT, $7::BIGINT, $8::TEXT
             FROM (SELECT owner_to_write($1, $2) AS number) p WHERE p.number IS NOT NULL RETURNING owner",
            &[
                &owner.workspace.0,
                &owner.user.0,
                &run.id.0,
                &run.item.map(|item| item.0),
                &run.environment.map(|environment| environment.0),
                &i64::from(run.iterations),
                &micros(run.started_at)?,
                &word(run.state),
            ],
        )
        .await
        .context("add a run")
    }

    async fn trim_runs(&self, owner: Owner, keep: Keep) -> anyhow::Result<()> {
        let sql = format!(
            "SELECT delete_some_of_run(r.owner, r.id, $5) FROM owners o JOIN runs r ON r.owner = o.number
             WHERE {OWNED} AND (r.started_at < $3 OR r.id <=
                 (SELECT n.id FROM runs n WHERE n.owner = o.number ORDER BY n.id DESC LIMIT 1 OFFSET $4))
             LIMIT 1"
        );
        let (since, most) = (micros(keep.since)?, i64::from(keep.most));
        let params: [&(dyn ToSql + Sync); 5] = [&owner.workspace.0, &owner.user.0, &since, &most, &DELETED_AT_ONCE];
        while !self.connections.write(&sql, &params).await.context("let go of old runs")?.is_empty() {}
        Ok(())
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
                     failed = t.failed + $6, total_ms = t.total_ms + $7, heard_at = $11
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
                    &micros(added.at)?,
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

    async fn abort_runs(&self, unheard_since: OffsetDateTime) -> anyhow::Result<Vec<(Owner, Run)>> {
        let sql = format!(
            "UPDATE runs r SET state = 'aborted', ended_at = r.heard_at FROM owners o
             WHERE o.number = r.owner AND r.state = 'running' AND r.heard_at < $1 RETURNING {RUN}, o.workspace, o.account"
        );
        let rows = self.connections.write(&sql, &[&micros(unheard_since)?]).await.context("abort runs")?;
        let whose = |row: &Row| -> anyhow::Result<Owner> {
            Ok(Owner { workspace: WorkspaceId(row.try_get("workspace")?), user: UserId(row.try_get("account")?) })
        };
        rows.iter().map(|row| Ok((whose(row)?, read_run(row)?))).collect()
    }

    async fn delete_run(&self, owner: Owner, id: RunId) -> anyhow::Result<bool> {
        let sql = format!("SELECT delete_some_of_run(o.number, $3, $4) FROM owners o WHERE {OWNED}");
        let params: [&(dyn ToSql + Sync); 4] = [&owner.workspace.0, &owner.user.0, &id.0, &DELETED_AT_ONCE];
        loop {
            let rows = self.connections.write(&sql, &params).await.context("delete a run")?;
            let Some(row) = rows.first() else { return Ok(false) };
            if let Some(deleted) = row.try_get::<_, Option<i64>>(0)? {
                return Ok(deleted > 0);
            }
        }
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
            .write("SELECT sweep_own($1, $2)", &[&micros(before)?, &DELETED_AT_ONCE])
            .await
            .context("sweep")?;
        Ok(rows.first().context("a sweep without an outcome")?.try_get(0)?)
    }
}
