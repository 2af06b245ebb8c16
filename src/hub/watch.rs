//! What keeps a node right when nobody tells it anything: it asks the store how far the logs of its rooms have come, and
//! which credentials of its sessions have ended, and hears what is said to whole nodes.

use super::{Hub, Request};
use crate::cluster::message::Message;
use crate::cluster::{Heard, Pulse};
use crate::id::{CredentialId, WorkspaceId};
use crate::store::now_utc;
use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;

/// How often. One question for all rooms: what a lost announcement costs is at most this.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is asked which credentials have ended: how much longer a session of one may live when Redis is away.
const CREDENTIALS_EVERY: Duration = Duration::from_secs(5);
/// How long rooms may take to say whose sessions they have. Who is late is asked at the next turn.
const ROOMS_ANSWER: Duration = Duration::from_secs(1);
/// Credentials a question: the statement is bounded in time.
const CREDENTIALS_AT_ONCE: usize = 10_000;
/// The "workspace" by which nodes speak to nodes.
const NODES: WorkspaceId = WorkspaceId(Uuid::nil());

impl Hub {
    /// Watches for as long as it is polled. `ended` hears of credentials that have ended on other nodes.
    pub async fn watch(&self, ended: impl Fn(CredentialId)) -> Infallible {
        if !self.cluster.is_shared() {
            return std::future::pending().await;
        }
        // Side by side: a store that is slow to answer one keeps none of the others waiting.
        tokio::select! {
            never = self.hear_nodes(&ended) => never,
            never = self.look_at_logs() => never,
            never = self.look_at_credentials(&ended) => never,
        }
    }

    async fn hear_nodes(&self, ended: impl Fn(CredentialId)) -> Infallible {
        let mut hears = self.cluster.follow(NODES, Arc::new(Pulse::default()));
        while let Some(heard) = hears.recv().await {
            if let Heard::From(_, Message::SignedOut(credential)) = heard {
                ended(credential);
                self.tell_all(|| Request::SignedOut(credential)).await;
            }
        }
        std::future::pending().await
    }

    async fn look_at_logs(&self) -> Infallible {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.look().await;
        }
    }

    async fn look_at_credentials(&self, ended: impl Fn(CredentialId)) -> Infallible {
        let mut tick = interval(CREDENTIALS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let here: Vec<CredentialId> = self.credentials_here().await.into_iter().collect();
            for some in here.chunks(CREDENTIALS_AT_ONCE) {
                match self.store.ended_credentials(some, now_utc()).await {
                    Ok(gone) => {
                        for credential in gone {
                            ended(credential);
                            self.tell_all(|| Request::SignedOut(credential)).await;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(
                            error = format!("{error:#}"),
                            "the store was asked which credentials have ended"
                        );
                    }
                }
            }
        }
    }

    /// The credentials of the sessions on this node.
    async fn credentials_here(&self) -> HashSet<CredentialId> {
        let rooms: Vec<_> = self.rooms.iter().filter_map(|cell| cell.get().cloned()).collect();
        let (reply, mut answers) = mpsc::channel(rooms.len().max(1));
        for room in &rooms {
            // A room with a full inbox is asked again in a moment.
            let _ = room.inbox.try_send(Request::Credentials(reply.clone()));
        }
        drop(reply);
        let mut all = HashSet::new();
        let gather = async {
            while let Some(some) = answers.recv().await {
                all.extend(some);
            }
        };
        let _ = timeout(ROOMS_ANSWER, gather).await;
        all
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
