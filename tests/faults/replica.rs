//! What a session has come to know, and what of it must not be: checked with every message, as it comes.

use super::world::Someone;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Lines that are kept to be shown when something failed.
const TRACE: usize = 400;

/// An item's place, name and position.
pub type Entry = (Option<String>, String, String, u64);

/// An edit that waits for its answer.
#[derive(Clone, Debug)]
pub struct Edit {
    pub op: String,
    pub changes: Vec<Value>,
}

/// What an edit was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At a position of an epoch.
    Acked(String, u64),
    Refused(String),
}

/// Everything a person's client knows in one of its tabs.
#[derive(Debug)]
pub struct Replica {
    pub name: String,
    pub who: Someone,
    /// Nothing of these may come while there are walls.
    forbidden: Vec<String>,
    /// The socket that is open, from its `welcome` on.
    pub open: Option<String>,
    pub viewing: Option<String>,
    pub removed: bool,
    /// Whether the plan has begun to remove this person.
    pub may_be_removed: bool,
    pub epoch: String,
    /// Epochs before.
    past: Vec<String>,
    /// The server has said that it does not know this epoch's positions.
    pub unknown: bool,
    /// The epoch whose positions one node did not know, and another did.
    pub doubted: Option<String>,
    pub walled: bool,
    pub shared: u64,
    pub team: Option<u64>,
    pub tree: BTreeMap<String, Entry>,
    /// Up to which shared position the tree has come. May be ahead of the stream after a snapshot.
    tree_at: u64,
    /// Events by epoch, stream and position.
    pub events: BTreeMap<(String, String), BTreeMap<u64, Value>>,
    pub here: BTreeMap<String, (String, Option<String>)>,
    /// Sessions of others that it ever heard of.
    pub heard_of: BTreeSet<String>,
    /// Its own sessions, and whether there were walls when they began.
    pub own_sessions: HashMap<String, bool>,
    pub unanswered: VecDeque<Edit>,
    /// Whether no other edit will be begun.
    pub finished: bool,
    pub outcomes: HashMap<String, (Edit, Outcome)>,
    pub violations: Vec<String>,
    trace: VecDeque<String>,
}

/// What a message asks the client to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Then {
    Nothing,
    /// There is a new epoch: read the snapshot.
    ReadAnew,
    /// An edit was answered.
    Answered(String),
    /// An edit has to be sent once more, later.
    SendAgain,
}

impl Replica {
    pub fn new(name: String, who: &Someone, others: &[Someone]) -> Self {
        let hidden = others.iter().filter(|other| who.is_partner && other.person.id != who.person.id);
        let mut forbidden: Vec<String> = Vec::new();
        for other in hidden {
            let word = other.name.split(' ').next().unwrap().to_owned();
            forbidden.extend([other.person.id.clone(), word, other.person.email.clone()]);
            if other.domain != who.domain {
                forbidden.push(other.domain.clone());
            }
        }
        Self {
            name,
            who: who.clone(),
            forbidden,
            open: None,
            viewing: None,
            removed: false,
            may_be_removed: false,
            epoch: String::new(),
            past: Vec::new(),
            unknown: false,
            doubted: None,
            walled: false,
            shared: 0,
            team: None,
            tree: BTreeMap::new(),
            tree_at: 0,
            events: BTreeMap::new(),
            here: BTreeMap::new(),
            heard_of: BTreeSet::new(),
            own_sessions: HashMap::new(),
            unanswered: VecDeque::new(),
            finished: false,
            outcomes: HashMap::new(),
            violations: Vec::new(),
            trace: VecDeque::new(),
        }
    }

    pub fn note(&mut self, line: impl Into<String>) {
        if self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        let now = loggia::store::now_utc().time();
        let line: String = line.into().chars().take(300).collect();
        self.trace.push_back(format!("{now} {line}"));
    }

    pub fn violates(&mut self, what: impl Into<String>) {
        let what = format!("{}: {}", self.name, what.into());
        self.note(format!("!!! {what}"));
        self.violations.push(what);
    }

