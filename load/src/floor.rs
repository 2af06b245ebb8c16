//! The floor.

use clap::Args;

/// What to listen on.
#[derive(Args, Debug)]
pub(crate) struct Options {}

/// Runs until it is told to stop.
pub(crate) async fn run(_: &Options) -> anyhow::Result<bool> {
    anyhow::bail!("not built yet")
}
