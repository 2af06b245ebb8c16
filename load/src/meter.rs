//! Measures while a run goes on: deliveries, latency and memory over time, and CPU between two moments.

use crate::latency;
use crate::process;
use crate::stage::Stage;
use anyhow::Context;
use cpu_time::ProcessTime;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often a sample is taken at first.
const EVERY: Duration = Duration::from_millis(500);
/// So many samples are kept; then every other one goes, and half as many are taken.
const SAMPLES: usize = 480;

/// One moment of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    /// Seconds since the zero of the run.
    pub(crate) at_s: f64,
    /// Sessions that are seated.
    pub(crate) sessions: usize,
    /// Deliveries since the beginning.
    pub(crate) deliveries: u64,
    /// Median latency since the sample before, if anything was delivered.
    pub(crate) p50_ms: Option<f64>,
    /// The same, of the slowest hundredth.
    pub(crate) p99_ms: Option<f64>,
    /// Resident memory of the server's processes.
    pub(crate) server_kib: Option<u64>,
    /// CPU time that they have used since the beginning.
    pub(crate) server_cpu_s: Option<f64>,
    /// The harness's own resident memory.
    pub(crate) own_kib: u64,
}

/// A moment with a name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Mark {
    /// Seconds since the zero of the run.
    pub(crate) at_s: f64,
    /// What happened.
    pub(crate) what: String,
}

/// How it went over time.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Series {
    /// Moments, evenly spaced.
    pub(crate) samples: Vec<Sample>,
    /// What happened when.
    pub(crate) marks: Vec<Mark>,
}

/// Takes samples until it is dropped.
pub(crate) struct Meter {
    stage: Arc<Stage>,
    pids: Vec<u32>,
    series: Arc<Mutex<Series>>,
    task: JoinHandle<()>,
}

/// A beginning, to be compared with an end.
pub(crate) struct Window {
    start: Instant,
    own: ProcessTime,
    server: Option<Duration>,
    deliveries: u64,
    latency: Histogram<u64>,
}

/// What came between the two.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    /// How long it was.
    pub(crate) elapsed: Duration,
    /// The harness's own CPU time, all cores.
    pub(crate) own_cpu: Duration,
    /// That of the server's processes.
    pub(crate) server_cpu: Option<Duration>,
    /// Deliveries.
    pub(crate) deliveries: u64,
    /// How long they took, in microseconds.
    pub(crate) latency: Histogram<u64>,
}

impl Cost {
    /// Microseconds of the server's CPU for each of `count` things.
    pub(crate) fn server_us_each(&self, count: u64) -> Option<f64> {
        self.server_cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / count.max(1) as f64)
    }
}

/// An error names the process that can't be measured.
pub(crate) fn check(pids: &[u32]) -> anyhow::Result<()> {
    for pid in pids {
        process::cpu(*pid).and(process::resident_kib(*pid)).with_context(|| format!("--server-pid {pid}"))?;
    }
    Ok(())
}

impl Meter {
    /// Begins, with processes that were checked.
    pub(crate) fn start(stage: &Arc<Stage>, pids: &[u32]) -> Self {
        let series = Arc::new(Mutex::new(Series::default()));
        let task = tokio::spawn(sample(stage.clone(), pids.to_vec(), series.clone()));
        Self { stage: stage.clone(), pids: pids.to_vec(), series, task }
    }

    /// Something happens now.
    pub(crate) fn mark(&self, what: &str) {
        let mark = Mark { at_s: self.stage.clock.elapsed().as_secs_f64(), what: what.to_owned() };
        self.series.lock().unwrap_or_else(PoisonError::into_inner).marks.push(mark);
    }

    /// From now on.
    pub(crate) fn open(&self) -> anyhow::Result<Window> {
        let deliveries = &self.stage.world.deliveries;
        Ok(Window {
            start: Instant::now(),
            own: ProcessTime::now(),
            server: self.server_cpu(),
            deliveries: deliveries.count(),
            latency: deliveries.so_far()?,
        })
    }

    /// Until now.
    pub(crate) fn close(&self, window: &Window) -> anyhow::Result<Cost> {
        let deliveries = &self.stage.world.deliveries;
        let mut latency = deliveries.so_far()?;
        latency.subtract(&window.latency)?;
        Ok(Cost {
            elapsed: window.start.elapsed(),
            own_cpu: window.own.elapsed(),
            server_cpu: self.server_cpu().zip(window.server).map(|(end, start)| end.saturating_sub(start)),
            deliveries: deliveries.count() - window.deliveries,
            latency,
        })
    }

    /// CPU time of the server's processes so far; none when none was named, or one is gone.
    fn server_cpu(&self) -> Option<Duration> {
        cpu(&self.pids)
    }

    /// Resident memory of the server's processes.
    pub(crate) fn server_kib(&self) -> Option<u64> {
        memory(&self.pids)
    }

    /// All samples so far.
    pub(crate) fn series(&self) -> Series {
        self.series.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn cpu(pids: &[u32]) -> Option<Duration> {
    (!pids.is_empty()).then(|| pids.iter().map(|pid| process::cpu(*pid).ok()).sum())?
}

fn memory(pids: &[u32]) -> Option<u64> {
    (!pids.is_empty()).then(|| pids.iter().map(|pid| process::resident_kib(*pid).ok()).sum())?
}

async fn sample(stage: Arc<Stage>, pids: Vec<u32>, series: Arc<Mutex<Series>>) {
    let (mut every, mut skip, mut tick) = (interval(EVERY), 1_u64, 0_u64);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Ok(mut before) = latency::histogram() else { return };
    loop {
        every.tick().await;
        tick += 1;
        if !tick.is_multiple_of(skip) {
            continue;
        }
        let Ok(so_far) = stage.world.deliveries.so_far() else { return };
        let mut between = so_far.clone();
        if between.subtract(&before).is_err() {
            return;
        }
        before = so_far;
        let at = |quantile| (!between.is_empty()).then(|| between.value_at_quantile(quantile) as f64 / 1_000.0);
        let sample = Sample {
            at_s: stage.clock.elapsed().as_secs_f64(),
            sessions: stage.here(),
            deliveries: stage.world.deliveries.count(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            server_kib: memory(&pids),
            server_cpu_s: cpu(&pids).map(|cpu| cpu.as_secs_f64()),
            own_kib: process::resident_kib(std::process::id()).unwrap_or(0),
        };
        let mut series = series.lock().unwrap_or_else(PoisonError::into_inner);
        series.samples.push(sample);
        if series.samples.len() >= SAMPLES {
            let mut nth = 0;
            series.samples.retain(|_| {
                nth += 1;
                nth % 2 == 0
            });
            skip *= 2;
        }
    }
}
