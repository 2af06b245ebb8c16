//! How long things took: one histogram, in shards, so that worker threads don't queue for it.

use hdrhistogram::Histogram;
use std::sync::{Mutex, PoisonError};

/// Threads that record at once rarely meet in one of so many.
const SHARDS: usize = 16;
/// Three digits, up to a minute: beyond that the exact figure says no more than "a minute".
const LONGEST_US: u64 = 60_000_000;

/// A histogram of microseconds, and a count of what was counted without being timed, too.
pub(crate) struct Latency {
    shards: [Mutex<Shard>; SHARDS],
}

struct Shard {
    histogram: Histogram<u64>,
    count: u64,
}

/// An empty histogram of microseconds.
pub(crate) fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST_US, 3)?)
}

impl Latency {
    /// Nothing so far.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let empty = histogram()?;
        let shard = |_| Mutex::new(Shard { histogram: empty.clone(), count: 0 });
        Ok(Self { shards: std::array::from_fn(shard) })
    }

    /// Session number `index` got something, after so many microseconds if that is a measure of the server.
    pub(crate) fn record(&self, index: usize, took_us: Option<u64>) {
        let mut shard = self.shards[index % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        shard.count += 1;
        if let Some(took_us) = took_us {
            shard.histogram.saturating_record(took_us);
        }
    }

    /// How many so far, timed or not.
    pub(crate) fn count(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).count).sum()
    }

    /// All so far. Two of these, subtracted, are what came between.
    pub(crate) fn so_far(&self) -> anyhow::Result<Histogram<u64>> {
        let mut all = histogram()?;
        for shard in &self.shards {
            all.add(&shard.lock().unwrap_or_else(PoisonError::into_inner).histogram)?;
        }
        Ok(all)
    }
}
