//! Other nodes: what rooms of one workspace on several nodes tell each other.
//!
//! All of it is a hint that saves time. The truth about a workspace is the store's log, and every node asks it once
//! a second how far it has come; the truth about who is here is what each node repeats of its own sessions. So a lost
//! message costs a second at most, and a cluster without a connection goes on.

pub mod local;
pub mod message;
pub mod redis;

use crate::id::{NodeId, Sequence, WorkspaceId};
use message::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Messages that may wait for a room. Past it they are lost, which the room finds out by the next beat.
pub const WAITING: usize = 4_096;

/// Tells other nodes of commits and presence, and hears of theirs.
pub trait Cluster: Send + Sync + 'static {
    /// Whether there can be other nodes.
    fn is_shared(&self) -> bool;
    /// Tells all nodes that follow a workspace. Never waits and never fails: a lost message costs time alone.
    fn tell(&self, workspace: WorkspaceId, message: Message);
    /// Hears what other nodes tell about a workspace, until what is given is dropped.
    fn follow(&self, workspace: WorkspaceId, pulse: Arc<Pulse>) -> mpsc::Receiver<Heard>;
}

/// What a node hears of a workspace.
#[derive(Debug)]
pub enum Heard {
    /// Another node said this.
    From(NodeId, Message),
    /// There is a connection now, and there was none before: something may have been missed.
    Connected,
}

/// What a room's beats say of it: read whenever one is due, also while the room waits for the store.
#[derive(Debug, Default)]
pub struct Pulse {
    head: AtomicU64,
    presence: AtomicU64,
}

impl Pulse {
    /// How far the log has come here.
    pub fn set_head(&self, head: Sequence) {
        self.head.store(head, Ordering::Relaxed);
    }

    /// The number of the last message about presence.
    pub fn set_presence(&self, number: u64) {
        self.presence.store(number, Ordering::Relaxed);
    }

    fn beat(&self) -> Message {
        Message::Beat { head: self.head.load(Ordering::Relaxed), presence: self.presence.load(Ordering::Relaxed) }
    }
}
