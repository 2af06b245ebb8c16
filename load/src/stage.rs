//! What all sessions of a run share, and what each of them is to do.

use crate::connect::Target;
use crate::editor::Editor;
use crate::wall::Viewer;
use crate::wire::Positions;
use crate::world::World;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use uuid::Uuid;

/// What the run is at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    /// Sessions open.
    Opening,
    /// Edits flow, from this moment on.
    Running(Instant),
    /// All edits are answered; this is the shared position that everybody must reach.
    Settling(u64),
    /// It is over.
    Closing,
}

/// What all sessions of a run share beside the checkers' world.
pub(crate) struct Stage {
    /// The checkers' world.
    pub(crate) world: Arc<World>,
    /// The zero of all stamps.
    pub(crate) clock: Instant,
    /// Where sessions go.
    pub(crate) target: Target,
    /// Requests to look at and edit.
    pub(crate) items: Vec<Uuid>,
    /// How long edits flow.
    pub(crate) duration: Duration,
    /// How many may be opening at once.
    pub(crate) doors: Semaphore,
    /// Sessions that are seated.
    pub(crate) seated: AtomicUsize,
    /// Sessions that have seen all, or given up.
    pub(crate) settled: AtomicUsize,
    /// Tells that one of the two grew.
    pub(crate) progress: Notify,
}

impl Stage {
    /// Microseconds since the zero.
    pub(crate) fn now_us(&self) -> u64 {
        self.clock.elapsed().as_micros() as u64
    }

    /// One more session came so far.
    pub(crate) fn step(&self, count: &AtomicUsize) {
        count.fetch_add(1, Relaxed);
        self.progress.notify_one();
    }
}

/// Who a session is and what it will do.
pub(crate) struct Plan {
    /// Its number.
    pub(crate) index: usize,
    /// Through whose eyes it sees.
    pub(crate) viewer: Viewer,
    /// Its person's token.
    pub(crate) token: Arc<str>,
    /// Where it starts.
    pub(crate) from: Positions,
    /// Whether it changes its presence now and then.
    pub(crate) restless: bool,
    /// Whether it leaves and comes back once.
    pub(crate) leaves: bool,
    /// The edits it sends.
    pub(crate) editor: Option<Editor>,
    /// Its own chance.
    pub(crate) chance: fastrand::Rng,
}
