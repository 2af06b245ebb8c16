//! A server of the test's own (the real one, on a free port, in its own folder), and clients that keep a replica.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that can't go on fails")]

pub mod node;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod smtp;

use futures_util::{SinkExt, StreamExt};
use loggia::config::{HistoryOptions, MailOptions, SESSION_EDITS_PER_SECOND, SecretUrl, ServeOptions, StoreOptions};
use loggia::http::{App, new_team};
use loggia::identity::Identity;
use loggia::server::{Server, open_store};
use loggia::store::Store;
use loggia::store::now_utc;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longer than anything here takes; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct TestServer {
    pub url: String,
    pub store: Arc<dyn Store>,
    pub app: Arc<App>,
    pub folder: tempfile::TempDir,
    pub admin: Person,
    redis_url: Option<String>,
    stop: Option<oneshot::Sender<()>>,
}

/// Somebody with a token.
#[derive(Clone, Debug)]
pub struct Person {
    pub url: String,
    pub id: String,
    pub email: String,
    pub token: String,
    pub http: reqwest::Client,
}

/// An answer: status, headers, body (JSON, or null).
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

/// What keeps a test's things: PostgreSQL when `LOGGIA_TEST_STORE` says so, and otherwise SQLite in its folder.
pub async fn store_options(folder: &std::path::Path) -> StoreOptions {
    match std::env::var("LOGGIA_TEST_STORE").as_deref() {
        Ok("postgres") => {
            let url = postgres::Cluster::shared().new_database().await;
            StoreOptions { database_url: Some(SecretUrl(url)), ..StoreOptions::folder(folder) }
        }
        Ok(other) => panic!("there is no store {other} to test"),
        Err(_) => StoreOptions::folder(folder),
    }
}

impl TestServer {
    /// A server with a team (`host.com`) and its admin.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open_store(&store_options(folder.path()).await).await.unwrap();
        Self::with(store, folder).await
    }

    /// The same, upon a store that is new.
    pub async fn with(store: Arc<dyn Store>, folder: tempfile::TempDir) -> Self {
        Self::first_node(store, folder, None).await
    }

    /// The first of several nodes, upon a store that is new.
    pub async fn first_node(store: Arc<dyn Store>, folder: tempfile::TempDir, redis_url: Option<String>) -> Self {
        let (team, admin) = new_team("Host", &["host.com".into()], "ada@host.com", Some("Ada Admin")).unwrap();
        let admin = store.create_team(team, admin).await.unwrap();
        let (_, token) = Identity::new(Arc::clone(&store)).token(admin.id, "test", now_utc()).await.unwrap();
        let (url, stop, app) = Self::serve(Arc::clone(&store), folder.path(), redis_url.clone()).await;
        let admin = Person {
            url: url.clone(),
            id: admin.id.to_string(),
            email: admin.email,
            token: token.reveal().to_owned(),
            http: reqwest::Client::new(),
        };
        Self { url, store, app, folder, admin, redis_url, stop: Some(stop) }
    }

    /// Another node upon the same database, with a store of its own and another way to Redis, if need be.
    pub async fn another_node(&self, store: Arc<dyn Store>, redis_url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis_url = redis_url.or_else(|| self.redis_url.clone());
        let (url, stop, app) = Self::serve(Arc::clone(&store), folder.path(), redis_url.clone()).await;
        let admin = self.admin.at(&url);
        Self { url, store, app, folder, admin, redis_url, stop: Some(stop) }
    }

    /// Has the node leave as on SIGTERM. Returns at once.
    pub fn leave(&mut self) {
        drop(self.stop.take());
    }

    async fn serve(
        store: Arc<dyn Store>,
        folder: &std::path::Path,
        redis_url: Option<String>,
    ) -> (String, oneshot::Sender<()>, Arc<App>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = ServeOptions {
            listen: address,
            public_url: None,
            allow_origin: Vec::new(),
            redis_url: redis_url.map(SecretUrl),
            session_edits_per_second: SESSION_EDITS_PER_SECOND,
            allow_target: vec!["127.0.0.1".parse().unwrap()],
            history: HistoryOptions::default(),
            mail: MailOptions::default(),
            store: StoreOptions::folder(folder),
        };
        let server = Server::new(listener, store, &options).await.unwrap();
        let app = server.app();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        (format!("http://{address}"), stop, app)
    }

    /// The same, after a restart: its rooms are open no more.
    pub async fn restarted(mut self) -> Self {
        drop(self.stop.take());
        let (url, stop, app) = Self::serve(Arc::clone(&self.store), self.folder.path(), self.redis_url.clone()).await;
        (self.url, self.stop, self.app) = (url, Some(stop), app);
        self.admin = self.admin.at(&self.url);
        self
    }

    /// A workspace of the admin's, in classic mode; its id.
    pub async fn workspace(&self) -> String {
        let answer = self.admin.post("/v1/workspaces", json!({"name": "API", "description": "All of it"})).await;
        answer.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// The same, in multi-partner mode.
    pub async fn walled_workspace(&self) -> String {
        let id = self.workspace().await;
        self.switch(&id).await.expect(200);
        id
    }

    pub async fn switch(&self, workspace: &str) -> Answer {
        self.admin.post(&format!("/v1/workspaces/{workspace}/multi_partner"), json!({"confirm": "API"})).await
    }

    /// Invites somebody and accepts; `lead` for Partner Leads.
    pub async fn join(&self, workspace: &str, email: &str, side: &str, role: &str, lead: bool) -> Person {
        let name = email.split('@').next().unwrap();
        let body = json!({"invitees": [{"email": email, "name": name, "lead": lead}], "side": side, "role": role});
        let answer = self.admin.post(&format!("/v1/workspaces/{workspace}/invitations"), body).await;
        let rows = answer.expect(200)["rows"].clone();
        let link = rows[0]["link"].as_str().unwrap_or_else(|| panic!("no link: {rows}")).to_owned();
        let invitation = link.split_once("#invite=").unwrap().1;
        let Some(user) = self.store.user_by_email(email).await.unwrap() else { return self.accept(invitation).await };
        let (_, token) = Identity::new(Arc::clone(&self.store)).token(user.id, "test", now_utc()).await.unwrap();
        let token = token.reveal().to_owned();
        let http = reqwest::Client::new();
        let person = Person { url: self.url.clone(), id: user.id.to_string(), email: user.email, token, http };
        person.accept(invitation).await.expect(200);
        person
    }

    /// Accepts an invitation as somebody new, and makes a token.
    pub async fn accept(&self, invitation: &str) -> Person {
        let http = reqwest::Client::new();
        let url = format!("{}/v1/invitations/accept", self.url);
        let answer = http.post(url).json(&json!({"token": invitation})).send().await.unwrap();
        let answer = Answer::of(answer).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let user = answer.expect(200)["user"].clone();
        let url = format!("{}/v1/me/tokens", self.url);
        let request = http.post(url).header("cookie", cookie).header("origin", &self.url);
        let made = Answer::of(request.json(&json!({"name": "test"})).send().await.unwrap()).await;
        let token = made.expect(201)["token"].as_str().unwrap().to_owned();
        let text = |field: &str| user[field].as_str().unwrap().to_owned();
        Person { url: self.url.clone(), id: text("id"), email: text("email"), token, http }
    }

    pub async fn partner(&self, workspace: &str, email: &str) -> Person {
        self.join(workspace, email, "partner", "viewer", false).await
    }

    pub async fn editor(&self, workspace: &str, email: &str) -> Person {
        self.join(workspace, email, "team", "editor", false).await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, json }
    }

    /// The body, of an answer of this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        &self.json
    }

    /// Checks a refusal.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.json["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
    }
}

