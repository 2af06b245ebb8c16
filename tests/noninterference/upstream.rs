//! An API on loopback that says the same to everybody, and to `/never` nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Served until the test's runtime ends.
pub struct Upstream {
    pub address: SocketAddr,
    never: Arc<Notify>,
}

impl Upstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let never = Arc::new(Notify::new());
        let reached = Arc::clone(&never);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&reached)));
            }
        });
        Self { address, never }
    }

    /// Somebody waits for `/never`.
    pub async fn reached(&self) {
        self.never.notified().await;
    }
}

/// Answers one request. None for a client that went away.
async fn serve(mut socket: TcpStream, never: Arc<Notify>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    if head.starts_with(b"GET /never") {
        never.notify_one();
        socket.read_u8().await.ok()?;
    }
    let body = r#"{"things":["one","two"]}"#;
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: visit=1; path=/\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(answer.as_bytes()).await.ok()
}
