//! Comments: threads, rights, mentions, live; and that in multi-partner mode nothing of them is left.

use crate::common::{Answer, Person, TestServer, new_id};
use serde_json::{Value, json};

struct Scene {
    server: TestServer,
    workspace: String,
    request: String,
    pat: Person,
    zelda: Person,
}

impl Scene {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let workspace = server.workspace().await;
        let (_, request) = server.admin.collection(&workspace).await;
        let pat = server.partner(&workspace, "pat@acme.com").await;
        let zelda = server.partner(&workspace, "zelda@bolt.org").await;
        Self { server, workspace, request, pat, zelda }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}/items/{}/comments{rest}", self.workspace, self.request)
    }

    async fn post(&self, who: &Person, body: Value) -> Answer {
        who.post(&self.path(""), body).await
    }

    async fn posted(&self, who: &Person, body: Value) -> String {
        self.post(who, body).await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    async fn list(&self, who: &Person) -> Value {
        who.get(&self.path("")).await.expect(200)["comments"].clone()
    }
}

#[tokio::test]
async fn all_members_of_a_classic_workspace_talk_in_threads_and_hear_each_other_at_once() {
    let scene = Scene::new().await;
    let admin = &scene.server.admin;
    let mut zelda = scene.zelda.live(&scene.workspace).await;
    let root =
        scene.posted(&scene.pat, json!({"text": "Which one?", "mentions": [scene.zelda.id, scene.zelda.id]})).await;
    let told = zelda.until(|message| message["change"]["kind"] == "comment_posted").await;
    assert_eq!((&told["by"]["id"], &told["change"]["text"]), (&json!(scene.pat.id), &json!("Which one?")));
    let reply = scene.posted(admin, json!({"text": "The first.", "reply_to": root})).await;
    let second = scene.posted(&scene.zelda, json!({"text": "I see.", "reply_to": reply})).await;
    for who in [admin, &scene.pat, &scene.zelda] {
        let list = scene.list(who).await;
        let shape: Vec<_> = list.as_array().unwrap().iter().map(|one| (&one["id"], &one["reply_to"])).collect();
        let (root, reply, second) = (json!(root), json!(reply), json!(second));
        assert_eq!(shape, [(&root, &Value::Null), (&reply, &root), (&second, &root)], "one level of threads");
        assert_eq!(list[0]["mentions"], json!([scene.zelda.id]));
    }
    let changed = scene.pat.patch(&scene.path(&format!("/{root}")), json!({"text": "Which?"})).await;
    assert_eq!(changed.expect(200)["text"], "Which?");
    assert!(changed.json["edited_at"].is_string());
    let resolve = scene.path(&format!("/{root}/resolve"));
    scene.zelda.post(&resolve, json!({"resolved": true})).await.refused(403, "forbidden");
    let resolved = scene.pat.post(&resolve, json!({"resolved": true})).await;
    assert_eq!(resolved.expect(200)["resolved_by"]["id"], json!(scene.pat.id));
    assert!(admin.post(&resolve, json!({"resolved": false})).await.expect(200)["resolved_by"].is_null());
    let kinds = ["comment_edited", "comment_resolved", "comment_resolved"];
    for kind in kinds {
        zelda.until(|message| message["change"]["kind"] == kind).await;
    }
}

#[tokio::test]
async fn a_comment_is_its_authors_and_one_with_replies_keeps_its_place() {
    let scene = Scene::new().await;
    let root = scene.posted(&scene.pat, json!({"text": "First"})).await;
    let reply = scene.posted(&scene.zelda, json!({"text": "Second", "reply_to": root})).await;
    let (root, reply) = (scene.path(&format!("/{root}")), scene.path(&format!("/{reply}")));
    scene.server.admin.patch(&root, json!({"text": "Mine"})).await.refused(403, "forbidden");
    scene.zelda.delete(&root).await.refused(403, "forbidden");
    scene.pat.delete(&root).await.expect(204);
    let list = scene.list(&scene.zelda).await;
    assert_eq!((&list[0]["text"], &list[1]["text"]), (&Value::Null, &json!("Second")));
    scene.pat.patch(&root, json!({"text": "Again"})).await.refused(404, "not_found");
    scene.server.admin.delete(&reply).await.expect(204);
    assert_eq!(scene.list(&scene.pat).await, json!([]), "nothing is left of the thread");
    scene.posted(&scene.pat, json!({"text": "Gone with its item"})).await;
    let delete = json!([{"kind": "item_delete", "id": scene.request}]);
    scene.server.admin.edit(&scene.workspace, delete).await;
    scene.pat.get(&scene.path("")).await.refused(404, "not_found");
}

