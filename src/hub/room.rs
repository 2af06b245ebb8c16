//! A room: the one task that owns a live workspace's state on this node.
//!
//! It drains its inbox, decides all the commands that waited against one another, appends what comes of them in
//! one transaction, and only then applies, encodes and publishes. A batch that can't be written is dropped by
//! keeping the old state.

use super::batch::{
    Draft, Part, Parts, Published, advance, changes_seating, index_of, read_on, takes_rights, unavailable,
};
use super::peers::Peers;
use super::presence::Presence;
use super::refusals::Refusals;
use super::seating::{Mail, Occupant, Said};
use super::stream::{Kind, Stream};
use super::{Answered, Request, RoomView, SEAT_TIMEOUT};
use crate::cluster::message::Message;
use crate::cluster::{Cluster, Pulse};
use crate::id::{OpId, Position, Sequence, SessionId, UserId};
use crate::store::{self, Append, AppendError, Store};
use crate::visibility::{self, Frame, Log};
use crate::workspace::command::{Answer, Command};
use crate::workspace::decide::decide;
use crate::workspace::event::Event;
use crate::workspace::problem::{Code, Problem};
use crate::workspace::{Audience, Positions, Workspace};
use anyhow::Context;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// Requests that are taken in together.
const BATCH: usize = 1_024;
/// Answers of edits that are kept at hand for retries; older ones are found in the store.
const RECENT_ANSWERS: usize = 8_192;
/// Events after which the state is kept anew, or half as many as there are items if that is more: reading them again
/// takes no longer then than reading the state, and keeping it costs each of them little.
const KEEP_EVERY: u64 = 2_500;
/// Another node has written so recently that it may be about to again.
const CONTENDED: Duration = Duration::from_millis(50);
/// How long a room then leaves the log to others after a batch of its own, as a multiple of how long the append took, and
/// within bounds: about what reading on, deciding again and appending takes them. Without it the node that has just
/// written is always first, and others wait for its inbox to run dry.
const YIELD: u32 = 2;
const YIELD_BOUNDS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));
/// Commands that are decided at once however often another node was first.
const FEWEST: usize = 16;
/// How often silence is looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How long a room without sessions or requests stays.
const ROOM_IDLE: Duration = Duration::from_secs(60);

/// What became of commands, and what ends when everybody whose rights they changed has let go.
type Written = (Vec<Result<Answered, Problem>>, Option<mpsc::Receiver<()>>);

/// Where the answer to a command goes.
pub(super) enum ReplyTo {
    /// A caller that waits.
    Caller(oneshot::Sender<Result<Answered, Problem>>),
    /// The session it came from.
    Session(SessionId, OpId),
}

/// The two logs of the present epoch.
pub(super) struct Logs {
    everyone: Arc<Stream>,
    team: Arc<Stream>,
}

impl Logs {
    fn new() -> Self {
        Self { everyone: Arc::new(Stream::new()), team: Arc::new(Stream::new()) }
    }

    pub(super) fn get(&self, log: Log) -> &Arc<Stream> {
        match log {
            Log::Everyone => &self.everyone,
            Log::Team => &self.team,
        }
    }
}

pub(super) struct Room {
    pub(super) workspace: Arc<Workspace>,
    pub(super) view: Arc<RoomView>,
    pub(super) store: Arc<dyn Store>,
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) logs: Logs,
    pub(super) presence: Presence,
    /// In order of coming, so that nothing depends on the hash of a hidden session's id.
    pub(super) occupants: BTreeMap<u64, Occupant>,
    pub(super) numbers: HashMap<SessionId, u64>,
    pub(super) next_number: u64,
    /// Where each person sits.
    pub(super) seats_of: HashMap<UserId, BTreeSet<u64>>,
    /// Sessions that read each of the logs.
    pub(super) readers: [usize; 2],
    pub(super) recent: HashMap<(UserId, OpId), Position>,
    pub(super) recent_order: VecDeque<(UserId, OpId)>,
    pub(super) kept: Sequence,
    pub(super) peers: Peers,
    pub(super) pulse: Arc<Pulse>,
    /// Whether the node stops and its people are to come back on others.
    pub(super) leaving: bool,
    /// When another node's records last came.
    pub(super) others_wrote: Option<Instant>,
    /// Until when the log is left to others.
    yields_until: Option<Instant>,
}

/// Waits until everybody whose rights were changed has let go of what it had. A pump's turn, as a rule.
async fn let_go(confirmations: Option<mpsc::Receiver<()>>) {
    if let Some(mut confirmations) = confirmations {
        let _ = tokio::time::timeout(SEAT_TIMEOUT, confirmations.recv()).await;
    }
}

