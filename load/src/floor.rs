//! The floor: what no server that writes to each socket by itself can be cheaper than. One thread; what a publisher sends
//! goes, framed once, to every subscriber, one write each, and two are never joined.
//!
//! It checks nothing and knows no workspace. Subscribers come to `/subscribe`, publishers to `/publish`.

use crate::bare::frame::{self, Inbound, Incoming};
use anyhow::{Context, ensure};
use clap::Args;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Bytes of a message that is passed on.
const LONGEST: usize = 1 << 20;
const LISTENER: Token = Token(usize::MAX);
/// How long a handshake may take: nothing else goes on meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where to stand.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
}

/// Serves until it is ended from outside.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    rlimit::increase_nofile_limit(u64::MAX).context("raising the limit of open files")?;
    let listener = TcpListener::bind(options.listen).with_context(|| format!("listening on {}", options.listen))?;
    serve(listener)
}

/// Blocks its thread, which has nothing else to do.
fn serve(listener: TcpListener) -> anyhow::Result<bool> {
    Floor::new(listener)?.serve()
}

struct Floor {
    poll: Poll,
    listener: TcpListener,
    /// By token. A token is never used again: who left leaves a gap.
    peers: Vec<Option<Peer>>,
}

enum Peer {
    Subscriber(Subscriber),
    Publisher(TcpStream, Inbound),
}

struct Subscriber {
    stream: TcpStream,
    /// What a full socket didn't take, and how much of the first of these has gone.
    waiting: VecDeque<Rc<[u8]>>,
    written: usize,
}

impl Floor {
    fn new(mut listener: TcpListener) -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { poll, listener, peers: Vec::new() })
    }

    fn serve(mut self) -> anyhow::Result<bool> {
        let (mut events, mut buffer) = (Events::with_capacity(1_024), vec![0; 64 * 1_024]);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept_all()?,
                    Token(number) => self.attend(number, event.is_readable(), &mut buffer),
                }
            }
        }
    }

    fn accept_all(&mut self) -> anyhow::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    // Whoever hangs up before its handshake only looked whether somebody is here.
                    let _ = self.accept(stream);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accepting"),
            }
        }
    }

    fn accept(&mut self, stream: TcpStream) -> anyhow::Result<()> {
        let mut stream = std::net::TcpStream::from(stream);
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let publishes = handshake(&mut stream)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let mut stream = TcpStream::from_std(stream);
        let token = Token(self.peers.len());
        self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.peers.push(Some(if publishes {
            Peer::Publisher(stream, Inbound::new(LONGEST))
        } else {
            Peer::Subscriber(Subscriber { stream, waiting: VecDeque::new(), written: 0 })
        }));
        Ok(())
    }

    fn attend(&mut self, number: usize, readable: bool, buffer: &mut [u8]) {
        let mut frames = Vec::new();
        let stays = match &mut self.peers[number] {
            Some(Peer::Publisher(stream, inbound)) => hear(stream, inbound, buffer, &mut frames),
            // What it says matters not, only whether it is still there.
            Some(Peer::Subscriber(subscriber)) => {
                subscriber.flush().is_ok() && (!readable || is_there(&mut subscriber.stream, buffer))
            }
            None => true,
        };
        for frame in &frames {
            self.spread(frame);
        }
        if !stays {
            self.peers[number] = None;
        }
    }

    /// One frame to each subscriber. This loop is what is measured.
    fn spread(&mut self, frame: &Rc<[u8]>) {
        for peer in &mut self.peers {
            if let Some(Peer::Subscriber(subscriber)) = peer
                && subscriber.take(frame).is_err()
            {
                *peer = None;
            }
        }
    }
}

impl Subscriber {
    fn take(&mut self, frame: &Rc<[u8]>) -> std::io::Result<()> {
        if self.waiting.is_empty() {
            match self.stream.write(frame) {
                Ok(written) if written == frame.len() => return Ok(()),
                Ok(written) => self.written = written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.written = 0,
                Err(error) => return Err(error),
            }
        }
        self.waiting.push_back(Rc::clone(frame));
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        while let Some(frame) = self.waiting.front() {
            match self.stream.write(&frame[self.written..]) {
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if self.written == frame.len() {
                self.waiting.pop_front();
                self.written = 0;
            }
        }
        Ok(())
    }
}

/// Reads what a publisher has sent into ready frames; false when it is gone.
fn hear(stream: &mut TcpStream, inbound: &mut Inbound, buffer: &mut [u8], frames: &mut Vec<Rc<[u8]>>) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(read) => inbound.feed(&buffer[..read], |incoming| {
                if let Incoming::Whole { opcode: opcode @ (frame::TEXT | frame::BINARY), mask, payload } = incoming {
                    frames.push(frame::of_server(opcode, &frame::unmask(mask, payload)).into());
                }
            }),
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

fn is_there(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Answers a handshake; tells whether it is a publisher's.
fn handshake(stream: &mut std::net::TcpStream) -> anyhow::Result<bool> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        ensure!(head.len() < 8_192, "a request without an end");
    }
    let head = String::from_utf8_lossy(&head);
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    };
    let key = head.lines().find_map(header).context("no Sec-WebSocket-Key")?;
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes())?;
    Ok(head.starts_with("GET /publish "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bare::dial::{Door, dial};

    fn door(path: &str) -> Door {
        Door { path: path.to_owned(), headers: String::new() }
    }

    #[test]
    fn a_subscriber_that_reads_late_gets_every_message_once_and_whole() -> anyhow::Result<()> {
        // Together more than loopback takes before it blocks.
        const MESSAGES: usize = 4_000;
        let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || serve(listener));
        let (mut late, _) = dial(address, 0, &door("/subscribe"))?;
        let (mut prompt, _) = dial(address, 1, &door("/subscribe"))?;
        let (mut publisher, _) = dial(address, 2, &door("/publish"))?;
        let message = |n: usize| format!("{n:04}").repeat(1_000);
        std::thread::spawn(move || {
            (0..MESSAGES)
                .try_for_each(|n| publisher.write_all(&frame::of_client(frame::TEXT, message(n).as_bytes())))
                .map(|()| publisher)
        });
        for subscriber in [&mut prompt, &mut late] {
            let mut frame = vec![0; frame::of_server(frame::TEXT, message(0).as_bytes()).len()];
            for n in 0..MESSAGES {
                subscriber.read_exact(&mut frame)?;
                assert!(frame.ends_with(message(n).as_bytes()), "message {n}");
            }
        }
        Ok(())
    }
}
