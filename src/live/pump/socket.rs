//! One session's socket: what it lacks goes out, what its client says comes in, and how it ends.

use super::Pump;
use crate::hub::post::Note;
use crate::hub::seating::{Fetched, Said};
use crate::hub::stream::Read as ReadFrames;
use crate::live::session::{CLOSING, End, Standing, TOO_SLOW, close_frame};
use crate::protocol::Close;
use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::time::Instant;

/// Bytes that a session behind takes from the stream at a time: its outlet holds no more than this, and its mail.
const CHUNK: u64 = 256 * 1_024;
/// Reads from one socket before others get their turn.
const READS: usize = 4;

impl Pump {
    /// Gives a session what it lacks, until its socket is full or there is no more.
    pub(super) fn advance(&mut self, slot: usize, now: Instant) {
        loop {
            let (Some(session), Some(Some(socket))) = (self.sessions.get_mut(slot), self.sockets.get(slot)) else {
                return;
            };
            if !session.outlet.is_empty() {
                let Ok(progress) = session.outlet.write(socket) else { return self.remove(slot) };
                if session.outlet.is_empty() {
                    session.stalled = None;
                } else {
                    if progress || session.stalled.is_none() {
                        session.stalled = Some(now);
                    }
                    if session.standing == Standing::InStep {
                        self.fall_behind(slot);
                    }
                    return self.arm(slot);
                }
            }
            match session.standing {
                Standing::InStep | Standing::Asking | Standing::Fetching | Standing::Parting => return,
                Standing::Closing => return self.part(slot, now),
                Standing::Lagged => {
                    session.standing = Standing::Asking;
                    session.unsaid.push_back(Said::Resume(session.epoch, session.seen));
                    return self.say(slot);
                }
                Standing::InStore => return self.fetch(slot),
                Standing::Behind | Standing::Waiting => {}
            }
            let Some(lane) = session.lane.and_then(|lane| self.lanes.get_mut(lane)) else { return };
            // Who reads to the end does not wait for walks.
            let reach = if session.finish.is_some() { lane.stream.end().0 } else { lane.reach() };
            if session.cursor < reach {
                match lane.stream.read(session.cursor, reach, CHUNK) {
                    Ok(ReadFrames { frames, cursor }) => {
                        frames.iter().for_each(|(frame, _)| session.outlet.queue(frame));
                        (session.cursor, session.standing) = (cursor, Standing::Behind);
                        if let Some((_, positions)) = frames.last() {
                            session.seen = *positions;
                        }
                    }
                    Err(_) => match session.finish {
                        Some(code) => return self.end(slot, code.into(), now),
                        None => session.standing = Standing::Lagged,
                    },
                }
            } else if let Some(code) = session.finish {
                return self.end(slot, code.into(), now);
            } else if lane.meeting_place() == Some(session.cursor) {
                lane.fall_in(slot as u32);
                session.standing = Standing::InStep;
                return;
            } else {
                if session.standing != Standing::Waiting {
                    lane.waiting.push(slot as u32);
                    session.standing = Standing::Waiting;
                }
                return;
            }
        }
    }

    /// Has the store asked for what a session lacks and the ring no longer has.
    pub(super) fn fetch(&mut self, slot: usize) {
        let session = &mut self.sessions[slot];
        session.standing = Standing::Fetching;
        let (id, room, post, piece) = (session.id, session.room.clone(), self.post.clone(), session.piece());
        tokio::spawn(async move { post.send(Note::Fetched(id, room.fetch(piece).await)) });
    }

    pub(super) fn fetched(&mut self, slot: usize, fetched: Fetched, now: Instant) {
        let session = &mut self.sessions[slot];
        // Seated anew since it was asked for, if it isn't so.
        if session.standing != Standing::Fetching || session.piece() != fetched.piece {
            return;
        }
        let Some((frames, seen)) = fetched.frames else {
            return self.end(slot, Close::TooSlow.into(), now);
        };
        frames.iter().for_each(|frame| session.outlet.queue(frame));
        session.seen = seen;
        session.standing = if seen == session.head { Standing::Behind } else { Standing::InStore };
        self.advance(slot, now);
    }

    /// Reads what the client says.
    pub(super) fn hear(&mut self, slot: usize, now: Instant) {
        for _ in 0..READS {
            let (Some(session), Some(Some(socket))) = (self.sessions.get_mut(slot), self.sockets.get(slot)) else {
                return;
            };
            // Whose room is full is not listened to: the client's own socket fills, and it waits.
            if session.standing == Standing::Closing || !session.unsaid.is_empty() {
                return;
            }
            let mut socket = socket;
            let count = match socket.read(&mut self.scratch) {
                Ok(0) => return self.remove(slot),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return self.remove(slot),
            };
            if session.standing == Standing::Parting {
                continue;
            }
            if let Err(end) = session.take(&self.scratch[..count], now) {
                return self.end(slot, end, now);
            }
            let answers = !session.outlet.is_empty();
            self.say(slot);
            if answers {
                self.advance(slot, now);
            }
        }
        self.again.push(slot);
    }

    pub(super) fn say(&mut self, slot: usize) {
        if let Some(session) = self.sessions.get_mut(slot)
            && !session.unsaid.is_empty()
            && !session.say()
        {
            self.again.push(slot);
        }
    }

    /// Says the last word.
    pub(super) fn end(&mut self, slot: usize, end: End, now: Instant) {
        self.leave(slot);
        let session = &mut self.sessions[slot];
        session.outlet.forget();
        match end {
            End::Lost => return self.remove(slot),
            End::ByClient(answer) => session.outlet.control(answer),
            End::Close(code, reason, last) => {
                last.iter().for_each(|frame| session.outlet.queue(frame));
                session.outlet.last(close_frame(code, reason));
            }
        }
        (session.standing, session.deadline) = (Standing::Closing, Some(now + TOO_SLOW));
        self.arm(slot);
        self.advance(slot, now);
    }

    /// Ends the sending, and lets the peer hear it: bytes that a peer has not read are lost when a socket with unread
    /// input is closed.
    pub(super) fn part(&mut self, slot: usize, now: Instant) {
        let session = &mut self.sessions[slot];
        (session.standing, session.deadline) = (Standing::Parting, Some(now + CLOSING));
        if let Some(socket) = &self.sockets[slot] {
            // The peer may be gone already, which is as good.
            let _ = socket.shutdown(Shutdown::Write);
        }
        self.arm(slot);
        self.hear(slot, now);
    }

    /// Gives the seat back.
    pub(super) fn leave(&mut self, slot: usize) {
        let session = &self.sessions[slot];
        if session.lane.is_some() {
            session.room.leave(session.id);
            self.stand_up(slot);
        }
    }

    pub(super) fn remove(&mut self, slot: usize) {
        if self.sessions.contains(slot) {
            self.leave(slot);
            self.sockets[slot] = None;
            let session = self.sessions.remove(slot);
            self.slots.remove(&session.id);
        }
    }
}
