//! The editors: one pacer that hands out edit numbers at even distances, and in some team sessions an editor that turns
//! each into a frame and remembers it until it is answered.

use crate::wire::{Marks, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

/// Edits a second one session sends: a margin below the 60 that the server allows it.
pub(crate) const EDITS_A_SESSION: u64 = 50;

/// The editing part of a team session.
pub(crate) struct Editor {
    numbers: mpsc::UnboundedReceiver<u64>,
    pending: BTreeMap<u64, (Uuid, String)>,
    filler: String,
}

impl Editor {
    /// An editor, and where to put the numbers of its edits.
    pub(crate) fn new() -> (mpsc::UnboundedSender<u64>, Self) {
        let (numbers, receiver) = mpsc::unbounded_channel();
        // About what a description has; no escapes in it.
        let filler = "Lists what the caller may see, newest first. ".repeat(4);
        (numbers, Self { numbers: receiver, pending: BTreeMap::new(), filler })
    }

    /// The frame of one edit, which from now on waits for its answer.
    pub(crate) fn send(&mut self, marks: &Marks, item: Uuid, stamp: Stamp) -> String {
        let op = Uuid::now_v7();
        let frame = marks.edit(op, item, stamp, &self.filler);
        self.pending.insert(stamp.n, (op, frame.clone()));
        frame
    }

    /// The number of the edit that was answered, the first time it is.
    pub(crate) fn answered(&mut self, op: Uuid) -> Option<u64> {
        // The oldest is nearly always the one.
        let n = self.pending.iter().find_map(|(n, (pending, _))| (*pending == op).then_some(*n))?;
        self.pending.remove(&n);
        Some(n)
    }

    /// What is still unanswered, in the order it was sent.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = String> + '_ {
        self.pending.values().map(|(_, frame)| frame.clone())
    }
}

/// The number of the next edit that a session is to send; never, when it has no editor.
pub(crate) async fn next(editor: &mut Option<Editor>) -> u64 {
    let number = match editor {
        Some(editor) => editor.numbers.recv().await,
        None => None,
    };
    match number {
        Some(number) => number,
        None => std::future::pending().await,
    }
}

/// How many sessions it takes to send so many edits a second.
pub(crate) fn editors_for(edits_per_second: u64) -> usize {
    edits_per_second.div_ceil(EDITS_A_SESSION).max(1) as usize
}

/// Hands out `edits` numbers, evenly spaced, in turn. Answers how far it fell behind its own schedule at worst: when that
/// is more than a few milliseconds, the harness had no CPU left and the latencies say little about the server.
pub(crate) async fn pace(
    start: Instant,
    edits: u64,
    edits_per_second: u64,
    editors: &[mpsc::UnboundedSender<u64>],
) -> Duration {
    let mut worst = Duration::ZERO;
    for n in 0..edits {
        let due = start + Duration::from_micros(n * 1_000_000 / edits_per_second);
        sleep_until(due).await;
        worst = worst.max(due.elapsed());
        // A session that has given up has dropped its end; its edits count as unanswered.
        let _ = editors[n as usize % editors.len()].send(n);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_answered_once_and_waits_until_then() {
        let (marks, (_numbers, mut editor)) = (Marks::new(7), Editor::new());
        editor.send(&marks, Uuid::nil(), Stamp { n: 4, sent_us: 1 });
        let op = editor.pending[&4].0;
        assert_eq!(editor.unanswered().count(), 1);
        assert_eq!(editor.answered(op), Some(4));
        assert_eq!(editor.answered(op), None);
        assert_eq!(editor.unanswered().count(), 0);
    }

    #[test]
    fn no_editor_is_asked_for_more_than_the_server_allows() {
        assert_eq!([1, 50, 51, 500].map(editors_for), [1, 1, 2, 10]);
    }
}
