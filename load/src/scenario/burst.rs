//! The edits of a steady load, but back to back: many frames wait for every session at once, and a server that writes
//! what waits together has far less to do.

use crate::editor::EDITS_A_SESSION;
use crate::edits::Edits;
use crate::options::Options as Common;
use crate::report::{Findings, Report};
use crate::run::{self, Needs, Play};
use clap::Args;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How many, how often.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What every scenario takes; --edits-per-second is the mean over the bursts
    #[command(flatten)]
    pub(crate) common: Common,
    /// Edits of one burst
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    burst: u64,
}

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let (burst, common) = (options.burst, &options.common);
    let every = Duration::from_secs_f64(burst as f64 / common.edits_per_second as f64);
    let bursts = (common.duration as f64 / every.as_secs_f64()).ceil().max(1.0) as u64;
    // A session may send 60 edits a second, and as many again at once.
    let editors = burst.div_ceil(EDITS_A_SESSION).max(common.edits_per_second.div_ceil(EDITS_A_SESSION));
    let needs = Needs { editors: editors as usize, edits: burst * bursts, ..Needs::of("burst") };
    run::play(common, needs, async |play: &mut Play| {
        play.everybody_comes().await?;
        play.progress.step(&format!("{bursts} bursts of {burst} edits, one every {every:?}"));
        let window = play.meter.open()?;
        tokio::select! {
            () = bursts_of(&mut play.edits, burst, every, bursts) => {}
            never = play.progress.clock(every * bursts as u32) => match never {},
        }
        play.settle(play.cast.all()).await;
        Ok(Findings::of(play.meter.close(&window)?))
    })
    .await
}

async fn bursts_of(edits: &mut Edits, burst: u64, every: Duration, bursts: u64) {
    let mut every = interval(every);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..bursts {
        every.tick().await;
        edits.burst(burst);
    }
}
