//! Thousands of partners join within two seconds while the team watches. To other partners it must be as if nothing
//! happened; the team may be told once a tick; and one join must not cost more because many join.

use super::steps::Steps;
use crate::options::Options as Common;
use crate::report::{Check, Findings, Report, Table};
use crate::run::{self, Needs, Play};
use crate::stage::Manner;
use crate::tally::Tally;
use clap::Args;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The server conflates presence for so long.
const TICK: Duration = Duration::from_millis(50);

/// How many, how fast.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What every scenario takes; --duration is how long they stay
    #[command(flatten)]
    pub(crate) common: Common,
    /// Seconds within which they join
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    within: f64,
    /// Several numbers of sessions, one after the other, as in 1000,3000,10000; instead of --sessions
    #[arg(long, value_name = "N,N,…")]
    steps: Option<Steps>,
}

/// One storm.
#[derive(Debug, Serialize)]
struct Storm {
    sessions: usize,
    /// From the first wish to the last seat.
    seated_in_s: f64,
    /// From a session's wish to its seat, half of them.
    p50_ms: f64,
    /// The same, of the slowest hundredth.
    p99_ms: f64,
    /// The server's CPU for one join, all of it.
    cpu_us_per_join: Option<f64>,
    /// The same, less that of a handshake that takes no seat.
    cpu_us_per_seat: Option<f64>,
    /// Frames at partner sessions that are neither welcome, presence, nor of their own other sessions.
    foreign_frames: u64,
    /// Changes of presence at partner sessions: their person's other sessions.
    own_deltas: u64,
    /// The most changes of presence that a team session was sent.
    team_deltas: u64,
    /// How many ticks there were.
    ticks: u64,
}

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    anyhow::ensure!((0.0..=600.0).contains(&options.within), "--within must be from 0 to 600 seconds");
    let steps = Steps::of(options.steps.as_ref(), options.common.sessions);
    let most = steps.last().copied().unwrap_or(1);
    let common = options.common.with_sessions(most);
    run::play(&common, Needs::of("join-storm"), async |play: &mut Play| {
        let team = play.cast.team();
        play.progress.step("The team comes");
        play.cast.come(team, &play.progress).await?;
        let window = play.meter.open()?;
        let mut storms = Vec::new();
        for sessions in steps {
            storms.push(storm(play, options, sessions).await?);
        }
        let mut findings = Findings::of(play.meter.close(&window)?);
        judge(&mut findings, &storms, common.partners() as usize == most)?;
        Ok(findings)
    })
    .await
}

/// The server's CPU for a handshake that takes no seat, in microseconds: as many as will join, at the same pace, since a
/// server that is woken for each costs more than one that finds the next one waiting.
async fn knocks(play: &Play, count: usize, within: Duration) -> anyhow::Result<Option<f64>> {
    play.progress.step(&format!("{count} handshakes without a seat"));
    let window = play.meter.open()?;
    play.knock(count, within).await?;
    Ok(play.meter.close(&window)?.server_us_each(count as u64))
}

