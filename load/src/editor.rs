//! The editing part of a team session: turns each number into a frame and remembers it until it is answered.

use crate::wire::{Marks, Stamp};
use std::collections::VecDeque;
use uuid::Uuid;

/// Edits a second one session sends: a margin below the 60 that the server allows it.
pub(crate) const EDITS_A_SESSION: u64 = 50;

/// The editing part of a team session.
pub(crate) struct Editor {
    pending: VecDeque<Pending>,
    filler: String,
}

struct Pending {
    op: Uuid,
    stamp: Stamp,
    frame: String,
}

impl Editor {
    /// An editor whose edits have about so many bytes of text.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { pending: VecDeque::new(), filler: filler(bytes) }
    }

    /// The frame of one edit, which from now on waits for its answer.
    pub(crate) fn send(&mut self, marks: &Marks, item: Uuid, stamp: Stamp) -> &str {
        let op = Uuid::now_v7();
        let frame = marks.edit(op, item, stamp, &self.filler);
        self.pending.push_back(Pending { op, stamp, frame });
        self.pending.back().map_or("", |pending| &pending.frame)
    }

    /// The edit that was answered, the first time it is.
    pub(crate) fn answered(&mut self, op: Uuid) -> Option<Stamp> {
        // The oldest is nearly always the one.
        let place = self.pending.iter().position(|pending| pending.op == op)?;
        self.pending.remove(place).map(|pending| pending.stamp)
    }

    /// What is still unanswered, in the order it was sent.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = &str> {
        self.pending.iter().map(|pending| pending.frame.as_str())
    }
}

/// Text of about so many bytes, as a description has; no escapes in it.
fn filler(bytes: usize) -> String {
    let sentence = "Lists what the caller may see, newest first. ";
    sentence.repeat(bytes.div_ceil(sentence.len()))
}

/// How many sessions it takes to send so many edits a second.
pub(crate) fn editors_for(edits_per_second: u64) -> usize {
    edits_per_second.div_ceil(EDITS_A_SESSION).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_answered_once_and_waits_until_then() {
        let (marks, mut editor) = (Marks::new(7), Editor::new(100));
        let stamp = Stamp { n: 4, sent_us: 1 };
        assert!(editor.send(&marks, Uuid::nil(), stamp).len() > 100);
        let op = editor.pending[0].op;
        assert_eq!(editor.unanswered().count(), 1);
        assert_eq!(editor.answered(op), Some(stamp));
        assert_eq!(editor.answered(op), None);
        assert_eq!(editor.unanswered().count(), 0);
    }

    #[test]
    fn no_editor_is_asked_for_more_than_the_server_allows() {
        assert_eq!([1, 50, 51, 500].map(editors_for), [1, 1, 2, 10]);
    }
}
