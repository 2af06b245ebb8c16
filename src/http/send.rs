//! Requests that are sent for a person: made of an item as it is now, led through the guard, and kept in the sender's
//! history alone.

use super::extract::{Caller, Ids, Json};
use super::{App, json};
use crate::call::build::{Built, Sources, Upload, build};
use crate::call::history::{Sent, keep_cookies};
use crate::call::limits::Wait;
use crate::call::redact::Redaction;
use crate::call::send::cookies::Jar;
use crate::call::send::error::SendError;
use crate::call::variables::{Scope, Variables};
use crate::call::{Header, Outcome, Outgoing};
use crate::id::{EnvironmentId, ItemId, WorkspaceId};
use crate::protocol::own::{HistoryEntry, Values};
use crate::store::own::Owner;
use crate::store::{now_utc, unavailable};
use crate::workspace::Workspace;
use crate::workspace::item::{Content, Item, ItemKind};
use crate::workspace::member::Viewer;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// What a request is sent with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSend {
    /// The environment whose variables have values, the sender's private ones laid over them.
    #[serde(default)]
    environment: Option<EnvironmentId>,
    /// Values that win over all others, for this once.
    #[serde(default)]
    overrides: BTreeMap<String, String>,
    /// A Postman request that takes the place of the item's, for this once.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    request: Option<Content>,
    /// Files for the body, by the `src` or else the `key` of where they go.
    #[serde(default)]
    files: HashMap<String, SentFile>,
}

/// A file for a body.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SentFile {
    /// Its name, as the receiver is told.
    file_name: String,
    /// Its media type; `application/octet-stream` when left out.
    #[serde(default)]
    content_type: String,
    /// What is in it.
    base64: String,
}

/// What was sent, and what came of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SendAnswer {
    /// Its entry in the sender's history; null when it could not be kept.
    entry: Option<HistoryEntry>,
    /// What went out.
    request: SentRequest,
    /// Names without a value: they stand in the request as they are.
    undefined: Vec<String>,
    /// What came back; null when nothing did.
    response: Option<Outcome>,
    /// Why nothing did.
    error: Option<Failure>,
}

/// A request as it went out.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SentRequest {
    /// The method.
    method: String,
    /// The URL.
    url: String,
    /// In order. What every connection has (`Host` and so on) comes beside it.
    headers: Vec<Header>,
}

/// Why nothing came back.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Failure {
    /// A stable word: `name_not_found`, `timed_out`, `target_refused`.
    code: &'static str,
    /// A sentence.
    title: String,
}

pub(super) async fn send(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item)): Ids<(WorkspaceId, ItemId)>,
    Json(asked): Json<NewSend>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let item = workspace.item(item).ok_or(Code::NotFound)?.clone();
    if item.kind != ItemKind::Request {
        return Err(Problem::new(Code::WrongPlace, "Only a request can be sent."));
    }
    let owner = Owner { workspace: id, user: viewer.user };
    let permit = match app.sends.admit(owner.user) {
        Ok(permit) => Arc::new(permit),
        Err(wait) => return Ok(later(wait)),
    };
    let (built, redaction) = prepare(&app, &workspace, &viewer, &item, asked).await?;
    let Built { outgoing, undefined, .. } = built;
    let mut jar = cookies(&app, owner).await?;
    // Who goes away meanwhile ends the request, and finds that in the history.
    let mut under_way = UnderWay {
        app: Arc::clone(&app),
        owner,
        item: Arc::clone(&item),
        outgoing: outgoing.clone(),
        redaction,
        begun: Instant::now(),
        ended: false,
    };
    let outcome = app.sender.with(Arc::clone(&permit)).send(outgoing, &mut jar).await;
    under_way.ended = true;
    let at = now_utc();
    app.hub.called(id, owner.user, at, outcome.as_ref().is_ok_and(|outcome| (200..400).contains(&outcome.status)));
    let entry = under_way.record(outcome.as_ref().map_err(SendError::code)).await?;
    keep_cookies(app.store.as_ref(), owner, jar.taken()).await?;
    let request = SentRequest {
        method: under_way.outgoing.method.clone(),
        url: under_way.outgoing.url.clone(),
        headers: under_way.outgoing.headers.iter().cloned().map(|(name, value)| Header { name, value }).collect(),
    };
    let (response, error) = match outcome {
        Ok(outcome) => (Some(outcome), None),
        Err(error) => (None, Some(Failure { code: error.code(), title: error.to_string() })),
    };
    Ok(json(StatusCode::OK, &SendAnswer { entry, request, undefined, response, error }))
}

fn later(wait: Wait) -> Response {
    let mut response = Problem::new(Code::TooMany, wait.to_string()).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.retry_after()));
    response
}

/// A send that has begun. Dropped before it ended, it is kept as `canceled`.
struct UnderWay {
    app: Arc<App>,
    owner: Owner,
    item: Arc<Item>,
    outgoing: Outgoing,
    redaction: Redaction,
    begun: Instant,
    ended: bool,
}

