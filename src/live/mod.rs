//! The live socket: the handshake, one session's words, and the pumps that read and write all sockets.

pub mod pump;
pub mod session;
pub mod upgrade;
mod wire;
