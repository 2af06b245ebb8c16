//! One session: what its client says becomes words for its room; what it still has to be sent waits in its outlet.
//!
//! It knows no socket, so that a test can be one: bytes come in by [`Session::take`], and the pump writes.

use super::pump::Outlet;
use super::wire::Wire;
use crate::hub::RoomHandle;
use crate::hub::seating::{Piece, Said, Seat, Seating};
use crate::id::{Epoch, SessionId};
use crate::protocol::{ClientMessage, Close};
use crate::store::now_utc;
use crate::visibility::Frame;
use crate::workspace::Positions;
use crate::workspace::command::{Action, Command};
use crate::workspace::member::Viewer;
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Bytes of a message that a client may send.
pub const LARGEST_MESSAGE: usize = 64 * 1_024;
/// Presence messages a second; as many again may come at once.
pub const PRESENCE_PER_SECOND: u32 = 20;
/// How long a socket may take nothing.
pub const TOO_SLOW: Duration = Duration::from_secs(10);
/// How often a ping goes out: proxies cut silent connections, many after 60 s.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long a peer that answers no ping is believed in.
const SILENT: Duration = Duration::from_secs(75);
/// How long the end of a closing handshake may take.
pub(super) const CLOSING: Duration = Duration::from_secs(5);
/// tungstenite's read buffer, which every session keeps: what a ping or a short message needs.
const READ_BUFFER: usize = 128;

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// At its lane's place, with nothing waiting: the lane's walks write to it.
    InStep,
    /// On its way there; goes on when its socket takes more.
    Behind,
    /// Ahead of its lane, or at its place while others are not: goes on after the walk.
    Waiting,
    /// The ring has left it behind: it has to ask its room where it reads on.
    Lagged,
    /// It has asked.
    Asking,
    /// It lacks what only the store has.
    InStore,
    /// That is being read.
    Fetching,
    /// The last words are being written.
    Closing,
    /// They are; the peer's end is awaited.
    Parting,
}

/// How a session ends.
#[derive(Debug)]
pub(super) enum End {
    /// The socket is gone.
    Lost,
    /// The client closed; this is the answer.
    ByClient(Bytes),
    /// We close, and say why; the frame goes before.
    Close(u16, &'static str, Option<Frame>),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::close(close, None)
    }
}

impl End {
    pub(super) fn close(close: Close, last: Option<Frame>) -> Self {
        let reason = match close {
            Close::Restart => "restart",
            Close::Gone => "signed out or removed",
            Close::TooSlow => "too slow",
            Close::NotUnderstood => "message not understood",
            Close::UnknownPositions => "unknown positions",
            Close::TooMany => "too many messages",
        };
        Self::Close(close as u16, reason, last)
    }
}

/// A session, as its pump knows it.
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) room: RoomHandle,
    pub(super) viewer: Viewer,
    pub(super) epoch: Epoch,
    pub(super) standing: Standing,
    /// The lane it has a seat in; None once it has left its room.
    pub(super) lane: Option<usize>,
    /// The byte of the lane's stream that it goes on from. Not kept up while it is in step.
    pub(super) cursor: u64,
    /// The positions it has come to, once its outlet is empty. Not kept up while it is in step.
    pub(super) seen: Positions,
    /// The positions at the cursor, for who has to come there through the store.
    pub(super) head: Positions,
    pub(super) outlet: Outlet,
    /// It is closed, for this reason, once it has all of its stream.
    pub(super) finish: Option<Close>,
    /// What the room could not take yet.
    pub(super) unsaid: VecDeque<Said>,
    /// Since when its socket has taken nothing of what waits.
    pub(super) stalled: Option<Instant>,
    /// When it is over, whatever the peer does.
    pub(super) deadline: Option<Instant>,
    /// When it is looked at again.
    pub(super) alarm: Option<Instant>,
    next_ping: Instant,
    heard: Instant,
    edits: Bucket,
    presences: Bucket,
    /// Made with the first word: most sessions never say anything but pongs, and these cost no memory.
    context: Option<Box<WebSocketContext>>,
    _token: TaskTrackerToken,
}

