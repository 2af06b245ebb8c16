//! The rounds: each measures everyone once, near in time, in an order that changes; only what was measured in the same
//! round is compared.

use crate::driver::subject::{Cost, Subject};

/// Edits of a backlog.
const BACKLOG: u64 = 200;
/// Backlogs a round at the server: one alone is a few milliseconds.
const BACKLOGS: u64 = 3;
/// Deliveries of a round, one message at a time: about half a second of CPU.
const DELIVERIES: u64 = 100_000;
/// Deliveries of a backlog at the floor, at most: some seconds.
const FLOOR_DELIVERIES: u64 = 400_000;

/// Who takes part.
pub(crate) struct Subjects {
    /// The floor.
    pub(crate) floor: Subject,
    /// The server with partners.
    pub(crate) partners: Subject,
    /// The server with team members.
    pub(crate) team: Subject,
}

/// What one round showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// One at a time: the floor.
    pub(crate) floor: Cost,
    /// One at a time: partners.
    pub(crate) partners: Cost,
    /// One at a time: team members.
    pub(crate) team: Cost,
    /// Back to back: the floor.
    pub(crate) floor_backlog: Cost,
    /// Back to back: partners.
    pub(crate) backlog: Cost,
}

/// How much is published a round among so many sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// One after the other.
    pub(crate) one_at_a_time: u64,
    /// Back to back at the server.
    pub(crate) backlog: u64,
    /// Back to back at the floor: fewer among many sessions, since each message costs it the same.
    pub(crate) floor_backlog: u64,
}

impl Amount {
    /// Among so many sessions.
    pub(crate) fn among(sessions: usize) -> Self {
        let sessions = sessions.max(1) as u64;
        Self {
            one_at_a_time: (DELIVERIES / sessions).clamp(16, 400),
            backlog: BACKLOG,
            floor_backlog: (FLOOR_DELIVERIES / sessions).clamp(20, BACKLOG),
        }
    }
}

impl Subjects {
    /// Publishes a little everywhere, uncounted.
    pub(crate) fn warm_up(&mut self) -> anyhow::Result<()> {
        for subject in [&mut self.floor, &mut self.partners, &mut self.team] {
            subject.publish(1, 5)?;
            subject.publish(20, 1)?;
        }
        Ok(())
    }

    /// Measures everyone once.
    pub(crate) fn round(&mut self, number: usize, amount: Amount) -> anyhow::Result<Round> {
        let Self { floor, partners, team } = self;
        let edits = amount.one_at_a_time;
        // The floor and the team each stand beside the partners, before them in one round, after them in the next.
        let (floor_cost, partners_cost, team_cost);
        let (floor_backlog, backlog);
        if number.is_multiple_of(2) {
            floor_cost = floor.publish(1, edits)?;
            partners_cost = partners.publish(1, edits)?;
            team_cost = team.publish(1, edits)?;
            floor_backlog = floor.publish(amount.floor_backlog, 1)?;
            backlog = partners.publish(amount.backlog, BACKLOGS)?;
        } else {
            backlog = partners.publish(amount.backlog, BACKLOGS)?;
            floor_backlog = floor.publish(amount.floor_backlog, 1)?;
            team_cost = team.publish(1, edits)?;
            partners_cost = partners.publish(1, edits)?;
            floor_cost = floor.publish(1, edits)?;
        }
        Ok(Round { floor: floor_cost, partners: partners_cost, team: team_cost, floor_backlog, backlog })
    }

    /// Makes sure that nothing comes late.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        for subject in [&mut self.floor, &mut self.partners, &mut self.team] {
            subject.settle()?;
        }
        Ok(())
    }
}
