//! One plan as it is carried out: a workspace, its people at work, and what is done to it over HTTP.

use super::plan::{EDITORS, FIRST_PARTNERS, Plan, Step};
use super::replica::Replica;
use super::session::{Brief, Order, Session};
use super::world::{Someone, World};
use crate::common::{Answer, Person, new_id};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long what is asked of the server over HTTP may take altogether, faults included.
const PATIENCE: Duration = Duration::from_secs(45);

pub struct Lane<'a> {
    pub world: &'a World,
    pub plan: Plan,
    pub workspace: String,
    pub sessions: Vec<Session>,
    /// Members, by account.
    pub members: Vec<String>,
    pub removed: HashSet<String>,
    pub walled: bool,
    /// What the admin edited over HTTP: op and position.
    pub http_edits: Vec<(String, u64)>,
    pub violations: Vec<String>,
    /// Items that everybody may look at: one an editor.
    items: Vec<String>,
    folders: Vec<String>,
    root: String,
    next_partner: usize,
    pub told: watch::Sender<u64>,
}

impl<'a> Lane<'a> {
    /// A workspace with its first people in it, while all is well.
    pub async fn prepare(world: &'a World, plan: Plan) -> Self {
        let admin = &world.admin.person;
        let made = admin.post("/v1/workspaces", json!({"name": "API"})).await;
        let workspace = made.expect(201)["id"].as_str().unwrap().to_owned();
        let (root, mut items, mut folders) = (new_id(), Vec::new(), Vec::new());
        let mut changes = vec![
            json!({"kind": "item_create", "id": root, "parent": null, "item_kind": "collection", "name": "All", "content": {}}),
        ];
        for _ in 0..EDITORS {
            let (folder, item) = (new_id(), new_id());
            for (id, parent, kind) in [(&folder, &root, "folder"), (&item, &folder, "request")] {
                changes.push(json!({"kind": "item_create", "id": id, "parent": parent, "item_kind": kind, "name": "none yet", "content": {}}));
            }
            folders.push(folder);
            items.push(item);
        }
        admin.edit(&workspace, json!(changes)).await;
        let mut lane = Self {
            world,
            workspace,
            sessions: Vec::new(),
            members: vec![admin.id.clone()],
            removed: HashSet::new(),
            walled: false,
            http_edits: Vec::new(),
            violations: Vec::new(),
            items,
            folders,
            root,
            next_partner: FIRST_PARTNERS,
            told: watch::channel(0).0,
            plan,
        };
        if lane.plan.walled {
            lane.switch(0).await;
        }
        for number in 0..EDITORS {
            // Before there are walls a partner may edit: the second editor is one, then.
            let as_partner = number == 1 && !lane.walled;
            let who = if as_partner { &world.partners[0] } else { &world.team[number] };
            lane.join(who, "editor", 0, 0).await;
            lane.open(who, number);
        }
        for number in 0..FIRST_PARTNERS {
            let who = &world.partners[number];
            if !lane.members.contains(&who.person.id) {
                lane.join(who, "viewer", 0, 0).await;
            }
            lane.open(who, number);
        }
        lane
    }

    fn open(&mut self, who: &Someone, number: usize) {
        let all: Vec<Someone> = self.world.partners.clone();
        let name = format!("session {}", self.sessions.len());
        let replica = Replica::new(name, who, &all);
        let brief = Brief {
            workspace: self.workspace.clone(),
            fronts: self.world.fronts.clone(),
            item: self.items[number % EDITORS].clone(),
            folder: self.folders[number % EDITORS].clone(),
            seed: self.plan.seed.wrapping_mul(1_000).wrapping_add(self.sessions.len() as u64),
        };
        self.sessions.push(Session::start(replica, brief, self.told.clone()));
    }

    /// Takes all steps, each after the other.
    pub async fn act(&mut self) {
        for (wait, step) in self.plan.steps.clone() {
            sleep(Duration::from_millis(wait)).await;
            self.take(step).await;
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Edits { editor, count } => self.sessions[editor].order(Order::Edits(count)),
            Step::HttpEdit { node } => self.http_edit(node).await,
            Step::Look { client, item } => {
                let item = item.map(|item| self.items[item].clone());
                self.sessions[client].order(Order::Look(item));
            }
            Step::Move { client } => self.sessions[client].order(Order::Move),
            Step::Leave { client } => self.sessions[client].order(Order::Leave),
            Step::Come { client } => self.sessions[client].order(Order::Come),
            Step::Second { client } => {
                let who = self.sessions[client].look().who.clone();
                if !self.removed.contains(&who.person.id) {
                    self.open(&who, client);
                }
            }
            Step::Join { invite, accept } => {
                if let Some(who) = self.world.partners.get(self.next_partner) {
                    self.next_partner += 1;
                    self.join(who, "viewer", invite, accept).await;
                    self.open(who, 0);
                }
            }
            Step::Switch { node } => self.switch(node).await,
            Step::Remove { partner, node } => self.remove(&self.world.partners[partner].clone(), node).await,
        }
    }

