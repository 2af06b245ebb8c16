//! What PostgreSQL alone has: a server that restarts, stalls, is shared.

use crate::common::postgres::{Cluster, execute};
use crate::common::{TestServer, new_id};
use bytes::Bytes;
use futures_util::future::join_all;
use loggia::config::{SecretUrl, StoreOptions};
use loggia::id::{Epoch, OpId, UserId, WorkspaceId};
use loggia::server::open_store;
use loggia::store::own::Own;
use loggia::store::postgres::Postgres;
use loggia::store::{Answer, Append, AppendError, Record, Store, Stream, now_utc};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a call may take when the server is away: as long as it waits for a connection and for an answer, and some more.
const LIMIT: Duration = Duration::from_secs(10);

struct Log {
    workspace: WorkspaceId,
    epoch: Epoch,
    author: UserId,
}

impl Log {
    fn new() -> Self {
        Self { workspace: WorkspaceId::new(), epoch: Epoch::new(), author: UserId::new() }
    }

    /// Edits of one event each.
    fn edits(&self, after: u64, ops: &[OpId]) -> Append {
        let record = |(sequence, op): (u64, &OpId)| Record {
            sequence,
            epoch: self.epoch,
            stream: Stream::Shared,
            position: sequence,
            at: now_utc(),
            author: self.author,
            op: Some(*op),
            body: Bytes::from_static(b"{\"kind\":\"item_updated\"}"),
        };
        let answer = |(position, op): (u64, &OpId)| Answer { author: self.author, op: *op, position };
        let numbered = || (after + 1..).zip(ops);
        Append {
            workspace: self.workspace,
            after,
            records: numbered().map(record).collect(),
            answers: numbered().map(answer).collect(),
            index: Vec::new(),
        }
    }

    async fn head(&self, store: &dyn Store) -> u64 {
        let log = store.load_log(self.workspace, 0, usize::MAX).await.unwrap();
        for (n, record) in (1..).zip(&log) {
            assert_eq!(record.sequence, n, "the log is dense");
        }
        log.len() as u64
    }
}

#[tokio::test]
async fn after_a_restart_of_the_server_the_next_call_works() {
    let mut cluster = Cluster::start(&[]);
    let store = Postgres::open(&cluster.new_database().await).await.unwrap();
    let log = Log::new();
    // Several connections, all of which break.
    join_all((0..8).map(|_| store.has_team())).await;
    for round in 0..3 {
        store.append(log.edits(round, &[OpId::new()])).await.unwrap();
        cluster.halt();
        if round == 1 {
            assert!(store.check().await.is_err());
            assert!(matches!(store.append(log.edits(9, &[OpId::new()])).await, Err(AppendError::Unavailable(_))));
        }
        cluster.resume();
        assert_eq!(log.head(&store).await, round + 1);
    }
    store.check().await.unwrap();
}

#[tokio::test]
async fn connections_that_broke_unseen_are_replaced() {
    let cluster = Cluster::shared();
    let url = cluster.new_database().await;
    let store = Postgres::open(&url).await.unwrap();
    let log = Log::new();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for round in 0..20 {
        join_all((0..4).map(|_| store.has_team())).await.into_iter().for_each(|asked| assert!(!asked.unwrap()));
        execute(&url, cut).await;
        assert!(!store.has_team().await.unwrap());
        store.append(log.edits(round, &[OpId::new()])).await.unwrap();
    }
    assert_eq!(log.head(&store).await, 20);
}

#[tokio::test]
async fn a_server_that_stalls_holds_up_no_call_for_long() {
    let cluster = Cluster::start(&[]);
    let store = Postgres::open(&cluster.new_database().await).await.unwrap();
    let (log, op) = (Log::new(), OpId::new());
    store.append(log.edits(0, &[OpId::new()])).await.unwrap();
    cluster.signal("STOP");
    let begun = Instant::now();
    // More than there are connections: some wait for a connection, some for an answer.
    let reads = join_all((0..40).map(|_| store.workspace_exists(log.workspace)));
    let credentials = join_all((0..1_000).map(|_| store.find_credential([7; 32], now_utc())));
    let (append, reads, credentials) = tokio::join!(store.append(log.edits(1, &[op])), reads, credentials);
    assert!(matches!(append, Err(AppendError::Unavailable(_))));
    assert!(reads.iter().all(Result::is_err));
    assert!(credentials.iter().all(Result::is_err));
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert!(store.check().await.is_err());
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    cluster.signal("CONT");

    assert!(store.workspace_exists(log.workspace).await.unwrap());
    assert_eq!(store.find_credential([7; 32], now_utc()).await.unwrap(), None);
    // What was under way may have been written after all: it was in doubt, and now is known.
    let mut head = log.head(&store).await;
    match store.append(log.edits(head, &[op])).await {
        Ok(()) => head += 1,
        Err(AppendError::Repeated(answers)) => assert_eq!(answers, log.edits(1, &[op]).answers),
        Err(AppendError::Conflict) => head += 1,
        Err(error) => panic!("{error:#}"),
    }
    assert_eq!((head, log.head(&store).await), (2, 2));
}

