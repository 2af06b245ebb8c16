//! A pump: one thread that owns its sessions' sockets, reads them and writes to them.
//!
//! Nothing else touches a socket, so there is no lock, no hand-over, and no descriptor that could be somebody else's
//! by now. A turn takes what came: bytes from clients, notes from rooms, alarms; then it walks its lanes a little.
//! Rooms never wait for a pump, and a pump waits for nothing but all of these at once.

use super::lane::{Fallen, Lane, Place};
use super::session::{CLOSING, End, Session, Standing, TOO_SLOW, close_frame};
use crate::hub::post::{Note, Post};
use crate::hub::seating::{Fetched, Mail, Said, Seating};
use crate::hub::stream::{Read as ReadFrames, Stream, StreamId};
use crate::id::SessionId;
use crate::protocol::Close;
use anyhow::Context;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Sockets that a walk passes before the pump looks up: an edit that comes in the middle of a long walk is taken in.
const STRIDE: usize = 256;
/// Bytes that a session behind takes from the stream at a time: its outlet holds no more than this, and its mail.
const CHUNK: u64 = 256 * 1_024;
/// Frames that may wait in an outlet before more mail closes it as too slow.
const MAILBOX: usize = 4_096;
/// The read buffer that all sessions share.
const SCRATCH: usize = 16 * 1_024;
/// Reads from one socket before others get their turn.
const READS: usize = 4;
/// When to look again at who had to wait for a room, or for its turn.
const AGAIN: Duration = Duration::from_millis(1);
/// Events taken at once.
const EVENTS: usize = 1_024;
/// The token of the post; sockets have their slots.
const POST: Token = Token(usize::MAX);

/// Starts so many pumps, each a thread that runs until it is told to stop.
///
/// # Errors
/// When the system has no more threads or descriptors.
pub fn start(count: usize) -> anyhow::Result<Vec<Post>> {
    (0..count).map(|number| start_one(number).context("starting a pump")).collect()
}

fn start_one(number: usize) -> anyhow::Result<Post> {
    let poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), POST)?;
    let post = Post::new(move || {
        if let Err(error) = waker.wake() {
            tracing::error!(%error, "a pump could not be woken");
        }
    });
    let (own, runtime) = (post.clone(), Handle::current());
    std::thread::Builder::new().name(format!("pump-{number}")).spawn(move || {
        let _runtime = runtime.enter();
        let pump = std::panic::AssertUnwindSafe(|| Pump::new(own, poll).run());
        // Half the sessions hanging for ever is worse than a restart, which loses nothing.
        if std::panic::catch_unwind(pump).is_err() {
            tracing::error!("a pump panicked");
            std::process::abort();
        }
    })?;
    Ok(post)
}

struct Pump {
    post: Post,
    poll: Poll,
    sessions: Slab<Session>,
    /// By slot, as the sessions: a walk meets nothing but these.
    sockets: Vec<Option<TcpStream>>,
    slots: HashMap<SessionId, usize>,
    lanes: Slab<Lane>,
    lane_of: HashMap<StreamId, usize>,
    /// Lanes with a walk that is on.
    walking: Vec<usize>,
    alarms: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Who has more to read, or waits for its room.
    again: Vec<usize>,
    scratch: Box<[u8]>,
}

impl Pump {
    fn new(post: Post, poll: Poll) -> Self {
        Self {
            post,
            poll,
            sessions: Slab::new(),
            sockets: Vec::new(),
            slots: HashMap::new(),
            lanes: Slab::new(),
            lane_of: HashMap::new(),
            walking: Vec::new(),
            alarms: BinaryHeap::new(),
            again: Vec::new(),
            scratch: vec![0; SCRATCH].into(),
        }
    }

