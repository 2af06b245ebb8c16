//! Nothing about one partner reaches another: Ann's whole byte stream is the same whether Bea (of another company)
//! and Cy (of Ann's own) are there and busy, or were never there.
//!
//! A random schedule is run twice, each time on a server of its own: once with what Bea and Cy do, and what the team
//! does to them, and once without. What Ann and the team do is the same. Everything Ann reads (HTTP answers as raw
//! bytes, handshakes, frames, close codes) must then be equal, but for times and random ids, which are masked.
//!
//! Ann's own steps and the team's wait for what they cause on each of her sockets, so that a difference is never one
//! of timing; hidden steps wait for nothing of hers.
#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "tests")]

mod common;

mod noninterference {
    pub mod ann;
    pub mod hidden;
    pub mod mask;
    pub mod schedule;
    pub mod team;
    pub mod upstream;
    pub mod world;
}

use noninterference::schedule::schedule;
use noninterference::world::run;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};

fn config() -> Config {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 24 };
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    Config { cases, max_shrink_iters: 400, failure_persistence: Some(Box::new(kept)), ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_partner_reads_the_same_whether_others_are_busy_or_absent(schedule in schedule()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let both = async { tokio::join!(run(&schedule, true), run(&schedule, false)) };
        let (busy, absent) = runtime.block_on(both);
        let longer = busy.len().max(absent.len());
        if let Some(line) = (0..longer).find(|line| busy.get(*line) != absent.get(*line)) {
            let (busy, absent) = (busy.get(line), absent.get(line));
            prop_assert!(false, "Ann's line {line} differs.\n  others busy:   {busy:?}\n  others absent: {absent:?}");
        }
    }
}
