//! Requests that are sent again out of a history, and requests that are no item.

use super::Scene;
use crate::common::{Person, new_id};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The whole entry of an answer, and its path.
async fn entry_of(scene: &Scene, who: &Person, answer: &Value) -> (String, Value) {
    let path = scene.path(&format!("/history/{}", answer["entry"]["id"].as_str().unwrap()));
    let whole = who.get(&path).await.expect(200).clone();
    (path, whole)
}

#[tokio::test]
async fn an_entry_is_sent_again_as_it_was_written_with_the_values_of_now() {
    let mut scene = Scene::new().await;
    let (ann, admin) = (scene.ann.clone(), scene.server.admin.clone());
    let values = scene.path(&format!("/environments/{}/values", scene.environment));
    let key = |key: &str| Some(json!({"values": {"key": key}}));
    ann.request("PUT", &values, key("anns-first-key")).await.expect(200);
    let body = json!({"environment": scene.environment, "overrides": {"who": "ann", "none": null, "token": "t0"}});
    let (answer, _) = scene.sends(&ann, body, "").await;
    let (path, whole) = entry_of(&scene, &ann, &answer).await;
    let source = json!({
        "environment": scene.environment, "overrides": {"none": null, "who": "ann"}, "inherits": true,
        "left_out": ["overrides.token"],
        "request": {"method": "GET", "url": "{{base}}/{{path}}?who={{who}}"},
    });
    assert_eq!(whole["source"], source);
    // What the item, the collection and the person have by now: the request stays as it was.
    let change = |patch: Value| json!([{"kind": "item_update", "id": scene.item, "patch": patch}]);
    let content = json!({"request": {"method": "DELETE", "url": "{{base}}/other"}});
    admin.edit(&scene.workspace, change(json!({"content": content, "name": "Delete it"}))).await;
    ann.request("PUT", &values, key("anns-second-key")).await.expect(200);
    let again = format!("{path}/send");
    let missing = ann.post(&again, json!({})).await;
    missing.refused(422, "invalid");
    assert_eq!(missing.json["path"], "overrides.token");
    let over = json!({"overrides": {"token": "t1"}});
    let (sent, head) = tokio::join!(ann.post(&again, over.clone()), scene.api.answer("", "{}"));
    assert!(head.starts_with("GET /things?who=ann HTTP/1.1\r\n") && head.contains("anns-second-key"), "{head}");
    let (_, of_again) = entry_of(&scene, &ann, sent.expect(200)).await;
    assert_eq!((&of_again["source"], &of_again["entry"]["name"]), (&source, &json!("Get a thing")));
    assert_eq!(of_again["entry"]["item"], json!(scene.item));
    // Another request in its place, and overrides over those that were kept.
    let other =
        json!({"request": {"method": "PUT", "url": "{{base}}/{{who}}"}, "overrides": {"who": "bo", "token": ""}});
    let (sent, head) = tokio::join!(ann.post(&again, other), scene.api.answer("", "{}"));
    assert_eq!(sent.expect(200)["entry"]["method"], "PUT");
    assert!(head.starts_with("PUT /bo HTTP/1.1\r\n"), "{head}");
    // The item is gone, and with it what it inherited.
    admin.edit(&scene.workspace, json!([{"kind": "item_delete", "id": scene.item}])).await;
    let over = json!({"overrides": {"token": "t1", "path": "p"}});
    let (sent, head) = tokio::join!(ann.post(&again, over.clone()), scene.api.answer("", "{}"));
    assert_eq!(sent.expect(200)["error"], Value::Null);
    assert!(
        head.starts_with("GET /p?who=ann HTTP/1.1\r\n") && !head.to_lowercase().contains("authorization"),
        "{head}"
    );
    admin.edit(&scene.workspace, json!([{"kind": "environment_delete", "id": scene.environment}])).await;
    let gone = ann.post(&again, over).await;
    gone.refused(422, "invalid");
    assert_eq!(gone.json["path"], "environment");
    for who in [&scene.bea, &admin] {
        who.post(&again, json!({})).await.refused(404, "not_found");
    }
    assert!(scene.api.calls.try_recv().is_err(), "nothing else was sent");
}

