//! What came out, as a table and as JSON.
#![allow(clippy::print_stdout, reason = "the table is what the command is for")]

use super::rounds::{Amounts, Round};
use crate::driver::subject::Cost;
use crate::quartiles::Quartiles;
use serde::Serialize;
use std::fmt;

/// One way of publishing, server beside floor.
#[derive(Debug, Serialize)]
pub(crate) struct Beside {
    /// CPU a delivery, server over floor, of each round.
    floor_ratio: Quartiles,
    /// CPU of the server a delivery, the rounds' median.
    us_per_delivery: f64,
    /// CPU of the floor a delivery, the rounds' median.
    floor_us_per_delivery: f64,
}

impl Beside {
    /// Of each round, what the server cost and what the floor did.
    pub(crate) fn new(pairs: impl Iterator<Item = (Cost, Cost)>) -> Self {
        let us: Vec<_> = pairs.map(|(server, floor)| (server.us_per_delivery(), floor.us_per_delivery())).collect();
        Self {
            floor_ratio: Quartiles::of(us.iter().map(|(server, floor)| server / floor)),
            us_per_delivery: Quartiles::of(us.iter().map(|(server, _)| *server)).median,
            floor_us_per_delivery: Quartiles::of(us.iter().map(|(_, floor)| *floor)).median,
        }
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { floor_ratio, us_per_delivery, floor_us_per_delivery } = self;
        write!(f, "{floor_ratio}   {us_per_delivery:.2} µs, floor {floor_us_per_delivery:.2} µs")
    }
}

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// Sessions of partners, and as many of the floor.
    pub(crate) sessions: usize,
    /// Rounds.
    pub(crate) rounds: usize,
    /// One edit after the other.
    pub(crate) one_at_a_time: Beside,
    /// Edits back to back.
    pub(crate) backlog: Beside,
    /// Throughput a CPU second to partners over that to team members.
    pub(crate) filtered_over_unfiltered: f64,
    /// The same with its spread.
    pub(crate) filtered_over_unfiltered_quartiles: Quartiles,
    /// Sessions on either side of that.
    pub(crate) compared_sessions: usize,
    /// Resident memory that an idle session adds.
    pub(crate) rss_kib_per_session: f64,
    /// CPU of the server while all are idle, of one core.
    pub(crate) idle_cpu_percent: f64,
    /// CPU of opening a session.
    pub(crate) us_per_join: f64,
    /// Bytes of an event.
    pub(crate) event_bytes: usize,
    /// How much of its time the client found nothing to read.
    pub(crate) client_spare: f64,
    /// Messages to partners in the rounds that were neither edits nor acks, for each delivery: presence, which costs, too.
    pub(crate) others_per_delivery: f64,
}

/// What was measured beside the rounds.
pub(crate) struct Still {
    /// See [`Figures`].
    pub(crate) rss_kib_per_session: f64,
    /// See [`Figures`].
    pub(crate) idle_cpu_percent: f64,
    /// See [`Figures`].
    pub(crate) us_per_join: f64,
    /// See [`Figures`].
    pub(crate) event_bytes: usize,
    /// See [`Figures`].
    pub(crate) sessions: usize,
    /// See [`Figures`].
    pub(crate) compared_sessions: usize,
}

impl Figures {
    /// Adds it up.
    pub(crate) fn new(rounds: &[Round], amounts: Amounts, still: Still) -> Self {
        let filtered = Quartiles::of(
            rounds.iter().map(|round| round.unfiltered.us_per_delivery() / round.filtered.us_per_delivery()),
        );
        let sum = |of: fn(&Round) -> f64| rounds.iter().map(of).sum::<f64>();
        let deliveries = sum(|round| round.server.deliveries as f64);
        let acks = (rounds.len() as u64 * amounts.edits) as f64;
        Self {
            sessions: still.sessions,
            compared_sessions: still.compared_sessions,
            rounds: rounds.len(),
            one_at_a_time: Beside::new(rounds.iter().map(|round| (round.server, round.floor))),
            backlog: Beside::new(rounds.iter().map(|round| (round.backlog, round.floor_backlog))),
            filtered_over_unfiltered: filtered.median,
            filtered_over_unfiltered_quartiles: filtered,
            rss_kib_per_session: still.rss_kib_per_session,
            idle_cpu_percent: still.idle_cpu_percent,
            us_per_join: still.us_per_join,
            event_bytes: still.event_bytes,
            client_spare: sum(|round| round.server.spare) / rounds.len() as f64,
            others_per_delivery: (sum(|round| round.server.others as f64) - acks) / deliveries,
        }
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let rows = [
            ("sessions", format!("{}, events of {} bytes", self.sessions, self.event_bytes)),
            ("rounds", format!("{}, medians [quartiles]", self.rounds)),
            ("CPU a delivery × floor", self.one_at_a_time.to_string()),
            ("  with a backlog", self.backlog.to_string()),
            (
                "filtered ÷ unfiltered",
                format!("{}   {} sessions each", self.filtered_over_unfiltered_quartiles, self.compared_sessions),
            ),
            ("memory a session", format!("{:.2} KiB", self.rss_kib_per_session)),
            ("CPU of idle sessions", format!("{:.2}% of a core", self.idle_cpu_percent)),
            ("CPU a join", format!("{:.0} µs, handshake and all", self.us_per_join)),
            ("client found nothing", format!("{:.0}% of its looks", self.client_spare * 100.0)),
            ("presence meanwhile", format!("{:.3} messages a delivery", self.others_per_delivery)),
        ];
        for (name, value) in rows {
            println!("{name:<24}{value}");
        }
    }
}
