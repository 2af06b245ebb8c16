//! Edits of several people at once: nothing is lost that need not be, and everybody ends with the same.

use crate::common::{Person, TestClient, TestServer, new_id};
use loggia::workspace::REVISIONS;
use serde_json::{Map, Value, json};

/// A client's own copy of one item, kept true by events alone.
struct Replica {
    client: TestClient,
    item: String,
    seen: u64,
    state: Value,
}

impl Replica {
    /// Reads the item, then follows from where the workspace was before.
    async fn of(person: &Person, workspace: &str, item: &str) -> Self {
        let snapshot = person.get(&format!("/v1/workspaces/{workspace}")).await;
        let (epoch, positions) = (&snapshot.expect(200)["epoch"], &snapshot.json["positions"]);
        let read = read(person, workspace, item).await;
        let state = json!({"name": read["name"], "content": read["content"]});
        let seen = positions["shared"].as_u64().unwrap();
        let query = format!("?epoch={}&shared={seen}&team={}", epoch.as_str().unwrap(), positions["team"]);
        let mut client = person.try_live(workspace, &query).await.unwrap();
        client.until_type("presence").await;
        Self { client, item: item.to_owned(), seen, state }
    }

    /// Takes events in up to a position; whatever else comes is passed over.
    async fn follow(&mut self, position: u64) {
        while self.seen < position {
            let event = self.client.until(|message| message["type"] == "event" && message["stream"] == "shared").await;
            assert_eq!(event["position"], self.seen + 1, "no position is left out: {event}");
            self.seen += 1;
            if event["change"]["kind"] == "item_updated" && event["change"]["id"] == self.item.as_str() {
                merge(&mut self.state, &event["change"]["patch"]);
            }
        }
    }

    /// Sends an edit and does not wait for what becomes of it.
    async fn send(&mut self, change: Value) {
        self.client.say(json!({"type": "edit", "op": new_id(), "changes": [change]})).await;
    }
}

/// JSON Merge Patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let object = target.as_object_mut().unwrap();
    for (key, value) in fields {
        match value {
            Value::Null => drop(object.shift_remove(key)),
            other => merge(object.entry(key).or_insert(Value::Null), other),
        }
    }
}

async fn read(person: &Person, workspace: &str, item: &str) -> Value {
    person.get(&format!("/v1/workspaces/{workspace}/items/{item}")).await.expect(200).clone()
}

async fn snapshot(person: &Person, workspace: &str) -> Value {
    person.get(&format!("/v1/workspaces/{workspace}")).await.expect(200).clone()
}

