//! Opens one WebSocket: a TCP connection and its handshake, the plain way, one after the other. A thousand take a fraction
//! of a second on loopback.

use anyhow::{Context, bail, ensure};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Connections from one source address to one port: below Linux's 28,232 ephemeral ports (ip_local_port_range).
const A_SOURCE: usize = 25_000;
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of an answer's head.
const LONGEST_HEAD: usize = 16 * 1_024;
/// The key and its answer that RFC 6455 has for an example (section 1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What to ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door {
    /// The path, with its query.
    pub(crate) path: String,
    /// More header lines, each with its line end.
    pub(crate) headers: String,
}

/// Opens connection number `index`. Answers the socket, still blocking, and what the server has sent behind its answer.
pub(crate) fn dial(address: SocketAddr, index: usize, door: &Door) -> anyhow::Result<(TcpStream, Vec<u8>)> {
    let mut stream = connect(address, index).with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let Door { path, headers } = door;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).context("sending the handshake")?;
    let rest = answer(&mut stream).context("the handshake")?;
    Ok((stream, rest))
}

fn connect(address: SocketAddr, index: usize) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    let source = index / A_SOURCE;
    if source > 0 && matches!(address, SocketAddr::V4(v4) if v4.ip().is_loopback()) {
        // All of 127.0.0.0/8 is this machine.
        let source = Ipv4Addr::new(127, 0, 0, 1 + (source % 250) as u8);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
    }
    socket.connect_timeout(&address.into(), PATIENCE)?;
    Ok(socket.into())
}

fn answer(stream: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            let rest = bytes.split_off(head + 4);
            let text = String::from_utf8_lossy(&bytes);
            let upgraded = text.starts_with("HTTP/1.1 101 ") && text.contains(ACCEPT);
            ensure!(upgraded, "not an upgrade: {text}{:.500}", String::from_utf8_lossy(&rest));
            return Ok(rest);
        }
        let mut piece = [0; 2_048];
        match stream.read(&mut piece) {
            Ok(0) => bail!("the server hung up: {}", String::from_utf8_lossy(&bytes)),
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        ensure!(bytes.len() <= LONGEST_HEAD, "an answer without an end");
    }
}
