//! What is kept of a send, what is not, and that the answer is told when nothing can be.

use super::Scene;
use crate::common::{Person, new_id};
use base64::{Engine, prelude::BASE64_STANDARD};
use loggia::call::history::keep_cookies;
use loggia::config::{LARGEST_JAR, LARGEST_SEND};
use loggia::store::own::Owner;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends what has a body; the answer, and the body that came.
async fn posts(scene: &mut Scene, who: &Person, body: Value) -> (Value, Vec<u8>) {
    let path = scene.send_path();
    let arrives = async {
        let (head, mut socket) = scene.api.call().await;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        socket.read_exact(&mut body).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        body
    };
    let (answer, body) = tokio::join!(who.post(&path, body), arrives);
    (answer.expect(200).clone(), body)
}

#[tokio::test]
async fn a_file_goes_out_up_to_8_mib() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let request = json!({"method": "PUT", "url": "{{base}}", "body": {"mode": "file", "file": {"src": "a.bin"}}});
    let with = |bytes: &[u8]| {
        let files = json!({"a.bin": {"file_name": "a.bin", "base64": BASE64_STANDARD.encode(bytes)}});
        json!({"environment": scene.environment, "request": request, "files": files})
    };
    let mut file: Vec<u8> = (0..=255).cycle().take(8 << 20).collect();
    let largest = with(&file);
    file.push(0);
    let too_large = with(&file);
    file.pop();
    let (answer, came) = posts(&mut scene, &ann, largest).await;
    assert!(came == file && answer["response"]["status"] == 200);
    // The file; then the whole call, by each of the three ways.
    ann.post(&scene.send_path(), too_large).await.refused(413, "too_large");
    let entry = answer["entry"]["id"].as_str().unwrap();
    for path in [scene.send_path(), scene.path("/send"), scene.path(&format!("/history/{entry}/send"))] {
        let body = " ".repeat(LARGEST_SEND + 1);
        let refused = ann.send_bytes(&path, "application/json", body).await;
        refused.refused(413, "too_large");
        assert_eq!(refused.json["detail"], format!("At most {LARGEST_SEND} bytes."));
    }
    assert!(scene.api.calls.try_recv().is_err(), "nothing else was sent");
}

#[tokio::test]
async fn an_answer_that_cant_be_kept_is_told() {
    let mut scene = Scene::new().await;
    let (ann, admin) = (scene.ann.clone(), scene.server.admin.clone());
    let (path, member) = (scene.send_path(), scene.path(&format!("/members/{}", ann.id)));
    let body = json!({"environment": scene.environment});
    let answers = async {
        let (_, mut socket) = scene.api.call().await;
        // Who is no member any more has no history and no cookies.
        admin.delete(&member).await.expect(204);
        let answer = "HTTP/1.1 201 Created\r\nSet-Cookie: a=1\r\nContent-Length: 4\r\n\r\nmade";
        socket.write_all(answer.as_bytes()).await.unwrap();
    };
    let (answer, ()) = tokio::join!(ann.post(&path, body), answers);
    let answer = answer.expect(200);
    assert_eq!((&answer["entry"], &answer["error"]), (&Value::Null, &Value::Null));
    assert_eq!((&answer["response"]["status"], &answer["response"]["body"]["text"]), (&json!(201), &json!("made")));
}

#[tokio::test]
async fn a_jar_that_is_full_loses_its_oldest_cookies() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let owner = Owner { workspace: scene.workspace.parse().unwrap(), user: ann.id.parse().unwrap() };
    let many: Vec<_> = (0..130)
        .map(|number| (format!("https://host{number}.com/").parse().unwrap(), format!("a={}", "x".repeat(2_000))))
        .collect();
    keep_cookies(scene.server.store.as_ref(), owner, &many).await.unwrap();
    let set = format!("Set-Cookie: one={}\r\nSet-Cookie: two={}\r\n", "y".repeat(4_000), "z".repeat(4_000));
    let body = json!({"environment": scene.environment});
    let (answer, _) = scene.sends(&ann, body.clone(), &set).await;
    assert!(answer["entry"].is_object(), "{answer}");
    let kept = ann.get(&scene.path("/cookies")).await;
    let size = kept.expect(200)["cookies"].to_string().len();
    assert!((LARGEST_JAR - 2_500..=LARGEST_JAR).contains(&size), "{size}");
    for (host, is_there) in [("host0.com", false), ("host129.com", true), ("127.0.0.1", true)] {
        assert_eq!(kept.text.contains(host), is_there, "{host}");
    }
    let (_, head) = scene.sends(&ann, body, "").await;
    assert!(head.contains("one=yyy") && head.contains("two=zzz"), "{head}");
}

#[tokio::test]
async fn values_whose_name_says_that_they_are_secret_are_kept_nowhere() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let values = json!({"values": {"db_password": "hunter-22", "key": "anns-key", "who": "shown-1"}});
    let path = scene.path(&format!("/environments/{}/values", scene.environment));
    ann.request("PUT", &path, Some(values)).await.expect(200);
    let request = json!({"method": "POST", "url": "{{base}}/{{session_token}}/{{who}}/{{tokenUrl}}",
                         "body": {"mode": "raw", "raw": "{\"p\": \"{{db_password}}\", \"g\": \"the-teams-own-key\"}"}});
    let overrides = json!({"session_token": "tok-93", "tokenUrl": "shown-2"});
    let body = json!({"environment": scene.environment, "request": request, "overrides": overrides});
    let (answer, came) = posts(&mut scene, &ann, body.clone()).await;
    assert!(came.starts_with(b"{\"p\": \"hunter-22\""));
    let entry = scene.path(&format!("/history/{}", answer["entry"]["id"].as_str().unwrap()));
    let whole = ann.get(&entry).await;
    let kept = [whole.expect(200).to_string(), scene.history(&ann).await.to_string()];
    for text in &kept {
        for secret in ["hunter-22", "tok-93", "anns-key"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("/shown-1/shown-2"), "{text}");
    }
    // Whether a partner's guess of the team's secret is right is not to be told by what is taken out.
    assert!(kept[0].contains("the-teams-own-key"), "{}", kept[0]);
    let admin = scene.server.admin.clone();
    let (answer, _) = posts(&mut scene, &admin, body).await;
    let entry = scene.path(&format!("/history/{}", answer["entry"]["id"].as_str().unwrap()));
    let whole = admin.get(&entry).await.expect(200).to_string();
    assert!(!whole.contains("the-teams-own-key"), "{whole}");

    // The results of a run.
    let run = json!({"item": scene.item, "environment": scene.environment});
    let run = ann.post(&scene.path("/runs"), run).await.expect(201)["id"].as_str().unwrap().to_owned();
    let run = scene.path(&format!("/runs/{run}"));
    let result = json!({"item": new_id(), "name": "By anns-key", "ms": 1, "sequence": 0, "error": "hunter%2D22 is wrong",
                        "assertions": [{"name": "no hunter-22", "passed": false, "error": "expected 'anns-key' at shown-1"}]});
    for _ in 0..2 {
        ann.post(&format!("{run}/results"), result.clone()).await.expect(200);
    }
    let kept = ann.get(&run).await;
    let result = &kept.expect(200)["results"][0];
    assert_eq!((&result["name"], &result["error"]), (&json!("By ••••"), &json!("•••• is wrong")));
    let assertion = json!({"name": "no ••••", "passed": false, "error": "expected '••••' at shown-1"});
    assert_eq!((&result["assertions"], kept.json["results"].as_array().unwrap().len()), (&json!([assertion]), 1));
}
