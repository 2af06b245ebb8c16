//! What a room tells the same workspace's rooms on other nodes, and what it makes of what they tell.
//!
//! Of the log: records that follow on what is here are taken; anything else sends the room to the log. Of presence:
//! each node numbers what it says, and whoever has missed a number asks for all of it; a node that has not been heard
//! for a lease's time has nobody here any more.

use super::batch::{Parts, audience_of_stream};
use super::room::Room;
use crate::cluster::Heard;
use crate::cluster::message::Message;
use crate::id::{NodeId, SessionId};
use crate::store::Record;
use crate::visibility::{self, Seat};
use crate::workspace::event::Event;
use crate::workspace::{Audience, Stamp};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long a node's sessions stay without a sign of life of it: seven beats.
const LEASE: Duration = Duration::from_secs(15);
/// How long an answer to "who is there" may take before it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Other nodes that have a room for the workspace.
#[derive(Debug)]
pub(super) struct Peers {
    nodes: HashMap<NodeId, Peer>,
    /// The number of the last message about sessions here.
    said: u64,
    asked: Option<Instant>,
}

#[derive(Debug)]
struct Peer {
    /// The number of its last message, if all its sessions are known as of that.
    number: Option<u64>,
    last_heard: Instant,
    leaving: bool,
}

impl Peers {
    /// Numbers go on from the clock's microseconds: a room that closes and is opened again, on a node that others have
    /// not forgotten yet, must not say anything under a number that they have heard already.
    pub(super) fn new() -> Self {
        let now = crate::store::now_utc().unix_timestamp_nanos() / 1_000;
        Self { nodes: HashMap::new(), said: u64::try_from(now).unwrap_or_default(), asked: None }
    }

    /// The number of the last message about sessions here.
    pub(super) fn said(&self) -> u64 {
        self.said
    }
}

impl Room {
    pub(super) fn tell(&self, message: Message) {
        self.cluster.tell(self.workspace.id, message);
    }

    /// Tells other nodes how sessions here have changed.
    pub(super) fn tell_nodes(&mut self, here: Vec<Seat>, left: Vec<SessionId>) {
        if self.leaving || (here.is_empty() && left.is_empty()) {
            return;
        }
        self.peers.said += 1;
        self.pulse.set_presence(self.peers.said);
        self.tell(Message::Presence { number: self.peers.said, head: self.workspace.sequence, here, left });
    }

    fn tell_whole(&self) {
        if !self.leaving {
            let (number, head) = (self.peers.said, self.workspace.sequence);
            self.tell(Message::Whole { number, head, here: self.presence.of_node(None) });
        }
    }

    fn ask_who(&mut self, now: Instant) {
        if self.peers.asked.is_none_or(|asked| now.duration_since(asked) >= ASK_AGAIN) {
            self.peers.asked = Some(now);
            self.tell(Message::Who);
        }
    }

    pub(super) async fn hear(&mut self, heard: Heard) {
        let now = Instant::now();
        let (node, message) = match heard {
            Heard::Connected => {
                self.follow().await;
                self.tell_whole();
                self.ask_who(now);
                return;
            }
            Heard::From(node, message) => (node, message),
        };
        if let Some(peer) = self.peers.nodes.get_mut(&node) {
            peer.last_heard = now;
        }
        match message {
            Message::Grown { after, head, records } => self.hear_grown(after, head, records).await,
            Message::Beat { head, presence } => {
                if head > self.workspace.sequence {
                    self.follow().await;
                }
                if self.peers.nodes.get(&node).is_none_or(|peer| peer.number != Some(presence) && !peer.leaving) {
                    self.ask_who(now);
                }
            }
            Message::Who => self.tell_whole(),
            Message::Presence { head, .. } | Message::Whole { head, .. } if !self.has(head).await => {
                tracing::debug!(%node, head, "who is there is not told without the log");
            }
            Message::Presence { number, here, left, .. } => {
                let known = self.peers.nodes.get(&node).and_then(|peer| peer.number);
                if known.is_none_or(|known| number != known + 1) {
                    // An older one than we have all of: it crossed a whole list on its way.
                    if known.is_none_or(|known| number > known) {
                        self.ask_who(now);
                    }
                    return;
                }
                self.is_at(node, number, now);
                self.arrive(node, here, now);
                left.into_iter().for_each(|session| self.presence.depart(node, session, now));
            }
            Message::Whole { number, here, .. } => {
                if self.peers.nodes.get(&node).is_some_and(|peer| peer.number.is_some_and(|known| known > number)) {
                    return;
                }
                self.is_at(node, number, now);
                let stay: HashSet<SessionId> = here.iter().map(|seat| seat.session).collect();
                self.presence.keep_only(node, |session| stay.contains(&session), now);
                self.arrive(node, here, now);
            }
            Message::Leaving => {
                self.presence.hold(Some(node), now);
                if let Some(peer) = self.peers.nodes.get_mut(&node) {
                    peer.leaving = true;
                }
            }
            Message::Own { user, news } => self.tell_own(user, news),
            // Said to whole nodes; the hub hears it.
            Message::SignedOut(_) => {}
        }
    }

