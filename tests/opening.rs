//! A workspace is opened from its last kept state and the log since.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::{PATIENCE, TestServer, new_id};
use loggia::cluster::local::Local;
use loggia::hub::Hub;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::{interval, timeout};

#[tokio::test]
async fn a_workspace_of_100_000_events_opens_from_its_kept_state_and_a_tail() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    for round in 0..100 {
        let change =
            |n: i32| json!({"kind": "item_update", "id": request, "patch": {"content": {"n": round * 1_000 + n}}});
        let changes: Vec<Value> = (0..1_000).map(change).collect();
        server.admin.edit(&workspace, changes.into()).await;
    }
    let id = workspace.parse().unwrap();
    let head = server.store.load_log(id, 99_000, 10_000).await.unwrap().last().unwrap().sequence;
    assert!(head > 100_000);
    // A state is kept beside the room's work.
    let mut look = interval(std::time::Duration::from_millis(5));
    let kept = timeout(PATIENCE, async {
        loop {
            look.tick().await;
            if let Some((at, _)) = server.store.load_state(id).await.unwrap().filter(|(at, _)| head - at < 4_000) {
                return at;
            }
        }
    });
    let kept = kept.await.unwrap();
    assert!(server.store.load_log(id, kept, 10_000).await.unwrap().len() < 4_000);

    let again = Hub::new(Arc::clone(&server.store), Arc::new(Local), Vec::new()).room(id).await.unwrap().state();
    assert_eq!(again.sequence, head);
    let now = server.admin.get(&format!("/v1/workspaces/{workspace}")).await;
    assert_eq!(now.expect(200)["positions"]["shared"], again.positions.shared);
    let item = again.item(request.parse().unwrap()).unwrap();
    let content: Value = serde_json::from_str(item.content.get()).unwrap();
    assert_eq!(content["n"], 99_999);
    // What was kept knows the way back for an edit's base, too.
    let change =
        json!({"kind": "item_update", "id": request, "patch": {"name": "X"}, "base": again.positions.shared - 10});
    let op = json!({"op": new_id(), "changes": [change]});
    server.admin.post(&format!("/v1/workspaces/{workspace}/changes"), op).await.expect(200);
}
