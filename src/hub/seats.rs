//! Who sits in a room: who comes, who goes, who is seated anew because its rights changed, and what each is told alone.

use super::post::Note;
use super::presence::Due;
use super::room::Room;
use super::seating::{Claim, Mail, Occupant, Seat, Seating};
use super::stream::Kind;
use super::{Entry as Arrival, Join, Joined};
use crate::cluster::message::Message;
use crate::id::{CredentialId, Epoch, ItemId, SessionId, UserId};
use crate::protocol::own::News;
use crate::protocol::{Close, SeenPositions, Status};
use crate::visibility::{self, Frame};
use crate::workspace::Positions;
use crate::workspace::member::{Side, Viewer};
use crate::workspace::problem::{Code, Problem};
use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

impl Room {
    /// Whether somebody can be seated with what is known here. On another node more may be.
    pub(super) fn can_seat(&self, join: &Join) -> bool {
        self.workspace.viewer(join.user).is_some_and(|viewer| self.positions_of(join, &viewer).is_some())
    }

    /// The positions somebody has; None, if those are unknown here.
    fn positions_of(&self, join: &Join, viewer: &Viewer) -> Option<Positions> {
        let head = self.workspace.positions;
        let Some(resume) = join.resume else { return Some(head) };
        let shared = resume.shared.unwrap_or(head.shared);
        let team = resume.team.filter(|_| viewer.is_team()).unwrap_or(head.team);
        let known = resume.epoch.is_none_or(|epoch| epoch == self.workspace.epoch);
        (known && shared <= head.shared && team <= head.team).then_some(Positions { shared, team })
    }

    pub(super) fn join(&mut self, join: Join, entry: Arrival) -> Result<Joined, Problem> {
        let viewer = self.workspace.viewer(join.user).ok_or(Code::NotFound)?;
        let Some(seen) = self.positions_of(&join, &viewer) else { return Ok(Joined::UnknownPositions) };
        let session = SessionId::new();
        let now = Instant::now();
        let seat = visibility::Seat { session, user: join.user, viewing: None, status: Status::Active };
        self.presence.join(seat, visibility::audience_of_person(viewer.side, viewer.mode), now);
        let number = self.next_number;
        self.next_number += 1;
        self.numbers.insert(session, number);
        self.seats_of.entry(join.user).or_default().insert(number);
        self.readers[visibility::log_of(&viewer) as usize] += 1;
        let Arrival { post, token, room } = entry;
        self.occupants.insert(number, Occupant { session, viewer, credential: join.credential, post: post.clone() });
        let hello = vec![self.welcome(&viewer, session, seen)?, self.presence.all(&self.workspace, &viewer)];
        let seating = self.seating(&viewer, seen);
        seating.stream.tell(&post);
        post.send(Note::Seat(Box::new(Seat { session, room, hello, seating, token })));
        Ok(Joined::Seated(Claim { session, post: Some(post) }))
    }

    fn welcome(&self, viewer: &Viewer, session: SessionId, seen: Positions) -> Result<Frame, Problem> {
        let positions = SeenPositions::of(seen, viewer.side);
        visibility::welcome(&self.workspace, viewer, session, positions).ok_or(Code::NotFound.into())
    }

    /// Where a viewer reads on after some positions: in the ring, or in the store first.
    fn seating(&self, viewer: &Viewer, seen: Positions) -> Seating {
        let stream = Arc::clone(self.logs.get(visibility::log_of(viewer)));
        let head = self.workspace.positions;
        let team = if viewer.is_team() { head.team - seen.team } else { 0 };
        let missing = head.shared - seen.shared + team;
        let backlog = if missing == 0 { Some(Vec::new()) } else { stream.events_after(seen, missing) };
        let (cursor, _) = stream.end();
        Seating { viewer: *viewer, epoch: self.workspace.epoch, stream, cursor, seen, head, backlog }
    }

    pub(super) fn resume(&mut self, session: SessionId, epoch: Epoch, seen: Positions) {
        // Positions of another epoch: the session has been seated anew meanwhile.
        let number = self.numbers.get(&session).filter(|_| epoch == self.workspace.epoch);
        if let Some(occupant) = number.and_then(|number| self.occupants.get(number)) {
            let presence = self.presence.all(&self.workspace, &occupant.viewer);
            self.mail(session, Mail::Resume(self.seating(&occupant.viewer, seen), presence));
        }
    }

    pub(super) fn leave(&mut self, session: SessionId) {
        if let Some(number) = self.numbers.remove(&session) {
            if let Some(occupant) = self.occupants.remove(&number) {
                self.readers[visibility::log_of(&occupant.viewer) as usize] -= 1;
                if let Entry::Occupied(mut seats) = self.seats_of.entry(occupant.viewer.user) {
                    seats.get_mut().remove(&number);
                    if seats.get().is_empty() {
                        seats.remove();
                    }
                }
            }
            // It will come back on another node, and is not to be gone in between.
            if !self.leaving {
                self.presence.leave(session, Instant::now());
            }
        }
    }

    pub(super) fn see(&mut self, session: SessionId, viewing: Option<ItemId>, status: Status) {
        // An id that is no item's is shown to others as nothing: it could carry a message.
        let viewing = viewing.filter(|id| self.workspace.item(*id).is_some());
        self.presence.update(session, Some((viewing, status)), Instant::now());
    }

