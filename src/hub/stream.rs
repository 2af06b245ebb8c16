//! A log of ready frames in memory, addressed by byte: what all its readers share.
//!
//! A reader has one number, the byte it has come to. One that falls off the ring is told so and is caught up from
//! the store; the ring never keeps anything for it.

use super::post::{Note, Post};
use crate::id::Position;
use crate::visibility::Frame;
use crate::workspace::{Audience, Positions};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of frames that a ring keeps.
pub const RING_BYTES: u64 = 8 * 1_024 * 1_024;

/// A stream's name among all of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(u64);

/// What a frame in the ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The event at a position of an audience's stream.
    Event(Audience, Position),
    /// An event after which people are called otherwise: the frames before it are not what the store's log would give
    /// now, so nobody resumes from them.
    Naming(Audience, Position),
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
    /// The pumps that have readers.
    readers: Vec<Post>,
}

/// A log of frames in memory.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    ring: Mutex<Ring>,
}

/// The frames after a place.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// In order, each with how far the streams have come with it.
    pub frames: Vec<(Frame, Positions)>,
    /// The place after them.
    pub cursor: u64,
}

/// The reader's place is no longer in the ring.
#[derive(Debug, PartialEq, Eq)]
pub struct Lagged;

impl Stream {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: StreamId(NEXT.fetch_add(1, Ordering::Relaxed)), ring: Mutex::default() }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// Has a pump told from now on when the log grows.
    pub fn tell(&self, pump: &Post) {
        let mut ring = self.lock();
        if !ring.readers.iter().any(|reader| reader.is(pump)) {
            ring.readers.push(pump.clone());
        }
    }

    /// Adds frames and tells the pumps, once.
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
        if ring.end > before {
            ring.readers.iter().for_each(|pump| pump.send(Note::Grown(self.id)));
        }
    }

    /// Where the log ends now, and the positions there.
    #[must_use]
    pub fn end(&self) -> (u64, Positions) {
        let ring = self.lock();
        (ring.end, ring.entries.back().map_or_else(Positions::default, |entry| entry.positions))
    }

    /// The frames from `cursor` on, but none that starts at `to` or after; at most about `bytes` of them but at
    /// least one, if there is any.
    ///
    /// # Errors
    /// When the ring no longer has them.
    pub fn read(&self, cursor: u64, to: u64, bytes: u64) -> Result<Read, Lagged> {
        let ring = self.lock();
        let to = to.min(ring.end);
        let mut read = Read { frames: Vec::new(), cursor };
        if cursor >= to {
            return Ok(read);
        }
        let first = ring.entries.binary_search_by_key(&cursor, |entry| entry.start).map_err(|_| Lagged)?;
        for entry in ring.entries.range(first..) {
            if entry.start >= to || (entry.start >= cursor + bytes && !read.frames.is_empty()) {
                break;
            }
            read.frames.push((entry.frame.clone(), entry.positions));
            read.cursor = entry.start + entry.frame.bytes().len() as u64;
        }
        Ok(read)
    }

    /// The events after some positions, when the ring has all `missing` of them as the store's log would give them.
    #[must_use]
    pub fn events_after(&self, seen: Positions, missing: u64) -> Option<Vec<Frame>> {
        let ring = self.lock();
        let is_missing = |entry: &&Entry| match entry.kind {
            Kind::Event(Audience::Everyone, position) | Kind::Naming(Audience::Everyone, position) => {
                position > seen.shared
            }
            Kind::Event(Audience::Team, position) | Kind::Naming(Audience::Team, position) => position > seen.team,
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
            if matches!(entry.kind, Kind::Naming(..)) {
                break;
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
        let read = stream.read(0, u64::MAX, u64::MAX / 2).expect("in the ring");
        assert_eq!(read.frames, frames.iter().map(|(frame, _, at)| (frame.clone(), *at)).collect::<Vec<_>>());
        assert_eq!(read.cursor, stream.end().0);
        assert!(stream.read(read.cursor, u64::MAX, 1).expect("at the end").frames.is_empty());
        let second = read.cursor / 3;
        assert_eq!(stream.read(0, second, u64::MAX / 2).expect("in the ring").cursor, second);
    }

    #[test]
    fn a_reader_that_fell_off_the_ring_is_told_so() {
        let stream = Stream::new();
        let frame = event(1);
        let count = RING_BYTES / frame.0.bytes().len() as u64 + 2;
        stream.push((0..count).map(|_| frame.clone()));
        assert_eq!(stream.read(0, u64::MAX, 1), Err(Lagged));
    }

    #[test]
    fn what_was_missed_comes_from_the_ring_only_when_all_of_it_is_there() {
        let stream = Stream::new();
        stream.push((1..=9).map(event));
        let seen = Positions { shared: 6, team: 0 };
        assert_eq!(stream.events_after(seen, 3).map(|frames| frames.len()), Some(3));
        assert_eq!(stream.events_after(seen, 4), None);
    }

    #[test]
    fn nobody_resumes_from_frames_that_call_people_otherwise_than_now() {
        let stream = Stream::new();
        let naming = |shared| {
            let (frame, _, positions) = event(shared);
            (frame, Kind::Naming(Audience::Everyone, shared), positions)
        };
        stream.push([event(1), event(2), naming(3), event(4)]);
        let after = |shared, missing| stream.events_after(Positions { shared, team: 0 }, missing).map(|one| one.len());
        assert_eq!(after(2, 2), Some(2), "the event that renames is called right itself");
        assert_eq!(after(1, 3), None);
    }
}
