//! The task that keeps a node connected: it subscribes, says what waits, gives out what is heard, beats, and connects
//! anew when the line is gone or deaf.

use super::line::{Line, Target};
use super::{Follow, State};
use crate::cluster::message::{Envelope, Message, Sealer};
use crate::cluster::{Heard, Pulse};
use crate::id::{NodeId, WorkspaceId};
use ::redis::{PushInfo, PushKind, RedisError, Value};
use anyhow::Context;
use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// How often each channel is told that this node is there.
const BEAT: Duration = Duration::from_secs(2);
/// Without a beat of one's own for so long, one is deaf: two beats and a little, so that it is known within 5 s.
const DEAF_AFTER: Duration = Duration::from_millis(4_500);
/// How often silence and unused channels are looked for.
const SWEEP: Duration = Duration::from_millis(500);
/// Waits between attempts to connect: from, to. The wait doubles, and each is shortened by up to a half at random.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Messages that are said together.
const TOGETHER: usize = 1_024;
/// Channels that are subscribed together.
const CHANNELS: usize = 256;

type Pushes = mpsc::UnboundedReceiver<PushInfo>;

/// A workspace that rooms follow here.
struct Followed {
    pulse: Arc<Pulse>,
    heard: mpsc::Sender<Heard>,
    /// When this node last heard itself there, or could not have yet.
    heard_self: Instant,
}

pub(super) struct Link {
    target: Target,
    node: NodeId,
    sealer: Sealer,
    state: Arc<State>,
    followed: HashMap<WorkspaceId, Followed>,
}

/// One channel a workspace; the braces keep it in one slot of a Redis Cluster.
fn channel(workspace: WorkspaceId) -> String {
    format!("loggia:{{{workspace}}}")
}

fn workspace_of(channel: &[u8]) -> Option<WorkspaceId> {
    std::str::from_utf8(channel).ok()?.strip_prefix("loggia:{")?.strip_suffix('}')?.parse().ok()
}

impl Link {
    pub(super) fn new(target: Target, node: NodeId, sealer: Sealer, state: Arc<State>) -> Self {
        Self { target, node, sealer, state, followed: HashMap::new() }
    }

