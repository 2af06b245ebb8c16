//! What tungstenite reads from and writes to: it reads the socket, and what it wants to say (pong, close) is
//! gathered for the outlet, the only writer.

use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(super) struct Wire<R> {
    read: R,
    /// What came with the handshake, ahead of the socket.
    first: Bytes,
    said: Vec<u8>,
}

impl<R> Wire<R> {
    pub(super) fn new(read: R, first: Bytes) -> Self {
        Self { read, first, said: Vec::new() }
    }

    /// The control frames that tungstenite wants sent.
    pub(super) fn take_said(&mut self) -> Bytes {
        std::mem::take(&mut self.said).into()
    }

    /// The socket's read half alone.
    pub(super) fn into_read(self) -> R {
        self.read
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Wire<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let count = self.first.len().min(buffer.remaining());
            buffer.put_slice(&self.first.split_to(count));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.read).poll_read(context, buffer)
    }
}

impl<R: Unpin> AsyncWrite for Wire<R> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.said.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
