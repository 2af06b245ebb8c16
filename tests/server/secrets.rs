//! Secrets of environments and collections: their values are the team's, and nowhere in what a partner is sent.

use crate::common::{Answer, Person, TestClient, TestServer, new_id};
use serde_json::{Value, json};

/// In no other text.
const SECRETS: [&str; 4] = ["made-s3cret", "changed-s3cret", "large-s3cret", "imported-s3cret"];

fn variable(value: &str) -> Value {
    json!({"key": "token", "value": value, "type": "secret", "enabled": true})
}

fn hidden() -> Value {
    json!({"key": "token", "type": "secret", "enabled": true})
}

fn plain() -> Value {
    json!({"key": "host", "value": "api.host.com", "type": "default"})
}

/// Where an environment's values are, in frames of either kind.
fn values(message: &Value) -> &Value {
    let change = &message["change"];
    if change["patch"].is_object() { &change["patch"]["content"]["values"] } else { &change["content"]["values"] }
}

/// Another environment; its id.
async fn new_env(server: &TestServer, workspace: &str) -> String {
    let id = new_id();
    server.admin.edit(workspace, json!([{"kind": "environment_create", "id": id, "name": "Other"}])).await;
    id
}

async fn reads(client: &mut TestClient, position: u64) -> Value {
    client.until(|message| message["type"] == "event" && message["position"] == position).await
}

/// Everything of the workspace's environments that somebody can read over HTTP.
async fn answers(who: &Person, workspace: &str, environments: &[String]) -> Vec<Answer> {
    let mut answers = vec![who.get(&format!("/v1/workspaces/{workspace}")).await];
    for environment in environments {
        answers.push(who.get(&format!("/v1/workspaces/{workspace}/environments/{environment}/export")).await);
    }
    answers
}

