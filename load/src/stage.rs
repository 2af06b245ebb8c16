//! What all sessions of a run share, who each of them is, and the orders they take.

use crate::connect::Target;
use crate::editor::Editor;
use crate::edits::Edit;
use crate::gate::Ticket;
use crate::tally::Tally;
use crate::wall::Viewer;
use crate::wire::Positions;
use crate::world::World;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use uuid::Uuid;

/// What all sessions of a run share beside the checkers' world.
pub(crate) struct Stage {
    /// The checkers' world.
    pub(crate) world: Arc<World>,
    /// The zero of all stamps.
    pub(crate) clock: Instant,
    /// Where sessions go, in turn.
    pub(crate) targets: Vec<Target>,
    /// How many may be opening at once.
    pub(crate) doors: Semaphore,
    /// Sessions that are seated.
    pub(crate) here: AtomicUsize,
}

impl Stage {
    /// Microseconds since the zero.
    pub(crate) fn now_us(&self) -> u64 {
        self.clock.elapsed().as_micros() as u64
    }

    /// Sessions that are seated now.
    pub(crate) fn here(&self) -> usize {
        self.here.load(Relaxed)
    }
}

/// Who a session is.
pub(crate) struct Plan {
    /// Its number.
    pub(crate) index: usize,
    /// Through whose eyes it sees.
    pub(crate) viewer: Viewer,
    /// Its person's token.
    pub(crate) token: Arc<str>,
    /// Where it starts.
    pub(crate) from: Positions,
    /// Whether it will stop reading, and so may be closed for being slow.
    pub(crate) slow: bool,
    /// What it needs to edit, if it does.
    pub(crate) editor: Option<Editor>,
}

/// How a session goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// With a close.
    Politely,
    /// The connection ends, as when a tab is closed.
    Silently,
    /// The connection is cut: a reset, as when a network goes.
    Cut,
}

/// What a session is told to do.
pub(crate) enum Order {
    /// Open, or open again and resume. Comes through when seated; wished for at this time.
    Come(u64, Ticket),
    /// Go. Comes through when gone.
    Leave(Manner, Ticket),
    /// Send an edit.
    Edit(Edit),
    /// Tell where it looks, and whether it is idle.
    Look(Option<Uuid>, bool),
    /// Stop reading.
    Deafen,
    /// Read again.
    Hear,
    /// Comes through when everything up to this shared position was seen.
    Reach(u64, Ticket),
    /// Tell what was seen so far.
    Tell(mpsc::UnboundedSender<(usize, Tally)>),
    /// Close and end.
    Dismiss,
}
