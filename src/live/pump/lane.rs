//! A pump's readers of one stream that are in step: all at the same byte, with nothing else waiting.
//!
//! A walk gives each of them all that the stream has more, joined once, in one write of shared bytes: no wake-up, no
//! queue, no copy, no look at the session. What is published while it walks, the next walk takes along.

use crate::hub::stream::{Lagged, Read, Stream};
use crate::visibility::Frame;
use crate::workspace::Positions;
use bytes::{Bytes, BytesMut};
use std::io::{ErrorKind, Write};
use std::sync::Arc;

/// Bytes that a walk takes along; more is left to the next one.
const WALK_BYTES: u64 = 256 * 1_024;

/// A place in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The byte.
    pub cursor: u64,
    /// The positions there.
    pub positions: Positions,
}

/// The readers of one stream that are in step.
pub struct Lane {
    pub(super) stream: Arc<Stream>,
    /// Sessions that read this stream, in step or not.
    pub(super) seats: usize,
    /// Who is to be looked at after the walk.
    pub(super) waiting: Vec<u32>,
    /// Slots of who is in step, sorted: memory is met in its order.
    slots: Vec<u32>,
    at: Place,
    walk: Option<Walk>,
}

struct Walk {
    frames: Vec<(Frame, Positions)>,
    bytes: Bytes,
    to: Place,
    /// The first of the slots that is still at the old place.
    next: usize,
}

/// A session that a walk could not give everything.
#[derive(Debug, PartialEq, Eq)]
pub enum Fallen {
    /// The socket is broken.
    Broken,
    /// It is full: where the session goes on, and the frame that is written in part.
    Full(Place, Option<(Frame, usize)>),
}

impl Lane {
    /// A lane at a place of a stream.
    pub fn new(stream: Arc<Stream>, at: Place) -> Self {
        Self { stream, seats: 0, waiting: Vec::new(), slots: Vec::new(), at, walk: None }
    }

    /// What its sessions read.
    #[must_use]
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// The byte at which a session can fall in step; None while a walk is on.
    pub fn meeting_place(&self) -> Option<u64> {
        self.walk.is_none().then_some(self.at.cursor)
    }

    /// How far a session that is behind may read by itself.
    pub fn reach(&self) -> u64 {
        self.at.cursor
    }

    /// A session is in step from now on.
    pub fn fall_in(&mut self, slot: u32) {
        if let Err(place) = self.slots.binary_search(&slot) {
            self.slots.insert(place, slot);
        }
    }

    /// A session that was in step isn't any more. Answers where it is.
    pub fn fall_out(&mut self, slot: u32) -> Place {
        let Ok(index) = self.slots.binary_search(&slot) else { return self.at };
        self.slots.remove(index);
        match &mut self.walk {
            Some(walk) if index < walk.next => {
                walk.next -= 1;
                walk.to
            }
            _ => self.at,
        }
    }

    /// Begins a walk if there is something to give. Answers whether one is on.
    ///
    /// # Errors
    /// When the ring has lost what the lane lacks. It is at the stream's end then; these were in step, at this place.
    pub fn begin(&mut self) -> Result<bool, (Vec<u32>, Place)> {
        if self.walk.is_some() {
            return Ok(true);
        }
        match self.stream.read(self.at.cursor, u64::MAX, WALK_BYTES) {
            Ok(Read { frames, cursor }) => {
                if let Some((_, positions)) = frames.last() {
                    let to = Place { cursor, positions: *positions };
                    let bytes = if self.slots.is_empty() { Bytes::new() } else { joined(&frames) };
                    self.walk = Some(Walk { bytes, frames, to, next: 0 });
                }
                Ok(self.walk.is_some())
            }
            Err(Lagged) => {
                let was = self.at;
                let (cursor, positions) = self.stream.end();
                self.at = Place { cursor, positions };
                Err((std::mem::take(&mut self.slots), was))
            }
        }
    }

    /// Walks on, past at most `count` sockets. Answers whether the walk has ended; who fell out is added to `fallen`.
    pub fn step<S>(&mut self, sockets: &[Option<S>], count: usize, fallen: &mut Vec<(u32, Fallen)>) -> bool
    where
        for<'s> &'s S: Write,
    {
        let Some(walk) = &mut self.walk else { return true };
        for _ in 0..count {
            let Some(slot) = self.slots.get(walk.next).copied() else { break };
            let Some(mut socket) = sockets.get(slot as usize).and_then(Option::as_ref) else {
                self.slots.remove(walk.next);
                continue;
            };
            let written = match socket.write(&walk.bytes) {
                Ok(written) if written == walk.bytes.len() => {
                    walk.next += 1;
                    continue;
                }
                Ok(0) => Err(()),
                Ok(written) => Ok(written),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
                Err(_) => Err(()),
            };
            self.slots.remove(walk.next);
            fallen.push((slot, written.map_or(Fallen::Broken, |written| walk.full(self.at, written))));
        }
        let ended = walk.next == self.slots.len();
        if ended {
            self.at = walk.to;
            self.walk = None;
        }
        ended
    }
}

impl Walk {
    /// Where a session is that took so many bytes of the walk.
    fn full(&self, mut at: Place, mut written: usize) -> Fallen {
        for (frame, positions) in &self.frames {
            if written == 0 {
                break;
            }
            let length = frame.bytes().len();
            at = Place { cursor: at.cursor + length as u64, positions: *positions };
            if written < length {
                return Fallen::Full(at, Some((frame.clone(), written)));
            }
            written -= length;
        }
        Fallen::Full(at, None)
    }
}

