//! A node with proxies of its own before Redis, before PostgreSQL, and between it and its clients.

use crate::common::node::{Node as Bare, NodeOptions};
use crate::common::process::Signal;
use crate::common::proxy::Proxy;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

/// How long it may take to get ready, however often it has to be started.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of what a node wrote is shown when something failed.
const TAIL: usize = 30_000;

pub struct Node {
    pub name: String,
    pub to_redis: Proxy,
    pub to_postgres: Proxy,
    /// What clients connect to.
    pub front: Proxy,
    bare: Bare,
    is_running: bool,
}

fn address(url: &str) -> SocketAddr {
    let authority = url.split_once("://").unwrap().1.split('/').next().unwrap();
    authority.rsplit_once('@').map_or(authority, |(_, address)| address).parse().unwrap()
}

impl Node {
    /// Starts a node, and waits until it is ready.
    pub async fn start(name: &str, database_url: &str, redis_url: &str) -> Self {
        let (to_postgres, to_redis) = (Proxy::to(address(database_url)).await, Proxy::to(address(redis_url)).await);
        let options = NodeOptions::default()
            .env("LOGGIA_DATABASE_URL", to_postgres.url(database_url))
            .env("LOGGIA_REDIS_URL", to_redis.url(redis_url))
            .env("LOGGIA_LOG", std::env::var("LOGGIA_FAULT_LOG").unwrap_or_else(|_| "info".into()));
        let bare = options.start().await;
        let front = Proxy::to(address(&bare.url)).await;
        Self { name: name.to_owned(), to_redis, to_postgres, front, bare, is_running: true }
    }

    /// The address that no proxy stands before.
    pub fn url(&self) -> String {
        self.bare.url.clone()
    }

    /// Starts it again on the same port, and waits for nothing.
    pub fn start_again(&mut self) {
        self.bare.relaunch();
        self.is_running = true;
    }

    /// Waits until it says that it is ready. One that has given up, since it did not reach its database, say, is
    /// started again.
    pub async fn ready(&mut self) {
        let begun = Instant::now();
        while !self.bare.ready().await {
            assert!(begun.elapsed() < PATIENCE, "{} is not ready\n{}", self.name, self.tail());
            self.start_again();
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.bare.kill();
        self.is_running = false;
    }

    pub fn pause(&self) {
        if self.is_running {
            self.bare.pause();
        }
    }

    pub fn resume(&self) {
        if self.is_running {
            self.bare.resume();
        }
    }

    /// SIGTERM, to the end of the process.
    pub async fn terminate(&mut self) {
        if self.is_running {
            self.is_running = false;
            let status = self.bare.stop().await;
            // One that was started a moment ago may not have come as far as to hear it.
            let is_too_early = status.signal() == Some(Signal::SIGTERM as i32) && self.bare.log().is_empty();
            assert!(status.success() || is_too_early, "{} ends well, not by {status}\n{}", self.name, self.tail());
        }
    }

    /// The last that it wrote.
    pub fn tail(&self) -> String {
        let text = self.bare.log();
        let from = (text.len().saturating_sub(TAIL)..).find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        format!("---- {} ----\n{}", self.name, &text[from..])
    }
}
