//! What is going on, on the terminal: a bar while it runs; a line a step where there is no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::convert::Infallible;
use std::io::IsTerminal;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the bar is looked after.
const EVERY: Duration = Duration::from_millis(100);

/// The bar.
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: bool,
}

impl Progress {
    /// No step so far.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = "{spinner} {msg:40} {bar:30.green/238} {pos:>7}/{len:7} {elapsed:>4}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("━╸━"));
        }
        Self { bar, plain: !std::io::stderr().is_terminal() }
    }

    /// A step begins.
    pub(crate) fn step(&self, what: &str) {
        if self.plain {
            eprintln!("{what} …");
        }
        self.bar.reset();
        self.bar.set_length(0);
        self.bar.set_message(what.to_owned());
        self.bar.enable_steady_tick(EVERY);
    }

    /// Keeps the bar at `at()` of `of`, for as long as it is polled.
    pub(crate) async fn follow(&self, of: usize, at: impl Fn() -> usize) -> Infallible {
        self.bar.set_length(of as u64);
        loop {
            self.bar.set_position(at() as u64);
            sleep(EVERY).await;
        }
    }

    /// Keeps the bar at the seconds gone of so many, for as long as it is polled.
    pub(crate) async fn clock(&self, of: Duration) -> Infallible {
        let start = Instant::now();
        self.follow(of.as_secs() as usize, || start.elapsed().as_secs() as usize).await
    }

    /// Says something that stays.
    pub(crate) fn say(&self, what: &str) {
        self.bar.suspend(|| eprintln!("{what}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
