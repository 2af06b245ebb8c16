//! One thing that fails at a time, and what is promised of it: Redis away, PostgreSQL away, a node killed, a commit in
//! doubt. Real nodes, as processes; what fails together with what is for `tests/faults.rs`.
#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "tests")]

mod common;

mod faults {
    pub mod node;
    pub mod plan;
    pub mod tap;
    pub mod world;
}

use common::{PATIENCE, Person, TestClient, new_id};
use faults::plan::{Fault, Link, Wire};
use faults::tap::Tap;
use faults::world::World;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

/// One at a time: they measure how long things take.
static TURN: Mutex<()> = Mutex::const_new(());

struct Scene {
    world: World,
    workspace: String,
    /// One for each session that edits.
    items: Vec<String>,
    root: String,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    async fn new(items: usize) -> Self {
        let turn = TURN.lock().await;
        let world = World::start(1).await;
        let admin = &world.admin.person;
        let made = admin.post("/v1/workspaces", json!({"name": "API"})).await;
        let workspace = made.expect(201)["id"].as_str().unwrap().to_owned();
        let (root, items): (String, Vec<String>) = (new_id(), (0..items).map(|_| new_id()).collect());
        let create = |id: &str, parent: Option<&str>, kind: &str| json!({"kind": "item_create", "id": id, "parent": parent, "item_kind": kind, "name": "none yet", "content": {}});
        let mut changes = vec![create(&root, None, "collection")];
        changes.extend(items.iter().map(|id| create(id, Some(&root), "request")));
        admin.edit(&workspace, json!(changes)).await;
        Self { world, workspace, items, root, _turn: turn }
    }

    /// The admin, at a node, as clients reach it.
    fn admin(&self, node: usize) -> Person {
        self.world.admin.person.at(&self.world.fronts[node])
    }

    /// A partner that has joined.
    async fn partner(&self, number: usize) -> Person {
        let (who, admin) = (&self.world.partners[number].person, &self.world.admin.person);
        let body = json!({"invitees": [{"email": who.email}], "side": "partner", "role": "viewer"});
        let sent = admin.post(&format!("/v1/workspaces/{}/invitations", self.workspace), body).await;
        let link = sent.expect(200)["rows"][0]["link"].as_str().unwrap().to_owned();
        let token = json!({"token": link.split_once("#invite=").unwrap().1});
        who.at(&admin.url).post("/v1/invitations/accept", token).await.expect(200);
        who.clone()
    }

