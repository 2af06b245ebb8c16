//! The tables: made and changed at start.

use super::connections::Connections;
use anyhow::Context;
use std::time::Duration;
use tokio::time::timeout;

/// The steps from an empty database to today's tables. One that was released is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/postgres/0001.sql"),
    include_str!("../migrations/postgres/0002.sql"),
    include_str!("../migrations/postgres/0003.sql"),
    include_str!("../migrations/postgres/0004.sql"),
    include_str!("../migrations/postgres/0005.sql"),
];

/// How long the steps may take, and the wait for another node that takes them.
const LIMIT: Duration = Duration::from_secs(300);

/// Whoever comes later finds the steps taken. The lock goes with the transaction, also when its node dies. Its number
/// is any that nobody else in the database uses.
const BEGIN: &str = "
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0;
    SELECT pg_advisory_xact_lock(7811883214603241);
    CREATE TABLE IF NOT EXISTS migrations (
        version BIGINT NOT NULL PRIMARY KEY,
        taken_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )";

pub(super) async fn migrate(connections: &Connections) -> anyhow::Result<()> {
    let mut connection = connections.get().await?;
    let steps = async {
        let settings = connection
            .query_one("SELECT current_setting('server_encoding'), current_setting('fsync') = 'on'", &[])
            .await?;
        let encoding: &str = settings.try_get(0)?;
        anyhow::ensure!(encoding == "UTF8", "the database's encoding is {encoding}, and has to be UTF8");
        if !settings.try_get::<_, bool>(1)? {
            tracing::warn!("PostgreSQL runs with fsync off: what it answers as written does not outlive a power cut");
        }
        let transaction = connection.transaction().await?;
        transaction.batch_execute(BEGIN).await?;
        let version: i64 =
            transaction.query_one("SELECT coalesce(max(version), 0) FROM migrations", &[]).await?.try_get(0)?;
        let taken = usize::try_from(version)?;
        anyhow::ensure!(
            taken <= MIGRATIONS.len(),
            "the database is of a newer version of Loggia: its tables are number {taken}, and this one knows {}",
            MIGRATIONS.len()
        );
        for (version, step) in (1_i64..).zip(MIGRATIONS).skip(taken) {
            transaction.batch_execute(step).await.with_context(|| format!("step {version}"))?;
            transaction.execute("INSERT INTO migrations (version) VALUES ($1)", &[&version]).await?;
        }
        transaction.commit().await?;
        Ok(())
    };
    timeout(LIMIT, steps).await.context("not done in time")?
}
