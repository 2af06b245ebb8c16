//! A TCP proxy of the tests' own: between a node and Redis, a node and PostgreSQL, a client and a node. It does to
//! connections what networks do.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const LOCAL: [u8; 4] = [127, 0, 0, 1];
/// Bytes that are passed on at a time.
const CHUNK: usize = 16 * 1_024;

/// Where bytes go: to whom the proxy stands before, or back to who came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Open,
    /// Nothing passes and nothing is lost: both ends see a full window.
    Stalled,
    /// What goes this way is lost without a word, ends of connections as well.
    HalfOpen(Toward),
    /// Bytes a second, each way of each connection.
    Throttled(u64),
}

#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    /// How often all connections were reset.
    resets: u64,
}

pub struct Proxy {
    pub port: u16,
    target: u16,
    state: watch::Sender<State>,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Stands before a port of this machine, on a port of its own.
    pub async fn before(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, _) = watch::channel(State { mode: Mode::Open, resets: 0 });
        let mut proxy = Self { port, target, state, accepting: None };
        proxy.accept(listener);
        proxy
    }

    fn accept(&mut self, listener: TcpListener) {
        let (target, state) = (self.target, self.state.subscribe());
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, state.clone()));
            }
        }));
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Nothing passes any more, on any connection; new ones are taken and go nowhere.
    pub fn stall(&self) {
        self.set(Mode::Stalled);
    }

    /// What goes one way is lost without a word.
    pub fn half_open(&self, lost: Toward) {
        self.set(Mode::HalfOpen(lost));
    }

    /// At most so many bytes a second, each way of each connection.
    pub fn throttle(&self, bytes_per_second: u64) {
        self.set(Mode::Throttled(bytes_per_second));
    }

    /// Ends all connections with a RST, both ways. New ones are taken.
    pub fn reset(&self) {
        self.state.send_modify(|state| state.resets += 1);
    }

    /// New connections are refused; those there are stay.
    pub async fn refuse(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// All passes again. Who lost something to a half-open connection finds it reset, since the ends no longer agree.
    pub fn heal(&mut self) {
        self.set(Mode::Open);
        if self.accepting.is_none() {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind((LOCAL, self.port).into()).unwrap();
            self.accept(socket.listen(1_024).unwrap());
        }
    }

    fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.take().inspect(JoinHandle::abort);
        self.reset();
    }
}

/// One connection's life.
async fn carry(mut client: TcpStream, target: u16, state: watch::Receiver<State>) {
    let _ = client.set_nodelay(true);
    let born = state.borrow().resets;
    let lost = Arc::new(AtomicBool::new(false));
    let mut server = None;
    let orderly = {
        let passing = async {
            let server = server.insert(TcpStream::connect(("127.0.0.1", target)).await?);
            let _ = server.set_nodelay(true);
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            tokio::try_join!(
                pass(from_client, to_server, Toward::Server, state.clone(), &lost),
                pass(from_server, to_client, Toward::Client, state.clone(), &lost),
            )
            .map(drop)
        };
        let mut watching = state.clone();
        let is_over = |state: &State| {
            state.resets != born || (!matches!(state.mode, Mode::HalfOpen(_)) && lost.load(Ordering::Relaxed))
        };
        tokio::select! {
            passed = passing => passed.is_ok(),
            _ = watching.wait_for(is_over) => false,
        }
    };
    if !orderly {
        // Closed with nothing left to wait for, a connection ends with a RST (SO_LINGER 0).
        let _ = client.set_zero_linger();
        server.iter().for_each(|server| _ = server.set_zero_linger());
    }
}

async fn pass(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    toward: Toward,
    mut state: watch::Receiver<State>,
    lost: &AtomicBool,
) -> std::io::Result<()> {
    let mut bytes = vec![0; CHUNK];
    loop {
        let mode = moving(&mut state).await;
        let most = match mode {
            Mode::Throttled(rate) => usize::try_from(rate / 20).unwrap_or(CHUNK).clamp(1, CHUNK),
            _ => CHUNK,
        };
        let count = tokio::select! {
            count = from.read(&mut bytes[..most]) => count?,
            changed = state.changed() => {
                changed.map_err(std::io::Error::other)?;
                continue;
            }
        };
        // It may have changed while nothing was there to read.
        let mode = moving(&mut state).await;
        if mode == Mode::HalfOpen(toward) {
            lost.store(true, Ordering::Relaxed);
            if count == 0 {
                // This end is over and the other will not learn of it.
                return std::future::pending().await;
            }
            continue;
        }
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
        if let Mode::Throttled(rate) = mode {
            tokio::time::sleep(Duration::from_secs_f64(count as f64 / rate as f64)).await;
        }
    }
}

/// The mode, once it is one in which something moves.
async fn moving(state: &mut watch::Receiver<State>) -> Mode {
    match state.wait_for(|state| state.mode != Mode::Stalled).await {
        Ok(state) => state.mode,
        Err(_) => Mode::Open,
    }
}
