//! Frames that were judged already. Everybody gets the same bytes for the same event, so one judgement does for all who
//! get exactly these bytes where they expect this event. Only what harms nobody is kept: a verdict that depends on
//! who looks is no verdict for others.

use crate::wire::Stamp;
use arc_swap::ArcSwapOption;

/// So many events back: a session further behind judges for itself.
const KEPT: usize = 1_024;

/// The latest judgements, by position in the shared stream.
pub(crate) struct Judged {
    slots: Vec<ArcSwapOption<Verdict>>,
}

struct Verdict {
    position: u64,
    frame: Box<[u8]>,
    stamp: Stamp,
}

impl Judged {
    /// No judgement so far.
    pub(crate) fn new() -> Self {
        Self { slots: (0..KEPT).map(|_| ArcSwapOption::empty()).collect() }
    }

    /// The edit in these bytes, if they are the event at this position as it was judged to be harmless.
    pub(crate) fn recall(&self, position: u64, frame: &[u8]) -> Option<Stamp> {
        let slot = self.slots[position as usize % KEPT].load();
        let verdict = slot.as_ref()?;
        (verdict.position == position && *verdict.frame == *frame).then_some(verdict.stamp)
    }

    /// Keeps a judgement: this frame is the event at this position, has this edit, and may be seen by everybody.
    pub(crate) fn keep(&self, position: u64, frame: &[u8], stamp: Stamp) {
        let slot = &self.slots[position as usize % KEPT];
        // The first frame of a position stays: two that differ must not push each other out.
        if slot.load().as_ref().is_none_or(|verdict| verdict.position < position) {
            slot.store(Some(std::sync::Arc::new(Verdict { position, frame: frame.into(), stamp })));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { n: 3, sent_us: 40 };

    #[test]
    fn only_the_same_bytes_at_the_same_position_are_recalled() {
        let judged = Judged::new();
        assert_eq!(judged.recall(7, b"frame"), None);
        judged.keep(7, b"frame", STAMP);
        assert_eq!(judged.recall(7, b"frame"), Some(STAMP));
        assert_eq!(judged.recall(7, b"frame!"), None);
        assert_eq!(judged.recall(7, b"framf"), None);
        assert_eq!(judged.recall(8, b"frame"), None);
        assert_eq!(judged.recall(7 + KEPT as u64, b"frame"), None);
    }

    #[test]
    fn a_later_event_takes_the_place_of_an_old_one_and_never_the_other_way_round() {
        let judged = Judged::new();
        judged.keep(7 + KEPT as u64, b"late", STAMP);
        judged.keep(7, b"old", STAMP);
        assert_eq!(judged.recall(7, b"old"), None);
        assert_eq!(judged.recall(7 + KEPT as u64, b"late"), Some(STAMP));
    }
}