async fn a_partner_gets_none_of_it(walled: bool) {
    let server = TestServer::start().await;
    let workspace = if walled { server.walled_workspace().await } else { server.workspace().await };
    let viewer = server.join(&workspace, "vic@host.com", "team", "viewer", false).await;
    let partners = [server.partner(&workspace, "pat@acme.com").await, server.partner(&workspace, "bo@bolt.io").await];
    let admin = &server.admin;
    let mut team = viewer.live(&workspace).await;
    let mut there = [partners[0].live(&workspace).await, partners[1].live(&workspace).await];
    let start = admin.get(&format!("/v1/workspaces/{workspace}")).await.json.clone();
    let (from, epoch) = (start["positions"]["shared"].as_u64().unwrap(), start["epoch"].as_str().unwrap().to_owned());

    let environment = new_id();
    let create = json!([{"kind": "environment_create", "id": environment, "name": "Test",
                         "content": {"values": [variable(SECRETS[0]), plain()]}}]);
    let made = admin.edit(&workspace, create).await;
    let change = json!({"values": [plain(), variable(SECRETS[1])], "note": "seen"});
    let change =
        json!([{"kind": "environment_update", "id": environment, "patch": {"name": "Live", "content": change}}]);
    let changed = admin.edit(&workspace, change).await;
    let large = new_id();
    let create = json!([{"kind": "environment_create", "id": large, "name": "Large",
                         "content": {"values": [variable(&SECRETS[2].repeat(6_000))]}}]);
    let large_made = admin.edit(&workspace, create).await;
    let file = json!({"name": "File", "values": [variable(SECRETS[3])]});
    let imported = admin.post(&format!("/v1/workspaces/{workspace}/import"), file).await;
    let imported = imported.expect(201)["items"][0]["id"].as_str().unwrap().to_owned();
    let last = large_made + 1;

    // Events: the team's with values; the partners' alike, and otherwise as the team's.
    for (position, with, without) in [
        (made, json!([variable(SECRETS[0]), plain()]), json!([hidden(), plain()])),
        (changed, json!([plain(), variable(SECRETS[1])]), json!([plain(), hidden()])),
        (large_made, Value::Null, Value::Null),
        (last, json!([variable(SECRETS[3])]), json!([hidden()])),
    ] {
        let mut told = reads(&mut team, position).await;
        assert_eq!(*values(&told), with);
        let shown = [reads(&mut there[0], position).await, reads(&mut there[1], position).await];
        assert_eq!((values(&shown[0]), there[0].seen.last()), (&without, there[1].seen.last()));
        assert_eq!(told["change"]["by_reference"].is_null(), position != large_made);
        match &mut told["change"] {
            change if change["patch"].is_object() => change["patch"]["content"]["values"] = without,
            change if !without.is_null() => change["content"]["values"] = without,
            _ => {}
        }
        assert_eq!(told, shown[0]);
    }

    // Snapshot and exports.
    let environments = [environment.clone(), large.clone(), imported.clone()];
    let for_team = answers(&viewer, &workspace, &environments).await;
    for (answer, secrets) in for_team.iter().zip([&SECRETS[1..], &SECRETS[1..2], &SECRETS[2..3], &SECRETS[3..]]) {
        answer.expect(200);
        assert!(secrets.iter().all(|secret| answer.text.contains(secret)), "{secrets:?} in {}", answer.text);
    }
    let for_partners = [
        answers(&partners[0], &workspace, &environments).await,
        answers(&partners[1], &workspace, &environments).await,
    ];
    for (one, another) in for_partners[0].iter().zip(&for_partners[1]) {
        assert_eq!(one.expect(200), another.expect(200));
        assert!(!one.text.contains("s3cret"), "{}", one.text);
        assert!(one.text.contains("\"token\""), "its name is seen: {}", one.text);
    }
    assert_eq!(
        for_partners[0][0].json["environments"][0]["content"],
        json!({"values": [plain(), hidden()], "note": "seen"})
    );

    // Resumed from the ring, and from the log: the same bytes as live.
    let query = format!("?epoch={epoch}&shared={from}");
    let events = |client: &TestClient| -> Vec<String> {
        client.seen.iter().filter(|frame| frame.contains("\"type\":\"event\",\"stream\":\"shared\"")).cloned().collect()
    };
    let (live, live_team) = (events(&there[0]), events(&team));
    assert_eq!((live.len(), live_team.len()), (4, 4));
    // A node of its own has none of it in memory.
    let another = server.another_node(server.store.clone(), None).await;
    for place in [&server.url, &another.url] {
        let mut again = partners[0].at(place).try_live(&workspace, &query).await.unwrap();
        reads(&mut again, last).await;
        assert_eq!(events(&again), live);
        let team_query = format!("{query}&team={}", start["positions"]["team"]);
        let mut team_again = viewer.at(place).try_live(&workspace, &team_query).await.unwrap();
        reads(&mut team_again, last).await;
        assert_eq!(events(&team_again), live_team);
        assert!(!again.seen.iter().any(|frame| frame.contains("s3cret")));
    }
    for client in &there {
        assert!(!client.seen.iter().any(|frame| frame.contains("s3cret")), "{:?}", client.seen);
    }
}

#[tokio::test]
async fn a_partner_gets_no_value_of_a_secret_in_multi_partner_mode() {
    a_partner_gets_none_of_it(true).await;
}

#[tokio::test]
async fn a_partner_gets_no_value_of_a_secret_in_classic_mode() {
    a_partner_gets_none_of_it(false).await;
}

