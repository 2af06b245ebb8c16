//! Sessions come, stop reading, are cut off, and resume, all while edits flow: each sees every event of its log once
//! and in order. What each of them does is drawn from a seed; `CHURN_SEED=N cargo test --test server churn` replays one.
#![allow(clippy::print_stdout, reason = "a test that passes says what it did")]

use crate::common::{PATIENCE, Person, TestServer, new_id};
use futures_util::StreamExt;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

const EDITS: u64 = 400;
const FOLLOWERS: u64 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_sockets_do_every_session_sees_everything_once_and_in_order() {
    let seed = std::env::var("CHURN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("CHURN_SEED={seed}");
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let partner = Arc::new(server.partner(&workspace, "pat@acme.com").await);
    let snapshot = partner.get(&format!("/v1/workspaces/{workspace}")).await;
    let from = snapshot.json["positions"]["shared"].as_u64().unwrap();
    let epoch = snapshot.json["epoch"].as_str().unwrap().to_owned();

    let (made, edits) = watch::channel(0);
    let followers: Vec<_> = (0..FOLLOWERS)
        .map(|number| {
            let (partner, edits) = (Arc::clone(&partner), edits.clone());
            let follower = follow(partner, workspace.clone(), epoch.clone(), from, edits, seed ^ number);
            tokio::spawn(follower)
        })
        .collect();
    let mut chance = StdRng::seed_from_u64(seed);
    let mut waiting = Vec::new();
    for number in 0..EDITS {
        // From a few bytes to 60 KB: 400 of them fill every buffer, and the ring more than once.
        let text = "x".repeat(if chance.random_bool(0.7) { 55_000 } else { chance.random_range(0..500) });
        let patch = json!({"name": format!("Name {number}"), "content": {"text": text}});
        let body = json!({"op": new_id(), "changes": [{"kind": "item_update", "id": request, "patch": patch}]});
        waiting.push(body);
        // Now one alone, now many at once.
        if chance.random_bool(0.3) || number + 1 == EDITS {
            let path = format!("/v1/workspaces/{workspace}/changes");
            let all = waiting.drain(..).map(|body| server.admin.post(&path, body));
            futures_util::future::join_all(all).await.iter().for_each(|answer| assert!(answer.expect(200).is_object()));
            made.send_replace(number + 1);
        }
    }
    for follower in followers {
        timeout(PATIENCE * 4, follower).await.expect("a follower is stuck").unwrap();
    }
}

/// Follows all edits of the run, with all that can happen to a socket in between.
async fn follow(
    partner: Arc<Person>,
    workspace: String,
    epoch: String,
    from: u64,
    mut edits: watch::Receiver<u64>,
    seed: u64,
) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut seen = 0;
    'connection: while seen < EDITS {
        let query = format!("?epoch={epoch}&shared={}", from + seen);
        let mut client = partner.try_live(&workspace, &query).await.unwrap();
        loop {
            if seen == EDITS {
                return;
            }
            match chance.random_range(0..200) {
                // Cut off, with whatever is on its way.
                0 => continue 'connection,
                // Reads nothing until so many more edits are made.
                1 | 2 => {
                    let enough = (seen + chance.random_range(20..300)).min(EDITS);
                    edits.wait_for(|made| *made >= enough).await.unwrap();
                }
                _ => {}
            }
            match client.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] == "event" {
                        seen += 1;
                        assert_eq!(message["position"], from + seen, "a hole or a repetition");
                    }
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    assert_eq!(u16::from(frame.code), 4008, "{frame:?}");
                    continue 'connection;
                }
                Some(Ok(_)) => {}
                // It slept through its closing.
                Some(Err(Error::Io(_) | Error::Protocol(_))) | None => continue 'connection,
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }
}
