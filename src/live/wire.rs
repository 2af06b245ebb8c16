//! What tungstenite reads from and writes to: it reads bytes that have come, and what it wants to say (pong, close) is
//! gathered for the outlet, the only writer.

use std::io::{self, ErrorKind, Read, Write};

pub(super) struct Wire<'a> {
    bytes: &'a [u8],
    said: &'a mut Vec<u8>,
}

impl<'a> Wire<'a> {
    pub(super) fn new(bytes: &'a [u8], said: &'a mut Vec<u8>) -> Self {
        Self { bytes, said }
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() { Err(ErrorKind::WouldBlock.into()) } else { self.bytes.read(buffer) }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.said.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
