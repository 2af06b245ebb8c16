//! WebSocket frames (RFC 6455) as a client of this server needs them: reads what a server sends, which is unmasked and
//! in one piece, and writes what a client sends, which is masked. Nothing is copied but what a read cut in two.

use anyhow::bail;

/// The longest frame taken: far above the presence of 20,000 sessions.
const LONGEST: u64 = 64 * 1_024 * 1_024;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Kinds of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    /// A message.
    Text = 1,
    /// The end.
    Close = 8,
    /// To be answered.
    Ping = 9,
    /// An answer.
    Pong = 10,
}

/// Cuts a stream of bytes into frames.
#[derive(Default)]
pub(super) struct Reader {
    /// The beginning of a frame whose end has not come.
    partial: Vec<u8>,
}

impl Reader {
    /// Takes what was read, and gives each whole frame to `each`.
    pub(super) fn feed(&mut self, read: &[u8], mut each: impl FnMut(Opcode, &[u8])) -> anyhow::Result<()> {
        if self.partial.is_empty() {
            let rest = whole(read, &mut each)?;
            self.partial.extend_from_slice(rest);
            return Ok(());
        }
        self.partial.extend_from_slice(read);
        let rest = whole(&self.partial, &mut each)?.len();
        self.partial.drain(..self.partial.len() - rest);
        if self.partial.is_empty() {
            // A large frame now and then must not keep thousands of sessions large.
            self.partial = Vec::new();
        }
        Ok(())
    }
}

/// Gives the whole frames to `each`; answers what is left.
fn whole<'a>(mut bytes: &'a [u8], each: &mut impl FnMut(Opcode, &[u8])) -> anyhow::Result<&'a [u8]> {
    while let Some((opcode, header, length)) = head(bytes)? {
        let Some(payload) = bytes.get(header..header + length) else {
            break;
        };
        each(opcode, payload);
        bytes = &bytes[header + length..];
    }
    Ok(bytes)
}

/// The first frame's kind, the length of its header, and that of its payload; none when the header isn't whole.
fn head(bytes: &[u8]) -> anyhow::Result<Option<(Opcode, usize, usize)>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    let opcode = match first {
        0x81 => Opcode::Text,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        other => bail!("a frame begins with {other:#04x}: neither a whole text nor a control frame"),
    };
    let (header, length) = match second {
        length @ 0..=125 => (2, u64::from(*length)),
        126 => match rest {
            [a, b, ..] => (4, u64::from(u16::from_be_bytes([*a, *b]))),
            _ => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (10, u64::from_be_bytes(*length)),
            None => return Ok(None),
        },
        MASKED.. => bail!("a frame of the server is masked"),
    };
    if length > LONGEST {
        bail!("a frame of {length} bytes");
    }
    Ok(Some((opcode, header, length as usize)))
}

/// Appends a client's frame. The mask guards proxies from a client's scripts; here it need not be unpredictable.
pub(super) fn write(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.push(FINAL | opcode as u8);
    match payload.len() {
        length @ 0..=125 => out.push(MASKED | length as u8),
        length @ 126..=0xffff => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let mask = fastrand::u32(..).to_ne_bytes();
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    out[start..].iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![FINAL | opcode as u8];
        match payload.len() {
            length @ 0..=125 => frame.push(length as u8),
            length @ 126..=0xffff => {
                frame.push(126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                frame.push(127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(payload);
        frame
    }

    fn read(chunks: &[&[u8]]) -> anyhow::Result<Vec<(Opcode, Vec<u8>)>> {
        let (mut reader, mut frames) = (Reader::default(), Vec::new());
        for chunk in chunks {
            reader.feed(chunk, |opcode, payload| frames.push((opcode, payload.to_vec())))?;
        }
        Ok(frames)
    }

    #[test]
    fn frames_of_every_length_come_out_however_they_are_cut() {
        let payloads: Vec<Vec<u8>> = [0, 1, 125, 126, 300, 65_535, 65_536, 70_000].map(|n| vec![n as u8; n]).into();
        let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(Opcode::Text, payload)).collect();
        let expected: Vec<_> = payloads.into_iter().map(|payload| (Opcode::Text, payload)).collect();
        assert!(read(&[&bytes]).expect("readable") == expected);
        for size in [1, 2, 3, 7, 127, 4_096, 65_536] {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            assert!(read(&chunks).expect("readable") == expected, "in chunks of {size}");
        }
    }

    #[test]
    fn control_frames_between_messages_keep_their_place() {
        let bytes =
            [frame(Opcode::Ping, b"a"), frame(Opcode::Text, b"b"), frame(Opcode::Close, &[0x0f, 0xa8])].concat();
        let kinds: Vec<_> = read(&[&bytes]).expect("readable").into_iter().map(|(opcode, _)| opcode).collect();
        assert_eq!(kinds, [Opcode::Ping, Opcode::Text, Opcode::Close]);
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        let mut masked = Vec::new();
        write(&mut masked, Opcode::Text, b"hello");
        let endless = [&[0x81, 127][..], &u64::MAX.to_be_bytes()].concat();
        for bad in [&masked[..], &[0x01, 1, b'a'], &[0x82, 1, 0], &[0xc1, 1, b'a'], &endless] {
            assert!(read(&[bad]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_written_frame_is_masked_and_can_be_read_back() {
        for length in [0, 5, 126, 70_000] {
            let (mut out, payload) = (b"before".to_vec(), vec![b'x'; length]);
            write(&mut out, Opcode::Text, &payload);
            let header = [2, 4, 10][usize::from(length > 125) + usize::from(length > 0xffff)];
            let frame = &out[6..];
            assert_eq!((frame[0], frame[1] & MASKED, frame.len()), (0x81, MASKED, header + 4 + length));
            let mask = &frame[header..header + 4];
            assert!(frame[header + 4..].iter().zip(mask.iter().cycle()).all(|(byte, mask)| byte ^ mask == b'x'));
        }
    }
}
