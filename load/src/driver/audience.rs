//! An audience: sessions of one server that each must get every published message once.

use super::dialect::{Dialect, Fault, Read};
use super::plan::Reply;
use crate::bare::crowd::{Crowd, Judge, Looks};
use anyhow::{bail, ensure};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a publication may take to reach everyone.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long to wait for what should not come.
const QUIET: Duration = Duration::from_millis(500);
/// Well below the time after which a server calls a session idle.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(5);
/// Sessions that are opened between two looks at the others.
const BETWEEN_TURNS: usize = 8;

/// The sessions, and how to speak for them.
pub(crate) struct Audience<D> {
    crowd: Crowd<Bench<D>>,
    watchers: usize,
    publishers: usize,
    /// Whose turn it is to publish.
    next: usize,
    signed: Instant,
}

/// Who has what, and the first thing that went wrong.
struct Bench<D> {
    dialect: D,
    watchers: usize,
    /// How many of the published messages a session has had.
    had: Vec<u64>,
    sent: u64,
    /// Sessions that have not had all.
    behind: usize,
    deliveries: u64,
    others: u64,
    fault: Option<String>,
}

impl<D: Dialect> Audience<D> {
    /// Nobody yet.
    pub(crate) fn new(address: SocketAddr, watchers: usize, publishers: usize, dialect: D) -> anyhow::Result<Self> {
        let bench =
            Bench { dialect, watchers, had: Vec::new(), sent: 0, behind: 0, deliveries: 0, others: 0, fault: None };
        Ok(Self { crowd: Crowd::new(address, bench)?, watchers, publishers, next: 0, signed: Instant::now() })
    }

    /// Opens those who only receive, until there are so many.
    pub(crate) fn open_watchers(&mut self, until: usize) -> anyhow::Result<()> {
        self.open(until.min(self.watchers))
    }

    /// Opens those who publish.
    pub(crate) fn open_publishers(&mut self) -> anyhow::Result<()> {
        ensure!(self.crowd.len() >= self.watchers, "watchers come first");
        self.open(self.watchers + self.publishers)
    }

    fn open(&mut self, until: usize) -> anyhow::Result<()> {
        while self.crowd.len() < until {
            let session = self.crowd.len();
            let bench = &mut self.crowd.judge;
            bench.had.push(bench.sent);
            let (door, opening) = (bench.dialect.door(session), bench.dialect.opening(session));
            self.crowd.join(&door)?;
            self.crowd.send(session, &opening)?;
            if session.is_multiple_of(BETWEEN_TURNS) {
                self.crowd.turn(Duration::ZERO)?;
            }
        }
        self.check()
    }

    /// Has so many published at once, and waits until everyone has them.
    pub(crate) fn publish(&mut self, messages: u64) -> anyhow::Result<()> {
        ensure!(self.crowd.len() > self.watchers, "nobody is there to publish");
        let bench = &mut self.crowd.judge;
        bench.sent += messages;
        bench.behind = bench.had.len() - if bench.dialect.publishers_receive() { 0 } else { self.publishers };
        let mut frames = vec![Vec::new(); self.publishers];
        for _ in 0..messages {
            frames[self.next].extend(self.crowd.judge.dialect.publish());
            self.next = (self.next + 1) % self.publishers;
        }
        for (publisher, frames) in frames.iter().enumerate().filter(|(_, frames)| !frames.is_empty()) {
            self.crowd.send(self.watchers + publisher, frames)?;
        }
        let all = self.crowd.until_done(PATIENCE)?;
        self.check()?;
        let (bench, seconds) = (&self.crowd.judge, PATIENCE.as_secs());
        ensure!(all, "lost: after {seconds} s, {} sessions have not had all of {} messages", bench.behind, bench.sent);
        Ok(())
    }

    /// Has one large message published.
    pub(crate) fn prime(&mut self) -> anyhow::Result<()> {
        let frame = self.crowd.judge.dialect.prime();
        self.crowd.send(self.watchers, &frame)?;
        self.settle()
    }

    /// Reads until nothing comes for a moment.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        let mut until = Instant::now() + QUIET;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let before = self.crowd.judge.traffic();
            self.crowd.turn(until.saturating_duration_since(Instant::now()))?;
            if self.crowd.judge.traffic() != before && Instant::now() < end {
                until = Instant::now() + QUIET;
            }
        }
        self.check()
    }

    /// Answers pings, and has the publishers say that they are there.
    pub(crate) fn look_after(&mut self) -> anyhow::Result<()> {
        if self.signed.elapsed() >= SIGN_OF_LIFE_EVERY {
            self.signed = Instant::now();
            let sign = self.crowd.judge.dialect.sign_of_life();
            for publisher in self.watchers..self.crowd.len() {
                self.crowd.send(publisher, &sign)?;
            }
        }
        self.crowd.turn(Duration::ZERO)
    }

    fn check(&self) -> anyhow::Result<()> {
        match &self.crowd.judge.fault {
            Some(fault) => bail!("{fault}"),
            None => Ok(()),
        }
    }

    /// How it stands.
    pub(crate) fn tell(&self) -> Reply {
        let Bench { dialect, deliveries, others, .. } = &self.crowd.judge;
        let Looks { all: looks, idle: idle_looks } = self.crowd.looks;
        let sample = dialect.sample();
        Reply { failure: None, deliveries: *deliveries, others: *others, sample, looks, idle_looks }
    }
}

impl<D: Dialect> Bench<D> {
    fn receives(&self, session: usize) -> bool {
        session < self.watchers || self.dialect.publishers_receive()
    }

    fn traffic(&self) -> u64 {
        self.deliveries + self.others
    }

    fn object(&mut self, session: usize, Fault(what): Fault) {
        self.fault.get_or_insert_with(|| format!("session {session}: {what}"));
    }

    fn take(&mut self, session: usize, count: u64) {
        if !self.receives(session) {
            return self.object(session, Fault("leaked: a publisher got what it published".into()));
        }
        let had = &mut self.had[session];
        *had += count;
        if *had > self.sent {
            let (had, sent) = (*had, self.sent);
            return self.object(session, Fault(format!("doubled: {had} messages came of {sent} that were published")));
        }
        self.deliveries += count;
        if *had == self.sent && count > 0 {
            self.behind -= 1;
        }
    }
}

impl<D: Dialect> Judge for Bench<D> {
    fn message(&mut self, session: usize, payload: &[u8]) -> Option<Vec<u8>> {
        match self.dialect.read(session, self.had[session], self.sent, payload) {
            Ok(Read::Deliveries(count)) => self.take(session, count),
            Ok(Read::Other) => self.others += 1,
            Ok(Read::Answer(answer)) => {
                self.others += 1;
                return Some(answer);
            }
            Err(fault) => self.object(session, fault),
        }
        None
    }

    fn too_long(&mut self, session: usize, bytes: usize) {
        self.others += 1;
        if let Err(fault) = self.dialect.too_long(session, bytes) {
            self.object(session, fault);
        }
    }

    fn longest(&self) -> usize {
        self.dialect.longest()
    }

    fn is_done(&self) -> bool {
        self.fault.is_some() || (self.behind == 0 && self.dialect.is_answered(self.sent))
    }
}