#[tokio::test]
async fn a_look_up_of_a_credential_waits_for_none_that_hangs() {
    let url = Cluster::shared().new_database().await;
    let store = Arc::new(Postgres::open(&url).await.unwrap());
    let until = |locks: &str, count: u32| {
        let of_credentials = "FROM pg_locks WHERE relation = 'credentials'::regclass";
        format!(
            "DO $$ BEGIN
                 WHILE (SELECT count(*) {of_credentials} AND {locks}) < {count} LOOP PERFORM pg_sleep(0.01); END LOOP;
             END $$;"
        )
    };
    // More than may be under way at once, unless what hangs is not counted.
    let held =
        format!("SET statement_timeout = '30s'; BEGIN; LOCK TABLE credentials; {} COMMIT", until("NOT granted", 5));
    let holder = tokio::spawn({
        let url = url.clone();
        async move { execute(&url, &held).await }
    });
    execute(&url, &until("granted", 1)).await;
    let mut asked = Vec::new();
    for hanging in 1..=5 {
        let store = Arc::clone(&store);
        asked.push(tokio::spawn(async move { store.find_credential([7; 32], now_utc()).await }));
        // Each in a statement of its own.
        if hanging < 5 {
            execute(&url, &until("NOT granted", hanging)).await;
        }
    }
    holder.await.unwrap();
    for found in asked {
        assert_eq!(found.await.unwrap().unwrap(), None);
    }
}