    pub fn trace(&self) -> String {
        let mut text = format!("---- {} ({}) ----\n", self.name, self.who.name);
        self.trace.iter().for_each(|line| text += &format!("{line}\n"));
        text
    }

    /// Nothing about another partner, in whatever way, while there are walls.
    fn check_walls(&mut self, text: &str) {
        if self.walled && self.who.is_partner {
            let found: Vec<_> = self.forbidden.iter().filter(|word| text.contains(word.as_str())).cloned().collect();
            if !found.is_empty() {
                self.violates(format!("a leak of {found:?}: {text}"));
            }
        }
    }

    /// Takes a snapshot for the truth. False when it is of a node that does not know this epoch yet.
    pub fn take_snapshot(&mut self, state: &Value) -> bool {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let epoch = text(&state["epoch"]);
        let at = state["positions"]["shared"].as_u64().unwrap();
        if self.open.is_some() && epoch != self.epoch {
            return false;
        }
        if epoch == self.epoch && at < self.shared {
            // A node that has not heard yet of what another told. What a client does then: ask again.
            return false;
        }
        if epoch == self.epoch && std::mem::take(&mut self.unknown) {
            // Who did not know them may have known of an epoch that this node has not heard of yet.
            self.doubted = Some(epoch.clone());
        }
        if self.past.contains(&epoch) {
            self.violates("a snapshot of an epoch that is over");
        }
        self.walled |= state["mode"] == "multi_partner";
        self.check_walls(&state.to_string());
        self.note(format!("snapshot {epoch} {}", state["positions"]));
        self.tree = tree_of(state);
        self.tree_at = at;
        if self.open.is_none() {
            self.begin_epoch(&epoch);
            (self.epoch, self.shared, self.team) = (epoch, at, state["positions"]["team"].as_u64());
        }
        true
    }

    pub fn take(&mut self, text: &str) -> Then {
        let message: Value = serde_json::from_str(text).unwrap();
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        self.note(text);
        if kind == "welcome" {
            self.walled |= message["mode"] == "multi_partner";
        }
        self.check_walls(text);
        match kind.as_str() {
            "welcome" => return self.welcome(&message),
            "event" => self.event(&message),
            "presence" => {
                self.here.clear();
                self.arrive(&message["sessions"]);
            }
            "presence_delta" => {
                self.arrive(&message["joined"]);
                self.arrive(&message["changed"]);
                for session in message["left"].as_array().into_iter().flatten() {
                    let session = session.as_str().unwrap();
                    self.heard_of.insert(session.to_owned());
                    self.here.remove(session);
                }
            }
            "ack" | "reject" => return self.answer(&kind, &message),
            "goodbye" => {}
            other => self.violates(format!("a message of no known type: {other}")),
        }
        Then::Nothing
    }

    fn welcome(&mut self, message: &Value) -> Then {
        let session = message["session"].as_str().unwrap().to_owned();
        let epoch = message["epoch"].as_str().unwrap().to_owned();
        let (shared, team) = (message["positions"]["shared"].as_u64().unwrap(), message["positions"]["team"].as_u64());
        self.own_sessions.entry(session.clone()).or_insert(self.walled);
        self.open = Some(session);
        if epoch == self.epoch {
            if (shared, team) != (self.shared, self.team) {
                let own = (self.shared, self.team);
                self.violates(format!("welcome is at {shared}, {team:?}, and this is at {own:?}"));
            }
            return Then::Nothing;
        }
        self.begin_epoch(&epoch);
        (self.epoch, self.shared, self.team) = (epoch, shared, team);
        Then::ReadAnew
    }

    fn begin_epoch(&mut self, epoch: &str) {
        self.unknown = false;
        if self.epoch != epoch && !self.epoch.is_empty() {
            self.past.push(self.epoch.clone());
        }
    }

