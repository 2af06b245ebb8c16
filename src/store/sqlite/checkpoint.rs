//! Copying the write-ahead log into the database file.
//!
//! SQLite would do it within a commit, and that commit's edits would wait for the copy to be synced. Here a thread of
//! its own copies beside commits, and syncs what it copied: SQLite itself does that only when it has copied all there
//! is, which beside commits it never has. It does so little by little, because a commit's own sync waits for what the
//! disk was told before. The last bit is the writer's: only a log that is copied to its end starts again from its
//! beginning, and only the writer can hold the end still.

use anyhow::Context;
use rusqlite::Connection;
use std::{cell::Cell, fs::File, path::Path, sync::mpsc, thread};

/// The pages, 16 MiB of them, the log grows to before it starts again.
const PAGES: i32 = 4_096;

/// The pages, 1 MiB of them, that are copied at once.
const STEP: i32 = 256;

thread_local! {
    /// How many pages are in the log since this thread's last commit. SQLite's hook takes no state of its own.
    static LOGGED: Cell<i32> = const { Cell::new(0) };
}

/// The writer's end of it.
pub(super) struct Checkpoints {
    wake: Option<mpsc::Sender<()>>,
    done: mpsc::Receiver<()>,
    under_way: bool,
    /// How much of the log the thread has been given.
    given: i32,
    thread: Option<thread::JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread, with a connection of its own to the same file.
    pub(super) fn start(file: &Path) -> anyhow::Result<Self> {
        let connection = super::open_existing(file)?;
        // Open until the thread ends: to close a file gives up all locks that the process has on it.
        let database = File::open(file).with_context(|| format!("open {}", file.display()))?;
        let (wake, woken) = mpsc::channel();
        let (tell, done) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while woken.recv().is_ok() {
                    copy(&connection);
                    if let Err(error) = database.sync_data() {
                        tracing::warn!(%error, "the store's file could not be synced");
                    }
                    if tell.send(()).is_err() {
                        break;
                    }
                }
            })
            .context("start the store's checkpoints")?;
        Ok(Self { wake: Some(wake), done, under_way: false, given: 0, thread: Some(thread) })
    }

    /// Makes SQLite count instead of copying, on the thread that writes by this connection.
    pub(super) fn count(connection: &Connection) {
        connection.wal_hook(Some(|_, pages| {
            LOGGED.set(pages);
            Ok(())
        }));
    }

    /// What is due after a commit of this thread.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        let logged = LOGGED.get();
        match self.done.try_recv() {
            Err(mpsc::TryRecvError::Empty) if self.under_way => return,
            // Without the thread, all of it is the writer's.
            _ => self.under_way = false,
        }
        if logged < self.given {
            self.given = 0;
        }
        if logged >= PAGES {
            copy(connection);
        } else if logged - self.given >= STEP {
            self.given = logged;
            self.under_way = self.wake.as_ref().is_some_and(|wake| wake.send(()).is_ok());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's checkpoints panicked");
        }
    }
}

/// As much as can be copied without waiting for anybody. What is left is left to the next time.
fn copy(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the store's log could not be copied into its file");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn pages(file: &Path) -> u64 {
        std::fs::metadata(file.with_extension("sqlite3-wal")).map_or(0, |log| log.len() / 4_120)
    }

    #[test]
    fn the_log_starts_again_though_commits_never_pause() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("some.sqlite3");
        let connection = super::super::open_writer(&file)?;
        connection.execute_batch("PRAGMA synchronous = off; CREATE TABLE blobs (data BLOB)")?;
        Checkpoints::count(&connection);
        let mut checkpoints = Checkpoints::start(&file)?;
        let data = vec![7_u8; 64 << 10];
        let (mut written, mut restarts) = (0, 0);
        let until = Instant::now() + Duration::from_secs(60);
        while restarts < 3 {
            anyhow::ensure!(Instant::now() < until, "{restarts} restarts after {written} MiB in a minute");
            let before = LOGGED.get();
            connection.execute("INSERT INTO blobs VALUES (?1)", [&data])?;
            connection.execute("DELETE FROM blobs WHERE rowid % 8 = 0", [])?;
            restarts += i32::from(LOGGED.get() < before);
            checkpoints.after_commit(&connection);
            written += 1;
        }
        anyhow::ensure!(pages(&file) < 8 * PAGES as u64, "the log has {} pages", pages(&file));
        Ok(())
    }
}
