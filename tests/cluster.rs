//! Several nodes of one workspace: what one of them does, all of them tell, whatever becomes of Redis.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::process::{Process, free_port};
use common::proxy::Proxy;
use common::redis::{Redis, RedisCluster, Reply};
use common::{Person, TestClient, TestServer, new_id, postgres};
use loggia::cluster::message::{Envelope, LARGEST_CARRIED, Message, Sealer};
use loggia::config::{SecretUrl, StoreOptions};
use loggia::id::{Epoch, NodeId, WorkspaceId};
use loggia::server::open_store;
use loggia::store::{Record, Store, Stream};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nodes upon one database and one Redis.
struct Nodes {
    redis: Redis,
    database: String,
    nodes: Vec<TestServer>,
}

async fn store(url: &str) -> Arc<dyn Store> {
    let folder = std::env::temp_dir();
    let options = StoreOptions { database_url: Some(SecretUrl(url.to_owned())), ..StoreOptions::folder(&folder) };
    open_store(&options).await.unwrap()
}

impl Nodes {
    async fn start(count: usize) -> Self {
        let redis = Redis::start();
        let url = redis.url();
        Self::upon(redis, url, count).await
    }

    async fn upon(redis: Redis, url: String, count: usize) -> Self {
        let database = postgres::Cluster::shared().new_database().await;
        let folder = tempfile::tempdir().unwrap();
        let first = TestServer::first_node(store(&database).await, folder, Some(url)).await;
        let mut nodes = vec![first];
        while nodes.len() < count {
            let next = nodes[0].another_node(store(&database).await, None).await;
            nodes.push(next);
        }
        Self { redis, database, nodes }
    }

    fn at(&self, node: usize, person: &Person) -> Person {
        person.at(&self.nodes[node].url)
    }
}

/// A session that has read its first two messages, and who is there by those.
async fn enter(person: &Person, workspace: &str) -> (TestClient, BTreeSet<String>) {
    let mut client = person.live(workspace).await;
    client.until_type("welcome").await;
    let here = client.until_type("presence").await;
    let names = here["sessions"].as_array().unwrap().iter().map(name).collect();
    (client, names)
}

fn name(session: &Value) -> String {
    session["person"]["name"].as_str().unwrap().to_owned()
}

/// Reads until somebody of that name has come.
async fn comes(client: &mut TestClient, wanted: &str) {
    client
        .until(|message| {
            let joined = if message["type"] == "presence" { &message["sessions"] } else { &message["joined"] };
            joined.as_array().is_some_and(|joined| joined.iter().any(|one| name(one) == wanted))
        })
        .await;
}

fn rename(item: &str, name: &str) -> Value {
    json!([{"kind": "item_update", "id": item, "patch": {"name": name}}])
}

async fn event(client: &mut TestClient, name: &str) -> Value {
    client.until(|message| message["type"] == "event" && message["change"]["patch"]["name"] == name).await
}

#[tokio::test]
async fn an_edit_reaches_sessions_on_every_node_in_one_order() {
    let nodes = Nodes::start(3).await;
    let admin = &nodes.nodes[0].admin;
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (_, request) = admin.collection(&workspace).await;
    let partner = nodes.nodes[0].partner(&workspace, "bo@bolt.io").await;
    let mut clients = Vec::new();
    for node in 0..3 {
        clients.push(nodes.at(node, &partner).live(&workspace).await);
        clients.push(nodes.at(node, admin).live(&workspace).await);
    }
    // Every node edits at once: each appends where another just did.
    let edits = (0..3).map(|node| {
        let (admin, workspace, request) = (nodes.at(node, admin), workspace.clone(), request.clone());
        async move {
            for number in 0..20 {
                admin.edit(&workspace, rename(&request, &format!("{node} {number}"))).await;
            }
        }
    });
    futures_util::future::join_all(edits).await;
    let mut orders = Vec::new();
    for client in &mut clients {
        let mut order = Vec::new();
        while order.len() < 60 {
            let event = client.until_type("event").await;
            if event["stream"] == "shared" {
                let change = event["change"]["patch"]["name"].as_str().unwrap().to_owned();
                order.push((event["position"].as_u64().unwrap(), change));
            }
        }
        assert!(order.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "dense: {order:?}");
        orders.push(order);
    }
    assert!(orders.iter().all(|order| order == &orders[0]));
}

