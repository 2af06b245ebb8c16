//! A node: the real binary as a process of its own, on a free port.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

use super::process::{Process, Signal, free_port};
use super::{PATIENCE, Person};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::time::{Duration, Instant};
use tokio::process::Command;

/// What a node is started with.
#[derive(Clone, Debug, Default)]
pub struct NodeOptions {
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl NodeOptions {
    /// Sets a variable: `LOGGIA_DATABASE_URL`.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts a node, and waits until it is ready.
    pub async fn start(&self) -> Node {
        for _ in 0..10 {
            let mut node = self.launch();
            if node.ready().await {
                return node;
            }
            // Someone else's port by now: any other end is a failure.
            assert!(node.log().contains("Address already in use"), "the node ends: {}", node.process.tail());
        }
        panic!("no free port in ten tries");
    }

    /// Starts a node, and waits for nothing.
    pub fn launch(&self) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let process = self.process(port, folder.path());
        Node { url: format!("http://127.0.0.1:{port}"), port, options: self.clone(), process, folder }
    }

    /// Runs another command of the binary with the same settings, such as `admin create-team …`.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loggia"));
        command.args(arguments).kill_on_drop(true);
        for name in foreign() {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        tokio::time::timeout(PATIENCE, command.output()).await.expect("the command ends in time").unwrap()
    }

    /// Makes a team (`host.com`); the token of its admin (`ada@host.com`).
    pub async fn team(&self) -> String {
        let team = ["admin", "create-team", "--name", "Host", "--domain", "host.com", "--admin", "ada@host.com"];
        let made = self.run(&team).await;
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    fn process(&self, port: u16, folder: &Path) -> Process {
        Process::start(env!("CARGO_BIN_EXE_loggia"), folder, |command| {
            for name in foreign() {
                command.env_remove(name);
            }
            // An own folder unless the test names one; no colours in the log, for it is searched.
            command.env("LOGGIA_DATA", folder.join("data")).env("LOGGIA_LISTEN", format!("127.0.0.1:{port}"));
            command.env("NO_COLOR", "1").arg("serve").args(&self.arguments);
            command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        })
    }
}

/// Settings that who runs the tests may have for something else.
fn foreign() -> impl Iterator<Item = String> {
    std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("LOGGIA_"))
}

pub struct Node {
    pub url: String,
    pub port: u16,
    options: NodeOptions,
    process: Process,
    folder: tempfile::TempDir,
}

impl Node {
    /// Waits until it says that it is ready; false when it ends instead.
    pub async fn ready(&mut self) -> bool {
        let begun = Instant::now();
        loop {
            if self.process.ended().is_some() {
                return false;
            }
            if self.is_ready().await && self.listens() {
                return true;
            }
            assert!(begun.elapsed() < PATIENCE, "the node is not ready: {}", self.process.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether `/readyz` says 200 now.
    pub async fn is_ready(&self) -> bool {
        self.status("/readyz").await == Some(200)
    }

    /// The status of a GET; None without an answer.
    pub async fn status(&self, path: &str) -> Option<u16> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
        Some(client.get(format!("{}{path}", self.url)).send().await.ok()?.status().as_u16())
    }

    /// The node itself has the port, not one that was faster.
    fn listens(&self) -> bool {
        self.log().contains(&format!("address=127.0.0.1:{}", self.port))
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// SIGKILL; returns when it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGSTOP: to others it is as if the machine hung.
    pub fn pause(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    pub fn resume(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// SIGTERM, without waiting.
    pub fn terminate(&self) {
        self.process.signal(Signal::SIGTERM);
    }

    /// Waits for its end.
    pub async fn end(&mut self) -> ExitStatus {
        self.process.end(PATIENCE).await
    }

    /// SIGTERM, and waits for its end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.end().await
    }

    /// Starts it with the same settings on the same port, and waits until it is ready; kills it first if it is there.
    pub async fn restart(&mut self) {
        self.relaunch();
        assert!(self.ready().await, "the node does not start again: {}", self.process.tail());
    }

    /// The same without waiting.
    pub fn relaunch(&mut self) {
        self.process.kill();
        // What it said until now is not what the new one says.
        fs::write(self.folder.path().join("log"), "").unwrap();
        self.process = self.options.process(self.port, self.folder.path());
    }

    /// All that it said on standard error since its start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// All that it ever said on standard output: the set-up link.
    pub fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("out")).unwrap_or_default()
    }

    /// Its own folder of data, unless `LOGGIA_DATA` was set.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Somebody with a token, who talks to this node.
    pub async fn person(&self, token: &str) -> Person {
        let http = reqwest::Client::new();
        let mut person =
            Person { url: self.url.clone(), id: String::new(), email: String::new(), token: token.to_owned(), http };
        let me = person.get("/v1/me").await;
        let me = me.expect(200);
        let text = |field: &str| me[field].as_str().unwrap().to_owned();
        (person.id, person.email) = (text("id"), text("email"));
        person
    }
}