async fn storm(play: &Play, options: &Options, sessions: usize) -> anyhow::Result<Storm> {
    let first = play.cast.partners().start;
    let (who, within) = (first..first + sessions, Duration::from_secs_f64(options.within));
    let knock_us = knocks(play, sessions, within).await?;
    let before = tallies(play, sessions).await;
    play.progress.step(&format!("{sessions} sessions join within {within:?}"));
    play.meter.mark(&format!("{sessions} join"));
    let seatings = play.stage.world.seatings.so_far()?;
    let (window, start) = (play.meter.open()?, Instant::now());
    play.cast.come_within(who.clone(), within, &play.progress).await?;
    let seated_in = start.elapsed();
    // What is told of the last ones is part of it.
    sleep(TICK * 4).await;
    let cost = play.meter.close(&window)?;
    sleep(Duration::from_secs(options.common.duration)).await;
    let mut took = play.stage.world.seatings.so_far()?;
    took.subtract(&seatings)?;
    let after = tallies(play, sessions).await;
    play.progress.step(&format!("{sessions} sessions leave"));
    play.cast.leave(who, Manner::Politely).await?;
    // And what is told of that is not part of the next one.
    sleep(TICK * 10).await;

    let (team, partners) = (play.cast.team().len(), play.cast.team().len()..after.len());
    let told = |count: fn(&Tally) -> u64, who: std::ops::Range<usize>| {
        after[who.clone()].iter().zip(&before[who]).map(move |(after, before)| count(after) - count(before))
    };
    let cpu_us_per_join = cost.server_us_each(sessions as u64);
    Ok(Storm {
        sessions,
        seated_in_s: seated_in.as_secs_f64(),
        p50_ms: took.value_at_quantile(0.5) as f64 / 1_000.0,
        p99_ms: took.value_at_quantile(0.99) as f64 / 1_000.0,
        cpu_us_per_join,
        cpu_us_per_seat: cpu_us_per_join.zip(knock_us).map(|(join, knock)| join - knock),
        foreign_frames: told(|tally| tally.frames - tally.greetings - tally.deltas + tally.leaked, partners.clone())
            .sum(),
        own_deltas: told(|tally| tally.deltas_of_partners, partners).sum(),
        team_deltas: told(|tally| tally.deltas, 0..team).max().unwrap_or(0),
        ticks: cost.elapsed.as_millis().div_ceil(TICK.as_millis()) as u64 + 1,
    })
}

async fn tallies(play: &Play, partners: usize) -> Vec<Tally> {
    play.cast.tallies(0..play.cast.team().len() + partners).await
}

fn judge(findings: &mut Findings, storms: &[Storm], alone: bool) -> anyhow::Result<()> {
    let foreign: u64 = storms.iter().map(|storm| storm.foreign_frames).sum();
    let own: u64 = storms.iter().map(|storm| storm.own_deltas).sum();
    findings.check(Check::that(foreign == 0, "other partners are sent nothing", &format!("{foreign} frames")));
    if alone {
        // With one session each there is nobody of one's own to be told of.
        findings.check(Check::that(own == 0, "not a change of presence, either", &format!("{own} changes")));
    }
    let worst = storms.iter().max_by_key(|storm| storm.team_deltas * 1_000 / storm.ticks);
    if let Some(Storm { team_deltas, ticks, .. }) = worst {
        let detail = format!("{team_deltas} in {ticks} ticks");
        findings.check(Check::that(team_deltas <= ticks, "the team is told at most once a tick", &detail));
    }
    let mut table = Table::new(
        "Joins",
        &[
            "sessions",
            "seated in",
            "seat p50",
            "seat p99",
            "CPU a join",
            "less handshake",
            "team deltas",
            "ticks",
            "own deltas",
        ],
    );
    let us = |value: Option<f64>| value.map_or("–".into(), |us| format!("{us:.0} µs"));
    for storm in storms {
        table.row([
            storm.sessions.to_string(),
            format!("{:.2} s", storm.seated_in_s),
            format!("{:.1} ms", storm.p50_ms),
            format!("{:.1} ms", storm.p99_ms),
            us(storm.cpu_us_per_join),
            us(storm.cpu_us_per_seat),
            storm.team_deltas.to_string(),
            storm.ticks.to_string(),
            storm.own_deltas.to_string(),
        ]);
    }
    if let Some(Storm { sessions, seated_in_s, cpu_us_per_join, .. }) = storms.last() {
        findings.headline("all seated", format!("{seated_in_s:.2} s for {sessions}"));
        findings.headline("server CPU", cpu_us_per_join.map_or("–".into(), |us| format!("{us:.0} µs a join")));
    }
    findings.table(table);
    findings.detail("storms", serde_json::to_value(storms)?);
    Ok(())
}