/// The names of what stands in an item (null: at the root), as the snapshot lists them; their orders ascend.
async fn children(person: &Person, workspace: &str, parent: &Value) -> Vec<String> {
    let snapshot = snapshot(person, workspace).await;
    let of_parent = snapshot["tree"].as_array().unwrap().iter().filter(|entry| entry["parent"] == *parent);
    let entries: Vec<&Value> = of_parent.collect();
    assert!(entries.is_sorted_by(|a, b| a["order"].as_str().unwrap() < b["order"].as_str().unwrap()), "{entries:?}");
    entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

/// Two editors change one item at once; what both then have, which is what the server has.
async fn at_once(first: impl Fn(u64) -> Value, second: impl Fn(u64) -> Value) -> Value {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let editor = server.editor(&workspace, "eve@host.com").await;
    let mut one = Replica::of(&server.admin, &workspace, &request).await;
    let mut two = Replica::of(&editor, &workspace, &request).await;
    let base = two.seen;
    let change = |patch: Value| {
        let mut change = json!({"kind": "item_update", "id": request});
        merge(&mut change, &patch);
        change
    };
    one.send(change(first(base))).await;
    two.send(change(second(base))).await;
    one.follow(base + 2).await;
    two.follow(base + 2).await;
    let item = read(&editor, &workspace, &request).await;
    assert_eq!(one.state, two.state);
    assert_eq!(one.state, json!({"name": item["name"], "content": item["content"]}));
    assert_eq!(item["position"], base + 2);
    one.state
}

#[tokio::test]
async fn changes_of_different_fields_both_survive() {
    let state = at_once(
        |_| json!({"patch": {"content": {"request": {"method": "POST"}}}}),
        |_| json!({"patch": {"name": "Make users", "content": {"request": {"url": "https://api.host.com/v2"}}}}),
    )
    .await;
    assert_eq!(state["name"], "Make users");
    let request = &state["content"]["request"];
    assert_eq!((&request["method"], &request["url"]), (&json!("POST"), &json!("https://api.host.com/v2")));
    assert_eq!(request["description"], "Lists all the users", "what nobody touched stays");
}

#[tokio::test]
async fn changes_of_one_text_from_one_base_are_merged() {
    let patch = |text: &str, base: u64| json!({"base": base, "patch": {"content": {"request": {"description": text}}}});
    let state =
        at_once(|base| patch("Lists nearly all the users", base), |base| patch("Lists all the users, paged", base))
            .await;
    assert_eq!(state["content"]["request"]["description"], "Lists nearly all the users, paged");
}

#[tokio::test]
async fn words_added_at_the_end_do_not_undo_words_added_before() {
    let state = at_once(
        |base| json!({"base": base, "patch": {"name": "List all users"}}),
        |base| json!({"base": base, "patch": {"name": "List users by page"}}),
    )
    .await;
    assert_eq!(state["name"], "List all users by page");
}

#[tokio::test]
async fn of_two_changes_of_one_value_the_later_wins_everywhere() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let editor = server.editor(&workspace, "eve@host.com").await;
    let mut one = Replica::of(&server.admin, &workspace, &request).await;
    let mut two = Replica::of(&editor, &workspace, &request).await;
    let base = one.seen;
    for (replica, count) in [(&mut one, 7), (&mut two, 8)] {
        let patch = json!({"content": {"request": {"method": "PUT"}, "count": count}});
        replica.send(json!({"kind": "item_update", "id": request, "base": base, "patch": patch})).await;
    }
    one.follow(base + 2).await;
    two.follow(base + 2).await;
    assert_eq!(one.state, two.state);
    let mut last = one.client.seen.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
    let last = last.rfind(|message| message["position"] == base + 2 && message["type"] == "event").unwrap();
    assert_eq!(one.state["content"]["count"], last["change"]["patch"]["content"]["count"]);
    assert_eq!(read(&editor, &workspace, &request).await["content"], one.state["content"]);
    let tree = snapshot(&editor, &workspace).await["tree"].clone();
    let entry = tree.as_array().unwrap().iter().find(|entry| entry["id"] == request.as_str()).unwrap().clone();
    assert_eq!(entry["method"], "PUT");
}

#[tokio::test]
async fn many_edits_of_two_people_leave_both_with_the_same() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let editor = server.editor(&workspace, "eve@host.com").await;
    let mut one = Replica::of(&server.admin, &workspace, &request).await;
    let mut two = Replica::of(&editor, &workspace, &request).await;
    let base = one.seen;
    for round in 0..25 {
        for (who, replica) in [("one", &mut one), ("two", &mut two)] {
            let patch =
                json!({"content": {"shared": format!("{who} {round}"), who: {"round": round, "odd": round % 2 == 1}}});
            replica.send(json!({"kind": "item_update", "id": request, "base": base, "patch": patch})).await;
        }
    }
    one.follow(base + 50).await;
    two.follow(base + 50).await;
    assert_eq!(one.state, two.state);
    assert_eq!(read(&editor, &workspace, &request).await["content"], one.state["content"]);
    for who in ["one", "two"] {
        assert_eq!(one.state["content"][who], json!({"round": 24, "odd": false}), "one's own edits stay in order");
    }
}

#[tokio::test]
async fn a_base_older_than_what_is_kept_is_stale_and_a_kept_one_is_merged() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let named = json!([{"kind": "item_update", "id": request, "patch": {"name": "List the users of page one"}}]);
    let base = server.admin.edit(&workspace, named).await;
    let update = |name: String| json!({"kind": "item_update", "id": request, "patch": {"name": name}});
    let many = |from: usize, count: usize| {
        Value::Array((from..from + count).map(|n| update(format!("List the users of page {n}"))).collect())
    };
    server.admin.edit(&workspace, many(0, REVISIONS / 2)).await;
    server.admin.edit(&workspace, many(REVISIONS / 2, REVISIONS - REVISIONS / 2)).await;
    let mine =
        json!([{"kind": "item_update", "id": request, "base": base, "patch": {"name": "Show the users of page one"}}]);
    server.admin.edit(&workspace, mine.clone()).await;
    let name = read(&server.admin, &workspace, &request).await["name"].clone();
    assert_eq!(name, format!("Show the users of page {}", REVISIONS - 1));

    let before = snapshot(&server.admin, &workspace).await;
    let body = json!({"op": new_id(), "changes": mine});
    let answer = server.admin.post(&format!("/v1/workspaces/{workspace}/changes"), body).await;
    answer.refused(409, "stale_base");
    assert_eq!(answer.json["path"], "changes[0].base");
    assert_eq!(snapshot(&server.admin, &workspace).await, before);
}

