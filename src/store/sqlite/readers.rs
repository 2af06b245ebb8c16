//! The connections that read. In WAL mode they wait for no writer and no writer waits for them.

use anyhow::Context;
use rusqlite::Connection;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// How many reads go on at once. They come mostly from the page cache, so few connections serve many callers.
const READERS: usize = 4;

/// A small pool, opened as it is needed.
pub(super) struct Readers {
    file: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, idle: Arc::default(), turns: Arc::new(Semaphore::new(READERS)) }
    }

    /// Runs a read off the runtime's threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        // The turn goes along into the closure: when the caller gives up, the connection is still in use.
        let turn = Arc::clone(&self.turns).acquire_owned().await.context("wait for a connection")?;
        let idle = Arc::clone(&self.idle);
        let file = self.file.clone();
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let waiting = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match waiting {
                Some(connection) => connection,
                None => super::open_reader(&file)?,
            };
            let result = work(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        })
        .await
        .context("run a read")?
    }
}
