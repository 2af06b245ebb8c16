//! A steady load with a burst every minute and people coming and going all the time, for as long as told: what grows with
//! time and not with load shows in the end.

use super::churn::Churn;
use crate::editor::{EDITS_A_SESSION, editors_for};
use crate::options::Options as Common;
use crate::report::{Findings, Report, Table};
use crate::run::{self, Needs, Play};
use clap::Args;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// A burst comes so often.
const BURST_EVERY: Duration = Duration::from_secs(60);
/// Memory is compared from here on: caches and pools have filled.
const WARM: f64 = 0.2;

/// How lively.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What every scenario takes
    #[command(flatten)]
    pub(crate) common: Common,
    /// Edits of the burst that comes every minute
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    burst: u64,
    /// The part of the partner sessions that leaves and comes back each minute
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    leaving: f64,
}

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let (common, burst) = (&options.common, options.burst);
    anyhow::ensure!((0.0..=60.0).contains(&options.leaving), "--leaving must be from 0 to 60");
    let (rate, lasting) = (common.edits_per_second, Duration::from_secs(common.duration));
    let bursts = lasting.as_secs().div_ceil(BURST_EVERY.as_secs());
    let needs = Needs {
        editors: editors_for(rate + burst.div_ceil(EDITS_A_SESSION) * EDITS_A_SESSION),
        edits: rate * common.duration + burst * bursts,
        ..Needs::of("soak")
    };
    run::play(common, needs, async |play: &mut Play| {
        play.everybody_comes().await?;
        play.progress.step(&format!("{rate} edits a second for {lasting:?}"));
        let window = play.meter.open()?;
        let mut churn = Churn::new(play.chance.fork());
        let leaves = options.leaving * play.cast.partners().len() as f64 / 60.0;
        let edits = async {
            let start = Instant::now();
            while start.elapsed() < lasting {
                play.edits.burst(burst);
                let until_next = BURST_EVERY.min(lasting.saturating_sub(start.elapsed()));
                play.edits.steadily(rate, until_next, None).await;
            }
        };
        tokio::select! {
            _ = async { tokio::join!(edits, churn.go_on(&play.cast, &play.items, leaves, lasting)) } => {}
            never = play.progress.clock(lasting) => match never {},
        }
        churn.end(&play.cast).await;
        play.settle(play.cast.all()).await;
        let mut findings = Findings::of(play.meter.close(&window)?);
        growth(play, &mut findings);
        Ok(findings)
    })
    .await
}

/// Memory of the warm server against the end: told, not judged, since a cache that fills is no leak.
fn growth(play: &Play, findings: &mut Findings) {
    let samples: Vec<_> =
        play.meter.series().samples.iter().filter_map(|sample| Some((sample.at_s, sample.server_kib?))).collect();
    let warm = samples.get((samples.len() as f64 * WARM) as usize).copied();
    let Some(((from_s, from_kib), (to_s, to_kib))) = warm.zip(samples.last().copied()) else {
        return;
    };
    let (hours, kib) = ((to_s - from_s) / 3_600.0, to_kib as f64 - from_kib as f64);
    let mut table = Table::new("Server memory", &["warm", "at the end", "growth"]);
    table.row([
        format!("{:.1} MiB", from_kib as f64 / 1_024.0),
        format!("{:.1} MiB", to_kib as f64 / 1_024.0),
        format!("{:.1} MiB an hour", kib / 1_024.0 / hours.max(1e-9)),
    ]);
    findings.table(table);
    findings.detail("growth_kib_per_hour", json!(kib / hours.max(1e-9)));
}
