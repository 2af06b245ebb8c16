//! What a room and a session say to each other about a seat.

use super::RoomHandle;
use super::post::{Note, Post};
use super::stream::Stream;
use crate::id::{CredentialId, Epoch, ItemId, OpId, SessionId};
use crate::protocol::{Close, Status};
use crate::visibility::Frame;
use crate::workspace::Positions;
use crate::workspace::command::Command;
use crate::workspace::member::Viewer;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A session, as its room knows it.
pub(super) struct Occupant {
    pub(super) session: SessionId,
    pub(super) viewer: Viewer,
    pub(super) credential: CredentialId,
    pub(super) post: Post,
}

/// A seat: everything a session needs beside its socket.
pub struct Seat {
    /// The session's id.
    pub session: SessionId,
    /// The room.
    pub room: RoomHandle,
    /// Sent first.
    pub hello: Vec<Frame>,
    /// Where it reads.
    pub seating: Seating,
    /// The hub waits for its end when it leaves.
    pub token: TaskTrackerToken,
}

/// The right to bring the socket of a seat. Dropped without one, the seat is given back.
#[derive(Debug)]
pub struct Claim {
    pub(super) session: SessionId,
    pub(super) post: Option<Post>,
}

impl Claim {
    /// Brings the socket, and what came with the handshake.
    pub fn bring(mut self, socket: std::net::TcpStream, first: bytes::Bytes) {
        if let Some(post) = self.post.take() {
            post.send(Note::Socket(self.session, socket, first));
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(post) = self.post.take() {
            post.send(Note::NoSocket(self.session));
        }
    }
}

/// What a session says to its room.
#[derive(Debug)]
pub enum Said {
    /// An edit; its answer comes by mail.
    Edit(OpId, Box<Command>),
    /// What its client says of its presence.
    Presence {
        /// The item it looks at.
        viewing: Option<ItemId>,
        /// Whether it is at it.
        status: Status,
    },
    /// It has fallen off the ring and has come to these positions; where it reads on comes by mail.
    Resume(Epoch, Positions),
    /// It is gone.
    Leave,
}

/// What a room tells one session alone.
#[derive(Debug)]
pub enum Mail {
    /// A frame to send.
    Frame(Frame),
    /// The answer to a wish to resume: where it reads on, and who is here.
    Resume(Seating, Frame),
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
    /// The log it reads has its last frame: the socket is closed once all of it is written.
    Finish(Close),
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
    /// What positions count in.
    pub epoch: Epoch,
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

/// A piece of the store's log that a session lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Through whose eyes.
    pub viewer: Viewer,
    /// What the positions count in.
    pub epoch: Epoch,
    /// The positions it has.
    pub seen: Positions,
    /// The positions it needs to come to.
    pub head: Positions,
}

/// Frames of a piece, oldest first.
#[derive(Debug)]
pub struct Fetched {
    /// What was asked for.
    pub piece: Piece,
    /// The frames, and how far they come: to the head, if there are none. None: the store could not be read.
    pub frames: Option<(Vec<Frame>, Positions)>,
}
