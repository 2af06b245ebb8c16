//! What came of it: the verdict, a table for people, JSON for machines.
#![allow(clippy::print_stdout, reason = "the table is what the command is for")]

use crate::checker::Checker;
use crate::meter::{Cost, Series};
use crate::options::Options;
use crate::tally::{examples, sum};
use crate::world::World;
use comfy_table::{LineStyle, TableStyle, presets};
use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// A line above, below, and under the head.
const STYLE: TableStyle = presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// So many things that went wrong are shown.
const EXAMPLES: usize = 20;

/// What a story found out beside what every session checks.
pub(crate) struct Findings {
    cost: Cost,
    checks: Vec<Check>,
    tables: Vec<Table>,
    details: Map<String, Value>,
    headlines: Vec<(&'static str, String)>,
}

/// Something that must hold.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    /// What.
    pub(crate) what: String,
    /// Whether it does.
    pub(crate) ok: bool,
    /// What was found.
    pub(crate) found: String,
}

/// Rows of a story's own.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What they are.
    pub(crate) title: &'static str,
    /// The columns' names.
    pub(crate) head: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
}

/// What the coordinator measured beside the checkers.
pub(crate) struct Measured {
    /// By the story.
    pub(crate) findings: Findings,
    /// Over time.
    pub(crate) series: Series,
    /// Edits that were asked for.
    pub(crate) asked: u64,
    /// How far the pacer fell behind at worst.
    pub(crate) behind: Duration,
    /// What snapshots gave away.
    pub(crate) snapshot_leaks: Vec<String>,
}