    fn event(&mut self, message: &Value) {
        let stream = message["stream"].as_str().unwrap().to_owned();
        let position = message["position"].as_u64().unwrap();
        let at = match (stream.as_str(), self.team) {
            ("shared", _) => std::mem::replace(&mut self.shared, position),
            (_, Some(_)) => self.team.replace(position).unwrap(),
            (_, None) => return self.violates(format!("a partner hears of the team's stream: {message}")),
        };
        if position != at + 1 {
            self.violates(format!("after {at} of {stream} comes {message}"));
        }
        if stream == "shared" && position > self.tree_at {
            apply(&mut self.tree, &message["change"], position);
            self.tree_at = position;
        }
        let events = self.events.entry((self.epoch.clone(), stream)).or_default();
        if let Some(before) = events.insert(position, message.clone())
            && before != *message
        {
            self.violates(format!("two events of one position: {before} and {message}"));
        }
    }

    fn arrive(&mut self, sessions: &Value) {
        for one in sessions.as_array().into_iter().flatten() {
            let session = one["session"].as_str().unwrap().to_owned();
            let viewing = one["viewing"].as_str().map(str::to_owned);
            self.heard_of.insert(session.clone());
            self.here.insert(session, (one["person"]["id"].as_str().unwrap().to_owned(), viewing));
        }
    }

    fn answer(&mut self, kind: &str, message: &Value) -> Then {
        let op = message["op"].as_str().unwrap().to_owned();
        let outcome = match kind {
            "ack" => Outcome::Acked(self.epoch.clone(), message["position"].as_u64().unwrap()),
            _ => Outcome::Refused(message["problem"]["code"].as_str().unwrap().to_owned()),
        };
        if outcome == Outcome::Refused("unavailable".into()) {
            return Then::SendAgain;
        }
        let Some(place) = self.unanswered.iter().position(|edit| edit.op == op) else {
            // Sent twice, on two sockets or after a refusal, it may be answered twice.
            match self.outcomes.get(&op) {
                Some((_, first)) if *first == outcome => {}
                Some((_, Outcome::Acked(epoch, _))) if *epoch != self.epoch => {}
                first => {
                    let first = format!("{first:?}");
                    self.violates(format!("{message} was answered before: {first}"));
                }
            }
            return Then::Nothing;
        };
        if let Some(edit) = self.unanswered.remove(place) {
            self.outcomes.insert(op.clone(), (edit, outcome));
        }
        Then::Answered(op)
    }
}

pub fn tree_of(state: &Value) -> BTreeMap<String, Entry> {
    let entry = |item: &Value| {
        let text = |field: &str| item[field].as_str().map(str::to_owned);
        let value = (text("parent"), text("order").unwrap(), text("name").unwrap(), item["position"].as_u64().unwrap());
        (text("id").unwrap(), value)
    };
    state["tree"].as_array().unwrap().iter().map(entry).collect()
}

/// What a client makes of an event.
fn apply(tree: &mut BTreeMap<String, Entry>, change: &Value, position: u64) {
    let text = |field: &str| change[field].as_str().map(str::to_owned);
    let Some(id) = text("id") else { return };
    match change["kind"].as_str().unwrap() {
        "item_created" => {
            let entry = (text("parent"), text("order").unwrap(), text("name").unwrap(), position);
            tree.insert(id, entry);
        }
        "item_updated" => {
            if let Some(entry) = tree.get_mut(&id) {
                if let Some(name) = change["patch"]["name"].as_str() {
                    name.clone_into(&mut entry.2);
                }
                entry.3 = position;
            }
        }
        "item_moved" => {
            if let Some(entry) = tree.get_mut(&id) {
                (entry.0, entry.1) = (text("parent"), text("order").unwrap());
            }
        }
        "item_deleted" => {
            let mut waiting = vec![id];
            while let Some(id) = waiting.pop() {
                tree.remove(&id);
                waiting
                    .extend(tree.iter().filter(|(_, entry)| entry.0.as_ref() == Some(&id)).map(|(id, _)| id.clone()));
            }
        }
        _ => {}
    }
}

/// An edit as it is sent.
pub fn sent(edit: &Edit) -> String {
    json!({"type": "edit", "op": edit.op, "changes": edit.changes}).to_string()
}
