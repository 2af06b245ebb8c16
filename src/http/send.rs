//! Requests that are sent for a person: made of an item as it is now, of an entry of the sender's history, or of what
//! comes along; all are led through the guard in one way, and kept in the sender's history alone.

mod order;
mod under_way;

use super::extract::{Caller, Ids, Json};
use super::{App, history, json};
use crate::call::build::Built;
use crate::call::history::keep_cookies;
use crate::call::limits::Wait;
use crate::call::send::cookies::Jar;
use crate::call::send::error::SendError;
use crate::call::source::lacks;
use crate::call::{Header, Outcome};
use crate::config::LARGEST_SEND;
use crate::id::{EntryId, EnvironmentId, ItemId, WorkspaceId};
use crate::protocol::own::HistoryEntry;
use crate::store::own::Owner;
use crate::store::{now_utc, unavailable};
use crate::workspace::Workspace;
use crate::workspace::decide::checked_name;
use crate::workspace::item::{Content, ItemKind};
use crate::workspace::member::Viewer;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use order::{Order, Place, Prepared};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;
use under_way::{Call, UnderWay};

/// What a request is sent with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSend {
    /// The environment whose variables have values, the sender's private ones laid over them.
    #[serde(default)]
    environment: Option<EnvironmentId>,
    /// Values that win over all others, for this once; null: the variable has none.
    #[serde(default)]
    overrides: BTreeMap<String, Option<String>>,
    /// A Postman request that takes the place of the item's, for this once.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    request: Option<Content>,
    /// Files for the body, by the `src` or else the `key` of where they go.
    #[serde(default)]
    files: HashMap<String, SentFile>,
}

/// What a request of a history is sent again with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SendAgain {
    /// Values laid over those it was sent with; null: the variable has none.
    #[serde(default)]
    overrides: BTreeMap<String, Option<String>>,
    /// A Postman request that takes the place of the one that was kept.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    request: Option<Content>,
    /// Files for the body: none are kept.
    #[serde(default)]
    files: HashMap<String, SentFile>,
}

/// A request that is no item: a script's own, or one that is tried out.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SendAlone {
    /// A Postman request.
    #[schema(value_type = Object)]
    request: Content,
    /// What the history calls it.
    #[serde(default)]
    name: Option<String>,
    /// The environment whose variables have values, the sender's private ones laid over them.
    #[serde(default)]
    environment: Option<EnvironmentId>,
    /// Values that win over all others, for this once; null: the variable has none.
    #[serde(default)]
    overrides: BTreeMap<String, Option<String>>,
    /// Files for the body, by the `src` or else the `key` of where they go.
    #[serde(default)]
    files: HashMap<String, SentFile>,
    /// Whose collection's variables have values. Nothing else of it is inherited, no authorization.
    #[serde(default)]
    item: Option<ItemId>,
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
    /// What is in it. A body with all its files has at most 8 MiB.
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
    Json(asked): Json<NewSend, LARGEST_SEND>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let item = workspace.item(item).ok_or(Code::NotFound)?;
    if item.kind != ItemKind::Request {
        return Err(Problem::new(Code::WrongPlace, "Only a request can be sent."));
    }
    let order = Order {
        item: Some(item.id),
        name: item.name.clone(),
        place: Place::of(&workspace, item),
        request: asked.request,
        environment: asked.environment,
        overrides: asked.overrides,
        files: asked.files,
    };
    carry_out(&app, &workspace, &viewer, order).await
}

/// What it was made of is as it was; all else is as it is by now.
pub(super) async fn send_again(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, entry)): Ids<(WorkspaceId, EntryId)>,
    Json(asked): Json<SendAgain, LARGEST_SEND>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let owner = Owner { workspace: id, user: viewer.user };
    let entry = app.store.entry(owner, entry).await.map_err(unavailable)?.ok_or(Code::NotFound)?;
    let source = history::source(&entry.source)?;
    if let Some(missing) = lacks(&source, &asked.overrides, asked.request.is_some()) {
        let detail = format!("The history does not keep `{missing}` of this entry: send it along.");
        return Err(Problem::new(Code::Invalid, detail).at(missing));
    }
    if source.environment.is_some_and(|environment| workspace.environment(environment).is_none()) {
        let detail = "The environment that this was sent with is deleted.";
        return Err(Problem::new(Code::Invalid, detail).at("environment"));
    }
    // What is gone gives nothing any more.
    let place = match entry.head.item.and_then(|item| workspace.item(item)) {
        Some(item) if source.inherits => Place::of(&workspace, item),
        Some(item) => Place::beside(&workspace, item),
        None => Place::gone(source.inherits),
    };
    let order = Order {
        item: entry.head.item,
        name: entry.head.name,
        place,
        request: asked.request.or(source.request),
        environment: source.environment,
        overrides: source.overrides.into_iter().chain(asked.overrides).collect(),
        files: asked.files,
    };
    carry_out(&app, &workspace, &viewer, order).await
}

