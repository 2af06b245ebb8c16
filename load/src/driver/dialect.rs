//! What tells one server from another, to a driver.

use crate::bare::dial::Door;

/// As many bytes as a loopback segment carries, nearly.
pub(crate) const LARGE: usize = 60_000;

/// What must not have come, in words that begin with its kind: lost, doubled, differing, leaked, refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

/// What a message was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// So many of the published messages.
    Deliveries(u64),
    /// Something else.
    Other,
    /// Something else that asks for an answer: a ready frame.
    Answer(Vec<u8>),
}

/// How to speak to a server. Sessions are numbered: watchers first, then publishers.
pub(crate) trait Dialect {
    /// Where a session goes in.
    fn door(&self, session: usize) -> Door;
    /// The frames it says first.
    fn opening(&self, _session: usize) -> Vec<u8> {
        Vec::new()
    }
    /// Whether publishers are sent what is published, too.
    fn publishers_receive(&self) -> bool;
    /// The frame that publishes one more.
    fn publish(&mut self) -> Vec<u8>;
    /// The frame that publishes one message of [`LARGE`] bytes; none: a backlog does the same.
    fn prime(&mut self) -> Vec<u8> {
        Vec::new()
    }
    /// What a publisher says now and then, to be taken for alive.
    fn sign_of_life(&self) -> Vec<u8> {
        Vec::new()
    }
    /// Reads a message to a session that has had `had` of the `sent` published ones.
    fn read(&mut self, session: usize, had: u64, sent: u64, message: &[u8]) -> Result<Read, Fault>;
    /// The longest message it wants to read; far more than what is published takes.
    fn longest(&self) -> usize {
        16 * 1_024
    }
    /// A message that was longer.
    fn too_long(&mut self, _session: usize, _bytes: usize) -> Result<(), Fault> {
        Ok(())
    }
    /// Whether the server has answered all that were published.
    fn is_answered(&self, _sent: u64) -> bool {
        true
    }
    /// A published message as it is delivered, once one has been.
    fn sample(&self) -> Option<String> {
        None
    }
}
