//! The fault suite: people at work in workspaces on several nodes while nodes, Redis, PostgreSQL and the network fail.
//!
//! Plans are made from seeds. After each: every acknowledged edit stands in the log once, every session's replica is
//! equal to its view of the log, positions are dense, nothing of one partner ever reached another, and after 20 s who
//! is shown to be there is there.
//!
//! - `LOGGIA_FAULT_SEED=n`: that plan alone. - `LOGGIA_FAULT_PLANS=n`: so many, in place of 200.
//! - `LOGGIA_FAULT_FROM=n`: from this seed on. - `LOGGIA_FAULT_SECONDS=n`: new plans for so long.
#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "tests")]

mod common;
#[path = "common/node.rs"]
mod node;
#[path = "common/proxy.rs"]
mod proxy;
#[path = "common/redis.rs"]
mod redis;

mod faults {
    pub mod check;
    pub mod lane;
    pub mod plan;
    pub mod replica;
    pub mod session;
    pub mod world;
}

use faults::lane::Lane;
use faults::plan::{self, LANES, Plan};
use faults::world::World;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::Instant as Clock;

/// Worlds that rounds take place in at the same time: most of a round is waiting.
const WORLDS: usize = 2;

/// A number that a variable of the environment gives.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(format!("LOGGIA_FAULT_{name}")).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("LOGGIA_FAULT_{name} is a number")))
}

#[derive(Debug, Default)]
struct Tally {
    plans: u64,
    edits: u64,
    faults: BTreeMap<String, u64>,
    failures: Vec<String>,
}

/// Carries out the plans of a round that are wanted.
async fn round(world: &World, seeds: Vec<u64>) -> Tally {
    let faults = plan::faults(plan::round_of(seeds[0]).0);
    let preparing = seeds.iter().map(|seed| Lane::prepare(world, Plan::new(*seed)));
    let mut lanes = futures_util::future::join_all(preparing).await;
    let acting = futures_util::future::join_all(lanes.iter_mut().map(Lane::act));
    tokio::join!(acting, world.suffer(&faults));
    let healed = Clock::now();
    let checking = futures_util::future::join_all(lanes.iter_mut().map(|lane| lane.check(healed)));
    let edits = checking.await.into_iter().sum::<u64>();
    let mut tally = Tally { plans: seeds.len() as u64, edits, ..Tally::default() };
    faults.iter().for_each(|one| *tally.faults.entry(one.fault.kind()).or_default() += 1);
    for lane in &mut lanes {
        let mut wrong = std::mem::take(&mut lane.violations);
        lane.sessions.iter().for_each(|one| wrong.extend(one.look().violations.iter().cloned()));
        if !wrong.is_empty() {
            let seed = lane.plan.seed;
            let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{seed}.log"));
            let (wrong, tails) = (wrong.join("\n  "), world.tails().await);
            let faults: Vec<_> = faults.iter().map(|one| format!("{one:?}")).collect();
            let all = format!("{}\n  {wrong}\n{}\n{}{tails}", lane.workspace, faults.join("\n"), lane.trace());
            std::fs::write(&file, all).unwrap();
            let file = file.display();
            let replay = format!("LOGGIA_FAULT_SEED={seed} cargo test --test faults plans");
            tally.failures.push(format!("{replay}\n  {wrong}\n  what happened: {file}"));
        }
    }
    for lane in lanes {
        futures_util::future::join_all(lane.sessions.into_iter().map(|session| session.end())).await;
    }
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans() {
    let begun = Instant::now();
    let one = setting("SEED");
    let seconds = setting("SECONDS").map(Duration::from_secs);
    // A soak looks where nobody looked before.
    let from = setting("FROM").unwrap_or_else(|| if seconds.is_some() { rand::random_range(0..1 << 40) } else { 0 });
    let count = setting("PLANS").unwrap_or(200);
    let next = Arc::new(AtomicU64::new(from / LANES));
    let take_round = move || -> Option<Vec<u64>> {
        let round = next.fetch_add(1, Ordering::Relaxed);
        let seeds: Vec<u64> = match (one, seconds) {
            (Some(seed), _) => [seed].into_iter().filter(|_| round == from / LANES).collect(),
            (None, Some(seconds)) => {
                (round * LANES..).take(LANES as usize).filter(|_| begun.elapsed() < seconds).collect()
            }
            (None, None) => {
                (round * LANES..(round + 1) * LANES).filter(|seed| (from..from + count).contains(seed)).collect()
            }
        };
        (!seeds.is_empty()).then_some(seeds)
    };
    let total = Arc::new(Mutex::new(Tally::default()));
    let worlds = (0..WORLDS).map(|_| {
        let (take_round, total) = (take_round.clone(), Arc::clone(&total));
        tokio::spawn(async move {
            let Some(mut seeds) = take_round() else { return };
            let world = World::start(plan::EDITORS).await;
            loop {
                let tally = round(&world, seeds).await;
                let failed = {
                    let mut total = total.lock().unwrap();
                    total.plans += tally.plans;
                    total.edits += tally.edits;
                    tally.faults.into_iter().for_each(|(kind, count)| *total.faults.entry(kind).or_default() += count);
                    total.failures.extend(tally.failures);
                    !total.failures.is_empty()
                };
                match take_round() {
                    Some(next) if !failed => seeds = next,
                    _ => return,
                }
            }
        })
    });
    for world in futures_util::future::join_all(worlds).await {
        world.unwrap();
    }
    let total = total.lock().unwrap();
    eprintln!("{} plans, {} edits, {:?}", total.plans, total.edits, begun.elapsed());
    total.faults.iter().for_each(|(kind, count)| eprintln!("  {count:4} {kind}"));
    let failures = &total.failures;
    assert!(failures.is_empty(), "{} plans failed:\n\n{}", failures.len(), failures.join("\n\n"));
}
