//! The rounds: each measures everyone once, near in time, in an order that changes; only what was measured in the same
//! round is compared.

use crate::driver::subject::{Cost, Subject};
use std::fmt;

/// Edits of a backlog.
const BACKLOG: u64 = 200;
/// Backlogs a round at the server: one alone is a few milliseconds.
const BACKLOGS: u64 = 3;
/// Deliveries of a round, one message at a time: about half a second of CPU.
const DELIVERIES: u64 = 80_000;
/// Deliveries of a backlog at the floor, at most: some seconds.
const FLOOR_DELIVERIES: u64 = 400_000;

/// Who takes part.
pub(crate) struct Subjects {
    /// The floor.
    pub(crate) floor: Subject,
    /// The server, with partners alone.
    pub(crate) server: Subject,
    /// A second server's workspace with partners, who are told what is for everyone.
    pub(crate) filtered: Subject,
    /// Its other workspace, with team members, who are told everything.
    pub(crate) unfiltered: Subject,
}

/// What one round showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// One at a time: the floor.
    pub(crate) floor: Cost,
    /// One at a time: the server.
    pub(crate) server: Cost,
    /// Back to back: the floor.
    pub(crate) floor_backlog: Cost,
    /// Back to back: the server.
    pub(crate) backlog: Cost,
    /// One at a time: partners.
    pub(crate) filtered: Cost,
    /// One at a time: team members.
    pub(crate) unfiltered: Cost,
}

/// How much is published a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amounts {
    /// One after the other.
    pub(crate) edits: u64,
    /// Back to back at the floor: fewer among many sessions, since each message costs it the same.
    pub(crate) floor_backlog: u64,
    /// One after the other where filtered and unfiltered are compared.
    compared: u64,
}

impl Amounts {
    /// Among so many sessions, and so many of those that are compared.
    pub(crate) fn among(sessions: usize, compared: usize) -> Self {
        let share = |deliveries: u64, sessions: usize| deliveries / sessions.max(1) as u64;
        Self {
            edits: share(DELIVERIES, sessions).clamp(16, 400),
            floor_backlog: share(FLOOR_DELIVERIES, sessions).clamp(20, BACKLOG),
            compared: share(DELIVERIES, compared).clamp(16, 400),
        }
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [floor, server, floor_backlog, backlog, filtered, unfiltered] =
            [self.floor, self.server, self.floor_backlog, self.backlog, self.filtered, self.unfiltered]
                .map(|cost| cost.us_per_delivery());
        write!(f, "floor {floor:.2} µs, server {server:.2}; backlog: {floor_backlog:.2}, {backlog:.3}; ")?;
        write!(f, "filtered {filtered:.2}, unfiltered {unfiltered:.2}")
    }
}

impl Subjects {
    /// Opens the sessions that publish.
    pub(crate) fn open_publishers(&mut self) -> anyhow::Result<()> {
        for subject in [&mut self.floor, &mut self.server, &mut self.filtered, &mut self.unfiltered] {
            subject.open_publishers()?;
            subject.settle()?;
        }
        Ok(())
    }

    /// Brings everyone's sockets into the same state: all have seen a large segment, and carried the load once.
    pub(crate) fn warm_up(&mut self, amounts: Amounts) -> anyhow::Result<()> {
        self.floor.prime()?;
        for subject in [&mut self.server, &mut self.filtered, &mut self.unfiltered] {
            subject.publish(BACKLOG, 1)?;
        }
        self.round(0, amounts)?;
        Ok(())
    }

    /// Measures everyone once.
    pub(crate) fn round(&mut self, number: usize, amounts: Amounts) -> anyhow::Result<Round> {
        let Self { floor, server, filtered, unfiltered } = self;
        let Amounts { edits, floor_backlog, compared } = amounts;
        Ok(if number.is_multiple_of(2) {
            Round {
                floor: one_at_a_time(floor, edits)?,
                server: one_at_a_time(server, edits)?,
                floor_backlog: backlog(floor, floor_backlog, 1)?,
                backlog: backlog(server, BACKLOG, BACKLOGS)?,
                filtered: one_at_a_time(filtered, compared)?,
                unfiltered: one_at_a_time(unfiltered, compared)?,
            }
        } else {
            Round {
                unfiltered: one_at_a_time(unfiltered, compared)?,
                filtered: one_at_a_time(filtered, compared)?,
                backlog: backlog(server, BACKLOG, BACKLOGS)?,
                floor_backlog: backlog(floor, floor_backlog, 1)?,
                server: one_at_a_time(server, edits)?,
                floor: one_at_a_time(floor, edits)?,
            }
        })
    }

    /// Makes sure that nothing comes late.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        for subject in [&mut self.floor, &mut self.server, &mut self.filtered, &mut self.unfiltered] {
            subject.settle()?;
        }
        Ok(())
    }
}

/// One after the other. A few before don't count: whoever ran last has left the caches full of its own.
pub(crate) fn one_at_a_time(subject: &mut Subject, edits: u64) -> anyhow::Result<Cost> {
    subject.publish(1, edits.div_ceil(10))?;
    subject.publish(1, edits)
}

/// Back to back; a few before don't count.
pub(crate) fn backlog(subject: &mut Subject, messages: u64, times: u64) -> anyhow::Result<Cost> {
    subject.publish(1, 2)?;
    subject.publish(messages, times)
}
