//! Who is here, looking at what. Kept in the room, conflated for a tick, never stored.
//!
//! What one partner does must not shift when or how others learn of something else. So each audience has a tick of
//! its own, armed by its own changes alone, and whoever is listed is listed in order of coming.

use crate::id::{ItemId, SessionId, UserId};
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
/// How long a session stays active without a sign of life.
pub const IDLE_AFTER: Duration = Duration::from_secs(20);

/// Who gathers changes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Circle {
    Audience(Audience),
    /// One person's own sessions.
    Own(UserId),
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
}

/// A delta that is due, and who gets it.
#[derive(Debug)]
pub enum Due {
    /// For a log.
    Audience(Audience, Frame),
    /// For one session.
    Session(SessionId, Frame),
}

/// Who is here.
#[derive(Debug, Default)]
pub struct Presence {
    /// By number of coming.
    everyone: BTreeMap<u64, Seat>,
    team_only: BTreeMap<u64, Seat>,
    sessions: HashMap<SessionId, Occupied>,
    own: HashMap<UserId, Vec<SessionId>>,
    /// In order of falling due: all gather for the same time.
    gathering: IndexMap<Circle, Gathering>,
    next: u64,
}

impl Presence {
    /// Somebody comes. `audience`: who learns of it.
    pub fn join(&mut self, seat: Seat, audience: Audience, now: Instant) {
        let number = self.next;
        self.next += 1;
        self.sessions.insert(seat.session, Occupied { number, audience, last_sign: now });
        self.own.entry(seat.user).or_default().push(seat.session);
        self.seats(audience).insert(number, seat);
        self.gather(seat, audience, What::Joined, now);
    }

    /// Somebody goes.
    pub fn leave(&mut self, session: SessionId, now: Instant) {
        let Some(occupied) = self.sessions.remove(&session) else { return };
        let Some(seat) = self.seats(occupied.audience).remove(&occupied.number) else { return };
        if let Some(own) = self.own.get_mut(&seat.user) {
            own.retain(|other| *other != session);
            if own.is_empty() {
                self.own.remove(&seat.user);
            }
        }
        self.gather(seat, occupied.audience, What::Left, now);
    }

    /// A sign of life, with what the client says of itself (None: just a sign).
    pub fn update(&mut self, session: SessionId, says: Option<(Option<ItemId>, Status)>, now: Instant) {
        let Some(occupied) = self.sessions.get_mut(&session) else { return };
        occupied.last_sign = now;
        let Occupied { number, audience, .. } = *occupied;
        let Some(seat) = self.seats(audience).get_mut(&number) else { return };
        let was = *seat;
        match says {
            Some((viewing, status)) => (seat.viewing, seat.status) = (viewing, status),
            None => seat.status = Status::Active,
        }
        let seat = *seat;
        if seat != was {
            self.gather(seat, audience, What::Changed, now);
        }
    }

    /// Makes idle who gave no sign of life for long.
    pub fn sweep(&mut self, now: Instant) {
        let silent: Vec<_> = self
            .everyone
            .iter()
            .chain(&self.team_only)
            .filter(|(_, seat)| seat.status == Status::Active)
            .filter_map(|(_, seat)| Some((*seat, *self.sessions.get(&seat.session)?)))
            .filter(|(_, occupied)| now.duration_since(occupied.last_sign) >= IDLE_AFTER)
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
                Circle::Own(user) => {
                    for session in self.own.get(&user).into_iter().flatten() {
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
        self.gathering.clear();
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
        for circle in [Some(Circle::Audience(audience)), own].into_iter().flatten() {
            let empty = || Gathering { due: now + TICK, changes: IndexMap::new() };
            let gathering = self.gathering.entry(circle).or_insert_with(empty);
            let merged = match (gathering.changes.get(&seat.session).map(|(what, _)| *what), what) {
                (Some(What::Joined), What::Left) => None,
                (Some(What::Joined), _) => Some(What::Joined),
                (_, what) => Some(what),
            };
            match merged {
                Some(what) => gathering.changes.insert(seat.session, (what, seat)),
                None => gathering.changes.shift_remove(&seat.session),
            };
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
