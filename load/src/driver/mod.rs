//! The driver: a process of its own that holds one server's sessions, has messages published on command, and checks
//! what everyone is sent. Of its own, because one process may not have enough open files for the sessions of two servers.
//!
//! `subject` is its other end, `plan` what the two say to each other. In here, `audience` publishes, waits and keeps count,
//! and a `dialect` knows what a server says: `loggia`, `floor`, or a `peer`.

mod audience;
mod dialect;
mod floor;
mod loggia;
mod peer;
pub(crate) mod plan;
pub(crate) mod subject;

use anyhow::Context;
use audience::Audience;
use clap::Args;
use dialect::Dialect;
use plan::{Command, Plan, Reply, Server};
use std::io::{BufRead, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How often sockets are looked after while there is nothing to do.
const IDLE_TURN: Duration = Duration::from_millis(200);

/// Nothing: the plan comes through standard input.
#[derive(Args, Debug)]
pub(crate) struct Options {}

/// Obeys until standard input ends.
pub(crate) async fn run(_: &Options) -> anyhow::Result<bool> {
    // Blocks its thread, which has nothing else to do.
    let lines = lines();
    let plan = lines.recv().context("no plan came")?;
    let Plan { address, watchers, publishers, server } = serde_json::from_str(&plan).context("the plan")?;
    rlimit::increase_nofile_limit((watchers + publishers) as u64 + 64).context("raising the limit of open files")?;
    match server {
        Server::Floor { payload } => {
            obey(Audience::new(address, watchers, publishers, floor::Copies::new(payload, watchers))?, &lines)
        }
        Server::Loggia(workspace) => {
            obey(Audience::new(address, watchers, publishers, loggia::Loggia::new(workspace, watchers))?, &lines)
        }
        Server::Peer { protocol, payload } => {
            obey(Audience::new(address, watchers, publishers, peer::Peer::new(protocol, payload, watchers))?, &lines)
        }
    }
}

/// Lines of standard input, from a thread of their own: sockets are looked after meanwhile.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn obey(mut audience: Audience<impl Dialect>, lines: &mpsc::Receiver<String>) -> anyhow::Result<bool> {
    loop {
        let line = match lines.recv_timeout(IDLE_TURN) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
            Err(RecvTimeoutError::Timeout) => {
                audience.look_after()?;
                continue;
            }
        };
        let command = serde_json::from_str(&line).context("a command")?;
        let done = match command {
            Command::OpenWatchers(until) => audience.open_watchers(until),
            Command::OpenPublishers => audience.open_publishers(),
            Command::Prime => audience.prime(),
            Command::Publish { messages, times } => (0..times).try_for_each(|_| audience.publish(messages)),
            Command::Settle => audience.settle(),
        };
        let reply = Reply { failure: done.err().map(|error| format!("{error:#}")), ..audience.tell() };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&reply)?)?;
        out.flush()?;
    }
}
