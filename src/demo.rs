//! A demo: a temporary store, a team with a real collection, two partner companies, a link for each person. With
//! `--bots`, partners come, look around and leave while an editor edits. All of it through the public interface.

use crate::config::target::AllowTarget;
use crate::config::{HistoryOptions, MailOptions, SESSION_EDITS_PER_SECOND, ServeOptions, StoreOptions};
use crate::http;
use crate::identity::Identity;
use crate::server::{Server, open_store};
use crate::store::now_utc;
use anyhow::Context;
use axum::http::{HeaderMap, header};
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// The collection of the demo: Adyen's Management API, (c) 2023 Adyen, MIT; see `tests/data/README.md`.
const COLLECTION: &[u8] = include_bytes!("../tests/data/adyen-management.postman_collection.json");
/// Two companies, three people.
const PARTNERS: [(&str, &str, bool); 3] = [
    ("grace@acme-payments.com", "Grace Hopper", true),
    ("edsger@acme-payments.com", "Edsger Dijkstra", false),
    ("barbara@globex-retail.com", "Barbara Liskov", false),
];
/// The team, beside its admin.
const EDITOR: (&str, &str) = ("alan@loggia-demo.com", "Alan Turing");
const NAME: &str = "Payments API";

/// How to show it.
#[derive(Clone, Debug, Args)]
pub struct DemoOptions {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Partners who come, look around and leave, while an editor edits.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub bots: u16,
    /// A target inside the network that people's requests may be sent to, as for `serve`: an API on this machine, say
    /// (127.0.0.1:3000). What is public is open anyway.
    #[arg(long = "allow-target", value_delimiter = ',')]
    pub allow_target: Vec<AllowTarget>,
}

/// Serves the demo until `shutdown`.
///
/// # Errors
/// When something can't be set up.
pub async fn run(options: DemoOptions, shutdown: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let store = open_store(&StoreOptions::folder(&folder.0)).await?;
    let serve = ServeOptions {
        listen: options.listen,
        public_url: None,
        allow_origin: Vec::new(),
        redis_url: None,
        session_edits_per_second: SESSION_EDITS_PER_SECOND,
        allow_target: options.allow_target,
        history: HistoryOptions::default(),
        mail: MailOptions::default(),
        store: StoreOptions::folder(&folder.0),
    };
    let (team, admin) =
        http::new_team("Loggia Demo", &["loggia-demo.com".into()], "ada@loggia-demo.com", Some("Ada Lovelace"))?;
    let admin = store.create_team(team, admin).await?;
    let identity = Identity::new(std::sync::Arc::clone(&store));
    let (_, token) = identity.token(admin.id, "demo", now_utc()).await?;
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("listening on {}", options.listen))?;
    let url = serve.public_url(listener.local_addr()?);
    let server = Server::new(listener, store, &serve).await?;
    let serving = tokio::spawn(server.run(shutdown));

    let api = Api {
        client: reqwest::Client::new(),
        url: url.clone(),
        credential: Credential::Token(token.reveal().to_owned()),
    };
    let (workspace, people) = furnish(&api).await.context("setting up the demo")?;
    let mut links = vec![("Ada Lovelace", "team, Admin", admin.id)];
    links.extend(people.iter().map(|(name, role, id)| (name.as_str(), role.as_str(), *id)));
    let mut text =
        format!("\nLoggia runs at {url}. One link a person; open two in two browsers (or private windows):\n\n");
    for (name, role, id) in links {
        let link = identity.link(id, false, now_utc(), time::Duration::days(1)).await?;
        text += &format!("  {name:<18} {role:<34} {url}/#sign_in={}\n", link.reveal());
    }
    text += "\nEverything is in a temporary folder and goes when you press Ctrl-C.\n";
    std::io::stdout().write_all(text.as_bytes())?;
    if options.bots > 0 {
        tokio::spawn(bots(api, workspace, options.bots));
    }
    serving.await.context("serving")?
}

/// A folder that goes with its value.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("loggia-demo-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "the demo's folder stays");
        }
    }
}

