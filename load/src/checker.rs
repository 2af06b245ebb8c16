//! The judge of one session: reads every frame it is given and keeps count of what must not be. Knows no socket, so that
//! a test can be the server.

use crate::ledger::Account;
use crate::seen::{Arrival, Seen};
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
    index: usize,
    seen: Seen,
    team: Option<u64>,
    fresh_from_us: u64,
    /// The count.
    pub(crate) tally: Tally,
}

impl Checker {
    /// The judge of session number `index`, which has seen everything up to `last`.
    pub(crate) fn new(world: Arc<World>, viewer: Viewer, index: usize, last: Positions) -> Self {
        let seen = Seen::new(last.shared);
        Self { world, viewer, index, seen, team: last.team, fresh_from_us: 0, tally: Tally::default() }
    }

    /// Whether it sees through the team's eyes.
    pub(crate) fn is_team(&self) -> bool {
        matches!(self.viewer, Viewer::Team)
    }

    /// Where to resume.
    pub(crate) fn last(&self) -> Positions {
        Positions { shared: self.seen.last(), team: self.team }
    }

    /// The session reads again at this time: what was sent before was waiting for it, and is no measure of the server.
    pub(crate) fn reads_again(&mut self, now_us: u64) {
        self.fresh_from_us = now_us;
    }

    /// How many acknowledged edits it never saw.
    pub(crate) fn lost(&self, account: &Account) -> u64 {
        account.vanished + self.seen.missing(&account.delivered)
    }

    /// Something went wrong; the first few are kept in words.
    pub(crate) fn example(&mut self, what: &str) {
        let index = self.index;
        self.tally.example(what, || match self.viewer {
            Viewer::Team => format!("team session {index}"),
            Viewer::Partner { number, .. } => format!("session {index} of partner {number}"),
        });
    }

    /// Judges one frame that arrived at `now_us`.
    pub(crate) fn frame(&mut self, frame: &[u8], now_us: u64) -> Note {
        self.tally.frames += 1;
        let next = self.seen.last() + 1;
        if let Some(stamp) = self.world.judged.recall(next, frame) {
            self.seen.at(next);
            self.delivered(stamp, now_us);
            return Note::Nothing;
        }
        match std::str::from_utf8(frame) {
            Ok(text) => self.text(text, now_us),
            Err(error) => self.unreadable(&format!("no UTF-8 ({error})")),
        }
    }

    fn text(&mut self, text: &str, now_us: u64) -> Note {
        let frame = match serde_json::from_str::<Frame>(text) {
            Ok(frame) => frame,
            Err(error) => {
                self.unreadable(&format!("unreadable ({error}): {text}"));
                Frame::default()
            }
        };
        if let Some(why) = self.viewer.leak(&self.world, text, &frame) {
            self.tally.leaked += 1;
            self.example(&format!("leak, {why}: {text}"));
        }
        match frame.kind {
            "event" => {
                self.event(&frame, text, now_us);
                Note::Nothing
            }
            "welcome" => {
                self.tally.greetings += 1;
                self.welcome(&frame);
                Note::Nothing
            }
            "presence" => {
                self.tally.greetings += 1;
                Note::Seated
            }
            "presence_delta" => {
                self.tally.deltas += 1;
                self.tally.deltas_of_partners += u64::from(!frame.is_of_team());
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

    fn event(&mut self, frame: &Frame, text: &str, now_us: u64) {
        let Some(position) = frame.position else {
            self.unreadable("event without position");
            return;
        };
        match frame.stream {
            Some("shared") => self.shared(frame, position, text, now_us),
            Some("team") => self.teams(position),
            _ => {
                self.unreadable("event of no known stream");
            }
        }
    }

    fn shared(&mut self, frame: &Frame, position: u64, text: &str, now_us: u64) {
        let stamp = frame.change.and_then(|change| self.world.marks.stamp(change.get()));
        let had = stamp.is_some_and(|stamp| self.saw(stamp.n));
        let arrival = self.seen.at(position);
        if let Arrival::Next { skipped: skipped @ 1.. } = arrival {
            self.skipped(skipped, position);
        }
        let again = had || stamp.is_none() && arrival == Arrival::Again;
        if again {
            self.again(position);
        } else if !matches!(arrival, Arrival::Next { .. }) {
            self.disordered(&format!("position {position} came late"));
        }
        let Some(stamp) = stamp else {
            self.seen.odd(position, None);
            return;
        };
        if stamp.n >= self.world.ledger.len() as u64 {
            self.seen.odd(position, None);
            self.unreadable("an edit that was never sent");
            return;
        }
        let agreed = self.world.ledger.seen(stamp.n, position);
        if !agreed {
            self.seen.odd(position, Some(stamp.n));
        }
        if again {
            return;
        }
        self.delivered(stamp, now_us);
        if !agreed {
            self.disordered(&format!("edit {} is at position {position} here, elsewhere at another", stamp.n));
        } else if Viewer::NOBODY.leak(&self.world, text, frame).is_none() {
            self.world.judged.keep(position, text.as_bytes(), stamp);
        }
    }

    fn teams(&mut self, position: u64) {
        let last = self.team.get_or_insert(position.saturating_sub(1));
        let (again, skipped) = (position <= *last, position.saturating_sub(*last + 1));
        *last = position.max(*last);
        if skipped > 0 {
            self.skipped(skipped, position);
        }
        if again {
            self.again(position);
        }
    }

    fn skipped(&mut self, skipped: u64, before: u64) {
        self.tally.holes += skipped;
        self.example(&format!("{skipped} positions missing before {before}"));
    }

    fn again(&mut self, position: u64) {
        self.tally.duplicated += 1;
        self.example(&format!("position {position} came twice, or its edit did"));
    }

    fn disordered(&mut self, what: &str) {
        self.tally.disordered += 1;
        self.example(what);
    }

    /// Whether it saw this edit.
    fn saw(&self, n: u64) -> bool {
        self.seen.has(n, self.world.ledger.position(n))
    }

    /// Counts an edit of the run.
    fn delivered(&mut self, stamp: Stamp, now_us: u64) {
        self.tally.deliveries += 1;
        let fresh = stamp.sent_us >= self.fresh_from_us;
        self.world.deliveries.record(self.index, fresh.then(|| now_us.saturating_sub(stamp.sent_us)));
    }
}

fn op(frame: &Frame) -> Option<Uuid> {
    Uuid::try_parse(frame.op?).ok()
}

#[cfg(test)]
#[path = "checker_tests.rs"]
mod tests;
