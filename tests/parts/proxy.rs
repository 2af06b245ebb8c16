//! The tests' proxy is as bad as it says, and as good.

use crate::common::PATIENCE;
use crate::common::proxy::Proxy;
use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Long enough for what comes to come: a test of what must not come waits so long.
const A_WHILE: Duration = Duration::from_millis(150);

/// A client, the proxy, and the server's side of the connection.
struct Line {
    proxy: Proxy,
    client: TcpStream,
    server: TcpStream,
    accepted: mpsc::UnboundedReceiver<TcpStream>,
}

impl Line {
    async fn new() -> Self {
        let (address, mut accepted) = server().await;
        let proxy = Proxy::to(address).await;
        let client = TcpStream::connect(proxy.address).await.unwrap();
        let server = soon(accepted.recv()).await.unwrap();
        let mut line = Self { proxy, client, server, accepted };
        line.works().await;
        line
    }

    /// Both ways.
    async fn works(&mut self) {
        passes(&mut self.client, &mut self.server, b"ping").await;
        passes(&mut self.server, &mut self.client, b"pong").await;
    }
}

async fn server() -> (SocketAddr, mpsc::UnboundedReceiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (send, accepted) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if send.send(socket).is_err() {
                return;
            }
        }
    });
    (address, accepted)
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("in time")
}

async fn passes(from: &mut TcpStream, to: &mut TcpStream, text: &[u8]) {
    from.write_all(text).await.unwrap();
    hears(to, text).await;
}

async fn hears(socket: &mut TcpStream, text: &[u8]) {
    let mut heard = vec![0; text.len()];
    soon(socket.read_exact(&mut heard)).await.unwrap();
    assert_eq!(heard, text);
}

/// No byte, no end, no error.
async fn hears_nothing(socket: &mut TcpStream) {
    let read = timeout(A_WHILE, socket.read(&mut [0; 64])).await;
    assert!(read.is_err(), "{read:?}");
}

#[track_caller]
fn was_reset(read: std::io::Result<usize>) {
    assert_eq!(read.expect_err("an error, and no end").kind(), ErrorKind::ConnectionReset);
}

async fn is_reset(socket: &mut TcpStream) {
    was_reset(soon(socket.read(&mut [0; 64])).await);
}

#[tokio::test]
async fn everything_passes_in_order_with_the_end_of_each_direction() {
    let mut line = Line::new().await;
    let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (mut to, mut from) = line.client.into_split();
    let all = sent.clone();
    let sending = tokio::spawn(async move {
        from.write_all(&all).await.unwrap();
        from.shutdown().await.unwrap();
    });
    let mut heard = Vec::new();
    soon(line.server.read_to_end(&mut heard)).await.unwrap();
    assert!(heard == sent, "{} bytes", heard.len());
    sending.await.unwrap();
    // The other direction goes on, to its own end.
    line.server.write_all(b"late").await.unwrap();
    drop(line.server);
    let mut late = Vec::new();
    soon(to.read_to_end(&mut late)).await.unwrap();
    assert_eq!(late, b"late");
}

#[tokio::test]
async fn a_stall_holds_everything_and_healing_brings_it() {
    let mut line = Line::new().await;
    line.proxy.stall();
    line.client.write_all(b"up").await.unwrap();
    line.server.write_all(b"down").await.unwrap();
    hears_nothing(&mut line.server).await;
    hears_nothing(&mut line.client).await;
    // Who comes meanwhile is let in, and then waits.
    let mut late = TcpStream::connect(line.proxy.address).await.unwrap();
    late.write_all(b"late").await.unwrap();
    hears_nothing(&mut late).await;
    assert!(line.accepted.try_recv().is_err(), "the server hears of nobody new");
    line.proxy.heal();
    hears(&mut line.server, b"up").await;
    hears(&mut line.client, b"down").await;
    let mut late_server = soon(line.accepted.recv()).await.unwrap();
    hears(&mut late_server, b"late").await;
    line.works().await;
    passes(&mut late_server, &mut late, b"welcome").await;
    assert_eq!(line.proxy.connections(), 2);
}

#[tokio::test]
async fn a_stall_hides_an_end_until_it_heals() {
    let mut line = Line::new().await;
    line.proxy.stall();
    drop(line.server);
    hears_nothing(&mut line.client).await;
    line.proxy.heal();
    assert_eq!(soon(line.client.read(&mut [0; 64])).await.unwrap(), 0);
}

#[tokio::test]
async fn half_open_the_server_hears_and_the_client_hears_nothing() {
    let mut line = Line::new().await;
    line.proxy.half_open();
    passes(&mut line.client, &mut line.server, b"up").await;
    // It is lost and waits nowhere: more of it than all sockets on the way hold.
    soon(line.server.write_all(&vec![0; 16 * 1_024 * 1_024])).await.unwrap();
    hears_nothing(&mut line.client).await;
    passes(&mut line.client, &mut line.server, b"still up").await;
    // Not even that the server is gone, however hard.
    line.server.set_zero_linger().unwrap();
    drop(line.server);
    hears_nothing(&mut line.client).await;
    line.client.write_all(b"to nobody").await.unwrap();
    hears_nothing(&mut line.client).await;
    line.proxy.heal();
    is_reset(&mut line.client).await;
}

