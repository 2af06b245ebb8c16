//! The tests' own proxy does what it says: else a suite that relies on it proves nothing.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "common/proxy.rs"]
mod proxy;

use proxy::{Proxy, Toward};
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough for bytes to come that must not.
const SOON: Duration = Duration::from_millis(200);

/// A proxy before a listener, whose connections are given out.
async fn before_listener() -> (Proxy, mpsc::UnboundedReceiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap().port()).await;
    let (accepted, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if accepted.send(stream).is_err() {
                return;
            }
        }
    });
    (proxy, connections)
}

/// Both ends of a connection through a proxy.
async fn connection(proxy: &Proxy, connections: &mut mpsc::UnboundedReceiver<TcpStream>) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
    (client, timeout(PATIENCE, connections.recv()).await.unwrap().unwrap())
}

async fn passes(from: &mut TcpStream, to: &mut TcpStream) {
    from.write_all(b"word").await.unwrap();
    let mut word = [0; 4];
    timeout(PATIENCE, to.read_exact(&mut word)).await.expect("it passes").unwrap();
    assert_eq!(&word, b"word");
}

async fn is_silent(stream: &mut TcpStream) {
    let mut byte = [0];
    assert!(timeout(SOON, stream.read(&mut byte)).await.is_err(), "nothing comes, not even an end");
}

async fn is_reset(stream: &mut TcpStream) {
    let mut byte = [0];
    let read = timeout(PATIENCE, stream.read(&mut byte)).await.expect("it ends");
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn bytes_and_ends_pass_both_ways() {
    let (proxy, mut connections) = before_listener().await;
    let (mut client, mut server) = connection(&proxy, &mut connections).await;
    passes(&mut client, &mut server).await;
    passes(&mut server, &mut client).await;
    client.shutdown().await.unwrap();
    assert_eq!(timeout(PATIENCE, server.read(&mut [0])).await.unwrap().unwrap(), 0);
    // The other way goes on.
    passes(&mut server, &mut client).await;
    drop(server);
    assert_eq!(timeout(PATIENCE, client.read(&mut [0])).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn stalled_nothing_passes_and_healed_nothing_is_lost() {
    let (mut proxy, mut connections) = before_listener().await;
    let (mut client, mut server) = connection(&proxy, &mut connections).await;
    proxy.stall();
    client.write_all(b"held").await.unwrap();
    server.write_all(b"held").await.unwrap();
    is_silent(&mut server).await;
    is_silent(&mut client).await;
    let mut late = TcpStream::connect(("127.0.0.1", proxy.port)).await.expect("it is still taken");
    late.write_all(b"word").await.unwrap();
    let mut late_server = timeout(PATIENCE, connections.recv()).await.unwrap().unwrap();
    is_silent(&mut late_server).await;
    proxy.heal();
    for stream in [&mut server, &mut client] {
        let mut word = [0; 4];
        timeout(PATIENCE, stream.read_exact(&mut word)).await.unwrap().unwrap();
        assert_eq!(&word, b"held");
    }
}

#[tokio::test]
async fn half_open_one_way_is_lost_and_healed_the_connection_is_reset() {
    for lost in [Toward::Server, Toward::Client] {
        let (mut proxy, mut connections) = before_listener().await;
        let (mut client, mut server) = connection(&proxy, &mut connections).await;
        let (mut unused, mut unused_server) = connection(&proxy, &mut connections).await;
        proxy.half_open(lost);
        let (sends, hears) = match lost {
            Toward::Server => (&mut client, &mut server),
            Toward::Client => (&mut server, &mut client),
        };
        sends.write_all(b"lost").await.unwrap();
        is_silent(hears).await;
        passes(hears, sends).await;
        proxy.heal();
        is_reset(sends).await;
        is_reset(hears).await;
        passes(&mut unused, &mut unused_server).await;
    }
}

#[tokio::test]
async fn half_open_an_end_is_not_learned_of() {
    let (mut proxy, mut connections) = before_listener().await;
    let (client, mut server) = connection(&proxy, &mut connections).await;
    proxy.half_open(Toward::Server);
    drop(client);
    is_silent(&mut server).await;
    proxy.heal();
    is_reset(&mut server).await;
}

#[tokio::test]
async fn reset_both_ends_learn_of_it_and_new_connections_pass() {
    let (proxy, mut connections) = before_listener().await;
    let (mut client, mut server) = connection(&proxy, &mut connections).await;
    passes(&mut client, &mut server).await;
    proxy.reset();
    is_reset(&mut client).await;
    is_reset(&mut server).await;
    let (mut client, mut server) = connection(&proxy, &mut connections).await;
    passes(&mut client, &mut server).await;
}

#[tokio::test]
async fn refused_new_connections_are_and_old_ones_pass() {
    let (mut proxy, mut connections) = before_listener().await;
    let (mut client, mut server) = connection(&proxy, &mut connections).await;
    proxy.refuse().await;
    let refused = TcpStream::connect(("127.0.0.1", proxy.port)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    passes(&mut client, &mut server).await;
    proxy.heal();
    let (mut client, mut server) = connection(&proxy, &mut connections).await;
    passes(&mut client, &mut server).await;
}

#[tokio::test]
async fn throttled_it_takes_its_time() {
    let (mut proxy, mut connections) = before_listener().await;
    let (mut client, mut server) = connection(&proxy, &mut connections).await;
    proxy.throttle(10_000);
    let begun = Instant::now();
    let mut bytes = vec![7; 5_000];
    client.write_all(&bytes).await.unwrap();
    timeout(PATIENCE, server.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
    proxy.heal();
    let begun = Instant::now();
    client.write_all(&bytes).await.unwrap();
    timeout(PATIENCE, server.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_millis(400), "{:?}", begun.elapsed());
}
