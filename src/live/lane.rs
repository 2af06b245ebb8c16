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
pub(super) struct Place {
    /// The byte.
    pub(super) cursor: u64,
    /// The positions there.
    pub(super) positions: Positions,
}

/// The readers of one stream that are in step.
pub(super) struct Lane {
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
pub(super) enum Fallen {
    /// The socket is broken.
    Broken,
    /// It is full: where the session goes on, and the frame that is written in part.
    Full(Place, Option<(Frame, usize)>),
}

impl Lane {
    /// A lane at a place of a stream.
    pub(super) fn new(stream: Arc<Stream>, at: Place) -> Self {
        Self { stream, seats: 0, waiting: Vec::new(), slots: Vec::new(), at, walk: None }
    }

    /// The byte at which a session can fall in step; None while a walk is on.
    pub(super) fn meeting_place(&self) -> Option<u64> {
        self.walk.is_none().then_some(self.at.cursor)
    }

    /// How far a session that is behind may read by itself.
    pub(super) fn reach(&self) -> u64 {
        self.at.cursor
    }

    /// A session is in step from now on.
    pub(super) fn fall_in(&mut self, slot: u32) {
        if let Err(place) = self.slots.binary_search(&slot) {
            self.slots.insert(place, slot);
        }
    }

    /// A session that was in step isn't any more. Answers where it is.
    pub(super) fn fall_out(&mut self, slot: u32) -> Place {
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
    pub(super) fn begin(&mut self) -> Result<bool, (Vec<u32>, Place)> {
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
    pub(super) fn step<S>(&mut self, sockets: &[Option<S>], count: usize, fallen: &mut Vec<(u32, Fallen)>) -> bool
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