impl Room {
    /// Reads a workspace: its kept state, and the log since.
    pub(super) async fn open(
        id: crate::id::WorkspaceId,
        store: Arc<dyn Store>,
        cluster: Arc<dyn Cluster>,
    ) -> anyhow::Result<Option<Self>> {
        if !store.workspace_exists(id).await? {
            return Ok(None);
        }
        let (mut workspace, kept) = match store.load_state(id).await? {
            Some((sequence, kept)) => (Workspace::from_kept(&kept).context("reading a kept state")?, sequence),
            None => (Workspace::empty(id), 0),
        };
        read_on(store.as_ref(), &mut workspace, |_, _, _| {}).await?;
        let workspace = Arc::new(workspace);
        Ok(Some(Self {
            view: Arc::new(RoomView::new(Arc::clone(&workspace))),
            workspace,
            store,
            logs: Logs::new(),
            presence: Presence::new(cluster.is_shared()),
            cluster,
            occupants: BTreeMap::new(),
            numbers: HashMap::new(),
            next_number: 0,
            seats_of: HashMap::new(),
            readers: [0; 2],
            recent: HashMap::new(),
            recent_order: VecDeque::new(),
            kept,
            peers: Peers::new(),
            pulse: Arc::default(),
            leaving: false,
            others_wrote: None,
            yields_until: None,
        }))
    }

    pub(super) fn view(&self) -> Arc<RoomView> {
        Arc::clone(&self.view)
    }

