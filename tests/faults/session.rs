//! A client: one socket at a time, somewhere; it comes back when it is cut off, and sends again what was not answered.

use super::replica::{Edit, Replica, Then, sent};
use crate::common::{TestClient, new_id};
use futures_util::{SinkExt, StreamExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long anything may take before a client tries elsewhere.
const IMPATIENCE: Duration = Duration::from_millis(3_500);
/// Edits that wait for their answer at a time.
const WINDOW: usize = 6;
/// How long after a refusal for the time being an edit is sent once more.
const AGAIN: Duration = Duration::from_millis(300);

#[derive(Clone, Debug)]
pub enum Order {
    Edits(usize),
    Look(Option<String>),
    Move,
    Leave,
    Come,
    /// No new edits: what was begun is finished.
    Finish,
    End,
}

/// What a client is given.
pub struct Brief {
    pub workspace: String,
    pub fronts: Vec<String>,
    /// The item that it edits, and the folder where it makes others.
    pub item: String,
    pub folder: String,
    pub seed: u64,
}

/// Somebody at work, seen from outside.
pub struct Session {
    pub replica: Arc<Mutex<Replica>>,
    orders: mpsc::UnboundedSender<Order>,
    /// Whether it is to be there.
    pub present: bool,
    task: JoinHandle<()>,
}

impl Session {
    pub fn start(replica: Replica, brief: Brief, told: watch::Sender<u64>) -> Self {
        let replica = Arc::new(Mutex::new(replica));
        let (orders, given) = mpsc::unbounded_channel();
        let work = Work {
            replica: Arc::clone(&replica),
            random: StdRng::seed_from_u64(brief.seed),
            node: brief.seed as usize % brief.fronts.len(),
            http: reqwest::Client::builder().timeout(IMPATIENCE).pool_max_idle_per_host(0).build().unwrap(),
            brief,
            given,
            told,
            present: true,
            to_make: 0,
            made: 0,
            created: Vec::new(),
            knows: false,
            end: false,
        };
        Self { replica, orders, present: true, task: tokio::spawn(work.run()) }
    }

    pub fn order(&mut self, order: Order) {
        match order {
            Order::Leave => self.present = false,
            Order::Come => self.present = true,
            _ => {}
        }
        let _ = self.orders.send(order);
    }

    pub fn look(&self) -> MutexGuard<'_, Replica> {
        self.replica.lock().unwrap()
    }

    pub async fn end(mut self) {
        self.order(Order::End);
        self.task.await.unwrap();
    }
}

struct Work {
    replica: Arc<Mutex<Replica>>,
    brief: Brief,
    given: mpsc::UnboundedReceiver<Order>,
    told: watch::Sender<u64>,
    random: StdRng,
    node: usize,
    http: reqwest::Client,
    present: bool,
    /// Edits still to be begun, and those begun.
    to_make: usize,
    made: usize,
    /// Items made here that are still there.
    created: Vec<String>,
    /// Whether there is a snapshot to go on from.
    knows: bool,
    end: bool,
}

/// Why a socket is no more.
enum Gone {
    /// To be opened again.
    Lost,
    Removed,
    UnknownPositions,
    /// To be opened again, after the snapshot has been read.
    Unread,
}

