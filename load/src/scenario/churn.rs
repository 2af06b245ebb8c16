//! What people do beside editing: look at items, go idle, leave and come back.

use crate::cast::{Cast, PATIENCE};
use crate::gate::Gate;
use crate::stage::{Manner, Order};
use std::collections::{HashSet, VecDeque};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

/// How often somebody may do something.
const EVERY: Duration = Duration::from_millis(50);
/// A third of the partner sessions change their presence every five and a half seconds.
const LOOKS_A_SESSION_SECOND: f64 = 1.0 / 3.0 / 5.5;
/// What a team member looks at goes to every session, and edits are what is measured: one look in so long.
const TEAM_LOOKS_EVERY: Duration = Duration::from_secs(5);
/// How long somebody is away at most, in milliseconds.
const LONGEST_AWAY: u64 = 2_000;

/// Who is away, and until when.
pub(crate) struct Churn {
    chance: fastrand::Rng,
    away: VecDeque<(Instant, usize)>,
    who: HashSet<usize>,
}

impl Churn {
    /// Everybody is here.
    pub(crate) fn new(chance: fastrand::Rng) -> Self {
        Self { chance, away: VecDeque::new(), who: HashSet::new() }
    }

    /// Partners look around for a while, and `leaves` of them a second go and come back.
    pub(crate) async fn go_on(&mut self, cast: &Cast, items: &[Uuid], leaves: f64, lasting: Duration) {
        let (start, mut every) = (Instant::now(), interval(EVERY));
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut to_leave, mut to_look, mut team_looks) = (0.0, 0.0, start);
        let looks = cast.partners().len() as f64 * LOOKS_A_SESSION_SECOND;
        while start.elapsed() < lasting {
            every.tick().await;
            self.come_back(cast, Instant::now());
            to_leave += leaves * EVERY.as_secs_f64();
            to_look += looks * EVERY.as_secs_f64();
            while to_leave >= 1.0 {
                to_leave -= 1.0;
                self.leave(cast);
            }
            while to_look >= 1.0 {
                to_look -= 1.0;
                let session = self.chance.usize(cast.partners());
                self.look(cast, session, items);
            }
            if team_looks.elapsed() >= TEAM_LOOKS_EVERY {
                team_looks = Instant::now();
                self.look(cast, cast.team().len() - 1, items);
            }
        }
    }

    /// Everybody who is away comes back; whether all are seated.
    pub(crate) async fn end(&mut self, cast: &Cast) -> bool {
        let gate = Gate::new(self.away.len());
        for (_, session) in self.away.drain(..) {
            cast.tell(session, Order::Come(cast.now_us(), gate.ticket()));
        }
        self.who.clear();
        gate.wait(PATIENCE).await
    }

    fn look(&mut self, cast: &Cast, session: usize, items: &[Uuid]) {
        let viewing = self.chance.choice(items).copied().filter(|_| self.chance.u8(0..4) > 0);
        cast.tell(session, Order::Look(viewing, self.chance.u8(0..4) == 0));
    }

    fn leave(&mut self, cast: &Cast) {
        let session = self.chance.usize(cast.partners());
        if !self.who.insert(session) {
            return;
        }
        let manner = [Manner::Politely, Manner::Silently, Manner::Cut][self.chance.usize(0..3)];
        cast.tell(session, Order::Leave(manner, Gate::new(1).ticket()));
        let back = Instant::now() + Duration::from_millis(self.chance.u64(LONGEST_AWAY / 10..LONGEST_AWAY));
        let place = self.away.partition_point(|(other, _)| *other < back);
        self.away.insert(place, (back, session));
    }

    fn come_back(&mut self, cast: &Cast, now: Instant) {
        while self.away.front().is_some_and(|(back, _)| *back <= now) {
            let Some((_, session)) = self.away.pop_front() else { return };
            self.who.remove(&session);
            // Whether it could is in its tally.
            cast.tell(session, Order::Come(cast.now_us(), Gate::new(1).ticket()));
        }
    }
}
