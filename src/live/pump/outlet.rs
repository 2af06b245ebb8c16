//! What one socket still has to take: ready frames in, vectored writes out.

use crate::visibility::Frame;
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};

/// Frames that one write takes together; the kernel takes no more slices than 1,024 (IOV_MAX on Linux).
const SLICES: usize = 256;

/// Frames that wait for a socket. Empty, it holds no memory.
#[derive(Debug, Default)]
pub(in crate::live) struct Outlet {
    waiting: VecDeque<Bytes>,
    /// Bytes of the first that are written.
    written: usize,
}

impl Outlet {
    /// Adds a frame.
    pub(in crate::live) fn queue(&mut self, frame: &Frame) {
        self.waiting.push_back(frame.bytes().clone());
    }

    /// Adds a frame of which so many bytes are written. Nothing else waits.
    pub(in crate::live) fn begun(&mut self, frame: &Frame, written: usize) {
        self.queue(frame);
        self.written = written;
    }

    /// Adds control frames (ping, pong, close), ahead of frames that are not begun.
    pub(in crate::live) fn control(&mut self, frames: Bytes) {
        if !frames.is_empty() {
            self.waiting.insert(usize::from(self.mid_frame()), frames);
        }
    }

    /// Adds the close frame, behind all that waits.
    pub(in crate::live) fn last(&mut self, close: Bytes) {
        self.waiting.push_back(close);
    }

    /// How many frames wait.
    pub(in crate::live) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether everything is written.
    pub(in crate::live) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a frame is written in part.
    pub(in crate::live) fn mid_frame(&self) -> bool {
        self.written > 0
    }

    /// Forgets the frames that are not begun.
    pub(in crate::live) fn forget(&mut self) {
        self.waiting.truncate(usize::from(self.mid_frame()));
    }

    /// Writes until all is written or the socket is full. Answers whether the socket took anything.
    ///
    /// # Errors
    /// When the socket is broken.
    pub(in crate::live) fn write(&mut self, mut socket: impl Write) -> io::Result<bool> {
        let mut progress = false;
        while !self.waiting.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, bytes) in slices.iter_mut().zip(&self.waiting) {
                *slice = IoSlice::new(if count == 0 { &bytes[self.written..] } else { bytes });
                count += 1;
            }
            match socket.write_vectored(&slices[..count]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(taken) => self.took(taken),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(progress),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            progress = true;
        }
        // A burst's room is not kept: most sessions never have one again.
        self.waiting = VecDeque::new();
        Ok(progress)
    }

    fn took(&mut self, mut taken: usize) {
        while let Some(first) = self.waiting.front() {
            let left = first.len() - self.written;
            if taken < left {
                self.written += taken;
                return;
            }
            taken -= left;
            self.written = 0;
            self.waiting.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OpId;
    use crate::visibility;

    /// Takes so many bytes at a time, then is full once.
    struct Narrow {
        width: usize,
        full: bool,
        taken: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.full = !self.full;
            if !self.full {
                return Err(ErrorKind::WouldBlock.into());
            }
            let count = self.width.min(bytes.len());
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_byte_goes_out_once_and_in_order_however_little_the_socket_takes() {
        let frames: Vec<Frame> = (0..3).map(|n| visibility::ack(OpId::new(), n)).collect();
        let all: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes().to_vec()).collect();
        for width in 1..all.len() + 1 {
            let mut socket = Narrow { width, full: false, taken: Vec::new() };
            let mut outlet = Outlet::default();
            outlet.begun(&frames[0], 0);
            frames[1..].iter().for_each(|frame| outlet.queue(frame));
            while !outlet.is_empty() {
                outlet.write(&mut socket).expect("it is not broken");
            }
            assert_eq!(socket.taken, all, "at {width} bytes a write");
        }
    }

    #[test]
    fn a_control_frame_goes_between_frames_and_never_into_one() {
        let frame = visibility::ack(OpId::new(), 1);
        let (ping, next) = (Bytes::from_static(&[0x89, 0]), visibility::ack(OpId::new(), 2));
        let mut outlet = Outlet::default();
        outlet.begun(&frame, 5);
        outlet.queue(&next);
        outlet.control(ping.clone());
        let mut socket = Narrow { width: usize::MAX, full: false, taken: Vec::new() };
        while !outlet.is_empty() {
            outlet.write(&mut socket).expect("it is not broken");
        }
        assert_eq!(socket.taken, [&frame.bytes()[5..], &ping, next.bytes()].concat());
    }

    #[test]
    fn what_is_begun_is_not_forgotten() {
        let frame = visibility::ack(OpId::new(), 1);
        let mut outlet = Outlet::default();
        outlet.begun(&frame, 5);
        outlet.queue(&frame);
        outlet.forget();
        assert_eq!((outlet.len(), outlet.mid_frame()), (1, true));
    }
}