    fn run(mut self) {
        let (mut events, mut notes) = (Events::with_capacity(EVENTS), Vec::new());
        loop {
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    tracing::error!(%error, "a pump can't wait for its sockets");
                    std::process::abort();
                }
                _ => {}
            }
            let now = Instant::now();
            for event in events.iter().filter(|event| event.token() != POST) {
                if event.is_writable() {
                    self.advance(event.token().0, now);
                }
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    self.hear(event.token().0, now);
                }
            }
            self.post.take(&mut notes);
            for note in notes.drain(..) {
                match note {
                    Note::Stop => return,
                    note => self.take(note, now),
                }
            }
            for slot in std::mem::take(&mut self.again) {
                self.say(slot);
                self.hear(slot, now);
            }
            self.wake(now);
            self.walk(now);
        }
    }

    /// How long there is nothing to do.
    fn patience(&self) -> Option<Duration> {
        if !self.walking.is_empty() {
            return Some(Duration::ZERO);
        }
        let alarm = self.alarms.peek().map(|Reverse((at, _))| at.saturating_duration_since(Instant::now()));
        let again = (!self.again.is_empty()).then_some(AGAIN);
        [alarm, again].into_iter().flatten().min()
    }

    // ---- from rooms ----

    fn take(&mut self, note: Note, now: Instant) {
        match note {
            Note::Seat(seat) => {
                let (stream, at) = (Arc::clone(&seat.seating.stream), place_of(&seat.seating));
                let session = Session::new(*seat, now);
                let id = session.id;
                let slot = self.sessions.insert(session);
                if slot >= self.sockets.len() {
                    self.sockets.resize_with(slot + 1, || None);
                }
                self.slots.insert(id, slot);
                self.sit(slot, stream, at);
                self.arm(slot);
            }
            Note::Socket(id, socket, first) => self.seated(id, TcpStream::from_std(socket), &first, now),
            Note::NoSocket(id) => {
                if let Some(slot) = self.slots.get(&id) {
                    self.remove(*slot);
                }
            }
            Note::Mail(id, mail) => {
                if let Some(slot) = self.slots.get(&id).copied()
                    && self.sessions[slot].lane.is_some()
                {
                    self.deliver(slot, mail, now);
                }
            }
            Note::Grown(stream) => {
                if let Some(lane) = self.lane_of.get(&stream) {
                    self.begin(*lane, now);
                }
            }
            Note::Fetched(id, fetched) => {
                if let Some(slot) = self.slots.get(&id) {
                    self.fetched(*slot, fetched, now);
                }
            }
            Note::Stop => {}
        }
    }

    fn seated(&mut self, id: SessionId, mut socket: TcpStream, first: &[u8], now: Instant) {
        let Some(slot) = self.slots.get(&id).copied() else { return };
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut socket, Token(slot), interest) {
            tracing::error!(%error, "a socket can't be waited for");
            return self.remove(slot);
        }
        self.sockets[slot] = Some(socket);
        let session = &mut self.sessions[slot];
        if session.lane.is_some() {
            session.deadline = None;
        }
        if !first.is_empty()
            && let Err(end) = session.take(first, now)
        {
            return self.end(slot, end, now);
        }
        self.say(slot);
        self.advance(slot, now);
    }

    fn deliver(&mut self, slot: usize, mail: Mail, now: Instant) {
        let session = &mut self.sessions[slot];
        match mail {
            Mail::Frame(frame) => {
                session.outlet.queue(&frame);
                if session.outlet.len() > MAILBOX {
                    return self.end(slot, Close::TooSlow.into(), now);
                }
            }
            Mail::Resume(seating, presence) => {
                // Seated anew since it asked, if it isn't so: then it has its place.
                if session.standing != Standing::Fetching || session.epoch != seating.epoch {
                    return;
                }
                let (stream, at, whole) = (Arc::clone(&seating.stream), place_of(&seating), seating.backlog.is_some());
                session.read_from(seating);
                if whole {
                    session.outlet.queue(&presence);
                }
                self.stand_up(slot);
                self.sit(slot, stream, at);
            }
            Mail::Reseat { hello, seating, new_epoch, confirm } => {
                // What of the old epoch is not begun is not sent; a frame of it that is begun is cut off.
                if new_epoch && session.outlet.mid_frame() {
                    return self.remove(slot);
                }
                if new_epoch {
                    session.outlet.forget();
                }
                let same = session.lane.is_some_and(|lane| self.lanes[lane].stream.id() == seating.stream.id());
                hello.iter().for_each(|frame| session.outlet.queue(frame));
                if same {
                    // The log goes on where this session stands.
                    session.viewer = seating.viewer;
                } else {
                    let (stream, at) = (Arc::clone(&seating.stream), place_of(&seating));
                    self.stand_up(slot);
                    self.sessions[slot].read_from(seating);
                    self.sit(slot, stream, at);
                }
                drop(confirm);
            }
            Mail::Close { code, last, confirm } => {
                self.end(slot, End::close(code, last), now);
                drop(confirm);
            }
        }
        self.advance(slot, now);
    }

    // ---- lanes ----

    /// Gives a session a seat in the lane of a stream.
    fn sit(&mut self, slot: usize, stream: Arc<Stream>, at: Place) {
        let lanes = &mut self.lanes;
        let id = stream.id();
        let lane = *self.lane_of.entry(id).or_insert_with(|| lanes.insert(Lane::new(stream, at)));
        self.lanes[lane].seats += 1;
        self.sessions[slot].lane = Some(lane);
    }

    /// Takes a session's seat away.
    fn stand_up(&mut self, slot: usize) {
        let session = &mut self.sessions[slot];
        let Some(index) = session.lane.take() else { return };
        let lane = &mut self.lanes[index];
        if session.standing == Standing::InStep {
            lane.fall_out(slot as u32);
        }
        lane.seats -= 1;
        if lane.seats == 0 {
            self.lane_of.remove(&lane.stream.id());
            self.lanes.remove(index);
            self.walking.retain(|walking| *walking != index);
        }
    }

    fn begin(&mut self, index: usize, now: Instant) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        match lane.begin() {
            Ok(true) if !self.walking.contains(&index) => self.walking.push(index),
            Ok(_) => {}
            Err((fallen, at)) => {
                for slot in fallen {
                    self.go_on(slot as usize, at);
                    self.advance(slot as usize, now);
                }
            }
        }
    }

    fn walk(&mut self, now: Instant) {
        for index in std::mem::take(&mut self.walking) {
            let mut fallen = Vec::new();
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            let ended = lane.step(&self.sockets, STRIDE, &mut fallen);
            for (slot, how) in fallen {
                let slot = slot as usize;
                match how {
                    Fallen::Broken => self.remove(slot),
                    Fallen::Full(at, begun) => {
                        self.go_on(slot, at);
                        if let Some((frame, written)) = begun {
                            self.sessions[slot].outlet.begun(&frame, written);
                        }
                        self.advance(slot, now);
                    }
                }
            }
            if !ended {
                self.walking.push(index);
                continue;
            }
            let waiting = self.lanes.get_mut(index).map(|lane| std::mem::take(&mut lane.waiting)).unwrap_or_default();
            for slot in waiting {
                let slot = slot as usize;
                if self.sessions.get(slot).is_some_and(|one| one.standing == Standing::Waiting) {
                    self.advance(slot, now);
                }
            }
            self.begin(index, now);
        }
    }

    /// A session that was in step goes on by itself.
    fn go_on(&mut self, slot: usize, at: Place) {
        if let Some(session) = self.sessions.get_mut(slot) {
            (session.cursor, session.seen, session.standing) = (at.cursor, at.positions, Standing::Behind);
        }
    }

    // ---- one session ----

    /// Gives a session what it lacks, until its socket is full or there is no more.
    fn advance(&mut self, slot: usize, now: Instant) {
        loop {
            let (Some(session), Some(Some(socket))) = (self.sessions.get_mut(slot), self.sockets.get(slot)) else {
                return;
            };
            if !session.outlet.is_empty() {
                let Ok(progress) = session.outlet.write(socket) else { return self.remove(slot) };
                if session.outlet.is_empty() {
                    session.stalled = None;
                } else {
                    if progress || session.stalled.is_none() {
                        session.stalled = Some(now);
                    }
                    if session.standing == Standing::InStep
                        && let Some(lane) = session.lane
                    {
                        let at = self.lanes[lane].fall_out(slot as u32);
                        self.go_on(slot, at);
                    }
                    return self.arm(slot);
                }
            }
            match session.standing {
                Standing::InStep | Standing::Fetching | Standing::Parting => return,
                Standing::Closing => return self.part(slot, now),
                Standing::Lagged => return self.fetch(slot),
                Standing::Behind | Standing::Waiting => {}
            }
            let Some(lane) = session.lane.and_then(|lane| self.lanes.get_mut(lane)) else { return };
            if session.cursor < lane.reach() {
                match lane.stream.read(session.cursor, lane.reach(), CHUNK) {
                    Ok(ReadFrames { frames, cursor }) => {
                        frames.iter().for_each(|(frame, _)| session.outlet.queue(frame));
                        (session.cursor, session.standing) = (cursor, Standing::Behind);
                        if let Some((_, positions)) = frames.last() {
                            session.seen = *positions;
                        }
                    }
                    Err(_) => session.standing = Standing::Lagged,
                }
            } else if lane.meeting_place() == Some(session.cursor) {
                lane.fall_in(slot as u32);
                session.standing = Standing::InStep;
                return;
            } else {
                if session.standing != Standing::Waiting {
                    lane.waiting.push(slot as u32);
                    session.standing = Standing::Waiting;
                }
                return;
            }
        }
    }

    /// Has the store asked for what a session lacks and the ring no longer has.
    fn fetch(&mut self, slot: usize) {
        let session = &mut self.sessions[slot];
        session.standing = Standing::Fetching;
        let (id, room, post) = (session.id, session.room.clone(), self.post.clone());
        let (viewer, epoch, seen) = (session.viewer, session.epoch, session.seen);
        tokio::spawn(async move {
            let fetched = room.fetch(viewer, epoch, seen).await;
            post.send(Note::Fetched(id, fetched));
        });
    }

    fn fetched(&mut self, slot: usize, fetched: Fetched, now: Instant) {
        let session = &mut self.sessions[slot];
        if session.standing != Standing::Fetching || session.epoch != fetched.epoch {
            return;
        }
        let Some((frames, seen)) = fetched.frames else {
            return self.end(slot, Close::TooSlow.into(), now);
        };
        frames.iter().for_each(|frame| session.outlet.queue(frame));
        session.seen = seen;
        session.unsaid.push_back(Said::Resume(session.epoch, seen));
        self.say(slot);
        self.advance(slot, now);
    }

    /// Reads what the client says.
    fn hear(&mut self, slot: usize, now: Instant) {
        for _ in 0..READS {
            let (Some(session), Some(Some(socket))) = (self.sessions.get_mut(slot), self.sockets.get(slot)) else {
                return;
            };
            // Whose room is full is not listened to: the client's own socket fills, and it waits.
            if session.standing == Standing::Closing || !session.unsaid.is_empty() {
                return;
            }
            let mut socket = socket;
            let count = match socket.read(&mut self.scratch) {
                Ok(0) => return self.remove(slot),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return self.remove(slot),
            };
            if session.standing == Standing::Parting {
                continue;
            }
            if let Err(end) = session.take(&self.scratch[..count], now) {
                return self.end(slot, end, now);
            }
            let answers = !session.outlet.is_empty();
            self.say(slot);
            if answers {
                self.advance(slot, now);
            }
        }
        self.again.push(slot);
    }

    fn say(&mut self, slot: usize) {
        if let Some(session) = self.sessions.get_mut(slot)
            && !session.unsaid.is_empty()
            && !session.say()
        {
            self.again.push(slot);
        }
    }

    /// Says the last word.
    fn end(&mut self, slot: usize, end: End, now: Instant) {
        self.leave(slot);
        let session = &mut self.sessions[slot];
        session.outlet.forget();
        match end {
            End::Lost => return self.remove(slot),
            End::ByClient(answer) => session.outlet.control(answer),
            End::Close(code, reason, last) => {
                last.iter().for_each(|frame| session.outlet.queue(frame));
                session.outlet.last(close_frame(code, reason));
            }
        }
        (session.standing, session.deadline) = (Standing::Closing, Some(now + TOO_SLOW));
        self.arm(slot);
        self.advance(slot, now);
    }

    /// Ends the sending, and lets the peer hear it: bytes that a peer has not read are lost when a socket with unread
    /// input is closed.
    fn part(&mut self, slot: usize, now: Instant) {
        let session = &mut self.sessions[slot];
        (session.standing, session.deadline) = (Standing::Parting, Some(now + CLOSING));
        if let Some(socket) = &self.sockets[slot] {
            // The peer may be gone already, which is as good.
            let _ = socket.shutdown(Shutdown::Write);
        }
        self.arm(slot);
        self.hear(slot, now);
    }

    /// Gives the seat back.
    fn leave(&mut self, slot: usize) {
        let session = &self.sessions[slot];
        if session.lane.is_some() {
            session.room.leave(session.id);
            self.stand_up(slot);
        }
    }

    fn remove(&mut self, slot: usize) {
        if self.sessions.contains(slot) {
            self.leave(slot);
            self.sockets[slot] = None;
            let session = self.sessions.remove(slot);
            self.slots.remove(&session.id);
        }
    }

    // ---- time ----

    /// Sees to it that a session is looked at when there will be something to see.
    fn arm(&mut self, slot: usize) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let next = session.next_alarm();
        if session.alarm.is_none_or(|alarm| next < alarm) {
            session.alarm = Some(next);
            self.alarms.push(Reverse((next, slot)));
        }
    }

    fn wake(&mut self, now: Instant) {
        while let Some(Reverse((at, slot))) = self.alarms.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.alarms.pop();
            // Others have been set since, or it is another session's by now.
            let Some(session) = self.sessions.get_mut(slot).filter(|session| session.alarm == Some(at)) else {
                continue;
            };
            session.alarm = None;
            match session.wake(now) {
                Ok(()) => {
                    self.advance(slot, now);
                    self.arm(slot);
                }
                Err(End::Lost) => self.remove(slot),
                Err(end) => self.end(slot, end, now),
            }
        }
    }
}

fn place_of(seating: &Seating) -> Place {
    Place { cursor: seating.cursor, positions: seating.head }
}
