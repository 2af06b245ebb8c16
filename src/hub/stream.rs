//! A log of ready frames in memory, addressed by byte: what all its readers share.
//!
//! A reader has one number, the byte it has come to. One that falls off the ring is told so and is caught up from
//! the store; the ring never keeps anything for it.

use crate::id::Position;
use crate::visibility::Frame;
use crate::workspace::{Audience, Positions};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Bytes of frames that a ring keeps.
pub const RING_BYTES: u64 = 8 * 1_024 * 1_024;

/// What a frame in the ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The event at a position of an audience's stream.
    Event(Audience, Position),
    /// Presence: it has no position and can't be resumed.
    Presence,
}

#[derive(Debug)]
struct Entry {
    start: u64,
    frame: Frame,
    kind: Kind,
    /// How far the streams have come with this frame.
    positions: Positions,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    end: u64,
}

/// A log of frames in memory.
#[derive(Debug)]
pub struct Stream {
    ring: Mutex<Ring>,
    end: watch::Sender<u64>,
}

/// The frames after a place.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// In order.
    pub frames: Vec<Frame>,
    /// The place after them.
    pub cursor: u64,
    /// How far the streams have come with them; None when there are none.
    pub positions: Option<Positions>,
}

/// The reader's place is no longer in the ring.
#[derive(Debug, PartialEq, Eq)]
pub struct Lagged;

impl Stream {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self { ring: Mutex::default(), end: watch::Sender::new(0) }
    }

    /// Adds frames and wakes the readers, once.
    pub fn push(&self, frames: impl IntoIterator<Item = (Frame, Kind, Positions)>) {
        let mut ring = self.lock();
        let before = ring.end;
        for (frame, kind, positions) in frames {
            let start = ring.end;
            ring.end += frame.bytes().len() as u64;
            ring.entries.push_back(Entry { start, frame, kind, positions });
        }
        while ring.entries.front().is_some_and(|entry| ring.end - entry.start > RING_BYTES) && ring.entries.len() > 1 {
            ring.entries.pop_front();
        }
        let end = ring.end;
        drop(ring);
        if end > before {
            self.end.send_replace(end);
        }
    }

    /// Where the log ends now.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.lock().end
    }

    /// Changes whenever the log grows.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// The frames after `cursor`, at most about `bytes` of them but at least one.
    ///
    /// # Errors
    /// When the ring no longer has them.
    pub fn read(&self, cursor: u64, bytes: u64) -> Result<Read, Lagged> {
        let ring = self.lock();
        if cursor == ring.end {
            return Ok(Read { frames: Vec::new(), cursor, positions: None });
        }
        let first = ring.entries.binary_search_by_key(&cursor, |entry| entry.start).map_err(|_| Lagged)?;
        let taken =
            ring.entries.range(first..).take_while(|entry| entry.start == cursor || entry.start < cursor + bytes);
        let mut read = Read { frames: Vec::new(), cursor, positions: None };
        for entry in taken {
            read.frames.push(entry.frame.clone());
            read.cursor = entry.start + entry.frame.bytes().len() as u64;
            read.positions = Some(entry.positions);
        }
        Ok(read)
    }

    /// The events after some positions, when the ring has all `missing` of them.
    #[must_use]
    pub fn events_after(&self, seen: Positions, missing: u64) -> Option<Vec<Frame>> {
        let ring = self.lock();
        let is_missing = |entry: &&Entry| match entry.kind {
            Kind::Event(Audience::Everyone, position) => position > seen.shared,
            Kind::Event(Audience::Team, position) => position > seen.team,
            Kind::Presence => false,
        };
        let mut frames: Vec<Frame> = Vec::new();
        // From the end: a session that comes back has missed the latest.
        for entry in ring.entries.iter().rev() {
            if frames.len() as u64 == missing {
                break;
            }
            if is_missing(&entry) {
                frames.push(entry.frame.clone());
            }
        }
        frames.reverse();
        (frames.len() as u64 == missing).then_some(frames)
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OpId;
    use crate::visibility;

    fn event(shared: Position) -> (Frame, Kind, Positions) {
        let frame = visibility::ack(OpId::new(), shared);
        (frame, Kind::Event(Audience::Everyone, shared), Positions { shared, team: 0 })
    }

    #[test]
    fn a_reader_gets_what_it_lacks_in_order_and_then_nothing() {
        let stream = Stream::new();
        let frames: Vec<_> = (1..=3).map(event).collect();
        stream.push(frames.clone());
        let read = stream.read(0, u64::MAX / 2).expect("in the ring");
        assert_eq!(read.frames, frames.iter().map(|(frame, ..)| frame.clone()).collect::<Vec<_>>());
        assert_eq!(read.cursor, stream.end());
        assert!(stream.read(read.cursor, 1).expect("at the end").frames.is_empty());
    }

    #[test]
    fn a_reader_that_fell_off_the_ring_is_told_so() {
        let stream = Stream::new();
        let frame = event(1);
        let count = RING_BYTES / frame.0.bytes().len() as u64 + 2;
        stream.push((0..count).map(|_| frame.clone()));
        assert_eq!(stream.read(0, 1), Err(Lagged));
    }

    #[test]
    fn what_was_missed_comes_from_the_ring_only_when_all_of_it_is_there() {
        let stream = Stream::new();
        stream.push((1..=9).map(event));
        let seen = Positions { shared: 6, team: 0 };
        assert_eq!(stream.events_after(seen, 3).map(|frames| frames.len()), Some(3));
        assert_eq!(stream.events_after(seen, 4), None);
    }
}