/// The outcome of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) scenario: &'static str,
    /// Whether nothing was lost, doubled, leaked, or closed, and all that the story asks for holds.
    pub(crate) ok: bool,
    seed: u64,
    sessions: usize,
    partner_sessions: usize,
    team_sessions: usize,
    partners: u32,
    domains: u32,
    seconds: f64,
    edits: Edits,
    deliveries: u64,
    deliveries_per_s: f64,
    lost: u64,
    duplicated: u64,
    leaked: u64,
    holes: u64,
    disordered: u64,
    malformed: u64,
    unexpected_closes: u64,
    slow_closes: u64,
    reconnects: u64,
    team_presence_messages: u64,
    /// From an edit's writing to its delivery.
    latency_ms: Latency,
    /// From an edit's writing to its ack.
    ack_ms: Latency,
    /// From a session's wish to come to its seat.
    seating_ms: Latency,
    server: Option<Server>,
    own: Own,
    behind_ms: f64,
    pub(crate) checks: Vec<Check>,
    /// What is the scenario's own.
    details: Map<String, Value>,
    pub(crate) over_time: Series,
    pub(crate) examples: Vec<String>,
    #[serde(skip)]
    pub(crate) tables: Vec<Table>,
    #[serde(skip)]
    own_headlines: Vec<(&'static str, String)>,
    /// Name and histogram of microseconds.
    #[serde(skip)]
    pub(crate) curves: Vec<(&'static str, Histogram<u64>)>,
}

#[derive(Debug, Serialize)]
struct Edits {
    sent: u64,
    acked: u64,
    rejected: u64,
    unanswered: u64,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p90: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Server {
    cpu_s: f64,
    cpu_us_per_delivery: f64,
    resident_kib: Resident,
}

#[derive(Debug, Serialize)]
struct Resident {
    start: u64,
    peak: u64,
    end: u64,
}

#[derive(Debug, Serialize)]
struct Own {
    cpu_s: f64,
    cpu_us_per_delivery: f64,
    resident_peak_kib: u64,
}

impl Check {
    /// Whether something holds, and what was found.
    pub(crate) fn that(ok: bool, what: &str, found: &str) -> Self {
        Self { what: what.to_owned(), ok, found: found.to_owned() }
    }
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(title: &'static str, head: &[&str]) -> Self {
        Self { title, head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl Findings {
    /// What it cost, and nothing else so far.
    pub(crate) fn of(cost: Cost) -> Self {
        Self { cost, checks: Vec::new(), tables: Vec::new(), details: Map::new(), headlines: Vec::new() }
    }

    /// Something that must hold.
    pub(crate) fn check(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Something to show.
    pub(crate) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// One of the figures that tell most.
    pub(crate) fn headline(&mut self, name: &'static str, value: String) {
        self.headlines.push((name, value));
    }

    /// Something for machines.
    pub(crate) fn detail(&mut self, name: &str, value: Value) {
        self.details.insert(name.to_owned(), value);
    }
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1.0) }
    }

    fn row(&self) -> String {
        let Self { p50, p90, p99, p999, max } = self;
        format!("p50 {p50:.2}, p90 {p90:.2}, p99 {p99:.2}, p99.9 {p999:.2}, max {max:.2} ms")
    }
}

impl Report {
    /// Compares what every session saw with what was acknowledged.
    pub(crate) fn new(
        scenario: &'static str,
        options: &Options,
        checkers: &[Checker],
        world: &World,
        measured: Measured,
    ) -> anyhow::Result<Self> {
        let Measured { findings: Findings { cost, checks, tables, details, headlines }, series, .. } = measured;
        let account = world.ledger.account();
        let tallies = checkers.iter().map(|checker| &checker.tally);
        let seen = sum(tallies.clone());
        let team = checkers.iter().filter(|checker| checker.is_team());
        let (acks, seatings) = (world.acks.so_far()?, world.seatings.so_far()?);
        let seconds = cost.elapsed.as_secs_f64();
        let mut report = Self {
            scenario,
            ok: false,
            seed: options.seed,
            sessions: checkers.len(),
            partner_sessions: options.sessions,
            team_sessions: team.clone().count(),
            partners: options.partners(),
            domains: options.domains(),
            seconds,
            edits: Edits {
                sent: account.sent,
                acked: account.acked,
                rejected: account.rejected,
                unanswered: world.ledger.unanswered(measured.asked),
            },
            deliveries: cost.deliveries,
            deliveries_per_s: cost.deliveries as f64 / seconds,
            lost: checkers.iter().map(|checker| checker.lost(&account)).sum(),
            duplicated: seen.duplicated,
            leaked: seen.leaked + measured.snapshot_leaks.len() as u64,
            holes: seen.holes,
            disordered: seen.disordered + account.contradicted,
            malformed: seen.malformed,
            unexpected_closes: seen.unexpected_closes,
            slow_closes: seen.too_slow + seen.cut,
            reconnects: seen.reconnects,
            team_presence_messages: team.map(|checker| checker.tally.deltas).sum(),
            latency_ms: Latency::of(&cost.latency),
            ack_ms: Latency::of(&acks),
            seating_ms: Latency::of(&seatings),
            server: server(&cost, &series),
            own: Own {
                cpu_s: cost.own_cpu.as_secs_f64(),
                cpu_us_per_delivery: each(cost.own_cpu, cost.deliveries),
                resident_peak_kib: series.samples.iter().map(|sample| sample.own_kib).max().unwrap_or(0),
            },
            behind_ms: measured.behind.as_secs_f64() * 1_000.0,
            checks,
            details,
            over_time: series,
            examples: [measured.snapshot_leaks, examples(tallies, EXAMPLES)].concat(),
            tables,
            own_headlines: headlines,
            curves: vec![("delivery", cost.latency), ("ack", acks), ("seat", seatings)],
        };
        report.curves.retain(|(_, histogram)| !histogram.is_empty());
        let nothing = measured.asked > 0 && report.edits.acked == 0;
        report.ok = !nothing && report.faults() == 0 && report.checks.iter().all(|check| check.ok);
        Ok(report)
    }

    /// Everything that makes a run fail, added up.
    fn faults(&self) -> u64 {
        let wrong = self.lost + self.duplicated + self.leaked + self.holes + self.disordered + self.malformed;
        wrong + self.unexpected_closes + self.edits.unanswered + self.edits.rejected
    }

    /// Everything by name, as people read it.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String)> {
        let edits = &self.edits;
        let mut rows = vec![
            ("sessions", format!("{} ({} partner, {} team)", self.sessions, self.partner_sessions, self.team_sessions)),
            ("people", format!("{} partners of {} domains", self.partners, self.domains)),
            ("lasted", format!("{:.1} s", self.seconds)),
            (
                "edits",
                format!(
                    "{} sent, {} acknowledged, {} rejected, {} unanswered",
                    edits.sent, edits.acked, edits.rejected, edits.unanswered
                ),
            ),
            ("deliveries", format!("{}, {} a second", grouped(self.deliveries), grouped(self.deliveries_per_s as u64))),
            ("lost", self.lost.to_string()),
            ("duplicated", self.duplicated.to_string()),
            ("leaked", self.leaked.to_string()),
            ("holes, out of order, unreadable", format!("{}, {}, {}", self.holes, self.disordered, self.malformed)),
            ("closes", format!("{} unexpected, {} slow", self.unexpected_closes, self.slow_closes)),
            ("returns", self.reconnects.to_string()),
            ("team presence messages", self.team_presence_messages.to_string()),
        ];
        if self.deliveries > 0 {
            rows.push(("edit → delivery", self.latency_ms.row()));
            rows.push(("edit → ack", self.ack_ms.row()));
        }
        rows.push(("coming → seat", self.seating_ms.row()));
        if let Some(Server { cpu_s, cpu_us_per_delivery, resident_kib: Resident { start, peak, end } }) = &self.server {
            let mib = |kib: &u64| *kib as f64 / 1_024.0;
            rows.push(("server CPU", format!("{cpu_s:.2} s{}", self.a_delivery(*cpu_us_per_delivery))));
            rows.push((
                "server memory",
                format!("{:.1} MiB, at most {:.1}, in the end {:.1}", mib(start), mib(peak), mib(end)),
            ));
        }
        let own = &self.own;
        rows.push(("own CPU", format!("{:.2} s{}", own.cpu_s, self.a_delivery(own.cpu_us_per_delivery))));
        rows.push(("pacer behind, worst", format!("{:.1} ms", self.behind_ms)));
        rows.push(("seed", self.seed.to_string()));
        rows
    }

    /// The figures that tell most: name, value, and whether it is as it must be where that can be said.
    pub(crate) fn headlines(&self) -> Vec<(&'static str, String, Option<bool>)> {
        let none = |name, count: u64| (name, grouped(count), Some(count == 0));
        let mut headlines =
            vec![none("lost", self.lost), none("duplicated", self.duplicated), none("leaked", self.leaked)];
        let mut tell = |name, value| headlines.push((name, value, None));
        self.own_headlines.iter().for_each(|(name, value)| tell(name, value.clone()));
        if self.deliveries > 0 {
            tell("deliveries", format!("{} a second", grouped(self.deliveries_per_s as u64)));
            tell("latency p50", format!("{:.2} ms", self.latency_ms.p50));
            tell("latency p99", format!("{:.2} ms", self.latency_ms.p99));
        }
        if let Some(server) = &self.server {
            if self.deliveries > 0 {
                tell("server CPU", format!("{:.2} µs a delivery", server.cpu_us_per_delivery));
            }
            tell("server memory", format!("{:.0} MiB at most", server.resident_kib.peak as f64 / 1_024.0));
        }
        headlines.truncate(8);
        headlines
    }

    /// What it was, in a line.
    pub(crate) fn subtitle(&self) -> String {
        let Self { partner_sessions, team_sessions, partners, domains, seconds, .. } = self;
        format!(
            "{partner_sessions} sessions of {partners} partners from {domains} domains, {team_sessions} of the team, \
             {} edits, {seconds:.0} s",
            self.edits.sent
        )
    }

    fn a_delivery(&self, us: f64) -> String {
        if self.deliveries == 0 { String::new() } else { format!(", {us:.2} µs a delivery") }
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let mut table = comfy_table::Table::new();
        table.load_style(STYLE).set_header([self.scenario, ""]);
        self.rows().into_iter().for_each(|(name, value)| {
            table.add_row([name.to_owned(), value]);
        });
        println!("{table}");
        for Table { title, head, rows } in &self.tables {
            let mut table = comfy_table::Table::new();
            table.load_style(STYLE).set_header(head).add_rows(rows.clone());
            println!("\n{title}\n{table}");
        }
        println!();
        for Check { what, ok, found } in &self.checks {
            println!("{} {what}: {found}", if *ok { "✓" } else { "✗" });
        }
        for example in &self.examples {
            println!("! {example}");
        }
        println!("{}", if self.ok { "PASS" } else { "FAIL" });
    }
}

fn server(cost: &Cost, series: &Series) -> Option<Server> {
    let kib: Vec<u64> = series.samples.iter().filter_map(|sample| sample.server_kib).collect();
    let cpu = cost.server_cpu?;
    Some(Server {
        cpu_s: cpu.as_secs_f64(),
        cpu_us_per_delivery: each(cpu, cost.deliveries),
        resident_kib: Resident { start: *kib.first()?, peak: *kib.iter().max()?, end: *kib.last()? },
    })
}

/// With a comma at the thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let rest = digits.as_bytes()[first..].chunks(3).map(|three| String::from_utf8_lossy(three).into_owned());
    rest.fold(digits[..first].to_owned(), |text, three| text + "," + &three)
}

fn each(cpu: Duration, count: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [0, 999, 1_000, 12_345, 123_456, 1_234_567];
        assert_eq!(numbers.map(grouped), ["0", "999", "1,000", "12,345", "123,456", "1,234,567"]);
    }
}