#[tokio::test]
async fn a_null_in_a_patch_removes_a_field() {
    let state = at_once(
        |_| json!({"patch": {"content": {"event": [{"listen": "test"}]}}}),
        |_| json!({"patch": {"name": "Kept"}}),
    )
    .await;
    assert_eq!(state["content"]["event"], json!([{"listen": "test"}]));
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (_, request) = server.admin.collection(&workspace).await;
    let mut replica = Replica::of(&server.admin, &workspace, &request).await;
    let patch = json!({"content": {"request": {"description": null}, "never": null}});
    let ack = replica.client.edit(json!([{"kind": "item_update", "id": request, "patch": patch}])).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let content = read(&server.admin, &workspace, &request).await["content"].clone();
    assert_eq!(content, json!({"request": {"method": "GET", "url": "https://api.host.com/users"}}));
}

#[tokio::test]
async fn a_move_puts_an_item_first_last_or_behind_a_sibling() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let mut client = server.admin.live(&workspace).await;
    client.until_type("presence").await;
    let (root, other) = (new_id(), new_id());
    let [a, b, c, d] = [(); 4].map(|()| new_id());
    let make = |id: &str, name: &str, kind: &str, parent: Value| json!({"kind": "item_create", "id": id, "parent": parent, "item_kind": kind, "name": name});
    let mut changes =
        vec![make(&root, "Root", "collection", Value::Null), make(&other, "Other", "collection", Value::Null)];
    changes.extend([(&a, "a"), (&b, "b"), (&c, "c")].map(|(id, name)| make(id, name, "folder", json!(root))));
    let mut first = make(&d, "d", "request", json!(root));
    first["after"] = Value::Null;
    changes.push(first);
    server.admin.edit(&workspace, Value::Array(changes)).await;
    let root_id = json!(root);
    assert_eq!(children(&server.admin, &workspace, &root_id).await, ["d", "a", "b", "c"]);
    assert_eq!(children(&server.admin, &workspace, &Value::Null).await, ["Root", "Other"]);

    let moves = [
        (json!({"id": a}), ["d", "b", "c", "a"]),
        (json!({"id": c, "after": null}), ["c", "d", "b", "a"]),
        (json!({"id": c, "after": b}), ["d", "b", "c", "a"]),
        (json!({"id": d, "after": a}), ["b", "c", "a", "d"]),
        (json!({"id": d, "after": a}), ["b", "c", "a", "d"]),
        (json!({"id": b, "after": null}), ["b", "c", "a", "d"]),
        (json!({"id": d}), ["b", "c", "a", "d"]),
    ];
    for (place, expected) in moves {
        let mut change = json!({"kind": "item_move", "parent": root});
        change.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        let position = server.admin.edit(&workspace, json!([change])).await;
        let event = client.until(|message| message["position"] == position && message["stream"] == "shared").await;
        assert_eq!(children(&server.admin, &workspace, &root_id).await, expected, "{change}");
        let tree = snapshot(&server.admin, &workspace).await["tree"].clone();
        let entry = tree.as_array().unwrap().iter().find(|entry| entry["id"] == change["id"]).unwrap().clone();
        assert_eq!((&event["change"]["order"], &event["change"]["parent"]), (&entry["order"], &entry["parent"]));
    }
    // An item takes what stands in it along.
    server.admin.edit(&workspace, json!([{"kind": "item_move", "id": d, "parent": a}])).await;
    server.admin.edit(&workspace, json!([{"kind": "item_move", "id": a, "parent": other}])).await;
    assert_eq!(children(&server.admin, &workspace, &root_id).await, ["b", "c"]);
    assert_eq!(children(&server.admin, &workspace, &json!(other)).await, ["a"]);
    assert_eq!(children(&server.admin, &workspace, &json!(a)).await, ["d"]);
}

#[tokio::test]
async fn two_moves_to_one_place_at_once_give_both_a_place_of_their_own() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let editor = server.editor(&workspace, "eve@host.com").await;
    let (root, _) = server.admin.collection(&workspace).await;
    let [a, b] = [(); 2].map(|()| new_id());
    let make = |id: &str| json!({"kind": "item_create", "id": id, "parent": root, "item_kind": "folder", "name": id});
    server.admin.edit(&workspace, json!([make(&a), make(&b)])).await;
    let (mut one, mut two) = (server.admin.live(&workspace).await, editor.live(&workspace).await);
    let to_front = |id: &str| json!({"type": "edit", "op": new_id(), "changes": [{"kind": "item_move", "id": id, "parent": root, "after": null}]});
    one.say(to_front(&a)).await;
    two.say(to_front(&b)).await;
    one.until_type("ack").await;
    two.until_type("ack").await;
    let order = children(&editor, &workspace, &json!(root)).await;
    assert_eq!((order.len(), order[2].as_str()), (3, "List users"), "{order:?}");
}