#[tokio::test]
async fn a_statement_that_waits_for_long_is_given_up_and_does_nothing() {
    let url = Cluster::shared().new_database().await;
    let store = Postgres::open(&url).await.unwrap();
    let log = Log::new();
    store.append(log.edits(0, &[OpId::new()])).await.unwrap();
    let (held, held_url) = (tokio::sync::oneshot::channel::<()>(), url.clone());
    let holder = tokio::spawn(async move {
        let sql = "BEGIN; LOCK TABLE workspaces; SELECT pg_sleep(6); COMMIT";
        held.0.send(()).unwrap();
        execute(&held_url, sql).await;
    });
    held.1.await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let append = store.append(log.edits(1, &[OpId::new()])).await;
    let Err(AppendError::Unavailable(error)) = append else { panic!("written under a lock") };
    assert!(format!("{error:#}").contains("timeout"), "{error:#}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    holder.await.unwrap();
    assert_eq!(log.head(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_append_to_one_workspace_keep_it_dense() {
    let url = Cluster::shared().new_database().await;
    let stores = [Postgres::open(&url).await.unwrap(), Postgres::open(&url).await.unwrap()];
    let log = Log::new();
    let ops: Vec<OpId> = (0..60).map(|_| OpId::new()).collect();
    // Both write the same edits, in their own order, three at a time: each is written by one of them.
    let write = async |store: &Postgres, mut ops: Vec<OpId>| {
        let mut head = 0;
        let mut conflicts = 0;
        while !ops.is_empty() {
            let batch = &ops[..ops.len().min(3)];
            match store.append(log.edits(head, batch)).await {
                Ok(()) => {
                    head += batch.len() as u64;
                    ops.drain(..batch.len());
                }
                Err(AppendError::Conflict) => {
                    conflicts += 1;
                    head = log.head(store).await;
                }
                Err(AppendError::Repeated(answers)) => {
                    assert!(!answers.is_empty());
                    ops.retain(|op| answers.iter().all(|answer| answer.op != *op));
                }
                Err(error) => panic!("{error:#}"),
            }
        }
        conflicts
    };
    let reversed = ops.iter().rev().copied().collect();
    let conflicts = tokio::join!(write(&stores[0], ops.clone()), write(&stores[1], reversed));
    assert!(conflicts.0 + conflicts.1 > 0, "they were at it at once");
    assert_eq!(log.head(&stores[0]).await, 60);
    let answers = join_all(ops.iter().map(|op| stores[1].find_answer(log.workspace, log.author, *op))).await;
    let mut positions: Vec<u64> = answers.into_iter().map(|answer| answer.unwrap().unwrap().position).collect();
    positions.sort_unstable();
    assert!(positions.into_iter().eq(1..=60));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_may_be_opened_by_three_at_once() {
    for _ in 0..5 {
        let url = Cluster::shared().new_database().await;
        let stores = join_all((0..3).map(|_| Postgres::open(&url))).await;
        for store in stores {
            store.unwrap().check().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_run_that_a_node_of_before_adds_was_just_heard_of() {
    let url = Cluster::shared().new_database().await;
    let store = Postgres::open(&url).await.unwrap();
    let old =
        "WITH o AS (INSERT INTO owners (workspace, account) VALUES (gen_random_uuid(), gen_random_uuid()) RETURNING number)
         INSERT INTO runs (owner, id, iterations, started_at, state) SELECT number, gen_random_uuid(), 1, 0, 'running' FROM o";
    execute(&url, old).await;
    assert!(store.abort_runs(now_utc() - Duration::from_secs(3_600)).await.unwrap().is_empty());
    assert_eq!(store.abort_runs(now_utc() + Duration::from_secs(3_600)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let url = Cluster::shared().new_database().await;
    drop(Postgres::open(&url).await.unwrap());
    execute(&url, "INSERT INTO migrations (version) VALUES (1000)").await;
    let error = format!("{:#}", Postgres::open(&url).await.err().unwrap());
    assert!(error.contains("newer version") && error.contains("1000"), "{error}");
}

#[tokio::test]
async fn a_database_that_can_be_read_only_fails_its_check() {
    let url = Cluster::shared().new_database().await;
    let store = Postgres::open(&url).await.unwrap();
    store.check().await.unwrap();
    execute(&url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$").await;
    execute(&url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    assert!(store.check().await.is_err());
    assert!(!store.has_team().await.unwrap());
}

#[tokio::test]
async fn what_is_answered_as_written_is_on_disk_whatever_the_databases_settings() {
    let url = Cluster::shared().new_database().await;
    execute(
        &url,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
    )
    .await;
    let store = Postgres::open(&url).await.unwrap();
    // A trigger sees the setting of the connection that writes.
    execute(
        &url,
        "CREATE TABLE seen (setting TEXT);
         CREATE FUNCTION see() RETURNS TRIGGER LANGUAGE plpgsql AS
         'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END';
         CREATE TRIGGER see AFTER INSERT ON events EXECUTE FUNCTION see()",
    )
    .await;
    store.append(Log::new().edits(0, &[OpId::new()])).await.unwrap();
    execute(&url, "DO $$ BEGIN ASSERT (SELECT array_agg(setting) FROM seen) = ARRAY['on'], 'not on'; END $$").await;
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_crash_of_the_server() {
    let mut cluster = Cluster::start(&[]);
    let store = Postgres::open(&cluster.new_database().await).await.unwrap();
    let log = Log::new();
    for after in 0..50 {
        store.append(log.edits(after, &[OpId::new()])).await.unwrap();
    }
    cluster.halt();
    cluster.resume();
    assert_eq!(log.head(&store).await, 50);
}

#[tokio::test]
async fn a_url_that_is_wrong_is_refused_and_not_repeated() {
    for url in [
        "",
        "mysql://loggia:s3cret@localhost/loggia",
        "host=localhost password=s3cret",
        "postgres://loggia:s3cret@localhost:port/loggia",
        "postgres://loggia:s3?cret=1@localhost/loggia",
        "postgres://loggia:s3cret@localhost/loggia?sslmode=sometimes",
        // Right, and nobody there.
        "postgres://loggia:s3cret@127.0.0.1:1/loggia",
        // TLS is not to be had at the test's server.
        &format!("{}?sslmode=require", Cluster::shared().url("postgres").replace("loggia@", "loggia:s3cret@")),
    ] {
        let options = StoreOptions {
            database_url: Some(SecretUrl(url.to_owned())),
            ..StoreOptions::folder(std::path::Path::new("/nowhere"))
        };
        let shown = format!("{options:?} {:?}", open_store(&options).await.err().unwrap());
        assert!(shown.contains("--database-url") && !shown.contains("s3"), "{shown}");
    }
}

#[tokio::test]
async fn a_backup_is_pg_dumps_work() {
    let store = Postgres::open(&Cluster::shared().new_database().await).await.unwrap();
    let error = store.backup(std::path::Path::new("/nowhere/copy")).await.unwrap_err();
    assert!(error.to_string().contains("pg_dump"), "{error}");
}

#[tokio::test]
async fn an_edit_works_at_once_after_the_database_was_away() {
    let mut cluster = Cluster::start(&[]);
    let url = cluster.new_database().await;
    let store = Arc::new(Postgres::open(&url).await.unwrap());
    let server = TestServer::with(store, tempfile::tempdir().unwrap()).await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    cluster.halt();
    let changes = json!([{"kind": "item_update", "id": request, "patch": {"name": "Meanwhile"}}]);
    let path = format!("/v1/workspaces/{workspace}/changes");
    let away = server.admin.post(&path, json!({"op": new_id(), "changes": changes})).await;
    away.refused(503, "unavailable");
    assert!(away.headers.contains_key("retry-after"));
    // Who was here a moment ago can still read.
    server.admin.get(&format!("/v1/workspaces/{workspace}")).await.expect(200);
    cluster.resume();
    server.admin.collection(&workspace).await;
}
