//! The way to a pump: notes that gather until it takes them all at once.

use super::seating::{Fetched, Mail, Seat};
use super::stream::StreamId;
use crate::id::SessionId;
use bytes::Bytes;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a pump is told.
pub enum Note {
    /// A session has a seat; its socket will follow.
    Seat(Box<Seat>),
    /// A session's socket, and what the client sent with its handshake.
    Socket(SessionId, TcpStream, Bytes),
    /// A session whose socket will not come.
    NoSocket(SessionId),
    /// For one session alone, from its room.
    Mail(SessionId, Mail),
    /// A stream has new frames.
    Grown(StreamId),
    /// What a session lacked, read from the store.
    Fetched(SessionId, Fetched),
    /// The node is gone: close all, and end.
    Stop,
}

/// A pump's address. Clones lead to the same pump.
#[derive(Clone)]
pub struct Post(Arc<Inner>);

struct Inner {
    notes: Mutex<Vec<Note>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Post {
    /// `wake` is called when there is something to take after there was nothing.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { notes: Mutex::default(), wake: Box::new(wake) }))
    }

    /// Never waits: what a pump can be told is bounded by what its rooms take in and its sessions may say.
    pub fn send(&self, note: Note) {
        let mut notes = self.lock();
        let first = notes.is_empty();
        notes.push(note);
        drop(notes);
        if first {
            (self.0.wake)();
        }
    }

    /// All that waits, in order; `into` is empty and lends its memory to what comes next.
    pub fn take(&self, into: &mut Vec<Note>) {
        std::mem::swap(into, &mut self.lock());
    }

    /// Whether both lead to the same pump.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Note>> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").finish_non_exhaustive()
    }
}
