//! Where sessions go, and from which of this machine's addresses.

use crate::socket::{self, Lost, Socket};
use crate::wire::Positions;
use anyhow::{Context, bail};
use socket2::SockRef;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use uuid::Uuid;

/// Connections from one source address to one port: below Linux's 28,232 ephemeral ports (ip_local_port_range).
const SESSIONS_A_SOURCE: usize = 25_000;
/// Source addresses, 127.0.0.1 and on.
const SOURCES: usize = 250;
/// Sessions of one process: what its own memory and one kernel take with ease.
pub(crate) const MOST_SESSIONS: usize = 100_000;
/// The receive buffer of a session that will not read: small, so that the server soon feels it.
const SMALL_BUFFER: usize = 4_096;
/// How long a refusal may take.
const REFUSAL: Duration = Duration::from_secs(10);

/// One server, and the workspace there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The server's address.
    pub(crate) address: SocketAddr,
    /// `host:port`, for the handshake.
    pub(crate) authority: String,
    /// The workspace.
    pub(crate) workspace: String,
    /// Its epoch.
    pub(crate) epoch: String,
}

impl Target {
    /// Opens the socket of session number `index`, to follow from `last`.
    pub(crate) async fn open(&self, index: usize, token: &str, last: Positions, small: bool) -> anyhow::Result<Socket> {
        let stream = self.dial(index, small).await.context("connecting")?;
        stream.set_nodelay(true)?;
        let team = last.team.map_or(String::new(), |team| format!("&team={team}"));
        let path = format!("/v1/workspaces/{}/live?epoch={}&shared={}{team}", self.workspace, self.epoch, last.shared);
        socket::upgrade(stream, &self.authority, &path, token).await
    }

    /// A handshake that takes no seat: with an epoch that never was, the server upgrades and closes with 4010. What a
    /// connection costs without a room.
    pub(crate) async fn knock(&self, index: usize, token: &str) -> anyhow::Result<()> {
        let nowhere = Self { epoch: Uuid::now_v7().to_string(), ..self.clone() };
        let mut socket = nowhere.open(index, token, Positions::default(), false).await?;
        let refusal = async {
            loop {
                if let Err(lost) = poll_fn(|context| socket.poll_read(context, |_| {})).await {
                    return lost;
                }
            }
        };
        match timeout(REFUSAL, refusal).await.context("no refusal in time")? {
            Lost { code: Some(4_010), .. } => Ok(()),
            other => bail!("an epoch that never was should be closed with 4010: {other}"),
        }
    }

    /// Connects; when the ports of one source address are used up, from the next.
    pub(crate) async fn dial(&self, index: usize, small: bool) -> io::Result<TcpStream> {
        let spreads = self.address.is_ipv4() && self.address.ip().is_loopback();
        let mut source = if spreads { index / SESSIONS_A_SOURCE } else { 0 };
        loop {
            match self.dial_from(source, small).await {
                Err(error) if used_up(&error) && spreads && source < SOURCES => source += 1,
                outcome => return outcome,
            }
        }
    }

    async fn dial_from(&self, source: usize, small: bool) -> io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if small {
            SockRef::from(&socket).set_recv_buffer_size(SMALL_BUFFER)?;
        }
        if source > 0 {
            // All of 127.0.0.0/8 is this machine.
            let address = Ipv4Addr::new(127, 0, 0, 1 + (source % SOURCES) as u8);
            socket.bind(SocketAddr::new(IpAddr::V4(address), 0))?;
        }
        socket.connect(self.address).await
    }
}

fn used_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse)
}
