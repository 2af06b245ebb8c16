//! What all judges of a run share: who the partners are, what became of the edits, and how long they took.

use crate::ledger::Ledger;
use crate::wire::Marks;
use hdrhistogram::Histogram;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use uuid::Uuid;

/// Histograms to spread the sessions over, so that worker threads don't queue for one.
const SHARDS: usize = 16;

/// What all checkers of a run share.
pub(crate) struct World {
    /// The run's marks.
    pub(crate) marks: Marks,
    /// Every partner's account and number: what must not turn up at another partner.
    pub(crate) people: HashMap<Uuid, u32>,
    /// What became of each edit.
    pub(crate) ledger: Ledger,
    /// Whose the partner sessions are, by session id, as their welcomes tell.
    pub(crate) sessions: RwLock<HashMap<String, u32>>,
    latency: [Mutex<Histogram<u64>>; SHARDS],
}

impl World {
    /// Room for `edits` edits.
    pub(crate) fn new(marks: Marks, people: HashMap<Uuid, u32>, edits: u64) -> anyhow::Result<Self> {
        // Three digits, up to a minute: beyond that the exact figure says no more than "a minute".
        let histogram = Histogram::new_with_bounds(1, 60_000_000, 3)?;
        let latency = std::array::from_fn(|_| Mutex::new(histogram.clone()));
        Ok(Self { marks, people, ledger: Ledger::new(edits), sessions: RwLock::default(), latency })
    }

    /// An edit took so long to session number `index`.
    pub(crate) fn took(&self, index: usize, latency_us: u64) {
        let mut shard = self.latency[index % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        shard.saturating_record(latency_us);
    }

    /// All latencies so far, in microseconds.
    pub(crate) fn latency(&self) -> anyhow::Result<Histogram<u64>> {
        let mut all = Histogram::new_with_bounds(1, 60_000_000, 3)?;
        for shard in &self.latency {
            all.add(&*shard.lock().unwrap_or_else(PoisonError::into_inner))?;
        }
        Ok(all)
    }
}