    pub(super) async fn run(
        mut self,
        mut follows: mpsc::UnboundedReceiver<Follow>,
        mut words: mpsc::Receiver<(WorkspaceId, Message)>,
    ) {
        let mut wait = BACKOFF.0;
        loop {
            let (pushes, heard) = mpsc::unbounded_channel();
            let begun = Instant::now();
            let why = match self.target.connect(pushes).await {
                Ok(line) => match self.serve(line, heard, &mut follows, &mut words).await {
                    Ok(()) => return,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if self.state.connected.swap(false, Ordering::Relaxed) || wait == BACKOFF.0 {
                tracing::warn!(error = format!("{why:#}"), "no connection to other nodes; logs are read instead");
            }
            if begun.elapsed() > BACKOFF.1 * 2 {
                wait = BACKOFF.0;
            }
            let until = Instant::now() + wait.mul_f64(rand::random_range(0.5..=1.0));
            wait = (wait * 2).min(BACKOFF.1);
            if self.wait(until, &mut follows, &mut words).await.is_break() {
                return;
            }
        }
    }

    /// Without a connection: who wants to follow is remembered, what is said is lost.
    async fn wait(
        &mut self,
        until: Instant,
        follows: &mut mpsc::UnboundedReceiver<Follow>,
        words: &mut mpsc::Receiver<(WorkspaceId, Message)>,
    ) -> ControlFlow<()> {
        loop {
            tokio::select! {
                () = sleep_until(until) => return ControlFlow::Continue(()),
                follow = follows.recv() => match follow {
                    Some(follow) => drop(self.add(follow)),
                    None => return ControlFlow::Break(()),
                },
                Some(_) = words.recv() => {
                    self.state.unsaid.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn add(&mut self, Follow { workspace, pulse, heard }: Follow) -> WorkspaceId {
        self.followed.insert(workspace, Followed { pulse, heard, heard_self: Instant::now() });
        workspace
    }

    /// Uses a connection while it is good. Ok: nobody needs one any more.
    async fn serve(
        &mut self,
        line: Line,
        mut pushes: Pushes,
        follows: &mut mpsc::UnboundedReceiver<Follow>,
        words: &mut mpsc::Receiver<(WorkspaceId, Message)>,
    ) -> anyhow::Result<()> {
        self.followed.retain(|_, followed| !followed.heard.is_closed());
        let all: Vec<WorkspaceId> = self.followed.keys().copied().collect();
        self.subscribe(&line, &all).await?;
        self.state.connected.store(true, Ordering::Relaxed);
        tracing::info!(workspaces = all.len(), "connected to other nodes");
        let mut beat = interval(BEAT);
        let mut sweep = interval(SWEEP);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // At most one group is on its way: what is said meanwhile gathers, and is said together.
        let mut saying: BoxFuture<'static, Result<(), RedisError>> = std::future::pending().boxed();
        let mut is_saying = false;
        let (mut new, mut said) = (Vec::new(), Vec::new());
        loop {
            tokio::select! {
                push = pushes.recv() => self.hear(push.context("the connection is gone")?)?,
                count = follows.recv_many(&mut new, CHANNELS) => {
                    if count == 0 {
                        return Ok(());
                    }
                    let added: Vec<_> = new.drain(..).map(|follow| self.add(follow)).collect();
                    self.subscribe(&line, &added).await?;
                }
                outcome = &mut saying, if is_saying => {
                    outcome.context("saying something")?;
                    is_saying = false;
                }
                count = words.recv_many(&mut said, TOGETHER), if !is_saying => {
                    if count == 0 {
                        return Ok(());
                    }
                    saying = self.say(&line, std::mem::take(&mut said)).boxed();
                    is_saying = true;
                }
                _ = beat.tick(), if !is_saying => {
                    let beats = self.followed.iter().map(|(id, followed)| (*id, followed.pulse.beat())).collect();
                    saying = self.say(&line, beats).boxed();
                    is_saying = true;
                }
                _ = sweep.tick() => self.sweep(&line).await?,
            }
        }
    }

    async fn subscribe(&mut self, line: &Line, workspaces: &[WorkspaceId]) -> anyhow::Result<()> {
        for some in workspaces.chunks(CHANNELS) {
            let each = some.iter().map(|workspace| {
                let (line, channel) = (line.clone(), channel(*workspace));
                async move { line.subscribe(&channel).await }
            });
            try_join_all(each).await.context("subscribing")?;
        }
        for workspace in workspaces {
            if let Some(followed) = self.followed.get_mut(workspace) {
                followed.heard_self = Instant::now();
                let _ = followed.heard.try_send(Heard::Connected);
            }
        }
        Ok(())
    }

    fn say(
        &self,
        line: &Line,
        words: Vec<(WorkspaceId, Message)>,
    ) -> impl Future<Output = Result<(), RedisError>> + Send + 'static {
        let sealed = words.into_iter().filter_map(|(workspace, message)| {
            let envelope = Envelope { workspace, node: self.node, message };
            let sealed = self.sealer.seal(&envelope);
            sealed.inspect_err(|error| tracing::error!(%error, "a message could not be encoded")).ok().map(|bytes| {
                let (line, channel) = (line.clone(), channel(workspace));
                async move { line.publish(&channel, &bytes).await }
            })
        });
        let all = try_join_all(sealed.collect::<Vec<_>>());
        async move { all.await.map(drop) }
    }

    fn hear(&mut self, push: PushInfo) -> anyhow::Result<()> {
        match (push.kind, push.data.as_slice()) {
            (PushKind::Message | PushKind::SMessage, [Value::BulkString(channel), Value::BulkString(bytes)]) => {
                let Some(workspace) = workspace_of(channel) else { return Ok(()) };
                match self.sealer.open(workspace, bytes) {
                    Ok(envelope) => self.give(envelope),
                    Err(error) => {
                        let refused = self.state.refused.fetch_add(1, Ordering::Relaxed) + 1;
                        tracing::warn!(%workspace, bytes = bytes.len(), refused, "a message was refused: {error:#}");
                    }
                }
            }
            (PushKind::Disconnection, _) => anyhow::bail!("the connection is gone"),
            // A slot that moves to another server of a Redis Cluster ends its subscriptions.
            (PushKind::SUnsubscribe | PushKind::Unsubscribe, [Value::BulkString(channel), ..]) => {
                let wanted = workspace_of(channel).and_then(|id| self.followed.get(&id));
                anyhow::ensure!(wanted.is_none_or(|one| one.heard.is_closed()), "the server ended a subscription");
            }
            _ => {}
        }
        Ok(())
    }

    fn give(&mut self, Envelope { workspace, node, message }: Envelope) {
        let Some(followed) = self.followed.get_mut(&workspace) else { return };
        if node == self.node {
            followed.heard_self = Instant::now();
        } else {
            // A room that can't take it in finds out by the next beat.
            let _ = followed.heard.try_send(Heard::From(node, message));
        }
    }

    async fn sweep(&mut self, line: &Line) -> anyhow::Result<()> {
        let gone: Vec<_> =
            self.followed.iter().filter(|(_, one)| one.heard.is_closed()).map(|(workspace, _)| *workspace).collect();
        for workspace in gone {
            self.followed.remove(&workspace);
            line.clone().unsubscribe(&channel(workspace)).await.context("unsubscribing")?;
        }
        match self.followed.values().any(|followed| followed.heard_self.elapsed() > DEAF_AFTER) {
            true => anyhow::bail!("this node does not hear itself"),
            false => Ok(()),
        }
    }
}