#[tokio::test]
async fn a_deletion_takes_along_what_stands_in_it() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let (root, request) = server.admin.collection(&workspace).await;
    let (kept, _) = server.admin.collection(&workspace).await;
    let example = new_id();
    let change =
        json!([{"kind": "item_create", "id": example, "parent": request, "item_kind": "example", "name": "OK"}]);
    server.admin.edit(&workspace, change).await;
    let mut client = server.admin.live(&workspace).await;
    client.until_type("presence").await;
    let ack = client.edit(json!([{"kind": "item_delete", "id": root}])).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let tree = snapshot(&server.admin, &workspace).await["tree"].clone();
    let ids: Vec<&str> = tree.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), ids[0]), (2, kept.as_str()));
    for id in [&root, &request, &example] {
        server.admin.get(&format!("/v1/workspaces/{workspace}/items/{id}")).await.refused(404, "not_found");
        let body = json!({"op": new_id(), "changes": [{"kind": "item_delete", "id": id}]});
        server.admin.post(&format!("/v1/workspaces/{workspace}/changes"), body).await.refused(404, "not_found");
    }
    let change = json!({"kind": "item_create", "id": root, "parent": null, "item_kind": "collection", "name": "Again"});
    server.admin.edit(&workspace, json!([change])).await;
    assert_eq!(
        children(&server.admin, &workspace, &json!(root)).await,
        Vec::<String>::new(),
        "nothing comes back with it"
    );
}

#[tokio::test]
async fn environments_are_made_changed_and_deleted_before_everybodys_eyes() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let mut client = server.admin.live(&workspace).await;
    let mut there = partner.live(&workspace).await;
    there.until_type("presence").await;
    let id = new_id();
    let values = json!([{"key": "host", "value": "api.host.com", "enabled": true}]);
    let make = json!({"kind": "environment_create", "id": id, "name": "Live", "content": {"values": values}});
    let ack = client.edit(json!([make])).await;
    let event = there.until_type("event").await;
    let change = &event["change"];
    assert_eq!(
        (&change["kind"], &change["name"], &change["content"]["values"]),
        (&json!("environment_created"), &json!("Live"), &values)
    );
    let expected = json!([{"id": id, "name": "Live", "content": {"values": values}, "position": ack["position"]}]);
    assert_eq!(snapshot(&partner, &workspace).await["environments"], expected);

    let patch = json!({"name": "Test", "content": {"values": [], "note": "empty"}});
    let ack = client.edit(json!([{"kind": "environment_update", "id": id, "patch": patch}])).await;
    let event = there.until_type("event").await;
    assert_eq!((&event["change"]["kind"], &event["change"]["patch"]), (&json!("environment_updated"), &patch));
    let expected =
        json!([{"id": id, "name": "Test", "content": {"values": [], "note": "empty"}, "position": ack["position"]}]);
    assert_eq!(snapshot(&partner, &workspace).await["environments"], expected);

    client.edit(json!([{"kind": "environment_delete", "id": id}])).await;
    let event = there.until_type("event").await;
    assert_eq!(event["change"], json!({"kind": "environment_deleted", "id": id}));
    assert_eq!(snapshot(&partner, &workspace).await["environments"], json!([]));
}

#[tokio::test]
async fn of_two_changes_of_one_environment_from_one_base_both_stand() {
    let server = TestServer::start().await;
    let workspace = server.workspace().await;
    let id = new_id();
    let variable = |key: &str, value: &str| json!({"key": key, "value": value});
    let content = json!({"values": [variable("a", "1"), variable("b", "1")]});
    let base = server
        .admin
        .edit(&workspace, json!([{"kind": "environment_create", "id": id, "name": "Live", "content": content}]))
        .await;
    let update = |values: Value| json!([{"kind": "environment_update", "id": id, "base": base, "patch": {"content": {"values": values}}}]);
    server.admin.edit(&workspace, update(json!([variable("a", "2"), variable("b", "1")]))).await;
    server.admin.edit(&workspace, update(json!([variable("a", "1"), variable("b", "2"), variable("c", "1")]))).await;
    let values = &snapshot(&server.admin, &workspace).await["environments"][0]["content"]["values"];
    assert_eq!(*values, json!([variable("a", "2"), variable("b", "2"), variable("c", "1")]));
}

