//! Nothing about one partner reaches another: Ann's whole byte stream is the same whether Bea (of another company)
//! and Cy (of Ann's own) are there and busy, or were never there.
//!
//! A random schedule is run twice, each time on a server of its own: once with what Bea and Cy do, and what the team
//! does to them, and once without. What Ann and the team do is the same. Everything Ann reads (HTTP answers as raw
//! bytes, handshakes, frames, close codes) must then be equal, but for times and random ids, which are masked.
//!
//! Ann's own steps and the team's wait for what they cause on each of her sockets, so that a difference is never one
//! of timing; hidden steps wait for nothing of hers.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::{Person, TestClient, TestServer, new_id};
use futures_util::StreamExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Cursor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const ANN: &str = "ann@acme.com";
/// The hidden partners: of another company, and of Ann's.
const HIDDEN: [&str; 2] = ["bea@globex.com", "cy@acme.com"];
/// What Ann asks for while a hidden partner has no id.
const NOBODY: [&str; 2] = ["019a0000-0000-7000-8000-00000000000b", "019a0000-0000-7000-8000-00000000000c"];
/// Ann's sockets: the first stays open all the time and sees what she does in the others.
const TABS: usize = 3;

// ---- schedules ----

#[derive(Clone, Debug)]
struct Schedule {
    /// Whether Ann is invited as a Lead.
    lead: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    /// By a hidden partner, who joins first if need be. Left out in the quiet run.
    Hidden(usize, Hidden),
    Ann(Ann),
    Team(Team),
}

#[derive(Clone, Debug)]
enum Hidden {
    Join {
        lead: bool,
    },
    Removed,
    MadeLead(bool),
    Open,
    Close,
    Look {
        item: bool,
        idle: bool,
    },
    Read,
    BadRequests,
    BadMessage,
    /// As a Lead or not; 0: somebody of its own domain, 1: Ann, 2: somebody of Ann's domain, 3: the other hidden one.
    Invite(usize),
    Revoke,
    Rename,
    Avatar,
    Edits,
    /// A run, and all of its own deleted before it, when it is anew.
    Run {
        anew: bool,
    },
    SignOut,
    Flood {
        edits: bool,
    },
}

#[derive(Clone, Debug)]
enum Ann {
    Open(usize),
    Close(usize),
    /// Closes a tab, misses some edits, comes back from where it was.
    Resume(usize, usize),
    ResumeUnknown {
        epoch: bool,
    },
    Look {
        tab: usize,
        item: bool,
        idle: bool,
    },
    Edit(usize),
    Ask(Ask),
    Invite(usize),
    Rename,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Snapshot,
    KnownSnapshot,
    Members,
    Invitations,
    Me,
    Tokens,
    Workspaces,
    Item,
    Export,
    AvatarOfTeam,
    AvatarOfHidden(usize),
    PatchWorkspace,
    PatchHidden(usize),
    RemoveHidden(usize),
    Switch,
    Delete,
    Changes,
    Import,
    RevokeNothing,
    History,
    Runs,
    Cookies,
    RunOfHidden(usize),
    EndHidden(usize),
    DeleteHidden(usize),
    NoRoute,
}

/// All of them: each schedule ends with these, whatever came before.
const ASKS: [Ask; 32] = [
    Ask::Snapshot,
    Ask::KnownSnapshot,
    Ask::Members,
    Ask::Invitations,
    Ask::Me,
    Ask::Tokens,
    Ask::Workspaces,
    Ask::Item,
    Ask::Export,
    Ask::AvatarOfTeam,
    Ask::AvatarOfHidden(0),
    Ask::AvatarOfHidden(1),
    Ask::PatchWorkspace,
    Ask::PatchHidden(0),
    Ask::PatchHidden(1),
    Ask::RemoveHidden(0),
    Ask::RemoveHidden(1),
    Ask::Switch,
    Ask::Delete,
    Ask::Changes,
    Ask::Import,
    Ask::RevokeNothing,
    Ask::History,
    Ask::Runs,
    Ask::Cookies,
    Ask::RunOfHidden(0),
    Ask::RunOfHidden(1),
    Ask::EndHidden(0),
    Ask::EndHidden(1),
    Ask::DeleteHidden(0),
    Ask::DeleteHidden(1),
    Ask::NoRoute,
];

#[derive(Clone, Debug)]
enum Team {
    Create,
    Update,
    Move,
    Delete,
    Environment,
    Rename,
    Me,
    Avatar,
    Open,
    Close,
    Look { item: bool, idle: bool },
    LiveEdit,
    ColleagueJoins,
    ColleagueGoes,
    AnnLead(bool),
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (any::<bool>(), prop::collection::vec(step(), 1..=25)).prop_map(|(lead, steps)| Schedule { lead, steps })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..HIDDEN.len(), hidden()).prop_map(|(who, what)| Step::Hidden(who, what)),
        3 => ann().prop_map(Step::Ann),
        2 => team().prop_map(Step::Team),
    ]
}

