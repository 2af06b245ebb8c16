//! The live socket: the handshake, and one seat's way from hello to goodbye.

pub mod session;
pub mod upgrade;
mod wire;
