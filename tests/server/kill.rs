//! A server that is killed, copied or told to stop while people are at work: the real binary, as a process.

use crate::common::{Answer, PATIENCE, Person, TestClient, new_id};
use futures_util::StreamExt;
use loggia::config::StoreOptions;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// Edits of a session that wait for their answer at a time.
const WINDOW: usize = 4;
/// Messages a session may send at once without being told to slow down (twice the edits a second), less some.
const BUDGET: usize = 110;
/// Acknowledgements after which the server is killed.
const ROUND: u64 = 250;
const KILLS: u32 = 3;
const EDITORS: usize = 4;
/// Acknowledged edits that a session sends once more after each restart.
const AGAIN: usize = 3;

// ---- the process ----

fn loggia(arguments: &[&str], store: &StoreOptions) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loggia"));
    command.args(arguments).arg("--data").arg(&store.data).kill_on_drop(true).stdin(Stdio::null());
    for name in ["LISTEN", "DATA", "PUBLIC_URL", "ALLOW_ORIGIN", "METRICS_LISTEN"] {
        command.env_remove(format!("LOGGIA_{name}"));
    }
    match &store.database_url {
        Some(url) => command.env("LOGGIA_DATABASE_URL", &url.0),
        None => command.env_remove("LOGGIA_DATABASE_URL"),
    };
    command.env("LOGGIA_LOG", "info");
    command
}

/// Serves; None when the process ends before it listens (its port was taken). Returns on its word, not on a guess.
async fn serve(store: &StoreOptions, port: u16) -> Option<Child> {
    let mut command = loggia(&["serve", "--listen", &format!("127.0.0.1:{port}")], store);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listens = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("listening") && !line.contains("Error") {
                return true;
            }
            eprintln!("loggia: {line}");
        }
        false
    };
    if !timeout(PATIENCE, listens).await.expect("the server listens in time") {
        return None;
    }
    // A pipe that nobody reads would hold the server up.
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            eprintln!("loggia: {line}");
        }
    });
    let ready = reqwest::get(format!("http://127.0.0.1:{port}/readyz"));
    assert_eq!(timeout(PATIENCE, ready).await.expect("an answer in time").unwrap().status(), 200);
    Some(child)
}

struct Host {
    _folder: tempfile::TempDir,
    store: StoreOptions,
    port: u16,
    child: Child,
    admin: Person,
}

