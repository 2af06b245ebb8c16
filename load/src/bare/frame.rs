//! WebSocket frames (RFC 6455, section 5.2), as bytes. Knows no socket.

/// A piece of a message whose first frame went before.
pub(crate) const CONTINUATION: u8 = 0;
/// A text message.
pub(crate) const TEXT: u8 = 1;
/// A binary message.
pub(crate) const BINARY: u8 = 2;
/// The connection ends.
pub(crate) const CLOSE: u8 = 8;
/// Asks for a pong.
pub(crate) const PING: u8 = 9;
/// Answers a ping.
pub(crate) const PONG: u8 = 10;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// One frame that came in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    /// All of it.
    Whole {
        /// What it is.
        opcode: u8,
        /// The mask, from a client.
        mask: Option<[u8; 4]>,
        /// The payload as it came.
        payload: &'a [u8],
    },
    /// A payload of so many bytes is passed over.
    TooLong(usize),
}

/// What is left of one connection's bytes between two reads.
#[derive(Debug)]
pub(crate) struct Inbound {
    rest: Vec<u8>,
    pass_over: usize,
    longest: usize,
}

impl Inbound {
    /// Payloads longer than this are passed over unread: ten thousand sessions must not each keep half of a list of ten
    /// thousand.
    pub(crate) fn new(longest: usize) -> Self {
        Self { rest: Vec::new(), pass_over: 0, longest }
    }

    /// Takes bytes as they came, and tells the frames that they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], each: impl FnMut(Incoming<'_>)) {
        if self.rest.is_empty() {
            return self.split(bytes, each);
        }
        let mut joined = std::mem::take(&mut self.rest);
        joined.extend_from_slice(bytes);
        self.split(&joined, each);
    }

    fn split(&mut self, mut bytes: &[u8], mut each: impl FnMut(Incoming<'_>)) {
        loop {
            let passed = self.pass_over.min(bytes.len());
            self.pass_over -= passed;
            bytes = &bytes[passed..];
            let Some(head) = Head::read(bytes) else { break };
            if head.payload > self.longest {
                each(Incoming::TooLong(head.payload));
                self.pass_over = head.length + head.payload;
                continue;
            }
            let Some(payload) = bytes.get(head.length..head.length + head.payload) else { break };
            each(Incoming::Whole { opcode: head.opcode, mask: head.mask, payload });
            bytes = &bytes[head.length + head.payload..];
        }
        self.rest.extend_from_slice(bytes);
    }
}

struct Head {
    opcode: u8,
    mask: Option<[u8; 4]>,
    length: usize,
    payload: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (extended, payload) = match second & !MASKED {
            126 => (2, u16::from_be_bytes(*rest.first_chunk()?) as usize),
            127 => (8, u64::from_be_bytes(*rest.first_chunk()?) as usize),
            short => (0, short as usize),
        };
        let masked = second & MASKED != 0;
        let mask = if masked { Some(*rest.get(extended..)?.first_chunk()?) } else { None };
        let length = 2 + extended + if masked { 4 } else { 0 };
        Some(Self { opcode: first & 0x0f, mask, length, payload })
    }
}

/// A whole message as a server sends it.
pub(crate) fn of_server(opcode: u8, payload: &[u8]) -> Vec<u8> {
    framed(opcode, 0, &[], payload)
}

/// A whole message as a client sends it. The mask is all zeros, which every server must take: masks protect proxies
/// from pages, and there is neither here.
pub(crate) fn of_client(opcode: u8, payload: &[u8]) -> Vec<u8> {
    framed(opcode, MASKED, &[0; 4], payload)
}

fn framed(opcode: u8, masked: u8, mask: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(FINAL | opcode);
    match payload.len() {
        short @ 0..126 => frame.push(masked | short as u8),
        middling @ 126..0x1_0000 => {
            frame.push(masked | 126);
            frame.extend_from_slice(&(middling as u16).to_be_bytes());
        }
        long => {
            frame.push(masked | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(mask);
    frame.extend_from_slice(payload);
    frame
}

/// Takes a mask off.
pub(crate) fn unmask(mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mask = mask.unwrap_or_default();
    payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: usize = 70_000;

    fn fed(pieces: &[&[u8]]) -> Vec<(u8, Vec<u8>)> {
        let (mut inbound, mut seen) = (Inbound::new(LONGEST), Vec::new());
        for piece in pieces {
            inbound.feed(piece, |incoming| {
                seen.push(match incoming {
                    Incoming::Whole { opcode, mask, payload } => (opcode, unmask(mask, payload)),
                    Incoming::TooLong(bytes) => (255, bytes.to_string().into_bytes()),
                });
            });
        }
        seen
    }

    #[test]
    fn frames_come_out_whole_wherever_the_bytes_were_cut() {
        let payloads = [vec![], vec![b'a'; 125], vec![b'b'; 126], vec![b'c'; LONGEST]];
        let expected: Vec<_> = payloads.iter().map(|payload| (TEXT, payload.clone())).collect();
        for frame in [of_server, of_client] {
            let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(TEXT, payload)).collect();
            for cut in (0..bytes.len()).step_by(61) {
                assert_eq!(fed(&[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_the_next_frame_found() {
        let bytes = [of_server(TEXT, &vec![b'x'; 100_000]), of_server(PING, b"here")].concat();
        let expected = [(255, b"100000".to_vec()), (PING, b"here".to_vec())];
        for cut in (0..bytes.len()).step_by(997) {
            assert_eq!(fed(&[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_mask_comes_off() {
        let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
        assert_eq!(fed(&[&masked]), [(TEXT, b"hi".to_vec())]);
    }
}