/// The public interface, as one person.
#[derive(Clone)]
struct Api {
    client: reqwest::Client,
    url: String,
    credential: Credential,
}

/// How the public interface knows one.
#[derive(Clone)]
enum Credential {
    Token(String),
    /// Of a browser that has accepted an invitation.
    Cookie(String),
}

impl Api {
    fn headers(&self) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        match &self.credential {
            Credential::Token(token) => headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse()?),
            Credential::Cookie(cookie) => headers.insert(header::COOKIE, cookie.parse()?),
        };
        headers.insert(header::ORIGIN, self.url.parse()?);
        Ok(headers)
    }

    /// Opens a live socket.
    async fn live(&self, workspace: &str) -> anyhow::Result<Socket> {
        let url = format!("{}/v1/workspaces/{workspace}/live", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        request.headers_mut().extend(self.headers()?);
        Ok(tokio_tungstenite::connect_async(request).await?.0)
    }

    /// The ids of a workspace's requests.
    async fn items(&self, workspace: &str) -> anyhow::Result<Vec<String>> {
        let url = format!("{}/v1/workspaces/{workspace}", self.url);
        let text = self.client.get(url).headers(self.headers()?).send().await?.error_for_status()?.text().await?;
        let snapshot: Value = serde_json::from_str(&text)?;
        let tree = snapshot["tree"].as_array().context("a snapshot has a tree")?;
        let requests = tree.iter().filter(|item| item["kind"] == "request");
        Ok(requests.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect())
    }

    /// Posts; the answer, and the cookie that came with it.
    async fn send(&self, path: &str, kind: &str, body: Vec<u8>) -> anyhow::Result<(Value, Option<String>)> {
        let request = self.client.post(format!("{}{path}", self.url)).headers(self.headers()?);
        let response = request.header(header::CONTENT_TYPE, kind).body(body).send().await?;
        let status = response.status();
        let cookie = response.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        let text = response.text().await?;
        anyhow::ensure!(status.is_success(), "POST {path}: {status} {text}");
        Ok((serde_json::from_str(&text).unwrap_or_default(), cookie))
    }

    async fn post(&self, path: &str, kind: &str, body: Vec<u8>) -> anyhow::Result<Value> {
        Ok(self.send(path, kind, body).await?.0)
    }

    async fn json(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.post(path, "application/json", body.to_string().into_bytes()).await
    }

    /// Invites people and accepts for them: the answers, and their cookies.
    async fn bring(
        &self,
        workspace: &str,
        side: &str,
        role: &str,
        who: &[(String, String, bool)],
    ) -> anyhow::Result<Vec<(Value, String)>> {
        let invitees: Vec<_> =
            who.iter().map(|(email, name, lead)| json!({"email": email, "name": name, "lead": lead})).collect();
        let body = json!({"invitees": invitees, "side": side, "role": role});
        let answer = self.json(&format!("/v1/workspaces/{workspace}/invitations"), body).await?;
        let mut accepted = Vec::new();
        for row in answer["rows"].as_array().into_iter().flatten() {
            let token = row["link"]
                .as_str()
                .and_then(|link| link.split_once("#invite="))
                .context("an invitation has no link")?
                .1;
            let body = json!({"token": token}).to_string().into_bytes();
            let (answer, cookie) = self.send("/v1/invitations/accept", "application/json", body).await?;
            accepted.push((answer, cookie.context("who accepts is signed in")?));
        }
        Ok(accepted)
    }
}

type Person = (String, String, crate::id::UserId);