#[tokio::test]
async fn bad_comments_are_refused_with_their_place() {
    let scene = Scene::new().await;
    let refused = |answer: Answer, status: u16, code: &str, path: &str| {
        answer.refused(status, code);
        assert_eq!(answer.json["path"], path, "{}", answer.text);
    };
    refused(scene.post(&scene.pat, json!({"text": " "})).await, 422, "invalid", "text");
    refused(scene.post(&scene.pat, json!({"text": "é".repeat(10_001)})).await, 422, "invalid", "text");
    scene.posted(&scene.pat, json!({"text": "é".repeat(10_000)})).await;
    refused(scene.post(&scene.pat, json!({"text": "a", "reply_to": new_id()})).await, 404, "not_found", "reply_to");
    let mentions = json!([scene.zelda.id, new_id()]);
    refused(scene.post(&scene.pat, json!({"text": "a", "mentions": mentions})).await, 404, "not_found", "mentions[1]");
    let mentions: Vec<_> = (0..51).map(|_| &scene.zelda.id).collect();
    refused(scene.post(&scene.pat, json!({"text": "a", "mentions": mentions})).await, 422, "invalid", "mentions");
    let id = new_id();
    scene.posted(&scene.pat, json!({"id": id, "text": "Once"})).await;
    refused(scene.post(&scene.pat, json!({"id": id, "text": "Once"})).await, 409, "id_taken", "id");
    let reply = scene.posted(&scene.pat, json!({"text": "Twice", "reply_to": id})).await;
    let resolve = scene.path(&format!("/{reply}/resolve"));
    scene.pat.post(&resolve, json!({"resolved": true})).await.refused(422, "invalid");
    let elsewhere = format!("/v1/workspaces/{}/items/{}/comments", scene.workspace, new_id());
    scene.pat.get(&elsewhere).await.refused(404, "not_found");
}

#[tokio::test]
async fn comments_outlive_a_restart() {
    let mut scene = Scene::new().await;
    scene.posted(&scene.pat, json!({"text": "Kept"})).await;
    let before = scene.list(&scene.server.admin).await;
    scene.server = scene.server.restarted().await;
    assert_eq!(scene.list(&scene.server.admin).await, before);
}

/// Every route of an item's comments, with good and bad bodies: what somebody may ask of them.
async fn asked(who: &Person, base: &str, comment: &str) -> Vec<(u16, String)> {
    let one = format!("{base}/{comment}");
    let resolve = format!("{one}/resolve");
    let mut answers = Vec::new();
    for (method, path, body) in [
        ("GET", base, None),
        ("POST", base, Some(json!({"text": "Hello"}))),
        ("POST", base, Some(json!({"text": 7, "nonsense": true}))),
        ("PATCH", &one, Some(json!({"text": "Hello"}))),
        ("PATCH", &one, Some(json!([]))),
        ("DELETE", &one, None),
        ("POST", &resolve, Some(json!({"resolved": true}))),
        ("POST", &resolve, None),
    ] {
        let answer = who.request(method, path, body).await;
        answers.push((answer.status, answer.text));
    }
    answers
}

#[tokio::test]
async fn after_the_switch_it_is_as_if_nobody_had_heard_of_comments() {
    let scene = Scene::new().await;
    let comment = scene.posted(&scene.zelda, json!({"text": "a secret of zelda's"})).await;
    scene.server.switch(&scene.workspace).await.expect(200);
    let unknown = format!("/v1/workspaces/{}/items/{}/comments", scene.workspace, new_id());
    for who in [&scene.pat, &scene.zelda, &scene.server.admin] {
        let here = asked(who, &scene.path(""), &comment).await;
        assert!(here.iter().all(|(status, _)| *status == 404), "{here:?}");
        assert_eq!(here, asked(who, &unknown, &new_id()).await, "an item with comments is like no item at all");
    }
    // Nobody reads in the log what was written before.
    let mut pat = scene.pat.live(&scene.workspace).await;
    let epoch = pat.next().await["epoch"].as_str().unwrap().to_owned();
    let mut resumed = scene.pat.try_live(&scene.workspace, &format!("?epoch={epoch}&shared=0")).await.unwrap();
    let mark = json!([{"kind": "item_update", "id": scene.request, "patch": {"name": "Marked"}}]);
    scene.server.admin.edit(&scene.workspace, mark).await;
    resumed.until(|message| message["change"]["kind"] == "item_updated").await;
    assert!(resumed.seen.iter().all(|frame| !frame.contains("comment") && !frame.contains("secret")));
}
