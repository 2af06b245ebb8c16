//! Partners call an API through the server while everybody watches edits: what a send costs those who only watch. The
//! API is this process's own, on loopback: start the server with `--allow-target 127.0.0.1`. The API and who calls it stand
//! for other machines: they stand behind the sessions whose edits are timed, on threads of a lower priority (on Linux).

use crate::editor::editors_for;
use crate::options::Options as Common;
use crate::quartiles::Quartiles;
use crate::report::{Check, Findings, Report, Table};
use crate::run::{self, Needs, Play};
use anyhow::Context;
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What edits may take beside sends, as a multiple of what they take without.
const BOUND: f64 = 1.5;

/// How many, how slow.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What every scenario takes
    #[command(flatten)]
    pub(crate) common: Common,
    /// Rounds, which share --duration; each has a part with sends and a part without, in an order that changes
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Sends in flight at once, each of another partner
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    in_flight: u64,
    /// How long the API takes to answer
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(0..=20_000))]
    answer_ms: u64,
    /// Bytes of its answers' bodies
    #[arg(long, value_name = "BYTES", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(0..=8_000_000))]
    answer_bytes: u64,
}

/// Half a round.
#[derive(Debug, Serialize)]
struct Part {
    round: u32,
    deliveries: u64,
    p50_ms: f64,
    p99_ms: f64,
    sends: usize,
    server_cpu_s: Option<f64>,
}

/// Plays it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let common = &options.common;
    anyhow::ensure!(
        options.in_flight <= u64::from(common.partners()),
        "each send in flight needs a partner of its own"
    );
    let (rate, lasting) = (common.edits_per_second, Duration::from_secs(common.duration) / (2 * options.rounds));
    let edits = rate * (common.duration + 2 * u64::from(options.rounds));
    let needs = Needs { editors: editors_for(rate), edits, ..Needs::of("sends") };
    let elsewhere = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("elsewhere")
        .on_thread_start(stand_behind)
        .enable_all()
        .build()
        .context("starting the threads of the API and its callers")?;
    // For as long as the process: a runtime must not be dropped within another one.
    let elsewhere: &'static Runtime = Box::leak(Box::new(elsewhere));
    let target = upstream(options, elsewhere.handle()).await?;
    let answer_time = Duration::from_millis(options.answer_ms);
    run::play(common, needs, async |play: &mut Play| {
        play.everybody_comes().await?;
        let window = play.meter.open()?;
        let mut parts = Vec::new();
        for round in 1..=options.rounds {
            let mut both = [0, options.in_flight as usize];
            both.rotate_left(round as usize % 2);
            for in_flight in both {
                let what = if in_flight > 0 { "sends" } else { "no sends" };
                play.progress.step(&format!("round {round}, {what}: {rate} edits a second for {lasting:?}"));
                play.meter.mark(what);
                let senders = Senders { in_flight, target, answer_time, elsewhere: elsewhere.handle() };
                parts.push(part(play, round, rate, lasting, senders).await?);
            }
        }
        let mut findings = Findings::of(play.meter.close(&window)?);
        tell(&mut findings, &parts)?;
        Ok(findings)
    })
    .await
}

/// Who calls, and whom.
struct Senders<'a> {
    in_flight: usize,
    target: SocketAddr,
    answer_time: Duration,
    elsewhere: &'a Handle,
}

async fn part(
    play: &mut Play,
    round: u32,
    rate: u64,
    lasting: Duration,
    Senders { in_flight, target, answer_time, elsewhere }: Senders<'_>,
) -> anyhow::Result<Part> {
    let window = play.meter.open()?;
    let until = Instant::now() + lasting;
    let begin = |nth: usize| answer_time.mul_f64(nth as f64 / in_flight as f64);
    let mut senders: JoinSet<anyhow::Result<usize>> = JoinSet::new();
    for nth in 0..in_flight {
        senders.spawn_on(play.sender(nth, target, begin(nth), until), elsewhere);
    }
    play.edits.steadily(rate, lasting, None).await;
    let sent = senders.join_all().await.into_iter().collect::<anyhow::Result<Vec<usize>>>().context("sending")?;
    play.settle(play.cast.all()).await;
    let cost = play.meter.close(&window)?;
    Ok(Part {
        round,
        deliveries: cost.deliveries,
        p50_ms: ms(&cost.latency, 0.5),
        p99_ms: ms(&cost.latency, 0.99),
        sends: sent.iter().sum(),
        server_cpu_s: cost.server_us_each(1).map(|us| us / 1e6),
    })
}

fn ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1_000.0
}

/// An API that takes its time.
async fn upstream(options: &Options, elsewhere: &Handle) -> anyhow::Result<SocketAddr> {
    let binding = elsewhere.spawn(TcpListener::bind("127.0.0.1:0"));
    let listener = binding.await?.context("listening for what the server sends")?;
    let (address, delay) = (listener.local_addr()?, Duration::from_millis(options.answer_ms));
    let body = "x".repeat(options.answer_bytes as usize);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
    let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let answer: std::sync::Arc<[u8]> = answer.into_bytes().into();
    elsewhere.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move { serve(socket, delay, &answer).await });
        }
    });
    Ok(address)
}

async fn serve(mut socket: TcpStream, delay: Duration, answer: &[u8]) -> std::io::Result<()> {
    let mut lines = BufReader::new(&mut socket).lines();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    sleep(delay).await;
    socket.write_all(answer).await
}

fn tell(findings: &mut Findings, parts: &[Part]) -> anyhow::Result<()> {
    let mut table = Table::new("Edits", &["", "deliveries", "p50", "p99", "sends", "server CPU"]);
    for part in parts {
        table.row([
            format!("round {}, {}", part.round, if part.sends > 0 { "sends" } else { "no sends" }),
            part.deliveries.to_string(),
            format!("{:.2} ms", part.p50_ms),
            format!("{:.2} ms", part.p99_ms),
            part.sends.to_string(),
            part.server_cpu_s.map_or("–".into(), |seconds| format!("{seconds:.1} s")),
        ]);
    }
    let (with, without): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| part.sends > 0);
    anyhow::ensure!(with.len() == without.len(), "a part that was to send has sent nothing");
    // Near in time: the machine's own speed is in both, and a pause of its own spoils one round.
    let pairs = with.iter().zip(&without).map(|(with, without)| with.p99_ms / without.p99_ms);
    let ratio = Quartiles::of(pairs);
    findings.headline("p99 of an edit beside sends", format!("{ratio} × without"));
    let p99 = |parts: &[&Part]| Quartiles::of(parts.iter().map(|part| part.p99_ms));
    let detail = format!("p99 {ratio} × without: {} ms, {} ms", p99(&with), p99(&without));
    findings.check(Check::that(ratio.median <= BOUND, "sends hold back nobody's edits", &detail));
    findings.table(table);
    findings.detail("parts", serde_json::to_value(parts)?);
    Ok(())
}

#[cfg(target_os = "linux")]
fn stand_behind() {
    if let Err(error) = rustix::process::nice(10) {
        eprintln!("The API and its callers have the priority of everybody: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn stand_behind() {}
