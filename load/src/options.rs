//! What every scenario takes. The defaults that differ from scenario to scenario stand in one table.

use crate::connect::MOST_SESSIONS;
use clap::{Args, Command};
use std::path::PathBuf;

/// The most edits a second there are: more than any server takes, so that `edit-rate` means by it "as fast as it goes".
pub(crate) const MOST_EDITS: u64 = 50_000;

/// Whom to load, and with how much.
#[derive(Args, Clone, Debug)]
#[group(skip)] // A scenario's own options are a group of the same name.
pub(crate) struct Options {
    /// A server, this machine unless --allow-remote; several: sessions go to them in turn, set-up to the first
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) urls: Vec<String>,
    /// A personal access token of a team member
    #[arg(long, env = "LOGGIA_TOKEN", hide_env_values = true)]
    pub(crate) token: String,
    /// Sessions of partners
    #[arg(long, value_name = "N", value_parser = at_most::<MOST_SESSIONS>, default_value = "2000")]
    pub(crate) sessions: usize,
    /// Partners who share these sessions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000), default_value = "200")]
    partners: u32,
    /// Domains that the partners come from
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), default_value = "50")]
    domains: u32,
    /// Sessions of the team; more when the edits need more
    #[arg(long, value_name = "N", value_parser = at_most::<10_000>, default_value = "20")]
    pub(crate) team: usize,
    /// Edits a second, over all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_EDITS), default_value = "50")]
    pub(crate) edits_per_second: u64,
    /// Seconds for which it goes on
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800), default_value = "30")]
    pub(crate) duration: u64,
    /// What the sessions' doings are drawn from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write the outcome to this file, too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a page with charts to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// A process of the server on this machine, whose CPU and memory are then told; several for several nodes
    #[arg(long, value_name = "PID", num_args = 1..)]
    pub(crate) server_pid: Vec<u32>,
    /// Sessions and set-up calls in the making at once
    #[arg(long, value_name = "N", value_parser = at_most::<10_000>, default_value = "32")]
    pub(crate) connect_concurrency: usize,
    /// Load a server on another machine
    #[arg(long)]
    pub(crate) allow_remote: bool,
}

/// Where a scenario's defaults differ from the ones above.
const DEFAULTS: &[(&str, &[(&str, &str)])] = &[
    ("join-storm", &[("sessions", "10000"), ("partners", "10000"), ("connect_concurrency", "512"), ("duration", "2")]),
    (
        "reconnect-storm",
        &[("sessions", "10000"), ("partners", "10000"), ("connect_concurrency", "512"), ("duration", "3")],
    ),
    ("slow-readers", &[("sessions", "200"), ("partners", "50"), ("edits_per_second", "30"), ("duration", "40")]),
    ("edit-rate", &[("sessions", "20"), ("partners", "20"), ("edits_per_second", "50000"), ("duration", "10")]),
    ("sends", &[("edits_per_second", "20"), ("duration", "180")]),
    ("soak", &[("duration", "600")]),
];

/// Where a scenario has no use for an option.
const UNUSED: &[(&str, &str)] = &[("join-storm", "edits_per_second")];

/// The command line with each scenario's own defaults in it.
pub(crate) fn with_defaults(command: Command) -> Command {
    let command = UNUSED.iter().fold(command, |command, (scenario, name)| {
        command.mut_subcommand(scenario, |scenario| scenario.mut_arg(name, |argument| argument.hide(true)))
    });
    DEFAULTS.iter().fold(command, |command, (scenario, defaults)| {
        command.mut_subcommand(scenario, |scenario| {
            defaults.iter().fold(scenario, |scenario, (name, value)| {
                scenario.mut_arg(name, |argument| argument.default_value(*value))
            })
        })
    })
}

pub(crate) fn at_most<const MOST: usize>(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|error| format!("{error}"))?;
    if (1..=MOST).contains(&number) { Ok(number) } else { Err(format!("must be from 1 to {MOST}")) }
}

impl Options {
    /// The same with another number of partner sessions.
    pub(crate) fn with_sessions(&self, sessions: usize) -> Self {
        Self { sessions, ..self.clone() }
    }

    /// Partners, each of whom has a session.
    pub(crate) fn partners(&self) -> u32 {
        self.partners.min(self.sessions as u32)
    }

    /// Domains, each of which has a partner.
    pub(crate) fn domains(&self) -> u32 {
        self.domains.min(self.partners())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_default_is_one_that_its_scenario_takes() {
        let command = super::with_defaults(crate::Cli::command());
        command.clone().debug_assert();
        let parsed = command.try_get_matches_from(["load", "slow-readers", "--token", "t"]).expect("the defaults");
        let scenario = parsed.subcommand_matches("slow-readers").expect("the scenario");
        assert_eq!(scenario.get_one::<usize>("sessions"), Some(&200));
    }

    #[test]
    fn an_edit_rate_is_as_fast_as_it_goes_unless_it_is_told_otherwise() {
        let command = super::with_defaults(crate::Cli::command());
        let asked = |arguments: &[&str]| {
            let line = ["load", "edit-rate", "--token", "t"].into_iter().chain(arguments.iter().copied());
            let parsed = command.clone().try_get_matches_from(line).expect("a command line");
            parsed.subcommand_matches("edit-rate").and_then(|one| one.get_one::<u64>("edits_per_second").copied())
        };
        assert_eq!(asked(&[]), Some(super::MOST_EDITS));
        assert_eq!(asked(&["--edits-per-second", "1000"]), Some(1_000));
    }
}