impl Host {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::common::store_options(folder.path()).await;
        Self::with(folder, store).await
    }

    async fn with(folder: tempfile::TempDir, store: StoreOptions) -> Self {
        let team = ["admin", "create-team", "--name", "Host", "--domain", "host.com", "--admin", "ada@host.com"];
        let made = loggia(&team, &store).output().await.unwrap();
        assert!(made.status.success(), "{made:?}");
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        for _ in 0..10 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if let Some(child) = serve(&store, port).await {
                let mut admin = person(port, token.clone());
                let me = admin.get("/v1/me").await;
                admin.id = me.expect(200)["id"].as_str().unwrap().to_owned();
                return Self { _folder: folder, store, port, child, admin };
            }
        }
        panic!("no free port in ten tries");
    }

    /// SIGKILL, and the same again on the same port.
    async fn kill_and_restart(&mut self) {
        self.child.kill().await.unwrap();
        self.child = serve(&self.store, self.port).await.expect("the port is free again");
        // Connections of the old process are of no use.
        self.admin.http = reqwest::Client::new();
    }

    async fn walled_workspace(&self) -> String {
        let made = self.admin.post("/v1/workspaces", json!({"name": "API"})).await;
        let id = made.expect(201)["id"].as_str().unwrap().to_owned();
        let switched = self.admin.post(&format!("/v1/workspaces/{id}/multi_partner"), json!({"confirm": "API"})).await;
        switched.expect(200);
        id
    }

    async fn join(&self, workspace: &str, emails: &[String], side: &str, role: &str) -> Vec<Person> {
        let invitees: Vec<Value> = emails.iter().map(|email| json!({"email": email, "name": "Guest"})).collect();
        let body = json!({"invitees": invitees, "side": side, "role": role});
        let sent = self.admin.post(&format!("/v1/workspaces/{workspace}/invitations"), body).await;
        let mut people = Vec::new();
        for row in sent.expect(200)["rows"].as_array().unwrap() {
            let link = row["link"].as_str().unwrap_or_else(|| panic!("no link: {row}"));
            people.push(self.accept(link.split_once("#invite=").unwrap().1).await);
        }
        people
    }

    async fn accept(&self, invitation: &str) -> Person {
        let mut guest = person(self.port, String::new());
        let accept =
            guest.http.post(format!("{}/v1/invitations/accept", guest.url)).json(&json!({"token": invitation}));
        let accepted = Answer::of(accept.send().await.unwrap()).await;
        accepted.expect(200);
        let cookie = accepted.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let make = guest.http.post(format!("{}/v1/me/tokens", guest.url)).header("cookie", cookie);
        let made =
            Answer::of(make.header("origin", &guest.url).json(&json!({"name": "test"})).send().await.unwrap()).await;
        guest.token = made.expect(201)["token"].as_str().unwrap().to_owned();
        guest
    }

    async fn people(&self, workspace: &str, partners: usize, team: usize) -> Vec<Person> {
        let partners: Vec<String> = (0..partners).map(|n| format!("p{n}@company{}.com", n % 4)).collect();
        let team: Vec<String> = (0..team).map(|n| format!("t{n}@host.com")).collect();
        let mut people = self.join(workspace, &partners, "partner", "viewer").await;
        people.extend(self.join(workspace, &team, "team", "editor").await);
        people
    }

    /// A collection with a request for each editor; the requests.
    async fn items(&self, workspace: &str) -> Vec<String> {
        let root = new_id();
        let items: Vec<String> = (0..EDITORS).map(|_| new_id()).collect();
        let mut changes = vec![
            json!({"kind": "item_create", "id": root, "parent": null, "item_kind": "collection", "name": "All", "content": {}}),
        ];
        changes.extend(items.iter().map(|id| {
            json!({"kind": "item_create", "id": id, "parent": root, "item_kind": "request", "name": "none yet", "content": {}})
        }));
        self.admin.edit(workspace, json!(changes)).await;
        items
    }
}

fn person(port: u16, token: String) -> Person {
    let url = format!("http://127.0.0.1:{port}");
    Person { url, id: String::new(), email: String::new(), token, http: reqwest::Client::new() }
}

async fn snapshot(person: &Person, workspace: &str) -> Value {
    person.get(&format!("/v1/workspaces/{workspace}")).await.expect(200).clone()
}

// ---- sessions that outlive their server ----

/// What the test tells the sessions.
#[derive(Clone, Copy, Debug, Default)]
struct Phase {
    /// How often the server was started.
    generation: u32,
    /// No new edits.
    stop: bool,
    /// The last positions: who has come there is done.
    end: Option<(u64, u64)>,
}

/// What the editors tell the test.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Edits answered for the first time.
    acks: u64,
    /// Editors that were told to stop and have all their answers.
    settled: usize,
}

