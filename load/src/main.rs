//! The load-testing harness of Loggia: many partner sessions, some team sessions, edits at a steady rate, and every
//! session a judge of what it is sent.
//!
//! `run` is the order of things; `setup` (over `api`) builds the scene; `stage` is what sessions share; `session` (over
//! `connect`) is one socket and `checker` its judge, who keeps a `tally`, knows the `world`, and watches the `wall`; `editor` sends edits; `ledger`
//! has what became of them; `report` tells. `wire` is the format.

mod api;
mod bare;
mod checker;
mod child;
mod connect;
mod driver;
mod editor;
mod floor;
mod ledger;
mod limit;
mod process;
mod quartiles;
mod report;
mod run;
mod session;
mod setup;
mod stage;
mod tally;
mod wall;
mod wire;
mod world;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Loads a Loggia server, and checks every frame it sends: lost, doubled, leaked?
#[derive(Parser, Debug)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
}

/// What to do.
#[derive(Subcommand, Debug)]
enum Scenario {
    /// Many sessions in one workspace, and edits at a steady rate
    Steady(Options),
    /// A bare loop that writes one ready frame to each socket: what no server can be faster than
    Floor(floor::Options),
    /// The server beside the floor, in pairs: how near it comes to what the machine can do
    Limit(limit::Options),
    /// Holds the sessions of one server for `limit`
    #[command(hide = true)]
    Driver(driver::Options),
}

/// Whom to load, and how.
#[derive(Args, Debug)]
struct Options {
    /// The server; must be this machine unless --allow-remote
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A personal access token of a team member
    #[arg(long, env = "LOGGIA_TOKEN", hide_env_values = true)]
    token: String,
    /// Sessions of partners
    #[arg(long, default_value_t = 2_000, value_parser = at_most::<100_000>)]
    partner_sessions: usize,
    /// Partners who share these sessions
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    partners: u32,
    /// Domains that the partners come from
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    domains: u32,
    /// Sessions of the team; more when the edits need more
    #[arg(long, default_value_t = 20, value_parser = at_most::<10_000>)]
    team_sessions: usize,
    /// Edits a second, over all
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=5_000))]
    edits_per_second: u64,
    /// Seconds for which edits are sent
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    duration: u64,
    /// What the sessions' doings are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the outcome to this file, too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Sessions and set-up calls in the making at once
    #[arg(long, default_value_t = 32, value_parser = at_most::<1_000>)]
    connect_concurrency: usize,
    /// Load a server on another machine
    #[arg(long)]
    allow_remote: bool,
}

fn at_most<const MOST: usize>(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|error| format!("{error}"))?;
    if (1..=MOST).contains(&number) { Ok(number) } else { Err(format!("must be from 1 to {MOST}")) }
}

impl Options {
    fn partners(&self) -> u32 {
        self.partners.min(self.partner_sessions as u32)
    }

    fn domains(&self) -> u32 {
        self.domains.min(self.partners())
    }

    fn team_sessions(&self) -> usize {
        self.team_sessions.max(editor::editors_for(self.edits_per_second))
    }

    fn sessions(&self) -> usize {
        self.partner_sessions + self.team_sessions()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().scenario {
        Scenario::Steady(options) => steady(&options).await,
        Scenario::Floor(options) => floor::run(&options).await,
        Scenario::Limit(options) => limit::run(&options).await,
        Scenario::Driver(options) => driver::run(&options).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("No verdict: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn steady(options: &Options) -> anyhow::Result<bool> {
    let report = run::run(options).await?;
    report.print();
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(report.ok)
}
