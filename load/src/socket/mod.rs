//! One WebSocket, cheap enough for twenty thousand: what is read goes through one buffer a thread, whole frames are
//! judged where they lie, and what is to be written goes out in one piece. The handshake is `handshake`'s, the bytes are
//! `frames`'.

pub(crate) mod frames;
mod handshake;

use frames::{Opcode, Reader};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

pub(crate) use handshake::upgrade;

/// Bytes of one read: many small frames, or a few large ones.
const READ: usize = 64 * 1_024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// An open WebSocket.
pub(crate) struct Socket {
    stream: TcpStream,
    reader: Reader,
    /// What came behind the handshake's answer.
    first: Vec<u8>,
    out: Vec<u8>,
    written: usize,
}

/// Why a connection is over.
#[derive(Debug)]
pub(crate) struct Lost {
    /// The server's close code, if it closed.
    pub(crate) code: Option<u16>,
    /// In words.
    pub(crate) why: String,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Lost {
    fn because(why: impl fmt::Display) -> Self {
        Self { code: None, why: why.to_string() }
    }
}

impl Socket {
    fn new(stream: TcpStream, first: Vec<u8>) -> Self {
        Self { stream, reader: Reader::default(), first, out: Vec::new(), written: 0 }
    }

    /// Reads once, and gives every whole message to `each`. Pings are answered, a close ends it.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Poll<Result<(), Lost>> {
        let Self { stream, reader, first, out, .. } = self;
        let mut closed = None;
        let mut take = |opcode, payload: &[u8]| match opcode {
            Opcode::Text => each(payload),
            Opcode::Ping => frames::write(out, Opcode::Pong, payload),
            Opcode::Pong => {}
            Opcode::Close => {
                frames::write(out, Opcode::Close, payload.get(..2).unwrap_or_default());
                closed = Some(close(payload));
            }
        };
        if first.is_empty() {
            ready!(SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                ready!(Pin::new(stream).poll_read(context, &mut buffer)).map_err(Lost::because)?;
                if buffer.filled().is_empty() {
                    return Poll::Ready(Err(Lost::because("the connection ended")));
                }
                Poll::Ready(reader.feed(buffer.filled(), &mut take).map_err(Lost::because))
            }))?;
        } else {
            reader.feed(&std::mem::take(first), &mut take).map_err(Lost::because)?;
        }
        match closed {
            Some(lost) => {
                // The answer to the close; whether it still goes out is of no matter.
                let _ = self.poll_write(context);
                Poll::Ready(Err(lost))
            }
            None => Poll::Ready(Ok(())),
        }
    }

    /// Queues a message.
    pub(crate) fn queue(&mut self, message: &str) {
        frames::write(&mut self.out, Opcode::Text, message.as_bytes());
    }

    /// Queues a close.
    pub(crate) fn queue_close(&mut self) {
        frames::write(&mut self.out, Opcode::Close, &1_000_u16.to_be_bytes());
    }

    /// Writes what is queued; ready once nothing is.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.out.len() {
            let taken = ready!(Pin::new(&mut self.stream).poll_write(context, &self.out[self.written..]))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += taken;
        }
        if self.written > 0 {
            (self.out, self.written) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }

    /// Ends at once, as a lost network does: the peer gets a reset, and nothing that was queued.
    pub(crate) fn cut(self) {
        let _ = self.stream.set_zero_linger();
    }
}

fn close(payload: &[u8]) -> Lost {
    let code = payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default());
    let why = match code {
        Some(code) => format!("closed by the server: {code} {reason}"),
        None => "closed by the server, without a code".into(),
    };
    Lost { code, why }
}
