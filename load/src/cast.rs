//! The sessions as a story sees them: by number, the team's first, told what to do and waited for.

use crate::checker::Checker;
use crate::edits::{Desks, Edit};
use crate::gate::Gate;
use crate::progress::Progress;
use crate::session::Session;
use crate::stage::{Manner, Order, Plan, Stage};
use crate::tally::Tally;
use anyhow::{Context, bail};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long sessions may take to do what they are told.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// All sessions of a run.
pub(crate) struct Cast {
    stage: Arc<Stage>,
    orders: Vec<mpsc::UnboundedSender<Order>>,
    tasks: JoinSet<Checker>,
    team: usize,
}

impl Cast {
    /// A task a session; nobody is there yet. The first `team` are the team's.
    pub(crate) fn new(stage: &Arc<Stage>, plans: Vec<Plan>, team: usize) -> Self {
        let (mut orders, mut tasks) = (Vec::with_capacity(plans.len()), JoinSet::new());
        for plan in plans {
            let (sender, receiver) = mpsc::unbounded_channel();
            orders.push(sender);
            tasks.spawn(Session::new(stage.clone(), plan, receiver).run());
        }
        Self { stage: stage.clone(), orders, tasks, team }
    }

    /// The team's sessions.
    pub(crate) fn team(&self) -> Range<usize> {
        0..self.team
    }

    /// The partners' sessions.
    pub(crate) fn partners(&self) -> Range<usize> {
        self.team..self.orders.len()
    }

    /// Everybody.
    pub(crate) fn all(&self) -> Range<usize> {
        0..self.orders.len()
    }

    /// Microseconds since the zero of the run.
    pub(crate) fn now_us(&self) -> u64 {
        self.stage.now_us()
    }

    /// Tells one session.
    pub(crate) fn tell(&self, session: usize, order: Order) {
        // A session ends only when it is dismissed.
        let _ = self.orders[session].send(order);
    }

    /// Ways to have the first `editors` sessions edit.
    pub(crate) fn desks(&self, editors: usize) -> Desks {
        let desk = |orders: &mpsc::UnboundedSender<Order>| -> Box<dyn Fn(Edit)> {
            let orders = orders.clone();
            // A session ends only when it is dismissed.
            Box::new(move |edit| {
                let _ = orders.send(Order::Edit(edit));
            })
        };
        self.orders[..editors].iter().map(desk).collect()
    }

    /// Has sessions come, all at once, and waits until they are seated.
    pub(crate) async fn come(&self, who: Range<usize>, progress: &Progress) -> anyhow::Result<()> {
        self.come_within(who, Duration::ZERO, progress).await
    }

    /// Has sessions come, spread over a while, and waits until they are seated.
    pub(crate) async fn come_within(
        &self,
        who: Range<usize>,
        within: Duration,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let (gate, start, count) = (Gate::new(who.len()), Instant::now(), who.len());
        let coming = async {
            for (nth, session) in who.enumerate() {
                let due = start + within.mul_f64(nth as f64 / count as f64);
                if due > Instant::now() {
                    sleep_until(due).await;
                }
                self.tell(session, Order::Come(self.stage.now_us(), gate.ticket()));
            }
        };
        let here = self.stage.here();
        let followed = progress.follow(here + count, || self.stage.here());
        let ((), seated) = tokio::select! {
            both = async { tokio::join!(coming, gate.wait(PATIENCE + within)) } => both,
            never = followed => match never {},
        };
        match (seated, gate.failures().first()) {
            (true, _) => Ok(()),
            (false, Some(why)) => bail!("{why} ({} failed, {} missing)", gate.failures().len(), gate.left()),
            (false, None) => bail!("{} sessions were not seated in {PATIENCE:?}", gate.left()),
        }
    }

    /// Has sessions go, and waits until they are gone.
    pub(crate) async fn leave(&self, who: Range<usize>, manner: Manner) -> anyhow::Result<()> {
        let gate = Gate::new(who.len());
        who.for_each(|session| self.tell(session, Order::Leave(manner, gate.ticket())));
        if !gate.wait(PATIENCE).await {
            bail!("{} sessions did not leave in {PATIENCE:?}", gate.left());
        }
        Ok(())
    }

    /// Waits until all sessions of `who` have seen everything up to a shared position; how many have not.
    pub(crate) async fn reach(&self, who: Range<usize>, position: u64, patience: Duration) -> usize {
        let gate = Gate::new(who.len());
        who.for_each(|session| self.tell(session, Order::Reach(position, gate.ticket())));
        gate.wait(patience).await;
        gate.left() + gate.failures().len()
    }

    /// What sessions saw so far.
    pub(crate) async fn tallies(&self, who: Range<usize>) -> Vec<Tally> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        who.clone().for_each(|session| self.tell(session, Order::Tell(sender.clone())));
        drop(sender);
        let mut told = HashMap::with_capacity(who.len());
        while let Some((session, tally)) = receiver.recv().await {
            told.insert(session, tally);
        }
        who.map(|session| told.remove(&session).unwrap_or_default()).collect()
    }

    /// Everybody closes and ends.
    pub(crate) async fn dismiss(mut self) -> anyhow::Result<Vec<Checker>> {
        self.all().for_each(|session| self.tell(session, Order::Dismiss));
        let mut checkers = Vec::with_capacity(self.orders.len());
        while let Some(ended) = self.tasks.join_next().await {
            checkers.push(ended.context("a session's task")?);
        }
        Ok(checkers)
    }
}
