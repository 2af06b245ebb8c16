//! Workspaces: the caller's list, a new one, the snapshot, settings, the switch, the end.

use super::extract::{Caller, Ids, Json};
use super::{App, is_known, raw_json};
use crate::id::{Epoch, OpId, WorkspaceId};
use crate::protocol::{WorkspaceEntry, Workspaces};
use crate::store::now_utc;
use crate::store::unavailable;
use crate::visibility::{self, Seen};
use crate::workspace::command::{Action, Change, WorkspacePatch};
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) async fn list(State(app): State<Arc<App>>, Caller(caller): Caller) -> Result<Seen<Workspaces>, Problem> {
    let own = app.hub.workspaces_of(caller.user.id).await?;
    Ok(visibility::workspaces(own.iter().map(|(workspace, viewer)| (workspace.as_ref(), *viewer))))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    #[serde(default)]
    description: String,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Json(body): Json<New>,
) -> Result<Response, Problem> {
    let team = caller.user.team.ok_or(Code::Forbidden)?;
    let team = app.store.team(team).await.map_err(unavailable)?.ok_or(Code::Forbidden)?;
    let id = app.hub.create(&team, &caller.user, &body.name, &body.description, now_utc()).await?;
    let entry = entry(&app, id, &caller).await?;
    Ok((StatusCode::CREATED, entry).into_response())
}

async fn entry(
    app: &App,
    id: WorkspaceId,
    caller: &crate::identity::SignedIn,
) -> Result<Seen<WorkspaceEntry>, Problem> {
    let (workspace, viewer) = app.seen(id, caller).await?;
    Ok(visibility::workspace_entry(&workspace, &viewer))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // First who may see it, as every node knows it by now: somebody who joined on another one a moment ago may.
    let (_, viewer) = app.seen(id, &caller).await?;
    let ready = app.hub.room(id).await?.snapshot(&viewer);
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let gzip = accepts.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == "gzip");
    let mut response = match (is_known(&headers, &ready.etag), gzip) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, true) => raw_json(StatusCode::OK, ready.gzip.clone()),
        (false, false) => raw_json(StatusCode::OK, ready.json.clone()),
    };
    let answer = response.headers_mut();
    if gzip && !is_known(&headers, &ready.etag) {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&ready.etag) {
        answer.insert(header::ETAG, etag);
    }
    Ok(response)
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Json(patch): Json<WorkspacePatch>,
) -> Result<Seen<WorkspaceEntry>, Problem> {
    let action = Action::Edit(vec![Change::WorkspaceUpdate { patch }]);
    app.hub.command(id, App::command(&caller, action)).await?;
    entry(&app, id, &caller).await
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<StatusCode, Problem> {
    app.hub.command(id, App::command(&caller, Action::Delete)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    confirm: String,
}

pub(super) async fn switch_mode(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Json(body): Json<Confirm>,
) -> Result<Seen<WorkspaceEntry>, Problem> {
    let action = Action::SwitchMode { confirm: body.confirm, epoch: Epoch::new() };
    app.hub.command(id, App::command(&caller, action)).await?;
    entry(&app, id, &caller).await
}

/// The answer to an edit over HTTP.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Acked {
    pub(super) op: OpId,
    pub(super) position: u64,
}
