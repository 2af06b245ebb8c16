//! HTTP/1.1 on one connection, from a client's side, for one request. Written here, and not by a client library, because
//! people see what goes out and what comes back as it is: the order and the case of names, the words of the status, bytes
//! and times. A library that keeps them is not known; `httparse` reads heads.

use super::super::Header;
use super::super::guard::connect::Stream;
use super::error::SendError;
use crate::config::MOST_ANSWER_HEADERS;
use bytes::{Buf, Bytes, BytesMut};
use std::future::Future;
use std::io;
use std::pin::Pin;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, split};
use tokio::time::Instant;

/// Bytes of room for one read.
const READ: usize = 16 * 1_024;
/// 1xx answers before the answer.
const MOST_INTERIM: usize = 16;
/// Bytes of a line with a chunk's size, and of all trailers.
const LONGEST_LINE: usize = 8 * 1_024;

/// The answer's beginning.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) version: &'static str,
    pub(super) headers: Vec<Header>,
    /// Bytes.
    pub(super) size: u64,
    /// When its first byte was read.
    pub(super) first_byte: Instant,
}

impl Head {
    /// All values of a header, in order.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// The first value of a header.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }
}

/// How the end of a body is known.
#[derive(Debug)]
enum Framing {
    /// So many bytes more.
    Length(u64),
    Chunked(Chunk),
    Close,
}

#[derive(Debug)]
enum Chunk {
    Size,
    Data(u64),
    DataEnd,
    Trailers(usize),
    Done,
}

/// Why there is no more of a body, though it isn't whole.
pub(super) struct Broken;

/// A connection on which a request is being sent while its answer is read. Dropping it closes it.
pub(super) struct Connection {
    reader: ReadHalf<Box<dyn Stream>>,
    writing: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
    buffer: BytesMut,
    last_read: Instant,
    framing: Framing,
    /// When the request's last byte was handed to the system; `None`: the answer came first.
    pub(super) sent: Option<Instant>,
}

impl Connection {
    /// Begins to send.
    pub(super) fn new(stream: Box<dyn Stream>, head: Vec<u8>, body: Option<Bytes>) -> Self {
        let (reader, mut writer) = split(stream);
        let writing = async move {
            writer.write_all(&head).await?;
            writer.write_all(&body.unwrap_or_default()).await?;
            writer.flush().await
        };
        Self {
            reader,
            writing: Some(Box::pin(writing)),
            buffer: BytesMut::new(),
            last_read: Instant::now(),
            framing: Framing::Length(0),
            sent: None,
        }
    }

    /// Reads more into the buffer, and writes meanwhile; 0 at the end. What goes wrong with writing shows in what is read:
    /// a server may well answer and close before it has the whole request.
    async fn fill(&mut self) -> io::Result<usize> {
        loop {
            self.buffer.reserve(READ);
            let Some(writing) = &mut self.writing else {
                let read = self.reader.read_buf(&mut self.buffer).await;
                self.last_read = Instant::now();
                return read;
            };
            tokio::select! {
                biased;
                done = writing.as_mut() => {
                    self.writing = None;
                    self.sent = done.is_ok().then(Instant::now);
                }
                read = self.reader.read_buf(&mut self.buffer) => {
                    self.last_read = Instant::now();
                    return read;
                }
            }
        }
    }

    /// The answer's head, after those that only say that it is on its way. `bodiless`: it was asked with HEAD.
    pub(super) async fn head(&mut self, bodiless: bool, largest: usize) -> Result<Head, SendError> {
        let bad = |reason| SendError::BadResponse { reason };
        let (mut left, mut searched) = (largest, 0);
        let mut interim = 0;
        let mut first_byte = None;
        loop {
            if let Some(end) = end_of_head(&self.buffer, searched) {
                let bytes = self.buffer.split_to(end);
                if end > left {
                    return Err(bad("its head is too large"));
                }
                let head = parse(&bytes, first_byte.unwrap_or(self.last_read))?;
                if (100..200).contains(&head.status) && head.status != 101 {
                    interim += 1;
                    if interim > MOST_INTERIM {
                        return Err(bad("too many interim answers"));
                    }
                    (left, searched, first_byte) = (left - end, 0, (!self.buffer.is_empty()).then_some(self.last_read));
                    continue;
                }
                self.framing = framing(&head, bodiless)?;
                return Ok(head);
            }
            if self.buffer.len() > left {
                return Err(bad("its head is too large"));
            }
            searched = self.buffer.len().saturating_sub(3);
            let none_yet = self.buffer.is_empty();
            match self.fill().await {
                Ok(read) if read > 0 => {}
                _ if none_yet => return Err(SendError::ConnectionClosed),
                _ => return Err(bad("it ends within its head")),
            }
            first_byte = first_byte.or(Some(self.last_read));
            // Whatever else speaks first (SSH, SMTP, a database) need not be waited for.
            let start = self.buffer.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(self.buffer.len());
            let begun = &self.buffer[start..];
            if !begun.iter().zip(b"HTTP/1.").all(|(one, other)| one == other) {
                return Err(bad("it does not begin with HTTP/1"));
            }
        }
    }