    fn violates(&mut self, what: String) {
        self.violations.push(format!("plan: {what}"));
    }

    /// Asks until there is an answer that is no "not now", each time of the next node.
    async fn ask(&self, who: &Person, node: usize, method: &str, path: &str, body: Option<Value>) -> Option<Answer> {
        let begun = Instant::now();
        for turn in 0.. {
            let fronts = &self.world.fronts;
            let person = who.at(&fronts[(node + turn) % fronts.len()]);
            if let Some(answer) = attempt(&person, method, path, body.as_ref()).await
                && answer.status != 503
            {
                return Some(answer);
            }
            if begun.elapsed() > PATIENCE {
                return None;
            }
            sleep(Duration::from_millis(50)).await;
        }
        None
    }

    async fn ask_admin(&mut self, node: usize, method: &str, path: &str, body: Option<Value>) -> Option<Answer> {
        let answer = self.ask(&self.world.admin.person, node, method, path, body).await;
        if answer.is_none() {
            self.violates(format!("{method} {path} was not answered"));
        }
        answer
    }

    async fn switch(&mut self, node: usize) {
        let path = format!("/v1/workspaces/{}/multi_partner", self.workspace);
        let answer = self.ask_admin(node, "POST", &path, Some(json!({"confirm": "API"}))).await;
        // Asked twice, after an answer that was lost, it is on already.
        if let Some(answer) = answer
            && !matches!(answer.status, 200 | 409)
        {
            self.violates(format!("the switch is answered {}: {}", answer.status, answer.text));
        }
        self.walled = true;
    }

    async fn remove(&mut self, who: &Someone, node: usize) {
        for session in &self.sessions {
            let mut replica = session.look();
            replica.may_be_removed |= replica.who.person.id == who.person.id;
        }
        self.removed.insert(who.person.id.clone());
        let path = format!("/v1/workspaces/{}/members/{}", self.workspace, who.person.id);
        if let Some(answer) = self.ask_admin(node, "DELETE", &path, None).await
            && !matches!(answer.status, 204 | 404)
        {
            self.violates(format!("a removal is answered {}: {}", answer.status, answer.text));
        }
    }

    async fn http_edit(&mut self, node: usize) {
        let op = new_id();
        let patch = json!({"name": format!("by hand {op}")});
        let changes = json!([{"kind": "item_update", "id": self.root, "patch": patch}]);
        let path = format!("/v1/workspaces/{}/changes", self.workspace);
        let answer = self.ask_admin(node, "POST", &path, Some(json!({"op": op, "changes": changes}))).await;
        match answer {
            Some(answer) if answer.status == 200 => {
                self.http_edits.push((op, answer.json["position"].as_u64().unwrap()));
            }
            Some(answer) => self.violates(format!("an edit is answered {}: {}", answer.status, answer.text)),
            None => {}
        }
    }

    async fn join(&mut self, who: &Someone, role: &str, invite: usize, accept: usize) {
        let side = if who.is_partner { "partner" } else { "team" };
        let path = format!("/v1/workspaces/{}/invitations", self.workspace);
        let body = json!({"invitees": [{"email": who.person.email, "name": who.name}], "side": side, "role": role});
        for turn in 0..10 {
            let Some(answer) = self.ask_admin(invite, "POST", &path, Some(body.clone())).await else { return };
            let Some(link) = answer.json["rows"][0]["link"].as_str() else {
                return self.violates(format!("an invitation is answered {}: {}", answer.status, answer.text));
            };
            let token = json!({"token": link.split_once("#invite=").unwrap().1});
            let answer = self.ask(&who.person, accept, "POST", "/v1/invitations/accept", Some(token)).await;
            match answer {
                Some(answer) if answer.status == 200 => {
                    self.members.push(who.person.id.clone());
                    return;
                }
                // Accepted by a first attempt whose answer was lost, it is used: then the door is open.
                Some(answer) if answer.status == 410 => {
                    let path = format!("/v1/workspaces/{}/members", self.workspace);
                    match self.ask(&who.person, accept, "GET", &path, None).await {
                        Some(answer) if answer.status == 200 && turn == 0 => {
                            self.members.push(who.person.id.clone());
                            return;
                        }
                        // An attempt to invite that was given up may be carried out later, and replace this one.
                        Some(_) if turn < 2 => {}
                        Some(_) => return self.violates("a fresh invitation is stale".into()),
                        None => return self.violates("who accepts is not answered".into()),
                    }
                }
                Some(answer) => return self.violates(format!("accepting: {} {}", answer.status, answer.text)),
                None => return self.violates("accepting is not answered".into()),
            }
        }
    }

    pub fn trace(&self) -> String {
        self.sessions.iter().map(|session| session.look().trace()).collect()
    }
}

/// One attempt; None when no answer came.
async fn attempt(person: &Person, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(4)).pool_max_idle_per_host(0).build().unwrap();
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = http.request(method, format!("{}{path}", person.url)).bearer_auth(&person.token);
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.ok()?;
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Some(Answer { status, headers, text, json })
}
