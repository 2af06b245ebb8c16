//! The write half of one socket: ready frames in, vectored writes out.

use crate::visibility::Frame;
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Frames that one write takes together; the kernel takes no more slices than this (IOV_MAX is 1,024 on Linux).
const SLICES: usize = 256;

/// A socket's write half, and what it still has to take.
#[derive(Debug)]
pub struct Outlet<W> {
    socket: W,
    waiting: VecDeque<Bytes>,
    /// Bytes of the first that are written.
    written: usize,
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    /// An outlet with nothing waiting.
    pub fn new(socket: W) -> Self {
        Self { socket, waiting: VecDeque::new(), written: 0 }
    }

    /// Adds a frame.
    pub fn queue(&mut self, frame: &Frame) {
        self.waiting.push_back(frame.bytes().clone());
    }

    /// Adds control frames (ping, pong, close), ahead of frames that are not begun.
    pub fn control(&mut self, frames: Bytes) {
        if frames.is_empty() {
            return;
        }
        let place = usize::from(self.mid_frame());
        self.waiting.insert(place, frames);
    }

    /// Adds the close frame, behind all that waits.
    pub fn last(&mut self, close: Bytes) {
        self.waiting.push_back(close);
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a frame is written in part.
    #[must_use]
    pub fn mid_frame(&self) -> bool {
        self.written > 0
    }

    /// Forgets the frames that are not begun.
    pub fn forget(&mut self) {
        self.waiting.truncate(usize::from(self.mid_frame()));
    }

    /// Writes what the socket takes at once; waits when it takes nothing. Cancelling loses nothing.
    ///
    /// # Errors
    /// When the socket is broken.
    pub async fn write_some(&mut self) -> io::Result<()> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (index, bytes) in self.waiting.iter().take(SLICES).enumerate() {
            let from = if index == 0 { self.written } else { 0 };
            slices[index] = IoSlice::new(&bytes[from..]);
            count += 1;
        }
        let mut taken = self.socket.write_vectored(&slices[..count]).await?;
        if taken == 0 && count > 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        while let Some(first) = self.waiting.front() {
            let left = first.len() - self.written;
            if taken < left {
                self.written += taken;
                break;
            }
            taken -= left;
            self.written = 0;
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// Ends the stream of bytes.
    pub async fn shutdown(&mut self) {
        // The peer may be gone already, which is as good.
        let _ = self.socket.shutdown().await;
    }
}
