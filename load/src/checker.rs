//! The judge of one session: reads every frame it is given and keeps count of what must not be. Knows no socket, so that
//! a test can be the server.

use crate::tally::Tally;
use crate::wall::Viewer;
use crate::wire::{Frame, Positions, Stamp};
use crate::world::World;
use std::sync::{Arc, PoisonError};
use uuid::Uuid;

/// What a frame means to the session beyond the count.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// Nothing.
    Nothing,
    /// The first presence after a welcome: the session is seated.
    Seated,
    /// An edit was taken.
    Ack {
        /// Which.
        op: Uuid,
        /// Where it stands in the shared stream.
        position: u64,
    },
    /// An edit was refused.
    Reject {
        /// Which.
        op: Uuid,
        /// Why.
        code: String,
    },
    /// The server will close; come back after so many milliseconds.
    Goodbye(u64),
}

/// The judge of one session, over all its connections.
pub(crate) struct Checker {
    world: Arc<World>,
    viewer: Viewer,
    label: String,
    index: usize,
    last: Positions,
    seen: Vec<u64>,
    fresh_from_us: u64,
    /// The count.
    pub(crate) tally: Tally,
}

impl Checker {
    /// The judge of session number `index`, which has seen everything up to `last`.
    pub(crate) fn new(world: Arc<World>, viewer: Viewer, index: usize, last: Positions) -> Self {
        let label = match viewer {
            Viewer::Team => format!("team session {index}"),
            Viewer::Partner { number, .. } => format!("session {index} of partner {number}"),
        };
        let seen = vec![0; world.ledger.len().div_ceil(64)];
        Self { world, viewer, label, index, last, seen, fresh_from_us: 0, tally: Tally::default() }
    }

    /// Whether it sees through the team's eyes.
    pub(crate) fn is_team(&self) -> bool {
        matches!(self.viewer, Viewer::Team)
    }

    /// Where to resume.
    pub(crate) fn last(&self) -> Positions {
        self.last
    }

    /// The session comes back at this time: what was sent before was waiting for it, and is no measure of the server.
    pub(crate) fn resumed(&mut self, now_us: u64) {
        self.fresh_from_us = now_us;
        self.tally.reconnects += 1;
    }

    /// Whether it saw this edit.
    pub(crate) fn saw(&self, n: u64) -> bool {
        self.seen.get((n / 64) as usize).is_some_and(|word| word & (1 << (n % 64)) != 0)
    }

    /// Something went wrong; the first few are kept in words.
    pub(crate) fn example(&mut self, what: &str) {
        self.tally.example(&self.label, what);
    }

    /// Judges one frame that arrived at `now_us`.
    pub(crate) fn frame(&mut self, text: &str, now_us: u64) -> Note {
        let frame = match serde_json::from_str::<Frame>(text) {
            Ok(frame) => frame,
            Err(error) => {
                self.tally.malformed += 1;
                self.example(&format!("unreadable ({error}): {text}"));
                Frame::default()
            }
        };
        if let Some(why) = self.viewer.leak(&self.world, text, &frame) {
            self.tally.leaked += 1;
            self.example(&format!("leak, {why}: {text}"));
        }
        match frame.kind {
            "event" => {
                self.event(&frame, now_us);
                Note::Nothing
            }
            "welcome" => {
                self.welcome(&frame);
                Note::Nothing
            }
            "presence" => {
                self.tally.presence += 1;
                Note::Seated
            }
            "presence_delta" => {
                self.tally.presence += 1;
                Note::Nothing
            }
            "ack" => match (op(&frame), frame.position) {
                (Some(op), Some(position)) => Note::Ack { op, position },
                _ => self.unreadable("ack without op or position"),
            },
            "reject" => match (op(&frame), &frame.problem) {
                (Some(op), Some(problem)) => Note::Reject { op, code: problem.code.clone().into_owned() },
                _ => self.unreadable("reject without op or problem"),
            },
            "goodbye" => Note::Goodbye(frame.reconnect_in_ms.unwrap_or(0)),
            _ => Note::Nothing,
        }
    }

    fn unreadable(&mut self, what: &str) -> Note {
        self.tally.malformed += 1;
        self.example(what);
        Note::Nothing
    }

    fn welcome(&mut self, frame: &Frame) {
        if let (Viewer::Partner { number, .. }, Some(session)) = (self.viewer, frame.session) {
            let mut sessions = self.world.sessions.write().unwrap_or_else(PoisonError::into_inner);
            sessions.insert(session.to_owned(), number);
        }
    }

    fn event(&mut self, frame: &Frame, now_us: u64) {
        let Some(position) = frame.position else {
            self.unreadable("event without position");
            return;
        };
        let stamp = frame.change.and_then(|change| self.world.marks.stamp(change.get()));
        let last = match frame.stream {
            Some("shared") => &mut self.last.shared,
            Some("team") => self.last.team.get_or_insert(position.saturating_sub(1)),
            _ => {
                self.unreadable("event of no known stream");
                return;
            }
        };
        let (late, skipped) = (position <= *last, position.saturating_sub(*last + 1));
        *last = position.max(*last);
        if skipped > 0 {
            self.tally.holes += skipped;
            self.example(&format!("{skipped} positions missing before {position}"));
        }
        let again = match stamp {
            Some(stamp) => self.delivered(stamp, position, now_us),
            // Without a number the position is all there is to tell a second copy by.
            None => late,
        };
        if again {
            self.tally.duplicated += 1;
            self.example(&format!("position {position} came twice, or its edit did"));
        } else if late {
            self.tally.disordered += 1;
            self.example(&format!("position {position} came late"));
        }
    }

    /// Counts an edit of the run; true when it had come before.
    fn delivered(&mut self, stamp: Stamp, position: u64, now_us: u64) -> bool {
        let bit = 1 << (stamp.n % 64);
        let Some(word) = self.seen.get_mut((stamp.n / 64) as usize) else {
            self.unreadable("an edit that was never sent");
            return false;
        };
        if *word & bit != 0 {
            return true;
        }
        *word |= bit;
        self.tally.deliveries += 1;
        if !self.world.ledger.seen(stamp.n, position) {
            self.tally.disordered += 1;
            self.example(&format!("edit {} is at position {position} here, elsewhere at another", stamp.n));
        }
        if stamp.sent_us >= self.fresh_from_us {
            self.world.took(self.index, now_us.saturating_sub(stamp.sent_us));
        }
        false
    }
}

fn op(frame: &Frame) -> Option<Uuid> {
    Uuid::try_parse(frame.op?).ok()
}

#[cfg(test)]
#[path = "checker_tests.rs"]
mod tests;