#[tokio::test]
async fn a_partner_gets_no_value_of_a_collections_secret_and_keeps_it_when_it_edits() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let partner = server.join(&workspace, "pat@acme.com", "partner", "editor", false).await;
    let (admin, path) = (&server.admin, format!("/v1/workspaces/{workspace}"));
    let start = admin.get(&path).await.json.clone();
    let mut team = admin.live(&workspace).await;
    let mut client = partner.live(&workspace).await;
    let collection = new_id();
    let create = json!([{"kind": "item_create", "id": collection, "parent": null, "item_kind": "collection", "name": "API",
                         "content": {"variable": [variable(SECRETS[0]), plain()]}}]);
    let made = admin.edit(&workspace, create).await;
    let update = |variables: &Value| json!([{"kind": "item_update", "id": collection, "patch": {"content": {"variable": variables}}}]);
    let changed = admin.edit(&workspace, update(&json!([plain(), variable(SECRETS[1])]))).await;
    let item = format!("{path}/items/{collection}");
    let mut shown = partner.get(&item).await.expect(200)["content"]["variable"].clone();
    assert_eq!(shown, json!([plain(), hidden()]));
    // What it was shown comes back with a change of its own.
    shown[0]["value"] = "api.acme.com".into();
    let own = partner.edit(&workspace, update(&shown)).await;
    let kept = json!([shown[0], variable(SECRETS[1])]);
    assert_eq!(admin.get(&item).await.expect(200)["content"]["variable"], kept);
    for (position, with, without) in [
        (made, json!([variable(SECRETS[0]), plain()]), json!([hidden(), plain()])),
        (changed, json!([plain(), variable(SECRETS[1])]), json!([plain(), hidden()])),
        (own, kept.clone(), shown.clone()),
    ] {
        for (reader, variables) in [(&mut team, with), (&mut client, without)] {
            let change = reads(reader, position).await["change"].clone();
            let content = if position == made { &change["content"] } else { &change["patch"]["content"] };
            assert_eq!(content["variable"], variables);
        }
    }
    let link = partner.post(&format!("{item}/export_link"), json!({})).await.expect(201)["url"].clone();
    let link = link.as_str().unwrap().rsplit_once("/v1").unwrap().1.to_owned();
    for path in [item.clone(), format!("{item}/export"), format!("/v1{link}")] {
        let answer = partner.get(&path).await;
        answer.expect(200);
        assert!(answer.text.contains("\"token\"") && !answer.text.contains("s3cret"), "{path}: {}", answer.text);
    }
    assert!(admin.get(&format!("{item}/export")).await.text.contains(SECRETS[1]));
    // Read from the log, the same bytes as live.
    let another = server.another_node(server.store.clone(), None).await;
    let query = format!("?epoch={}&shared={}", start["epoch"].as_str().unwrap(), start["positions"]["shared"]);
    let mut again = partner.at(&another.url).try_live(&workspace, &query).await.unwrap();
    reads(&mut again, own).await;
    let events = |client: &TestClient| -> Vec<String> {
        client.seen.iter().filter(|frame| frame.contains("\"type\":\"event\",\"stream\":\"shared\"")).cloned().collect()
    };
    assert_eq!(events(&again).len(), 3);
    assert_eq!(events(&again), events(&client)[..3]);
    assert!(!client.seen.iter().any(|frame| frame.contains("s3cret")), "{:?}", client.seen);
}

#[tokio::test]
async fn a_partner_who_edits_an_environment_leaves_its_secrets_as_they_are_and_gains_none() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let partner = server.join(&workspace, "pat@acme.com", "partner", "editor", false).await;
    let environment = new_id();
    let create = json!([{"kind": "environment_create", "id": environment, "name": "Test",
                         "content": {"values": [variable(SECRETS[0]), plain()]}}]);
    server.admin.edit(&workspace, create).await;
    let mut client = partner.live(&workspace).await;
    let path = format!("/v1/workspaces/{workspace}");
    let update = |values: Value| json!([{"kind": "environment_update", "id": environment, "patch": {"content": {"values": values}}}]);
    // What it was shown comes back with a change of its own.
    let snapshot = partner.get(&path).await;
    let mut shown = snapshot.expect(200)["environments"][0]["content"]["values"].clone();
    shown[1]["value"] = "api.acme.com".into();
    client.edit(update(shown)).await;
    let kept = server.admin.get(&path).await.json["environments"][0]["content"]["values"].clone();
    assert_eq!(kept[0]["value"], SECRETS[0]);
    assert_eq!(kept[1]["value"], "api.acme.com");
    // Called no secret, or otherwise, it has no value any more.
    client.edit(update(json!([{"key": "token", "type": "default"}, {"key": "other", "type": "secret"}]))).await;
    let text = server.admin.get(&path).await.text;
    assert!(!text.contains("s3cret"), "{text}");
    let last = server
        .admin
        .edit(&workspace, json!([{"kind": "environment_delete", "id": new_env(&server, &workspace).await}]))
        .await;
    reads(&mut client, last).await;
    partner.get(&format!("{path}/environments/{environment}/export")).await.expect(200);
    assert!(!client.seen.iter().any(|frame| frame.contains("s3cret")), "{:?}", client.seen);
}
