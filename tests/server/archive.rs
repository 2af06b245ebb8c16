//! A workspace moves from one server to another in a file.

use crate::common::{Person, TestServer, new_id};
use serde_json::{Value, json};

async fn archive(who: &Person, workspace: &str, query: &str) -> Value {
    who.get(&format!("/v1/workspaces/{workspace}/archive{query}")).await.expect(200).clone()
}

/// The archive with its ids as places in the list.
fn without_ids(mut archive: Value) -> Value {
    let ids: Vec<Value> = archive["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    for item in archive["items"].as_array_mut().unwrap() {
        let place = |id: &Value| ids.iter().position(|one| one == id);
        (item["id"], item["parent"]) = (json!(place(&item["id"])), json!(place(&item["parent"])));
    }
    archive
}

/// A workspace with two collections, one moved before the other, a deep item, a secret, a team and a partner.
async fn furnished(server: &TestServer) -> String {
    let workspace = server.walled_workspace().await;
    let (first, request) = server.admin.collection(&workspace).await;
    let (second, _) = server.admin.collection(&workspace).await;
    let changes = json!([
        {"kind": "item_update", "id": first, "patch": {"content": {"variable": [
            {"key": "token", "value": "hunter2", "type": "secret"}]}}},
        {"kind": "item_move", "id": second, "parent": null, "after": null},
        {"kind": "item_create", "id": new_id(), "parent": first, "item_kind": "folder", "name": "Old", "after": null},
        {"kind": "item_create", "id": new_id(), "parent": request, "item_kind": "example", "name": "200",
         "content": {"code": 200, "big": 12.50}},
        {"kind": "environment_create", "id": new_id(), "name": "Live", "content": {"values": [
            {"key": "host", "value": "api.host.com"},
            {"key": "password", "value": "hunter2", "type": "Secret", "enabled": true},
        ]}},
    ]);
    server.admin.edit(&workspace, changes).await;
    server.editor(&workspace, "edda@host.com").await;
    server.partner(&workspace, "pat@acme.com").await;
    workspace
}

#[tokio::test]
async fn an_archive_makes_the_same_workspace_on_another_server() {
    let (here, there) = (TestServer::start().await, TestServer::start().await);
    let workspace = furnished(&here).await;
    let out = archive(&here.admin, &workspace, "?secrets=true").await;
    assert_eq!(out["items"].as_array().unwrap().len(), 6);
    let elsewhere = there.workspace().await;
    there.editor(&elsewhere, "edda@host.com").await;
    let made = there.admin.post("/v1/workspaces/import_archive", out.clone()).await;
    assert_eq!((&made.expect(201)["added"], &made.json["unknown"]), (&json!(["edda@host.com"]), &json!([])));
    let id = made.json["id"].as_str().unwrap();
    assert_eq!(without_ids(archive(&there.admin, id, "?secrets=true").await), without_ids(out));
    let snapshot = there.admin.get(&format!("/v1/workspaces/{id}")).await;
    assert_eq!((&snapshot.expect(200)["name"], &snapshot.json["mode"]), (&json!("API"), &json!("multi_partner")));
    // It lives as any other, and after a restart too.
    there.admin.collection(id).await;
    let there = there.restarted().await;
    assert_eq!(archive(&there.admin, id, "").await["items"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn secrets_stay_at_home_unless_asked_for_and_partners_always() {
    let server = TestServer::start().await;
    let workspace = furnished(&server).await;
    let out = archive(&server.admin, &workspace, "").await;
    assert_eq!(
        out["environments"][0]["content"]["values"][1],
        json!({"key": "password", "type": "Secret", "enabled": true})
    );
    assert_eq!(out["environments"][0]["content"]["values"][0]["value"], "api.host.com");
    assert!(!out.to_string().contains("hunter2") && !out.to_string().contains("acme"), "{out}");
    assert_eq!(
        out["members"],
        json!([{"email": "ada@host.com", "role": "admin"}, {"email": "edda@host.com", "role": "editor"}])
    );
    let editor = server.editor(&workspace, "eric@host.com").await;
    let pat = server.partner(&workspace, "paula@acme.com").await;
    let path = format!("/v1/workspaces/{workspace}");
    editor.get(&format!("{path}/archive")).await.refused(403, "forbidden");
    let refused = pat.get(&format!("{path}/archive?secrets=true")).await;
    refused.refused(404, "not_found");
    assert_eq!(refused.text, pat.get(&format!("{path}/nothing")).await.text);
    pat.post("/v1/workspaces/import_archive", out).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_bad_archive_is_refused_with_its_place_and_makes_nothing() {
    let server = TestServer::start().await;
    let workspace = furnished(&server).await;
    let good = archive(&server.admin, &workspace, "").await;
    let before = server.admin.get("/v1/workspaces").await.text;
    let change = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        bad
    };
    let first = good["items"][0]["id"].clone();
    for (bad, status, code, path) in [
        (json!({"info": {}}), 400, "malformed", "info"),
        (change("/loggia_archive", json!(2)), 422, "invalid", "loggia_archive"),
        (change("/name", json!(" ")), 422, "invalid", "name"),
        (change("/items/1/parent", json!(new_id())), 422, "invalid", "items[1].parent"),
        (change("/items/1/id", first), 422, "invalid", "items[1].id"),
        (change("/items/1/kind", json!("example")), 422, "invalid", "items[1].parent"),
        (change("/items/1/order", json!("xyz")), 422, "invalid", "items[1].order"),
        (change("/items/1/order", json!("8é0")), 422, "invalid", "items[1].order"),
        (change("/items/1/order", json!("80".repeat(5_000))), 422, "invalid", "items[1].order"),
        (change("/items/1/content", json!([])), 422, "invalid", "items[1].content"),
        (change("/items/1/name", json!("n".repeat(1_025))), 422, "invalid", "items[1].name"),
        (change("/environments/0/name", json!("")), 422, "invalid", "environments[0].name"),
        (change("/members/1/email", json!("nobody")), 422, "invalid", "members[1].email"),
        (change("/members/1/email", json!("ADA@host.com")), 422, "invalid", "members[1].email"),
        (change("/members/1/role", json!("owner")), 400, "malformed", "members[1].role"),
    ] {
        let answer = server.admin.post("/v1/workspaces/import_archive", bad).await;
        answer.refused(status, code);
        assert_eq!(answer.json["path"], path, "{}", answer.text);
    }
    assert_eq!(server.admin.get("/v1/workspaces").await.text, before);
}
