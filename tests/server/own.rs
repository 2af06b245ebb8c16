//! What is a person's own: nobody else reads, changes or hears of it, and nothing of theirs changes by it.
//!
//! That a frame does not come is shown by an event that comes after it would have: the room orders both.

use crate::common::redis::Redis;
use crate::common::{Answer, Person, TestClient, TestServer, new_id, postgres};
use loggia::call::history::{self, Sent, keep_cookies};
use loggia::call::redact::{REDACTED, Redaction};
use loggia::call::{Behavior, Body, Handshake, Header, Outcome, Outgoing, Redirect, Sizes, Timings};
use loggia::config::{HistoryOptions, LARGEST_JAR, MailOptions, SecretUrl, ServeOptions, StoreOptions};
use loggia::http::App;
use loggia::id::{EntryId, RunId, UserId, WorkspaceId};
use loggia::identity::Secret;
use loggia::protocol::own::{HistoryEntry, Run, RunState, Source, Totals};
use loggia::server::{STORE_FILE, Server, open_store};
use loggia::store::now_utc;
use loggia::store::own::{Entry, Keep, Owner};
use loggia::workspace::command::{Action, Command, Invitee};
use loggia::workspace::member::{Role, Side};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use time::Duration;

fn get(url: &str) -> Outgoing {
    Outgoing {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: None,
        auth: None,
        behavior: Behavior::default(),
    }
}

fn answered(body: &str) -> Outcome {
    Outcome {
        status: 200,
        reason: "OK".into(),
        http_version: "1.1".into(),
        url: "https://api.host.com/".into(),
        headers: Vec::new(),
        body: Body { media_type: "text/plain".into(), text: Some(body.into()), base64: None, cut: None },
        timings: Timings::default(),
        sizes: Sizes { head: 20, body: body.len() as u64, decoded: body.len() as u64 },
        redirects: Vec::new(),
    }
}

fn owner(workspace: &str, person: &Person) -> Owner {
    Owner { workspace: workspace.parse().unwrap(), user: person.id.parse().unwrap() }
}

fn source() -> Source {
    Source { environment: None, overrides: BTreeMap::new(), request: None, inherits: true, left_out: Vec::new() }
}

async fn sends(app: &App, owner: Owner, name: &str, url: &str) -> HistoryEntry {
    let (request, outcome) = (get(url), answered("done"));
    let sent = Sent { item: None, name, source: &source(), request: &request, outcome: Ok(&outcome), total_ms: 3.5 };
    app.keep(owner, history::entry(sent, &Redaction::default()).unwrap()).await.unwrap().unwrap()
}

/// An answer, but for when it was given.
fn wire(answer: &Answer) -> String {
    let head = answer.headers.iter().filter(|(name, _)| *name != "date");
    let head: Vec<String> = head.map(|(name, value)| format!("{name}: {value:?}")).collect();
    format!("{}\n{}\n\n{}", answer.status, head.join("\n"), answer.text)
}

