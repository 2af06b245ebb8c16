//! Many open WebSockets on one thread, read through one buffer, and one judge who is shown every message.

use super::dial::{self, Door};
use super::frame::{self, Inbound, Incoming};
use anyhow::{Context, bail};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Holds a backlog of some hundred events.
const BUFFER: usize = 256 * 1_024;
/// Events that one poll may tell.
const EVENTS: usize = 1_024;

/// Who is shown what comes in.
pub(crate) trait Judge {
    /// A message, or a piece of one; an answer, if it takes one, is a ready frame.
    fn message(&mut self, session: usize, payload: &[u8]) -> Option<Vec<u8>>;
    /// A message of so many bytes, too long to be shown.
    fn too_long(&mut self, session: usize, bytes: usize);
    /// The longest message it wants to be shown.
    fn longest(&self) -> usize;
    /// Whether it has seen enough to stop.
    fn is_done(&self) -> bool;
}

struct Session {
    stream: TcpStream,
    inbound: Inbound,
    outgoing: Vec<u8>,
}

/// How often somebody looked for something to read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Looks {
    /// Ever.
    pub(crate) all: u64,
    /// In vain.
    pub(crate) idle: u64,
}

/// Open sockets, numbered from 0 as they came.
pub(crate) struct Crowd<J> {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    sessions: Vec<Session>,
    /// How often it has looked while it waited for the judge.
    pub(crate) looks: Looks,
    /// The judge.
    pub(crate) judge: J,
}

impl<J: Judge> Crowd<J> {
    /// Nobody yet.
    pub(crate) fn new(address: SocketAddr, judge: J) -> anyhow::Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(EVENTS));
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Ok(Self { address, poll, events, buffer, sessions: Vec::new(), looks: Looks::default(), judge })
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Opens one more.
    pub(crate) fn join(&mut self, door: &Door) -> anyhow::Result<usize> {
        let number = self.sessions.len();
        let (stream, first) = dial::dial(self.address, number, door).with_context(|| format!("session {number}"))?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)?;
        let inbound = Inbound::new(self.judge.longest());
        self.sessions.push(Session { stream, inbound, outgoing: Vec::new() });
        show(&mut self.judge, number, &mut self.sessions[number], &first)?;
        Ok(number)
    }

    /// Sends ready frames; what the socket doesn't take now goes later.
    pub(crate) fn send(&mut self, number: usize, frames: &[u8]) -> anyhow::Result<()> {
        let session = &mut self.sessions[number];
        session.outgoing.extend_from_slice(frames);
        session.flush().with_context(|| format!("writing to session {number}"))
    }

    /// Reads what is there; waits for something if nothing is, as long as it may.
    pub(crate) fn turn(&mut self, wait: Duration) -> anyhow::Result<()> {
        if let Err(error) = self.poll.poll(&mut self.events, Some(wait)) {
            return if error.kind() == ErrorKind::Interrupted { Ok(()) } else { Err(error.into()) };
        }
        for event in &self.events {
            let number = event.token().0;
            let session = &mut self.sessions[number];
            if event.is_writable() {
                session.flush().with_context(|| format!("writing to session {number}"))?;
            }
            if event.is_readable() {
                read(&mut self.judge, number, session, &mut self.buffer)?;
            }
        }
        Ok(())
    }

    /// Reads until the judge is done; false if that takes too long. Never sleeps: the sender would pay for waking it, and
    /// whether it has to would hang on which of the two is a little faster.
    pub(crate) fn until_done(&mut self, patience: Duration) -> anyhow::Result<bool> {
        let end = Instant::now() + patience;
        while !self.judge.is_done() {
            if Instant::now() > end {
                return Ok(false);
            }
            self.turn(Duration::ZERO)?;
            self.looks.all += 1;
            self.looks.idle += u64::from(self.events.is_empty());
        }
        Ok(true)
    }
}

impl Session {
    fn flush(&mut self) -> std::io::Result<()> {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(written) => drop(self.outgoing.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn read<J: Judge>(judge: &mut J, number: usize, session: &mut Session, buffer: &mut [u8]) -> anyhow::Result<()> {
    loop {
        match session.stream.read(buffer) {
            Ok(0) => bail!("the server hung up on session {number}"),
            Ok(read) => {
                show(judge, number, session, &buffer[..read])?;
                // A short read has emptied the socket, says epoll(7): no second one to be told so.
                if read < buffer.len() {
                    // Acknowledged now and here; later, it would be by a timer on the sender's core, at the sender's cost.
                    SockRef::from(&session.stream).set_tcp_quickack(true)?;
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(|| format!("reading session {number}")),
        }
    }
}

fn show<J: Judge>(judge: &mut J, number: usize, session: &mut Session, bytes: &[u8]) -> anyhow::Result<()> {
    let Session { inbound, outgoing, .. } = session;
    let mut closed = None;
    inbound.feed(bytes, |incoming| match incoming {
        Incoming::TooLong(bytes) => judge.too_long(number, bytes),
        Incoming::Whole { opcode: frame::TEXT | frame::BINARY | frame::CONTINUATION, payload, .. } => {
            outgoing.extend(judge.message(number, payload).into_iter().flatten());
        }
        Incoming::Whole { opcode: frame::PING, payload, .. } => outgoing.extend(frame::of_client(frame::PONG, payload)),
        Incoming::Whole { opcode: frame::CLOSE, payload, .. } => closed = Some(reason(payload)),
        Incoming::Whole { .. } => {}
    });
    if let Some(reason) = closed {
        bail!("the server closed session {number}: {reason}");
    }
    session.flush().with_context(|| format!("writing to session {number}"))
}

fn reason(payload: &[u8]) -> String {
    match payload.split_first_chunk() {
        Some((code, text)) => format!("{} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(text)),
        None => "without a code".to_owned(),
    }
}
