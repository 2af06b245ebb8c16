//! Durable edits a second: editors that each wait for their answer, one workspace, a real file or database.
//!
//! `cargo bench --bench edit_rate -- [EDITORS [SECONDS]]`, with `LOGGIA_DATABASE_URL` for PostgreSQL (whose commits are not
//! counted). The CPU is that of the whole process: the editors' part,
//! which is to make a command and wait, is in it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that can't go on fails, and prints its figures")]

mod fixture;

use fixture::Fixture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Before the figures count: caches fill, the write-ahead log comes to its size.
const WARM_UP: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let editors = numbers.first().copied().unwrap_or(50);
    let seconds = numbers.get(1).copied().unwrap_or(8);

    let fixture = Arc::new(Fixture::furnish().await);
    let done = Arc::new(AtomicUsize::new(0));
    let mut waits = Vec::new();
    let stop = Instant::now() + WARM_UP + Duration::from_secs(seconds);
    for editor in 0..editors {
        let (fixture, done) = (Arc::clone(&fixture), Arc::clone(&done));
        waits.push(tokio::spawn(async move {
            let mut waits = Vec::new();
            let mut n = usize::try_from(editor).unwrap() * 97;
            while Instant::now() < stop {
                let begun = Instant::now();
                fixture.hub.command(fixture.id, fixture.edit(n)).await.unwrap();
                waits.push(begun.elapsed());
                done.fetch_add(1, Ordering::Relaxed);
                n += 1;
            }
            waits
        }));
    }
    let figures = || {
        (
            done.load(Ordering::Relaxed),
            fixture.sqlite.as_ref().map_or(0, |sqlite| sqlite.commits()),
            cpu(),
            Instant::now(),
        )
    };
    sleep(WARM_UP).await;
    let (edits, commits, used, begun) = figures();
    sleep(Duration::from_secs(seconds)).await;
    let (edits, commits, used, took) =
        (figures().0 - edits, figures().1 - commits, figures().2 - used, begun.elapsed().as_secs_f64());
    let mut all = Vec::new();
    for waits in waits {
        all.extend(waits.await.unwrap());
    }
    all.sort();
    println!(
        "{editors} editors: {:.0} edits/s, {:.1} µs CPU an edit, {:.0} commits/s; waits p50 {:?}, p99 {:?}, max {:?}",
        edits as f64 / took,
        used.as_micros() as f64 / edits as f64,
        commits as f64 / took,
        all[all.len() / 2],
        all[all.len() * 99 / 100],
        all[all.len() - 1],
    );
}

/// CPU time of this process so far, from `/proc` in ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = [fields[11], fields[12]].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
