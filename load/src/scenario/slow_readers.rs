//! Some sessions stop reading while large edits flow. Their sockets fill; then the server may close them (4008) or keep
//! them waiting, but it must not hold back anybody else, nor memory for them, and in the end they must have everything.

use crate::editor::editors_for;
use crate::options::Options as Common;
use crate::report::{Check, Findings, Report, Table};
use crate::run::{self, Needs, Play};
use crate::stage::Order;
use crate::tally::sum;
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::json;
use std::ops::Range;
use std::time::Duration;

/// How long those who read again may take to have everything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Latency counts as unchanged up to twice what it was, and this much: two cores are shared by everybody here.
const NOISE_MS: f64 = 5.0;

/// How many, how fat.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What every scenario takes; of --duration the slow ones read in the first quarter and in the last
    #[command(flatten)]
    pub(crate) common: Common,
    /// The part of the partner sessions that stops reading
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    slow: f64,
    /// Bytes of one edit: a socket on loopback swallows some 4 MB before it is full
    #[arg(long, value_name = "BYTES", default_value_t = 32_768, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    edit_bytes: u32,
}

/// A part of the run, as those felt it who read all the time.
#[derive(Debug, Serialize)]
struct Part {
    what: &'static str,
    deliveries: u64,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    server_kib: Option<u64>,
}

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let common = &options.common;
    anyhow::ensure!((0.0..=0.9).contains(&options.slow), "--slow must be from 0 to 0.9");
    let (rate, quarter) = (common.edits_per_second, Duration::from_secs(common.duration) / 4);
    let slow = ((common.sessions as f64 * options.slow).ceil() as usize).max(1);
    let needs = Needs {
        editors: editors_for(rate),
        edits: rate * (common.duration + 4),
        edit_bytes: options.edit_bytes as usize,
        slow,
        ..Needs::of("slow-readers")
    };
    run::play(common, needs, async |play: &mut Play| {
        play.everybody_comes().await?;
        let all = play.cast.all();
        let (swift, slow) = (0..all.end - slow, all.end - slow..all.end);
        let window = play.meter.open()?;
        let before = part(play, "all read", rate, quarter).await?;
        play.settle(all.clone()).await;

        play.meter.mark("some stop reading");
        slow.clone().for_each(|session| play.cast.tell(session, Order::Deafen));
        let during = part(play, "some don't", rate, quarter * 2).await?;
        play.settle(swift).await;

        play.meter.mark("they read again");
        slow.clone().for_each(|session| play.cast.tell(session, Order::Hear));
        let after = part(play, "all read again", rate, quarter).await?;
        play.settle(all).await;
        let behind = play.cast.reach(slow.clone(), play.last_acked(), PATIENCE).await;
        let mut findings = Findings::of(play.meter.close(&window)?);
        judge(play, &mut findings, [before, during, after], slow, behind).await?;
        Ok(findings)
    })
    .await
}

async fn part(play: &mut Play, what: &'static str, rate: u64, lasting: Duration) -> anyhow::Result<Part> {
    play.progress.step(&format!("{what}: {rate} large edits a second for {lasting:?}"));
    let window = play.meter.open()?;
    tokio::select! {
        () = play.edits.steadily(rate, lasting, None) => {}
        never = play.progress.clock(lasting) => match never {},
    }
    let cost = play.meter.close(&window)?;
    let at = |quantile| ms(&cost.latency, quantile);
    let server_kib = play.meter.server_kib();
    Ok(Part {
        what,
        deliveries: cost.deliveries,
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
        max_ms: at(1.0),
        server_kib,
    })
}

fn ms(latency: &Histogram<u64>, quantile: f64) -> f64 {
    latency.value_at_quantile(quantile) as f64 / 1_000.0
}

async fn judge(
    play: &Play,
    findings: &mut Findings,
    parts: [Part; 3],
    slow: Range<usize>,
    behind: usize,
) -> anyhow::Result<()> {
    let [before, during, after] = &parts;
    let sessions = slow.len();
    let tallies = play.cast.tallies(slow).await;
    let seen = sum(tallies.iter());
    let patient = tallies.iter().filter(|tally| tally.too_slow + tally.cut == 0).count();
    let detail =
        format!("{sessions}: {patient} kept, {} closed with 4008, {} cut; {behind} behind", seen.too_slow, seen.cut);
    findings.check(Check::that(behind == 0, "who didn't read is caught up in the end", &detail));
    // Up to p90: beyond, a disk's own pauses are larger than anything that readers do to each other.
    for (what, part) in [("while some don't read", during), ("while they catch up", after)] {
        for (quantile, was, is) in [("p50", before.p50_ms, part.p50_ms), ("p90", before.p90_ms, part.p90_ms)] {
            let detail = format!("{was:.2} ms before, {is:.2} ms then");
            let ok = is <= 2.0 * was + NOISE_MS;
            findings.check(Check::that(ok, &format!("{quantile} of the others is unchanged {what}"), &detail));
        }
    }
    let mut table = Table::new("Those who read", &["", "deliveries", "p50", "p90", "p99", "max", "server memory"]);
    for part in &parts {
        table.row([
            part.what.to_owned(),
            part.deliveries.to_string(),
            format!("{:.2} ms", part.p50_ms),
            format!("{:.2} ms", part.p90_ms),
            format!("{:.2} ms", part.p99_ms),
            format!("{:.2} ms", part.max_ms),
            part.server_kib.map_or("–".into(), |kib| format!("{:.1} MiB", kib as f64 / 1_024.0)),
        ]);
    }
    findings.table(table);
    findings.detail("parts", serde_json::to_value(&parts)?);
    let slow =
        json!({"sessions": sessions, "kept": patient, "closed_4008": seen.too_slow, "cut": seen.cut, "behind": behind});
    findings.detail("slow", slow);
    Ok(())
}
