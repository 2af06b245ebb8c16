//! What is wrong is refused by its code, and leaves everything else as it was.

use crate::common::{Answer, Person, TestClient, TestServer, new_id};
use futures_util::SinkExt;
use loggia::config::{HistoryOptions, MailOptions, SESSION_EDITS_PER_SECOND, ServeOptions, StoreOptions};
use loggia::id::{InvitationId, UserId, WorkspaceId};
use loggia::identity::{Identity, Secret};
use loggia::server::Server;
use loggia::store::now_utc;
use loggia::workspace::command::{Action, Command, Invitee};
use loggia::workspace::member::{Role, Side};
use serde_json::{Value, json};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
const ADYEN: &str = include_str!("../data/adyen-management.postman_collection.json");

/// A workspace with a witness: a session that must live through everything.
struct Scene {
    server: TestServer,
    workspace: String,
    root: String,
    request: String,
    witness: TestClient,
    before: String,
}

impl Scene {
    async fn classic() -> Self {
        let server = TestServer::start().await;
        let workspace = server.workspace().await;
        Self::of(server, workspace).await
    }

    async fn walled() -> Self {
        let server = TestServer::start().await;
        let workspace = server.walled_workspace().await;
        Self::of(server, workspace).await
    }

    async fn of(server: TestServer, workspace: String) -> Self {
        let (root, request) = server.admin.collection(&workspace).await;
        let mut witness = server.admin.live(&workspace).await;
        witness.until_type("presence").await;
        let mut scene = Self { server, workspace, root, request, witness, before: String::new() };
        scene.remember().await;
        scene
    }

    fn admin(&self) -> &Person {
        &self.server.admin
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.workspace)
    }

    async fn snapshot(&self) -> String {
        let answer = self.admin().get(&self.path("")).await;
        answer.expect(200);
        answer.text
    }

    /// What is there now must be there still when [`Scene::intact`] is asked.
    async fn remember(&mut self) {
        self.before = self.snapshot().await;
    }

    /// Nothing has changed, and the next edit reaches the witness at the next position.
    async fn intact(&mut self) {
        assert_eq!(self.snapshot().await, self.before);
        let was: Value = serde_json::from_str(&self.before).unwrap();
        let patch = json!({"name": format!("Still here {}", new_id())});
        let change = json!([{"kind": "item_update", "id": self.request, "patch": patch}]);
        let position = self.admin().edit(&self.workspace, change).await;
        assert_eq!(position, was["positions"]["shared"].as_u64().unwrap() + 1);
        let event = self.witness.until(|message| message["type"] == "event" && message["stream"] == "shared").await;
        assert_eq!((&event["position"], &event["change"]["patch"]), (&json!(position), &patch), "{event}");
        self.remember().await;
    }

    /// An edit of the witness is refused for this reason at this place, by socket and by HTTP alike.
    async fn rejected(&mut self, changes: Value, code: &str, path: &str) {
        let reject = self.witness.edit(changes.clone()).await;
        let problem = &reject["problem"];
        assert_eq!(
            (&reject["type"], &problem["code"], &problem["path"]),
            (&json!("reject"), &json!(code), &json!(path))
        );
        let answer = self.admin().post(&self.path("/changes"), json!({"op": new_id(), "changes": changes})).await;
        assert_eq!((&answer.json["code"], &answer.json["path"]), (&json!(code), &json!(path)), "{}", answer.text);
        assert!((400..500).contains(&answer.status), "{}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }

    /// A fresh session that says this is closed with this code.
    async fn closes(&mut self, message: Message, code: u16) {
        let shown: String = format!("{message:?}").chars().take(200).collect();
        let mut client = self.admin().live(&self.workspace).await;
        client.until_type("presence").await;
        client.socket.send(message).await.unwrap();
        assert_eq!(client.closed().await, code, "{shown}");
    }

    async fn invite(&self, by: &Person, body: Value) -> Answer {
        by.post(&self.path("/invitations"), body).await
    }
}

fn raw(opcode: Data, bytes: &[u8]) -> Message {
    Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(opcode), true))
}

fn outcomes(answer: &Answer) -> Vec<(u64, String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = answer.expect(200)["rows"].as_array().unwrap();
    rows.iter().map(|row| (row["line"].as_u64().unwrap(), text(row, "email"), text(row, "outcome"))).collect()
}

fn row(line: u64, email: &str, outcome: &str) -> (u64, String, String) {
    (line, email.into(), outcome.into())
}

