//! One seat: what its client says goes to the room, what its log has goes to the socket.
//!
//! It never encodes and never filters: it writes ready frames of the log its viewer reads. Generic over its socket,
//! so that a test can be one.

use super::wire::Wire;
use crate::hub::outlet::Outlet;
use crate::hub::seating::{Mail, Seating};
use crate::hub::stream::Lagged;
use crate::hub::{Hub, RoomHandle, SeatGuard};
use crate::id::SessionId;
use crate::protocol::{ClientMessage, Close};
use crate::store::now_utc;
use crate::visibility::Frame;
use crate::workspace::command::{Action, Command};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

/// Bytes of a message that a client may send.
pub const LARGEST_MESSAGE: usize = 64 * 1_024;
/// Edits a second; as many again may come at once.
pub const EDITS_PER_SECOND: u32 = 60;
/// Presence messages a second; as many again may come at once.
pub const PRESENCE_PER_SECOND: u32 = 20;
/// How long a socket may take nothing.
pub const TOO_SLOW: Duration = Duration::from_secs(10);
/// How often a ping goes out: proxies cut silent connections, many after 60 s.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long a peer that answers no ping is believed in.
const SILENT: Duration = Duration::from_secs(75);
/// How long a closing handshake may take.
const CLOSING: Duration = Duration::from_secs(5);
/// Bytes taken from the log at a time: a slow socket holds no more than this.
const CHUNK: u64 = 256 * 1_024;
/// The read buffer: tungstenite's default of 128 KiB is zeroed at every poll.
const READ_BUFFER: usize = 4 * 1_024;

/// A seat that was taken: everything a session needs beside its socket.
pub struct Taken {
    /// For the log of a lagging session.
    pub hub: Arc<Hub>,
    /// The room.
    pub room: RoomHandle,
    /// Gives the seat back.
    pub guard: SeatGuard,
    /// The session's id.
    pub session: SessionId,
    /// What the room tells it alone.
    pub mailbox: mpsc::Receiver<Mail>,
    /// Sent first.
    pub hello: Vec<Frame>,
    /// Where it reads.
    pub seating: Seating,
}

/// Runs a session to its end.
pub async fn run<R, W>(read: R, first: Bytes, write: W, taken: Taken)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = READ_BUFFER;
    config.max_message_size = Some(LARGEST_MESSAGE);
    config.max_frame_size = Some(LARGEST_MESSAGE);
    let socket = WebSocketStream::from_raw_socket(Wire::new(read, first), Role::Server, Some(config)).await;
    let now = Instant::now();
    let Taken { hub, room, guard, session, mailbox, hello, seating } = taken;
    let mut seat = Session {
        socket,
        outlet: Outlet::new(write),
        hub,
        room,
        session,
        grown: seating.stream.watch(),
        seating,
        edits: Bucket::new(EDITS_PER_SECOND, now),
        presences: Bucket::new(PRESENCE_PER_SECOND, now),
        heard: now,
        progress: now,
        next_ping: now + PING_EVERY,
    };
    hello.iter().for_each(|frame| seat.outlet.queue(frame));
    let end = seat.serve(mailbox).await;
    drop(guard);
    seat.end(end).await;
}

/// How a session ends.
enum End {
    /// The socket is gone.
    Lost,
    /// The client closed; tungstenite's answer waits in the wire.
    ByClient,
    /// We close, and say why; the frame goes before.
    Close(u16, &'static str, Option<Frame>),
    /// At once, without a word: the frame that is half written must not be finished.
    Cut,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::close(close, None)
    }
}

