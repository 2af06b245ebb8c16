//! The one writer: a thread that owns the only connection that writes, and commits what waits in groups. What many wait
//! for (edits) goes before what one waits for (a person's history).

use super::checkpoint::Checkpoints;
use anyhow::{Context, anyhow};
use rusqlite::Connection;
use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// How many jobs may wait. Past it callers wait for room, so that a slow disk shows as latency, not as memory.
const QUEUE: usize = 4096;

/// How many jobs share a transaction at most: the first of them waits for the last.
const GROUP: usize = 1024;

/// How many jobs of `run_later` share a transaction at most: so long may an edit wait for what people keep for
/// themselves. One takes some 0.1 ms.
const LATER: usize = 16;

/// So long after one group of `run_later` the next is begun, unless it is full: what comes one by one shares commits, and
/// an edit seldom meets one that it has to wait for.
const PAUSE: Duration = Duration::from_millis(20);

/// The way to the writer's thread. Dropping it lets the thread finish what waits, and waits for that.
pub(super) struct Writer {
    queues: Option<[mpsc::Sender<Box<dyn Job>>; 2]>,
    thread: Option<thread::JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread on a connection that nobody else has, to this file.
    pub(super) fn start(connection: Connection, file: &Path) -> anyhow::Result<Self> {
        let (now, jobs_now) = mpsc::channel(QUEUE);
        let (later, jobs_later) = mpsc::channel(QUEUE);
        let jobs = Jobs { now: jobs_now, later: jobs_later, later_from: Instant::now() };
        // Nothing but waiting for either queue happens in it.
        let waiting = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .context("wait for the store's writes")?;
        let checkpoints = Checkpoints::start(file)?;
        let commits = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&commits);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&connection, checkpoints, jobs, &waiting, &counted))
            .context("start the store's writer")?;
        Ok(Self { queues: Some([now, later]), thread: Some(thread), commits })
    }

    /// Runs a job in a transaction and returns what it gave once that is durable. A job that fails is undone,
    /// alone. A caller that stops waiting does not stop its job.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.queued(0, work).await
    }

    /// The same behind what waits in [`run`](Self::run), in the order of calls.
    pub(super) async fn run_later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.queued(1, work).await
    }

    /// Work that is too long for one transaction: a step of it at a time, and what waits comes between.
    pub(super) async fn run_in_steps<T: Send + 'static>(
        &self,
        step: impl Fn(&Connection) -> anyhow::Result<ControlFlow<T>> + Clone + Send + 'static,
    ) -> anyhow::Result<T> {
        loop {
            if let ControlFlow::Break(done) = self.run_later(step.clone()).await? {
                return Ok(done);
            }
        }
    }

    async fn queued<T: Send + 'static>(
        &self,
        queue: usize,
        work: impl FnOnce(&Connection) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { work: Some(work), result: None, reply });
        let sent = match &self.queues {
            Some(queues) => queues[queue].send(job).await.is_ok(),
            None => false,
        };
        match answer.await {
            Ok(result) if sent => result,
            _ => Err(anyhow!("the store's writer has ended")),
        }
    }

    /// How many transactions were committed.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queues = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

/// A piece of work whose answer is held back until its transaction has an outcome.
trait Job: Send {
    /// Does the work; whether what it wrote is to stay.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Answers the caller. `lost` tells why the whole group was not written: then no result of its jobs holds,
    /// not even a refusal, since it may rest on a neighbour's rows.
    fn answer(self: Box<Self>, lost: Option<&str>);
}

struct Task<F, T> {
    work: Option<F>,
    result: Option<anyhow::Result<T>>,
    reply: oneshot::Sender<anyhow::Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> anyhow::Result<T> + Send> Job for Task<F, T> {
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<&str>) {
        let result = match (lost, self.result) {
            (None, Some(result)) => result,
            (lost, _) => Err(anyhow!("the transaction was not committed: {}", lost.unwrap_or("not run"))),
        };
        // Nobody listens when the caller gave up; what it asked for is done all the same.
        let _ = self.reply.send(result);
    }
}

/// What waits.
struct Jobs {
    now: mpsc::Receiver<Box<dyn Job>>,
    later: mpsc::Receiver<Box<dyn Job>>,
    /// When the next group of `later` may begin.
    later_from: Instant,
}

impl Jobs {
    /// Waits for the next group. False once there will be none.
    async fn next(&mut self, group: &mut Vec<Box<dyn Job>>) -> bool {
        let (now, later) = (&mut self.now, &mut self.later);
        let from = if later.len() < LATER { self.later_from } else { Instant::now() };
        let is_later = tokio::select! {
            biased;
            Some(job) = now.recv() => { group.push(job); false }
            Some(job) = async { sleep_until(from).await; later.recv().await } => { group.push(job); true }
            else => return false,
        };
        let take = |queue: &mut mpsc::Receiver<Box<dyn Job>>, most: usize| {
            std::iter::from_fn(|| queue.try_recv().ok()).take(most).collect::<Vec<_>>()
        };
        if !is_later {
            group.append(&mut take(now, GROUP - 1));
        }
        if is_later || from <= Instant::now() {
            group.append(&mut take(later, LATER - usize::from(is_later)));
            self.later_from = Instant::now() + PAUSE;
        }
        true
    }
}

fn write_all(
    connection: &Connection,
    mut checkpoints: Checkpoints,
    mut jobs: Jobs,
    waiting: &tokio::runtime::Runtime,
    commits: &AtomicU64,
) {
    Checkpoints::count(connection);
    let mut group = Vec::new();
    while waiting.block_on(jobs.next(&mut group)) {
        let lost = commit(connection, &mut group).err().map(|error| format!("{error:#}"));
        match &lost {
            None => {
                commits.fetch_add(1, Ordering::Relaxed);
            }
            Some(error) => {
                tracing::error!(error, jobs = group.len(), "the store lost a transaction")
            }
        }
        for job in group.drain(..) {
            job.answer(lost.as_deref());
        }
        checkpoints.after_commit(connection);
    }
}

/// All jobs in one transaction, so that they share one fsync.
fn commit(connection: &Connection, group: &mut [Box<dyn Job>]) -> anyhow::Result<()> {
    // IMMEDIATE: another process may be writing. This waits for it, while a read that later became a write
    // would fail at once if the other had committed in between.
    execute(connection, "BEGIN IMMEDIATE").context("begin")?;
    let outcome = run_each(connection, group).and_then(|()| execute(connection, "COMMIT").context("commit"));
    // Some errors (a full disk, for one) make SQLite roll back by itself.
    if outcome.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK").context("roll back")?;
    }
    outcome
}

fn run_each(connection: &Connection, group: &mut [Box<dyn Job>]) -> anyhow::Result<()> {
    for job in group {
        execute(connection, "SAVEPOINT job").context("set a savepoint")?;
        if !job.run(connection) {
            // Without this, the jobs that follow would each commit alone, outside any transaction.
            anyhow::ensure!(!connection.is_autocommit(), "SQLite rolled the transaction back");
            execute(connection, "ROLLBACK TO job").context("undo a job")?;
        }
        execute(connection, "RELEASE job").context("release a savepoint")?;
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