/// The frames as one piece; a single one is shared as it is.
fn joined(frames: &[(Frame, Positions)]) -> Bytes {
    if let [(frame, _)] = frames {
        return frame.bytes().clone();
    }
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|(frame, _)| frame.bytes().len()).sum());
    frames.iter().for_each(|(frame, _)| bytes.extend_from_slice(frame.bytes()));
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::stream::Kind;
    use crate::id::OpId;
    use crate::visibility;
    use crate::workspace::Audience;
    use std::cell::{Cell, RefCell};
    use std::io;

    /// A socket that takes so many bytes and no more; None: it is broken.
    struct Fake {
        room: Cell<Option<usize>>,
        taken: RefCell<Vec<u8>>,
    }

    impl Fake {
        fn with(room: Option<usize>) -> Option<Self> {
            Some(Self { room: Cell::new(room), taken: RefCell::default() })
        }
    }

    impl Write for &Fake {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let Some(room) = self.room.get() else { return Err(ErrorKind::BrokenPipe.into()) };
            let count = room.min(bytes.len());
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.room.set(Some(room - count));
            self.taken.borrow_mut().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const PLENTY: Option<usize> = Some(usize::MAX);

    fn frames(shared: std::ops::RangeInclusive<u64>) -> Vec<(Frame, Kind, Positions)> {
        let one = |shared| {
            let frame = visibility::ack(OpId::new(), shared);
            (frame, Kind::Event(Audience::Everyone, shared), Positions { shared, team: 0 })
        };
        shared.map(one).collect()
    }

    fn lane_with(slots: &[u32]) -> Lane {
        let stream = Arc::new(Stream::new());
        let mut lane = Lane::new(stream, Place { cursor: 0, positions: Positions::default() });
        slots.iter().for_each(|slot| lane.fall_in(*slot));
        lane
    }

    fn bytes(frames: &[(Frame, Kind, Positions)]) -> Vec<u8> {
        frames.iter().flat_map(|(frame, ..)| frame.bytes().to_vec()).collect()
    }

    fn walk(lane: &mut Lane, sockets: &[Option<Fake>], stride: usize) -> Vec<(u32, Fallen)> {
        let mut fallen = Vec::new();
        while !lane.step(sockets, stride, &mut fallen) {}
        fallen
    }

    #[test]
    fn a_walk_gives_everybody_all_that_waits_in_one_write() {
        let sockets = [Fake::with(PLENTY), Fake::with(PLENTY), Fake::with(PLENTY)];
        let mut lane = lane_with(&[2, 0, 1]);
        let all = frames(1..=5);
        lane.stream.push(all.clone());
        assert_eq!(lane.begin(), Ok(true));
        assert_eq!(walk(&mut lane, &sockets, 2), []);
        for socket in sockets.iter().flatten() {
            assert_eq!(*socket.taken.borrow(), bytes(&all));
        }
        assert_eq!(lane.meeting_place(), Some(bytes(&all).len() as u64));
        assert_eq!(lane.begin(), Ok(false), "there is nothing more");
    }

    #[test]
    fn who_is_full_falls_out_at_the_end_of_the_frame_that_is_begun() {
        let all = frames(1..=3);
        let lengths: Vec<usize> = all.iter().map(|(frame, ..)| frame.bytes().len()).collect();
        let sockets =
            [Fake::with(Some(0)), Fake::with(Some(lengths[0])), Fake::with(Some(lengths[0] + 7)), Fake::with(None)];
        let mut lane = lane_with(&[0, 1, 2, 3]);
        lane.stream.push(all.clone());
        assert_eq!(lane.begin(), Ok(true));
        let place = |frames: usize| Place {
            cursor: lengths[..frames].iter().sum::<usize>() as u64,
            positions: Positions { shared: frames as u64, team: 0 },
        };
        let expected = [
            (0, Fallen::Full(place(0), None)),
            (1, Fallen::Full(place(1), None)),
            (2, Fallen::Full(place(2), Some((all[1].0.clone(), 7)))),
            (3, Fallen::Broken),
        ];
        assert_eq!(walk(&mut lane, &sockets, 100), expected);
        // None of them is walked again.
        lane.stream.push(frames(4..=4));
        assert_eq!(lane.begin(), Ok(true));
        assert_eq!(walk(&mut lane, &sockets, 100), []);
    }

    #[test]
    fn who_goes_in_the_middle_of_a_walk_is_where_it_was_and_nobody_is_missed_or_met_twice() {
        let sockets: Vec<_> = (0..4).map(|_| Fake::with(PLENTY)).collect();
        let mut lane = lane_with(&[0, 1, 2, 3]);
        let all = frames(1..=1);
        lane.stream.push(all.clone());
        assert_eq!(lane.begin(), Ok(true));
        let mut fallen = Vec::new();
        assert!(!lane.step(&sockets, 2, &mut fallen));
        assert_eq!(lane.meeting_place(), None, "nobody falls in while a walk is on");
        assert_eq!(lane.fall_out(0).cursor, bytes(&all).len() as u64, "it has been met");
        assert_eq!(lane.fall_out(3).cursor, 0, "it has not");
        assert!(lane.step(&sockets, 2, &mut fallen));
        let taken: Vec<usize> = sockets.iter().flatten().map(|socket| socket.taken.borrow().len()).collect();
        let length = bytes(&all).len();
        assert_eq!(taken, [length, length, length, 0]);
    }

    #[test]
    fn a_lane_that_the_ring_has_left_behind_lets_go_of_everybody_where_they_were() {
        let mut lane = lane_with(&[4, 9]);
        let one = frames(1..=1).remove(0);
        let count = crate::hub::stream::RING_BYTES / one.0.bytes().len() as u64 + 2;
        lane.stream.push((0..count).map(|_| one.clone()));
        assert_eq!(lane.begin(), Err((vec![4, 9], Place { cursor: 0, positions: Positions::default() })));
        assert_eq!(lane.begin(), Ok(false), "it is at the end");
    }
}