impl UnderWay {
    async fn record(&self, outcome: Result<&Outcome, &str>) -> Result<Option<HistoryEntry>, Problem> {
        let sent = Sent {
            item: Some(self.item.id),
            name: &self.item.name,
            request: &self.outgoing,
            outcome,
            total_ms: self.begun.elapsed().as_secs_f64() * 1_000.0,
        };
        self.app.record(self.owner, sent, &self.redaction).await
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let canceled = Self {
            app: Arc::clone(&self.app),
            owner: self.owner,
            item: Arc::clone(&self.item),
            outgoing: self.outgoing.clone(),
            redaction: self.redaction.clone(),
            begun: self.begun,
            ended: true,
        };
        tokio::spawn(async move {
            if let Err(problem) = canceled.record(Err("canceled")).await {
                tracing::warn!(%problem, "a request that was canceled is not in the history");
            }
        });
    }
}

/// The request with all its values, and what of them is secret.
async fn prepare(
    app: &App,
    workspace: &Workspace,
    viewer: &Viewer,
    item: &Item,
    asked: NewSend,
) -> Result<(Built, Redaction), Problem> {
    let mut ancestors = Vec::new();
    let mut above = item.parent;
    while let Some(parent) = above.and_then(|id| workspace.item(id)) {
        ancestors.push(Arc::clone(&parent.content));
        above = parent.parent;
    }
    ancestors.reverse();
    let malformed = |error: crate::call::Malformed| Problem::new(Code::Invalid, error.to_string());
    let of_collection = match ancestors.first() {
        Some(collection) => Variables::of_collection(collection).map_err(malformed)?,
        None => Variables::default(),
    };
    let (of_environment, private) = match asked.environment {
        Some(id) => {
            let environment = workspace.environment(id).ok_or(Code::NotFound)?;
            let owner = Owner { workspace: workspace.id, user: viewer.user };
            let kept = app.store.values(owner, id).await.map_err(unavailable)?;
            let values = kept.map(|kept| serde_json::from_str::<Values>(&format!("{{\"values\":{kept}}}")));
            let values = values.transpose().map_err(|error| unavailable(error.into()))?.unwrap_or_default();
            (Variables::of_environment(&environment.content).map_err(malformed)?, values.values)
        }
        None => (Variables::default(), BTreeMap::new()),
    };
    // A secret's shared value is the team's: it does not go out for a partner either.
    let open = |variables: &Variables| if viewer.is_team() { variables.all() } else { variables.open() };
    let secret_names = of_collection.secret_names().chain(of_environment.secret_names());
    let own: Vec<&BTreeMap<String, String>> = vec![&private, &asked.overrides];
    let own_secrets: Vec<String> =
        secret_names.flat_map(|name| own.iter().filter_map(move |values| values.get(name).cloned())).collect();
    let layers = [
        open(&of_collection),
        open(&of_environment),
        private.clone().into_iter().collect(),
        asked.overrides.clone().into_iter().collect(),
    ];
    let scope = Scope::new(layers);
    let content = match &asked.request {
        Some(request) => with_request(&item.content, request)?,
        None => Arc::clone(&item.content),
    };
    let files = asked.files.into_iter().map(upload).collect::<Result<HashMap<_, _>, Problem>>()?;
    let (now, mut secrets) = (now_utc(), own_secrets);
    secrets.extend(of_collection.secrets().into_iter().chain(of_environment.secrets()));
    // Large bodies and signatures take a while.
    let built = tokio::task::spawn_blocking(move || {
        let ancestors: Vec<&RawValue> = ancestors.iter().map(AsRef::as_ref).collect();
        let sources = Sources { item: &content, ancestors: &ancestors, scope: &scope, files: &files, now };
        build(&sources, &mut rand::rng())
    });
    let built = built.await.map_err(|error| unavailable(error.into()))?;
    let built = built.map_err(|error| Problem::new(Code::Invalid, error.to_string()))?;
    secrets.extend(built.secrets.iter().cloned());
    Ok((built, Redaction::of(secrets)))
}

/// An item's content with another request in it.
fn with_request(content: &RawValue, request: &RawValue) -> Result<Content, Problem> {
    let mut fields: indexmap::IndexMap<String, &RawValue> =
        serde_json::from_str(content.get()).map_err(|error| unavailable(error.into()))?;
    fields.insert("request".into(), request);
    to_raw_value(&fields).map(Content::from).map_err(|error| unavailable(error.into()))
}

fn upload((name, file): (String, SentFile)) -> Result<(String, Upload), Problem> {
    let bytes = STANDARD.decode(&file.base64).map_err(|error| {
        Problem::new(Code::Invalid, format!("The file is no base64: {error}")).at(format!("files.{name}.base64"))
    })?;
    Ok((name, Upload { file_name: file.file_name, content_type: file.content_type, bytes: bytes.into() }))
}

async fn cookies(app: &App, owner: Owner) -> Result<Jar, Problem> {
    match app.store.cookies(owner).await.map_err(unavailable)? {
        Some(json) => Jar::from_json(&json).map_err(unavailable),
        None => Ok(Jar::default()),
    }
}