#[tokio::test]
async fn presence_goes_over_nodes_and_stops_at_walls() {
    let nodes = Nodes::start(2).await;
    let admin = &nodes.nodes[0].admin;
    let workspace = nodes.nodes[0].walled_workspace().await;
    let bo = nodes.nodes[0].partner(&workspace, "bo@bolt.io").await;
    let cy = nodes.nodes[0].partner(&workspace, "cy@cyan.dev").await;
    let (mut bo_here, _) = enter(&bo, &workspace).await;
    let (mut team_here, _) = enter(admin, &workspace).await;
    let (mut cy_there, seen) = enter(&nodes.at(1, &cy), &workspace).await;
    assert!(!seen.contains("bo"), "{seen:?}");
    comes(&mut team_here, "cy").await;
    let (mut team_there, _) = enter(&nodes.at(1, admin), &workspace).await;
    comes(&mut team_there, "bo").await;
    // A second session of Bo, on the other node: the first learns of it.
    let (bo_there, _) = enter(&nodes.at(1, &bo), &workspace).await;
    comes(&mut bo_here, "bo").await;
    drop(bo_there);
    bo_here.until(|message| message["left"].as_array().is_some_and(|left| left.len() == 1)).await;
    drop(team_here);
    cy_there.until(|message| message["left"].as_array().is_some_and(|left| left.len() == 1)).await;
    for (client, other) in [(&bo_here, "cy"), (&cy_there, "bo")] {
        let name = format!("\"name\":\"{other}\"");
        assert!(!client.seen.iter().any(|frame| frame.contains(&name)), "{:?}", client.seen);
    }
}

