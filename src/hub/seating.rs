//! What a room and a session say to each other about a seat.

use super::stream::Stream;
use crate::id::{CredentialId, SessionId};
use crate::protocol::Close;
use crate::visibility::Frame;
use crate::workspace::member::Viewer;
use crate::workspace::{Positions, Workspace};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A session, as its room knows it.
pub(super) struct Occupant {
    pub(super) session: SessionId,
    pub(super) viewer: Viewer,
    pub(super) credential: CredentialId,
    pub(super) mail: mpsc::Sender<Mail>,
}

/// What a room tells one session alone.
#[derive(Debug)]
pub enum Mail {
    /// A frame to send.
    Frame(Frame),
    /// Its rights changed: read elsewhere from now on. `confirm` is dropped once nothing of the old seat will be sent.
    Reseat {
        /// Sent first.
        hello: Vec<Frame>,
        /// Where it reads on.
        seating: Seating,
        /// What was not sent yet must not be.
        new_epoch: bool,
        /// Dropped when done.
        confirm: mpsc::Sender<()>,
    },
    /// The socket is to be closed.
    Close {
        /// Why.
        code: Close,
        /// Said before, instead of what was not begun.
        last: Option<Frame>,
        /// Dropped when nothing more will be sent.
        confirm: Option<mpsc::Sender<()>>,
    },
}

/// Where a session reads on.
#[derive(Clone, Debug)]
pub struct Seating {
    /// How it sees the workspace.
    pub viewer: Viewer,
    /// The state as of `head`.
    pub workspace: Arc<Workspace>,
    /// The log it reads.
    pub stream: Arc<Stream>,
    /// The byte to read from, once it has all up to `head`.
    pub cursor: u64,
    /// The positions it has.
    pub seen: Positions,
    /// The positions at `cursor`.
    pub head: Positions,
    /// What it lacks between the two; None: the store has it.
    pub backlog: Option<Vec<Frame>>,
}