#[tokio::test]
async fn half_open_the_other_way_the_client_hears_and_the_server_hears_nothing() {
    let mut line = Line::new().await;
    line.proxy.half_open_to_client();
    passes(&mut line.server, &mut line.client, b"down").await;
    line.client.write_all(b"lost").await.unwrap();
    hears_nothing(&mut line.server).await;
    passes(&mut line.server, &mut line.client, b"still down").await;
    // A stream with a hole is of no use to anybody.
    line.proxy.heal();
    is_reset(&mut line.client).await;
    is_reset(&mut line.server).await;
}

#[tokio::test]
async fn a_stream_has_no_hole_whatever_comes_at_the_moment_of_healing() {
    for _ in 0..20 {
        let Line { proxy, mut client, mut server, .. } = Line::new().await;
        proxy.half_open();
        // More than all sockets on the way hold is lost before it heals, and there is always more to come.
        let (lost, is_lost) = tokio::sync::oneshot::channel();
        let flood = tokio::spawn(async move {
            server.write_all(&vec![0; 4 * 1_024 * 1_024]).await.unwrap();
            lost.send(()).unwrap();
            while server.write_all(&[0; 1_024]).await.is_ok() {}
        });
        soon(is_lost).await.unwrap();
        proxy.heal();
        is_reset(&mut client).await;
        soon(flood).await.unwrap();
    }
}

#[tokio::test]
async fn half_open_without_a_loss_heals() {
    let mut line = Line::new().await;
    line.proxy.half_open();
    passes(&mut line.client, &mut line.server, b"up").await;
    line.proxy.heal();
    line.works().await;
}

#[tokio::test]
async fn a_reset_cuts_who_is_there_and_nobody_else() {
    let mut line = Line::new().await;
    line.proxy.reset();
    is_reset(&mut line.client).await;
    is_reset(&mut line.server).await;
    let mut next = TcpStream::connect(line.proxy.address).await.unwrap();
    let mut next_server = soon(line.accepted.recv()).await.unwrap();
    passes(&mut next, &mut next_server, b"again").await;
    passes(&mut next_server, &mut next, b"and back").await;
    assert_eq!(line.proxy.connections(), 1);
}

#[tokio::test]
async fn a_reset_cuts_who_is_held_too() {
    let mut line = Line::new().await;
    line.proxy.stall();
    let mut held = TcpStream::connect(line.proxy.address).await.unwrap();
    hears_nothing(&mut held).await;
    line.proxy.reset();
    is_reset(&mut held).await;
    is_reset(&mut line.client).await;
}

#[tokio::test]
async fn who_comes_is_refused_and_who_is_there_stays() {
    let mut line = Line::new().await;
    line.proxy.refuse();
    if let Ok(mut refused) = TcpStream::connect(line.proxy.address).await {
        was_reset(soon(refused.read(&mut [0; 64])).await);
    }
    line.works().await;
    assert!(line.accepted.try_recv().is_err(), "the server hears of nobody new");
    line.proxy.heal();
    let mut next = TcpStream::connect(line.proxy.address).await.unwrap();
    let mut next_server = soon(line.accepted.recv()).await.unwrap();
    passes(&mut next, &mut next_server, b"again").await;
}

#[tokio::test]
async fn a_server_that_is_not_there_resets_the_client() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::to(nobody).await;
    let mut client = TcpStream::connect(proxy.address).await.unwrap();
    is_reset(&mut client).await;
}

#[tokio::test]
async fn a_throttle_lets_so_many_bytes_through_and_loses_none() {
    let mut line = Line::new().await;
    line.proxy.throttle(100_000);
    let sent: Vec<u8> = (0..50_000_u32).map(|n| (n % 251) as u8).collect();
    let begun = Instant::now();
    line.client.write_all(&sent).await.unwrap();
    hears(&mut line.server, &sent).await;
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(400), "half a second's bytes came in {took:?}");
    line.proxy.heal();
    line.works().await;
}

#[tokio::test]
async fn a_throttle_is_felt_at_the_other_end() {
    let mut line = Line::new().await;
    line.proxy.throttle(1_000);
    // What sockets in between take at once is far from this.
    let pushed = timeout(A_WHILE, line.client.write_all(&vec![0; 8 * 1_024 * 1_024])).await;
    assert!(pushed.is_err(), "who writes has to wait");
    assert!(line.server.try_read(&mut [0; 64]).is_ok());
}

#[tokio::test]
async fn without_the_proxy_nobody_is_connected() {
    let line = Line::new().await;
    let (address, mut client, mut server) = (line.proxy.address, line.client, line.server);
    drop(line.proxy);
    is_reset(&mut client).await;
    is_reset(&mut server).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_url_goes_through_it() {
    let (target, _accepted) = server().await;
    let proxy = Proxy::to(target).await;
    let through = proxy.address;
    assert_eq!(proxy.url("redis://127.0.0.1:6379/"), format!("redis://{through}/"));
    assert_eq!(proxy.url("postgres://me:x@[::1]:1/db?a=b"), format!("postgres://me:x@{through}/db?a=b"));
    assert_eq!(proxy.url("http://localhost"), format!("http://{through}"));
}
