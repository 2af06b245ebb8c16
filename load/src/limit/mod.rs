//! The limit.

use clap::Args;

/// What to measure.
#[derive(Args, Debug)]
pub(crate) struct Options {}

/// Measures.
pub(crate) async fn run(_: &Options) -> anyhow::Result<bool> {
    anyhow::bail!("not built yet")
}
