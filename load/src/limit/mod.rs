//! How near the server comes to what the machine can do: Loggia beside the floor, in pairs, server on one core and client
//! on another.
//!
//! `servers` starts them, `scene` furnishes a workspace, `rounds` measures, `figures` tells. Two servers of one binary run:
//! one with partners alone, which is measured beside the floor, and one with partners in one workspace and team members
//! in another, which are measured beside each other. `peer` measures somebody else's server the same way.

mod figures;
pub(crate) mod peer;
mod rounds;
mod scene;
mod servers;

use crate::driver::plan::{Plan, Server};
use crate::driver::subject::{Guilty, Subject, open_by_turns};
use crate::process;
use anyhow::{Context, bail, ensure};
use clap::Args;
use figures::{Figures, Still};
use rounds::{Amounts, Subjects};
use scene::EDITORS;
use servers::{Floor, Loggia};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Sessions of a first, small group, which opens and goes again before memory is read.
const WARM_UP_SESSIONS: usize = 50;
/// Sessions of one partner.
const SESSIONS_A_PARTNER: usize = 10;
/// Sessions among which filtered and unfiltered are compared, at most: each of the team's is told of each other, which
/// among ten thousand would be a hundred million names.
const MOST_COMPARED: usize = 2_000;
/// After it, a session counts as idle and those who may know have been told.
const BECOMING_IDLE: Duration = Duration::from_secs(22);
/// What the server may take to let the small group go.
const PARTING: Duration = Duration::from_secs(1);
/// Sockets a process opens beside its sessions.
const OTHER_FILES: u64 = 64;

/// What to measure.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Sessions of partners, beside as many of the floor
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sessions: u32,
    /// Rounds, each of which measures everyone once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Seconds for which idle sessions are watched; pings come every 30
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    idle: u64,
    /// The server's binary: the one beside this program, unless given
    #[arg(long)]
    server: Option<PathBuf>,
    /// Write the figures to this file, too
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Measures. False: something was lost, doubled, differing, leaked.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    clean_up_when_interrupted();
    let Some(figures) = verdict(measure(options).await)? else { return Ok(false) };
    figures.print();
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&figures)?)?;
    }
    Ok(true)
}

/// An interrupt reaches the children, too, which end; what waits for them then ends by itself, and cleans up.
fn clean_up_when_interrupted() {
    tokio::spawn(async {
        while tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("Interrupted");
        }
    });
}

