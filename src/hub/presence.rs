//! Who is here, looking at what. Kept in the room, conflated for a tick, never stored.
//!
//! What one partner does must not shift when or how others learn of something else. So each audience has a tick of
//! its own, armed by its own changes alone, and whoever is listed is listed in order of coming.

use crate::id::{ItemId, NodeId, SessionId, UserId};
use crate::protocol::Status;
use crate::visibility::{self, Frame, Seat};
use crate::workspace::member::Viewer;
use crate::workspace::{Audience, Workspace};
use indexmap::IndexMap;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// How long changes gather before they are told.
pub const TICK: Duration = Duration::from_millis(50);
/// How long people of a node that stops stay, until they have come back on another.
pub const HELD: Duration = Duration::from_secs(10);
/// How long a session stays active, or typing, without a sign of life.
pub const IDLE_AFTER: Duration = Duration::from_secs(20);

/// Who gathers changes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Circle {
    Audience(Audience),
    /// One person's own sessions.
    Own(UserId),
    /// Other nodes, about one person: when they learn of it depends on nobody else.
    Nodes(UserId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Joined,
    Changed,
    Left,
}

#[derive(Debug)]
struct Gathering {
    due: Instant,
    changes: IndexMap<SessionId, (What, Seat)>,
}

#[derive(Clone, Copy, Debug)]
struct Occupied {
    number: u64,
    audience: Audience,
    last_sign: Instant,
    /// The node it is on, if that is another.
    node: Option<NodeId>,
    /// Until when it stays although its socket is gone.
    held_until: Option<Instant>,
}

/// A delta that is due, and who gets it.
#[derive(Debug)]
pub enum Due {
    /// For a log.
    Audience(Audience, Frame),
    /// For one session.
    Session(SessionId, Frame),
    /// For other nodes: who came or changed, and who went.
    Nodes(Vec<Seat>, Vec<SessionId>),
}

/// Who is here.
#[derive(Debug, Default)]
pub struct Presence {
    /// By number of coming.
    everyone: BTreeMap<u64, Seat>,
    team_only: BTreeMap<u64, Seat>,
    sessions: HashMap<SessionId, Occupied>,
    own: HashMap<UserId, Vec<SessionId>>,
    /// Whether there are other nodes to be told.
    shared: bool,
    /// In order of falling due: all gather for the same time.
    gathering: IndexMap<Circle, Gathering>,
    next: u64,
}

impl Presence {
    /// Nobody is here yet. `shared`: other nodes are told of sessions here.
    #[must_use]
    pub fn new(shared: bool) -> Self {
        Self { shared, ..Self::default() }
    }

    /// Somebody comes. `audience`: who learns of it.
    pub fn join(&mut self, seat: Seat, audience: Audience, now: Instant) {
        self.enter(seat, audience, None, now);
    }

    fn enter(&mut self, seat: Seat, audience: Audience, node: Option<NodeId>, now: Instant) {
        let number = self.next;
        self.next += 1;
        let occupied = Occupied { number, audience, last_sign: now, node, held_until: None };
        self.sessions.insert(seat.session, occupied);
        let own = self.own.entry(seat.user).or_default();
        // Told together, so that somebody who only went to another node is never gone.
        let held = |session: &&SessionId| self.sessions.get(*session).is_some_and(|one| one.held_until.is_some());
        let replaced = own.iter().find(held).copied();
        own.push(seat.session);
        self.seats(audience).insert(number, seat);
        self.gather(seat, audience, What::Joined, now);
        if let Some(session) = replaced {
            self.leave(session, now);
        }
    }

    /// Another node says that one of its sessions is here, or looks at something else.
    pub fn arrive(&mut self, node: NodeId, seat: Seat, audience: Audience, now: Instant) {
        let Some(occupied) = self.sessions.get_mut(&seat.session) else {
            return self.enter(seat, audience, Some(node), now);
        };
        let Occupied { number, audience, .. } = *occupied;
        if occupied.node != Some(node) {
            return;
        }
        occupied.held_until = None;
        if let Some(known) = self.seats(audience).get_mut(&number)
            && *known != seat
        {
            *known = seat;
            self.gather(seat, audience, What::Changed, now);
        }
    }

    /// Another node says that one of its sessions is gone.
    pub fn depart(&mut self, node: NodeId, session: SessionId, now: Instant) {
        if self.sessions.get(&session).is_some_and(|occupied| occupied.node == Some(node)) {
            self.leave(session, now);
        }
    }