impl Person {
    /// The same person, at another address.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    pub async fn request(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Accepts an invitation as who it is already.
    pub async fn accept(&self, invitation: &str) -> Answer {
        self.post("/v1/invitations/accept", json!({"token": invitation})).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, None).await
    }

    pub async fn send_bytes(&self, path: &str, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token);
        Answer::of(request.header("content-type", kind).body(body.into()).send().await.unwrap()).await
    }

    /// Edits over HTTP; the shared position.
    pub async fn edit(&self, workspace: &str, changes: Value) -> u64 {
        let body = json!({"op": new_id(), "changes": changes});
        let answer = self.post(&format!("/v1/workspaces/{workspace}/changes"), body).await;
        answer.expect(200)["position"].as_u64().unwrap()
    }

    /// A collection with one request in it; their ids.
    pub async fn collection(&self, workspace: &str) -> (String, String) {
        let (root, request) = (new_id(), new_id());
        let changes = json!([
            {"kind": "item_create", "id": root, "parent": null, "item_kind": "collection", "name": "Users", "content": {"info": {}}},
            {"kind": "item_create", "id": request, "parent": root, "item_kind": "request", "name": "List users",
             "content": {"request": {"method": "GET", "url": "https://api.host.com/users", "description": "Lists all the users"}}},
        ]);
        self.edit(workspace, changes).await;
        (root, request)
    }

    /// A live socket, from now on.
    pub async fn live(&self, workspace: &str) -> TestClient {
        self.try_live(workspace, "").await.unwrap()
    }

    /// A live socket with a query such as `?epoch=…&shared=…`.
    pub async fn try_live(&self, workspace: &str, query: &str) -> Result<TestClient, tungstenite::Error> {
        let url = format!("{}/v1/workspaces/{workspace}/live{query}", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        headers.insert("sec-websocket-protocol", "loggia.v1".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(TestClient { socket, seen: Vec::new() })
    }
}

/// A live socket. Every text frame is kept in `seen`, as it came.
#[derive(Debug)]
pub struct TestClient {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub seen: Vec<String>,
}

impl TestClient {
    /// The next JSON message; panics when the socket closes.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a message in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    self.seen.push(text.to_string());
                    return serde_json::from_str(&text).unwrap();
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("the socket closed: {other:?}; seen {:?}", self.seen.last()),
            }
        }
    }

    /// The next message that fits; others are passed over (and kept in `seen`).
    pub async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().await;
            if fits(&message) {
                return message;
            }
        }
    }

    /// The next message of a type.
    pub async fn until_type(&mut self, kind: &str) -> Value {
        self.until(|message| message["type"] == kind).await
    }

    /// Reads to the end: the close code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a close in time") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Text(text))) => self.seen.push(text.to_string()),
                Some(Ok(Message::Close(None))) | None => return 1005,
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("the socket broke: {error}"),
            }
        }
    }

    pub async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Sends an edit; its answer (`ack` or `reject`), other messages passed over.
    pub async fn edit(&mut self, changes: Value) -> Value {
        let op = new_id();
        self.say(json!({"type": "edit", "op": op, "changes": changes})).await;
        self.until(|message| message["op"] == op.as_str() && message["type"] != "event").await
    }
}

/// A UUIDv7, as clients make them.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
