//! Edits at a steady rate, partners looking around, a twentieth of them leaving once and coming back.

use super::churn::Churn;
use crate::editor::editors_for;
use crate::options::Options;
use crate::report::{Findings, Report};
use crate::run::{self, Needs, Play};
use std::time::Duration;

/// The part of the partner sessions that leaves and comes back.
const LEAVING: f64 = 0.05;

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let (rate, lasting) = (options.edits_per_second, Duration::from_secs(options.duration));
    let needs = Needs { editors: editors_for(rate), edits: rate * options.duration, ..Needs::of("steady") };
    run::play(options, needs, async |play: &mut Play| {
        play.everybody_comes().await?;
        play.progress.step(&format!("{rate} edits a second for {lasting:?}"));
        let window = play.meter.open()?;
        let mut churn = Churn::new(play.chance.fork());
        let leaves = LEAVING * play.cast.partners().len() as f64 / lasting.as_secs_f64();
        tokio::select! {
            _ = async { tokio::join!(
                play.edits.steadily(rate, lasting, None),
                churn.go_on(&play.cast, &play.items, leaves, lasting),
            ) } => {}
            never = play.progress.clock(lasting) => match never {},
        }
        churn.end(&play.cast).await;
        play.settle(play.cast.all()).await;
        Ok(Findings::of(play.meter.close(&window)?))
    })
    .await
}