/// The next message; None when the socket is gone.
async fn hear(client: &mut TestClient) -> Option<Value> {
    loop {
        match timeout(PATIENCE, client.socket.next()).await.expect("a message in time") {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(close))) => panic!("a killed server says no goodbye: {close:?}"),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

/// A session's replica of the log.
struct Follower {
    person: Person,
    workspace: String,
    epoch: String,
    shared: u64,
    team: Option<u64>,
    shared_events: Vec<Value>,
    team_events: Vec<Value>,
}

impl Follower {
    async fn new(person: &Person, workspace: &str) -> Self {
        let state = snapshot(person, workspace).await;
        Self {
            person: person.clone(),
            workspace: workspace.to_owned(),
            epoch: state["epoch"].as_str().unwrap().to_owned(),
            shared: state["positions"]["shared"].as_u64().unwrap(),
            team: state["positions"]["team"].as_u64(),
            shared_events: Vec::new(),
            team_events: Vec::new(),
        }
    }

    /// Resumes where it stands; None when the server is gone meanwhile.
    async fn connect(&self) -> Option<TestClient> {
        let team = self.team.map(|team| format!("&team={team}")).unwrap_or_default();
        let query = format!("?epoch={}&shared={}{team}", self.epoch, self.shared);
        self.person.try_live(&self.workspace, &query).await.ok()
    }

    fn take(&mut self, message: &Value) {
        match message["type"].as_str() {
            Some("welcome") => assert_eq!(message["epoch"], self.epoch.as_str(), "a restart is no new epoch"),
            Some("event") => {
                let position = message["position"].as_u64().unwrap();
                let (at, events) = match message["stream"].as_str() {
                    Some("shared") => (&mut self.shared, &mut self.shared_events),
                    _ => (self.team.as_mut().expect("no partner hears of the team's stream"), &mut self.team_events),
                };
                assert_eq!(position, *at + 1, "each event once, in order, none left out: {message}");
                *at = position;
                events.push(message.clone());
            }
            _ => {}
        }
    }

    fn is_at(&self, (shared, team): (u64, u64)) -> bool {
        self.shared >= shared && self.team.is_none_or(|own| own >= team)
    }

    async fn follow(mut self, mut phase: watch::Receiver<Phase>) -> Self {
        loop {
            let generation = phase.borrow_and_update().generation;
            if let Some(mut client) = self.connect().await {
                loop {
                    if phase.borrow_and_update().end.is_some_and(|end| self.is_at(end)) {
                        return self;
                    }
                    tokio::select! {
                        message = hear(&mut client) => match message {
                            Some(message) => self.take(&message),
                            None => break,
                        },
                        changed = phase.changed() => changed.unwrap(),
                    }
                }
            }
            phase.wait_for(|now| now.generation > generation).await.unwrap();
        }
    }
}

/// A session that edits its item as fast as it is answered, and follows as all others do.
struct Editor {
    follower: Follower,
    item: String,
    /// Every edit ever sent, in order: op and number.
    sent: Vec<(String, u64)>,
    unacked: VecDeque<(String, u64)>,
    acked: HashMap<String, u64>,
    last_acked: VecDeque<(String, u64)>,
    /// Sent once more on this socket, not yet answered once more.
    again: HashSet<String>,
    answered_again: usize,
    /// Told to stop, and all is answered.
    settled: bool,
}

impl Editor {
    async fn new(person: &Person, workspace: &str, item: &str) -> Self {
        Self {
            follower: Follower::new(person, workspace).await,
            item: item.to_owned(),
            sent: Vec::new(),
            unacked: VecDeque::new(),
            acked: HashMap::new(),
            last_acked: VecDeque::new(),
            again: HashSet::new(),
            answered_again: 0,
            settled: false,
        }
    }

    /// False when the socket is gone.
    async fn send(&self, client: &mut TestClient, (op, number): &(String, u64)) -> bool {
        use futures_util::SinkExt;
        let patch = json!({"name": format!("edit {number}"), "content": {"number": number}});
        let changes = json!([{"kind": "item_update", "id": self.item, "patch": patch}]);
        let edit = json!({"type": "edit", "op": op, "changes": changes});
        client.socket.send(Message::text(edit.to_string())).await.is_ok()
    }

    fn answered(&mut self, message: &Value) -> bool {
        assert_ne!(message["type"], "reject", "{message}");
        if message["type"] != "ack" {
            return false;
        }
        let (op, position) = (message["op"].as_str().unwrap(), message["position"].as_u64().unwrap());
        if let Some(first) = self.acked.get(op) {
            assert_eq!(position, *first, "an edit sent again gets the first answer: {message}");
            assert!(self.again.remove(op), "answered twice: {message}");
            self.answered_again += 1;
            return false;
        }
        let edit = self.unacked.pop_front().expect("an edit that was sent");
        assert_eq!(edit.0, op, "answers come in the order of a session's edits");
        self.acked.insert(op.to_owned(), position);
        self.last_acked.push_back(edit);
        if self.last_acked.len() > AGAIN {
            self.last_acked.pop_front();
        }
        true
    }

    async fn edit(mut self, mut phase: watch::Receiver<Phase>, tally: Arc<watch::Sender<Tally>>) -> Self {
        loop {
            let generation = phase.borrow_and_update().generation;
            if let Some(client) = self.follower.connect().await
                && self.work(client, &mut phase, &tally).await
            {
                return self;
            }
            phase.wait_for(|now| now.generation > generation).await.unwrap();
        }
    }

    /// One socket's life; whether all is done.
    async fn work(
        &mut self,
        mut client: TestClient,
        phase: &mut watch::Receiver<Phase>,
        tally: &watch::Sender<Tally>,
    ) -> bool {
        let once_more: Vec<_> = self.last_acked.iter().chain(&self.unacked).cloned().collect();
        self.again = self.last_acked.iter().map(|(op, _)| op.clone()).collect();
        let mut budget = BUDGET - once_more.len();
        for edit in &once_more {
            if !self.send(&mut client, edit).await {
                return false;
            }
        }
        loop {
            let now = *phase.borrow_and_update();
            let answered = self.unacked.is_empty() && self.again.is_empty();
            if answered && now.stop && !std::mem::replace(&mut self.settled, true) {
                tally.send_modify(|tally| tally.settled += 1);
            }
            if answered && now.end.is_some_and(|end| self.follower.is_at(end)) {
                return true;
            }
            while !now.stop && self.unacked.len() < WINDOW && budget > 0 {
                let edit = (new_id(), self.sent.len() as u64);
                self.sent.push(edit.clone());
                self.unacked.push_back(edit.clone());
                budget -= 1;
                if !self.send(&mut client, &edit).await {
                    return false;
                }
            }
            tokio::select! {
                message = hear(&mut client) => {
                    let Some(message) = message else { return false };
                    self.follower.take(&message);
                    if self.answered(&message) {
                        tally.send_modify(|tally| tally.acks += 1);
                    }
                }
                changed = phase.changed() => changed.unwrap(),
            }
        }
    }
}

/// Names and positions of a snapshot's tree, by item.
fn names(state: &Value) -> BTreeMap<String, (String, u64)> {
    let entry = |item: &Value| {
        let text = |field: &str| item[field].as_str().unwrap().to_owned();
        (text("id"), (text("name"), item["position"].as_u64().unwrap()))
    };
    state["tree"].as_array().unwrap().iter().map(entry).collect()
}

/// The tree that a snapshot and the events since come to.
fn fold<'a>(before: &Value, events: impl IntoIterator<Item = &'a Value>) -> BTreeMap<String, (String, u64)> {
    let mut tree = names(before);
    for event in events {
        let change = &event["change"];
        assert_eq!(change["kind"], "item_updated", "{event}");
        let item = tree.get_mut(change["id"].as_str().unwrap()).unwrap();
        *item = (change["patch"]["name"].as_str().unwrap().to_owned(), event["position"].as_u64().unwrap());
    }
    tree
}

