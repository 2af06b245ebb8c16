//! An edit's way: from one session to every other, at once, once, in order.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use common::{TestServer, new_id};
use serde_json::json;

#[tokio::test]
async fn an_edit_reaches_every_session_with_the_same_position() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let (mut team, mut there) = (server.admin.live(&workspace).await, partner.live(&workspace).await);
    team.until_type("presence").await;
    let welcome = there.until_type("welcome").await;
    assert_eq!(welcome["positions"].get("team"), None, "{welcome}");

    let ack = team.edit(json!([{"kind": "item_update", "id": request, "patch": {"name": "All users"}}])).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let event = there.until_type("event").await;
    assert_eq!(event["position"], ack["position"]);
    assert_eq!(event["change"]["patch"]["name"], "All users");
    assert_eq!(event["by"]["name"], "Ada Admin");
    assert_eq!(event["position"], welcome["positions"]["shared"].as_u64().unwrap() + 1);
}

#[tokio::test]
async fn the_same_op_again_gets_the_first_answer_and_changes_nothing() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let body = json!({"op": new_id(), "changes": [{"kind": "item_update", "id": request, "patch": {"name": "Once"}}]});
    let path = format!("/v1/workspaces/{workspace}/changes");
    let first = server.admin.post(&path, body.clone()).await;
    let again = server.admin.post(&path, body).await;
    assert_eq!(first.expect(200), again.expect(200));
    let snapshot = server.admin.get(&format!("/v1/workspaces/{workspace}")).await;
    assert_eq!(snapshot.expect(200)["positions"]["shared"], first.json["position"]);
}
