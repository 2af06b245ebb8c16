//! The load-testing harness of Loggia: many partner sessions, some team sessions, edits, and every session a judge of
//! what it is sent.
//!
//! A `scenario` is a short story, told to the sessions in orders. `run` is what surrounds it: `setup` (over `api`) builds
//! the scene, `cast` are the sessions as the story sees them, `edits` numbers and paces what is written, `meter` measures,
//! and `report` tells, as a table or as a `page` of `chart`s. `session` (over `connect` and `socket`) is one of thousands;
//! its `checker` keeps a `tally` and knows the `world`: who is who behind the `wall`, which frames are `judged`, and
//! the `ledger` of edits. `wire` is the format. `floor` and `limit` stand apart: what the machine can do, and how near the
//! server comes.

mod api;
mod bare;
mod cast;
mod checker;
mod child;
mod connect;
mod driver;
mod editor;
mod edits;
mod floor;
mod gate;
mod judged;
mod latency;
mod ledger;
mod limit;
mod meter;
mod options;
mod page;
mod process;
mod progress;
mod quartiles;
mod report;
mod run;
mod scenario;
mod seen;
mod session;
mod setup;
mod socket;
mod stage;
mod tally;
mod wall;
mod wire;
mod world;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use options::Options;
use report::Report;
use std::process::ExitCode;

/// Loads a Loggia server, and checks every frame it sends: lost, doubled, leaked?
#[derive(Parser, Debug)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
enum Command {
    /// Many sessions in one workspace, some coming and going, and edits at a steady rate
    Steady(Options),
    /// The same edits in bursts, each back to back
    Burst(scenario::burst::Options),
    /// Thousands of partners join at once while the team watches
    JoinStorm(scenario::join_storm::Options),
    /// Every connection is cut, edits are made meanwhile, and all resume at once
    ReconnectStorm(scenario::reconnect_storm::Options),
    /// Some sessions stop reading; nobody else should notice
    SlowReaders(scenario::slow_readers::Options),
    /// As many edits as the server acknowledges, and how long one takes at an easier rate
    EditRate(scenario::edit_rate::Options),
    /// Partners call an API through the server while everybody watches edits
    Sends(scenario::sends::Options),
    /// A steady load with bursts and churn for as long as told; does anything grow?
    Soak(scenario::soak::Options),
    /// A bare loop that writes one ready frame to each socket: what no server can be faster than
    Floor(floor::Options),
    /// The server beside the floor, in pairs: how near it comes to what the machine can do
    Limit(limit::Options),
    /// Holds the sessions of one server for `limit`
    #[command(hide = true)]
    Driver(driver::Options),
    /// Somebody else's server beside the floor, for load/compare
    #[command(hide = true)]
    Peer(limit::peer::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = options::with_defaults(Cli::command()).get_matches();
    let command = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()).command;
    let outcome = match &command {
        Command::Steady(options) => tell(options, scenario::steady::run(options).await),
        Command::Burst(options) => tell(&options.common, scenario::burst::run(options).await),
        Command::JoinStorm(options) => tell(&options.common, scenario::join_storm::run(options).await),
        Command::ReconnectStorm(options) => tell(&options.common, scenario::reconnect_storm::run(options).await),
        Command::SlowReaders(options) => tell(&options.common, scenario::slow_readers::run(options).await),
        Command::EditRate(options) => tell(&options.common, scenario::edit_rate::run(options).await),
        Command::Sends(options) => tell(&options.common, scenario::sends::run(options).await),
        Command::Soak(options) => tell(&options.common, scenario::soak::run(options).await),
        Command::Floor(options) => floor::run(options).await,
        Command::Limit(options) => limit::run(options).await,
        Command::Driver(options) => driver::run(options).await,
        Command::Peer(options) => limit::peer::run(options).await,
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

fn tell(options: &Options, report: anyhow::Result<Report>) -> anyhow::Result<bool> {
    let report = report?;
    report.print();
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&report)?)?;
    }
    if let Some(file) = &options.html {
        std::fs::write(file, page::page(&report))?;
    }
    Ok(report.ok)
}
