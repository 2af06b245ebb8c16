//! The threads on which requests are sent. Handshakes, decoding and redaction take what edits and their deliveries leave
//! of the machine: where the system can tell threads apart (Linux), these stand behind all others.

use crate::workspace::problem::{Code, Problem};
use anyhow::Context;
use std::future::Future;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// How far behind who starts them.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;
/// The lowest priority there is.
#[cfg(target_os = "linux")]
const LEAST: i32 = 19;

/// A runtime beside the server's own.
pub struct Threads {
    /// Until it is dropped.
    runtime: Option<Runtime>,
}

impl Threads {
    /// As many as cores.
    ///
    /// # Errors
    /// When the system has no more threads or descriptors.
    pub fn start() -> anyhow::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.thread_name("call").enable_all();
        #[cfg(target_os = "linux")]
        builder.on_thread_start(stand_behind()?);
        Ok(Self { runtime: Some(builder.build().context("starting the threads on which requests are sent")?) })
    }

    /// Carries this out there. Who drops it ends it.
    ///
    /// # Errors
    /// Its own, and `unavailable` when it panicked or the server ends.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let runtime = self.runtime.as_ref().ok_or(Code::Unavailable)?;
        AbortOnDropHandle::new(runtime.spawn(work)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request was not carried out");
            Err(Code::Unavailable.into())
        })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // The last to let go may be a task of the other runtime, which must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What each of them does first. It sets the calling thread's priority here; elsewhere it would be the whole process's. Threads
/// inherit it from the one that starts them, so it is the same for all, and not so much less each time.
#[cfg(target_os = "linux")]
fn stand_behind() -> anyhow::Result<impl Fn() + Send + Sync> {
    let nice = rustix::process::getpriority_process(None).context("reading this thread's priority")? + BEHIND;
    Ok(move || {
        if let Err(error) = rustix::process::setpriority_process(None, nice.min(LEAST)) {
            tracing::warn!(%error, "requests are sent with the priority of edits");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::sync::oneshot;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_is_carried_out_stands_behind_everything_else() -> anyhow::Result<()> {
        let priority = || rustix::process::getpriority_process(None);
        let threads = Threads::start()?;
        assert_eq!(threads.run(async move { Ok(priority()) }).await??, (priority()? + BEHIND).min(LEAST));
        let blocking = async move { Ok(tokio::task::spawn_blocking(priority).await) };
        assert_eq!(threads.run(blocking).await???, (priority()? + BEHIND).min(LEAST), "look-ups, too");
        Ok(())
    }

    #[tokio::test]
    async fn who_goes_away_ends_it() -> anyhow::Result<()> {
        let threads = Threads::start()?;
        let (begin, begun) = oneshot::channel();
        let (held, end) = oneshot::channel::<()>();
        let work = threads.run(async move {
            let _held = held;
            let _ = begin.send(());
            pending().await
        });
        tokio::select! {
            never = work => never?,
            begun = begun => begun?,
        }
        // Dropped with what was carried out.
        assert!(end.await.is_err());
        Ok(())
    }

    #[tokio::test]
    async fn what_panics_is_unavailable() -> anyhow::Result<()> {
        let panicked = Threads::start()?.run(async { if true { panic!("a fault") } else { Ok(()) } }).await;
        assert_eq!(panicked.map_err(|problem| problem.code), Err(Code::Unavailable));
        Ok(())
    }
}