    /// The next part of the body; `None` at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let wanted = match &mut self.framing {
                Framing::Length(0) | Framing::Chunked(Chunk::Done) => return Ok(None),
                Framing::Length(left) => Some(left),
                Framing::Close => None,
                Framing::Chunked(Chunk::Data(left)) => Some(left),
                Framing::Chunked(chunk) => {
                    if !chunk.advance(&mut self.buffer)? && self.fill().await.map_err(|_| Broken)? == 0 {
                        return Err(Broken);
                    }
                    continue;
                }
            };
            if self.buffer.is_empty() {
                match self.fill().await {
                    Ok(0) if matches!(self.framing, Framing::Close) => {
                        self.framing = Framing::Length(0);
                        return Ok(None);
                    }
                    Ok(0) | Err(_) => return Err(Broken),
                    Ok(_) => continue,
                }
            }
            let Some(left) = wanted else { return Ok(Some(self.buffer.split().freeze())) };
            let part = self.buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= part as u64;
            if let Framing::Chunked(chunk @ Chunk::Data(0)) = &mut self.framing {
                *chunk = Chunk::DataEnd;
            }
            return Ok(Some(self.buffer.split_to(part).freeze()));
        }
    }
}

impl Chunk {
    /// Reads what stands between chunks; `false`: more bytes are needed.
    fn advance(&mut self, buffer: &mut BytesMut) -> Result<bool, Broken> {
        match self {
            Self::Size => match httparse::parse_chunk_size(buffer) {
                Ok(httparse::Status::Complete((line, size))) if line <= LONGEST_LINE => {
                    buffer.advance(line);
                    *self = if size == 0 { Self::Trailers(0) } else { Self::Data(size) };
                    Ok(true)
                }
                Ok(httparse::Status::Partial) if buffer.len() <= LONGEST_LINE => Ok(false),
                _ => Err(Broken),
            },
            Self::DataEnd => match buffer.get(..2) {
                Some(b"\r\n") => {
                    buffer.advance(2);
                    *self = Self::Size;
                    Ok(true)
                }
                Some(_) => Err(Broken),
                None => Ok(false),
            },
            Self::Trailers(read) => match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) if *read + end <= LONGEST_LINE => {
                    let last = end == 0 || end == 1 && buffer[0] == b'\r';
                    *read += end + 1;
                    buffer.advance(end + 1);
                    if last {
                        *self = Self::Done;
                    }
                    Ok(true)
                }
                None if *read + buffer.len() <= LONGEST_LINE => Ok(false),
                _ => Err(Broken),
            },
            Self::Data(_) | Self::Done => Ok(true),
        }
    }
}

/// Where the head ends, if it does: behind an empty line.
fn end_of_head(buffer: &[u8], from: usize) -> Option<usize> {
    // Empty lines before the head are no end.
    let start = buffer.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?.max(from);
    let lines = buffer[start..].iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| start + at + 1);
    lines.map(|next| (next, &buffer[next..])).find_map(|(next, rest)| match rest {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

fn parse(bytes: &[u8], first_byte: Instant) -> Result<Head, SendError> {
    let bad = |reason| SendError::BadResponse { reason };
    let mut lines = vec![httparse::EMPTY_HEADER; MOST_ANSWER_HEADERS];
    let mut answer = httparse::Response::new(&mut lines);
    let mut config = httparse::ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true).allow_obsolete_multiline_headers_in_responses(true);
    match config.parse_response(&mut answer, bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(bad("its head is not complete")),
        Err(httparse::Error::TooManyHeaders) => return Err(bad("it has too many headers")),
        Err(httparse::Error::Status | httparse::Error::Version) => return Err(bad("its status line can't be read")),
        Err(_) => return Err(bad("a header can't be read")),
    }
    let status = answer.code.filter(|status| *status >= 100).ok_or_else(|| bad("its status line can't be read"))?;
    let usual = || axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let reason = answer.reason.filter(|reason| !reason.is_empty()).or_else(usual).unwrap_or_default().to_owned();
    let headers = answer.headers.iter().map(|header| Header {
        name: header.name.to_owned(),
        value: String::from_utf8_lossy(header.value).into_owned(),
    });
    Ok(Head {
        status,
        reason,
        version: if answer.version == Some(0) { "1.0" } else { "1.1" },
        headers: headers.collect(),
        size: bytes.len() as u64,
        first_byte,
    })
}

/// RFC 9112, 6.3.
fn framing(head: &Head, bodiless: bool) -> Result<Framing, SendError> {
    if bodiless || matches!(head.status, 101 | 204 | 304) {
        return Ok(Framing::Length(0));
    }
    if let Some(last) = head.values("transfer-encoding").last() {
        let chunked = last.rsplit(',').next().is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"));
        return Ok(if chunked { Framing::Chunked(Chunk::Size) } else { Framing::Close });
    }
    let mut lengths = head.values("content-length").flat_map(|value| value.split(',')).map(str::trim);
    let Some(length) = lengths.next() else { return Ok(Framing::Close) };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    match length.parse() {
        Ok(number) if digits && lengths.all(|other| other == length) => Ok(Framing::Length(number)),
        _ => Err(SendError::BadResponse { reason: "its Content-Length can't be read" }),
    }
}