async fn furnish(api: &Api) -> anyhow::Result<(String, Vec<Person>)> {
    let made = api
        .json("/v1/workspaces", json!({"name": NAME, "description": "The Management API, for all our partners."}))
        .await?;
    let workspace = made["id"].as_str().context("a workspace has an id")?.to_owned();
    api.post(&format!("/v1/workspaces/{workspace}/import"), "application/json", COLLECTION.to_vec()).await?;
    api.json(&format!("/v1/workspaces/{workspace}/multi_partner"), json!({"confirm": NAME})).await?;
    let editor = [(EDITOR.0.to_owned(), EDITOR.1.to_owned(), false)];
    let partners: Vec<_> =
        PARTNERS.iter().map(|(email, name, lead)| ((*email).into(), (*name).into(), *lead)).collect();
    let mut people = Vec::new();
    for (side, role, who) in [("team", "editor", editor.as_slice()), ("partner", "viewer", partners.as_slice())] {
        for ((accepted, _), (email, name, lead)) in api.bring(&workspace, side, role, who).await?.into_iter().zip(who) {
            let domain = email.split('@').nth(1).unwrap_or_default();
            let role = match (side, lead) {
                ("team", _) => "team, Editor".to_owned(),
                (_, true) => format!("partner, Lead ({domain})"),
                _ => format!("partner ({domain})"),
            };
            people.push((name.clone(), role, accepted["user"]["id"].as_str().unwrap_or_default().parse()?));
        }
    }
    Ok((workspace, people))
}

/// Keeps bots going: partners of twenty companies, and an editor. One that fails says so, and the others go on.
async fn bots(api: Api, workspace: String, count: u16) {
    let who: Vec<_> = (0..count).map(|n| (format!("bot{n}@bots-{}.com", n % 20), format!("Bot {n}"), false)).collect();
    let items = api.items(&workspace).await;
    let partners = api.bring(&workspace, "partner", "viewer", &who).await;
    let (items, partners) = match (items, partners) {
        (Ok(items), Ok(partners)) => (items, partners),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(error = format!("{error:#}"), "the demo has no bots");
            return;
        }
    };
    let mut all = tokio::task::JoinSet::new();
    for (_, cookie) in partners {
        let guest = Api { credential: Credential::Cookie(cookie), ..api.clone() };
        all.spawn(visit(guest, workspace.clone(), items.clone()));
    }
    all.spawn(edit(api, workspace, items));
    while let Some(ended) = all.join_next().await {
        if let Ok(Err(error)) = ended {
            tracing::warn!(error = format!("{error:#}"), "one of the demo's bots has stopped");
        }
    }
}

/// Comes, looks at some items, leaves; again and again.
async fn visit(api: Api, workspace: String, items: Vec<String>) -> anyhow::Result<()> {
    loop {
        pause(0..8_000).await;
        let mut socket = api.live(&workspace).await?;
        for _ in 0..rand::random_range(2..6) {
            let viewing = items.get(rand::random_range(0..items.len()));
            let message = json!({"type": "presence", "viewing": viewing, "status": "active"});
            socket.send(Message::text(message.to_string())).await?;
            listen(&mut socket, 1_000..4_000).await?;
        }
        socket.close(None).await?;
    }
}

/// Edits a request now and then.
async fn edit(api: Api, workspace: String, items: Vec<String>) -> anyhow::Result<()> {
    let mut socket = api.live(&workspace).await?;
    for round in 1_u64.. {
        let id = items.get(rand::random_range(0..items.len()));
        let description = format!("Read once more by the demo's editor, round {round}.");
        let patch = json!({"content": {"request": {"description": description}}});
        let change = json!({"kind": "item_update", "id": id, "patch": patch});
        let message = json!({"type": "edit", "op": uuid::Uuid::now_v7(), "changes": [change]});
        socket.send(Message::text(message.to_string())).await?;
        listen(&mut socket, 500..2_000).await?;
    }
    Ok(())
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// Reads for some milliseconds.
async fn listen(socket: &mut Socket, millis: Range<u64>) -> anyhow::Result<()> {
    let enough = pause(millis);
    tokio::pin!(enough);
    loop {
        tokio::select! {
            () = &mut enough => return Ok(()),
            message = socket.next() => {
                message.context("the server closed the socket")??;
            }
        }
    }
}

async fn pause(millis: Range<u64>) {
    tokio::time::sleep(Duration::from_millis(rand::random_range(millis))).await;
}