#[tokio::test]
async fn what_is_large_is_announced_by_reference_and_read_over_http() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let (root, request) = server.admin.collection(&workspace).await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let mut there = partner.live(&workspace).await;
    there.until_type("presence").await;
    let (made, environment) = (new_id(), new_id());
    let body = "x".repeat(65 * 1_024);
    let content = json!({"request": {"method": "PUT", "body": body}});
    let create = json!([{"kind": "item_create", "id": made, "parent": root, "item_kind": "request", "name": "Big", "content": content}]);
    let position = server.admin.edit(&workspace, create).await;
    let event = there.until_type("event").await;
    let change = &event["change"];
    assert_eq!(
        (&event["position"], &change["by_reference"], &change["method"]),
        (&json!(position), &json!(true), &json!("PUT"))
    );
    assert_eq!(change.get("content"), None);
    assert_eq!(read(&partner, &workspace, &made).await["content"], content);

    let update = json!([{"kind": "item_update", "id": request, "patch": {"name": "Grown", "content": content}}]);
    server.admin.edit(&workspace, update).await;
    let event = there.until_type("event").await;
    assert_eq!((&event["change"]["by_reference"], event["change"].get("patch")), (&json!(true), None));
    let item = read(&partner, &workspace, &request).await;
    assert_eq!((&item["name"], &item["content"]["request"]["body"]), (&json!("Grown"), &json!(body)));

    let create = json!([{"kind": "environment_create", "id": environment, "name": "Big", "content": {"note": body}}]);
    server.admin.edit(&workspace, create).await;
    let event = there.until_type("event").await;
    assert_eq!((&event["change"]["by_reference"], event["change"].get("content")), (&json!(true), None));
    assert_eq!(snapshot(&partner, &workspace).await["environments"][0]["content"]["note"], body);
    assert!(there.seen.iter().all(|text| text.len() < 64 * 1_024));

    let small = json!([{"kind": "item_update", "id": made, "patch": {"content": {"request": {"method": "POST"}}}}]);
    server.admin.edit(&workspace, small).await;
    let event = there.until_type("event").await;
    assert_eq!(event["change"].get("by_reference"), None, "a small patch of a large item comes as it is");
}

#[tokio::test]
async fn an_imported_file_is_announced_by_its_root_and_exported_equal() {
    let server = TestServer::start().await;
    let workspace = server.walled_workspace().await;
    let partner = server.partner(&workspace, "pat@acme.com").await;
    let mut there = partner.live(&workspace).await;
    there.until_type("presence").await;
    let mut names = Vec::new();
    for file in [
        include_str!("../data/adyen-management.postman_collection.json"),
        include_str!("../data/conduit.postman_collection.json"),
        include_str!("../data/wise.postman_collection.json"),
    ] {
        let original: Value = serde_json::from_str(file).unwrap();
        let answer =
            server.admin.send_bytes(&format!("/v1/workspaces/{workspace}/import"), "application/json", file).await;
        let items = answer.expect(201)["items"].clone();
        names.push(original["info"]["name"].as_str().unwrap().to_owned());
        let root = items[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(items, json!([{"id": root, "kind": "collection", "name": names.last()}]));
        let event = there.until_type("event").await;
        assert_eq!(event["change"], json!({"kind": "items_imported", "items": items}));
        let export = partner.get(&format!("/v1/workspaces/{workspace}/items/{root}/export")).await;
        assert!(*export.expect(200) == original, "{} is not exported equal", names.last().unwrap());
        let disposition = export.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment"), "{disposition}");
    }
    assert_eq!(children(&partner, &workspace, &Value::Null).await, names);

    let file = include_str!("../data/wise.postman_environment.json");
    let original: Value = serde_json::from_str(file).unwrap();
    let answer = server.admin.send_bytes(&format!("/v1/workspaces/{workspace}/import"), "application/json", file).await;
    let root = answer.expect(201)["items"][0].clone();
    assert_eq!((&root["kind"], &root["name"]), (&json!("environment"), &original["name"]));
    there.until(|message| message["change"]["kind"] == "environment_created").await;
    let path = format!("/v1/workspaces/{workspace}/environments/{}/export", root["id"].as_str().unwrap());
    assert_eq!(*partner.get(&path).await.expect(200), original);
}