impl Work {
    fn replica(&self) -> MutexGuard<'_, Replica> {
        self.replica.lock().unwrap()
    }

    fn tell(&self) {
        self.told.send_modify(|count| *count += 1);
    }

    async fn run(mut self) {
        while !self.end {
            if !self.present || self.replica().removed {
                match self.given.recv().await {
                    Some(order) => _ = self.obey(order),
                    None => return,
                }
                continue;
            }
            match self.connect().await {
                Ok(socket) => match self.live(socket).await {
                    Gone::Lost => {}
                    Gone::Unread => self.knows = false,
                    Gone::Removed => self.be_removed("closed with 4001"),
                    Gone::UnknownPositions => {
                        let mut replica = self.replica();
                        replica.note("positions unknown");
                        replica.unknown = true;
                        drop(replica);
                        self.knows = false;
                    }
                },
                Err(Gone::Removed) => self.be_removed("not found"),
                Err(_) => {}
            }
            {
                let mut replica = self.replica();
                replica.open = None;
                replica.viewing = None;
                replica.here.clear();
            }
            self.tell();
            self.node = self.random.random_range(0..self.brief.fronts.len());
            let pause = Duration::from_millis(self.random.random_range(20..200));
            let until = Instant::now() + pause;
            while let Ok(Some(order)) = tokio::time::timeout_at(until, self.given.recv()).await {
                self.obey(order);
            }
        }
    }

    fn be_removed(&self, how: &str) {
        let mut replica = self.replica();
        if !replica.may_be_removed {
            return replica.violates(format!("a member is told that it is none: {how}"));
        }
        replica.note(format!("removed: {how}"));
        replica.removed = true;
        replica.unanswered.clear();
    }

    /// True when the socket is to be left at once.
    fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Edits(count) => self.to_make += count,
            Order::Look(item) => self.replica().viewing = item,
            Order::Move => return true,
            Order::Leave => self.present = false,
            Order::Come => self.present = true,
            Order::Finish => self.to_make = 0,
            Order::End => (self.present, self.end) = (false, true),
        }
        false
    }

    async fn snapshot(&mut self) -> Result<(), Gone> {
        let url = format!("{}/v1/workspaces/{}", self.brief.fronts[self.node], self.brief.workspace);
        let token = self.replica().who.person.token.clone();
        let answer = self.http.get(url).bearer_auth(token).send().await.map_err(|_| Gone::Lost)?;
        match answer.status().as_u16() {
            200 => {
                let text = answer.text().await.map_err(|_| Gone::Lost)?;
                let state: Value = serde_json::from_str(&text).map_err(|_| Gone::Lost)?;
                let taken = self.replica().take_snapshot(&state);
                self.knows = taken;
                self.knows.then_some(()).ok_or(Gone::Lost)
            }
            404 => Err(Gone::Removed),
            503 => Err(Gone::Lost),
            other => {
                let body = answer.text().await.unwrap_or_default();
                self.replica().violates(format!("a snapshot is answered {other}: {body}"));
                Err(Gone::Lost)
            }
        }
    }

    async fn connect(&mut self) -> Result<TestClient, Gone> {
        if !self.knows {
            self.snapshot().await?;
        }
        let (person, query) = {
            let mut replica = self.replica();
            let team = replica.team.map(|team| format!("&team={team}")).unwrap_or_default();
            let query = format!("?epoch={}&shared={}{team}", replica.epoch, replica.shared);
            let front = &self.brief.fronts[self.node];
            replica.note(format!("connecting to node {} with {query}", self.node));
            (replica.who.person.at(front), query)
        };
        match timeout(IMPATIENCE, person.try_live(&self.brief.workspace, &query)).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(Error::Http(answer))) => match answer.status().as_u16() {
                404 => Err(Gone::Removed),
                503 => Err(Gone::Lost),
                other => {
                    self.replica().violates(format!("a handshake is answered {other}: {answer:?}"));
                    Err(Gone::Lost)
                }
            },
            Ok(Err(_)) | Err(_) => Err(Gone::Lost),
        }
    }

    async fn live(&mut self, mut client: TestClient) -> Gone {
        let mut heard = Instant::now();
        let mut waits = Instant::now();
        let mut send_again = Some(Instant::now());
        let mut shown: Option<Option<String>> = None;
        let mut tick = interval(Duration::from_millis(100));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let said = tokio::select! {
                order = self.given.recv() => {
                    let Some(order) = order else { return Gone::Lost };
                    if self.obey(order) {
                        return Gone::Lost;
                    }
                    Vec::new()
                }
                message = client.socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let then = self.replica().take(&text);
                            match then {
                                Then::ReadAnew => {
                                    if let Err(gone) = self.read_anew().await {
                                        return gone;
                                    }
                                }
                                Then::Answered(op) => {
                                    waits = Instant::now();
                                    self.learn(&op);
                                }
                                Then::SendAgain => send_again = send_again.or(Some(heard + AGAIN)),
                                Then::Nothing => {}
                            }
                            self.tell();
                        }
                        Some(Ok(Message::Close(frame))) => return self.closed(frame.map_or(1005, |frame| frame.code.into())),
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => return Gone::Lost,
                    }
                    Vec::new()
                }
                _ = tick.tick() => Vec::new(),
            };
            let mut said: Vec<String> = said;
            if !self.present {
                let _ = timeout(IMPATIENCE, client.socket.close(None)).await;
                return Gone::Lost;
            }
            let now = Instant::now();
            let (open, viewing, waiting) = {
                let replica = self.replica();
                (replica.open.is_some(), replica.viewing.clone(), replica.unanswered.len())
            };
            if !open {
                if now.duration_since(heard) > IMPATIENCE {
                    return Gone::Lost;
                }
                continue;
            }
            if waiting == 0 {
                waits = now;
            } else if now.duration_since(waits) > IMPATIENCE {
                self.replica().note("no answer: elsewhere");
                return Gone::Lost;
            }
            if send_again.is_some_and(|at| at <= now) {
                send_again = None;
                said.extend(self.replica().unanswered.iter().map(sent));
            }
            if shown.as_ref() != Some(&viewing) {
                said.push(json!({"type": "presence", "viewing": viewing, "status": "active"}).to_string());
                shown = Some(viewing);
            }
            while self.to_make > 0 && self.replica().unanswered.len() < WINDOW {
                self.to_make -= 1;
                let edit = self.make();
                said.push(sent(&edit));
                self.replica().unanswered.push_back(edit);
            }
            for text in said {
                self.replica().note(format!("says {text}"));
                let sending = client.socket.send(Message::text(text));
                if !matches!(timeout(IMPATIENCE, sending).await, Ok(Ok(()))) {
                    return Gone::Lost;
                }
            }
        }
    }

    fn closed(&mut self, code: u16) -> Gone {
        self.replica().note(format!("closed with {code}"));
        match code {
            4001 => Gone::Removed,
            4010 => Gone::UnknownPositions,
            1012 | 4008 => Gone::Lost,
            other => {
                self.replica().violates(format!("closed with {other}"));
                Gone::Lost
            }
        }
    }

    /// Positions count anew: the state at the new ones, while the socket stays.
    async fn read_anew(&mut self) -> Result<(), Gone> {
        let begun = Instant::now();
        loop {
            match self.snapshot().await {
                Ok(()) => return Ok(()),
                Err(Gone::Removed) => return Err(Gone::Removed),
                Err(_) if begun.elapsed() > IMPATIENCE => return Err(Gone::Unread),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn learn(&mut self, op: &str) {
        let created: Vec<String> = {
            let replica = self.replica();
            let Some((edit, outcome)) = replica.outcomes.get(op) else { return };
            if !matches!(outcome, super::replica::Outcome::Acked(..)) {
                return;
            }
            let creates = edit.changes.iter().filter(|change| change["kind"] == "item_create");
            creates.map(|change| change["id"].as_str().unwrap().to_owned()).collect()
        };
        self.created.extend(created);
    }

    /// One more edit, of things that nobody else edits.
    fn make(&mut self) -> Edit {
        self.made += 1;
        let name = format!("{} of {}", self.made, self.brief.seed);
        let update = |item: &str| {
            let patch = json!({"name": name, "content": {"number": self.made}});
            json!({"kind": "item_update", "id": item, "patch": patch})
        };
        let create = || {
            let (id, folder) = (new_id(), &self.brief.folder);
            json!({"kind": "item_create", "id": id, "parent": folder, "item_kind": "request", "name": name, "content": {}})
        };
        // What is still on its way may have to be sent once more, after this.
        let settled = self.replica().unanswered.is_empty();
        let created = self.created.last().filter(|_| settled).cloned();
        let changes = match (self.random.random_range(0..10), created) {
            (0 | 1, _) => vec![create()],
            (2, _) => vec![update(&self.brief.item), create()],
            (3, Some(item)) => vec![update(&item)],
            (4, Some(item)) => {
                vec![json!({"kind": "item_move", "id": item, "parent": self.brief.folder, "after": null})]
            }
            (5, Some(item)) => {
                self.created.pop();
                vec![json!({"kind": "item_delete", "id": item})]
            }
            _ => vec![update(&self.brief.item)],
        };
        Edit { op: new_id(), changes }
    }
}