    fn is_at(&mut self, node: NodeId, number: u64, now: Instant) {
        self.peers.nodes.insert(node, Peer { number: Some(number), last_heard: now, leaving: false });
    }

    /// Whether all of the log up to there is known here, read if need be. Whoever came behind walls that this node has
    /// not heard of must not be shown as if there were none. What is not taken is asked for after the next beat.
    async fn has(&mut self, head: u64) -> bool {
        if head > self.workspace.sequence {
            self.follow().await;
        }
        head <= self.workspace.sequence
    }

    fn arrive(&mut self, node: NodeId, here: Vec<Seat>, now: Instant) {
        for mut seat in here {
            let Some(member) = self.workspace.person(seat.user) else { continue };
            seat.viewing = seat.viewing.filter(|id| self.workspace.item(*id).is_some());
            let audience = visibility::audience_of_person(member.side, self.workspace.mode);
            self.presence.arrive(node, seat, audience, now);
        }
    }

    /// Lets go of nodes that gave no sign of life for too long.
    pub(super) fn sweep_peers(&mut self, now: Instant) {
        let is_gone = |peer: &Peer| now.duration_since(peer.last_heard) >= LEASE;
        let gone: Vec<NodeId> =
            self.peers.nodes.iter().filter(|(_, peer)| is_gone(peer)).map(|(node, _)| *node).collect();
        for node in gone {
            tracing::info!(%node, workspace = %self.workspace.id, "a node is gone");
            self.peers.nodes.remove(&node);
            self.presence.keep_only(node, |_| false, now);
        }
    }

    async fn hear_grown(&mut self, after: u64, head: u64, mut records: Vec<Record>) {
        let here = self.workspace.sequence;
        if head <= here {
            return;
        }
        records.retain(|record| record.sequence > here);
        if records.is_empty() || after > here || !self.take(&records).await {
            self.follow().await;
        }
    }

    /// Takes records that another node has written, if they are what the log has next by all that can be told here.
    async fn take(&mut self, records: &[Record]) -> bool {
        let mut next = self.workspace.as_ref().clone();
        let mut parts = Parts::default();
        for record in records {
            let Ok(event) = serde_json::from_slice::<Event>(&record.body) else { return self.distrust(record) };
            let audience = audience_of_stream(record.stream);
            if record.sequence != next.sequence + 1 || visibility::audience_of(&event, &next) != audience {
                return self.distrust(record);
            }
            let stamp = Stamp { sequence: record.sequence, audience, at: record.at, by: record.author };
            next.apply(&event, stamp);
            let position = match audience {
                Audience::Everyone => next.positions.shared,
                Audience::Team => next.positions.team,
            };
            if (record.epoch, record.position) != (next.epoch, position) {
                return self.distrust(record);
            }
            parts.add(&next, &event, record);
        }
        self.publish_parts(parts, &next).await;
        true
    }

    fn distrust(&self, record: &Record) -> bool {
        let (workspace, sequence) = (self.workspace.id, record.sequence);
        tracing::warn!(%workspace, sequence, "a record another node announced does not fit; the log is read");
        false
    }
}
