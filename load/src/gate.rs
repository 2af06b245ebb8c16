//! A gate that opens once everybody who holds a ticket has come through: how a story waits for its sessions.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Counts tickets down.
pub(crate) struct Gate {
    left: AtomicUsize,
    failures: Mutex<Vec<String>>,
    changed: Notify,
}

/// One session's. Dropped unused, it counts as a failure: no session can keep a story waiting by ending.
pub(crate) struct Ticket {
    gate: Option<Arc<Gate>>,
}

impl Gate {
    /// A gate for so many.
    pub(crate) fn new(tickets: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(tickets), failures: Mutex::default(), changed: Notify::new() })
    }

    /// A ticket; the caller hands out as many as the gate was made for.
    pub(crate) fn ticket(self: &Arc<Self>) -> Ticket {
        Ticket { gate: Some(self.clone()) }
    }

    /// How many are missing.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Relaxed)
    }

    /// What went wrong so far, a line each.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for all, but not for longer than this; whether all came through.
    pub(crate) async fn wait(&self, patience: Duration) -> bool {
        let all = async {
            while self.left() > 0 {
                self.changed.notified().await;
            }
        };
        timeout(patience, all).await.is_ok() && self.failures().is_empty()
    }
}

impl Ticket {
    /// Comes through.
    pub(crate) fn pass(mut self) {
        if let Some(gate) = self.gate.take() {
            gate.left.fetch_sub(1, Relaxed);
            gate.changed.notify_one();
        }
    }

    /// Won't come through.
    pub(crate) fn fail(self, why: String) {
        if let Some(gate) = &self.gate {
            gate.failures.lock().unwrap_or_else(PoisonError::into_inner).push(why);
        }
        self.pass();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.gate.is_some() {
            Self { gate: self.gate.take() }.fail("a session ended".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_gate_opens_when_all_have_come_through() {
        let gate = Gate::new(2);
        let (one, two) = (gate.ticket(), gate.ticket());
        one.pass();
        assert_eq!(gate.left(), 1);
        assert!(!gate.wait(Duration::from_millis(1)).await);
        two.pass();
        assert!(gate.wait(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn a_ticket_that_is_lost_keeps_nobody_waiting() {
        let gate = Gate::new(1);
        drop(gate.ticket());
        assert!(!gate.wait(Duration::from_secs(5)).await);
        assert_eq!((gate.left(), gate.failures().len()), (0, 1));
    }
}
