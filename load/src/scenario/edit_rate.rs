//! Many editors on live sessions and few who watch: how many edits a second the server makes durable and acknowledges, and
//! how long one takes from its writing to its delivery at an easier rate.

use crate::options::{MOST_EDITS, Options as Common};
use crate::report::{Findings, Report, Table};
use crate::run::{self, Needs, Play};
use clap::Args;
use serde::Serialize;
use std::time::Duration;

/// How many, how hard.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What every scenario takes; --edits-per-second is the rate that is tried, 50000 as fast as it goes. What an editor
    /// sends a second, the server has to allow: --session-edits-per-second
    #[command(flatten)]
    pub(crate) common: Common,
    /// Editors, each with a connection of its own
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    editors: u64,
    /// Unanswered edits an editor has at most, in the mean over all, so that the server sets the pace; 0: the rate is kept whatever it does
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    in_flight: u64,
    /// The easier rate, first
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=50_000))]
    easy: u64,
}

/// One rate.
#[derive(Debug, Serialize)]
struct Rate {
    asked_a_second: u64,
    acked_a_second: f64,
    ack_ms: Quantiles,
    delivery_ms: Quantiles,
    server_cpu_us_per_edit: Option<f64>,
    server_cpu_us_per_delivery: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
}

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let common = &options.common;
    let rates = [options.easy, common.edits_per_second];
    let edits = (rates[0] + rates[1]) * common.duration;
    let needs = Needs { editors: options.editors as usize, edits, ..Needs::of("edit-rate") };
    let in_flight = (options.in_flight > 0).then_some(options.in_flight * options.editors);
    run::play(common, needs, async |play: &mut Play| {
        play.everybody_comes().await?;
        let window = play.meter.open()?;
        let mut results = Vec::new();
        for asked in rates {
            results.push(rate(play, asked, Duration::from_secs(common.duration), in_flight).await?);
        }
        let mut findings = Findings::of(play.meter.close(&window)?);
        tell(&mut findings, &results)?;
        Ok(findings)
    })
    .await
}

async fn rate(play: &mut Play, asked: u64, lasting: Duration, in_flight: Option<u64>) -> anyhow::Result<Rate> {
    play.progress.step(&format!("{} for {lasting:?}", pace(asked)));
    play.meter.mark(&pace(asked));
    let (acks, first) = (play.stage.world.acks.so_far()?, play.edits.count());
    let window = play.meter.open()?;
    tokio::select! {
        () = play.edits.steadily(asked, lasting, in_flight) => {}
        never = play.progress.clock(lasting) => match never {},
    }
    play.edits.answered().await;
    let acked_in = play.meter.close(&window)?.elapsed;
    play.settle(play.cast.all()).await;
    let cost = play.meter.close(&window)?;
    let mut ack = play.stage.world.acks.so_far()?;
    ack.subtract(&acks)?;
    let quantiles = |histogram: &hdrhistogram::Histogram<u64>| {
        let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Quantiles { p50: ms(0.5), p99: ms(0.99) }
    };
    Ok(Rate {
        asked_a_second: asked,
        acked_a_second: ack.len() as f64 / acked_in.as_secs_f64(),
        ack_ms: quantiles(&ack),
        delivery_ms: quantiles(&cost.latency),
        server_cpu_us_per_edit: cost.server_us_each(play.edits.count() - first),
        server_cpu_us_per_delivery: cost.server_us_each(cost.deliveries),
    })
}

fn pace(asked: u64) -> String {
    if asked == MOST_EDITS { "as fast as it goes".into() } else { format!("{asked} edits a second") }
}

fn tell(findings: &mut Findings, rates: &[Rate]) -> anyhow::Result<()> {
    let head = ["asked", "acknowledged", "ack p50", "ack p99", "delivery p50", "delivery p99", "server CPU an edit"];
    let mut table = Table::new("Rates", &head);
    for rate in rates {
        table.row([
            pace(rate.asked_a_second),
            format!("{:.0}/s", rate.acked_a_second),
            format!("{:.2} ms", rate.ack_ms.p50),
            format!("{:.2} ms", rate.ack_ms.p99),
            format!("{:.2} ms", rate.delivery_ms.p50),
            format!("{:.2} ms", rate.delivery_ms.p99),
            rate.server_cpu_us_per_edit.map_or("–".into(), |us| format!("{us:.0} µs")),
        ]);
    }
    if let Some(most) = rates.iter().map(|rate| rate.acked_a_second).reduce(f64::max) {
        findings.headline("acknowledged", format!("{most:.0} edits a second"));
    }
    findings.table(table);
    findings.detail("rates", serde_json::to_value(rates)?);
    Ok(())
}
