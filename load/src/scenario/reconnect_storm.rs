//! Every partner's connection is cut, edits are made meanwhile, and all come back at once: everybody must be caught up,
//! with nothing lost or doubled, and one return must not cost more because many return.

use super::steps::Steps;
use crate::editor::EDITS_A_SESSION;
use crate::options::Options as Common;
use crate::report::{Check, Findings, Report, Table};
use crate::run::{self, Needs, Play};
use crate::stage::Manner;
use clap::Args;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long those who return may take to have everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many, how far behind.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What every scenario takes; --duration is how long edits flow before the cut
    #[command(flatten)]
    pub(crate) common: Common,
    /// Edits that are made while they are away
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    behind: u64,
    /// The part of those who return that reads the workspace anew, too
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    snapshots: f64,
    /// Several numbers of sessions, one after the other, as in 1000,3000,10000; instead of --sessions
    #[arg(long, value_name = "N,N,…")]
    steps: Option<Steps>,
}

/// One storm.
#[derive(Debug, Serialize)]
struct Storm {
    sessions: usize,
    behind: u64,
    /// From the first wish to come back until everybody had everything.
    caught_up_in_s: f64,
    /// Sessions that never had.
    left_behind: usize,
    /// The server's CPU for one resume, up to the last missed edit.
    cpu_us_per_resume: Option<f64>,
    /// Snapshots read.
    snapshots: usize,
    /// The server's CPU for one of them.
    cpu_us_per_snapshot: Option<f64>,
    /// Snapshots that differed between partners, or came whole although nothing had changed.
    odd_snapshots: usize,
}

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    anyhow::ensure!((0.0..=1.0).contains(&options.snapshots), "--snapshots must be from 0 to 1");
    let steps = Steps::of(options.steps.as_ref(), options.common.sessions);
    let common = options.common.with_sessions(steps.last().copied().unwrap_or(1));
    let each = common.edits_per_second * common.duration + options.behind;
    let editors = options.behind.max(common.edits_per_second).div_ceil(EDITS_A_SESSION) as usize;
    let needs = Needs { editors, edits: each * steps.len() as u64, ..Needs::of("reconnect-storm") };
    run::play(&common, needs, async |play: &mut Play| {
        play.progress.step("The team comes");
        play.cast.come(play.cast.team(), &play.progress).await?;
        let window = play.meter.open()?;
        let mut storms = Vec::new();
        for sessions in steps {
            storms.push(storm(play, options, sessions).await?);
        }
        let mut findings = Findings::of(play.meter.close(&window)?);
        judge(&mut findings, &storms)?;
        Ok(findings)
    })
    .await
}

async fn storm(play: &mut Play, options: &Options, sessions: usize) -> anyhow::Result<Storm> {
    let (first, common) = (play.cast.partners().start, &options.common);
    let (who, everybody) = (first..first + sessions, 0..first + sessions);
    play.progress.step(&format!("{sessions} sessions come"));
    play.cast.come(who.clone(), &play.progress).await?;
    let before = Duration::from_secs(common.duration);
    play.progress.step(&format!("{} edits a second for {before:?}", common.edits_per_second));
    play.edits.steadily(common.edits_per_second, before, None).await;
    play.settle(everybody.clone()).await;

    play.progress.step(&format!("{sessions} connections are cut, and {} edits made", options.behind));
    play.meter.mark("cut");
    play.cast.leave(who.clone(), Manner::Cut).await?;
    // The editors may send as many at once only after a pause.
    sleep(Duration::from_secs(2)).await;
    play.edits.burst(options.behind);
    play.settle(play.cast.team()).await;

    let readers = (sessions as f64 * options.snapshots) as usize;
    play.progress.step(&format!("{readers} read the workspace"));
    let window = play.meter.open()?;
    let odd_snapshots = play.read_snapshots(readers).await?;
    // Each reads twice: the second time it has it.
    let cpu_us_per_snapshot = play.meter.close(&window)?.server_us_each(2 * readers as u64);

    play.progress.step(&format!("{sessions} sessions resume"));
    play.meter.mark("back");
    let (window, start) = (play.meter.open()?, Instant::now());
    play.cast.come(who.clone(), &play.progress).await?;
    let left_behind = play.cast.reach(who.clone(), play.last_acked(), PATIENCE).await;
    let caught_up_in = start.elapsed();
    let cost = play.meter.close(&window)?;
    play.progress.step(&format!("{sessions} sessions leave"));
    play.cast.leave(who, Manner::Politely).await?;
    Ok(Storm {
        sessions,
        behind: options.behind,
        caught_up_in_s: caught_up_in.as_secs_f64(),
        left_behind,
        cpu_us_per_resume: cost.server_us_each(sessions as u64),
        snapshots: readers,
        cpu_us_per_snapshot,
        odd_snapshots,
    })
}

fn judge(findings: &mut Findings, storms: &[Storm]) -> anyhow::Result<()> {
    let left: usize = storms.iter().map(|storm| storm.left_behind).sum();
    let odd: usize = storms.iter().map(|storm| storm.odd_snapshots).sum();
    findings.check(Check::that(left == 0, "everybody is caught up", &format!("{left} sessions are not")));
    findings.check(Check::that(odd == 0, "partners read one and the same snapshot", &format!("{odd} differ")));
    let mut table = Table::new(
        "Returns",
        &["sessions", "behind", "all caught up in", "CPU a resume", "snapshots", "CPU a snapshot"],
    );
    let us = |value: Option<f64>| value.map_or("–".into(), |us| format!("{us:.0} µs"));
    for storm in storms {
        table.row([
            storm.sessions.to_string(),
            format!("{} edits", storm.behind),
            format!("{:.2} s", storm.caught_up_in_s),
            us(storm.cpu_us_per_resume),
            storm.snapshots.to_string(),
            us(storm.cpu_us_per_snapshot),
        ]);
    }
    if let Some(Storm { sessions, caught_up_in_s, cpu_us_per_resume, .. }) = storms.last() {
        findings.headline("all caught up", format!("{caught_up_in_s:.2} s for {sessions}"));
        findings.headline("server CPU", cpu_us_per_resume.map_or("–".into(), |us| format!("{us:.0} µs a resume")));
    }
    findings.table(table);
    findings.detail("storms", serde_json::to_value(storms)?);
    Ok(())
}
