//! A TCP proxy of the test's own, which can be as bad as a network is.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes it takes at a time.
const PIECE: usize = 16 * 1_024;
/// Bytes its sockets hold: with the kernel's usual megabytes a test would have to fill those first.
const BUFFER: u32 = 64 * 1_024;

/// What becomes of the bytes of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flow {
    Pass,
    /// They wait, and come later.
    Hold,
    /// They are taken, and never come.
    Lose,
    /// So many come a second, on each connection.
    Trickle(u64),
    /// What a Redis server says was published becomes something nobody asked for; answers come as they are.
    Deafen,
}

#[derive(Clone, Copy, Debug)]
struct Weather {
    up: Flow,
    down: Flow,
    refuse: bool,
    resets: u64,
}

const FAIR: Weather = Weather { up: Flow::Pass, down: Flow::Pass, refuse: false, resets: 0 };

/// Listens on `address`, and lives as long as this does.
pub struct Proxy {
    pub address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    open: Arc<AtomicUsize>,
    accepted: Arc<watch::Sender<usize>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(target: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(BUFFER).unwrap();
        socket.set_send_buffer_size(BUFFER).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1_024).unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, open) = (Arc::new(watch::Sender::new(FAIR)), Arc::new(AtomicUsize::new(0)));
        let accepted = Arc::new(watch::Sender::new(0));
        let accepting =
            tokio::spawn(accept(listener, target, Arc::clone(&weather), Arc::clone(&open), Arc::clone(&accepted)));
        Self { address, weather, open, accepted, accepting }
    }

    /// A URL's host and port replaced by the proxy's: `redis://127.0.0.1:6379/` goes through it.
    pub fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let user = authority.rsplit_once('@').map(|(user, _)| format!("{user}@")).unwrap_or_default();
        format!("{scheme}://{user}{}{path}", self.address)
    }

    /// Connections of clients that are open, those held by [`Self::stall`] among them.
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Waits until somebody connects anew.
    pub async fn next_connection(&self) {
        self.accepted.subscribe().changed().await.unwrap();
    }

    /// In front of a Redis server: the client's commands are answered, and it never hears a published message.
    pub fn deafen(&self) {
        self.change(|weather| weather.down = Flow::Deafen);
    }

    /// Nothing gets through, either way, and nobody is told; a new connection is accepted and held. After
    /// [`Self::heal`] all that was sent meanwhile comes.
    pub fn stall(&self) {
        self.change(|weather| (weather.up, weather.down) = (Flow::Hold, Flow::Hold));
    }

    /// The server hears the client, the client nothing of the server, and neither is told. A connection that lost bytes
    /// so is reset by [`Self::heal`]: a network has no holes in a stream.
    pub fn half_open(&self) {
        self.change(|weather| (weather.up, weather.down) = (Flow::Pass, Flow::Lose));
    }

    /// The other way round: the client hears the server, the server nothing of the client.
    pub fn half_open_to_client(&self) {
        self.change(|weather| (weather.up, weather.down) = (Flow::Lose, Flow::Pass));
    }

    /// So many bytes a second in each direction of each connection.
    pub fn throttle(&self, bytes_per_second: u64) {
        let flow = Flow::Trickle(bytes_per_second.max(1));
        self.change(|weather| (weather.up, weather.down) = (flow, flow));
    }

    /// Every new connection is closed at once; those that are open stay.
    pub fn refuse(&self) {
        self.change(|weather| weather.refuse = true);
    }

    /// Cuts all connections that are open, with a RST on both sides.
    pub fn reset(&self) {
        self.change(|weather| weather.resets += 1);
    }

    /// Everything is as at first.
    pub fn heal(&self) {
        self.change(|weather| *weather = Weather { resets: weather.resets, ..FAIR });
    }

    fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset();
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    open: Arc<AtomicUsize>,
    accepted: Arc<watch::Sender<usize>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let weather = weather.subscribe();
        if weather.borrow().refuse {
            client.set_zero_linger().unwrap();
            continue;
        }
        open.fetch_add(1, Ordering::SeqCst);
        accepted.send_modify(|count| *count += 1);
        let open = Arc::clone(&open);
        tokio::spawn(async move {
            connection(client, target, weather).await;
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// A connection has to be cut, on both sides.
struct Broken;

async fn connection(mut client: TcpStream, target: SocketAddr, weather: watch::Receiver<Weather>) {
    let resets = weather.borrow().resets;
    let mut sky = weather.clone();
    let mut cut = weather.clone();
    let cut = cut.wait_for(|weather| weather.resets != resets);
    tokio::pin!(cut);
    let connected = tokio::select! {
        connected = connect(target, &mut sky) => connected,
        _ = &mut cut => None,
    };
    let Some(mut server) = connected else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = client.set_nodelay(true);
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let up = Way { flow: |weather| weather.up, back: |weather| weather.down, weather: weather.clone() };
    let down = Way { flow: |weather| weather.down, back: |weather| weather.up, weather: weather.clone() };
    let friendly = tokio::select! {
        ends = async { tokio::try_join!(up.carry(from_client, to_server), down.carry(from_server, to_client)) } => ends.is_ok(),
        _ = &mut cut => false,
    };
    if !friendly {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

async fn connect(target: SocketAddr, weather: &mut watch::Receiver<Weather>) -> Option<TcpStream> {
    weather.wait_for(|weather| weather.up != Flow::Hold).await.ok()?;
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(BUFFER).ok()?;
    socket.set_send_buffer_size(BUFFER).ok()?;
    let server = socket.connect(target).await.ok()?;
    server.set_nodelay(true).ok()?;
    Some(server)
}

/// One direction of a connection.
struct Way {
    flow: fn(&Weather) -> Flow,
    back: fn(&Weather) -> Flow,
    weather: watch::Receiver<Weather>,
}

impl Way {
    /// To the end of the stream, which is passed on like all else.
    async fn carry(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Broken> {
        let flow = self.flow;
        let mut buffer = vec![0; PIECE];
        let mut lost = false;
        let mut healing = self.weather.clone();
        loop {
            let piece = match flow(&self.weather.borrow()) {
                // Some twenty pieces a second.
                Flow::Trickle(rate) => usize::try_from(rate / 20).unwrap().clamp(1, PIECE),
                _ => PIECE,
            };
            let read = tokio::select! {
                read = from.read(&mut buffer[..piece]) => read,
                _ = healing.wait_for(|weather| flow(weather) != Flow::Lose), if lost => return Err(Broken),
            };
            let now = *self.weather.wait_for(|weather| flow(weather) != Flow::Hold).await.map_err(|_| Broken)?;
            // What came at the moment of healing is no better than what comes after it.
            if lost && flow(&now) != Flow::Lose {
                return Err(Broken);
            }
            match (flow(&now), read) {
                (Flow::Lose, Ok(length)) if length > 0 => lost = true,
                // An end, friendly or not, is a packet too.
                (Flow::Lose, _) => {
                    let _ = self.weather.wait_for(|weather| flow(weather) != Flow::Lose).await;
                    return Err(Broken);
                }
                (_, Err(_)) => return Err(Broken),
                (_, Ok(0)) => return to.shutdown().await.map_err(|_| Broken),
                (now, Ok(length)) => {
                    if now == Flow::Deafen {
                        deafen(&mut buffer[..length]);
                    }
                    if to.write_all(&buffer[..length]).await.is_err() {
                        // The news goes back the other way, when anything does.
                        let back = self.back;
                        let passes = |weather: &Weather| !matches!(back(weather), Flow::Lose | Flow::Hold);
                        let _ = self.weather.wait_for(passes).await;
                        return Err(Broken);
                    }
                    if let Flow::Trickle(rate) = now {
                        let pause = Duration::from_secs_f64(length as f64 / rate as f64);
                        let _ = tokio::time::timeout(pause, self.weather.changed()).await;
                    }
                }
            }
        }
    }
}

/// A push of RESP3 keeps its length and loses its meaning.
fn deafen(bytes: &mut [u8]) {
    const HEARD: &[u8] = b"$7\r\nmessage\r\n";
    let begins: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(HEARD)).collect();
    for at in begins {
        bytes[at + HEARD.len() - 9..at + HEARD.len() - 2].copy_from_slice(b"unasked");
    }
}
