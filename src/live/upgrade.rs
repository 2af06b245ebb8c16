//! The handshake of the live socket: who, from where, with which positions; then the bare socket for the session.

use super::session::{CLOSING, End, close_frame};
use crate::hub::{Hub, Join, Joined, Resume};
use crate::id::{Epoch, Position, WorkspaceId};
use crate::identity::SignedIn;
use crate::protocol::{Close, SUBPROTOCOL};
use crate::workspace::problem::{Code, Problem};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use serde::Deserialize;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use utoipa::IntoParams;

/// What a client has. What is left out means "from now on".
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Positions {
    /// The epoch the positions count in; needed with any of them.
    pub epoch: Option<Epoch>,
    /// Of the stream for everyone.
    pub shared: Option<Position>,
    /// Of the team's stream.
    pub team: Option<Position>,
}

/// Takes a seat and answers the handshake; the session runs once the connection is a socket.
///
/// # Errors
/// `malformed` for what is no WebSocket handshake, `not_found` for who is no member.
pub async fn open(
    hub: Arc<Hub>,
    caller: SignedIn,
    workspace: WorkspaceId,
    positions: Positions,
    mut request: Request,
) -> Result<Response, Problem> {
    let key = handshake_key(request.headers())?;
    if positions.epoch.is_none() && (positions.shared.is_some() || positions.team.is_some()) {
        return Err(Problem::new(Code::Malformed, "Positions need their epoch.").at("epoch"));
    }
    let resume =
        positions.epoch.map(|epoch| Resume { epoch: Some(epoch), shared: positions.shared, team: positions.team });
    let join = Join { user: caller.user.id, credential: caller.credential, resume };
    let joined = hub.join(workspace, join).await?;
    let upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| Problem::new(Code::Malformed, "This connection can't become a socket."))?;
    hub.spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = downcast::<TokioIo<TcpStream>>(upgraded) else {
            tracing::error!("a socket is no TCP stream");
            return;
        };
        let socket = parts.io.into_inner();
        let _ = socket.set_nodelay(true);
        match joined {
            Joined::Seated(claim) => match socket.into_std() {
                Ok(socket) => claim.bring(socket, parts.read_buf),
                Err(error) => tracing::error!(%error, "a socket could not be handed over"),
            },
            Joined::UnknownPositions => refuse(socket, Close::UnknownPositions).await,
        }
    });
    Ok(switching(&key, request.headers()))
}

/// Closes a socket that gets no seat, and lets its peer hear why: bytes that a peer has not read are lost when a socket
/// with unread input is closed.
async fn refuse(mut socket: TcpStream, why: Close) {
    let End::Close(code, reason, _) = why.into() else { return };
    let _ = timeout(CLOSING, async {
        socket.write_all(&close_frame(code, reason)).await?;
        socket.shutdown().await?;
        while socket.read(&mut [0; 1_024]).await? > 0 {}
        std::io::Result::Ok(())
    })
    .await;
}

fn handshake_key(headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let has = |name: header::HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    let bad = |what: &str| Problem::new(Code::Malformed, format!("This is no WebSocket handshake (RFC 6455): {what}."));
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err(bad("Connection and Upgrade are missing"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(bad("Sec-WebSocket-Version is not 13"));
    }
    headers.get(header::SEC_WEBSOCKET_KEY).cloned().ok_or_else(|| bad("Sec-WebSocket-Key is missing"))
}

fn switching(key: &HeaderValue, headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    let asked = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A client that asks for no subprotocol gets none; one that asks gets ours, if it knows it.
    if asked.split(',').any(|one| one.trim() == SUBPROTOCOL) {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}