fn hidden() -> impl Strategy<Value = Hidden> {
    prop_oneof![
        2 => any::<bool>().prop_map(|lead| Hidden::Join { lead }),
        1 => Just(Hidden::Removed),
        1 => any::<bool>().prop_map(Hidden::MadeLead),
        2 => Just(Hidden::Open),
        1 => Just(Hidden::Close),
        2 => any::<(bool, bool)>().prop_map(|(item, idle)| Hidden::Look { item, idle }),
        1 => Just(Hidden::Read),
        1 => Just(Hidden::BadRequests),
        1 => Just(Hidden::BadMessage),
        2 => (0usize..4).prop_map(Hidden::Invite),
        1 => Just(Hidden::Revoke),
        1 => Just(Hidden::Rename),
        1 => Just(Hidden::Avatar),
        1 => Just(Hidden::Edits),
        2 => any::<bool>().prop_map(|anew| Hidden::Run { anew }),
        1 => Just(Hidden::SignOut),
        1 => any::<bool>().prop_map(|edits| Hidden::Flood { edits }),
    ]
}

fn ann() -> impl Strategy<Value = Ann> {
    prop_oneof![
        2 => (1..TABS).prop_map(Ann::Open),
        1 => (1..TABS).prop_map(Ann::Close),
        2 => (1..TABS, 0usize..3).prop_map(|(tab, missed)| Ann::Resume(tab, missed)),
        1 => any::<bool>().prop_map(|epoch| Ann::ResumeUnknown { epoch }),
        2 => (0..TABS, any::<(bool, bool)>()).prop_map(|(tab, (item, idle))| Ann::Look { tab, item, idle }),
        1 => (0..TABS).prop_map(Ann::Edit),
        10 => ask().prop_map(Ann::Ask),
        2 => (0usize..4).prop_map(Ann::Invite),
        1 => Just(Ann::Rename),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    prop::sample::select(&ASKS[..])
}

fn team() -> impl Strategy<Value = Team> {
    prop_oneof![
        2 => Just(Team::Create),
        2 => Just(Team::Update),
        1 => Just(Team::Move),
        1 => Just(Team::Delete),
        1 => Just(Team::Environment),
        1 => Just(Team::Rename),
        1 => Just(Team::Me),
        1 => Just(Team::Avatar),
        1 => Just(Team::Open),
        1 => Just(Team::Close),
        1 => any::<(bool, bool)>().prop_map(|(item, idle)| Team::Look { item, idle }),
        1 => Just(Team::LiveEdit),
        1 => Just(Team::ColleagueJoins),
        1 => Just(Team::ColleagueGoes),
        1 => any::<bool>().prop_map(Team::AnnLead),
    ]
}

// ---- one run ----

/// A socket, and what the room knows of its presence.
struct Seat {
    client: TestClient,
    session: String,
    viewing: Option<String>,
    idle: bool,
    /// Which of the lives in Ann's transcript this is.
    life: usize,
}

#[derive(Default)]
struct Stranger {
    person: Option<Person>,
    ids: Vec<String>,
    runs: Vec<String>,
    sockets: Vec<TestClient>,
}

struct World {
    server: TestServer,
    admin: Person,
    workspace: String,
    epoch: String,
    ann: Person,
    tabs: Vec<Option<Seat>>,
    /// What Ann read: over HTTP, and of each socket.
    http: Vec<String>,
    lives: Vec<Vec<String>>,
    etag: Option<String>,
    collection: String,
    items: Vec<String>,
    position: u64,
    count: usize,
    there: Option<Seat>,
    colleagues: Vec<Person>,
    strangers: [Stranger; 2],
}

/// Runs a schedule; what Ann read, masked.
async fn run(schedule: &Schedule, busy: bool) -> Vec<String> {
    let mut world = World::start(schedule.lead).await;
    for step in &schedule.steps {
        match step {
            Step::Hidden(who, what) if busy => world.hidden(*who, what).await,
            Step::Hidden(..) => {}
            Step::Ann(what) => world.ann(what).await,
            Step::Team(what) => world.team(what).await,
        }
    }
    world.finish().await
}

impl World {
    /// A workspace that was classic, without the hidden partners, and Ann with one tab.
    async fn start(lead: bool) -> Self {
        let server = TestServer::start().await;
        let workspace = server.workspace().await;
        let (collection, request) = server.admin.collection(&workspace).await;
        server.switch(&workspace).await.expect(200);
        let ann = server.join(&workspace, ANN, "partner", "viewer", lead).await;
        let snapshot = ann.get(&format!("/v1/workspaces/{workspace}")).await;
        let epoch = snapshot.expect(200)["epoch"].as_str().unwrap().to_owned();
        let position = snapshot.json["positions"]["shared"].as_u64().unwrap();
        let mut world = Self {
            admin: server.admin.clone(),
            server,
            workspace,
            epoch,
            ann,
            tabs: (0..TABS).map(|_| None).collect(),
            http: Vec::new(),
            lives: Vec::new(),
            etag: None,
            collection,
            items: vec![request],
            position,
            count: 0,
            there: None,
            colleagues: Vec::new(),
            strangers: Default::default(),
        };
        // That the first tab came is told with what comes next: a second one, whose part in this is forgotten.
        world.open(0, "").await;
        world.open(1, "").await;
        world.close(1).await;
        world.lives.truncate(1);
        world
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.workspace)
    }

    fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    /// Has each of Ann's sockets, but one, read up to a message.
    async fn reaches_ann(&mut self, but: Option<usize>, fits: impl Fn(&Value) -> bool) {
        for (index, tab) in self.tabs.iter_mut().enumerate() {
            if let Some(tab) = tab.as_mut().filter(|_| Some(index) != but) {
                let message = tab.client.until(&fits).await;
                if message["type"] == "event" {
                    self.position = message["position"].as_u64().unwrap();
                }
            }
        }
    }

    async fn reaches_ann_event(&mut self, kind: &str) {
        self.reaches_ann(None, |message| message["change"]["kind"] == kind).await;
    }

    /// What somebody's presence does reaches Ann's sockets.
    async fn reaches_ann_delta(&mut self, but: Option<usize>, field: &str, session: &str) {
        let names = |one: &Value| one == session || one["session"] == session;
        let fits = |message: &Value| {
            let list = (message["type"] == "presence_delta").then(|| message[field].as_array()).flatten();
            list.is_some_and(|list| list.iter().any(names))
        };
        self.reaches_ann(but, fits).await;
    }

    // ---- Ann ----

    /// One request on a connection of its own, and all the bytes that come back.
    async fn ask(&mut self, method: &str, path: &str, body: Option<Value>, known: Option<&str>) -> String {
        let address = self.ann.url.strip_prefix("http://").unwrap().to_owned();
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\naccept-encoding: identity\r\nconnection: close\r\n",
            self.ann.token
        );
        if !body.is_empty() {
            request += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        if let Some(known) = known {
            request += &format!("if-none-match: {known}\r\n");
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(common::PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (head, body) = (String::from_utf8(answer[..end].to_vec()).unwrap(), &answer[end + 4..]);
        let text = std::str::from_utf8(body).map_or_else(|_| body.escape_ascii().to_string(), str::to_owned);
        self.http.push(format!("> {method} {path}"));
        for line in head.lines() {
            // Times are not all of one length; the body itself is compared.
            let length = line.strip_prefix("content-length: ").filter(|_| method != "HEAD" && !body.is_empty());
            if let Some(length) = length {
                assert_eq!(length, body.len().to_string());
            }
            self.http.push(if length.is_some() { "content-length: of the body".into() } else { line.to_owned() });
        }
        self.http.push(text.clone());
        let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).map(str::to_owned);
        if path == self.path("") && etag.is_some() {
            self.etag = etag;
        }
        text
    }

    async fn connect(&mut self, query: &str) -> (TestClient, usize) {
        let url = format!("{}{}{query}", self.ann.url.replacen("http", "ws", 1), self.path("/live"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", self.ann.token).parse().unwrap());
        request.headers_mut().insert("sec-websocket-protocol", "loggia.v1".parse().unwrap());
        let (socket, head) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut life = vec![format!("> live{query}"), head.status().to_string()];
        let shown = head.headers().iter().filter(|(name, _)| *name != "sec-websocket-accept");
        life.extend(shown.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
        self.lives.push(life);
        (TestClient { socket, seen: Vec::new() }, self.lives.len() - 1)
    }

    async fn open(&mut self, tab: usize, query: &str) {
        if self.tabs[tab].is_some() {
            return;
        }
        let (mut client, life) = self.connect(query).await;
        let session = client.until_type("welcome").await["session"].as_str().unwrap().to_owned();
        client.until_type("presence").await;
        self.reaches_ann_delta(None, "joined", &session).await;
        self.tabs[tab] = Some(Seat { client, session, viewing: None, idle: false, life });
    }

    /// Closes a tab; the shared position it had come to.
    async fn close(&mut self, tab: usize) -> Option<u64> {
        let mut seat = self.tabs[tab].take()?;
        seat.client.socket.close(None).await.unwrap();
        let end = to_the_end(&mut seat.client).await;
        self.lives[seat.life].append(&mut seat.client.seen);
        self.lives[seat.life].push(end);
        self.reaches_ann_delta(None, "left", &seat.session).await;
        Some(self.position)
    }

    async fn ann(&mut self, what: &Ann) {
        match what {
            Ann::Open(tab) => self.open(*tab, "").await,
            Ann::Close(tab) => drop(self.close(*tab).await),
            Ann::Resume(tab, missed) => {
                let Some(position) = self.close(*tab).await else { return };
                for _ in 0..*missed {
                    self.team(&Team::Create).await;
                }
                let query = format!("?epoch={}&shared={position}", self.epoch);
                self.open(*tab, &query).await;
                let last = self.position;
                if *missed > 0 {
                    let seat = self.tabs[*tab].as_mut().unwrap();
                    seat.client.until(|message| message["position"] == last).await;
                }
            }
            Ann::ResumeUnknown { epoch } => {
                let other = "019a0000-0000-7000-8000-0000000000ee";
                let query = match epoch {
                    true => format!("?epoch={other}&shared=1"),
                    false => format!("?epoch={}&shared={}", self.epoch, self.position + 1),
                };
                let (mut client, life) = self.connect(&query).await;
                let end = to_the_end(&mut client).await;
                self.lives[life].append(&mut client.seen);
                self.lives[life].push(end);
            }
            Ann::Look { tab, item, idle } => {
                let viewing = item.then(|| self.items.last().cloned()).flatten();
                let Some(seat) = self.tabs[*tab].as_mut() else { return };
                if let Some(session) = look(seat, viewing, *idle).await {
                    self.reaches_ann_delta(Some(*tab), "changed", &session).await;
                }
            }
            Ann::Edit(tab) => {
                let id = self.collection.clone();
                let Some(seat) = self.tabs[*tab].as_mut() else { return };
                let answer =
                    seat.client.edit(json!([{"kind": "item_update", "id": id, "patch": {"name": "Mine"}}])).await;
                assert_eq!(answer["type"], "reject", "{answer}");
                // It is a sign of life too.
                if std::mem::take(&mut seat.idle) {
                    let session = seat.session.clone();
                    self.reaches_ann_delta(Some(*tab), "changed", &session).await;
                }
            }
            Ann::Ask(what) => self.ask_for(*what).await,
            Ann::Invite(whom) => {
                let body = invitation(ANN, *whom, self.count);
                self.ask("POST", &self.path("/invitations"), Some(body), None).await;
            }
            Ann::Rename => {
                let name = format!("Ann {}", self.next());
                self.ask("PATCH", "/v1/me", Some(json!({"name": name})), None).await;
            }
        }
    }

    async fn ask_for(&mut self, what: Ask) {
        let id = |who: usize| self.strangers[who].ids.last().map_or(NOBODY[who], String::as_str).to_owned();
        let run = |who: usize| self.strangers[who].runs.last().map_or(NOBODY[who], String::as_str).to_owned();
        let item = self.items.last().cloned().unwrap_or_else(|| self.collection.clone());
        let edit = json!([{"kind": "item_delete", "id": item}]);
        let known = matches!(what, Ask::KnownSnapshot).then(|| self.etag.clone()).flatten();
        let (method, path, body) = match what {
            Ask::Snapshot | Ask::KnownSnapshot => ("GET", self.path(""), None),
            Ask::Members => ("GET", self.path("/members"), None),
            Ask::Invitations => ("GET", self.path("/invitations"), None),
            Ask::Me => ("GET", "/v1/me".into(), None),
            Ask::Tokens => ("GET", "/v1/me/tokens".into(), None),
            Ask::Workspaces => ("GET", "/v1/workspaces".into(), None),
            Ask::Item => ("GET", self.path(&format!("/items/{item}")), None),
            Ask::Export => ("GET", self.path(&format!("/items/{}/export", self.collection)), None),
            Ask::AvatarOfTeam => ("GET", self.path(&format!("/members/{}/avatar", self.admin.id)), None),
            Ask::AvatarOfHidden(who) => ("GET", self.path(&format!("/members/{}/avatar", id(who))), None),
            Ask::PatchWorkspace => ("PATCH", self.path(""), Some(json!({"name": "Mine"}))),
            Ask::PatchHidden(who) => {
                ("PATCH", self.path(&format!("/members/{}", id(who))), Some(json!({"lead": true})))
            }
            Ask::RemoveHidden(who) => ("DELETE", self.path(&format!("/members/{}", id(who))), None),
            Ask::Switch => ("POST", self.path("/multi_partner"), Some(json!({"confirm": "API"}))),
            Ask::Delete => ("DELETE", self.path(""), None),
            Ask::Changes => ("POST", self.path("/changes"), Some(json!({"op": new_id(), "changes": edit}))),
            Ask::Import => ("POST", self.path("/import"), Some(json!({"info": {}}))),
            Ask::RevokeNothing => ("DELETE", self.path(&format!("/invitations/{}", NOBODY[0])), None),
            Ask::History => ("GET", self.path("/history?search=a&limit=3"), None),
            Ask::Runs => ("GET", self.path("/runs"), None),
            Ask::Cookies => ("GET", self.path("/cookies"), None),
            Ask::RunOfHidden(who) => ("GET", self.path(&format!("/runs/{}", run(who))), None),
            Ask::EndHidden(who) => {
                ("POST", self.path(&format!("/runs/{}/end", run(who))), Some(json!({"state": "aborted"})))
            }
            Ask::DeleteHidden(who) => ("DELETE", self.path(&format!("/runs/{}", run(who))), None),
            Ask::NoRoute => ("GET", self.path("/nothing"), None),
        };
        self.ask(method, &path, body, known.as_deref()).await;
    }

    // ---- the team ----

    async fn team_edit(&mut self, changes: Value) {
        let position = self.admin.edit(&self.workspace, changes).await;
        // What changes nothing is no event.
        if position != self.position {
            self.reaches_ann(None, |message| message["position"] == position).await;
        }
    }

    async fn team(&mut self, what: &Team) {
        let number = self.next();
        let item = self.items.last().cloned();
        match what {
            Team::Create => {
                let id = new_id();
                let content = json!({"request": {"method": "POST", "url": format!("https://api.host.com/{number}")}});
                let change = json!({"kind": "item_create", "id": id, "parent": self.collection, "item_kind": "request",
                    "name": format!("Request {number}"), "content": content});
                self.items.push(id);
                self.team_edit(json!([change])).await;
            }
            Team::Update => {
                let id = item.unwrap_or_else(|| self.collection.clone());
                let patch = json!({"name": format!("Renamed {number}"), "content": {"note": number}});
                self.team_edit(json!([{"kind": "item_update", "id": id, "patch": patch}])).await;
            }
            Team::Move => {
                let Some(id) = item else { return };
                let change = json!({"kind": "item_move", "id": id, "parent": self.collection, "after": null});
                self.team_edit(json!([change])).await;
            }
            Team::Delete => {
                let Some(id) = self.items.pop() else { return };
                self.team_edit(json!([{"kind": "item_delete", "id": id}])).await;
            }
            Team::Environment => {
                let change = json!({"kind": "environment_create", "id": new_id(), "name": format!("Env {number}")});
                self.team_edit(json!([change])).await;
            }
            Team::Rename => {
                let patch = json!({"name": format!("API {number}"), "description": format!("The {number}th")});
                self.team_edit(json!([{"kind": "workspace_update", "patch": patch}])).await;
            }
            Team::Me => {
                self.admin.patch("/v1/me", json!({"name": format!("Ada {number}")})).await.expect(200);
                self.reaches_ann_event("person_updated").await;
            }
            Team::Avatar => {
                set_avatar(&self.admin, number).await;
                self.reaches_ann_event("person_updated").await;
            }
            Team::Open => {
                if self.there.is_some() {
                    return;
                }
                let mut client = self.admin.live(&self.workspace).await;
                let session = client.until_type("welcome").await["session"].as_str().unwrap().to_owned();
                self.reaches_ann_delta(None, "joined", &session).await;
                self.there = Some(Seat { client, session, viewing: None, idle: false, life: 0 });
            }
            Team::Close => {
                let Some(mut seat) = self.there.take() else { return };
                seat.client.socket.close(None).await.unwrap();
                seat.client.closed().await;
                self.reaches_ann_delta(None, "left", &seat.session).await;
            }
            Team::Look { item: at_item, idle } => {
                let viewing = item.filter(|_| *at_item);
                let Some(seat) = self.there.as_mut() else { return };
                if let Some(session) = look(seat, viewing, *idle).await {
                    self.reaches_ann_delta(None, "changed", &session).await;
                }
            }
            Team::LiveEdit => {
                let id = self.collection.clone();
                let Some(seat) = self.there.as_mut().filter(|seat| !seat.idle) else { return };
                let patch = json!({"name": format!("Live {number}")});
                let ack = seat.client.edit(json!([{"kind": "item_update", "id": id, "patch": patch}])).await;
                self.reaches_ann(None, |message| message["position"] == ack["position"]).await;
            }
            Team::ColleagueJoins => {
                let email = format!("colleague{number}@host.com");
                let colleague = self.server.editor(&self.workspace, &email).await;
                self.colleagues.push(colleague);
                self.reaches_ann_event("member_joined").await;
            }
            Team::ColleagueGoes => {
                let Some(colleague) = self.colleagues.pop() else { return };
                self.admin.delete(&self.path(&format!("/members/{}", colleague.id))).await.expect(204);
                self.reaches_ann_event("member_removed").await;
            }
            Team::AnnLead(lead) => {
                let members = self.admin.get(&self.path("/members")).await;
                let partners = members.expect(200)["partners"].as_array().unwrap();
                let mut all = partners.iter().flat_map(|company| company["members"].as_array().unwrap());
                let is = all.find(|member| member["id"] == self.ann.id.as_str()).unwrap()["lead"] == true;
                let path = self.path(&format!("/members/{}", self.ann.id));
                self.admin.patch(&path, json!({"lead": lead})).await.expect(204);
                if is != *lead {
                    self.reaches_ann(None, |message| message["type"] == "welcome").await;
                    self.reaches_ann(None, |message| message["type"] == "presence").await;
                }
            }
        }
    }

    // ---- the hidden ----

    async fn joined(&mut self, who: usize, lead: bool) -> Person {
        if let Some(person) = &self.strangers[who].person {
            return person.clone();
        }
        let person = self.server.join(&self.workspace, HIDDEN[who], "partner", "viewer", lead).await;
        self.strangers[who].ids.push(person.id.clone());
        self.strangers[who].person = Some(person.clone());
        person
    }

    async fn socket(&mut self, who: usize) -> &mut TestClient {
        let person = self.joined(who, false).await;
        if self.strangers[who].sockets.is_empty() {
            let mut client = person.live(&self.workspace).await;
            client.until_type("presence").await;
            self.strangers[who].sockets.push(client);
        }
        self.strangers[who].sockets.last_mut().unwrap()
    }

    async fn hidden(&mut self, who: usize, what: &Hidden) {
        let person = self.joined(who, matches!(what, Hidden::Join { lead: true } | Hidden::Invite(_))).await;
        let item = self.items.last().cloned();
        let collection = self.collection.clone();
        let number = self.strangers[who].ids.len() + self.strangers[who].sockets.len();
        match what {
            Hidden::Join { .. } => {}
            Hidden::Removed => {
                self.admin.delete(&self.path(&format!("/members/{}", person.id))).await.expect(204);
                self.strangers[who].person = None;
                self.gone(who).await;
            }
            Hidden::MadeLead(lead) => {
                let path = self.path(&format!("/members/{}", person.id));
                self.admin.patch(&path, json!({"lead": lead})).await.expect(204);
            }
            Hidden::Open => {
                let mut client = person.live(&self.workspace).await;
                client.until_type("presence").await;
                self.strangers[who].sockets.push(client);
            }
            Hidden::Close => {
                let Some(mut client) = self.strangers[who].sockets.pop() else { return };
                client.socket.close(None).await.unwrap();
                client.closed().await;
            }
            Hidden::Look { item: at_item, idle } => {
                let status = if *idle { "idle" } else { "active" };
                let viewing = item.filter(|_| *at_item);
                self.socket(who).await.say(json!({"type": "presence", "viewing": viewing, "status": status})).await;
            }
            Hidden::Read => {
                for path in ["", "/members", "/invitations"] {
                    person.get(&self.path(path)).await.expect(200);
                }
                person.get(&self.path(&format!("/items/{collection}"))).await.expect(200);
                person.get("/v1/me").await.expect(200);
            }
            Hidden::BadRequests => {
                person.get(&format!("/v1/workspaces/{}", new_id())).await.refused(404, "not_found");
                person.get(&self.path(&format!("/members/{}/avatar", self.ann.id))).await.refused(404, "not_found");
                person.patch(&self.path(""), json!({"name": "Ours"})).await.refused(403, "forbidden");
                person.post(&self.path("/changes"), json!({"op": 1})).await.refused(400, "malformed");
                person.delete(&self.path(&format!("/members/{}", self.ann.id))).await.refused(403, "forbidden");
            }
            Hidden::BadMessage => {
                self.socket(who).await.say(json!({"type": "shout"})).await;
                let mut client = self.strangers[who].sockets.pop().unwrap();
                assert_eq!(client.closed().await, 4009);
            }
            Hidden::Invite(whom) => {
                let body = invitation(HIDDEN[who], *whom, number);
                let answer = person.post(&self.path("/invitations"), body).await;
                assert!(matches!(answer.status, 200 | 403), "{}", answer.text);
            }
            Hidden::Revoke => {
                let own = person.get(&self.path("/invitations")).await;
                for invitation in own.expect(200)["invitations"].as_array().unwrap() {
                    let id = invitation["id"].as_str().unwrap();
                    person.delete(&self.path(&format!("/invitations/{id}"))).await.expect(204);
                }
            }
            Hidden::Rename => {
                person.patch("/v1/me", json!({"name": format!("Hidden {number}")})).await.expect(200);
            }
            Hidden::Avatar => set_avatar(&person, 100 + number).await,
            Hidden::Edits => {
                let changes = json!([{"kind": "item_update", "id": collection, "patch": {"name": "Ours"}}]);
                let body = json!({"op": new_id(), "changes": changes});
                person.post(&self.path("/changes"), body).await.refused(403, "forbidden");
                let answer = self.socket(who).await.edit(changes).await;
                assert_eq!(answer["type"], "reject", "{answer}");
            }
            Hidden::Run { anew } => {
                if *anew {
                    person.delete(&self.path("/own")).await.expect(204);
                }
                let run = person.post(&self.path("/runs"), json!({"item": collection})).await;
                let run = run.expect(201)["id"].as_str().unwrap().to_owned();
                let result = json!({"name": "Hidden", "status": 200, "ms": 1});
                person.post(&self.path(&format!("/runs/{run}/results")), result).await.expect(200);
                for client in &mut self.strangers[who].sockets {
                    let own = |message: &Value| message["run"]["id"] == run.as_str();
                    client.until(|message| own(message) && message["run"]["totals"]["requests"] == 1).await;
                }
                self.strangers[who].runs.push(run);
            }
            Hidden::SignOut => {
                let spare = person.post("/v1/me/tokens", json!({"name": "spare"})).await;
                let token = spare.expect(201)["token"].as_str().unwrap().to_owned();
                person.post("/v1/sign_out", json!({})).await.expect(204);
                self.gone(who).await;
                self.strangers[who].person = Some(Person { token, ..person });
            }
            Hidden::Flood { edits: true } => {
                let client = self.socket(who).await;
                for _ in 0..40 {
                    client.edit(json!([{"kind": "item_delete", "id": collection}])).await;
                }
            }
            Hidden::Flood { edits: false } => {
                self.socket(who).await;
                let mut client = self.strangers[who].sockets.pop().unwrap();
                for number in 0..200 {
                    let viewing = item.as_ref().filter(|_| number % 2 == 0);
                    client.say(json!({"type": "presence", "viewing": viewing, "status": "active"})).await;
                }
                assert_eq!(client.closed().await, 4029);
            }
        }
    }

    async fn gone(&mut self, who: usize) {
        for mut client in std::mem::take(&mut self.strangers[who].sockets) {
            assert_eq!(client.closed().await, 4001);
        }
    }

    // ---- the end ----

    /// Whatever is still to be told is told before this is: a change of the team's presence, one of Ann's own, and
    /// an edit.
    async fn finish(mut self) -> Vec<String> {
        self.team(&Team::Close).await;
        self.team(&Team::Open).await;
        self.close(1).await;
        self.open(1, "").await;
        for whom in 0..4 {
            self.ann(&Ann::Invite(whom)).await;
        }
        for what in ASKS {
            self.ask_for(what).await;
        }
        self.team(&Team::Create).await;
        for tab in (0..TABS).rev() {
            self.close(tab).await;
        }
        let mut mask = Mask::default();
        for (who, stranger) in self.strangers.iter().enumerate() {
            for id in stranger.ids.iter().chain(&stranger.runs).map(String::as_str).chain([NOBODY[who]]) {
                mask.labels.insert(id.to_owned(), format!("HIDDEN{who}"));
            }
        }
        let mut read: Vec<String> = self.http.iter().map(|line| mask.line(line)).collect();
        for (number, life) in self.lives.iter().enumerate() {
            read.extend(life.iter().map(|line| format!("socket {number}: {}", mask.line(line))));
        }
        read
    }
}

/// Reads a socket to its end: how it closes. What is neither text nor the close is nothing Ann should get.
async fn to_the_end(client: &mut TestClient) -> String {
    loop {
        match tokio::time::timeout(common::PATIENCE, client.socket.next()).await.expect("a close in time") {
            Some(Ok(Message::Text(text))) => client.seen.push(text.to_string()),
            Some(Ok(Message::Close(frame))) => {
                return format!("closed: {:?}", frame.map(|frame| (u16::from(frame.code), frame.reason.to_string())));
            }
            None => return "closed without a word".into(),
            other => panic!("unexpected: {other:?}"),
        }
    }
}

/// Says where a session looks; the session, when that is a change.
async fn look(seat: &mut Seat, viewing: Option<String>, idle: bool) -> Option<String> {
    let status = if idle { "idle" } else { "active" };
    seat.client.say(json!({"type": "presence", "viewing": viewing, "status": status})).await;
    let changes = (&seat.viewing, seat.idle) != (&viewing, idle);
    (seat.viewing, seat.idle) = (viewing, idle);
    changes.then(|| seat.session.clone())
}

/// The body by which somebody invites: somebody new of its domain, Ann, somebody new of hers, and Cy.
fn invitation(by: &str, whom: usize, number: usize) -> Value {
    let domain = by.split_once('@').unwrap().1;
    let email = match whom {
        0 => format!("new{number}@{domain}"),
        1 => ANN.into(),
        2 => format!("fresh{number}@acme.com"),
        _ => HIDDEN[1].into(),
    };
    json!({"invitees": [{"email": email}, {"email": "ada@host.com"}], "side": "partner", "role": "viewer"})
}

async fn set_avatar(person: &Person, shade: usize) {
    let shade = u8::try_from(shade % 256).unwrap();
    let mut png = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(2, 2, image::Rgb([shade, 7, 9])).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let request = person.http.put(format!("{}/v1/me/avatar", person.url)).bearer_auth(&person.token);
    let answer = request.header("content-type", "image/png").body(png.into_inner()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

// ---- masking ----

/// Puts a name in the place of what is random, the same name for the same thing: so equal things stay equal.
#[derive(Default)]
struct Mask {
    labels: HashMap<String, String>,
    ids: usize,
    etags: usize,
}

impl Mask {
    fn line(&mut self, line: &str) -> String {
        if line.starts_with("date: ") {
            return "date: masked".into();
        }
        if let Some((before, etag)) = line.split_once("etag: ")
            && before.is_empty()
        {
            let known = self.labels.len();
            let number = self.etags + 1;
            let label = self.labels.entry(etag.to_owned()).or_insert_with(|| format!("E{number}")).clone();
            self.etags += self.labels.len() - known;
            return format!("etag: {label}");
        }
        let mut masked = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = if let Some(id) = prefix(rest, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
                if !self.labels.contains_key(id) {
                    self.ids += 1;
                    self.labels.insert(id.to_owned(), format!("U{}", self.ids));
                }
                masked.push_str(&self.labels[id]);
                id.len()
            } else if let Some(time) = prefix(rest, "xxxx-xx-xxTxx:xx:xx") {
                let fraction = rest[time.len()..].find('Z').unwrap_or(0);
                masked.push('T');
                time.len() + fraction + 1
            } else {
                masked.push(first);
                first.len_utf8()
            };
            rest = &rest[length..];
        }
        masked
    }
}

/// What a text starts with, when it is of a form: `x` is a hexadecimal digit.
fn prefix<'a>(text: &'a str, form: &str) -> Option<&'a str> {
    let start = text.as_bytes().get(..form.len())?;
    let fits = |(is, wanted): (&u8, u8)| if wanted == b'x' { is.is_ascii_hexdigit() } else { *is == wanted };
    start.iter().zip(form.bytes()).all(fits).then(|| &text[..form.len()])
}

#[test]
fn masking_keeps_equal_things_equal_and_different_things_apart() {
    let (one, other) = (new_id(), new_id());
    let mut mask = Mask::default();
    assert_eq!(mask.line(&format!("{one} é {other}/{one}")), "U1 é U2/U1");
    assert_eq!(mask.line(&format!(r#""at":"2026-01-02T03:04:05.678Z","by":"{other}""#)), r#""at":"T","by":"U2""#);
    assert_eq!(mask.line("etag: \"ab\""), "etag: E1");
    assert_eq!(mask.line("etag: \"cd\""), "etag: E2");
    assert_eq!(mask.line("etag: \"ab\""), "etag: E1");
}

// ---- the property ----

fn config() -> Config {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 24 };
    let kept = FileFailurePersistence::WithSource("proptest-regressions");
    Config { cases, max_shrink_iters: 400, failure_persistence: Some(Box::new(kept)), ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_partner_reads_the_same_whether_others_are_busy_or_absent(schedule in schedule()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let both = async { tokio::join!(run(&schedule, true), run(&schedule, false)) };
        let (busy, absent) = runtime.block_on(both);
        let longer = busy.len().max(absent.len());
        if let Some(line) = (0..longer).find(|line| busy.get(*line) != absent.get(*line)) {
            let (busy, absent) = (busy.get(line), absent.get(line));
            prop_assert!(false, "Ann's line {line} differs.\n  others busy:   {busy:?}\n  others absent: {absent:?}");
        }
    }
}
