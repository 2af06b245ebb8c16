//! What all judges of a run share: who the partners are, what became of the edits, and how long they took.

use crate::judged::Judged;
use crate::latency::Latency;
use crate::ledger::Ledger;
use crate::wire::Marks;
use std::collections::HashMap;
use std::sync::RwLock;
use uuid::Uuid;

/// What all checkers of a run share.
pub(crate) struct World {
    /// The run's marks.
    pub(crate) marks: Marks,
    /// Every partner's account and number: what must not turn up at another partner.
    pub(crate) people: HashMap<Uuid, u32>,
    /// What became of each edit.
    pub(crate) ledger: Ledger,
    /// Frames that harm nobody.
    pub(crate) judged: Judged,
    /// Whose the partner sessions are, by session id, as their welcomes tell.
    pub(crate) sessions: RwLock<HashMap<String, u32>>,
    /// From an edit's writing to its delivery; counts every delivery.
    pub(crate) deliveries: Latency,
    /// From an edit's writing to its ack.
    pub(crate) acks: Latency,
    /// From the wish to come to the seat.
    pub(crate) seatings: Latency,
}

impl World {
    /// Room for `edits` edits.
    pub(crate) fn new(marks: Marks, people: HashMap<Uuid, u32>, edits: u64) -> anyhow::Result<Self> {
        Ok(Self {
            marks,
            people,
            ledger: Ledger::new(edits),
            judged: Judged::new(),
            sessions: RwLock::default(),
            deliveries: Latency::new()?,
            acks: Latency::new()?,
            seatings: Latency::new()?,
        })
    }
}