struct Scene {
    server: TestServer,
    workspace: String,
    request: String,
    environment: String,
    /// Owns things.
    pat: Person,
    /// By what they are to `pat`; the last two may do nothing at all.
    others: Vec<(&'static str, Person)>,
}

const FORMER: &str = "former member";
const NOBODY: &str = "anonymous";

impl Scene {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let workspace = server.walled_workspace().await;
        let (_, request) = server.admin.collection(&workspace).await;
        let environment = new_id();
        let made =
            json!([{"kind": "environment_create", "id": environment, "name": "Test", "content": {"values": []}}]);
        server.admin.edit(&workspace, made).await;
        let lead = server.join(&workspace, "lea@acme.com", "partner", "viewer", true).await;
        let pat = invited(&server, &workspace, &lead, "pat@acme.com").await;
        let former = server.partner(&workspace, "fay@acme.com").await;
        let mut others = vec![
            ("other partner of the same domain", server.partner(&workspace, "yuri@acme.com").await),
            ("other partner", server.partner(&workspace, "zelda@bolt.org").await),
            ("Lead who invited", lead),
            ("team Viewer", server.join(&workspace, "vic@host.com", "team", "viewer", false).await),
            ("team Editor", server.editor(&workspace, "edda@host.com").await),
            ("team Admin", server.admin.clone()),
        ];
        server.admin.delete(&format!("/v1/workspaces/{workspace}/members/{}", former.id)).await.expect(204);
        others.push((FORMER, former));
        others.push((NOBODY, Person { token: "nobody".into(), ..server.admin.clone() }));
        Self { server, workspace, request, environment, pat, others }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.workspace)
    }

    async fn get(&self, who: &Person, rest: &str) -> Answer {
        who.get(&self.path(rest)).await
    }

    fn values(&self) -> String {
        format!("/environments/{}/values", self.environment)
    }

    /// All that somebody can read, as what comes over the wire.
    async fn exits(&self, who: &Person) -> BTreeMap<String, String> {
        let mut answers = BTreeMap::new();
        for rest in ["", "/members", "/invitations", "/history", "/history?search=api&limit=1", "/runs", "/cookies"] {
            answers.insert(rest.to_owned(), wire(&self.get(who, rest).await));
        }
        for rest in [self.values(), format!("/items/{}", self.request)] {
            let answer = wire(&self.get(who, &rest).await);
            answers.insert(rest, answer);
        }
        answers
    }

    /// One of everything, of somebody's; the ids of an entry and a run.
    async fn fill(&self, who: &Person) -> (String, String) {
        let owner = owner(&self.workspace, who);
        let entry = sends(&self.server.app, owner, "List users", "https://api.host.com/users").await;
        let run = who.post(&self.path("/runs"), json!({"item": self.request, "iterations": 2})).await;
        let run = run.expect(201)["id"].as_str().unwrap().to_owned();
        let result = json!({"name": "List users", "status": 200, "ms": 5.5, "iteration": 1,
                            "assertions": [{"name": "is fast", "passed": true}, {"name": "is new", "passed": false, "error": "old"}],
                            "omitted": {"passed": 3, "failed": 2}});
        who.post(&self.path(&format!("/runs/{run}/results")), result).await.expect(200);
        let values = json!({"values": {"token": "my own"}});
        who.request("PUT", &self.path(&self.values()), Some(values)).await.expect(200);
        let store = self.server.store.as_ref();
        let before = store.cookies(owner).await.unwrap();
        store.replace_cookies(owner, before, r#"[{"name":"sid"}]"#.into()).await.unwrap();
        (entry.id.to_string(), run)
    }

    /// Everything of somebody's is there, and right.
    async fn has_all(&self, who: &Person, entry: &str, run: &str) {
        let list = self.get(who, "/history").await;
        let head = list.expect(200)["entries"][0].clone();
        assert_eq!((&head["id"], &head["name"], &head["status"]), (&json!(entry), &json!("List users"), &json!(200)));
        assert_eq!((&head["method"], &head["total_ms"], &head["size"]), (&json!("GET"), &json!(3.5), &json!(4)));
        let whole = self.get(who, &format!("/history/{entry}")).await;
        assert_eq!(whole.expect(200)["entry"], head);
        assert_eq!(whole.json["request"]["url"], "https://api.host.com/users");
        assert_eq!(whole.json["response"]["body"], json!({"media_type": "text/plain", "text": "done", "whole": true}));
        let whole = self.get(who, &format!("/runs/{run}")).await;
        assert_eq!(whole.expect(200)["run"], self.get(who, "/runs").await.expect(200)["runs"][0]);
        let totals = json!({"requests": 1, "errors": 0, "passed": 4, "failed": 3, "total_ms": 5.5});
        assert_eq!((&whole.json["run"]["totals"], &whole.json["run"]["state"]), (&totals, &json!("running")));
        assert_eq!(whole.json["results"][0]["assertions"][1]["error"], "old");
        assert_eq!(*self.get(who, &self.values()).await.expect(200), json!({"values": {"token": "my own"}}));
        assert_eq!(*self.get(who, "/cookies").await.expect(200), json!({"cookies": [{"name": "sid"}]}));
    }

    /// An edit of the team's, seen by the clients: whatever was published before it has come to them.
    async fn mark(&self, clients: impl IntoIterator<Item = &mut TestClient>) {
        let name = format!("marked {}", new_id());
        let change = json!([{"kind": "item_update", "id": self.request, "patch": {"name": name}}]);
        self.server.admin.edit(&self.workspace, change).await;
        for client in clients {
            client.until(|message| message["change"]["patch"]["name"] == name.as_str()).await;
        }
    }
}

/// Somebody that a Lead has invited.
async fn invited(server: &TestServer, workspace: &str, lead: &Person, email: &str) -> Person {
    let secret = Secret::new("");
    let id = loggia::id::InvitationId::new();
    let invitee = Invitee { line: 1, email: email.into(), name: None, lead: false, id, token_hash: secret.hash() };
    let at = now_utc();
    let expires_at = at + Duration::days(1);
    let action = Action::Invite { invitees: vec![invitee], side: Side::Partner, role: Role::Viewer, expires_at };
    let command = Command { by: lead.id.parse().unwrap(), at, op: None, action };
    server.app.hub.command(workspace.parse().unwrap(), command).await.unwrap();
    let person = server.accept(secret.reveal()).await;
    let sent = lead.get(&format!("/v1/workspaces/{workspace}/invitations")).await;
    assert!(sent.text.contains(email), "the Lead has sent it: {}", sent.text);
    person
}

