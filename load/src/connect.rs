//! Opens one WebSocket the way a client of the product does, and as cheaply as a thousand of them on one machine need.

use anyhow::{Context, bail};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::wire::Positions;

/// Connections from one source address to one port: below Linux's 28,232 ephemeral ports (ip_local_port_range).
const SESSIONS_A_SOURCE: usize = 25_000;

/// An open WebSocket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Where the sessions go.
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
    pub(crate) async fn open(&self, index: usize, token: &str, last: Positions) -> anyhow::Result<Socket> {
        let stream = self.dial(index).await.context("connecting")?;
        stream.set_nodelay(true)?;
        let team = last.team.map_or(String::new(), |team| format!("&team={team}"));
        let url = format!(
            "ws://{}/v1/workspaces/{}/live?epoch={}&shared={}{team}",
            self.authority, self.workspace, self.epoch, last.shared
        );
        let mut request = url.into_client_request()?;
        request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, "loggia.v1".parse()?);
        // The read buffer is allocated a session and zeroed before every read: the default of 128 KiB would measure memset.
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(4096);
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(answer)) => {
                let body = String::from_utf8_lossy(answer.body().as_deref().unwrap_or(&[])).into_owned();
                bail!("the server answered {} instead of an upgrade: {body}", answer.status())
            }
            Err(error) => Err(error).context("upgrading"),
        }
    }

    async fn dial(&self, index: usize) -> std::io::Result<TcpStream> {
        let SocketAddr::V4(v4) = self.address else {
            return TcpStream::connect(self.address).await;
        };
        let socket = TcpSocket::new_v4()?;
        let source = index / SESSIONS_A_SOURCE;
        if source > 0 && v4.ip().is_loopback() {
            // All of 127.0.0.0/8 is this machine.
            let source = Ipv4Addr::new(127, 0, 0, 1 + (source % 250) as u8);
            socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
        }
        socket.connect(self.address).await
    }
}