    /// Only these sessions of a node stay. In order of their coming, so that nothing depends on ids.
    pub fn keep_only(&mut self, node: NodeId, stay: impl Fn(SessionId) -> bool, now: Instant) {
        for session in self.of_node(Some(node)).into_iter().map(|seat| seat.session).filter(|one| !stay(*one)) {
            self.leave(session, now);
        }
    }

    /// The sessions of a node, of this one for None, stay for a while though their sockets go.
    pub fn hold(&mut self, node: Option<NodeId>, now: Instant) {
        for occupied in self.sessions.values_mut().filter(|occupied| occupied.node == node) {
            occupied.held_until = Some(now + HELD);
        }
    }

    /// The sessions of a node, of this one for None, in order of coming.
    #[must_use]
    pub fn of_node(&self, node: Option<NodeId>) -> Vec<Seat> {
        let of = |seat: &Seat| self.sessions.get(&seat.session).is_some_and(|occupied| occupied.node == node);
        let all = self.everyone.iter().chain(&self.team_only);
        let mut seats: Vec<_> = all.filter(|(_, seat)| of(seat)).map(|(number, seat)| (*number, *seat)).collect();
        seats.sort_by_key(|(number, _)| *number);
        seats.into_iter().map(|(_, seat)| seat).collect()
    }

    /// Somebody goes.
    pub fn leave(&mut self, session: SessionId, now: Instant) {
        let Some(occupied) = self.sessions.get(&session).copied() else { return };
        let Some(seat) = self.seats(occupied.audience).remove(&occupied.number) else { return };
        if let Some(own) = self.own.get_mut(&seat.user) {
            own.retain(|other| *other != session);
            if own.is_empty() {
                self.own.remove(&seat.user);
            }
        }
        self.gather(seat, occupied.audience, What::Left, now);
        self.sessions.remove(&session);
    }

    /// A sign of life, with what the client says of itself (None: just a sign).
    pub fn update(&mut self, session: SessionId, says: Option<(Option<ItemId>, Status)>, now: Instant) {
        let Some(occupied) = self.sessions.get_mut(&session).filter(|occupied| occupied.node.is_none()) else { return };
        occupied.last_sign = now;
        let Occupied { number, audience, .. } = *occupied;
        let Some(seat) = self.seats(audience).get_mut(&number) else { return };
        let was = *seat;
        match says {
            Some((viewing, status)) => (seat.viewing, seat.status) = (viewing, status),
            None if seat.status == Status::Idle => seat.status = Status::Active,
            None => {}
        }
        let seat = *seat;
        if seat != was {
            self.gather(seat, audience, What::Changed, now);
        }
    }

    /// Makes idle who gave no sign of life for long, and lets go of who did not come back.
    pub fn sweep(&mut self, now: Instant) {
        let is_over = |seat: &&Seat| {
            self.sessions.get(&seat.session).and_then(|one| one.held_until).is_some_and(|until| until <= now)
        };
        let over: Vec<_> = self.everyone.values().chain(self.team_only.values()).filter(is_over).copied().collect();
        over.into_iter().for_each(|seat| self.leave(seat.session, now));
        let silent: Vec<_> = self
            .everyone
            .iter()
            .chain(&self.team_only)
            .filter(|(_, seat)| seat.status != Status::Idle)
            .filter_map(|(_, seat)| Some((*seat, *self.sessions.get(&seat.session)?)))
            .filter(|(_, occupied)| occupied.node.is_none() && now.duration_since(occupied.last_sign) >= IDLE_AFTER)
            .collect();
        for (mut seat, occupied) in silent {
            seat.status = Status::Idle;
            self.seats(occupied.audience).insert(occupied.number, seat);
            self.gather(seat, occupied.audience, What::Changed, now);
        }
    }