    /// Runs until nobody has been here for a while, or the hub lets go.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        self.pulse.set_head(self.workspace.sequence);
        self.pulse.set_presence(self.peers.said());
        let mut hears = self.cluster.follow(self.workspace.id, Arc::clone(&self.pulse));
        let mut batch = Vec::with_capacity(BATCH);
        let mut sweep = Instant::now() + SWEEP;
        let mut last_use = Instant::now();
        loop {
            let tick = self.presence.next_due().unwrap_or(sweep).min(sweep).min(self.yields_until.unwrap_or(sweep));
            self.yields_until = self.yields_until.filter(|until| *until > Instant::now());
            tokio::select! {
                count = inbox.recv_many(&mut batch, BATCH), if self.yields_until.is_none() => {
                    if count == 0 {
                        break;
                    }
                    // Being asked who is here, every few seconds, is no use.
                    if batch.iter().any(|request| !matches!(request, Request::Credentials(_))) {
                        last_use = Instant::now();
                    }
                    self.take_in(&mut batch).await;
                }
                Some(heard) = hears.recv() => self.hear(heard).await,
                () = sleep_until(tick) => {
                    let now = Instant::now();
                    if now >= sweep {
                        sweep = now + SWEEP;
                        self.sweep_peers(now);
                        self.presence.sweep(now);
                        let unused = self.occupants.is_empty() && now.duration_since(last_use) >= ROOM_IDLE;
                        if unused && inbox.is_empty() {
                            inbox.close();
                        }
                    }
                    self.tell_presence(now);
                }
            }
        }
        self.keep_state().await;
    }

    async fn take_in(&mut self, batch: &mut Vec<Request>) {
        let mut commands = Vec::new();
        for request in batch.drain(..) {
            match request {
                Request::Command(command, reply) => commands.push((command, ReplyTo::Caller(reply))),
                Request::Join(join, entry, reply) => {
                    // It may have become a member, or seen an edit, on another node a moment ago. Without the log
                    // nobody can tell: "no member" or "unknown positions" would be a guess.
                    let unsure = self.cluster.is_shared() && !self.can_seat(&join) && !self.follow().await;
                    let joined = if unsure { Err(Code::Unavailable.into()) } else { self.join(join, entry) };
                    // Nobody hears it when the caller gave up: the claim's end gives the seat back.
                    let _ = reply.send(joined);
                }
                Request::Session(session, said) => match said {
                    Said::Edit(op, command) => commands.push((*command, ReplyTo::Session(session, op))),
                    Said::Presence { viewing, status } => self.see(session, viewing, status),
                    Said::Resume(epoch, seen) => self.resume(session, epoch, seen),
                    Said::Leave => self.leave(session),
                },
                Request::Own(user, news) => self.tell_own(user, news),
                Request::SignedOut(credential) => self.sign_out(credential),
                Request::Credentials(reply) => {
                    // There is room for an answer of each room.
                    let _ = reply.try_send(self.credentials());
                }
                Request::StartLeaving => self.start_leaving(Instant::now()),
                Request::Goodbye(one_in) => self.goodbye(one_in),
                Request::CatchUp(sequence, reply) => {
                    let behind = sequence.is_none_or(|sequence| sequence > self.workspace.sequence);
                    let has_all = !behind || self.follow().await;
                    reply.into_iter().for_each(|reply| _ = reply.send(has_all));
                }
            }
        }
        if !commands.is_empty() {
            self.commit(commands).await;
        }
    }

    // ---- edits ----

    async fn commit(&mut self, mut commands: Vec<(Command, ReplyTo)>) {
        for (command, reply) in &commands {
            if let ReplyTo::Session(session, _) = reply {
                self.presence.update(*session, None, Instant::now());
            }
            tracing::trace!(by = %command.by, "command");
        }
        let mut at_once = commands.len();
        while !commands.is_empty() {
            let mut later = commands.split_off(at_once.min(commands.len()));
            match self.write(&commands).await {
                Some((outcomes, confirmations)) => {
                    let mut rest = commands.split_off(outcomes.len());
                    // Rights are gone when the answer says so, and before anything else happens.
                    let_go(confirmations).await;
                    self.answer(commands, outcomes);
                    rest.append(&mut later);
                    commands = rest;
                }
                None => {
                    // The more there is to decide, the surer somebody else is first again.
                    at_once = (commands.len() / 4).max(FEWEST);
                    commands.append(&mut later);
                }
            }
        }
        if self.workspace.sequence >= self.kept + KEEP_EVERY.max(self.workspace.item_count() as u64 / 2) {
            self.keep_state().await;
        }
    }

    /// Decides, appends and publishes. None, and only the log read, when another node was first.
    async fn write(&mut self, commands: &[(Command, ReplyTo)]) -> Option<Written> {
        loop {
            let (mut draft, next) = self.draft(commands);
            match self.examine(commands, &draft).await {
                Refusals::Stand => {}
                Refusals::Again => continue,
                Refusals::Unsure => return Some((unavailable(draft).outcomes, None)),
            }
            if draft.append.is_empty() {
                return Some((draft.outcomes, None));
            }
            let after = self.workspace.sequence;
            let records = std::mem::take(&mut draft.append);
            let announced = if self.cluster.is_shared() { records.clone() } else { Vec::new() };
            let (answers, index) = (draft.answers.clone(), std::mem::take(&mut draft.index));
            let append = Append { workspace: self.workspace.id, after, records, answers, index };
            let begun = Instant::now();
            match self.store.append(append).await {
                Ok(()) => {
                    let took = begun.elapsed();
                    draft.answers.iter().for_each(|answer| self.remember(*answer));
                    let confirmations = self.publish(draft.published, next, draft.reseats);
                    if self.cluster.is_shared() {
                        self.tell(Message::grown(after, announced));
                        let now = Instant::now();
                        let contended = self.others_wrote.is_some_and(|at| now.duration_since(at) < CONTENDED);
                        let wait = (took * YIELD).clamp(YIELD_BOUNDS.0, YIELD_BOUNDS.1);
                        self.yields_until = contended.then(|| now + wait);
                    }
                    return Some((draft.outcomes, confirmations));
                }
                Err(AppendError::Conflict) => {
                    if self.follow().await {
                        return None;
                    }
                    return Some((unavailable(draft).outcomes, None));
                }
                Err(AppendError::Repeated(answers)) => {
                    answers.into_iter().for_each(|answer| self.remember(answer));
                }
                Err(AppendError::Unavailable(error)) => {
                    tracing::error!(error = format!("{error:#}"), "a batch could not be written");
                    return Some((unavailable(draft).outcomes, None));
                }
            }
        }
    }

    /// Decides the commands one after another, each upon what the ones before it came to, up to one that takes rights.
    fn draft(&self, commands: &[(Command, ReplyTo)]) -> (Draft, Workspace) {
        let mut draft = Draft::default();
        let mut state = self.workspace.as_ref().clone();
        let mut answered: HashMap<(UserId, OpId), Position> = HashMap::new();
        for (command, _) in commands {
            if draft.takes_rights {
                break;
            }
            let key = command.op.map(|op| (command.by, op));
            let known = key.and_then(|key| self.recent.get(&key).or_else(|| answered.get(&key)));
            // Only who may still see the workspace gets the first answer again.
            if let (Some(position), true) = (known, state.viewer(command.by).is_some()) {
                // A position of an earlier epoch means nothing now: whoever has all of this one has that too.
                let position = (*position).min(state.positions.shared);
                draft.outcomes.push(Ok(Answered { answer: Answer::Done, position }));
                continue;
            }
            draft.decided = true;
            let outcome = decide(&state, command).and_then(|(events, answer)| {
                self.add(&mut draft, &mut state, command, events)?;
                Ok(Answered { answer, position: state.positions.shared })
            });
            if let (Ok(done), Some((author, op))) = (&outcome, key) {
                answered.insert((author, op), done.position);
                draft.answers.push(store::Answer { author, op, position: done.position });
            }
            draft.outcomes.push(outcome);
        }
        (draft, state)
    }

    fn add(
        &self,
        draft: &mut Draft,
        state: &mut Workspace,
        command: &Command,
        events: Vec<Event>,
    ) -> Result<(), Problem> {
        let encode = |event: &Event| {
            serde_json::to_vec(event).map(Bytes::from).map_err(|error| Problem::new(Code::Malformed, error.to_string()))
        };
        let bodies = events.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        for (event, body) in events.iter().zip(bodies) {
            let (published, record) = advance(state, event, body, command);
            draft.reseats |= changes_seating(event);
            draft.takes_rights |= takes_rights(event);
            index_of(event, command, &mut draft.index);
            draft.published.push(published);
            draft.append.push(record);
        }
        Ok(())
    }

    /// Makes a written batch the present, and seats anew whom it gave other rights.
    pub(super) fn publish(
        &mut self,
        published: Vec<Published>,
        next: Workspace,
        reseats: bool,
    ) -> Option<mpsc::Receiver<()>> {
        let epoch_before = self.workspace.epoch;
        let mut runs: [Vec<(Frame, Kind, Positions)>; 2] = Default::default();
        for one in published {
            if one.new_epoch {
                // What the old logs still hold is of another epoch: nobody reads it any more.
                self.logs = Logs::new();
                runs = Default::default();
            }
            let position = match one.audience {
                Audience::Everyone => one.positions.shared,
                Audience::Team => one.positions.team,
            };
            let kind = if one.naming { Kind::Naming } else { Kind::Event }(one.audience, position);
            for log in visibility::logs_of(one.audience) {
                runs[*log as usize].push((one.frames.of(*log).clone(), kind, one.positions));
            }
        }
        self.workspace = Arc::new(next);
        self.view.set(Arc::clone(&self.workspace));
        self.pulse.set_head(self.workspace.sequence);
        let [everyone, team] = runs;
        if !everyone.is_empty() {
            self.logs.everyone.push(everyone);
        }
        if !team.is_empty() {
            self.logs.team.push(team);
        }
        let new_epoch = self.workspace.epoch != epoch_before;
        (reseats || new_epoch).then(|| self.seat_anew(new_epoch))
    }

    fn answer(&mut self, commands: Vec<(Command, ReplyTo)>, outcomes: Vec<Result<Answered, Problem>>) {
        for ((_, reply), outcome) in commands.into_iter().zip(outcomes) {
            match reply {
                ReplyTo::Caller(caller) => drop(caller.send(outcome)),
                ReplyTo::Session(session, op) => {
                    let frame = match &outcome {
                        Ok(done) => visibility::ack(op, done.position),
                        Err(problem) => visibility::reject(op, problem),
                    };
                    self.mail(session, Mail::Frame(frame));
                }
            }
        }
    }

    pub(super) fn remember(&mut self, answer: store::Answer) {
        let key = (answer.author, answer.op);
        if self.recent.insert(key, answer.position).is_none() {
            self.recent_order.push_back(key);
        }
        if self.recent_order.len() > RECENT_ANSWERS
            && let Some(oldest) = self.recent_order.pop_front()
        {
            self.recent.remove(&oldest);
        }
    }

    /// Reads on in the log what other nodes wrote. False when it can't be read.
    pub(super) async fn follow(&mut self) -> bool {
        let mut next = self.workspace.as_ref().clone();
        let mut parts = Parts::default();
        let read = read_on(self.store.as_ref(), &mut next, |state, event, record| parts.add(state, event, record));
        if let Err(error) = read.await {
            tracing::error!(error = format!("{error:#}"), "the log could not be read");
            return false;
        }
        self.publish_parts(parts, &next).await;
        true
    }

    /// Makes what others wrote the present, part by part.
    pub(super) async fn publish_parts(&mut self, mut parts: Parts, next: &Workspace) {
        parts.end(next);
        if !parts.whole.is_empty() {
            self.others_wrote = Some(Instant::now());
        }
        for Part { published, state, reseats } in parts.whole {
            let_go(self.publish(published, state, reseats)).await;
        }
    }

    async fn keep_state(&mut self) {
        let sequence = self.workspace.sequence;
        if sequence == self.kept || self.workspace.deleted {
            return;
        }
        self.kept = sequence;
        let (workspace, store) = (Arc::clone(&self.workspace), Arc::clone(&self.store));
        let keep = async move {
            let state = tokio::task::spawn_blocking({
                let workspace = Arc::clone(&workspace);
                move || workspace.to_kept()
            });
            let state = state.await.context("encoding a state")??;
            store.save_state(workspace.id, sequence, state.into()).await
        };
        // Beside the room's work: a state that isn't kept costs a longer tail at the next start, nothing else.
        tokio::spawn(async move {
            if let Err(error) = keep.await {
                tracing::warn!(error = format!("{error:#}"), "a state could not be kept");
            }
        });
    }
}
