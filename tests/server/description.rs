//! The server keeps to its own descriptions: `/openapi.json` and `/asyncapi.json`.

use crate::common::{Answer, Person, TestServer, new_id};
use loggia::call::history::{Sent, entry, keep_cookies};
use loggia::call::redact::Redaction;
use loggia::call::{Behavior, Outgoing};
use loggia::id::EntryId;
use loggia::protocol::own::Source;
use loggia::store::own::Owner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Checks values against the schemas of a description.
struct Schemas(Value);

impl Schemas {
    fn of(description: &Value) -> Self {
        Self(description["components"].clone())
    }

    #[track_caller]
    fn hold(&self, name: &str, value: &Value) {
        let reference = format!("#/components/schemas/{name}");
        let schema = json!({"$ref": reference, "components": self.0});
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<_> =
            validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}\n{value}");
    }
}

fn own(workspace: &str, person: &Person) -> Owner {
    Owner { workspace: workspace.parse().unwrap(), user: person.id.parse().unwrap() }
}

fn source() -> Source {
    let request = serde_json::from_str(r#"{"method": "GET", "url": "https://api.host.com/"}"#).unwrap();
    Source {
        environment: None,
        overrides: BTreeMap::new(),
        request: Some(request),
        inherits: true,
        left_out: Vec::new(),
    }
}

/// A request that did not come through; its entry.
async fn sends(server: &TestServer, owner: Owner) -> EntryId {
    let request = Outgoing {
        method: "GET".into(),
        url: "https://api.host.com/".into(),
        headers: Vec::new(),
        body: None,
        auth: None,
        behavior: Behavior::default(),
    };
    let source = source();
    let sent =
        Sent { item: None, name: "List users", source: &source, request: &request, outcome: Err("dns"), total_ms: 1.0 };
    server.app.keep(owner, entry(sent, &Redaction::default()).unwrap()).await.unwrap().unwrap().id
}

#[tokio::test]
async fn every_described_route_is_served_and_no_other_method_of_it() {
    let server = TestServer::start().await;
    let description = server.admin.get("/openapi.json").await.expect(200).clone();
    let http = reqwest::Client::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let url: String = path
            .split('{')
            .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
            .collect::<Vec<_>>()
            .join(&new_id());
        for method in ["get", "post", "put", "patch", "delete"] {
            let name = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = Answer::of(http.request(name, format!("{}{url}", server.url)).send().await.unwrap()).await;
            let served = !matches!(answer.status, 404 | 405);
            assert_eq!(served, operations.get(method).is_some(), "{method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let server = TestServer::start().await;
    let admin = &server.admin;
    let schemas = Schemas::of(admin.get("/openapi.json").await.expect(200));
    let workspace = server.workspace().await;
    let path = format!("/v1/workspaces/{workspace}");
    let (_, request) = admin.collection(&workspace).await;
    let environment = json!({"name": "Test", "values": [{"key": "host", "value": "api.host.com", "enabled": true}]});
    let imported = admin.post(&format!("{path}/import"), environment).await;
    schemas.hold("Imported", imported.expect(201));
    let comments = format!("{path}/items/{request}/comments");
    let comment = json!({"id": new_id(), "text": "Why?", "reply_to": null, "mentions": []});
    schemas.hold("NewComment", &comment);
    schemas.hold("SeenComment", admin.post(&comments, comment).await.expect(201));
    schemas.hold("Comments", admin.get(&comments).await.expect(200));
    let partner = server.join(&workspace, "pat@acme.com", "partner", "viewer", true).await;
    schemas.hold("WorkspaceEntry", server.switch(&workspace).await.expect(200));
    schemas.hold("Token", admin.post("/v1/me/tokens", json!({"name": "Another"})).await.expect(201));
    let invitation = json!({"invitees": [{"email": "sam@acme.com"}]});
    schemas.hold(
        "Body",
        &json!({"invitees": [{"email": "sam@acme.com", "name": "Sam"}], "side": "partner", "role": "viewer"}),
    );
    for person in [admin, &partner] {
        schemas.hold("Invited", person.post(&format!("{path}/invitations"), invitation.clone()).await.expect(200));
        for (name, path) in [
            ("Me", "/v1/me".to_owned()),
            ("Tokens", "/v1/me/tokens".to_owned()),
            ("Workspaces", "/v1/workspaces".to_owned()),
            ("Snapshot", path.clone()),
            ("SeenItem", format!("{path}/items/{request}")),
            ("Members", format!("{path}/members")),
            ("Invitations", format!("{path}/invitations")),
            ("Activity", format!("{path}/activity")),
        ] {
            schemas.hold(name, person.get(&path).await.expect(200));
        }
    }
    let environment = imported.json["items"][0]["id"].as_str().unwrap();
    let run = json!({"item": request, "environment": environment, "iterations": 3});
    schemas.hold("NewRun", &run);
    let run = partner.post(&format!("{path}/runs"), run).await.expect(201).clone();
    schemas.hold("Run", &run);
    let run = format!("{path}/runs/{}", run["id"].as_str().unwrap());
    let result = json!({"item": request, "name": "List users", "sequence": 0, "iteration": 0, "status": 200, "ms": 1.5,
                        "assertions": [{"name": "is fast", "passed": true}], "omitted": {"passed": 1, "failed": 0}});
    schemas.hold("RunResult", &result);
    schemas.hold("Run", partner.post(&format!("{run}/results"), result).await.expect(200));
    schemas.hold("EndRun", &json!({"state": "finished"}));
    schemas.hold("Run", partner.post(&format!("{run}/end"), json!({"state": "finished"})).await.expect(200));
    let values = json!({"values": {"host": "my own"}});
    let values = partner.request("PUT", &format!("{path}/environments/{environment}/values"), Some(values)).await;
    schemas.hold("Values", values.expect(200));
    let owner = own(&workspace, &partner);
    let entry = sends(&server, owner).await;
    let cookie = ("https://api.host.com/".parse().unwrap(), "session=1".to_owned());
    keep_cookies(server.store.as_ref(), owner, &[cookie]).await.unwrap();
    let sent = json!({"method": "GET", "url": "http://10.0.0.1/"});
    let alone = json!({"request": sent, "name": "Try", "environment": environment, "item": request,
                       "overrides": {"host": "10.0.0.1"}, "files": {}});
    schemas.hold("SendAlone", &alone);
    schemas.hold("SendAnswer", partner.post(&format!("{path}/send"), alone).await.expect(200));
    let again = json!({"overrides": {"host": "10.0.0.1"}, "request": sent, "files": {}});
    schemas.hold("SendAgain", &again);
    schemas.hold("SendAnswer", partner.post(&format!("{path}/history/{entry}/send"), again).await.expect(200));
    for (name, path) in [
        ("Runs", format!("{path}/runs")),
        ("WholeRun", run),
        ("Values", format!("{path}/environments/{environment}/values")),
        ("History", format!("{path}/history")),
        ("WholeEntry", format!("{path}/history/{entry}")),
        ("Cookies", format!("{path}/cookies")),
    ] {
        schemas.hold(name, partner.get(&path).await.expect(200));
    }
    schemas.hold("EngagementReport", admin.get(&format!("{path}/engagement")).await.expect(200));
    let edit = json!({"op": new_id(), "changes": [
        {"kind": "item_update", "id": request, "patch": {"name": "All users"}, "base": 1},
        {"kind": "item_move", "id": request, "parent": null},
    ]});
    schemas.hold("Edit", &edit);
    let refused = admin.post(&format!("{path}/changes"), edit).await;
    schemas.hold("ProblemBody", refused.expect(422));
}

#[tokio::test]
async fn frames_are_as_described() {
    let server = TestServer::start().await;
    let schemas = Schemas::of(server.admin.get("/asyncapi.json").await.expect(200));
    let workspace = server.walled_workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let mut team = server.admin.live(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let mut there = partner.live(&workspace).await;
    let said = [
        json!({"type": "presence", "viewing": request, "status": "typing"}),
        json!({"type": "edit", "op": new_id(), "changes": [{"kind": "item_update", "id": request, "patch": {"name": "All"}}]}),
        json!({"type": "edit", "op": new_id(), "changes": [{"kind": "item_delete", "id": new_id()}]}),
    ];
    for message in said {
        schemas.hold("ClientMessage", &message);
        team.say(message).await;
    }
    // Acks, rejects, events and presence come by ways of their own, in no order between them.
    let kinds = ["welcome", "presence", "presence_delta", "event", "ack", "reject"];
    let has = |seen: &[String], kind: &str| seen.iter().any(|frame| frame.contains(&format!("\"type\":\"{kind}\"")));
    while !kinds.iter().all(|kind| has(&team.seen, kind)) {
        team.next().await;
    }
    sends(&server, own(&workspace, &partner)).await;
    partner.post(&format!("/v1/workspaces/{workspace}/runs"), json!({})).await.expect(201);
    for kind in ["history", "run"] {
        there.until_type(kind).await;
    }
    let patch = json!({"kind": "environment_create", "id": new_id(), "name": "Test", "content": {"values": []}});
    server.admin.edit(&workspace, json!([patch, {"kind": "item_delete", "id": request}])).await;
    for client in [&mut team, &mut there] {
        client.until(|message| message["change"]["kind"] == "item_deleted").await;
        for frame in &client.seen {
            schemas.hold("ServerMessage", &serde_json::from_str(frame).unwrap());
        }
    }
}
