//! The cluster upon Redis: one channel a workspace, one connection a node for all it says and hears.
//!
//! Nothing is stored in Redis, so nothing can be lost in it. Every node beats on each channel it follows; a node that
//! doesn't hear its own beats is deaf there, whatever its connection says, and connects anew.

mod line;
mod link;

use super::message::{Message, Sealer};
use super::{Cluster, Heard, Pulse, WAITING};
use crate::id::{NodeId, WorkspaceId};
use line::Target;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::mpsc;

/// What may wait to be said. Past it messages are lost: they are hints.
const ORDERS: usize = 16_384;

/// The connection of a node to the others.
pub struct Redis {
    orders: mpsc::UnboundedSender<Follow>,
    says: mpsc::Sender<(WorkspaceId, Message)>,
    state: Arc<State>,
}

/// What can be told of the connection from outside.
#[derive(Debug, Default)]
pub(super) struct State {
    connected: AtomicBool,
    refused: AtomicU64,
    unsaid: AtomicU64,
}

/// A room that wants to hear.
pub(super) struct Follow {
    workspace: WorkspaceId,
    pulse: Arc<Pulse>,
    heard: mpsc::Sender<Heard>,
}

impl Redis {
    /// Starts to connect, and goes on for as long as the value lives. Needs a runtime.
    ///
    /// # Errors
    /// When the URL is none of `redis://`, `rediss://`, `redis+cluster://` or `redis+sentinel://`. A server that can't be
    /// reached is no error: it may come later.
    pub fn start(url: &str, key: &[u8; 32]) -> anyhow::Result<Self> {
        let target = Target::parse(url)?;
        let (orders, follows) = mpsc::unbounded_channel();
        let (says, words) = mpsc::channel(ORDERS);
        let state = Arc::new(State::default());
        let link = link::Link::new(target, NodeId::new(), Sealer::new(key), Arc::clone(&state));
        tokio::spawn(link.run(follows, words));
        Ok(Self { orders, says, state })
    }

    /// Says what is wrong with a URL.
    ///
    /// # Errors
    /// As `start`.
    pub fn check_url(url: &str) -> anyhow::Result<()> {
        Target::parse(url).map(drop)
    }

    /// Whether there is a connection on which this node hears itself.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state.connected.load(Ordering::Relaxed)
    }

    /// Messages that were heard and not believed: not sealed by a node of this store, or of another workspace.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::Relaxed)
    }

    /// Messages that were not said, since there was no connection or too much waited.
    #[must_use]
    pub fn unsaid(&self) -> u64 {
        self.state.unsaid.load(Ordering::Relaxed)
    }
}

impl Cluster for Redis {
    fn is_shared(&self) -> bool {
        true
    }

    fn tell(&self, workspace: WorkspaceId, message: Message) {
        if self.says.try_send((workspace, message)).is_err() {
            self.state.unsaid.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn follow(&self, workspace: WorkspaceId, pulse: Arc<Pulse>) -> mpsc::Receiver<Heard> {
        let (heard, hears) = mpsc::channel(WAITING);
        // The link ends only with this value.
        let _ = self.orders.send(Follow { workspace, pulse, heard });
        hears
    }
}