    /// How often an edit stands in the log.
    async fn times_in_log(&self, op: &str) -> i64 {
        let (client, connection) = tokio_postgres::connect(&self.world.database_url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let op = op.parse::<uuid::Uuid>().unwrap();
        client.query_one("SELECT count(*) FROM events WHERE op = $1", &[&op]).await.unwrap().get(0)
    }
}

fn rename(item: &str, name: &str) -> Value {
    json!([{"kind": "item_update", "id": item, "patch": {"name": name}}])
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// A session that has read who is here.
async fn enter(person: &Person, workspace: &str) -> TestClient {
    let mut client = person.live(workspace).await;
    client.until_type("presence").await;
    client
}

/// Sends an edit under a name; its answer.
async fn edit_as(client: &mut TestClient, op: &str, changes: &Value) -> Value {
    client.say(json!({"type": "edit", "op": op, "changes": changes})).await;
    client.until(|message| message["op"] == op && message["type"] != "event").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_away_under_fifty_edits_a_second_loses_nothing_and_delays_it_by_two_seconds_at_most() {
    let outage = Duration::from_secs(setting("LOGGIA_FAULT_OUTAGE", 10));
    let scene = Scene::new(3).await;
    let mut taps = Vec::new();
    for node in 0..3 {
        taps.push(Tap::open(&scene.admin(node), &scene.workspace).await);
    }
    let begun = Instant::now();
    let (from, to) = (Duration::from_secs(2), Duration::from_secs(2) + outage);
    // After its return 5 s are granted.
    let (well, end) = (to + Duration::from_secs(5), to + Duration::from_secs(9));
    let (mut sent, mut number, mut down, mut up) = (Vec::new(), 0_u32, false, false);
    while begun.elapsed() < end {
        let turn = number as usize % 3;
        let changes = rename(&scene.items[turn], &format!("edit {number}"));
        sent.push((taps[turn].edit(&changes).await, Instant::now()));
        number += 1;
        if begun.elapsed() > from && !std::mem::replace(&mut down, true) {
            scene.world.begin(Fault::RedisKilled).await;
        }
        if begun.elapsed() > to && !std::mem::replace(&mut up, true) {
            scene.world.end(Fault::RedisKilled).await;
        }
        sleep((begun + Duration::from_millis(20) * number).saturating_duration_since(Instant::now())).await;
    }
    for tap in &taps {
        tap.until(|seen| seen.events.len() == sent.len()).await;
    }
    let (mut away, mut back) = (Vec::new(), Vec::new());
    for tap in &taps {
        let seen = tap.seen();
        assert!(seen.rejects.is_empty(), "{:?}", seen.rejects);
        let positions: Vec<u64> = seen.events.iter().map(|(_, position, _)| *position).collect();
        assert!(positions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "dense: {positions:?}");
        for (op, at) in &sent {
            let came: Vec<_> = seen.events.iter().filter(|(of, _, _)| of == op).collect();
            assert_eq!(came.len(), 1, "edit {op} comes once");
            let (since, took) = (*at - begun, came[0].2 - *at);
            if since > from && since < to {
                away.push(took);
            }
            if since > well {
                back.push(took);
            }
        }
    }
    for tap in &taps {
        tap.until(|seen| sent.iter().filter(|(op, _)| seen.acks.contains_key(op)).count() >= sent.len() / 3).await;
    }
    away.sort();
    back.sort();
    let of = |times: &[Duration], part: f64| times[((times.len() - 1) as f64 * part) as usize];
    eprintln!(
        "{} edits; away: half within {:?}, all within {:?}; back: half within {:?}, 95 % within {:?}, all within {:?}",
        sent.len(),
        of(&away, 0.5),
        of(&away, 1.0),
        of(&back, 0.5),
        of(&back, 0.95),
        of(&back, 1.0)
    );
    assert!(of(&away, 1.0) < Duration::from_secs(2), "while Redis is away: {:?}", of(&away, 1.0));
    assert!(of(&back, 0.95) < Duration::from_millis(100), "5 s after its return: {:?}", of(&back, 0.95));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_leaves_no_ghosts_after_twenty_seconds() {
    let scene = Scene::new(1).await;
    let partner = scene.partner(0).await;
    let mut ghosts = Vec::new();
    for person in [&scene.admin(0), &partner.at(&scene.world.fronts[0]), &partner.at(&scene.world.fronts[0])] {
        let mut client = person.live(&scene.workspace).await;
        let welcome = client.until_type("welcome").await;
        ghosts.push((client, welcome["session"].as_str().unwrap().to_owned()));
    }
    let mut watching = Vec::new();
    for node in [1, 2] {
        let mut client = scene.admin(node).live(&scene.workspace).await;
        let mut here = client.until_type("presence").await["sessions"].clone();
        while !ghosts.iter().all(|(_, session)| here.to_string().contains(session)) {
            let delta = client.until_type("presence_delta").await;
            here.as_array_mut().unwrap().extend(delta["joined"].as_array().unwrap().clone());
        }
        watching.push(client);
    }
    scene.world.begin(Fault::NodeKilled(0)).await;
    let killed = Instant::now();
    for client in &mut watching {
        let mut there: Vec<_> = ghosts.iter().map(|(_, session)| session.clone()).collect();
        while !there.is_empty() {
            let delta = client.until_type("presence_delta").await;
            there.retain(|session| !delta["left"].as_array().unwrap().iter().any(|left| left == session.as_str()));
        }
    }
    let took = killed.elapsed();
    eprintln!("ghosts gone after {took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_away_refuses_edits_and_nothing_else() {
    let scene = Scene::new(2).await;
    let mut here = enter(&scene.admin(0), &scene.workspace).await;
    let mut there = enter(&scene.admin(1), &scene.workspace).await;
    let op = new_id();
    let changes = rename(&scene.items[0], "while it was away");
    scene.world.begin(Fault::PostgresRestarted).await;
    for _ in 0..3 {
        let answer = edit_as(&mut here, &op, &changes).await;
        assert_eq!(
            (&answer["type"], &answer["problem"]["code"]),
            (&json!("reject"), &json!("unavailable")),
            "{answer}"
        );
    }
    let over_http = json!({"op": new_id(), "changes": changes});
    let refused = scene.admin(1).post(&format!("/v1/workspaces/{}/changes", scene.workspace), over_http).await;
    refused.refused(503, "unavailable");
    assert!(refused.headers.contains_key("retry-after"), "{:?}", refused.headers);
    // Who looks where is told on, on the same node and on others.
    let begun = Instant::now();
    assert!(!here.seen.iter().chain(&there.seen).any(|seen| seen.contains(&scene.items[1])));
    here.say(json!({"type": "presence", "viewing": scene.items[1], "status": "active"})).await;
    // Or it is told there that it came, and where it looks, in one.
    let tells = |message: &Value| message["type"] == "presence_delta" && message.to_string().contains(&scene.items[1]);
    there.until(tells).await;
    there.say(json!({"type": "presence", "viewing": scene.root, "status": "active"})).await;
    here.until(|message| message["changed"].to_string().contains(&scene.root)).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    scene.world.end(Fault::PostgresRestarted).await;
    let begun = Instant::now();
    while edit_as(&mut here, &op, &changes).await["type"] != "ack" {
        assert!(begun.elapsed() < Duration::from_secs(5), "edits are taken again");
    }
    there.until(|message| message["op"] == op.as_str()).await;
    assert_eq!(scene.times_in_log(&op).await, 1);
}

/// What makes the fate of a commit unknown to the node that asked for it.
#[derive(Clone, Copy, Debug)]
enum Doubt {
    /// The answer never comes.
    Silence,
    /// The connection breaks after the commit.
    Break,
    /// The server stands still, with the statement before it.
    Pause,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_whose_commit_was_in_doubt_is_in_the_log_once() {
    let scene = Scene::new(2).await;
    let silent = Fault::Wire(0, Link::Postgres, Wire::HalfOpen { toward_server: false });
    for doubt in [Doubt::Silence, Doubt::Break, Doubt::Pause] {
        let mut here = enter(&scene.admin(0), &scene.workspace).await;
        let mut elsewhere = enter(&scene.admin(1), &scene.workspace).await;
        // One that would be refused if it were taken for another than the one that is in the log.
        let (op, id) = (new_id(), new_id());
        // Every connection that is kept has the statement prepared, so that it is the next thing to be sent.
        for number in 0..20 {
            edit_as(&mut here, &new_id(), &rename(&scene.items[0], &number.to_string())).await;
        }
        let create = json!([{"kind": "item_create", "id": id, "parent": scene.root, "item_kind": "request", "name": "once", "content": {}}]);
        let fault = if matches!(doubt, Doubt::Pause) { Fault::PostgresPaused } else { silent };
        scene.world.begin(fault).await;
        here.say(json!({"type": "edit", "op": op, "changes": create})).await;
        match doubt {
            Doubt::Pause => sleep(Duration::from_secs(1)).await,
            Doubt::Silence | Doubt::Break => {
                let written = async {
                    while scene.times_in_log(&op).await == 0 {
                        sleep(Duration::from_millis(10)).await;
                    }
                };
                timeout(PATIENCE, written).await.expect("the statement is carried out");
            }
        }
        if matches!(doubt, Doubt::Break) {
            scene.world.begin(Fault::Wire(0, Link::Postgres, Wire::Reset)).await;
            scene.world.end(silent).await;
        }
        let answer = here.until(|message| message["op"] == op.as_str() && message["type"] != "event").await;
        assert_eq!(answer["problem"]["code"], "unavailable", "{doubt:?}: nobody can tell: {answer}");
        scene.world.end(fault).await;
        // Sent again, here and on another node, it gets one answer.
        let mut answers = Vec::new();
        for client in [&mut here, &mut elsewhere] {
            let begun = Instant::now();
            loop {
                let answer = edit_as(client, &op, &create).await;
                if answer["problem"]["code"] != "unavailable" {
                    answers.push(answer);
                    break;
                }
                assert!(begun.elapsed() < PATIENCE, "{doubt:?}: {answer}");
                sleep(Duration::from_millis(50)).await;
            }
        }
        assert_eq!(answers[0]["type"], "ack", "{doubt:?}: {}", answers[0]);
        assert_eq!(answers[0], answers[1], "{doubt:?}");
        assert_eq!(scene.times_in_log(&op).await, 1, "{doubt:?}");
    }
}