impl End {
    fn close(close: Close, last: Option<Frame>) -> Self {
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

struct Session<R, W> {
    socket: WebSocketStream<Wire<R>>,
    outlet: Outlet<W>,
    hub: Arc<Hub>,
    room: RoomHandle,
    session: SessionId,
    seating: Seating,
    grown: watch::Receiver<u64>,
    edits: Bucket,
    presences: Bucket,
    heard: Instant,
    /// When the outlet last took something, or had nothing to take.
    progress: Instant,
    next_ping: Instant,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    async fn serve(&mut self, mut mailbox: mpsc::Receiver<Mail>) -> End {
        loop {
            if self.outlet.is_empty() {
                self.progress = Instant::now();
                if let ControlFlow::Break(end) = self.fill().await {
                    return end;
                }
            }
            let alarm =
                if self.outlet.is_empty() { self.next_ping } else { self.next_ping.min(self.progress + TOO_SLOW) };
            let step = tokio::select! {
                mail = mailbox.recv() => self.take_mail(mail),
                message = self.socket.next() => self.hear(message).await,
                written = self.outlet.write_some(), if !self.outlet.is_empty() => {
                    self.progress = Instant::now();
                    match written {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(_) => ControlFlow::Break(End::Lost),
                    }
                }
                _ = self.grown.changed(), if self.outlet.is_empty() => ControlFlow::Continue(()),
                () = sleep_until(alarm) => self.wake(),
            };
            if let ControlFlow::Break(end) = step {
                return end;
            }
        }
    }

    /// Gives the empty outlet what the session lacks.
    async fn fill(&mut self) -> ControlFlow<End> {
        match self.seating.backlog.take() {
            Some(frames) => {
                frames.iter().for_each(|frame| self.outlet.queue(frame));
                self.seating.seen = self.seating.head;
                // An empty backlog from now on: what follows is in the ring.
                self.seating.backlog = Some(Vec::new());
                if !frames.is_empty() {
                    return ControlFlow::Continue(());
                }
            }
            None => return self.catch_up().await,
        }
        match self.seating.stream.read(self.seating.cursor, CHUNK) {
            Ok(read) => {
                read.frames.iter().for_each(|frame| self.outlet.queue(frame));
                self.seating.cursor = read.cursor;
                if let Some(positions) = read.positions {
                    (self.seating.seen, self.seating.head) = (positions, positions);
                }
                ControlFlow::Continue(())
            }
            Err(Lagged) => self.catch_up().await,
        }
    }

    /// Takes a step towards the ring through the store's log, and the ring again once it is near.
    async fn catch_up(&mut self) -> ControlFlow<End> {
        match self.hub.catch_up(&self.seating, self.seating.seen).await {
            Ok((frames, seen)) => {
                frames.iter().for_each(|frame| self.outlet.queue(frame));
                self.seating.seen = seen;
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a lagging session could not be caught up");
                return ControlFlow::Break(Close::TooSlow.into());
            }
        }
        let Some((seating, presence)) = self.room.resume(self.session, self.seating.seen).await else {
            return ControlFlow::Break(Close::TooSlow.into());
        };
        if seating.workspace.epoch != self.seating.workspace.epoch {
            // Seated anew meanwhile: the mail that says so is on its way.
            return ControlFlow::Continue(());
        }
        self.grown = seating.stream.watch();
        if seating.backlog.is_some() {
            self.outlet.queue(&presence);
        }
        self.seating = seating;
        ControlFlow::Continue(())
    }

    fn take_mail(&mut self, mail: Option<Mail>) -> ControlFlow<End> {
        match mail {
            Some(Mail::Frame(frame)) => self.outlet.queue(&frame),
            Some(Mail::Reseat { hello, seating, new_epoch, confirm }) => {
                // What of the old seat is not begun is not sent; a frame of the old epoch that is begun is cut off.
                if new_epoch && self.outlet.mid_frame() {
                    return ControlFlow::Break(End::Cut);
                }
                if new_epoch {
                    self.outlet.forget();
                    self.seating = seating;
                } else {
                    // The same epoch: the log goes on where this session stood, with the other's eyes.
                    let same = Arc::ptr_eq(&self.seating.stream, &seating.stream);
                    let keep = (self.seating.cursor, self.seating.seen, self.seating.head, self.seating.backlog.take());
                    self.seating = seating;
                    if same {
                        (self.seating.cursor, self.seating.seen, self.seating.head, self.seating.backlog) = keep;
                    }
                }
                hello.iter().for_each(|frame| self.outlet.queue(frame));
                self.grown = self.seating.stream.watch();
                drop(confirm);
            }
            Some(Mail::Close { code, last, confirm }) => {
                self.outlet.forget();
                drop(confirm);
                return ControlFlow::Break(End::close(code, last));
            }
            None => return ControlFlow::Break(Close::TooSlow.into()),
        }
        ControlFlow::Continue(())
    }

    async fn hear(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> ControlFlow<End> {
        self.heard = Instant::now();
        if let Some(Ok(Message::Ping(_))) = &message {
            // tungstenite holds its pong back until it is asked to do something.
            let _ = self.socket.flush().await;
        }
        let said = self.socket.get_mut().take_said();
        self.outlet.control(said);
        match message {
            Some(Ok(Message::Text(text))) => self.understand(&text).await,
            Some(Ok(Message::Binary(_))) => ControlFlow::Break(Close::NotUnderstood.into()),
            Some(Ok(Message::Close(_))) => ControlFlow::Break(End::ByClient),
            Some(Ok(_)) => ControlFlow::Continue(()),
            Some(Err(tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                ControlFlow::Break(End::Close(1009, "message too large", None))
            }
            Some(Err(tungstenite::Error::Utf8(_))) => ControlFlow::Break(End::Close(1007, "not UTF-8", None)),
            Some(Err(tungstenite::Error::Protocol(error))) if error != ProtocolError::ResetWithoutClosingHandshake => {
                ControlFlow::Break(End::Close(1002, "protocol error", None))
            }
            Some(Err(_)) | None => ControlFlow::Break(End::Lost),
        }
    }

    async fn understand(&mut self, text: &str) -> ControlFlow<End> {
        let now = Instant::now();
        match serde_json::from_str::<ClientMessage>(text) {
            Ok(ClientMessage::Edit { op, changes }) => {
                if !self.edits.take(now) {
                    return ControlFlow::Break(Close::TooMany.into());
                }
                let by = self.seating.viewer.user;
                let command = Command { by, at: now_utc(), op: Some(op), action: Action::Edit(changes) };
                self.room.edit(self.session, op, command).await;
            }
            Ok(ClientMessage::Presence { viewing, status }) => {
                if !self.presences.take(now) {
                    return ControlFlow::Break(Close::TooMany.into());
                }
                self.room.presence(self.session, viewing, status).await;
            }
            Err(_) => return ControlFlow::Break(Close::NotUnderstood.into()),
        }
        ControlFlow::Continue(())
    }

    fn wake(&mut self) -> ControlFlow<End> {
        let now = Instant::now();
        if !self.outlet.is_empty() && now >= self.progress + TOO_SLOW {
            self.outlet.forget();
            return ControlFlow::Break(Close::TooSlow.into());
        }
        if now.duration_since(self.heard) >= SILENT {
            return ControlFlow::Break(End::Lost);
        }
        if now >= self.next_ping {
            self.next_ping = now + PING_EVERY;
            self.outlet.control(Bytes::from_static(&[0x89, 0]));
        }
        ControlFlow::Continue(())
    }

    /// Says the last word and lets the peer hear it: bytes that a peer has not read are lost when a socket with
    /// unread input is closed.
    async fn end(mut self, end: End) {
        match end {
            End::Lost | End::Cut => return,
            End::ByClient => {
                // tungstenite answers the close when it is polled once more.
                let _ = timeout(CLOSING, self.socket.next()).await;
                let said = self.socket.get_mut().take_said();
                self.outlet.forget();
                self.outlet.control(said);
            }
            End::Close(code, reason, last) => {
                self.outlet.forget();
                last.iter().for_each(|frame| self.outlet.queue(frame));
                self.outlet.last(close_frame(code, reason));
            }
        }
        part(self.outlet, self.socket.into_inner().into_read()).await;
    }
}

/// Closes a socket that gets no seat.
pub async fn refuse<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(read: R, write: W, why: Close) {
    let mut outlet = Outlet::new(write);
    if let End::Close(code, reason, _) = why.into() {
        outlet.last(close_frame(code, reason));
    }
    part(outlet, read).await;
}

/// A close frame (RFC 6455, section 5.5.1); the reason is short.
fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0x88);
    frame.put_u8(2 + reason.len() as u8);
    frame.put_u16(code);
    frame.put_slice(reason.as_bytes());
    frame.freeze()
}

/// Writes what waits, and reads what still comes: bytes on their way are lost when a socket with unread input is
/// closed.
async fn part<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(mut outlet: Outlet<W>, mut read: R) {
    let flush = async {
        while !outlet.is_empty() {
            outlet.write_some().await?;
        }
        std::io::Result::Ok(())
    };
    if !matches!(timeout(TOO_SLOW, flush).await, Ok(Ok(()))) {
        return;
    }
    outlet.shutdown().await;
    let _ = timeout(CLOSING, async {
        let mut sink = [0; 1_024];
        while matches!(read.read(&mut sink).await, Ok(count) if count > 0) {}
    })
    .await;
}

/// A token bucket.
struct Bucket {
    rate: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn new(rate: u32, now: Instant) -> Self {
        Self { rate: rate.into(), tokens: 2.0 * f64::from(rate), at: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let gained = now.duration_since(self.at).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + gained).min(2.0 * self.rate);
        self.at = now;
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}
