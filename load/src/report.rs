//! What came of it: the verdict, a table for people, JSON for machines.
#![allow(clippy::print_stdout, reason = "the table is what the command is for")]

use crate::Options;
use crate::checker::Checker;
use crate::tally::sum;
use crate::world::World;
use serde::Serialize;
use std::time::Duration;

/// What the coordinator measured beside the checkers.
pub(crate) struct Measured {
    /// From the first edit until everybody had the last.
    pub(crate) elapsed: Duration,
    /// What it took to open all sessions.
    pub(crate) opened_in: Duration,
    /// The harness's own CPU time meanwhile, on all cores.
    pub(crate) cpu: Duration,
    /// How far the pacer fell behind at worst.
    pub(crate) behind: Duration,
    /// Edits that should have been sent.
    pub(crate) edits: u64,
    /// What snapshots gave away.
    pub(crate) snapshot_leaks: Vec<String>,
}

/// The outcome of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    scenario: &'static str,
    /// Whether nothing was lost, doubled, leaked, or closed.
    pub(crate) ok: bool,
    seed: u64,
    sessions: usize,
    partner_sessions: usize,
    team_sessions: usize,
    partners: u32,
    domains: u32,
    opened_in_s: f64,
    seconds: f64,
    edits_sent: u64,
    edits_acked: u64,
    edits_rejected: u64,
    edits_unanswered: u64,
    deliveries: u64,
    deliveries_per_s: f64,
    lost: u64,
    duplicated: u64,
    leaked: u64,
    holes: u64,
    disordered: u64,
    malformed: u64,
    unexpected_closes: u64,
    reconnects: u64,
    latency_ms: Latency,
    team_presence_messages: u64,
    behind_ms: f64,
    cpu_s: f64,
    cpu_us_per_delivery: f64,
    examples: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p90: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

impl Report {
    /// Compares what every session saw with what was acknowledged.
    pub(crate) fn new(
        options: &Options,
        checkers: &[Checker],
        world: &World,
        measured: Measured,
    ) -> anyhow::Result<Self> {
        let account = world.ledger.account();
        let seen = sum(checkers.iter().map(|checker| &checker.tally));
        let missed = |checker: &Checker| account.acked.iter().filter(|n| !checker.saw(**n)).count() as u64;
        let lost: u64 = checkers.iter().map(missed).sum();
        let team = checkers.iter().filter(|checker| checker.is_team());
        let latency = world.latency()?;
        let at = |quantile| latency.value_at_quantile(quantile) as f64 / 1_000.0;
        let seconds = measured.elapsed.as_secs_f64();
        let mut examples = measured.snapshot_leaks.clone();
        examples.extend(seen.examples);
        examples.truncate(20);
        let mut report = Self {
            scenario: "steady",
            ok: false,
            seed: options.seed,
            sessions: checkers.len(),
            partner_sessions: options.partner_sessions,
            team_sessions: options.team_sessions(),
            partners: options.partners(),
            domains: options.domains(),
            opened_in_s: measured.opened_in.as_secs_f64(),
            seconds,
            edits_sent: account.sent,
            edits_acked: account.acked.len() as u64,
            edits_rejected: account.rejected,
            edits_unanswered: world.ledger.unanswered(measured.edits),
            deliveries: seen.deliveries,
            deliveries_per_s: seen.deliveries as f64 / seconds,
            lost,
            duplicated: seen.duplicated,
            leaked: seen.leaked + measured.snapshot_leaks.len() as u64,
            holes: seen.holes,
            disordered: seen.disordered + account.contradicted,
            malformed: seen.malformed,
            unexpected_closes: seen.unexpected_closes,
            reconnects: seen.reconnects,
            latency_ms: Latency { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1.0) },
            team_presence_messages: team.map(|checker| checker.tally.presence).sum(),
            behind_ms: measured.behind.as_secs_f64() * 1_000.0,
            cpu_s: measured.cpu.as_secs_f64(),
            cpu_us_per_delivery: measured.cpu.as_secs_f64() * 1e6 / seen.deliveries.max(1) as f64,
            examples,
        };
        report.ok = report.edits_acked > 0 && report.faults() == 0;
        Ok(report)
    }

    /// Everything that makes a run fail, added up.
    fn faults(&self) -> u64 {
        let wrong = self.lost + self.duplicated + self.leaked + self.holes + self.disordered + self.malformed;
        wrong + self.unexpected_closes + self.edits_unanswered
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let latency = &self.latency_ms;
        let rows: &[(&str, String)] = &[
            ("sessions", format!("{} ({} partner, {} team)", self.sessions, self.partner_sessions, self.team_sessions)),
            ("people", format!("{} partners of {} domains", self.partners, self.domains)),
            ("opened in", format!("{:.1} s", self.opened_in_s)),
            ("edits sent", self.edits_sent.to_string()),
            ("  acked", self.edits_acked.to_string()),
            ("  rejected", self.edits_rejected.to_string()),
            ("  unanswered", self.edits_unanswered.to_string()),
            ("deliveries", self.deliveries.to_string()),
            ("  a second", format!("{:.0} (over {:.1} s)", self.deliveries_per_s, self.seconds)),
            ("lost", self.lost.to_string()),
            ("duplicated", self.duplicated.to_string()),
            ("leaked", self.leaked.to_string()),
            ("holes", self.holes.to_string()),
            ("out of order", self.disordered.to_string()),
            ("unreadable", self.malformed.to_string()),
            ("unexpected closes", self.unexpected_closes.to_string()),
            ("reconnects", self.reconnects.to_string()),
            ("latency p50", format!("{:.2} ms", latency.p50)),
            ("  p90", format!("{:.2} ms", latency.p90)),
            ("  p99", format!("{:.2} ms", latency.p99)),
            ("  p99.9", format!("{:.2} ms", latency.p999)),
            ("  max", format!("{:.2} ms", latency.max)),
            ("team presence messages", self.team_presence_messages.to_string()),
            ("pacer behind, worst", format!("{:.1} ms", self.behind_ms)),
            ("own CPU", format!("{:.2} s, {:.2} µs a delivery", self.cpu_s, self.cpu_us_per_delivery)),
            ("seed", self.seed.to_string()),
        ];
        for (name, value) in rows {
            println!("{name:<24}{value}");
        }
        for example in &self.examples {
            println!("! {example}");
        }
        println!("{}", if self.ok { "PASS" } else { "FAIL" });
    }
}