impl Session {
    pub(super) fn new(seat: Seat, edits_per_second: u32, now: Instant) -> Self {
        let Seat { session, room, hello, seating, token } = seat;
        let mut session = Self {
            id: session,
            room,
            viewer: seating.viewer,
            epoch: seating.epoch,
            standing: Standing::Behind,
            lane: None,
            cursor: 0,
            seen: seating.seen,
            head: seating.head,
            outlet: Outlet::default(),
            finish: None,
            unsaid: VecDeque::new(),
            stalled: None,
            // Until its socket comes.
            deadline: Some(now + TOO_SLOW),
            alarm: None,
            next_ping: now + PING_EVERY,
            heard: now,
            edits: Bucket::new(edits_per_second, now),
            presences: Bucket::new(PRESENCE_PER_SECOND, now),
            context: None,
            _token: token,
        };
        hello.iter().for_each(|frame| session.outlet.queue(frame));
        session.read_from(seating);
        session
    }

    /// Reads on elsewhere: first the backlog, or the store's log if there is none, then the stream. What is sent is the
    /// same: it must not show whether the room was open.
    pub(super) fn read_from(&mut self, seating: Seating) {
        (self.viewer, self.epoch, self.cursor, self.head) =
            (seating.viewer, seating.epoch, seating.cursor, seating.head);
        match seating.backlog {
            Some(frames) => {
                frames.iter().for_each(|frame| self.outlet.queue(frame));
                (self.seen, self.standing) = (seating.head, Standing::Behind);
            }
            None => (self.seen, self.standing) = (seating.seen, Standing::InStore),
        }
    }

    /// Takes bytes from the client.
    ///
    /// # Errors
    /// How the session ends by them.
    pub(super) fn take(&mut self, bytes: &[u8], now: Instant) -> Result<(), End> {
        self.heard = now;
        if self.context.is_none() && is_pong(bytes) {
            return Ok(());
        }
        let mut said = Vec::new();
        let mut wire = Wire::new(bytes, &mut said);
        let mut context = self.context.take().unwrap_or_else(new_context);
        let end = loop {
            match context.read(&mut wire) {
                Ok(Message::Text(text)) => {
                    if let Err(end) = self.understand(&text, now) {
                        break Err(end);
                    }
                }
                Ok(Message::Binary(_)) => break Err(Close::NotUnderstood.into()),
                Ok(Message::Close(_)) => {
                    // tungstenite's answer goes to the wire, whatever it says of the connection then.
                    let _ = context.flush(&mut wire);
                    return Err(End::ByClient(said.into()));
                }
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                    break Err(End::Close(1009, "message too large", None));
                }
                Err(Error::Utf8(_)) => break Err(End::Close(1007, "not UTF-8", None)),
                Err(Error::Protocol(error)) if error != ProtocolError::ResetWithoutClosingHandshake => {
                    break Err(End::Close(1002, "protocol error", None));
                }
                Err(_) => break Err(End::Lost),
            }
        };
        self.context = Some(context);
        self.outlet.control(said.into());
        end
    }

    fn understand(&mut self, text: &str, now: Instant) -> Result<(), End> {
        match serde_json::from_str::<ClientMessage>(text) {
            Ok(ClientMessage::Edit { op, changes }) => {
                if !self.edits.take(now) {
                    return Err(Close::TooMany.into());
                }
                let by = self.viewer.user;
                let command = Command { by, at: now_utc(), op: Some(op), action: Action::Edit(changes) };
                self.unsaid.push_back(Said::Edit(op, Box::new(command)));
            }
            Ok(ClientMessage::Presence { viewing, status }) => {
                if !self.presences.take(now) {
                    return Err(Close::TooMany.into());
                }
                self.unsaid.push_back(Said::Presence { viewing, status });
            }
            Err(_) => return Err(Close::NotUnderstood.into()),
        }
        Ok(())
    }

    /// Says what waits. False when the room can't take all of it now.
    pub(super) fn say(&mut self) -> bool {
        while let Some(said) = self.unsaid.pop_front() {
            if let Err(said) = self.room.say(self.id, said) {
                self.unsaid.push_front(said);
                return false;
            }
        }
        self.unsaid = VecDeque::new();
        true
    }

    /// What it lacks and only the store has.
    pub(super) fn piece(&self) -> Piece {
        Piece { viewer: self.viewer, epoch: self.epoch, seen: self.seen, head: self.head }
    }

    /// When there will be something to look at.
    pub(super) fn next_alarm(&self) -> Instant {
        let stalled = self.stalled.map(|since| since + TOO_SLOW);
        [self.deadline, stalled].into_iter().flatten().fold(self.next_ping, Instant::min)
    }

    /// Looks at the clock.
    ///
    /// # Errors
    /// How the session ends by it.
    pub(super) fn wake(&mut self, now: Instant) -> Result<(), End> {
        if self.deadline.is_some_and(|deadline| now >= deadline) || now.duration_since(self.heard) >= SILENT {
            return Err(End::Lost);
        }
        if self.stalled.is_some_and(|since| now >= since + TOO_SLOW) {
            return Err(if self.lane.is_some() { Close::TooSlow.into() } else { End::Lost });
        }
        if now >= self.next_ping {
            self.next_ping = now + PING_EVERY;
            if self.lane.is_some() {
                self.outlet.control(Bytes::from_static(&[0x89, 0]));
            }
        }
        Ok(())
    }
}