/// A browser's cookie of somebody with a token.
async fn cookie(person: &Person) -> String {
    let url = format!("{}/v1/sign_in/complete", person.url);
    let answer = Answer::of(person.http.post(url).json(&json!({"token": person.token})).send().await.unwrap()).await;
    answer.expect(200);
    answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn sign_in(server: &TestServer, token: &str) -> Answer {
    let url = format!("{}/v1/sign_in/complete", server.url);
    Answer::of(server.admin.http.post(url).json(&json!({"token": token})).send().await.unwrap()).await
}

async fn accept(server: &TestServer, token: &str) -> Answer {
    let url = format!("{}/v1/invitations/accept", server.url);
    Answer::of(server.admin.http.post(url).json(&json!({"token": token})).send().await.unwrap()).await
}

fn token_of(answer: &Answer) -> String {
    let link = answer.expect(200)["rows"][0]["link"].as_str().unwrap();
    link.split_once("#invite=").unwrap().1.to_owned()
}

/// A WebSocket handshake by hand, so that a refusal can be read.
async fn handshake(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = server.admin.http.get(format!("{}{path}", server.url));
    request = request.header("connection", "upgrade").header("upgrade", "websocket");
    request = request.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn put_avatar(person: &Person, bytes: Vec<u8>) -> Answer {
    let request = person.http.put(format!("{}/v1/me/avatar", person.url)).bearer_auth(&person.token);
    Answer::of(request.body(bytes).send().await.unwrap()).await
}

// ---- the socket ----

#[tokio::test]
async fn a_message_that_is_not_understood_closes_its_own_session_with_4009() {
    let mut scene = Scene::classic().await;
    let (op, id) = (new_id(), scene.request.clone());
    let delete = json!({"kind": "item_delete", "id": id});
    let unreadable = [
        json!({"type": "presence", "viewing": null, "status": "active", "extra": 1}).to_string(),
        json!({"type": "presence", "viewing": null, "status": "asleep"}).to_string(),
        json!({"type": "presence", "viewing": "no id", "status": "active"}).to_string(),
        json!({"type": "presence", "viewing": null}).to_string(),
        json!({"type": "shout", "text": "hello"}).to_string(),
        json!({"type": "welcome"}).to_string(),
        json!({"viewing": null, "status": "active"}).to_string(),
        json!({"type": "edit", "op": op, "changes": [delete], "force": true}).to_string(),
        json!({"type": "edit", "op": op, "changes": [{"kind": "item_explode", "id": id}]}).to_string(),
        json!({"type": "edit", "op": op, "changes": [{"kind": "item_delete", "id": id, "force": true}]}).to_string(),
        json!({"type": "edit", "op": op, "changes": [{"kind": "item_update", "id": id, "patch": {"order": "80"}}]})
            .to_string(),
        json!({"type": "edit", "op": op, "changes": [{"kind": "item_update", "id": id, "patch": {}, "base": -1}]})
            .to_string(),
        json!({"type": "edit", "op": "no id", "changes": [delete]}).to_string(),
        json!({"type": "edit", "changes": [delete]}).to_string(),
        json!({"type": "edit", "op": op, "changes": delete}).to_string(),
    ];
    for text in unreadable {
        scene.closes(Message::text(text), 4009).await;
    }
    scene.intact().await;
}

#[tokio::test]
async fn malformed_json_closes_with_4009() {
    let mut scene = Scene::classic().await;
    let presence = r#"{"type":"presence","viewing":null,"status":"active"}"#;
    let half = &presence[..presence.len() / 2];
    let twice = format!("{presence}{presence}");
    for text in ["", "{", "null", "[]", "1e999", "hello", "\u{0}", "{'type':'presence'}", half, &twice] {
        scene.closes(Message::text(text), 4009).await;
    }
    scene.intact().await;
}

#[tokio::test]
async fn json_of_ten_thousand_levels_closes_with_4009() {
    let mut scene = Scene::classic().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let (op, id) = (new_id(), new_id());
    let bare = deep.clone();
    let in_presence = format!(r#"{{"type":"presence","viewing":{deep},"status":"active"}}"#);
    let in_content = format!(
        r#"{{"type":"edit","op":"{op}","changes":[{{"kind":"item_create","id":"{id}","parent":null,"item_kind":"collection","name":"Deep","content":{{"a":{deep}}}}}]}}"#
    );
    for text in [bare, in_presence, in_content] {
        scene.closes(Message::text(text), 4009).await;
    }
    scene.intact().await;
}

#[tokio::test]
async fn a_message_over_64_kib_closes_with_1009() {
    let mut scene = Scene::classic().await;
    let fits = format!(r#"{{"type":"presence","viewing":null,"status":"active"}}{}"#, " ".repeat(64 * 1_024));
    let mut client = scene.admin().live(&scene.workspace).await;
    client.until_type("presence").await;
    client.socket.send(Message::text(&fits[..64 * 1_024])).await.unwrap();
    let ack = client.edit(json!([])).await;
    assert_eq!(ack["type"], "reject", "64 KiB are understood: {ack}");
    drop(client);

    scene.closes(Message::text(&fits[..=64 * 1_024]), 1009).await;
    scene.closes(Message::text("x".repeat(1_024 * 1_024)), 1009).await;
    scene.intact().await;
}

#[tokio::test]
async fn a_message_over_64_kib_in_fragments_closes_with_1009() {
    let mut scene = Scene::classic().await;
    let mut client = scene.admin().live(&scene.workspace).await;
    client.until_type("presence").await;
    for index in 0..3 {
        let opcode = if index == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message("x".repeat(30_000), OpCode::Data(opcode), false);
        client.socket.send(Message::Frame(frame)).await.unwrap();
    }
    assert_eq!(client.closed().await, 1009);
    scene.intact().await;
}

#[tokio::test]
async fn a_binary_message_closes_with_4009() {
    let mut scene = Scene::classic().await;
    let presence = r#"{"type":"presence","viewing":null,"status":"active"}"#;
    scene.closes(Message::binary(presence.as_bytes().to_vec()), 4009).await;
    scene.closes(Message::binary(Vec::new()), 4009).await;
    scene.intact().await;
}

#[tokio::test]
async fn text_that_is_no_utf_8_closes_with_1007() {
    let mut scene = Scene::classic().await;
    scene.closes(raw(Data::Text, b"{\"type\":\"\xff\xfe\"}"), 1007).await;
    scene.closes(raw(Data::Text, b"\xc3"), 1007).await;
    scene.closes(raw(Data::Text, b"\xed\xa0\x80"), 1007).await;
    scene.intact().await;
}

#[tokio::test]
async fn a_frame_that_breaks_the_protocol_closes_with_1002() {
    let mut scene = Scene::classic().await;
    scene.closes(raw(Data::Continue, b"of nothing"), 1002).await;
    scene.intact().await;
}

/// Another node on the same store, whose sessions may send so many edits a second.
async fn another_node(server: &TestServer, session_edits_per_second: u32) -> Server {
    let options = ServeOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        allow_origin: Vec::new(),
        session_edits_per_second,
        allow_target: Vec::new(),
        history: HistoryOptions::default(),
        redis_url: None,
        mail: MailOptions::default(),
        store: StoreOptions::folder(server.folder.path()),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Server::new(listener, Arc::clone(&server.store), &options).await.unwrap()
}

#[tokio::test]
async fn as_many_edits_are_taken_as_the_setting_allows() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let generous = another_node(&server, 1_000).await;
    let there = server.admin.at(&generous.app().public_url);
    tokio::spawn(generous.run(std::future::pending()));
    let mut client = there.live(&workspace).await;
    client.until_type("presence").await;
    for _ in 0..400 {
        let edit = json!({"type": "edit", "op": new_id(), "changes": []}).to_string();
        client.socket.feed(Message::text(edit)).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    for _ in 0..400 {
        client.until_type("reject").await;
    }
}

#[tokio::test]
async fn too_many_edits_close_with_4029() {
    let mut scene = Scene::classic().await;
    let mut client = scene.admin().live(&scene.workspace).await;
    client.until_type("presence").await;
    for _ in 0..400 {
        let edit = json!({"type": "edit", "op": new_id(), "changes": []}).to_string();
        client.socket.feed(Message::text(edit)).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    assert_eq!(client.closed().await, 4029);
    scene.intact().await;
}

#[tokio::test]
async fn too_many_presence_messages_close_with_4029() {
    let mut scene = Scene::classic().await;
    let mut client = scene.admin().live(&scene.workspace).await;
    client.until_type("presence").await;
    for _ in 0..400 {
        let presence = json!({"type": "presence", "viewing": null, "status": "active"}).to_string();
        client.socket.feed(Message::text(presence)).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    assert_eq!(client.closed().await, 4029);
    scene.intact().await;
}

#[tokio::test]
async fn positions_that_are_not_known_close_with_4010() {
    let mut scene = Scene::classic().await;
    let snapshot: Value = serde_json::from_str(&scene.before).unwrap();
    let (epoch, shared) = (snapshot["epoch"].as_str().unwrap(), snapshot["positions"]["shared"].as_u64().unwrap());
    let team = snapshot["positions"]["team"].as_u64().unwrap();
    let unknown = [
        format!("?epoch={epoch}&shared={}&team={team}", shared + 1),
        format!("?epoch={epoch}&shared={shared}&team={}", team + 1),
        format!("?epoch={epoch}&shared={}&team={team}", u64::MAX),
        format!("?epoch={}&shared={shared}&team={team}", new_id()),
        format!("?epoch={}", new_id()),
    ];
    for query in unknown {
        let mut client = scene.admin().try_live(&scene.workspace, &query).await.unwrap();
        assert_eq!(client.closed().await, 4010, "{query}");
        assert_eq!(client.seen, Vec::<String>::new(), "{query}");
    }
    let known = format!("?epoch={epoch}&shared={shared}&team={team}");
    scene.admin().try_live(&scene.workspace, &known).await.unwrap().until_type("welcome").await;
    scene.intact().await;
}

#[tokio::test]
async fn positions_of_before_the_switch_close_with_4010() {
    let mut scene = Scene::classic().await;
    let old: Value = serde_json::from_str(&scene.before).unwrap();
    scene.server.switch(&scene.workspace).await.expect(200);
    let query = format!("?epoch={}&shared={}", old["epoch"].as_str().unwrap(), old["positions"]["shared"]);
    let mut client = scene.admin().try_live(&scene.workspace, &query).await.unwrap();
    assert_eq!(client.closed().await, 4010);
    scene.witness.until(|message| message["type"] == "welcome" && message["mode"] == "multi_partner").await;
    scene.witness.until_type("presence").await;
    scene.remember().await;
    let change = json!([{"kind": "item_update", "id": scene.request, "patch": {"name": "After"}}]);
    scene.admin().edit(&scene.workspace, change).await;
    scene.witness.until(|message| message["change"]["patch"]["name"] == "After").await;
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_malformed() {
    let mut scene = Scene::classic().await;
    let bearer = format!("Bearer {}", scene.admin().token);
    let epoch = new_id();
    let queries = [
        "foo=1",
        "shared=1",
        "team=1",
        "epoch=now",
        &format!("epoch={epoch}&shared=-1"),
        &format!("epoch={epoch}&shared=x"),
    ];
    for query in queries {
        let path = scene.path(&format!("/live?{query}"));
        let answer = Answer::of(handshake(&scene.server, &path, &[("authorization", &bearer)]).await).await;
        answer.refused(400, "malformed");
    }
    scene.intact().await;
}

#[tokio::test]
async fn what_is_no_handshake_is_malformed() {
    let mut scene = Scene::classic().await;
    let answer = scene.admin().get(&scene.path("/live")).await;
    answer.refused(400, "malformed");
    let bearer = format!("Bearer {}", scene.admin().token);
    let request = scene.admin().http.get(format!("{}{}", scene.server.url, scene.path("/live")));
    let old = request.header("authorization", bearer).header("connection", "upgrade").header("upgrade", "websocket");
    let old = old.header("sec-websocket-version", "8").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    Answer::of(old.send().await.unwrap()).await.refused(400, "malformed");
    scene.intact().await;
}

// ---- edits ----

#[tokio::test]
async fn an_edit_by_a_viewer_is_forbidden_whatever_it_is_of() {
    for walled in [false, true] {
        let mut scene = if walled { Scene::walled().await } else { Scene::classic().await };
        let partner = scene.server.partner(&scene.workspace, "pat@acme.com").await;
        let colleague = scene.server.join(&scene.workspace, "vic@host.com", "team", "viewer", false).await;
        scene.witness.until(|message| message["change"]["person"]["id"] == colleague.id.as_str()).await;
        scene.remember().await;
        for viewer in [partner, colleague] {
            let mut client = viewer.live(&scene.workspace).await;
            for id in [scene.request.clone(), new_id()] {
                let reject = client.edit(json!([{"kind": "item_delete", "id": id}])).await;
                assert_eq!((&reject["type"], &reject["problem"]["code"]), (&json!("reject"), &json!("forbidden")));
                let body = json!({"op": new_id(), "changes": [{"kind": "item_delete", "id": id}]});
                viewer.post(&scene.path("/changes"), body).await.refused(403, "forbidden");
            }
            viewer.patch(&scene.path(""), json!({"description": "Mine"})).await.refused(403, "forbidden");
            viewer.delete(&scene.path("")).await.refused(403, "forbidden");
        }
        scene.intact().await;
    }
}

#[tokio::test]
async fn an_edit_of_what_is_deleted_is_not_found_and_names_the_id() {
    let mut scene = Scene::classic().await;
    let (_, gone) = scene.server.admin.collection(&scene.workspace).await;
    scene.admin().edit(&scene.workspace, json!([{"kind": "item_delete", "id": gone}])).await;
    scene.witness.until(|message| message["change"]["kind"] == "item_deleted").await;
    scene.remember().await;
    let (root, never) = (scene.root.clone(), new_id());
    for id in [&gone, &never] {
        scene
            .rejected(
                json!([{"kind": "item_update", "id": id, "patch": {"name": "Back"}}]),
                "not_found",
                "changes[0].id",
            )
            .await;
        scene.rejected(json!([{"kind": "item_move", "id": id, "parent": root}]), "not_found", "changes[0].id").await;
        scene.rejected(json!([{"kind": "item_delete", "id": id}]), "not_found", "changes[0].id").await;
        scene
            .rejected(json!([{"kind": "environment_update", "id": id, "patch": {}}]), "not_found", "changes[0].id")
            .await;
        scene.rejected(json!([{"kind": "environment_delete", "id": id}]), "not_found", "changes[0].id").await;
        let create =
            json!([{"kind": "item_create", "id": new_id(), "parent": id, "item_kind": "request", "name": "R"}]);
        scene.rejected(create, "not_found", "changes[0].parent").await;
        let after = json!([{"kind": "item_move", "id": scene.request, "parent": root, "after": id}]);
        scene.rejected(after, "not_found", "changes[0].after").await;
    }
    scene.intact().await;
}

#[tokio::test]
async fn a_move_under_itself_is_a_cycle() {
    let mut scene = Scene::classic().await;
    let (outer, inner) = (new_id(), new_id());
    let folders = json!([
        {"kind": "item_create", "id": outer, "parent": scene.root, "item_kind": "folder", "name": "Outer"},
        {"kind": "item_create", "id": inner, "parent": outer, "item_kind": "folder", "name": "Inner"},
    ]);
    scene.admin().edit(&scene.workspace, folders).await;
    scene.witness.until(|message| message["change"]["id"] == inner.as_str()).await;
    scene.remember().await;
    for parent in [&outer, &inner] {
        scene
            .rejected(json!([{"kind": "item_move", "id": outer, "parent": parent}]), "cycle", "changes[0].parent")
            .await;
    }
    scene.intact().await;
}

#[tokio::test]
async fn an_item_where_its_kind_cannot_stand_is_in_the_wrong_place() {
    let mut scene = Scene::classic().await;
    let (root, request) = (json!(scene.root), json!(scene.request));
    let misplaced = [
        ("request", request.clone()),
        ("folder", request.clone()),
        ("collection", root.clone()),
        ("example", root.clone()),
        ("request", Value::Null),
        ("folder", Value::Null),
    ];
    for (kind, parent) in misplaced {
        let create = json!([{"kind": "item_create", "id": new_id(), "parent": parent, "item_kind": kind, "name": "X"}]);
        scene.rejected(create, "wrong_place", "changes[0].parent").await;
    }
    scene
        .rejected(json!([{"kind": "item_move", "id": request, "parent": null}]), "wrong_place", "changes[0].parent")
        .await;
    scene.intact().await;
}

#[tokio::test]
async fn an_edit_with_a_bad_second_change_does_nothing_of_the_first() {
    let mut scene = Scene::classic().await;
    let good = json!({"kind": "item_update", "id": scene.request, "patch": {"name": "Half done"}});
    let bad = json!({"kind": "item_delete", "id": new_id()});
    scene.rejected(json!([good, bad]), "not_found", "changes[1].id").await;
    let made =
        json!({"kind": "item_create", "id": new_id(), "parent": null, "item_kind": "collection", "name": "Half"});
    scene.rejected(json!([made, {"kind": "item_delete", "id": made["id"]}, bad]), "not_found", "changes[2].id").await;
    scene.intact().await;
}

#[tokio::test]
async fn an_id_that_is_taken_is_refused() {
    let mut scene = Scene::classic().await;
    let create =
        |id: &str| json!({"kind": "item_create", "id": id, "parent": null, "item_kind": "collection", "name": "C"});
    let (request, new) = (scene.request.clone(), new_id());
    scene.rejected(json!([create(&request)]), "id_taken", "changes[0].id").await;
    scene.rejected(json!([create(&new), create(&new)]), "id_taken", "changes[1].id").await;
    let environment = json!({"kind": "environment_create", "id": new, "name": "E"});
    scene.rejected(json!([environment, environment]), "id_taken", "changes[1].id").await;
    scene.intact().await;
}

#[tokio::test]
async fn a_name_is_neither_blank_nor_over_1024_characters() {
    let mut scene = Scene::classic().await;
    let longest = "é".repeat(1_024);
    for name in ["", " \t\n", &format!("{longest}é")] {
        let create =
            json!([{"kind": "item_create", "id": new_id(), "parent": null, "item_kind": "collection", "name": name}]);
        scene.rejected(create, "invalid", "changes[0].name").await;
        let update = json!([{"kind": "item_update", "id": scene.request, "patch": {"name": name}}]);
        scene.rejected(update, "invalid", "changes[0].patch.name").await;
        let environment = json!([{"kind": "environment_create", "id": new_id(), "name": name}]);
        scene.rejected(environment, "invalid", "changes[0].name").await;
        scene
            .rejected(
                json!([{"kind": "workspace_update", "patch": {"name": name}}]),
                "invalid",
                "changes[0].patch.name",
            )
            .await;
        let answer = scene.admin().post("/v1/workspaces", json!({"name": name})).await;
        answer.refused(422, "invalid");
        assert_eq!(answer.json["path"], "name");
        scene.admin().patch("/v1/me", json!({"name": name})).await.refused(422, "invalid");
        scene.admin().post("/v1/me/tokens", json!({"name": name})).await.refused(422, "invalid");
    }
    scene.intact().await;
    let update = json!([{"kind": "item_update", "id": scene.request, "patch": {"name": longest}}]);
    scene.admin().edit(&scene.workspace, update).await;
}

// ---- who asks, and from where ----

#[tokio::test]
async fn a_cookie_with_a_foreign_or_missing_origin_changes_nothing_and_opens_nothing() {
    let mut scene = Scene::classic().await;
    let cookie = cookie(scene.admin()).await;
    let live = scene.path("/live");
    let own = scene.server.url.clone();
    let foreign = [None, Some("https://evil.example"), Some("null"), Some("http://127.0.0.1")];
    for origin in foreign {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        Answer::of(handshake(&scene.server, &live, &headers).await).await.refused(403, "foreign_origin");
        for (method, path, body) in [
            ("POST", "/v1/workspaces".to_owned(), json!({"name": "Planted"})),
            (
                "POST",
                scene.path("/changes"),
                json!({"op": new_id(), "changes": [{"kind": "item_delete", "id": scene.root}]}),
            ),
            ("PATCH", scene.path(""), json!({"name": "Taken over"})),
            ("DELETE", scene.path(""), json!({})),
            ("POST", "/v1/me/tokens".to_owned(), json!({"name": "theirs"})),
            ("POST", "/v1/sign_out".to_owned(), json!({})),
        ] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = scene.admin().http.request(method, format!("{own}{path}")).json(&body);
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            Answer::of(request.send().await.unwrap()).await.refused(403, "foreign_origin");
        }
    }
    let ours = handshake(&scene.server, &live, &[("cookie", &cookie), ("origin", &own)]).await;
    assert_eq!(ours.status(), 101);
    drop(ours);
    scene.intact().await;
    let list = scene.admin().get("/v1/workspaces").await;
    assert_eq!(list.expect(200)["workspaces"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_foreign_page_can_sign_nobody_in() {
    let scene = Scene::classic().await;
    for (path, body) in [
        ("/v1/sign_in/complete", json!({"token": scene.admin().token})),
        ("/v1/invitations/accept", json!({"token": "x"})),
    ] {
        let request =
            scene.admin().http.post(format!("{}{path}", scene.server.url)).header("origin", "https://evil.example");
        let answer = Answer::of(request.json(&body).send().await.unwrap()).await;
        answer.refused(403, "foreign_origin");
        assert_eq!(answer.headers.get("set-cookie"), None);
    }
}

#[tokio::test]
async fn who_has_no_valid_token_is_signed_out() {
    let mut scene = Scene::classic().await;
    let made = scene.admin().post("/v1/me/tokens", json!({"name": "short-lived"})).await;
    let token = made.expect(201)["token"].as_str().unwrap().to_owned();
    let stale = Person { token, ..scene.admin().clone() };
    let mut live = stale.live(&scene.workspace).await;
    live.until_type("presence").await;
    let id = made.json["id"].as_str().unwrap();
    assert_eq!(scene.admin().delete(&format!("/v1/me/tokens/{id}")).await.status, 204);
    assert_eq!(live.closed().await, 4001);
    for token in [stale.token.as_str(), "lgp_garbage", "", "é"] {
        let person = Person { token: token.to_owned(), ..stale.clone() };
        for path in ["/v1/me".to_owned(), scene.path("")] {
            person.get(&path).await.refused(401, "signed_out");
        }
        person.post("/v1/workspaces", json!({"name": "No"})).await.refused(401, "signed_out");
        let bearer = format!("Bearer {token}");
        if token.is_ascii() {
            let answer = handshake(&scene.server, &scene.path("/live"), &[("authorization", &bearer)]).await;
            Answer::of(answer).await.refused(401, "signed_out");
        }
    }
    let nobody = scene.admin().http.get(format!("{}/v1/me", scene.server.url)).send().await.unwrap();
    Answer::of(nobody).await.refused(401, "signed_out");
    scene.intact().await;
}

#[tokio::test]
async fn an_invitation_that_is_used_revoked_replaced_or_made_up_is_stale() {
    let mut scene = Scene::classic().await;
    let body = |email: &str| json!({"invitees": [{"email": email}], "side": "partner", "role": "viewer"});
    let used = token_of(&scene.invite(scene.admin(), body("one@acme.com")).await);
    accept(&scene.server, &used).await.expect(200);
    let replaced = token_of(&scene.invite(scene.admin(), body("two@acme.com")).await);
    scene.invite(scene.admin(), body("two@acme.com")).await.expect(200);
    let revoked = token_of(&scene.invite(scene.admin(), body("three@acme.com")).await);
    let list = scene.admin().get(&scene.path("/invitations")).await;
    let all = list.expect(200)["invitations"].as_array().unwrap().clone();
    let id = all.iter().find(|one| one["email"] == "three@acme.com").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(scene.admin().delete(&scene.path(&format!("/invitations/{id}"))).await.status, 204);
    scene.witness.until(|message| message["change"]["kind"] == "invitation_revoked").await;
    scene.remember().await;
    for token in [&used, &replaced, &revoked, "", "garbage", &"f".repeat(64), &scene.admin().token] {
        let answer = accept(&scene.server, token).await;
        answer.refused(410, "stale_token");
        assert_eq!(answer.headers.get("set-cookie"), None);
    }
    scene.intact().await;
}

#[tokio::test]
async fn an_invitation_that_ended_is_stale() {
    let server = TestServer::start().await;
    // A node that lives in the past sends the invitations, the test's node takes them.
    let past = another_node(&server, SESSION_EDITS_PER_SECOND).await;
    let (hub, url) = (Arc::clone(&past.app().hub), past.app().public_url.clone());
    tokio::spawn(past.run(std::future::pending()));
    let there = Person { url, ..server.admin.clone() };
    let made = there.post("/v1/workspaces", json!({"name": "API"})).await;
    let workspace: WorkspaceId = made.expect(201)["id"].as_str().unwrap().parse().unwrap();
    let by: UserId = server.admin.id.parse().unwrap();
    let mut tokens = Vec::new();
    for (email, days) in [("late@acme.com", 1), ("timely@acme.com", 30)] {
        let (token, at) = (Secret::new(""), now_utc() - Duration::days(2));
        let id = InvitationId::new();
        let invitee = Invitee { line: 1, email: email.into(), name: None, lead: false, id, token_hash: token.hash() };
        let expires_at = at + Duration::days(days);
        let action = Action::Invite { invitees: vec![invitee], side: Side::Partner, role: Role::Viewer, expires_at };
        hub.command(workspace, Command { by, at, op: None, action }).await.unwrap();
        tokens.push(token);
    }
    accept(&server, tokens[0].reveal()).await.refused(410, "stale_token");
    accept(&server, tokens[1].reveal()).await.expect(200);
}

#[tokio::test]
async fn a_sign_in_link_that_is_used_expired_or_made_up_is_stale() {
    let server = TestServer::start().await;
    let identity = Identity::new(Arc::clone(&server.store));
    let user: UserId = server.admin.id.parse().unwrap();
    let link = |single, from: OffsetDateTime| identity.link(user, single, from, Duration::minutes(15));
    let used = link(true, now_utc()).await.unwrap();
    let expired = link(true, now_utc() - Duration::hours(1)).await.unwrap();
    let expired_for_all = link(false, now_utc() - Duration::hours(1)).await.unwrap();
    sign_in(&server, used.reveal()).await.expect(200);
    let browser = cookie(&server.admin).await;
    let browser = browser.split_once('=').unwrap().1;
    for token in [used.reveal(), expired.reveal(), expired_for_all.reveal(), browser, "", "garbage", "lgp_garbage"] {
        let answer = sign_in(&server, token).await;
        answer.refused(410, "stale_token");
        assert_eq!(answer.headers.get("set-cookie"), None);
    }
    let fresh = link(true, now_utc()).await.unwrap();
    let bearer = Person { token: fresh.reveal().to_owned(), ..server.admin.clone() };
    bearer.get("/v1/me").await.refused(401, "signed_out");
    sign_in(&server, fresh.reveal()).await.expect(200);
}

// ---- HTTP ----

#[tokio::test]
async fn a_body_over_8_mib_is_too_large() {
    let mut scene = Scene::classic().await;
    let body = format!(r#"{{"op":"{}","changes":[]{}}}"#, new_id(), " ".repeat(8 * 1_024 * 1_024));
    scene.admin().send_bytes(&scene.path("/changes"), "application/json", body).await.refused(413, "too_large");
    let lines = "a@acme.com\n".repeat(8 * 1_024 * 1_024 / 11 + 1);
    scene.admin().send_bytes(&scene.path("/invitations"), "text/plain", lines).await.refused(413, "too_large");
    scene.intact().await;
}

#[tokio::test]
async fn a_body_of_another_content_type_is_malformed() {
    let mut scene = Scene::classic().await;
    let delete = json!({"op": new_id(), "changes": [{"kind": "item_delete", "id": scene.root}]}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data"] {
        scene.admin().send_bytes(&scene.path("/changes"), kind, delete.clone()).await.refused(400, "malformed");
        scene.admin().send_bytes("/v1/workspaces", kind, r#"{"name":"No"}"#).await.refused(400, "malformed");
    }
    let kind = "application/xml";
    scene.admin().send_bytes(&scene.path("/invitations"), kind, "<a/>").await.refused(400, "malformed");
    scene.intact().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_malformed_and_the_place_is_named() {
    let mut scene = Scene::classic().await;
    let (op, id) = (new_id(), scene.request.clone());
    let delete = json!({"kind": "item_delete", "id": id});
    let edits = [
        (json!({"op": op, "changes": [delete], "force": true}), "force"),
        (json!({"op": op, "changes": [{"kind": "item_delete", "id": id, "force": true}]}), "changes[0]"),
        (json!({"op": op, "changes": [delete, {"kind": "item_explode"}]}), "changes[1]"),
        (json!({"op": 7, "changes": [delete]}), "op"),
    ];
    for (body, path) in edits {
        let answer = scene.admin().post(&scene.path("/changes"), body).await;
        answer.refused(400, "malformed");
        let named = answer.json["path"].as_str().unwrap_or_default();
        assert!(named.starts_with(path), "{path}: {}", answer.text);
    }
    let answer = scene.admin().post("/v1/workspaces", json!({"name": "X", "colour": "red"})).await;
    answer.refused(400, "malformed");
    assert_eq!(answer.json["path"], "colour");
    let body = json!({"invitees": [{"email": "a@acme.com"}, {"email": "b@acme.com", "phone": "1"}]});
    let answer = scene.invite(scene.admin(), body).await;
    answer.refused(400, "malformed");
    assert_eq!(answer.json["path"], "invitees[1].phone");
    for text in ["", "{", "null", "[]", r#"{"name":"A"}{"name":"B"}"#, "\u{feff}{}"] {
        scene.admin().send_bytes("/v1/workspaces", "application/json", text).await.refused(400, "malformed");
    }
    scene
        .admin()
        .send_bytes("/v1/workspaces", "application/json", b"{\"name\":\"\xff\"}".to_vec())
        .await
        .refused(400, "malformed");
    let deep = format!(r#"{{"name":{}"#, "[".repeat(100_000));
    scene.admin().send_bytes("/v1/workspaces", "application/json", deep).await.refused(400, "malformed");
    scene.intact().await;
}

#[tokio::test]
async fn an_unknown_route_is_not_found_and_a_wrong_method_not_allowed() {
    let mut scene = Scene::classic().await;
    for path in [
        "/nothing",
        "/v1",
        "/v1/nothing",
        "/v1/me/nothing",
        &scene.path("/nothing"),
        &scene.path("/items"),
        "/v1/%ff",
        "//",
    ] {
        scene.admin().get(path).await.refused(404, "not_found");
    }
    let routes = [
        ("DELETE", "/v1/workspaces".to_owned()),
        ("PUT", "/v1/me".to_owned()),
        ("GET", "/v1/sign_out".to_owned()),
        ("GET", scene.path("/changes")),
        ("POST", scene.path("/live")),
        ("PUT", scene.path("")),
        ("PATCH", scene.path("/members")),
        ("POST", "/healthz".to_owned()),
    ];
    for (method, path) in routes {
        scene.admin().request(method, &path, None).await.refused(405, "method_not_allowed");
    }
    scene.intact().await;
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found_like_one_of_nothing() {
    let mut scene = Scene::classic().await;
    for id in ["x", "1", "00000000-0000-0000-0000-00000000000g", "%00", "..%2f..", &new_id()] {
        let whole = format!("/v1/workspaces/{id}");
        for path in [whole.clone(), format!("{whole}/members"), format!("{whole}/items/{}", scene.root)] {
            scene.admin().get(&path).await.refused(404, "not_found");
        }
        scene.admin().get(&scene.path(&format!("/items/{id}"))).await.refused(404, "not_found");
        scene.admin().get(&scene.path(&format!("/items/{id}/export"))).await.refused(404, "not_found");
        scene.admin().get(&scene.path(&format!("/environments/{id}/export"))).await.refused(404, "not_found");
        scene.admin().get(&scene.path(&format!("/members/{id}/avatar"))).await.refused(404, "not_found");
        scene.admin().delete(&scene.path(&format!("/members/{id}"))).await.refused(404, "not_found");
        scene.admin().delete(&scene.path(&format!("/invitations/{id}"))).await.refused(404, "not_found");
        scene.admin().delete(&format!("/v1/me/tokens/{id}")).await.refused(404, "not_found");
        scene
            .admin()
            .post(&format!("{whole}/changes"), json!({"op": new_id(), "changes": []}))
            .await
            .refused(404, "not_found");
    }
    scene.intact().await;
}

// ---- files ----

#[tokio::test]
async fn a_file_that_is_no_collection_is_refused_with_the_place_and_stores_nothing() {
    let mut scene = Scene::classic().await;
    let info = format!(r#""info":{{"name":"C","schema":"{SCHEMA}"}}"#);
    let named = [
        (format!(r#"{{{info},"items":[]}}"#), "item"),
        (r#"{"item":[]}"#.to_owned(), "info"),
        (r#"{"info":{"name":"C"},"item":[]}"#.to_owned(), "info.schema"),
        (format!(r#"{{{info},"item":[{{"name":"R","request":{{}}}},{{"name":"?"}}]}}"#), "item[1]"),
        (format!(r#"{{{info},"item":[{{"name":{}}}]}}"#, "[".repeat(500)), "item[0].name"),
        (r#"{"name":"E","values":[{"value":1}]}"#.to_owned(), "values[0].key"),
    ];
    for (file, path) in named {
        let answer = scene.admin().send_bytes(&scene.path("/import"), "application/json", file).await;
        answer.refused(422, "bad_file");
        assert!(answer.json["path"].as_str().unwrap().starts_with(path), "{path}: {}", answer.text);
        assert!(answer.json["detail"].is_string());
    }
    let mut half = ADYEN.len() / 2;
    while !ADYEN.is_char_boundary(half) {
        half += 1;
    }
    let answer = scene.admin().send_bytes(&scene.path("/import"), "application/json", &ADYEN.as_bytes()[..half]).await;
    answer.refused(422, "bad_file");
    assert!(answer.json["path"].as_str().unwrap().starts_with("item["), "{}", answer.text);
    for file in ["", "[]", "null", "{}", "hello", "\u{0}"] {
        scene.admin().send_bytes(&scene.path("/import"), "application/json", file).await.refused(422, "bad_file");
    }
    scene.intact().await;
}

#[tokio::test]
async fn a_file_of_64_mib_of_nesting_is_refused_and_a_larger_one_too_large() {
    let mut scene = Scene::classic().await;
    let mut file = format!(r#"{{"info":{{"name":"C","schema":"{SCHEMA}"}},"item":"#).into_bytes();
    file.resize(64 * 1_024 * 1_024, b'[');
    let answer = scene.admin().send_bytes(&scene.path("/import"), "application/json", file.clone()).await;
    answer.refused(422, "bad_file");
    assert!(answer.json["path"].as_str().unwrap().starts_with("item[0]"), "{}", answer.text);
    assert!(answer.text.len() < 4_096, "the refusal is short");
    file.push(b'[');
    scene.admin().send_bytes(&scene.path("/import"), "application/json", file).await.refused(413, "too_large");
    scene.intact().await;
}

#[tokio::test]
async fn an_import_by_a_viewer_is_forbidden() {
    let mut scene = Scene::walled().await;
    let partner = scene.server.partner(&scene.workspace, "pat@acme.com").await;
    scene.remember().await;
    partner.send_bytes(&scene.path("/import"), "application/json", ADYEN).await.refused(403, "forbidden");
    partner.send_bytes(&scene.path("/import"), "application/json", "no file").await.refused(403, "forbidden");
    scene.intact().await;
}

/// A PNG file that claims these measures: real header and check sums, no pixels.
fn png(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(data);
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], kind, data, &sum.sum().to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let pixels = chunk(b"IDAT", &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), pixels, chunk(b"IEND", b"")].concat()
}

#[tokio::test]
async fn a_picture_that_is_none_or_too_large_is_refused() {
    let mut scene = Scene::classic().await;
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;";
    let cut = png(16, 16)[..40].to_vec();
    let refused = [
        b"hello".to_vec(),
        Vec::new(),
        svg.to_vec(),
        gif.to_vec(),
        cut,
        png(60_000, 60_000),
        png(u32::MAX, 1),
        png(0, 0),
    ];
    for file in refused {
        put_avatar(scene.admin(), file).await.refused(422, "invalid");
    }
    let mut large = png(16, 16);
    large.resize(1_024 * 1_024 + 1, 0);
    put_avatar(scene.admin(), large).await.refused(413, "too_large");
    scene.admin().get("/v1/me/avatar").await.refused(404, "not_found");
    assert_eq!(scene.admin().get("/v1/me").await.expect(200)["avatar"], Value::Null);
    scene.intact().await;
}

// ---- invitations ----

#[tokio::test]
async fn a_csv_file_without_an_email_column_or_with_a_bad_lead_invites_nobody() {
    let mut scene = Scene::classic().await;
    let files = [
        ("name,mail\nPat,pat@acme.com\n", "line 1"),
        ("pat@acme.com\n", "line 1"),
        ("", "line 1"),
        ("email,lead\npat@acme.com,true\nsam@acme.com,perhaps\n", "line 3"),
    ];
    for (file, path) in files {
        let answer = scene.admin().send_bytes(&scene.path("/invitations"), "text/csv", file).await;
        answer.refused(400, "malformed");
        assert_eq!(answer.json["path"], path, "{file:?}");
    }
    for file in [b"email\n\xff@acme.com\n".to_vec(), b"email\nfine@acme.com\n\xff\n".to_vec()] {
        scene.admin().send_bytes(&scene.path("/invitations"), "text/csv", file).await.refused(400, "malformed");
    }
    let file = "pat@acme.com\n";
    scene
        .admin()
        .send_bytes(&scene.path("/invitations?colour=red"), "text/plain", file)
        .await
        .refused(400, "malformed");
    scene.admin().send_bytes(&scene.path("/invitations?days=0"), "text/plain", file).await.refused(422, "invalid");
    let list = scene.admin().get(&scene.path("/invitations")).await;
    assert_eq!(list.expect(200)["invitations"], json!([]));
    scene.intact().await;
}

#[tokio::test]
async fn each_line_of_a_csv_file_has_its_outcome_under_its_own_number() {
    let scene = Scene::classic().await;
    scene.server.partner(&scene.workspace, "old@acme.com").await;
    let file = "\u{feff}Name,Email,Lead\r\n\
        Pat,pat@acme.com,yes\r\n\
        Pat again,PAT@acme.com,\r\n\
        \"Two\nlines\",two@acme.com,no\r\n\
        ,not an address,\r\n\
        Own,eve@host.com,\r\n\
        Sub,eve@mail.host.com,\r\n\
        Old,old@acme.com,\r\n\
        Short\r\n\
        Last,last@other.com,0\r\n";
    let answer = scene.admin().send_bytes(&scene.path("/invitations"), "text/csv", file).await;
    let expected = vec![
        row(2, "pat@acme.com", "sent"),
        row(3, "PAT@acme.com", "repeated"),
        row(4, "two@acme.com", "sent"),
        row(6, "not an address", "invalid"),
        row(7, "eve@host.com", "not_external"),
        row(8, "eve@mail.host.com", "not_external"),
        row(9, "old@acme.com", "already_member"),
        row(10, "", "invalid"),
        row(11, "last@other.com", "sent"),
    ];
    assert_eq!(outcomes(&answer), expected);
    for row in answer.json["rows"].as_array().unwrap() {
        assert_eq!(row["link"].is_string(), row["outcome"] == "sent", "{row}");
    }
}

#[tokio::test]
async fn blank_lines_of_a_csv_file_count_as_lines() {
    let scene = Scene::classic().await;
    let file = "email\n\none@acme.com\n\n\ntwo@acme.com\n";
    let answer = scene.admin().send_bytes(&scene.path("/invitations"), "text/csv", file).await;
    assert_eq!(outcomes(&answer), vec![row(3, "one@acme.com", "sent"), row(6, "two@acme.com", "sent")]);
}

#[tokio::test]
async fn blank_lines_of_a_text_file_are_no_invitees_and_count_as_lines() {
    let scene = Scene::classic().await;
    let file = "\r\n  one@acme.com \r\n\r\n\t\nnonsense\none@ACME.com\n\ntwo@acme.com";
    let answer = scene.admin().send_bytes(&scene.path("/invitations"), "text/plain", file).await;
    let expected = vec![
        row(2, "one@acme.com", "sent"),
        row(5, "nonsense", "invalid"),
        row(6, "one@ACME.com", "repeated"),
        row(8, "two@acme.com", "sent"),
    ];
    assert_eq!(outcomes(&answer), expected);
}

#[tokio::test]
async fn partners_are_external_and_colleagues_internal() {
    let scene = Scene::classic().await;
    let both = json!([{"email": "a@host.com"}, {"email": "b@mail.host.com"}, {"email": "c@acme.com"}]);
    let answer = scene.invite(scene.admin(), json!({"invitees": both, "side": "partner", "role": "viewer"})).await;
    let partners =
        [row(1, "a@host.com", "not_external"), row(2, "b@mail.host.com", "not_external"), row(3, "c@acme.com", "sent")];
    assert_eq!(outcomes(&answer), partners);
    let answer = scene.invite(scene.admin(), json!({"invitees": both, "side": "team", "role": "editor"})).await;
    let team = [row(1, "a@host.com", "sent"), row(2, "b@mail.host.com", "sent"), row(3, "c@acme.com", "not_internal")];
    assert_eq!(outcomes(&answer), team);
}

#[tokio::test]
async fn a_lead_invites_viewers_of_its_own_domain_and_nothing_else() {
    let scene = Scene::walled().await;
    let lead = scene.server.join(&scene.workspace, "lea@acme.com", "partner", "viewer", true).await;
    let member = scene.server.partner(&scene.workspace, "pat@acme.com").await;
    let invitees = json!([
        {"email": "x@other.com"}, {"email": "x@host.com"}, {"email": "no"},
        {"email": "new@acme.com"}, {"email": "pat@acme.com"}, {"email": "new@eu.acme.com"},
    ]);
    let body = json!({"invitees": invitees, "side": "partner", "role": "viewer"});
    let answer = scene.invite(&lead, body.clone()).await;
    let expected = [
        row(1, "x@other.com", "other_domain"),
        row(2, "x@host.com", "not_external"),
        row(3, "no", "invalid"),
        row(4, "new@acme.com", "sent"),
        row(5, "pat@acme.com", "sent"),
        row(6, "new@eu.acme.com", "sent"),
    ];
    assert_eq!(outcomes(&answer), expected);
    assert!(!answer.text.contains("link"), "{}", answer.text);

    let one = |extra: Value| {
        let mut body = json!({"invitees": [{"email": "z@acme.com"}]});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let beyond = [
        one(json!({"lead": true})),
        json!({"invitees": [{"email": "z@acme.com", "lead": true}]}),
        one(json!({"role": "editor"})),
        one(json!({"side": "team"})),
    ];
    for body in beyond {
        scene.invite(&lead, body).await.refused(403, "forbidden");
    }
    scene.invite(&member, body).await.refused(403, "forbidden");
    lead.patch(&scene.path(&format!("/members/{}", member.id)), json!({"lead": true})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_lead_of_a_public_mail_provider_cannot_invite() {
    let scene = Scene::walled().await;
    let lead = scene.server.join(&scene.workspace, "lea@gmail.com", "partner", "viewer", true).await;
    let answer = scene.invite(&lead, json!({"invitees": [{"email": "friend@gmail.com"}]})).await;
    answer.refused(403, "public_mail_domain");
}

// ---- members ----

#[tokio::test]
async fn the_last_admin_can_neither_go_nor_be_demoted() {
    let mut scene = Scene::classic().await;
    let own = scene.path(&format!("/members/{}", scene.admin().id));
    scene.admin().delete(&own).await.refused(409, "last_admin");
    for role in ["editor", "viewer"] {
        scene.admin().patch(&own, json!({"role": role})).await.refused(409, "last_admin");
    }
    scene.intact().await;
    let other = scene.server.join(&scene.workspace, "eve@host.com", "team", "admin", false).await;
    assert_eq!(scene.admin().patch(&own, json!({"role": "viewer"})).await.status, 204);
    let hers = scene.path(&format!("/members/{}", other.id));
    other.delete(&hers).await.refused(409, "last_admin");
}

#[tokio::test]
async fn a_role_that_is_not_possible_on_a_side_is_not_allowed() {
    let mut scene = Scene::walled().await;
    let partner = scene.server.partner(&scene.workspace, "pat@acme.com").await;
    let editor = scene.server.editor(&scene.workspace, "eve@host.com").await;
    scene.remember().await;
    for role in ["editor", "admin"] {
        let body = json!({"invitees": [{"email": "new@acme.com"}], "side": "partner", "role": role});
        let answer = scene.invite(scene.admin(), body).await;
        answer.refused(409, "role_not_allowed");
        assert_eq!(answer.json["path"], "role");
        let path = scene.path(&format!("/members/{}", partner.id));
        scene.admin().patch(&path, json!({"role": role})).await.refused(409, "role_not_allowed");
    }
    let path = scene.path(&format!("/members/{}", editor.id));
    scene.admin().patch(&path, json!({"lead": true})).await.refused(422, "invalid");
    scene.admin().patch(&path, json!({"role": "owner"})).await.refused(400, "malformed");

    let classic = scene.server.workspace().await;
    let url = format!("/v1/workspaces/{classic}/invitations");
    let body = |role: &str| json!({"invitees": [{"email": "new@acme.com"}], "side": "partner", "role": role});
    scene.admin().post(&url, body("admin")).await.refused(409, "role_not_allowed");
    scene.admin().post(&url, body("editor")).await.expect(200);
}
