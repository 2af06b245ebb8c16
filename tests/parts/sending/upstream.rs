//! Servers on loopback that say exactly what a test wants, byte for byte, and a sender that may reach them.

use async_trait::async_trait;
use loggia::call::guard::Guard;
use loggia::call::guard::connect::{Resolve, Tcp};
use loggia::call::send::cookies::Jar;
use loggia::call::send::error::SendError;
use loggia::call::send::{Bounds, Sender};
use loggia::call::{Behavior, Outcome, Outgoing};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Every name is loopback.
pub struct Loopback;

#[async_trait]
impl Resolve for Loopback {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

pub fn sender_with(bounds: Bounds, roots: rustls::RootCertStore) -> Sender {
    let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()], Arc::new(Loopback), Arc::new(Tcp));
    Sender::new(guard, roots, bounds).unwrap()
}

pub fn sender() -> Sender {
    sender_with(Bounds { total: PATIENCE, ..Bounds::default() }, rustls::RootCertStore::empty())
}

/// Whose time is up soon.
pub fn impatient() -> Sender {
    let bounds = Bounds { total: Duration::from_millis(1_500), ..Bounds::default() };
    sender_with(bounds, rustls::RootCertStore::empty())
}

/// Runs a handler for each connection; the port.
pub async fn upstream<F, W>(handler: F) -> u16
where
    F: Fn(TcpStream) -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(handler(stream));
        }
    });
    port
}

/// Answers every request with the same bytes, and closes.
pub async fn says(answer: impl AsRef<[u8]> + Send + Sync + 'static) -> u16 {
    answers(move |_| answer.as_ref().to_vec()).await
}

/// Answers by the request: its head and its body, as they came.
pub async fn answers(answer: impl Fn(&Came) -> Vec<u8> + Send + Sync + 'static) -> u16 {
    let answer = Arc::new(answer);
    upstream(move |mut stream| {
        let answer = Arc::clone(&answer);
        async move {
            let came = request(&mut stream).await;
            let _ = stream.write_all(&answer(&came)).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// Its lines without their ends.
    pub lines: Vec<String>,
    pub body: Vec<u8>,
}

impl Came {
    pub fn value(&self, name: &str) -> Option<&str> {
        let pairs = self.lines[1..].iter().filter_map(|line| line.split_once(": "));
        pairs.filter(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn target(&self) -> &str {
        self.lines[0].split(' ').nth(1).unwrap()
    }
}

pub async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Came {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "a request");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut came = Came { lines: head.split("\r\n").map(str::to_owned).collect(), body: bytes[end + 4..].to_vec() };
    let length = came.value("content-length").map_or(0, |length| length.parse().unwrap());
    while came.body.len() < length {
        assert_ne!(stream.read_buf(&mut came.body).await.unwrap(), 0, "a body");
    }
    came
}

pub fn get(url: impl Into<String>) -> Outgoing {
    let behavior = Behavior::default();
    Outgoing { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None, auth: None, behavior }
}

pub fn post(url: impl Into<String>, body: impl Into<bytes::Bytes>) -> Outgoing {
    Outgoing { method: "POST".into(), body: Some(body.into()), ..get(url) }
}

pub async fn send(sender: &Sender, outgoing: Outgoing) -> Result<Outcome, SendError> {
    send_with(sender, outgoing, &mut Jar::default()).await
}

pub async fn send_with(sender: &Sender, outgoing: Outgoing, jar: &mut Jar) -> Result<Outcome, SendError> {
    timeout(PATIENCE, sender.send(outgoing, jar)).await.expect("a send ends")
}

pub fn text(outcome: &Outcome) -> &str {
    outcome.body.text.as_deref().unwrap_or_else(|| panic!("text: {outcome:?}"))
}

/// A head and a body of a known length.
pub fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend(body);
    answer
}
