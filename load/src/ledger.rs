//! What became of each edit of the run: the one account against which every session is checked.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::sync::Notify;

const UNKNOWN: u64 = 0;
const REJECTED: u64 = u64::MAX;

/// Every edit by its number. Plain atomics: each cell is written once or agrees, and sums are read when all is quiet.
pub(crate) struct Ledger {
    /// The position at which the first session saw it.
    seen_at: Vec<AtomicU64>,
    /// The position that its ack named.
    acked_at: Vec<AtomicU64>,
    sent: AtomicU64,
    answered: AtomicU64,
    last_acked: AtomicU64,
    /// Tells that an answer came.
    pub(crate) changed: Notify,
}

/// What the acks and the receivers together say at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// Edits written to a socket.
    pub(crate) sent: u64,
    /// How many were acknowledged.
    pub(crate) acked: u64,
    /// Of the acknowledged ones that somebody saw: position and number, by position.
    pub(crate) delivered: Vec<(u64, u64)>,
    /// Acknowledged and seen by nobody.
    pub(crate) vanished: u64,
    /// How many were refused.
    pub(crate) rejected: u64,
    /// Edits whose ack names another position than their receivers saw, or that were refused and yet delivered.
    pub(crate) contradicted: u64,
}

impl Ledger {
    /// Room for so many edits.
    pub(crate) fn new(edits: u64) -> Self {
        let cells = || (0..edits).map(|_| AtomicU64::new(UNKNOWN)).collect();
        Self {
            seen_at: cells(),
            acked_at: cells(),
            sent: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            last_acked: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    /// How many edits it has room for.
    pub(crate) fn len(&self) -> usize {
        self.seen_at.len()
    }

    /// An edit goes out for the first time.
    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Relaxed);
    }

    /// A session saw an edit; false when another saw it elsewhere.
    pub(crate) fn seen(&self, n: u64, position: u64) -> bool {
        self.seen_at.get(n as usize).is_some_and(|cell| {
            cell.compare_exchange(UNKNOWN, position, Relaxed, Relaxed).map_or_else(|first| first == position, |_| true)
        })
    }

    /// Where the first session saw an edit.
    pub(crate) fn position(&self, n: u64) -> Option<u64> {
        let position = self.seen_at.get(n as usize)?.load(Relaxed);
        (position != UNKNOWN).then_some(position)
    }

    /// An edit was acknowledged.
    pub(crate) fn acked(&self, n: u64, position: u64) {
        self.last_acked.fetch_max(position, Relaxed);
        self.answer(n, position);
    }

    /// An edit was refused.
    pub(crate) fn rejected(&self, n: u64) {
        self.answer(n, REJECTED);
    }

    fn answer(&self, n: u64, with: u64) {
        if let Some(cell) = self.acked_at.get(n as usize) {
            cell.store(with, Relaxed);
            self.answered.fetch_add(1, Relaxed);
            self.changed.notify_one();
        }
    }

    /// How many answers are missing of the first `edits` edits.
    pub(crate) fn unanswered(&self, edits: u64) -> u64 {
        edits.saturating_sub(self.answered.load(Relaxed))
    }

    /// The last position that an ack named.
    pub(crate) fn last_acked(&self) -> u64 {
        self.last_acked.load(Relaxed)
    }

    /// Adds it all up.
    pub(crate) fn account(&self) -> Account {
        let mut account = Account { sent: self.sent.load(Relaxed), ..Account::default() };
        for (n, (seen, acked)) in self.seen_at.iter().zip(&self.acked_at).enumerate() {
            let (seen, acked) = (seen.load(Relaxed), acked.load(Relaxed));
            match acked {
                UNKNOWN => continue,
                REJECTED => account.rejected += 1,
                _ => {
                    account.acked += 1;
                    match seen {
                        UNKNOWN => account.vanished += 1,
                        _ => account.delivered.push((seen, n as u64)),
                    }
                }
            }
            account.contradicted += u64::from(seen != UNKNOWN && seen != acked);
        }
        account.delivered.sort_unstable();
        account
    }
}