fn new_context() -> Box<WebSocketContext> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    Box::new(WebSocketContext::new(Role::Server, Some(config)))
}

/// Whether this is one pong and nothing else: masked, as a client's frames are, and short, as control frames are (RFC
/// 6455, sections 5.2 and 5.5).
fn is_pong(bytes: &[u8]) -> bool {
    matches!(bytes, [0x8a, length @ 0x80..=0xfd, rest @ ..] if rest.len() == 4 + usize::from(length - 0x80))
}

/// A close frame (RFC 6455, section 5.5.1); the reason is short.
pub(super) fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0x88);
    frame.put_u8(2 + reason.len() as u8);
    frame.put_u16(code);
    frame.put_slice(reason.as_bytes());
    frame.freeze()
}

/// A token bucket.
struct Bucket {
    rate: f32,
    tokens: f32,
    at: Instant,
}

impl Bucket {
    fn new(rate: u32, now: Instant) -> Self {
        Self { rate: rate as f32, tokens: 2.0 * rate as f32, at: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let gained = now.duration_since(self.at).as_secs_f32() * self.rate;
        self.tokens = (self.tokens + gained).min(2.0 * self.rate);
        self.at = now;
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pong_is_told_from_all_else() {
        let pong = |said: &[u8]| [&[0x8a, 0x80 + said.len() as u8, 1, 2, 3, 4], said].concat();
        assert!(is_pong(&pong(b"")) && is_pong(&pong(&[7; 125])));
        let two = [pong(b""), pong(b"")].concat();
        let unmasked = [0x8a, 0];
        let ping = [0x89, 0x80, 1, 2, 3, 4];
        let not_final = [0x0a, 0x80, 1, 2, 3, 4];
        let half = &pong(b"half")[..8];
        let all: [&[u8]; 6] = [&two, &unmasked, &ping, &not_final, half, &[]];
        assert!(all.iter().all(|bytes| !is_pong(bytes)));
    }

    #[test]
    fn a_session_is_small() {
        // 10,000 of them at 2 KiB each, with what the room and the allocator keep beside it.
        assert!(size_of::<Session>() <= 400, "{} bytes", size_of::<Session>());
    }
}
