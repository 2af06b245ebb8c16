//! What keeps a node right when nobody tells it anything: it asks the store how far the logs of its rooms have come,
//! and hears what is said to whole nodes.

use super::{Hub, Request};
use crate::cluster::message::Message;
use crate::cluster::{Heard, Pulse};
use crate::id::{CredentialId, WorkspaceId};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

/// How often. One question for all rooms: what a lost announcement costs is at most this.
const EVERY: Duration = Duration::from_secs(1);
/// The "workspace" by which nodes speak to nodes.
const NODES: WorkspaceId = WorkspaceId(Uuid::nil());

impl Hub {
    /// Watches for as long as it is polled. `ended` hears of credentials that have ended on other nodes.
    pub async fn watch(&self, ended: impl Fn(CredentialId)) -> Infallible {
        if !self.cluster.is_shared() {
            return std::future::pending().await;
        }
        let mut hears = self.cluster.follow(NODES, Arc::new(Pulse::default()));
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(heard) = hears.recv() => {
                    if let Heard::From(_, Message::SignedOut(credential)) = heard {
                        ended(credential);
                        self.tell_all(|| Request::SignedOut(credential)).await;
                    }
                }
                _ = tick.tick() => self.look().await,
            }
        }
    }

    /// Tells other nodes that a credential has ended.
    pub(super) fn tell_signed_out(&self, credential: CredentialId) {
        self.cluster.tell(NODES, Message::SignedOut(credential));
    }

    async fn look(&self) {
        let open: Vec<WorkspaceId> = self.rooms.iter().map(|room| *room.key()).collect();
        if open.is_empty() {
            return;
        }
        let heads = match self.store.heads(&open).await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the store was asked how far logs have come");
                return;
            }
        };
        for (workspace, head) in heads {
            let room = self.rooms.get(&workspace).and_then(|cell| cell.get().cloned());
            if let Some(room) = room.filter(|room| head > room.state().sequence) {
                // A room with a full inbox reads the log when it next writes; and it is asked again in a moment.
                let _ = room.inbox.try_send(Request::CatchUp(Some(head), None));
            }
        }
    }
}