/// Nothing, when a server was found guilty; an error, when there was nothing to judge.
fn verdict<T>(outcome: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match outcome {
        Err(error) if error.is::<Guilty>() => {
            eprintln!("FAIL: {error:#}");
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}

async fn measure(options: &Options) -> anyhow::Result<Figures> {
    let sessions = options.sessions as usize;
    let [server_core, client_core] = take_cores()?;
    allow_files(sessions)?;
    let binary = servers::binary(options.server.as_deref())?;

    eprintln!("Starting {} and the floor on core {server_core}, clients on core {client_core} …", binary.display());
    let floor = Floor::start(server_core)?;
    let (server, second) = (Loggia::start(&binary, server_core)?, Loggia::start(&binary, server_core)?);
    let compared_sessions = sessions.min(MOST_COMPARED);
    let mut plan = scene::make(&server, partners_for(sessions), sessions).await?;
    let filtered_plan = scene::make(&second, partners_for(compared_sessions), compared_sessions).await?;
    let unfiltered_plan = scene::make(&second, 0, compared_sessions).await?;
    let pid = server.child.pid();
    let payload = warm_up(pid, client_core, &mut plan)?;
    let event_bytes = payload.len();
    let watchers = sessions + EDITORS;
    let floor_plan = Plan { address: floor.address, watchers, publishers: 1, server: Server::Floor { payload } };

    eprintln!("Opening {sessions} sessions of partners, and as many of the floor …");
    let before = process::resident_kib(pid)?;
    let subject = |name, pid, plan| Subject::new(name, pid, client_core, plan);
    let mut subjects = Subjects {
        floor: subject("floor", floor.child.pid(), &floor_plan)?,
        server: subject("server", pid, &plan)?,
        filtered: subject("server with partners", second.child.pid(), &filtered_plan)?,
        unfiltered: subject("server with the team", second.child.pid(), &unfiltered_plan)?,
    };
    let opening = open_by_turns(&mut [&mut subjects.server, &mut subjects.floor], sessions)?;
    eprintln!("Opening {compared_sessions} sessions of partners, and as many of the team …");
    open_by_turns(&mut [&mut subjects.filtered, &mut subjects.unfiltered], compared_sessions)?;
    eprintln!("Waiting until all count as idle …");
    std::thread::sleep(BECOMING_IDLE);
    subjects.settle()?;
    let resident = process::resident_kib(pid)? as f64 - before as f64;
    eprintln!("Watching them idle for {} s …", options.idle);
    let (start, cpu) = (Instant::now(), process::cpu(pid)?);
    std::thread::sleep(Duration::from_secs(options.idle));
    let idle = (process::cpu(pid)? - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    let still = Still {
        sessions,
        compared_sessions,
        event_bytes,
        rss_kib_per_session: resident / sessions as f64,
        idle_cpu_percent: idle * 100.0,
        us_per_join: opening.as_secs_f64() * 1e6 / sessions as f64,
    };

    subjects.floor.open_watchers(watchers)?;
    subjects.open_publishers()?;
    let amounts = Amounts::among(sessions, compared_sessions);
    eprintln!("Warming up …");
    subjects.warm_up(amounts)?;
    let mut rounds = Vec::new();
    for number in 0..options.rounds as usize {
        let round = subjects.round(number, amounts)?;
        eprintln!("Round {}: {round}", number + 1);
        rounds.push(round);
    }
    subjects.settle()?;
    Ok(Figures::new(&rounds, amounts, still))
}

/// One core for servers, one for this program and its drivers.
fn take_cores() -> anyhow::Result<[usize; 2]> {
    let cores = process::cores()?;
    let [server, client, ..] = cores[..] else {
        bail!("one core for the server and one for the client are needed; allowed: {cores:?}");
    };
    process::pin(std::process::id(), client)?;
    Ok([server, client])
}

/// Makes sure that a process can open so many sessions: the children's limits are this one's.
fn allow_files(sessions: usize) -> anyhow::Result<()> {
    let files = (sessions + EDITORS) as u64 + OTHER_FILES;
    let allowed = rlimit::increase_nofile_limit(files).context("raising the limit of open files")?;
    ensure!(allowed >= files, "{files} open files are needed, {allowed} allowed, and that can't be raised from here");
    Ok(())
}

fn partners_for(sessions: usize) -> u32 {
    (sessions / SESSIONS_A_PARTNER).max(10) as u32
}

/// Opens a few sessions, publishes a little, and closes them, so that what a server allocates once is not counted as theirs.
/// Answers an event as it was delivered; the plan goes on behind what was published.
fn warm_up(pid: u32, core: usize, plan: &mut Plan) -> anyhow::Result<String> {
    const EVENTS: u64 = 40;
    let sessions = std::mem::replace(&mut plan.watchers, WARM_UP_SESSIONS);
    let mut few = Subject::new("server with few partners", pid, core, plan)?;
    few.open_watchers(WARM_UP_SESSIONS)?;
    few.open_publishers()?;
    few.settle()?;
    few.publish(1, EVENTS)?;
    plan.watchers = sessions;
    if let Server::Loggia(workspace) = &mut plan.server {
        workspace.shared += EVENTS;
    }
    let event = few.sample().map(str::to_owned).context("no event was delivered")?;
    drop(few);
    std::thread::sleep(PARTING);
    Ok(event)
}
