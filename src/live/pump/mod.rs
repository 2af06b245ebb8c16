//! A pump: one thread that owns its sessions' sockets, reads them and writes to them.
//!
//! Nothing else touches a socket, so there is no lock, no hand-over, and no descriptor that could be somebody else's
//! by now. A turn takes what came: bytes from clients, notes from rooms, alarms; then it walks its lanes a little.
//! Rooms never wait for a pump, and a pump waits for nothing but all of these at once.

pub mod lane;
mod outlet;
mod socket;
mod walk;

pub(in crate::live) use outlet::Outlet;

use super::session::{End, Session, Standing};
use crate::hub::post::{Note, Post};
use crate::hub::seating::{Mail, Seating};
use crate::hub::stream::StreamId;
use crate::id::SessionId;
use crate::protocol::Close;
use anyhow::Context;
use lane::{Lane, Place};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Frames that may wait in an outlet before more mail closes it as too slow.
const MAILBOX: usize = 4_096;
/// The read buffer that all sessions share.
const SCRATCH: usize = 16 * 1_024;
/// When to look again at who had to wait for a room, or for its turn.
const AGAIN: Duration = Duration::from_millis(1);
/// Events taken at once.
const EVENTS: usize = 1_024;
/// The token of the post; sockets have their slots.
const POST: Token = Token(usize::MAX);

/// Starts so many pumps, each a thread that runs until it is told to stop. Each of their sessions may send so many edits a
/// second, and as many again at once.
///
/// # Errors
/// When the system has no more threads or descriptors.
pub fn start(count: usize, edits_per_second: u32) -> anyhow::Result<Vec<Post>> {
    (0..count).map(|number| start_one(number, edits_per_second).context("starting a pump")).collect()
}

fn start_one(number: usize, edits_per_second: u32) -> anyhow::Result<Post> {
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
        let pump = std::panic::AssertUnwindSafe(|| Pump::new(own, poll, edits_per_second).run());
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
    /// That a session may send.
    edits_per_second: u32,
}

impl Pump {
    fn new(post: Post, poll: Poll, edits_per_second: u32) -> Self {
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
            edits_per_second,
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

    // ---- notes ----

    fn take(&mut self, note: Note, now: Instant) {
        match note {
            Note::Seat(seat) => {
                let (stream, at) = (Arc::clone(&seat.seating.stream), place_of(&seat.seating));
                let session = Session::new(*seat, self.edits_per_second, now);
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
                if session.standing != Standing::Asking || session.epoch != seating.epoch {
                    return;
                }
                let (stream, at) = (Arc::clone(&seating.stream), place_of(&seating));
                // The changes it missed are in no log.
                session.outlet.queue(&presence);
                session.read_from(seating);
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
            Mail::Finish(code) => {
                session.finish = Some(code);
                match session.standing {
                    Standing::InStep => self.fall_behind(slot),
                    // Its room no longer answers.
                    Standing::Lagged | Standing::Asking => return self.end(slot, code.into(), now),
                    _ => {}
                }
            }
            Mail::Close { code, last, confirm } => {
                self.end(slot, End::close(code, last), now);
                drop(confirm);
            }
        }
        self.advance(slot, now);
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