#[tokio::test]
async fn whoever_is_removed_is_cut_off_on_every_node_also_without_redis() {
    for redis_is_down in [false, true] {
        let mut nodes = Nodes::start(2).await;
        let workspace = nodes.nodes[0].walled_workspace().await;
        let bo = nodes.nodes[0].partner(&workspace, "bo@bolt.io").await;
        let (mut there, _) = enter(&nodes.at(1, &bo), &workspace).await;
        if redis_is_down {
            nodes.redis.kill();
        }
        let begun = Instant::now();
        nodes.nodes[0].admin.delete(&format!("/v1/workspaces/{workspace}/members/{}", bo.id)).await.expect(204);
        assert_eq!(there.closed().await, 4001);
        let limit = if redis_is_down { 2 } else { 1 };
        assert!(begun.elapsed() < Duration::from_secs(limit), "{:?}", begun.elapsed());
        nodes.at(1, &bo).get(&format!("/v1/workspaces/{workspace}")).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_lost_redis_loses_nothing() {
    let mut nodes = Nodes::start(2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (_, request) = admin.collection(&workspace).await;
    let bo = nodes.nodes[0].partner(&workspace, "bo@bolt.io").await;
    let (mut there, _) = enter(&nodes.at(1, &bo), &workspace).await;
    nodes.redis.kill();
    admin.edit(&workspace, rename(&request, "without")).await;
    let lost = event(&mut there, "without").await;
    nodes.redis.restart();
    // Somebody who comes meanwhile is known on both once they speak to each other again.
    let (mut team, _) = enter(&admin, &workspace).await;
    comes(&mut team, "bo").await;
    nodes.redis.kill_listeners();
    admin.edit(&workspace, rename(&request, "with")).await;
    let next = event(&mut there, "with").await;
    assert_eq!(next["position"].as_u64(), lost["position"].as_u64().map(|position| position + 1));
}

#[tokio::test]
async fn a_redis_that_stands_still_is_left() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address()).await;
    let url = proxy.url(&redis.url());
    let nodes = Nodes::upon(redis, url, 2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (_, request) = admin.collection(&workspace).await;
    let (mut there, _) = enter(&nodes.at(1, &admin), &workspace).await;
    nodes.redis.pause();
    admin.edit(&workspace, rename(&request, "paused")).await;
    event(&mut there, "paused").await;
    let (_here, _) = enter(&admin, &workspace).await;
    // A client connects to a paused server, and gets no answer.
    proxy.next_connection().await;
    nodes.redis.resume();
    comes(&mut there, "Ada Admin").await;
}

/// The connection lives, pings and publishes are answered, and what others say doesn't come: only who says something to
/// itself notices.
#[tokio::test]
async fn a_node_that_is_deaf_finds_out() {
    let mut nodes = Nodes::start(1).await;
    let proxy = Proxy::to(nodes.redis.address()).await;
    let deaf = nodes.nodes[0].another_node(store(&nodes.database).await, Some(proxy.url(&nodes.redis.url()))).await;
    nodes.nodes.push(deaf);
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (mut there, _) = enter(&nodes.at(1, &admin), &workspace).await;
    let (first, _) = enter(&admin, &workspace).await;
    comes(&mut there, "Ada Admin").await;
    drop(first);
    proxy.deafen();
    let begun = Instant::now();
    let (_here, _) = enter(&admin, &workspace).await;
    proxy.next_connection().await;
    let took = begun.elapsed();
    proxy.heal();
    comes(&mut there, "Ada Admin").await;
    // Beats come every 2 s: less than 2.5 s would be another reason than silence, more than 5 s too late (and a little
    // for the machine).
    assert!((2.5..5.5).contains(&took.as_secs_f64()), "{took:?}");
}

#[tokio::test]
async fn a_node_listens_while_it_has_a_room_and_no_longer() {
    let nodes = Nodes::start(2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let listeners = || nodes.redis.command(&["PUBSUB", "NUMSUB", &format!("loggia:{{{workspace}}}")]);
    let count = |count| Reply::List(vec![Reply::Text(format!("loggia:{{{workspace}}}")), Reply::Number(count)]);
    let (here, _) = enter(&admin, &workspace).await;
    wait_for(|| listeners() == count(1)).await;
    let (there, _) = enter(&nodes.at(1, &admin), &workspace).await;
    wait_for(|| listeners() == count(2)).await;
    drop((here, there));
    let begun = Instant::now();
    wait_for(|| listeners() == count(0)).await;
    // 60 s, and a round of whoever looks after that.
    assert!((59.0..75.0).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
}

/// Looks once more every 50 ms: Redis tells nobody that a subscription has begun or ended.
async fn wait_for(holds: impl Fn() -> bool) {
    let looking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(90), looking).await.unwrap();
}

#[tokio::test]
async fn what_no_node_has_sealed_reaches_nobody() {
    let nodes = Nodes::start(2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let other = nodes.nodes[0].walled_workspace().await;
    let (_, request) = admin.collection(&workspace).await;
    let bo = nodes.nodes[0].partner(&workspace, "bo@bolt.io").await;
    let (mut there, _) = enter(&nodes.at(1, &bo), &workspace).await;
    let (_elsewhere, _) = enter(&admin, &other).await;
    let channel = |workspace: &str| format!("loggia:{{{workspace}}}");
    for bytes in [&b"garbage"[..], &[0; 4_000], b"", &[0xc1; 64]] {
        nodes.redis.send(&[b"PUBLISH", channel(&workspace).as_bytes(), bytes]);
    }
    // What nodes say of one workspace, said once more of another.
    let (client, mut heard) = (redis::Client::open(nodes.redis.url()).unwrap(), Vec::new());
    let mut listener = client.get_async_pubsub().await.unwrap();
    listener.subscribe(channel(&other)).await.unwrap();
    {
        use futures_util::StreamExt;
        let mut messages = listener.on_message();
        while heard.len() < 2 {
            heard.push(messages.next().await.unwrap().get_payload_bytes().to_vec());
        }
    }
    for bytes in &heard {
        nodes.redis.send(&[b"PUBLISH", channel(&workspace).as_bytes(), bytes]);
    }
    let before = there.seen.len();
    admin.edit(&workspace, rename(&request, "true")).await;
    event(&mut there, "true").await;
    assert_eq!(there.seen.len(), before + 1, "{:?}", there.seen);
}

#[tokio::test]
async fn what_a_broken_node_says_reaches_nobody() {
    let nodes = Nodes::start(2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (_, request) = admin.collection(&workspace).await;
    let bo = nodes.nodes[0].partner(&workspace, "bo@bolt.io").await;
    let (mut there, _) = enter(&nodes.at(1, &bo), &workspace).await;
    let store = &nodes.nodes[0].store;
    let id: WorkspaceId = workspace.parse().unwrap();
    let last = store.load_log(id, 0, usize::MAX).await.unwrap().pop().unwrap();
    let shared = store.load_log(id, 0, usize::MAX).await.unwrap();
    let shared = shared.into_iter().rfind(|record| record.stream == Stream::Shared).unwrap();
    let next = |change: fn(&mut Record)| {
        let mut record = Record {
            sequence: last.sequence + 1,
            position: shared.position + 1,
            body: r#"{"workspace_updated":{"name":"Forged","description":null}}"#.into(),
            ..shared.clone()
        };
        change(&mut record);
        Message::Grown { after: record.sequence - 1, head: record.sequence, records: vec![record] }
    };
    let wrong = [
        next(|record| record.sequence += 40),
        next(|record| record.position += 1),
        next(|record| record.epoch = Epoch::new()),
        next(|record| record.stream = Stream::Team),
        next(|record| record.body = "{}".into()),
        next(|record| record.body = r#"{"no_such_event":{}}"#.into()),
        Message::Grown { after: 0, head: u64::MAX, records: Vec::new() },
        Message::Beat { head: u64::MAX, presence: 9 },
        Message::Presence { number: 7, head: 0, here: Vec::new(), left: Vec::new() },
    ];
    let sealer = Sealer::new(&store.cluster_key().await.unwrap());
    let node = NodeId::new();
    for message in wrong {
        let sealed = sealer.seal(&Envelope { workspace: id, node, message }).unwrap();
        nodes.redis.send(&[b"PUBLISH", format!("loggia:{{{workspace}}}").as_bytes(), &sealed]);
    }
    let before = there.seen.len();
    admin.edit(&workspace, rename(&request, "true")).await;
    event(&mut there, "true").await;
    assert_eq!(there.seen.len(), before + 1, "{:?}", there.seen);
}

#[tokio::test]
async fn what_is_too_large_to_be_carried_is_read_from_the_log_at_once() {
    let nodes = Nodes::start(2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (root, _) = admin.collection(&workspace).await;
    let (mut there, _) = enter(&nodes.at(1, &admin), &workspace).await;
    let (mut took, content) = (Vec::new(), json!({"text": "x".repeat(LARGEST_CARRIED)}));
    for _ in 0..5 {
        let id = new_id();
        let changes = json!([{"kind": "item_create", "id": id, "parent": root, "item_kind": "request", "name": "Large",
                              "content": content}]);
        admin.edit(&workspace, changes).await;
        let begun = Instant::now();
        there.until(|message| message["change"]["id"] == id.as_str()).await;
        took.push(begun.elapsed());
    }
    took.sort();
    assert!(took[2] < Duration::from_millis(250), "without the hint half would take more than 500 ms: {took:?}");
}

#[tokio::test]
async fn sentinels_tell_where_redis_is() {
    let redis = Redis::start();
    let folder = tempfile::tempdir().unwrap();
    let (port, file) = (free_port(), folder.path().join("sentinel.conf"));
    let settings = format!("port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {} 1\n", redis.port);
    std::fs::write(&file, settings).unwrap();
    let mut sentinel = Process::start("redis-server", folder.path(), |command| {
        command.arg(&file).arg("--sentinel");
    });
    let url = format!("redis+sentinel://127.0.0.1:{port}/main");
    let nodes = Nodes::upon(redis, url, 2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (_here, _) = enter(&admin, &workspace).await;
    let (mut there, _) = enter(&nodes.at(1, &admin), &workspace).await;
    comes(&mut there, "Ada Admin").await;
    sentinel.kill();
}

#[tokio::test]
async fn a_redis_cluster_carries_it_in_shards() {
    let redis = RedisCluster::start(1).nodes.remove(0);
    let url = redis.url().replace("redis://", "redis+cluster://");
    let nodes = Nodes::upon(redis, url, 2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let (_, request) = admin.collection(&workspace).await;
    let (mut there, _) = enter(&nodes.at(1, &admin), &workspace).await;
    let shards = nodes.redis.command(&["PUBSUB", "SHARDNUMSUB", &format!("loggia:{{{workspace}}}")]);
    assert!(matches!(shards, Reply::List(_)), "{shards:?}");
    let (_here, _) = enter(&admin, &workspace).await;
    comes(&mut there, "Ada Admin").await;
    let begun = Instant::now();
    for number in 0..5 {
        admin.edit(&workspace, rename(&request, &number.to_string())).await;
        event(&mut there, &number.to_string()).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "by the log alone it takes a second each");
}

#[tokio::test]
async fn a_node_that_leaves_hands_its_people_over() {
    let mut nodes = Nodes::start(2).await;
    let admin = nodes.nodes[0].admin.clone();
    let workspace = nodes.nodes[0].walled_workspace().await;
    let bo = nodes.nodes[0].partner(&workspace, "bo@bolt.io").await;
    let (mut watching, _) = enter(&nodes.at(1, &admin), &workspace).await;
    let (mut moving, _) = enter(&bo, &workspace).await;
    comes(&mut watching, "bo").await;
    nodes.nodes[0].leave();
    assert_eq!(moving.closed().await, 1012);
    let before = watching.seen.len();
    let (_moved, _) = enter(&nodes.at(1, &bo), &workspace).await;
    let change = watching.until_type("presence_delta").await;
    assert_eq!(name(&change["joined"][0]), "bo", "{change}");
    assert_eq!(change["left"].as_array().unwrap().len(), 1, "gone and here in one: {change}");
    assert_eq!(watching.seen.len(), before + 1, "nothing in between");
}