pub(super) async fn send_alone(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Json(asked): Json<SendAlone, LARGEST_SEND>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let item = match asked.item {
        Some(item) => Some(workspace.item(item).ok_or_else(|| Problem::from(Code::NotFound).at("item"))?),
        None => None,
    };
    let name = match &asked.name {
        Some(name) => checked_name(name)?.to_owned(),
        None => String::new(),
    };
    let order = Order {
        item: asked.item,
        name,
        place: item.map(|item| Place::beside(&workspace, item)).unwrap_or_default(),
        request: Some(asked.request),
        environment: asked.environment,
        overrides: asked.overrides,
        files: asked.files,
    };
    carry_out(&app, &workspace, &viewer, order).await
}

/// The one way in which requests are sent.
async fn carry_out(
    app: &Arc<App>,
    workspace: &Workspace,
    viewer: &Viewer,
    mut order: Order,
) -> Result<Response, Problem> {
    let owner = Owner { workspace: workspace.id, user: viewer.user };
    let permit = match app.sends.admit(owner.user) {
        Ok(permit) => Arc::new(permit),
        Err(wait) => return Ok(later(wait)),
    };
    let Prepared { built: Built { outgoing, undefined, .. }, source, redaction } =
        order.prepare(app, workspace, viewer).await?;
    let mut jar = cookies(app, owner).await?;
    let Order { item, name, .. } = order;
    let call = Arc::new(Call { owner, item, name, source, outgoing, redaction, begun: Instant::now() });
    // Who goes away meanwhile ends the request, and finds that in the history.
    let under_way = UnderWay::begin(app, &call);
    let (sender, sent) = (app.sender.with(Arc::clone(&permit)), Arc::clone(&call));
    // What is asked of the store is asked from here: who waits for that there would wait with what others ask of it.
    let (outcome, entry, jar) = app
        .threads
        .run(async move {
            let outcome = sender.send(sent.outgoing.clone(), &mut jar).await;
            let entry = sent.entry(outcome.as_ref().map_err(SendError::code));
            Ok((outcome, entry, jar))
        })
        .await?;
    under_way.end();
    let answered = outcome.as_ref().is_ok_and(|outcome| (200..400).contains(&outcome.status));
    app.hub.called(owner.workspace, owner.user, now_utc(), answered);
    // Who asked has the answer, whether it can be kept or not: the request is not to be sent once more for it.
    let kept = match entry {
        Ok(entry) => app.keep(owner, entry).await,
        Err(problem) => Err(problem),
    };
    let entry = kept.unwrap_or_else(|problem| {
        tracing::warn!(%problem, "a request that was sent is not in the history");
        None
    });
    if let Err(problem) = keep_cookies(app.store.as_ref(), owner, jar.taken()).await {
        tracing::warn!(%problem, "cookies of an answer are not kept");
    }
    let request = SentRequest {
        method: call.outgoing.method.clone(),
        url: call.outgoing.url.clone(),
        headers: call.outgoing.headers.iter().cloned().map(|(name, value)| Header { name, value }).collect(),
    };
    let (response, error) = match outcome {
        Ok(outcome) => (Some(outcome), None),
        Err(error) => (None, Some(Failure { code: error.code(), title: error.to_string() })),
    };
    let answer = SendAnswer { entry, request, undefined, response, error };
    app.threads.run(async move { Ok(json(StatusCode::OK, &answer)) }).await
}

fn later(wait: Wait) -> Response {
    let mut response = Problem::new(Code::TooMany, wait.to_string()).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.retry_after()));
    response
}

async fn cookies(app: &App, owner: Owner) -> Result<Jar, Problem> {
    match app.store.cookies(owner).await.map_err(unavailable)? {
        Some(json) => Jar::from_json(&json).map_err(unavailable),
        None => Ok(Jar::default()),
    }
}
