//! What the floor delivers: the same bytes, again and again.

use super::dialect::{Dialect, Fault, LARGE, Read};
use crate::bare::dial::Door;
use crate::bare::frame;

/// Copies of one message.
pub(crate) struct Copies {
    payload: String,
    watchers: usize,
}

impl Copies {
    /// Of this message, to so many.
    pub(crate) fn new(payload: String, watchers: usize) -> Self {
        Self { payload, watchers }
    }
}

impl Dialect for Copies {
    fn door(&self, session: usize) -> Door {
        let path = if session < self.watchers { "/subscribe" } else { "/publish" };
        Door { path: path.to_owned(), headers: String::new() }
    }

    fn publishers_receive(&self) -> bool {
        false
    }

    fn publish(&mut self) -> Vec<u8> {
        frame::of_client(frame::TEXT, self.payload.as_bytes())
    }

    fn prime(&mut self) -> Vec<u8> {
        frame::of_client(frame::TEXT, "x".repeat(LARGE).as_bytes())
    }

    fn read(&mut self, _: usize, _: u64, _: u64, message: &[u8]) -> Result<Read, Fault> {
        if message == self.payload.as_bytes() {
            return Ok(Read::Deliveries(1));
        }
        Err(Fault(format!("differing: {}", String::from_utf8_lossy(message))))
    }
}