/// What every session saw, after the edits of all editors were answered.
fn assert_each_edit_once(shared: &[Value], editors: &[Editor]) {
    let mut positions: HashMap<&str, Vec<u64>> = HashMap::new();
    for event in shared {
        positions.entry(event["op"].as_str().unwrap()).or_default().push(event["position"].as_u64().unwrap());
    }
    let sent: usize = editors.iter().map(|editor| editor.sent.len()).sum();
    assert_eq!(shared.len(), sent, "as many events as edits");
    for editor in editors {
        for (op, number) in &editor.sent {
            let acked = editor.acked.get(op).unwrap_or_else(|| panic!("edit {number} was never answered"));
            assert_eq!(positions.get(op.as_str()), Some(&vec![*acked]), "edit {number}: once, where its answer says");
        }
        let own = |event: &&Value| event["change"]["id"] == editor.item.as_str();
        let numbers: Vec<u64> = shared
            .iter()
            .filter(own)
            .map(|event| event["change"]["patch"]["content"]["number"].as_u64().unwrap())
            .collect();
        let expected: Vec<u64> = (0..editor.sent.len() as u64).collect();
        assert_eq!(numbers, expected, "a session's edits in its order, none missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_edit_is_lost_and_no_event_is_seen_twice_when_the_server_is_killed() {
    let mut host = Host::start().await;
    let workspace = host.walled_workspace().await;
    let people = host.people(&workspace, 20, 3).await;
    let items = host.items(&workspace).await;
    let before = snapshot(&host.admin, &workspace).await;

    let (tell, phase) = watch::channel(Phase::default());
    let (tally, mut told) = watch::channel(Tally::default());
    let tally = Arc::new(tally);
    // All begin at the same positions: nobody edits until everybody has read the snapshot.
    let (mut followers, mut editors) = (Vec::new(), Vec::new());
    for person in &people {
        followers.push(Follower::new(person, &workspace).await);
    }
    for item in &items {
        editors.push(Editor::new(&host.admin, &workspace, item).await);
    }
    let following: Vec<_> = followers.into_iter().map(|one| tokio::spawn(one.follow(phase.clone()))).collect();
    let edit = |one: Editor| tokio::spawn(one.edit(phase.clone(), Arc::clone(&tally)));
    let editing: Vec<_> = editors.into_iter().map(edit).collect();

    for generation in 0..=KILLS {
        if generation > 0 {
            host.kill_and_restart().await;
            tell.send_modify(|phase| phase.generation = generation);
        }
        // Something on the team's stream, so that both streams live through the kills.
        let invitation = json!({"invitees": [{"email": format!("later{generation}@company.com")}], "side": "partner", "role": "viewer"});
        host.admin.post(&format!("/v1/workspaces/{workspace}/invitations"), invitation).await.expect(200);
        let target = told.borrow().acks + ROUND;
        timeout(PATIENCE, told.wait_for(|told| told.acks >= target))
            .await
            .expect("edits are answered in time")
            .unwrap();
    }
    tell.send_modify(|phase| phase.stop = true);
    let settled = told.wait_for(|told| told.settled == EDITORS);
    timeout(PATIENCE, settled).await.expect("the last edits are answered in time").unwrap();
    let after = snapshot(&host.admin, &workspace).await;
    let end = (after["positions"]["shared"].as_u64().unwrap(), after["positions"]["team"].as_u64().unwrap());
    tell.send_modify(|phase| phase.end = Some(end));

    let mut editors = Vec::new();
    for editor in editing {
        editors.push(timeout(PATIENCE, editor).await.expect("an editor is done in time").unwrap());
    }
    let mut followers = Vec::new();
    for follower in following {
        followers.push(timeout(PATIENCE, follower).await.expect("a follower is done in time").unwrap());
    }
    let reference = &editors[0].follower;
    assert_each_edit_once(&reference.shared_events, &editors);
    assert!(reference.shared_events.len() as u64 >= ROUND * u64::from(KILLS + 1));
    assert_eq!(reference.team_events.len(), KILLS as usize + 1, "an invitation for each start of the server");
    for editor in &editors {
        assert!(editor.answered_again >= AGAIN, "edits were sent again and answered again");
    }
    for one in followers.iter().chain(editors.iter().map(|editor| &editor.follower)) {
        assert_eq!(one.shared, end.0);
        assert_eq!(one.shared_events.len(), reference.shared_events.len());
        for (own, other) in one.shared_events.iter().zip(&reference.shared_events) {
            assert_eq!(own, other, "all saw the same on the shared stream");
        }
        match one.team {
            Some(team) => {
                assert_eq!(team, end.1);
                assert!(one.team_events == reference.team_events, "the team saw the same on its stream");
            }
            None => assert!(one.team_events.is_empty()),
        }
    }
    assert_eq!(names(&after), fold(&before, &reference.shared_events));
    let partners = snapshot(&people[0], &workspace).await;
    assert_eq!(names(&partners), names(&after), "partners read the same tree");
    for editor in &editors {
        let item = host.admin.get(&format!("/v1/workspaces/{workspace}/items/{}", editor.item)).await;
        assert_eq!(item.expect(200)["content"]["number"].as_u64().unwrap() + 1, editor.sent.len() as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_edits_go_on_serves_a_consistent_prefix() {
    // Of PostgreSQL it is PostgreSQL's tools that make one.
    let folder = tempfile::tempdir().unwrap();
    let store = StoreOptions::folder(folder.path());
    let host = Host::with(folder, store).await;
    let workspace = host.walled_workspace().await;
    let people = host.people(&workspace, 1, 0).await;
    let items = host.items(&workspace).await;
    let before = snapshot(&people[0], &workspace).await;
    let mut reading = Follower::new(&people[0], &workspace).await;

    let (tell, phase) = watch::channel(Phase::default());
    let (tally, mut told) = watch::channel(Tally::default());
    let tally = Arc::new(tally);
    let follower = tokio::spawn(Follower::new(&people[0], &workspace).await.follow(phase.clone()));
    let mut editing = Vec::new();
    for item in &items {
        let editor = Editor::new(&host.admin, &workspace, item).await;
        editing.push(tokio::spawn(editor.edit(phase.clone(), Arc::clone(&tally))));
    }
    timeout(PATIENCE, told.wait_for(|told| told.acks >= 60)).await.expect("edits are answered in time").unwrap();
    let acked_before = told.borrow().acks;
    let copy = tempfile::tempdir().unwrap();
    let file = copy.path().join("loggia.sqlite3");
    let made = loggia(&["backup", file.to_str().unwrap()], &host.store).output().await.unwrap();
    assert!(made.status.success(), "{made:?}");
    // Edits go on past the copy.
    let target = told.borrow().acks + 20;
    timeout(PATIENCE, told.wait_for(|told| told.acks >= target)).await.expect("edits go on beside a backup").unwrap();
    tell.send_modify(|phase| phase.stop = true);
    let settled = told.wait_for(|told| told.settled == EDITORS);
    timeout(PATIENCE, settled).await.expect("the last edits are answered in time").unwrap();
    let after = snapshot(&host.admin, &workspace).await;
    let end = (after["positions"]["shared"].as_u64().unwrap(), after["positions"]["team"].as_u64().unwrap());
    tell.send_modify(|phase| phase.end = Some(end));
    for editor in editing {
        timeout(PATIENCE, editor).await.expect("an editor is done in time").unwrap();
    }
    let original = timeout(PATIENCE, follower).await.expect("a follower is done in time").unwrap();
    drop(host);

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _server = serve(&StoreOptions::folder(copy.path()), port).await.expect("a free port");
    reading.person = person(port, reading.person.token);
    let copied = snapshot(&reading.person, &workspace).await;
    assert_eq!(copied["epoch"], before["epoch"]);
    let length = (copied["positions"]["shared"].as_u64().unwrap() - reading.shared) as usize;
    assert!(length as u64 >= acked_before, "{length} events, {acked_before} were acknowledged before the backup");
    assert!(length < original.shared_events.len(), "edits went on after the backup");
    let mut client = reading.connect().await.expect("a seat");
    while reading.shared_events.len() < length {
        let message = hear(&mut client).await.expect("the whole prefix");
        reading.take(&message);
    }
    assert!(reading.shared_events == original.shared_events[..length], "a prefix of what was seen");
    assert_eq!(names(&copied), fold(&before, &reading.shared_events));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_says_goodbye_to_every_session_and_the_process_exits_with_success() {
    let mut host = Host::start().await;
    let workspace = host.walled_workspace().await;
    let people = host.people(&workspace, 10, 2).await;
    let mut sessions = vec![host.admin.live(&workspace).await];
    for person in &people {
        sessions.push(person.live(&workspace).await);
    }
    for session in &mut sessions {
        session.until_type("presence").await;
    }
    let id = host.child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
    assert!(sent.success());
    let mut without = Vec::new();
    for (number, session) in sessions.iter_mut().enumerate() {
        assert_eq!(session.closed().await, 1012);
        let last: Value = serde_json::from_str(session.seen.last().unwrap()).unwrap();
        if last["type"] != "goodbye" {
            without.push(number);
            continue;
        }
        assert_eq!(last["code"], "restart");
        assert!(last["reconnect_in_ms"].as_u64().unwrap() > 0, "{last}");
    }
    assert!(without.is_empty(), "of {} sessions, these got no goodbye before the close: {without:?}", sessions.len());
    drop(sessions);
    let status = timeout(PATIENCE, host.child.wait()).await.expect("the process ends in time").unwrap();
    assert_eq!(status.code(), Some(0));
}
