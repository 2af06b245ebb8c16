//! A node as a process: the real binary, on a port that stays, with proxies of its own before Redis, before
//! PostgreSQL, and between it and its clients.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use super::proxy::Proxy;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long it may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of what a node wrote is shown when something failed.
const TAIL: usize = 30_000;

/// What the nodes of a world share.
#[derive(Clone, Debug)]
pub struct Shared {
    pub postgres: u16,
    pub database: String,
    pub redis: u16,
}

pub struct Node {
    pub name: String,
    port: u16,
    pub to_redis: Proxy,
    pub to_postgres: Proxy,
    /// What clients connect to.
    pub front: Proxy,
    shared: Shared,
    log: PathBuf,
    child: Option<Child>,
}

impl Node {
    /// Starts a node, and waits until it is ready.
    pub async fn start(name: &str, shared: Shared, folder: &std::path::Path) -> Self {
        // Taken by nobody now; to be taken once more by the node.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut node = Self {
            name: name.to_owned(),
            port,
            to_redis: Proxy::before(shared.redis).await,
            to_postgres: Proxy::before(shared.postgres).await,
            front: Proxy::before(port).await,
            shared,
            log: folder.join(format!("{name}.log")),
            child: None,
        };
        node.spawn();
        node.ready().await;
        node
    }

    /// The address that no proxy stands before.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn spawn(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        // It dies with the thread that starts it, which is this process's main thread or a worker of its runtime.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_loggia"), "serve"]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LOGGIA_")) {
            command.env_remove(name);
        }
        let database = format!("postgres://loggia@127.0.0.1:{}/{}", self.to_postgres.port, self.shared.database);
        command
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .env("LOGGIA_DATABASE_URL", database)
            .env("LOGGIA_REDIS_URL", format!("redis://127.0.0.1:{}", self.to_redis.port))
            .env("LOGGIA_LOG", std::env::var("LOGGIA_FAULT_LOG").unwrap_or_else(|_| "info".into()))
            .env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it again on the same port, and waits for nothing.
    pub async fn start_again(&mut self) {
        self.kill().await;
        self.spawn();
    }

    /// Waits until it says that it is ready. One that has given up, since it did not reach its database, say, is
    /// started again.
    pub async fn ready(&mut self) {
        let begun = Instant::now();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
        loop {
            if let Ok(answer) = http.get(format!("{}/readyz", self.url())).send().await
                && answer.status() == 200
            {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{} is not ready\n{}", self.name, self.tail());
            if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
                self.spawn();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill().await;
        }
    }

    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// SIGTERM, to the end of the process.
    pub async fn terminate(&mut self) {
        self.signal("TERM");
        if let Some(mut child) = self.child.take() {
            let ended = timeout(PATIENCE, child.wait()).await;
            let status = ended.unwrap_or_else(|_| panic!("{} does not end\n{}", self.name, self.tail())).unwrap();
            assert_eq!(status.code(), Some(0), "{} ends well\n{}", self.name, self.tail());
        }
    }

    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    fn signal(&self, name: &str) {
        if let Some(id) = self.child.as_ref().and_then(Child::id) {
            let mut kill = std::process::Command::new("kill");
            assert!(kill.args(["-s", name, &id.to_string()]).status().unwrap().success());
        }
    }

    /// The last that it wrote.
    pub fn tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(TAIL);
        format!("---- {} ----\n{}", self.name, String::from_utf8_lossy(&text[from..]))
    }
}