#[tokio::test]
async fn to_everybody_else_it_is_as_if_it_were_not_there() {
    let scene = Scene::new().await;
    let team_owner = scene.server.editor(&scene.workspace, "tom@host.com").await;
    for own in [&scene.pat, &team_owner] {
        let mut before = Vec::new();
        let mut clients = Vec::new();
        for (what, other) in &scene.others {
            before.push(scene.exits(other).await);
            if ![FORMER, NOBODY].contains(what) {
                clients.push(other.live(&scene.workspace).await);
            }
        }
        let mut own_client = own.live(&scene.workspace).await;
        let (entry, run) = scene.fill(own).await;
        own_client.until_type("history").await;
        for ((what, other), before) in scene.others.iter().zip(before) {
            assert_eq!(scene.exits(other).await, before, "{what}");
            let result = json!({"name": "x", "ms": 1});
            let rows = [
                ("GET", "/history/ID", None, &entry),
                ("DELETE", "/history/ID", None, &entry),
                ("POST", "/history/ID/send", Some(json!({"request": {"url": "http://10.0.0.1/"}})), &entry),
                ("GET", "/runs/ID", None, &run),
                ("POST", "/runs/ID/results", Some(result), &run),
                ("POST", "/runs/ID/end", Some(json!({"state": "aborted"})), &run),
                ("DELETE", "/runs/ID", None, &run),
            ];
            for (method, rest, body, id) in rows {
                let real = other.request(method, &scene.path(&rest.replace("ID", id)), body.clone()).await;
                let none = other.request(method, &scene.path(&rest.replace("ID", &new_id())), body).await;
                real.refused(
                    if *what == NOBODY { 401 } else { 404 },
                    if *what == NOBODY { "signed_out" } else { "not_found" },
                );
                assert_eq!(wire(&real), wire(&none), "{what}: {method} {rest}");
            }
            // What concerns all that one has concerns nothing of another's.
            for (method, rest, body) in [
                ("DELETE", "/history".to_owned(), None),
                ("DELETE", "/cookies".to_owned(), None),
                ("PUT", scene.values(), Some(json!({"values": {}}))),
                ("DELETE", "/own".to_owned(), None),
            ] {
                other.request(method, &scene.path(&rest), body).await;
            }
        }
        scene.has_all(own, &entry, &run).await;
        own.post(&scene.path(&format!("/runs/{run}/end")), json!({"state": "finished"})).await.expect(200);
        scene.mark(&mut clients).await;
        for client in &clients {
            for frame in &client.seen {
                let told = ["\"type\":\"history\"", "\"type\":\"run\"", &entry, &run];
                assert!(!told.iter().any(|word| frame.contains(*word)), "{frame}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_another_does_is_a_frame_or_a_byte_to_a_partner() {
    let scene = Scene::new().await;
    let (_, yuri) = &scene.others[0];
    let mut there = yuri.live(&scene.workspace).await;
    scene.mark([&mut there]).await;
    let (seen, before) = (there.seen.len(), scene.exits(yuri).await);
    let pat = scene.pat.live(&scene.workspace).await;
    for _ in 0..5 {
        scene.fill(&scene.pat).await;
    }
    assert_eq!(scene.exits(yuri).await, before);
    scene.mark([&mut there]).await;
    assert_eq!(there.seen.len(), seen + 1, "the mark alone: {:?}", &there.seen[seen..]);
    drop(pat);
}

#[tokio::test]
async fn all_of_ones_own_sessions_hear_of_it_and_it_moves_no_position() {
    let scene = Scene::new().await;
    let mut clients = [scene.pat.live(&scene.workspace).await, scene.pat.live(&scene.workspace).await];
    let (entry, run) = scene.fill(&scene.pat).await;
    let ended = scene.pat.post(&scene.path(&format!("/runs/{run}/end")), json!({"state": "aborted"})).await;
    for client in &mut clients {
        let told = client.until_type("history").await;
        assert_eq!(told["entry"], scene.get(&scene.pat, &format!("/history/{entry}")).await.json["entry"]);
        let (begun, further) = (client.until_type("run").await, client.until_type("run").await);
        assert_eq!((&begun["run"]["id"], &begun["run"]["totals"]["requests"]), (&json!(run), &json!(0)));
        assert_eq!(further["run"]["totals"]["requests"], 1);
        assert_eq!(client.until_type("run").await["run"], *ended.expect(200));
    }
    // Of one that was left, too.
    let left = Run {
        id: RunId::new(),
        item: None,
        environment: None,
        iterations: 1,
        started_at: now_utc() - Duration::hours(2),
        ended_at: None,
        state: RunState::Running,
        totals: Totals::default(),
    };
    assert!(scene.server.store.add_run(owner(&scene.workspace, &scene.pat), left.clone()).await.unwrap());
    let told = tokio::select! {
        told = clients[0].until_type("run") => told,
        never = scene.server.app.sweep() => match never {},
    };
    let aborted = Run { state: RunState::Aborted, ended_at: Some(left.started_at), ..left };
    assert_eq!(told["run"], serde_json::to_value(aborted).unwrap());
    let at = scene.get(&scene.pat, "").await.json["positions"].clone();
    scene.fill(&scene.pat).await;
    assert_eq!(scene.get(&scene.pat, "").await.json["positions"], at);
}

#[tokio::test]
async fn sessions_on_another_node_hear_of_it_and_of_nobody_elses() {
    let redis = Redis::start();
    let database = postgres::Cluster::shared().new_database().await;
    let store = || async {
        let folder = std::env::temp_dir();
        let options = StoreOptions { database_url: Some(SecretUrl(database.clone())), ..StoreOptions::folder(&folder) };
        open_store(&options).await.unwrap()
    };
    let here = TestServer::first_node(store().await, tempfile::tempdir().unwrap(), Some(redis.url())).await;
    let there = here.another_node(store().await, None).await;
    let workspace = here.walled_workspace().await;
    let (_, request) = here.admin.collection(&workspace).await;
    let (pat, yuri) = (here.partner(&workspace, "pat@acme.com").await, here.partner(&workspace, "yuri@acme.com").await);
    let mut clients = [
        pat.at(&there.url).live(&workspace).await,
        yuri.at(&there.url).live(&workspace).await,
        there.admin.live(&workspace).await,
    ];
    for client in &mut clients {
        client.until_type("presence").await;
    }
    let [own, others @ ..] = &mut clients;
    // Only once the other node is known to hear this one does a frame have to come.
    here.admin.edit(&workspace, json!([{"kind": "item_update", "id": request, "patch": {"name": "first"}}])).await;
    own.until_type("event").await;
    let entry = sends(&here.app, owner(&workspace, &pat), "List users", "https://api.host.com/users").await;
    let told = own.until_type("history").await;
    assert_eq!(told["entry"], serde_json::to_value(&entry).unwrap());
    let run = pat.post(&format!("/v1/workspaces/{workspace}/runs"), json!({})).await;
    assert_eq!(own.until_type("run").await["run"], *run.expect(201));
    here.admin.edit(&workspace, json!([{"kind": "item_update", "id": request, "patch": {"name": "last"}}])).await;
    for client in others {
        client.until(|message| message["change"]["patch"]["name"] == "last").await;
        assert!(!client.seen.iter().any(|frame| frame.contains("\"history\"") || frame.contains("\"run\"")));
    }
    let read = pat.at(&there.url).get(&format!("/v1/workspaces/{workspace}/history")).await;
    assert_eq!(read.expect(200)["entries"][0], told["entry"]);
}

#[tokio::test]
async fn a_history_is_paged_searched_and_deleted() {
    let scene = Scene::new().await;
    let (pat, owner) = (&scene.pat, owner(&scene.workspace, &scene.pat));
    for number in 0..5 {
        sends(&scene.server.app, owner, &format!("Request {number}"), "https://api.host.com/Über?a=b").await;
    }
    let (mut names, mut next) = (Vec::new(), String::new());
    loop {
        let page = scene.get(pat, &format!("/history?limit=2{next}")).await;
        names.extend(page.expect(200)["entries"].as_array().unwrap().iter().map(|entry| entry["name"].clone()));
        match page.json["next"].as_str() {
            Some(id) => next = format!("&before={id}"),
            None => break,
        }
    }
    assert_eq!(names, ["Request 4", "Request 3", "Request 2", "Request 1", "Request 0"]);
    let found = async |search: &str| {
        let answer = scene.get(pat, &format!("/history?search={search}")).await;
        answer.expect(200)["entries"].as_array().unwrap().len()
    };
    assert_eq!(found("get").await, 5);
    assert_eq!(found("REQUEST%203%20%C3%BCber").await, 1);
    assert_eq!(found("post").await, 0);
    assert_eq!(found("%25").await, 0);
    for (query, place) in
        [("limit=0", "limit"), ("limit=201", "limit"), (&format!("search={}", "x".repeat(513)), "search")]
    {
        let refused = scene.get(pat, &format!("/history?{query}")).await;
        refused.refused(422, "invalid");
        assert_eq!(refused.json["path"], place);
    }
    for query in ["limit=x", "before=x", "who=me"] {
        scene.get(pat, &format!("/history?{query}")).await.refused(400, "malformed");
    }
    let first = scene.get(pat, "/history").await.json["entries"][0]["id"].as_str().unwrap().to_owned();
    pat.delete(&scene.path(&format!("/history/{first}"))).await.expect(204);
    pat.delete(&scene.path(&format!("/history/{first}"))).await.refused(404, "not_found");
    assert_eq!(found("").await, 4);
    pat.delete(&scene.path("/history")).await.expect(204);
    assert_eq!(found("").await, 0);
}

#[tokio::test]
async fn secrets_are_kept_nowhere_in_a_history() {
    let scene = Scene::new().await;
    let request = Outgoing {
        method: "POST".into(),
        url: "https://me:pass@api.host.com/k1%2Fx?q=k1/x&access_token=t0".into(),
        headers: vec![
            ("Authorization".into(), "Bearer zb0".into()),
            ("Cookie".into(), "zc0=1".into()),
            ("X-Api-Key".into(), "za0".into()),
            ("X-Other".into(), "has k1/x in it".into()),
            ("Content-Type".into(), "application/json; charset=utf-8".into()),
        ],
        body: Some(r#"{"key":"k1\/x","big":"KEPT"}"#.replace("KEPT", &"y".repeat(70_000)).into()),
        auth: Some(Handshake::Digest { username: "me".into(), password: "digest-pass".into() }),
        behavior: Behavior::default(),
    };
    let mut outcome = answered("you sent k1/x by digest-pass");
    outcome.url = "https://api.host.com/?token=t0".into();
    outcome.headers = vec![Header { name: "Set-Cookie".into(), value: "zc0=2".into() }];
    outcome.redirects = vec![Redirect { status: 302, location: "https://me:pass@api.host.com/?token=t0".into() }];
    let sent =
        Sent { item: None, name: "Make", source: &source(), request: &request, outcome: Ok(&outcome), total_ms: 1.0 };
    let owner = owner(&scene.workspace, &scene.pat);
    let mut client = scene.pat.live(&scene.workspace).await;
    let entry = scene
        .server
        .app
        .keep(owner, history::entry(sent, &Redaction::of(["k1/x".to_owned()])).unwrap())
        .await
        .unwrap()
        .unwrap();
    let told = client.until_type("history").await.to_string();
    let list = scene.get(&scene.pat, "/history").await.text;
    let whole = scene.get(&scene.pat, &format!("/history/{}", entry.id)).await;
    for text in [&told, &list, &whole.expect(200).to_string()] {
        for secret in ["k1/x", "k1%2Fx", "k1\\/x", "pass", "t0", "zb0", "zc0", "za0"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert_eq!(entry.url, format!("https://{REDACTED}@api.host.com/{REDACTED}?q={REDACTED}&access_token={REDACTED}"));
    let body = &whole.json["request"]["body"];
    assert_eq!((&body["media_type"], &body["whole"]), (&json!("application/json"), &json!(false)));
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with(&format!(r#"{{"key":"{REDACTED}","big":"yyy"#)) && text.len() <= 64 * 1_024);
    assert_eq!(whole.json["request"]["headers"][3]["value"], format!("has {REDACTED} in it"));
    assert_eq!(whole.json["response"]["body"]["text"], format!("you sent {REDACTED} by {REDACTED}"));
    // What no answer came of says why, and binary bodies are not kept.
    let binary = Outgoing { body: Some(vec![0xff, 0xfe].into()), ..get("https://gone.host.com/") };
    let sent =
        Sent { item: None, name: "Gone", source: &source(), request: &binary, outcome: Err("dns"), total_ms: 1.0 };
    let entry =
        scene.server.app.keep(owner, history::entry(sent, &Redaction::default()).unwrap()).await.unwrap().unwrap();
    let whole = scene.get(&scene.pat, &format!("/history/{}", entry.id)).await;
    assert_eq!((&whole.json["entry"]["status"], &whole.json["entry"]["error"]), (&Value::Null, &json!("dns")));
    assert_eq!(whole.json["response"], Value::Null);
    assert_eq!(whole.json["request"]["body"], json!({"media_type": "", "text": null, "whole": false}));
}

#[tokio::test]
async fn a_history_keeps_as_many_and_as_long_as_is_set() {
    let scene = Scene::new().await;
    let folder = scene.server.folder.path();
    let options = ServeOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        allow_origin: Vec::new(),
        redis_url: None,
        session_edits_per_second: 60,
        allow_target: Vec::new(),
        mail: MailOptions::default(),
        history: HistoryOptions { history_days: 2, history_entries: 3 },
        store: StoreOptions::folder(folder),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let strict = Server::new(listener, Arc::clone(&scene.server.store), &options).await.unwrap().app();
    let (me, yuri) = (owner(&scene.workspace, &scene.pat), owner(&scene.workspace, &scene.others[0].1));
    let names = async || {
        let list = scene.get(&scene.pat, "/history").await;
        list.expect(200)["entries"].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect::<Vec<_>>()
    };
    for name in ["1", "2", "3", "4"] {
        sends(&scene.server.app, me, name, "https://api.host.com/").await;
        sends(&scene.server.app, yuri, name, "https://api.host.com/").await;
    }
    sends(&strict, me, "5", "https://api.host.com/").await;
    assert_eq!(names().await, ["5", "4", "3"]);
    assert_eq!(scene.get(&scene.others[0].1, "/history").await.json["entries"].as_array().unwrap().len(), 4);
    // Older than two days: gone with the next that is added.
    scene.pat.delete(&scene.path("/history")).await.expect(204);
    let old = |days: i64| {
        let head = HistoryEntry {
            id: EntryId::new(),
            at: now_utc() - Duration::days(days),
            item: None,
            name: format!("{days} days old"),
            method: "GET".into(),
            url: "https://api.host.com/".into(),
            status: Some(200),
            error: None,
            total_ms: 1.0,
            size: 0,
        };
        Entry { head, request: "{}".into(), response: None, source: "{}".into() }
    };
    let all = Keep { since: time::OffsetDateTime::UNIX_EPOCH, most: 100 };
    for days in [3, 1] {
        scene.server.store.add_entry(me, old(days), all).await.unwrap();
    }
    assert_eq!(names().await.len(), 2);
    sends(&strict, me, "now", "https://api.host.com/").await;
    assert_eq!(names().await, ["now", "1 days old"]);
}

#[tokio::test]
async fn runs_are_bounded_and_their_bad_input_is_named() {
    let scene = Scene::new().await;
    let pat = &scene.pat;
    for (body, code, status, place) in [
        (json!({"item": new_id()}), "not_found", 404, "item"),
        (json!({"environment": new_id()}), "not_found", 404, "environment"),
        (json!({"iterations": 0}), "invalid", 422, "iterations"),
        (json!({"iterations": 10_001}), "invalid", 422, "iterations"),
        (json!({"who": 1}), "malformed", 400, "who"),
    ] {
        let refused = pat.post(&scene.path("/runs"), body).await;
        refused.refused(status, code);
        assert_eq!(refused.json["path"], place, "{}", refused.text);
    }
    let run = pat.post(&scene.path("/runs"), json!({"environment": scene.environment})).await;
    let run = scene.path(&format!("/runs/{}", run.expect(201)["id"].as_str().unwrap()));
    for (body, code, status, place) in [
        (json!({"name": "x"}), "malformed", 400, Value::Null),
        (json!({"name": "x", "ms": -1}), "invalid", 422, json!("ms")),
        (json!({"name": "x", "ms": 1, "iteration": 10_000}), "invalid", 422, json!("iteration")),
        (json!({"name": "x", "ms": 1, "sequence": u64::MAX}), "invalid", 422, json!("sequence")),
        (json!({"name": "x".repeat(16 * 1_024), "ms": 1}), "too_large", 413, Value::Null),
    ] {
        let refused = pat.post(&format!("{run}/results"), body).await;
        refused.refused(status, code);
        if !place.is_null() {
            assert_eq!(refused.json["path"], place, "{}", refused.text);
        }
    }
    for number in 0..3 {
        let result = json!({"name": number.to_string(), "ms": 1, "error": "dns"});
        pat.post(&format!("{run}/results"), result).await.expect(200);
    }
    // Who lost an answer sends the same again, and it counts once.
    let fourth = json!({"name": "3", "ms": 1, "error": "dns", "sequence": 3});
    let first = pat.post(&format!("{run}/results"), fourth.clone()).await.expect(200).clone();
    assert_eq!(*pat.post(&format!("{run}/results"), fourth.clone()).await.expect(200), first);
    for (result, detail) in [
        (json!({"name": "3", "ms": 2, "sequence": 3}), "The run has another result 3."),
        (json!({"name": "5", "ms": 1, "sequence": 5}), "The next result of the run is 4."),
    ] {
        let refused = pat.post(&format!("{run}/results"), result).await;
        refused.refused(422, "invalid");
        assert_eq!((&refused.json["path"], &refused.json["detail"]), (&json!("sequence"), &json!(detail)));
    }
    let again: Vec<_> = (0..8).map(|_| json!({"name": "4", "ms": 1, "error": "dns", "sequence": 4})).collect();
    let again = again.into_iter().map(|result| async { pat.post(&format!("{run}/results"), result).await.status });
    assert_eq!(futures_util::future::join_all(again).await, [200; 8]);
    let whole = pat.get(&run).await;
    let sequences: Vec<_> =
        whole.expect(200)["results"].as_array().unwrap().iter().map(|r| r["sequence"].clone()).collect();
    assert_eq!(sequences, [0, 1, 2, 3, 4]);
    let page = pat.get(&format!("{run}?limit=2")).await;
    assert_eq!((&page.expect(200)["next"], &page.json["run"]["totals"]["errors"]), (&json!(2), &json!(5)));
    let page = pat.get(&format!("{run}?limit=3&after=2")).await;
    assert_eq!((&page.json["results"][0]["name"], &page.json["next"]), (&json!("2"), &Value::Null));
    pat.post(&format!("{run}/end"), json!({"state": "running"})).await.refused(422, "invalid");
    let ended = pat.post(&format!("{run}/end"), json!({"state": "finished"})).await.expect(200).clone();
    assert!(ended["state"] == "finished" && ended["ended_at"].is_string(), "{ended}");
    assert_eq!(*pat.post(&format!("{run}/end"), json!({"state": "aborted"})).await.expect(200), ended);
    pat.post(&format!("{run}/results"), fourth).await.expect(200);
    let late = pat.post(&format!("{run}/results"), json!({"name": "late", "ms": 1})).await;
    late.refused(422, "invalid");
    assert_eq!(late.json["detail"], "The run has ended.");
    // A run is begun whether or not old ones can be let go of, and they go with a later one.
    let file = scene.server.folder.path().join(STORE_FILE);
    // Upon PostgreSQL there is none, and nothing that keeps them.
    let file = file.exists().then(|| rusqlite::Connection::open(file).unwrap());
    if let Some(file) = &file {
        file.busy_timeout(crate::common::PATIENCE).unwrap();
        let refuse = "CREATE TRIGGER refuse BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'no'); END";
        file.execute_batch(refuse).unwrap();
    }
    for _ in 0..100 {
        pat.post(&scene.path("/runs"), json!({})).await.expect(201);
    }
    if let Some(file) = &file {
        pat.get(&run).await.expect(200);
        file.execute_batch("DROP TRIGGER refuse").unwrap();
    }
    pat.post(&scene.path("/runs"), json!({})).await.expect(201);
    let gone = async { while scene.get(pat, "/runs?limit=100").await.expect(200)["next"] != Value::Null {} };
    tokio::time::timeout(crate::common::PATIENCE, gone).await.expect("old runs go");
    let list = scene.get(pat, "/runs?limit=100").await;
    assert_eq!((list.expect(200)["runs"].as_array().unwrap().len(), &list.json["next"]), (100, &Value::Null));
    pat.get(&run).await.refused(404, "not_found");
}

#[tokio::test]
async fn private_values_and_cookies_are_bounded() {
    let scene = Scene::new().await;
    let pat = &scene.pat;
    let put =
        async |values: Value| pat.request("PUT", &scene.path(&scene.values()), Some(json!({"values": values}))).await;
    let many: BTreeMap<String, String> = (0..501).map(|number| (number.to_string(), String::new())).collect();
    put(json!(many)).await.refused(413, "too_large");
    put(json!({"a": "x".repeat(64 * 1_024)})).await.refused(413, "too_large");
    put(json!({"": "x"})).await.refused(422, "invalid");
    put(json!({"a": 1})).await.refused(400, "malformed");
    assert_eq!(*scene.get(pat, &scene.values()).await.expect(200), json!({"values": {}}));
    put(json!({"a": "x".repeat(64 * 1_024 - 1)})).await.expect(200);
    put(json!({"b": "\u{0}", "a": "1"})).await.expect(200);
    assert_eq!(*scene.get(pat, &scene.values()).await.expect(200), json!({"values": {"a": "1", "b": "\u{0}"}}));
    put(json!({})).await.expect(200);
    assert_eq!(*scene.get(pat, &scene.values()).await.expect(200), json!({"values": {}}));
    let unknown = scene.path(&format!("/environments/{}/values", new_id()));
    pat.get(&unknown).await.refused(404, "not_found");
    pat.request("PUT", &unknown, Some(json!({"values": {}}))).await.refused(404, "not_found");

    let (store, owner) = (scene.server.store.as_ref(), owner(&scene.workspace, pat));
    let url: url::Url = "https://api.host.com/".parse().unwrap();
    let set = |line: String| [(url.clone(), line)];
    let names = async || {
        let kept = scene.get(pat, "/cookies").await.expect(200)["cookies"].clone();
        kept.as_array()
            .unwrap()
            .iter()
            .map(|cookie| cookie["raw_cookie"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    keep_cookies(store, owner, &set("a=1".into())).await.unwrap();
    let many: Vec<_> = (0..300)
        .map(|number| (format!("https://host{number}.com/").parse().unwrap(), format!("a={}", "x".repeat(2_000))))
        .collect();
    keep_cookies(store, owner, &many).await.unwrap();
    let (kept, jar) = (names().await, scene.get(pat, "/cookies").await.json["cookies"].to_string());
    assert!(kept.len() > 100 && !kept.contains(&"a=1".to_owned()), "the oldest went");
    assert!((LARGEST_JAR - 2_500..=LARGEST_JAR).contains(&jar.len()), "{}", jar.len());
    pat.delete(&scene.path("/cookies")).await.expect(204);
    assert_eq!(*scene.get(pat, "/cookies").await.expect(200), json!({"cookies": null}));
    let stranger = Owner { user: UserId::new(), ..owner };
    assert_eq!(keep_cookies(store, stranger, &set("a=1".into())).await.unwrap_err().code.as_str(), "not_found");
    let nowhere = Owner { workspace: WorkspaceId::new(), ..owner };
    let (request, outcome) = (get("https://api.host.com/"), answered(""));
    let sent =
        Sent { item: None, name: "x", source: &source(), request: &request, outcome: Ok(&outcome), total_ms: 1.0 };
    assert!(
        scene.server.app.keep(nowhere, history::entry(sent, &Redaction::default()).unwrap()).await.unwrap().is_none()
    );
}

#[tokio::test]
async fn private_values_go_with_their_environment() {
    let scene = Scene::new().await;
    let (pat, admin) = (&scene.pat, &scene.server.admin);
    let (store, environment) = (scene.server.store.as_ref(), scene.environment.parse().unwrap());
    let other = new_id();
    let made = json!([{"kind": "environment_create", "id": other, "name": "Other", "content": {"values": []}}]);
    admin.edit(&scene.workspace, made).await;
    for who in [pat, admin] {
        let values = json!({"values": {"token": "my own"}});
        who.request("PUT", &scene.path(&scene.values()), Some(values)).await.expect(200);
    }
    let path = scene.path(&format!("/environments/{other}/values"));
    pat.request("PUT", &path, Some(json!({"values": {"token": "kept"}}))).await.expect(200);
    admin.edit(&scene.workspace, json!([{"kind": "environment_delete", "id": scene.environment}])).await;
    for who in [pat, admin] {
        assert_eq!(store.values(owner(&scene.workspace, who), environment).await.unwrap(), None);
        scene.get(who, &scene.values()).await.refused(404, "not_found");
    }
    assert_eq!(pat.get(&path).await.expect(200)["values"]["token"], "kept");
    // Of two at once, either comes first, and nothing stays.
    let values = json!({"values": {"token": "late"}});
    let delete = json!([{"kind": "environment_delete", "id": other}]);
    tokio::join!(pat.request("PUT", &path, Some(values)), admin.edit(&scene.workspace, delete));
    pat.get(&path).await.refused(404, "not_found");
    assert_eq!(store.values(owner(&scene.workspace, pat), other.parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_person_can_have_all_of_it_deleted_and_begins_anew_after_coming_back() {
    let scene = Scene::new().await;
    let (pat, admin) = (&scene.pat, &scene.server.admin);
    let empty = scene.exits(pat).await;
    let (entry, run) = scene.fill(pat).await;
    let (kept_entry, kept_run) = scene.fill(admin).await;
    pat.delete(&scene.path("/own")).await.expect(204);
    assert_eq!(scene.exits(pat).await, empty);
    scene.get(pat, &format!("/history/{entry}")).await.refused(404, "not_found");
    scene.get(pat, &format!("/runs/{run}")).await.refused(404, "not_found");
    scene.fill(pat).await;
    admin.delete(&scene.path(&format!("/members/{}", pat.id))).await.expect(204);
    scene.get(pat, "/history").await.refused(404, "not_found");
    let back = scene.server.partner(&scene.workspace, "pat@acme.com").await;
    assert_eq!(back.id, pat.id);
    for (rest, field) in [("/history", "entries"), ("/runs", "runs")] {
        assert_eq!(scene.get(&back, rest).await.expect(200)[field], json!([]));
    }
    assert_eq!(*scene.get(&back, &scene.values()).await.expect(200), json!({"values": {}}));
    assert_eq!(*scene.get(&back, "/cookies").await.expect(200), json!({"cookies": null}));
    scene.has_all(admin, &kept_entry, &kept_run).await;
}

#[tokio::test]
async fn a_foreign_page_can_do_nothing_with_a_cookie() {
    let scene = Scene::new().await;
    let (_, run) = scene.fill(&scene.pat).await;
    let identity = loggia::identity::Identity::new(Arc::clone(&scene.server.store));
    let cookie = identity.sign_in(scene.pat.id.parse().unwrap(), now_utc()).await.unwrap();
    for (method, rest, origin) in [
        ("DELETE", "/own".to_owned(), "https://evil.com"),
        ("DELETE", "/history".to_owned(), ""),
        ("DELETE", format!("/runs/{run}"), "null"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{}", scene.server.url, scene.path(&rest));
        let mut request =
            scene.pat.http.request(method, url).header("cookie", format!("loggia_session={}", cookie.reveal()));
        if !origin.is_empty() {
            request = request.header("origin", origin);
        }
        Answer::of(request.send().await.unwrap()).await.refused(403, "foreign_origin");
    }
    assert_eq!(scene.get(&scene.pat, "/history").await.json["entries"].as_array().unwrap().len(), 1);
}
