//! How near the server comes to what the machine can do: Loggia beside the floor, in pairs, server on one core and client
//! on another.
//!
//! `servers` starts them, `scene` furnishes a workspace, `rounds` measures, `figures` tells. Two servers run, of one
//! binary: one with partners, one with as many team members, since one process may not have enough open files for both.

mod figures;
mod rounds;
mod scene;
mod servers;

use crate::driver::plan::{Plan, Server};
use crate::driver::subject::{Guilty, Subject};
use crate::process;
use anyhow::{Context, bail, ensure};
use clap::Args;
use figures::{Figures, Still};
use rounds::{Amount, Subjects};
use scene::EDITORS;
use servers::{Floor, Loggia};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Sessions of a first, small group, which opens and goes again before memory is read.
const WARM_UP_SESSIONS: usize = 50;
/// What the server may take to let the small group go.
const PARTING: Duration = Duration::from_secs(1);
/// Sockets a process opens beside its sessions.
const OTHER_FILES: u64 = 64;

/// What to measure.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Sessions of partners, beside as many of team members and of the floor
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sessions: u32,
    /// Rounds, each of which measures everyone once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Seconds for which idle sessions are watched; pings come every 30
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    idle: u64,
    /// Seconds until they are taken for idle: after 20, a session's person is called away, and others are told
    #[arg(long, default_value_t = 22, value_parser = clap::value_parser!(u64).range(0..=600))]
    settle: u64,
    /// The server's binary: the one beside this program, unless given
    #[arg(long)]
    server: Option<PathBuf>,
    /// Write the figures to this file, too
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Measures. False: something was lost, doubled, differing, leaked.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    // The children get the same signal and end; what waits for them then ends, too, and cleans up.
    tokio::spawn(async {
        while tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("Interrupted");
        }
    });
    let figures = match measure(options).await {
        Err(error) if error.is::<Guilty>() => {
            eprintln!("FAIL: {error:#}");
            return Ok(false);
        }
        figures => figures?,
    };
    figures.print();
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&figures)?)?;
    }
    Ok(true)
}

async fn measure(options: &Options) -> anyhow::Result<Figures> {
    let sessions = options.sessions as usize;
    let cores = process::cores()?;
    let [server_core, client_core, ..] = cores[..] else {
        bail!("one core for the server and one for the client are needed; allowed: {cores:?}");
    };
    process::pin(std::process::id(), client_core)?;
    let files = (sessions + EDITORS) as u64 + OTHER_FILES;
    let allowed = rlimit::increase_nofile_limit(files).context("raising the limit of open files")?;
    ensure!(allowed >= files, "{files} open files are needed, {allowed} allowed, and that can't be raised from here");
    let binary = servers::binary(options.server.as_deref())?;

    eprintln!("Starting {} and the floor on core {server_core}, clients on core {client_core} …", binary.display());
    let floor = Floor::start(server_core)?;
    let server = Loggia::start(&binary, server_core)?;
    let team_server = Loggia::start(&binary, server_core)?;
    let mut plan = scene::make(&server, (options.sessions / 10).max(10), sessions).await?;
    let team_plan = scene::make(&team_server, 0, sessions).await?;

    let pid = server.child.pid();
    let payload = warm_up(pid, client_core, &mut plan)?;
    let event_bytes = payload.len();

    eprintln!("Opening {sessions} sessions of partners …");
    let before = process::resident_kib(pid)?;
    let mut partners = Subject::new("server with partners", pid, client_core, &plan)?;
    let opening = partners.open_watchers()?;
    let us_per_join = opening.cpu.as_secs_f64() * 1e6 / sessions as f64;
    eprintln!("Opening {sessions} sessions of the team, each of which is told of each …");
    let mut team = Subject::new("server with the team", team_server.child.pid(), client_core, &team_plan)?;
    team.open_watchers()?;
    eprintln!("Waiting until all count as idle …");
    std::thread::sleep(Duration::from_secs(options.settle));
    team.settle()?;
    partners.settle()?;
    let resident = process::resident_kib(pid)? as f64 - before as f64;
    eprintln!("Watching them idle for {} s …", options.idle);
    let (start, cpu) = (Instant::now(), process::cpu(pid)?);
    std::thread::sleep(Duration::from_secs(options.idle));
    let idle = (process::cpu(pid)? - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    let still = Still {
        rss_kib_per_session: resident / sessions as f64,
        idle_cpu_percent: idle * 100.0,
        us_per_join,
        event_bytes,
    };

    let floor_plan =
        Plan { address: floor.address, watchers: sessions + EDITORS, publishers: 1, server: Server::Floor { payload } };
    let mut floor_subject = Subject::new("floor", floor.child.pid(), client_core, &floor_plan)?;
    floor_subject.open_watchers()?;
    let mut subjects = Subjects { floor: floor_subject, partners, team };
    for subject in [&mut subjects.floor, &mut subjects.partners, &mut subjects.team] {
        subject.open_publishers()?;
    }
    let amount = Amount::among(sessions);
    subjects.warm_up()?;
    let mut rounds = Vec::new();
    for number in 0..options.rounds as usize {
        let round = subjects.round(number, amount)?;
        eprintln!("{}", told(number, &round));
        rounds.push(round);
    }
    subjects.settle()?;
    Ok(Figures::new(sessions, &rounds, amount, still))
}

/// Opens a few sessions, publishes a little, and closes them, so that what a server allocates once is not counted as theirs.
/// Answers an event as it was delivered; the plan goes on behind what was published.
fn warm_up(pid: u32, core: usize, plan: &mut Plan) -> anyhow::Result<String> {
    const EVENTS: u64 = 40;
    let sessions = std::mem::replace(&mut plan.watchers, WARM_UP_SESSIONS);
    let mut few = Subject::new("server with few partners", pid, core, plan)?;
    few.open_watchers()?;
    few.open_publishers()?;
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

fn told(number: usize, round: &rounds::Round) -> String {
    let us = |cost: crate::driver::subject::Cost| cost.us_per_delivery();
    format!(
        "Round {}: floor {:.2} µs, partners {:.2}, team {:.2}; backlog: floor {:.2}, partners {:.3}",
        number + 1,
        us(round.floor),
        us(round.partners),
        us(round.team),
        us(round.floor_backlog),
        us(round.backlog),
    )
}