#[tokio::test]
async fn what_was_taken_out_of_an_entry_is_never_sent() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let url = json!({"raw": "{{base}}/x?api_key=k0", "host": ["{{base}}"], "path": ["x"],
                     "query": [{"key": "api_key", "value": "k0"}, {"key": "page", "value": "2"}]});
    let pairs = |value: &str| json!([{"key": "token", "value": value, "type": "string"}]);
    for (request, secret, place) in [
        (json!({"method": "GET", "url": "{{base}}/x?token=t0"}), "t0", "request.url"),
        (json!({"method": "GET", "url": url}), "k0", "request.url.query[0].value"),
        (
            json!({"method": "GET", "url": "{{base}}", "header": [
                {"key": "Cookie", "value": "c0", "disabled": true}, {"key": "Accept", "value": "*/*"},
                {"key": "X-Api-Key", "value": "k0"}]}),
            "k0",
            "request.header[2].value",
        ),
        (json!({"method": "GET", "url": "{{base}}", "header": "Accept: */*\nX-Api-Key: k0"}), "k0", "request.header"),
        (
            json!({"method": "GET", "url": "{{base}}", "auth": {"type": "bearer", "bearer": pairs("bear0")}}),
            "bear0",
            "request.auth.bearer[0].value",
        ),
        (
            json!({"method": "GET", "url": "{{base}}", "auth": {"type": "basic", "basic": {"username": "u", "password": "p0"}}}),
            "p0",
            "request.auth.basic.password",
        ),
        // In the body, for it is the authorization's, and that is secret.
        (
            json!({"method": "POST", "url": "{{base}}", "auth": {"type": "bearer", "bearer": pairs("s3cret")},
                   "body": {"mode": "raw", "raw": "s3cret is it"}}),
            "s3cret",
            "request.body.raw",
        ),
    ] {
        let body = json!({"environment": scene.environment, "request": request});
        let (answer, _) = scene.sends(&ann, body, "").await;
        let (path, whole) = entry_of(&scene, &ann, &answer).await;
        assert!(!whole.to_string().contains(secret), "{whole}");
        let refused = ann.post(&format!("{path}/send"), json!({})).await;
        refused.refused(422, "invalid");
        assert_eq!(refused.json["path"], place, "{}", refused.text);
        // What an editor sends back of it is no better.
        let kept = json!({"environment": scene.environment, "request": whole["source"]["request"]});
        for place in [scene.send_path(), scene.path("/send")] {
            ann.post(&place, kept.clone()).await.refused(422, "invalid");
        }
    }
    // What does not go out may be anything, and what is a variable is no secret.
    let request = json!({"method": "GET", "url": "{{base}}?token={{key}}",
                         "header": [{"key": "Cookie", "value": "c0", "disabled": true}],
                         "auth": {"type": "bearer", "bearer": pairs("{{key}}"), "basic": {"password": "p0"}},
                         "body": {"mode": "raw", "raw": "x", "urlencoded": [{"key": "a", "value": "b"}]}});
    let (answer, _) =
        scene.sends(&ann, json!({"environment": scene.environment, "request": request.clone()}), "").await;
    let (path, whole) = entry_of(&scene, &ann, &answer).await;
    let kept = &whole["source"]["request"];
    assert_eq!((&kept["auth"]["bearer"], &kept["url"]), (&request["auth"]["bearer"], &request["url"]));
    assert_eq!((&kept["auth"]["basic"]["password"], &kept["header"][0]["value"]), (&json!("••••"), &json!("••••")));
    let again = format!("{path}/send");
    let (sent, _) = tokio::join!(ann.post(&again, json!({})), scene.api.answer("", "{}"));
    assert_eq!(sent.expect(200)["response"]["status"], 200);
}

