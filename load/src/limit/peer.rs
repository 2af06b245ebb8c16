//! Somebody else's server in Loggia's place: the same client, the same rounds, the floor beside it. Whoever starts it keeps
//! it on the first core.

use super::figures::Beside;
use super::rounds::{self, Amounts};
use super::servers::Floor;
use crate::driver::plan::{Plan, Protocol, Server};
use crate::driver::subject::{Subject, open_by_turns};
use crate::process;
use clap::Args;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Whom to measure.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What it speaks
    #[arg(long, value_enum)]
    protocol: Protocol,
    /// Where it listens
    #[arg(long)]
    address: SocketAddr,
    /// Its process
    #[arg(long)]
    pid: u32,
    /// Sessions that receive, beside as many of the floor
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sessions: u32,
    /// Rounds
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Bytes of a message
    #[arg(long, default_value_t = 338, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    bytes: u16,
    /// Where the figures go
    #[arg(long)]
    json: PathBuf,
}

#[derive(Serialize)]
struct Figures {
    sessions: usize,
    rounds: u32,
    event_bytes: u16,
    one_at_a_time: Beside,
    backlog: Beside,
    rss_kib_per_session: f64,
}

/// Measures. False: something was lost or doubled.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    super::clean_up_when_interrupted();
    let Some(figures) = super::verdict(measure(options))? else { return Ok(false) };
    std::fs::write(&options.json, serde_json::to_vec_pretty(&figures)?)?;
    Ok(true)
}

fn measure(options: &Options) -> anyhow::Result<Figures> {
    let Options { protocol, address, pid, rounds, bytes, .. } = *options;
    let sessions = options.sessions as usize;
    let [server_core, client_core] = super::take_cores()?;
    super::allow_files(sessions)?;
    let floor = Floor::start(server_core)?;
    let payload: String = ('a'..='z').cycle().take(bytes.into()).collect();
    let plan = |address, watchers, server| Plan { address, watchers, publishers: 1, server };
    let peer_plan = |watchers| plan(address, watchers, Server::Peer { protocol, payload: payload.clone() });
    let floor_plan = plan(floor.address, sessions, Server::Floor { payload: payload.clone() });

    let mut few = Subject::new("peer", pid, client_core, &peer_plan(super::WARM_UP_SESSIONS))?;
    few.open_watchers(super::WARM_UP_SESSIONS)?;
    few.open_publishers()?;
    few.settle()?;
    few.publish(1, 40)?;
    drop(few);
    std::thread::sleep(super::PARTING);

    let before = process::resident_kib(pid)?;
    let mut peer = Subject::new("peer", pid, client_core, &peer_plan(sessions))?;
    let mut floor = Subject::new("floor", floor.child.pid(), client_core, &floor_plan)?;
    open_by_turns(&mut [&mut peer, &mut floor], sessions)?;
    std::thread::sleep(super::PARTING);
    let resident = process::resident_kib(pid)? as f64 - before as f64;

    let Amounts { edits, floor_backlog: messages, .. } = Amounts::among(sessions, sessions);
    let (mut singly, mut at_once) = (Vec::new(), Vec::new());
    for subject in [&mut peer, &mut floor] {
        subject.open_publishers()?;
        subject.settle()?;
        subject.prime()?;
        rounds::one_at_a_time(subject, edits)?;
        rounds::backlog(subject, messages, 1)?;
    }
    for round in 0..rounds {
        // Each is first in every other round.
        if round.is_multiple_of(2) {
            singly.push((rounds::one_at_a_time(&mut peer, edits)?, rounds::one_at_a_time(&mut floor, edits)?));
            at_once.push((rounds::backlog(&mut peer, messages, 1)?, rounds::backlog(&mut floor, messages, 1)?));
        } else {
            let (second, first) = (rounds::one_at_a_time(&mut floor, edits)?, rounds::one_at_a_time(&mut peer, edits)?);
            singly.push((first, second));
            let (second, first) = (rounds::backlog(&mut floor, messages, 1)?, rounds::backlog(&mut peer, messages, 1)?);
            at_once.push((first, second));
        }
    }
    peer.settle()?;
    floor.settle()?;
    Ok(Figures {
        sessions,
        rounds,
        event_bytes: bytes,
        one_at_a_time: Beside::new(singly.into_iter()),
        backlog: Beside::new(at_once.into_iter()),
        rss_kib_per_session: resident / sessions as f64,
    })
}
