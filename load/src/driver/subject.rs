//! A server with the driver that publishes to it: what one delivery costs it.

use super::plan::{Command, Plan, Reply};
use crate::child::Child;
use crate::process;
use anyhow::Context;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

/// The server lost, doubled, leaked or refused something: a verdict, not a failure to reach one.
#[derive(Debug)]
pub(crate) struct Guilty(String);

impl fmt::Display for Guilty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Guilty {}

/// A server's process and its driver.
pub(crate) struct Subject {
    name: &'static str,
    server: u32,
    commands: ChildStdin,
    replies: BufReader<ChildStdout>,
    last: Reply,
    // Ends after its pipes are closed.
    _driver: Child,
}

/// What publishing cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Published messages that arrived, all sessions together.
    pub(crate) deliveries: u64,
    /// Other messages that came meanwhile, acks among them.
    pub(crate) others: u64,
    /// CPU of the server.
    pub(crate) cpu: Duration,
    /// How much of its time the driver found nothing to read: near 0, it was the bottleneck.
    pub(crate) spare: f64,
}

impl Cost {
    /// CPU of the server for one delivery, in microseconds.
    pub(crate) fn us_per_delivery(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.deliveries as f64
    }
}

/// Opens the sessions of several subjects by turns, until each has so many. Where a socket lies in the kernel's memory
/// depends on what was opened before it, and among thousands that decides what a write to it costs.
pub(crate) fn open_by_turns(subjects: &mut [&mut Subject], sessions: usize) -> anyhow::Result<Duration> {
    const AT_ONCE: usize = 50;
    let mut first = Duration::ZERO;
    for until in (AT_ONCE..sessions + AT_ONCE).step_by(AT_ONCE) {
        for (number, subject) in subjects.iter_mut().enumerate() {
            let cost = subject.open_watchers(until.min(sessions))?;
            if number == 0 {
                first += cost.cpu;
            }
        }
    }
    for subject in subjects {
        subject.settle()?;
    }
    Ok(first)
}

impl Subject {
    /// Starts a driver for this server.
    pub(crate) fn new(name: &'static str, server: u32, core: usize, plan: &Plan) -> anyhow::Result<Self> {
        let mut command = std::process::Command::new(std::env::current_exe().context("looking for this program")?);
        command.arg("driver").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut driver = Child::start("driver", core, &mut command)?;
        let (commands, replies) = (driver.process().stdin.take(), driver.process().stdout.take());
        let (mut commands, replies) = commands.zip(replies).context("the driver has no pipes")?;
        writeln!(commands, "{}", serde_json::to_string(plan)?)?;
        let last = Reply::default();
        Ok(Self { name, server, commands, replies: BufReader::new(replies), last, _driver: driver })
    }

    /// Opens sessions that only receive, until there are so many.
    pub(crate) fn open_watchers(&mut self, until: usize) -> anyhow::Result<Cost> {
        self.command(Command::OpenWatchers(until))
    }

    /// Opens the sessions that publish.
    pub(crate) fn open_publishers(&mut self) -> anyhow::Result<Cost> {
        self.command(Command::OpenPublishers)
    }

    /// Has one large message published. A receiver's kernel acknowledges small segments two by two until it has seen a
    /// large one, and acknowledgements cost the sender: all must have seen one.
    pub(crate) fn prime(&mut self) -> anyhow::Result<Cost> {
        self.command(Command::Prime)
    }

    /// Has so many messages published at once, waits until everyone has them, and again.
    pub(crate) fn publish(&mut self, messages: u64, times: u64) -> anyhow::Result<Cost> {
        self.command(Command::Publish { messages, times })
    }

    /// Reads until nothing comes for a moment.
    pub(crate) fn settle(&mut self) -> anyhow::Result<Cost> {
        self.command(Command::Settle)
    }

    /// A published message as it was delivered last.
    pub(crate) fn sample(&self) -> Option<&str> {
        self.last.sample.as_deref()
    }

    fn command(&mut self, command: Command) -> anyhow::Result<Cost> {
        let before = process::cpu(self.server)?;
        let reply = self.ask(command).with_context(|| format!("the driver of the {} ended", self.name))?;
        let cpu = process::cpu(self.server)?.saturating_sub(before);
        if let Some(failure) = reply.failure {
            return Err(Guilty(format!("the {}: {failure}", self.name)).into());
        }
        let cost = Cost {
            deliveries: reply.deliveries - self.last.deliveries,
            others: reply.others - self.last.others,
            cpu,
            spare: (reply.idle_looks - self.last.idle_looks) as f64 / (reply.looks - self.last.looks) as f64,
        };
        self.last = reply;
        Ok(cost)
    }

    fn ask(&mut self, command: Command) -> anyhow::Result<Reply> {
        writeln!(self.commands, "{}", serde_json::to_string(&command)?)?;
        let mut line = String::new();
        self.replies.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}