#[tokio::test]
async fn what_is_too_large_to_keep_and_files_are_sent_along_again() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let large = json!({"method": "POST", "url": "{{base}}", "body": {"mode": "raw", "raw": "x".repeat(70_000)}});
    let huge = json!({"method": "GET", "url": "{{base}}", "description": "x".repeat(70_000)});
    for (request, kept, missing) in
        [(large.clone(), json!({"method": "POST", "url": "{{base}}"}), "request.body"), (huge, Value::Null, "request")]
    {
        let body = json!({"environment": scene.environment, "request": request});
        let path = scene.send_path();
        let (answer, (_, mut socket)) =
            tokio::join!(async { ann.post(&path, body).await.expect(200).clone() }, async {
                let (head, mut socket) = scene.api.call().await;
                socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                (head, socket)
            });
        let _ = socket.read_to_end(&mut Vec::new()).await;
        let (path, whole) = entry_of(&scene, &ann, &answer).await;
        assert_eq!((&whole["source"]["request"], &whole["source"]["left_out"]), (&kept, &json!([missing])));
        let refused = ann.post(&format!("{path}/send"), json!({})).await;
        refused.refused(422, "invalid");
        assert_eq!(refused.json["path"], missing);
    }
    let form = json!({"method": "GET", "url": "{{base}}", "body": {"mode": "file", "file": {"src": "a.bin"}}});
    let form = json!({"environment": scene.environment, "request": form, "overrides": {"large": "x".repeat(70_000)}});
    let mut with_file = form.clone();
    with_file["request"]["method"] = "PUT".into();
    with_file["files"] = json!({"a.bin": {"file_name": "a.bin", "base64": ""}});
    let (answer, _) = scene.sends(&ann, with_file.clone(), "").await;
    let (path, whole) = entry_of(&scene, &ann, &answer).await;
    assert_eq!(whole["source"]["left_out"], json!(["overrides.large"]));
    let over = json!({"overrides": {"large": ""}});
    let refused = ann.post(&format!("{path}/send"), over).await;
    refused.refused(422, "invalid");
    assert_eq!(refused.json["detail"], "the body needs the file `a.bin`");
    let over = json!({"overrides": {"large": ""}, "files": with_file["files"]});
    let again = format!("{path}/send");
    let (sent, _) = tokio::join!(ann.post(&again, over), scene.api.answer("", "{}"));
    sent.expect(200);
    let many: BTreeMap<_, _> = (0..501).map(|number| (number.to_string(), "")).collect();
    let refused = ann.post(&scene.send_path(), json!({"overrides": many})).await;
    refused.refused(413, "too_large");
    assert_eq!(refused.json["path"], "overrides");
}

#[tokio::test]
async fn a_request_that_is_no_item_has_a_collections_variables_and_nothing_else_of_it() {
    let mut scene = Scene::new().await;
    let (ann, path) = (scene.ann.clone(), scene.path("/send"));
    let request = json!({"method": "GET", "url": "{{base}}/{{path}}"});
    let environment = scene.environment.clone();
    let alone = json!({"request": request, "environment": environment, "item": scene.item, "name": "A script's"});
    let (sent, head) = tokio::join!(ann.post(&path, alone), scene.api.answer("", "{}"));
    assert!(head.starts_with("GET /things HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    let entry = &sent.expect(200)["entry"];
    assert_eq!((&entry["item"], &entry["name"]), (&json!(scene.item), &json!("A script's")));
    let (again, whole) = entry_of(&scene, &ann, &sent.json).await;
    assert_eq!((&whole["source"]["inherits"], &whole["source"]["request"]), (&json!(false), &request));
    let again = format!("{again}/send");
    let (_, head) = tokio::join!(ann.post(&again, json!({})), scene.api.answer("", "{}"));
    assert!(head.starts_with("GET /things HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    // A URL alone, for nothing.
    let url = format!("http://{}/{{{{path}}}}", scene.api.address);
    let (sent, head) = tokio::join!(ann.post(&path, json!({"request": url})), scene.api.answer("", "{}"));
    assert!(head.starts_with("GET /%7B%7Bpath%7D%7D HTTP/1.1\r\n"), "{head}");
    let sent = sent.expect(200);
    assert_eq!((&sent["entry"]["item"], &sent["undefined"]), (&Value::Null, &json!(["path"])));
    assert_eq!(scene.history(&ann).await.as_array().unwrap().len(), 3);
    assert_eq!(scene.history(&scene.bea).await, json!([]));
    for (body, status, place) in [
        (json!({"request": "http://10.0.0.1/", "item": new_id()}), 404, json!("item")),
        (json!({"request": "http://10.0.0.1/", "environment": new_id()}), 404, Value::Null),
        (json!({"request": "http://10.0.0.1/", "name": " "}), 422, json!("name")),
        (json!({"request": 7}), 422, Value::Null),
        (json!({}), 400, json!(".")),
    ] {
        let refused = ann.post(&path, body.clone()).await;
        assert_eq!((refused.status, &refused.json["path"]), (status, &place), "{body}: {}", refused.text);
    }
    let refused = ann.post(&path, json!({"request": "http://10.0.0.1/"})).await.expect(200).clone();
    assert_eq!(refused["error"]["code"], "target_refused");
    let elsewhere = scene.server.walled_workspace().await;
    let far = scene.server.partner(&elsewhere, "far@acme.com").await;
    let (real, none) = (path.clone(), format!("/v1/workspaces/{}/send", new_id()));
    let (real, none) = (far.post(&real, json!({"request": url})).await, far.post(&none, json!({"request": url})).await);
    real.refused(404, "not_found");
    assert_eq!(real.text, none.text);
    let stranger = Person { token: "nobody".into(), ..ann.clone() };
    stranger.post(&path, json!({"request": url})).await.refused(401, "signed_out");
}
