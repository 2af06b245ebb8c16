//! A request sent through the server: what goes out, what comes back, whose it is.

mod again;
mod kept;

use crate::common::{Person, TestServer, new_id};
use crate::engagement::report;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// An API on loopback. It hands over each connection with the head it was sent, and says nothing by itself.
struct Api {
    address: SocketAddr,
    calls: mpsc::UnboundedReceiver<(String, TcpStream)>,
}

impl Api {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, calls) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                if sender.send((String::from_utf8(head).unwrap(), socket)).is_err() {
                    return;
                }
            }
        });
        Self { address, calls }
    }

    async fn call(&mut self) -> (String, TcpStream) {
        timeout(PATIENCE, self.calls.recv()).await.unwrap().unwrap()
    }

    /// Answers the next call; its head.
    async fn answer(&mut self, headers: &str, body: &str) -> String {
        let (head, mut socket) = self.call().await;
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
        socket.write_all(answer.as_bytes()).await.unwrap();
        head
    }
}

struct Scene {
    server: TestServer,
    workspace: String,
    item: String,
    environment: String,
    ann: Person,
    bea: Person,
    api: Api,
}

impl Scene {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let workspace = server.walled_workspace().await;
        let api = Api::start().await;
        let (collection, item, environment) = (new_id(), new_id(), new_id());
        let changes = json!([
            {"kind": "item_create", "id": collection, "parent": null, "item_kind": "collection", "name": "Things",
             "content": {"auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{key}}"}]},
                         "variable": [{"key": "path", "value": "things"},
                                      {"key": "id", "value": "the-teams-own-id", "type": "secret"}]}},
            {"kind": "item_create", "id": item, "parent": collection, "item_kind": "request", "name": "Get a thing",
             "content": {"request": {"method": "GET", "url": "{{base}}/{{path}}?who={{who}}"}}},
            {"kind": "environment_create", "id": environment, "name": "Production", "content": {"values": [
                {"key": "base", "value": format!("http://{}", api.address)},
                {"key": "key", "value": "the-teams-own-key", "type": "Secret"}]}},
        ]);
        server.admin.edit(&workspace, changes).await;
        let ann = server.partner(&workspace, "ann@acme.com").await;
        let bea = server.partner(&workspace, "bea@globex.com").await;
        Self { server, workspace, item, environment, ann, bea, api }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.workspace)
    }

    fn send_path(&self) -> String {
        self.path(&format!("/items/{}/send", self.item))
    }

    /// Sends, and answers what is sent; what came of it, and the head that came.
    async fn sends(&mut self, who: &Person, body: Value, headers: &str) -> (Value, String) {
        let path = self.send_path();
        let (answer, head) = tokio::join!(who.post(&path, body), self.api.answer(headers, r#"{"id":7}"#));
        (answer.expect(200).clone(), head)
    }

    async fn history(&self, who: &Person) -> Value {
        who.get(&self.path("/history")).await.expect(200)["entries"].clone()
    }
}

#[tokio::test]
async fn a_partner_sends_with_its_own_values_and_never_with_the_teams_secrets() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let body = json!({"environment": scene.environment, "overrides": {"who": "ann"}});
    let (answer, head) = scene.sends(&ann, body.clone(), "").await;
    assert!(head.starts_with("GET /things?who=ann HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("the-teams-own-key"), "{head}");
    assert_eq!(answer["undefined"], json!(["key"]));
    assert_eq!(answer["response"]["status"], 200);
    assert_eq!(answer["response"]["body"]["text"], r#"{"id":7}"#);
    let values = json!({"values": {"key": "anns-private-key"}});
    let path = scene.path(&format!("/environments/{}/values", scene.environment));
    ann.request("PUT", &path, Some(values)).await.expect(200);
    let (answer, head) = scene.sends(&ann, body.clone(), "").await;
    assert!(head.contains("Bearer anns-private-key"), "{head}");
    assert_eq!(answer["undefined"], json!([]));
    let admin = scene.server.admin.clone();
    let (_, head) = scene.sends(&admin, body, "").await;
    assert!(head.contains("Bearer the-teams-own-key"), "{head}");
    // What is overridden by nothing has no value, whatever there is.
    let body = json!({"environment": scene.environment, "overrides": {"who": "ann", "key": null, "path": null}});
    let (answer, head) = scene.sends(&admin, body, "").await;
    assert!(!head.contains("own-key") && head.starts_with("GET /%7B%7Bpath%7D%7D?"), "{head}");
    assert_eq!(answer["undefined"], json!(["path", "key"]));
    for who in [&ann, &admin] {
        let entries = scene.history(who).await;
        for entry in entries.as_array().unwrap() {
            let whole = who.get(&scene.path(&format!("/history/{}", entry["id"].as_str().unwrap()))).await;
            whole.expect(200);
            assert!(!whole.text.contains("private-key") && !whole.text.contains("own-key"), "{}", whole.text);
        }
    }
}

#[tokio::test]
async fn a_partners_history_does_not_tell_which_guess_is_a_secret_of_the_team() {
    let mut scene = Scene::new().await;
    for guess in ["the-teams-own-key", "the-teams-own-id"] {
        for (who, stays) in [(scene.ann.clone(), true), (scene.server.admin.clone(), false)] {
            let body = json!({"environment": scene.environment, "overrides": {"who": guess}});
            let (answer, _) = scene.sends(&who, body, "").await;
            let url = answer["entry"]["url"].as_str().unwrap();
            assert_eq!(url.contains(guess), stays, "{url}");
        }
    }
}

#[tokio::test]
async fn the_team_learns_that_a_partner_called_and_whether_it_went_well() {
    let mut scene = Scene::new().await;
    let (ann, bea) = (scene.ann.clone(), scene.bea.clone());
    scene.sends(&ann, json!({"environment": scene.environment}), "").await;
    let nowhere = json!({"environment": scene.environment, "overrides": {"base": "http://127.0.0.1:1"}});
    assert!(bea.post(&scene.send_path(), nowhere).await.expect(200)["error"].is_object());
    let counts = |company: &Value| (company["called"].clone(), company["succeeded"].clone());
    let all = |report: &Value| report[0]["called"] == 1 && report[1]["called"] == 1;
    let report = report(&scene.server, &scene.workspace, all).await;
    assert_eq!([counts(&report[0]), counts(&report[1])], [(json!(1), json!(1)), (json!(1), json!(0))]);
}

#[tokio::test]
async fn what_somebody_sent_is_in_its_own_history_and_told_to_its_own_sessions_alone() {
    let mut scene = Scene::new().await;
    let (ann, bea, admin) = (scene.ann.clone(), scene.bea.clone(), scene.server.admin.clone());
    let mut own = ann.live(&scene.workspace).await;
    let mut others = [bea.live(&scene.workspace).await, admin.live(&scene.workspace).await];
    own.until_type("welcome").await;
    for other in &mut others {
        other.until_type("welcome").await;
    }
    let (answer, _) = scene.sends(&ann, json!({"environment": scene.environment}), "").await;
    let told = own.until_type("history").await;
    assert_eq!(told["entry"], answer["entry"]);
    assert_eq!(scene.history(&ann).await, json!([answer["entry"]]));
    let entry = format!("/history/{}", answer["entry"]["id"].as_str().unwrap());
    let missing = format!("/history/{}", new_id());
    for who in [&bea, &admin] {
        assert_eq!(scene.history(who).await, json!([]));
        let (one, none) = (who.get(&scene.path(&entry)).await, who.get(&scene.path(&missing)).await);
        assert_eq!((one.status, &one.text), (none.status, &none.text));
    }
    // The room orders what it tells: an edit comes after.
    admin.edit(&scene.workspace, json!([{"kind": "item_update", "id": scene.item, "patch": {"name": "Marked"}}])).await;
    for other in &mut others {
        other.until_type("event").await;
        assert!(other.seen.iter().all(|frame| !frame.contains("history")), "{:?}", other.seen);
    }
}

#[tokio::test]
async fn cookies_are_a_persons_own() {
    let mut scene = Scene::new().await;
    let (ann, bea) = (scene.ann.clone(), scene.bea.clone());
    let body = json!({"environment": scene.environment});
    scene.sends(&ann, body.clone(), "Set-Cookie: session=anns; Path=/\r\n").await;
    let (_, head) = scene.sends(&ann, body.clone(), "").await;
    assert!(head.contains("session=anns"), "{head}");
    let (_, head) = scene.sends(&bea, body, "").await;
    assert!(!head.contains("session"), "{head}");
}

#[tokio::test]
async fn who_goes_away_ends_the_request_and_finds_it_in_the_history() {
    let mut scene = Scene::new().await;
    let ann = scene.ann.clone();
    let mut own = ann.live(&scene.workspace).await;
    own.until_type("welcome").await;
    let request = ann.http.post(format!("{}{}", ann.url, scene.send_path())).bearer_auth(&ann.token);
    let sending = tokio::spawn(request.json(&json!({"environment": scene.environment})).send());
    let (_, mut socket) = scene.api.call().await;
    sending.abort();
    let ended = timeout(PATIENCE, socket.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert_eq!(own.until_type("history").await["entry"]["error"], "canceled");
}

#[tokio::test]
async fn what_cant_be_sent_says_why() {
    let scene = Scene::new().await;
    let (ann, path) = (&scene.ann, scene.send_path());
    let request = |url: &str| json!({"request": {"method": "GET", "url": url}});
    for (url, code) in [
        ("http://10.0.0.1/", "target_refused"),
        ("http://169.254.169.254/latest/meta-data", "target_refused"),
        ("http://localhost/", "target_refused"),
        ("http://127.0.0.1:1/", "connection_refused"),
    ] {
        let answer = ann.post(&path, request(url)).await.expect(200).clone();
        assert_eq!(answer["error"]["code"], code, "{url}: {answer}");
        assert_eq!(answer["entry"]["error"], code);
        assert_eq!(answer["response"], Value::Null);
    }
    ann.post(&path, request("ftp://example.com/")).await;
    let bad = ann.post(&path, json!({"files": {"a": {"file_name": "a", "base64": "%"}}})).await;
    assert_eq!(bad.expect(422)["path"], "files.a.base64");
    ann.post(&path, json!({"environment": new_id()})).await.expect(404);
    ann.post(&path, json!({"nonsense": 1})).await.expect(400);
    ann.post(&scene.path(&format!("/items/{}/send", new_id())), json!({})).await.expect(404);
}

#[tokio::test]
async fn a_limit_is_a_persons_own() {
    let scene = Scene::new().await;
    let refused = json!({"request": {"method": "GET", "url": "http://10.0.0.1/"}});
    let limited = async {
        for _ in 0..200 {
            let answer = scene.ann.post(&scene.send_path(), refused.clone()).await;
            if answer.status == 429 {
                return answer;
            }
        }
        panic!("no limit");
    };
    let limited = limited.await;
    assert!(limited.headers.contains_key("retry-after"));
    scene.bea.post(&scene.send_path(), refused.clone()).await.expect(200);
}

#[tokio::test]
async fn cookies_of_requests_that_end_at_once_are_all_kept() {
    let mut scene = Scene::new().await;
    let (ann, path) = (scene.ann.clone(), scene.send_path());
    let body = json!({"environment": scene.environment, "overrides": {"who": "x"}});
    let set = |name: String| format!("{name}=1; Path=/");
    // All new; then some new, one again, and one deleted beside them.
    let first: Vec<String> = (0..20).map(|number| set(format!("a{number}"))).collect();
    let mut second: Vec<String> = (2..20).map(|number| set(format!("b{number}"))).collect();
    second.extend(["a0=; Path=/; Max-Age=0".to_owned(), "a1=2; Path=/".to_owned()]);
    for cookies in [first, second] {
        let sends = futures_util::future::join_all(cookies.iter().map(|_| ann.post(&path, body.clone())));
        let api = &mut scene.api;
        let answers = async {
            // All are on their way before the first has an answer.
            let mut calls = Vec::new();
            while calls.len() < cookies.len() {
                calls.push(api.call().await.1);
            }
            for (cookie, mut socket) in cookies.iter().zip(calls) {
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: {cookie}\r\n\r\n");
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let (sent, ()) = tokio::join!(sends, answers);
        for answer in sent {
            assert_eq!(answer.expect(200)["response"]["status"], 200);
        }
    }
    let (_, head) = scene.sends(&ann, body, "").await;
    let line = head.lines().find_map(|line| line.strip_prefix("Cookie: ")).unwrap();
    let mut came: Vec<&str> = line.split("; ").collect();
    came.sort_unstable();
    let mut wanted: Vec<String> = (2..20).flat_map(|number| [format!("a{number}=1"), format!("b{number}=1")]).collect();
    wanted.push("a1=2".into());
    wanted.sort_unstable();
    assert_eq!(came, wanted);
}