    /// When the next delta is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.gathering.first().map(|(_, gathering)| gathering.due)
    }

    /// The deltas that are due. What is for an audience that nobody hears for is not made.
    pub fn due(&mut self, workspace: &Workspace, now: Instant, heard: impl Fn(Audience) -> bool) -> Vec<Due> {
        let due = self.gathering.values().take_while(|gathering| gathering.due <= now).count();
        let mut frames = Vec::new();
        for (circle, Gathering { changes, .. }) in self.gathering.drain(..due) {
            match circle {
                Circle::Audience(audience) if !heard(audience) => {}
                Circle::Audience(audience) => {
                    if let Some(frame) = delta(workspace, audience == Audience::Team, &changes, None) {
                        frames.push(Due::Audience(audience, frame));
                    }
                }
                Circle::Nodes(_) => {
                    let (left, here): (Vec<_>, Vec<_>) = changes.values().partition(|(what, _)| *what == What::Left);
                    let left = left.into_iter().map(|(_, seat)| seat.session).collect();
                    frames.push(Due::Nodes(here.into_iter().map(|(_, seat)| seat).collect(), left));
                }
                Circle::Own(user) => {
                    let sessions = &self.sessions;
                    let is_here = |one: &&SessionId| sessions.get(*one).is_some_and(|one| one.node.is_none());
                    for session in self.own.get(&user).into_iter().flatten().filter(is_here) {
                        if let Some(frame) = delta(workspace, false, &changes, Some(*session)) {
                            frames.push(Due::Session(*session, frame));
                        }
                    }
                }
            }
        }
        frames
    }

    /// All that a viewer may know of, as a frame. For a partner behind walls it costs nothing per other partner.
    #[must_use]
    pub fn all(&self, workspace: &Workspace, viewer: &Viewer) -> Frame {
        if viewer.is_team() {
            let mut seats: Vec<_> = self.everyone.iter().chain(&self.team_only).collect();
            seats.sort_by_key(|(number, _)| **number);
            return visibility::presence(workspace, viewer, seats.into_iter().map(|(_, seat)| seat));
        }
        let own = self.own.get(&viewer.user).into_iter().flatten();
        let own = own.filter_map(|session| {
            let number = self.sessions.get(session)?.number;
            Some((number, self.team_only.get(&number)?))
        });
        let mut seats: Vec<_> = self.everyone.iter().map(|(number, seat)| (*number, seat)).chain(own).collect();
        seats.sort_by_key(|(number, _)| *number);
        visibility::presence(workspace, viewer, seats.into_iter().map(|(_, seat)| seat))
    }

    /// Moves everybody to the audience their side has now, when the mode has changed. Nothing is told: all are
    /// seated anew and get all of it.
    pub fn regroup(&mut self, audience: impl Fn(&Seat) -> Audience) {
        // Other nodes are not seated anew by this: what they have to be told stays.
        self.gathering.retain(|circle, _| matches!(circle, Circle::Nodes(_)));
        let seats: Vec<_> =
            std::mem::take(&mut self.everyone).into_iter().chain(std::mem::take(&mut self.team_only)).collect();
        for (number, seat) in seats {
            let audience = audience(&seat);
            self.seats(audience).insert(number, seat);
            if let Some(occupied) = self.sessions.get_mut(&seat.session) {
                occupied.audience = audience;
            }
        }
    }

    fn seats(&mut self, audience: Audience) -> &mut BTreeMap<u64, Seat> {
        match audience {
            Audience::Everyone => &mut self.everyone,
            Audience::Team => &mut self.team_only,
        }
    }

    fn gather(&mut self, seat: Seat, audience: Audience, what: What, now: Instant) {
        let others = self.own.get(&seat.user).is_some_and(|own| own.iter().any(|other| *other != seat.session));
        let own = (audience == Audience::Team && others).then_some(Circle::Own(seat.user));
        let is_here = self.sessions.get(&seat.session).is_some_and(|occupied| occupied.node.is_none());
        let nodes = (self.shared && is_here).then_some(Circle::Nodes(seat.user));
        for circle in [Some(Circle::Audience(audience)), own, nodes].into_iter().flatten() {
            let empty = || Gathering { due: now + TICK, changes: IndexMap::new() };
            let gathering = self.gathering.entry(circle).or_insert_with(empty);
            // Whoever comes and goes within a tick is told to have gone: somebody may have got the whole list in
            // between, and who that was must not show.
            let merged = match (gathering.changes.get(&seat.session).map(|(what, _)| *what), what) {
                (Some(What::Joined), What::Changed) => What::Joined,
                (_, what) => what,
            };
            gathering.changes.insert(seat.session, (merged, seat));
        }
    }
}

fn delta(
    workspace: &Workspace,
    for_team: bool,
    changes: &IndexMap<SessionId, (What, Seat)>,
    but: Option<SessionId>,
) -> Option<Frame> {
    let of = |wanted: What| -> Vec<Seat> {
        let others = changes.values().filter(|(what, seat)| *what == wanted && Some(seat.session) != but);
        others.map(|(_, seat)| *seat).collect()
    };
    let left: Vec<SessionId> = of(What::Left).iter().map(|seat| seat.session).collect();
    let (joined, changed) = (of(What::Joined), of(What::Changed));
    let empty = joined.is_empty() && changed.is_empty() && left.is_empty();
    (!empty).then(|| visibility::presence_delta(workspace, for_team, &joined, &changed, &left))
}
