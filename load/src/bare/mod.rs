//! A WebSocket client that costs next to nothing: one thread, one read buffer, no task a session. What it is there for
//! is that the servers it measures, not it, are what is slow. `frame` is the format, `dial` opens one connection,
//! `crowd` holds many. It knows no server.

pub(crate) mod crowd;
pub(crate) mod dial;
pub(crate) mod frame;
