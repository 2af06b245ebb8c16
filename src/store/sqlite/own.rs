//! What is a person's own.

mod deletion;
mod rows;

use super::Sqlite;
use crate::{
    id::{EntryId, EnvironmentId, RunId},
    protocol::own::{HistoryEntry, Run, RunState},
    store::own::{Added, Entry, Keep, Own, Owner, Page, Replaced},
};
use anyhow::Context;
use async_trait::async_trait;
pub(super) use deletion::disown;
use deletion::{delete, delete_entries, delete_run, sweep, trim_runs};
use rows::{
    OWNED, abort_runs, add_entry, add_result, add_run, end_run, entries, entry, key, replace_cookies, results, run,
    runs, set_values,
};
use rusqlite::{Connection, OptionalExtension};
use time::OffsetDateTime;

#[async_trait]
impl Own for Sqlite {
    async fn add_entry(&self, owner: Owner, entry: Entry, keep: Keep) -> anyhow::Result<bool> {
        self.writer
            .run_later(move |connection| add_entry(connection, owner, &entry, keep))
            .await
            .context("add to a history")
    }

    async fn entries(&self, owner: Owner, words: &[String], page: Page<EntryId>) -> anyhow::Result<Vec<HistoryEntry>> {
        let words = words.to_vec();
        self.readers.run(move |connection| entries(connection, owner, &words, &page)).await.context("list a history")
    }

    async fn entry(&self, owner: Owner, id: EntryId) -> anyhow::Result<Option<Entry>> {
        self.readers.run(move |connection| entry(connection, owner, id)).await.context("load an entry of a history")
    }

    async fn delete_entry(&self, owner: Owner, id: EntryId) -> anyhow::Result<bool> {
        let sql = "DELETE FROM history WHERE owner = ?1 AND id = ?2";
        self.writer
            .run_later(move |connection| delete(connection, sql, owner, Some(id.0)))
            .await
            .context("delete an entry of a history")
    }

    async fn delete_entries(&self, owner: Owner) -> anyhow::Result<()> {
        self.writer.run_in_steps(move |connection| delete_entries(connection, owner)).await.context("delete a history")
    }

    async fn add_run(&self, owner: Owner, run: Run) -> anyhow::Result<bool> {
        self.writer.run_later(move |connection| add_run(connection, owner, &run)).await.context("add a run")
    }

    async fn trim_runs(&self, owner: Owner, keep: Keep) -> anyhow::Result<()> {
        let trim = move |connection: &Connection| trim_runs(connection, owner, keep);
        self.writer.run_in_steps(trim).await.context("let go of old runs")
    }

    async fn runs(&self, owner: Owner, page: Page<RunId>) -> anyhow::Result<Vec<Run>> {
        self.readers.run(move |connection| runs(connection, owner, &page)).await.context("list runs")
    }

    async fn run(&self, owner: Owner, id: RunId) -> anyhow::Result<Option<Run>> {
        self.readers.run(move |connection| run(connection, owner, id)).await.context("load a run")
    }

    async fn results(&self, owner: Owner, id: RunId, from: u64, limit: usize) -> anyhow::Result<Vec<String>> {
        self.readers
            .run(move |connection| results(connection, owner, id, from, limit))
            .await
            .context("load the results of a run")
    }

    async fn add_result(&self, owner: Owner, id: RunId, added: Added, most: u64) -> anyhow::Result<Option<Run>> {
        self.writer
            .run_later(move |connection| add_result(connection, owner, id, &added, most))
            .await
            .context("add a result to a run")
    }

    async fn end_run(
        &self,
        owner: Owner,
        id: RunId,
        state: RunState,
        at: OffsetDateTime,
    ) -> anyhow::Result<Option<Run>> {
        self.writer.run_later(move |connection| end_run(connection, owner, id, state, at)).await.context("end a run")
    }

    async fn abort_runs(&self, unheard_since: OffsetDateTime) -> anyhow::Result<Vec<(Owner, Run)>> {
        self.writer.run_later(move |connection| abort_runs(connection, unheard_since)).await.context("abort runs")
    }

    async fn delete_run(&self, owner: Owner, id: RunId) -> anyhow::Result<bool> {
        self.writer.run_in_steps(move |connection| delete_run(connection, owner, id)).await.context("delete a run")
    }

    async fn values(&self, owner: Owner, environment: EnvironmentId) -> anyhow::Result<Option<String>> {
        let (workspace, user) = key(owner);
        let sql = format!(
            "SELECT v.body FROM owners o JOIN own_values v ON v.owner = o.number WHERE {OWNED} AND v.environment = ?3"
        );
        self.readers
            .run(move |connection| {
                let key = [workspace, user, environment.0.into_bytes()];
                Ok(connection.prepare_cached(&sql)?.query_row(key, |row| row.get(0)).optional()?)
            })
            .await
            .context("load private values")
    }

    async fn set_values(
        &self,
        owner: Owner,
        environment: EnvironmentId,
        values: Option<String>,
    ) -> anyhow::Result<bool> {
        self.writer
            .run_later(move |connection| set_values(connection, owner, environment, values.as_deref()))
            .await
            .context("keep private values")
    }

    async fn cookies(&self, owner: Owner) -> anyhow::Result<Option<String>> {
        let sql = format!("SELECT c.jar FROM owners o JOIN cookies c ON c.owner = o.number WHERE {OWNED}");
        self.readers
            .run(move |connection| {
                Ok(connection.prepare_cached(&sql)?.query_row(key(owner), |row| row.get(0)).optional()?)
            })
            .await
            .context("load cookies")
    }

    async fn replace_cookies(&self, owner: Owner, before: Option<String>, jar: String) -> anyhow::Result<Replaced> {
        self.writer
            .run_later(move |connection| replace_cookies(connection, owner, before.as_deref(), &jar))
            .await
            .context("keep cookies")
    }

    async fn delete_cookies(&self, owner: Owner) -> anyhow::Result<()> {
        let sql = "DELETE FROM cookies WHERE owner = ?1 AND ?2 IS NULL";
        self.writer
            .run_later(move |connection| delete(connection, sql, owner, None).map(drop))
            .await
            .context("delete cookies")
    }

    async fn forget_own(&self, owner: Owner) -> anyhow::Result<()> {
        let (workspace, user) = key(owner);
        self.writer
            .run_later(move |connection| Ok(disown(connection, workspace, Some(user))?))
            .await
            .context("take away what is a person's own")
    }

    async fn sweep_own(&self, before: OffsetDateTime) -> anyhow::Result<bool> {
        self.writer.run_later(move |connection| sweep(connection, before)).await.context("sweep")
    }
}