    /// Seats anew whose rights changed, and closes who has none. The receiver ends when all have let go.
    pub(super) fn seat_anew(&mut self, new_epoch: bool) -> mpsc::Receiver<()> {
        let (confirm, confirmations) = mpsc::channel(1);
        if new_epoch {
            let workspace = &self.workspace;
            self.presence.regroup(|seat| {
                let side = workspace.person(seat.user).map_or(Side::Partner, |member| member.side);
                visibility::audience_of_person(side, workspace.mode)
            });
        }
        let occupants: Vec<(u64, SessionId, Viewer)> =
            self.occupants.iter().map(|(number, one)| (*number, one.session, one.viewer)).collect();
        let mut gone = Vec::new();
        for (number, session, old) in occupants {
            let Some(viewer) = self.workspace.viewer(old.user) else {
                // That it is deleted is for all who saw it, and nothing comes after.
                let end = if self.workspace.deleted {
                    Mail::Finish(Close::Gone)
                } else {
                    Mail::Close { code: Close::Gone, last: None, confirm: Some(confirm.clone()) }
                };
                self.mail(session, end);
                gone.push(session);
                continue;
            };
            if viewer == old && !new_epoch {
                continue;
            }
            if let Some(occupant) = self.occupants.get_mut(&number) {
                self.readers[visibility::log_of(&old) as usize] -= 1;
                self.readers[visibility::log_of(&viewer) as usize] += 1;
                occupant.viewer = viewer;
            }
            let seen = self.workspace.positions;
            let Ok(welcome) = self.welcome(&viewer, session, seen) else { continue };
            let hello = vec![welcome, self.presence.all(&self.workspace, &viewer)];
            let seating = self.seating(&viewer, seen);
            if let Some(occupant) = self.occupants.get(&number) {
                seating.stream.tell(&occupant.post);
            }
            self.mail(session, Mail::Reseat { hello, seating, new_epoch, confirm: confirm.clone() });
        }
        gone.into_iter().for_each(|session| self.leave(session));
        confirmations
    }

    pub(super) fn credentials(&self) -> HashSet<CredentialId> {
        self.occupants.values().map(|one| one.credential).collect()
    }

    pub(super) fn sign_out(&mut self, credential: CredentialId) {
        let theirs = |one: &&Occupant| one.credential == credential;
        let sessions: Vec<_> = self.occupants.values().filter(theirs).map(|one| one.session).collect();
        for session in sessions {
            self.mail(session, Mail::Close { code: Close::Gone, last: None, confirm: None });
            self.leave(session);
        }
    }

    /// Tells the other nodes that its people come back there in a moment.
    pub(super) fn start_leaving(&mut self, now: Instant) {
        self.leaving = self.cluster.is_shared();
        if self.leaving {
            self.presence.hold(None, now);
            self.tell(Message::Leaving);
        }
    }

    /// Says goodbye to one in so many of those who are still here.
    pub(super) fn goodbye(&mut self, one_in: u32) {
        let chosen = |_: &SessionId| rand::random_ratio(1, one_in);
        let sessions: Vec<_> = self.occupants.values().map(|one| one.session).filter(chosen).collect();
        for session in sessions {
            // Spread over two seconds, so that the next node meets a stream of them and no wall.
            let wait = rand::random_range(100..2_000);
            let last = Some(visibility::goodbye(wait));
            self.mail(session, Mail::Close { code: Close::Restart, last, confirm: None });
            self.leave(session);
        }
    }

    pub(super) fn mail(&self, session: SessionId, mail: Mail) {
        if let Some(occupant) = self.numbers.get(&session).and_then(|number| self.occupants.get(number)) {
            occupant.post.send(Note::Mail(session, mail));
        }
    }

    /// Tells one person's sessions of what is its own. It is in no stream and has no position: nobody else is sent
    /// anything, sooner or later than without it.
    pub(super) fn tell_own(&self, user: UserId, news: News) {
        let Some(seats) = self.seats_of.get(&user) else { return };
        let frame = visibility::own(news);
        for occupant in seats.iter().filter_map(|number| self.occupants.get(number)) {
            occupant.post.send(Note::Mail(occupant.session, Mail::Frame(frame.clone())));
        }
    }

    pub(super) fn tell_presence(&mut self, now: Instant) {
        // Presence has no position that anybody could resume from: nobody lacks what nobody was there to hear.
        let readers = self.readers;
        let heard = |audience| visibility::logs_of(audience).iter().any(|log| readers[*log as usize] > 0);
        let (mut here, mut left) = (Vec::new(), Vec::new());
        for due in self.presence.due(&self.workspace, now, heard) {
            match due {
                Due::Audience(audience, frame) => {
                    for log in visibility::logs_of(audience).iter().filter(|log| readers[**log as usize] > 0) {
                        let positions = self.workspace.positions;
                        self.logs.get(*log).push([(frame.clone(), Kind::Presence, positions)]);
                    }
                }
                Due::Session(session, frame) => self.mail(session, Mail::Frame(frame)),
                Due::Nodes(seats, sessions) => {
                    here.extend(seats);
                    left.extend(sessions);
                }
            }
        }
        self.tell_nodes(here, left);
    }
}
