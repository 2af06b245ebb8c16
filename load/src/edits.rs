//! The edits of a run: numbers them, and has whoever edits send them, evenly or back to back.

use crate::cast::Cast;
use crate::stage::Stage;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

/// How long the last answers, and then the last deliveries, may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// One edit, to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    /// Its number in the run.
    pub(crate) n: u64,
    /// Of what.
    pub(crate) item: Uuid,
    /// When it was asked for: what waits in the harness counts, too.
    pub(crate) at_us: u64,
}

/// Who sends edits, in turn.
pub(crate) type Desks = Vec<Box<dyn Fn(Edit)>>;

/// How many edits there were, and who sends the next.
pub(crate) struct Edits {
    stage: Arc<Stage>,
    items: Vec<Uuid>,
    desks: Desks,
    next: u64,
    chance: fastrand::Rng,
    /// How far the pacer fell behind its own schedule at worst: when that is more than a few milliseconds, the harness had
    /// no CPU left and the latencies say little about the server.
    pub(crate) behind: Duration,
}

impl Edits {
    /// These desks edit these items.
    pub(crate) fn new(stage: &Arc<Stage>, items: Vec<Uuid>, desks: Desks, chance: fastrand::Rng) -> Self {
        Self { stage: stage.clone(), items, desks, next: 0, chance, behind: Duration::ZERO }
    }

    /// How many were asked for so far.
    pub(crate) fn count(&self) -> u64 {
        self.next
    }

    /// So many edits back to back.
    pub(crate) fn burst(&mut self, edits: u64) {
        (0..edits).for_each(|_| self.send());
    }

    /// Edits at even distances for a while. With `in_flight`, never more than so many unanswered: then the server sets
    /// the pace where it is the slower one.
    pub(crate) async fn steadily(&mut self, a_second: u64, lasting: Duration, in_flight: Option<u64>) {
        let start = Instant::now();
        for nth in 0_u64.. {
            let at = Duration::from_nanos((u128::from(nth) * 1_000_000_000 / u128::from(a_second)) as u64);
            if at >= lasting {
                return;
            }
            if at > start.elapsed() {
                sleep_until(start + at).await;
            }
            if let Some(most) = in_flight {
                let room = until(&self.stage, |stage| stage.world.ledger.unanswered(self.next) < most);
                if timeout(lasting.saturating_sub(start.elapsed()), room).await.is_err() {
                    return;
                }
            } else {
                self.behind = self.behind.max(start.elapsed().saturating_sub(at));
            }
            self.send();
        }
    }

    fn send(&mut self) {
        let n = self.next;
        if n >= self.stage.world.ledger.len() as u64 {
            return;
        }
        self.next += 1;
        let item = self.chance.choice(&self.items).copied().unwrap_or_default();
        self.desks[n as usize % self.desks.len()](Edit { n, item, at_us: self.stage.now_us() });
    }

    /// Waits until every edit is answered; whether that came in time.
    pub(crate) async fn answered(&self) -> bool {
        let answers = until(&self.stage, |stage| stage.world.ledger.unanswered(self.next) == 0);
        timeout(PATIENCE, answers).await.is_ok()
    }

    /// Waits until every edit is answered and all of `who` have seen all of them; whether that came in time.
    pub(crate) async fn settled(&self, cast: &Cast, who: Range<usize>) -> bool {
        let answered = self.answered().await;
        answered & (cast.reach(who, self.stage.world.ledger.last_acked(), PATIENCE).await == 0)
    }
}

async fn until(stage: &Stage, reached: impl Fn(&Stage) -> bool) {
    while !reached(stage) {
        stage.world.ledger.changed.notified().await;
    }
}
