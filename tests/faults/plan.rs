//! Plans: what people do and what goes wrong, all of it made from a seed.
//!
//! A world's faults hit everybody in it, so plans come in rounds: those of one round have the faults in common, made
//! from the round's number, and each its own steps, made from its seed. A seed names both.
#![allow(dead_code, reason = "each test file uses its part")]

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Plans that share a round's faults.
pub const LANES: u64 = 10;
pub const NODES: usize = 3;
/// Milliseconds in which steps are taken and faults happen.
pub const ACTION: u64 = 9_000;

pub const EDITORS: usize = 3;
pub const PARTNERS: usize = 6;
/// Partners that are there from the start.
pub const FIRST_PARTNERS: usize = 4;

/// A seed's round and its lane there.
pub fn round_of(seed: u64) -> (u64, u64) {
    (seed / LANES, seed % LANES)
}

// ---- steps ----

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An editor makes some edits, as fast as their answers come.
    Edits {
        editor: usize,
        count: usize,
    },
    /// The admin edits, over HTTP and a node of its choice.
    HttpEdit {
        node: usize,
    },
    /// Somebody looks at an item, or at none.
    Look {
        client: usize,
        item: Option<usize>,
    },
    /// Somebody's socket ends without a word, and comes back elsewhere.
    Move {
        client: usize,
    },
    /// Somebody leaves in good order.
    Leave {
        client: usize,
    },
    /// Somebody who left comes back.
    Come {
        client: usize,
    },
    /// A second session of somebody.
    Second {
        client: usize,
    },
    /// The next partner is invited and joins, over a node each.
    Join {
        invite: usize,
        accept: usize,
    },
    Switch {
        node: usize,
    },
    /// A partner is removed.
    Remove {
        partner: usize,
        node: usize,
    },
}

#[derive(Debug)]
pub struct Plan {
    pub seed: u64,
    /// Whether the workspace has walls before anything else happens.
    pub walled: bool,
    /// Each with the milliseconds to wait before it.
    pub steps: Vec<(u64, Step)>,
}

impl Plan {
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed.wrapping_mul(2).wrapping_add(1));
        let walled = random.random_ratio(1, 3);
        let switch_at = random.random_range(500..ACTION - 1_000);
        let switches = !walled && random.random_ratio(4, 5);
        let (mut steps, mut at, mut joins, mut removals, mut switched) = (Vec::new(), 0, 0, 0, false);
        while at < ACTION {
            let gap = random.random_range(20..350);
            at += gap;
            let clients = EDITORS + FIRST_PARTNERS;
            let (client, node) = (random.random_range(0..clients), random.random_range(0..NODES));
            let step = if switches && !switched && at >= switch_at {
                switched = true;
                Step::Switch { node }
            } else {
                match random.random_range(0..100) {
                    0..45 => Step::Edits {
                        // The last editor is of the team and follows only.
                        editor: random.random_range(0..EDITORS - 1),
                        count: random.random_range(1..8),
                    },
                    45..50 => Step::HttpEdit { node },
                    50..64 => Step::Look { client, item: [None, Some(0), Some(1)][random.random_range(0..3)] },
                    64..72 => Step::Move { client },
                    72..79 => Step::Leave { client },
                    79..88 => Step::Come { client },
                    88..92 => Step::Second { client },
                    92..96 if joins < PARTNERS - FIRST_PARTNERS => {
                        joins += 1;
                        Step::Join { invite: node, accept: random.random_range(0..NODES) }
                    }
                    96..99 if removals < 2 => {
                        removals += 1;
                        Step::Remove { partner: random.random_range(0..FIRST_PARTNERS), node }
                    }
                    _ => Step::Edits { editor: 0, count: 1 },
                }
            };
            steps.push((gap, step));
        }
        Self { seed, walled, steps }
    }
}

// ---- faults ----

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Redis,
    Postgres,
    Clients,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Stall,
    HalfOpen { toward_server: bool },
    Reset,
    Refuse,
    Throttle(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NodeKilled(usize),
    NodePaused(usize),
    NodeDrained(usize),
    RedisKilled,
    RedisPaused,
    RedisListenersKilled,
    RedisFlushed,
    PostgresRestarted,
    PostgresPaused,
    Wire(usize, Link, Wire),
}

impl Fault {
    /// What it is counted as.
    pub fn kind(self) -> String {
        match self {
            Self::NodeKilled(_) => "node killed".into(),
            Self::NodePaused(_) => "node paused".into(),
            Self::NodeDrained(_) => "node drained".into(),
            Self::Wire(_, link, wire) => {
                let wire = match wire {
                    Wire::Stall => "stalled",
                    Wire::HalfOpen { .. } => "half-open",
                    Wire::Reset => "reset",
                    Wire::Refuse => "refused",
                    Wire::Throttle(_) => "throttled",
                };
                format!("{link:?} {wire}").to_lowercase()
            }
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// What it is done to, of which only one thing is wrong at a time.
    pub fn place(self) -> (u8, usize) {
        match self {
            Self::NodeKilled(node) | Self::NodePaused(node) | Self::NodeDrained(node) => (0, node),
            Self::RedisKilled | Self::RedisPaused | Self::RedisListenersKilled | Self::RedisFlushed => (1, 0),
            Self::PostgresRestarted | Self::PostgresPaused => (2, 0),
            Self::Wire(node, link, _) => (3 + link as u8, node),
        }
    }
}

/// A fault, when it begins, and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub at: u64,
    pub lasts: u64,
    pub fault: Fault,
}

/// The faults of a round. Some overlap.
pub fn faults(round: u64) -> Vec<Planned> {
    let mut random = StdRng::seed_from_u64(round.wrapping_mul(2));
    let count = random.random_range(3..=5);
    let mut planned: Vec<Planned> = Vec::new();
    while planned.len() < count {
        let node = random.random_range(0..NODES);
        let fault = match random.random_range(0..20) {
            0 | 1 => Fault::NodeKilled(node),
            2 | 3 => Fault::NodePaused(node),
            4 | 5 => Fault::NodeDrained(node),
            6 => Fault::RedisKilled,
            7 => Fault::RedisPaused,
            8 => Fault::RedisListenersKilled,
            9 => Fault::RedisFlushed,
            10 => Fault::PostgresRestarted,
            11 => Fault::PostgresPaused,
            _ => {
                let link = [Link::Redis, Link::Postgres, Link::Clients][random.random_range(0..3)];
                let wire = match random.random_range(0..5) {
                    0 => Wire::Stall,
                    1 => Wire::HalfOpen { toward_server: random.random() },
                    2 => Wire::Reset,
                    3 => Wire::Refuse,
                    _ => Wire::Throttle(random.random_range(2_000..40_000)),
                };
                Fault::Wire(node, link, wire)
            }
        };
        // Now and then longer than a node needs to find out that it is deaf, and than a statement may take.
        let lasts = if random.random_ratio(1, 5) { 5_500 } else { random.random_range(100..2_500) };
        let at = random.random_range(200..ACTION - 1_500);
        let overlaps = |other: &Planned| {
            other.fault.place() == fault.place() && at < other.at + other.lasts + 500 && other.at < at + lasts + 500
        };
        if !planned.iter().any(overlaps) {
            planned.push(Planned { at, lasts, fault });
        }
    }
    planned.sort_by_key(|one| one.at);
    planned
}
