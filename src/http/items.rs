//! Items and environments: one with its content, files in and out, edits without a socket.

use super::extract::{self, Asked, Caller, Ids, Json};
use super::workspaces::Acked;
use super::{App, json};
use crate::config::LARGEST_IMPORT;
use crate::id::{EnvironmentId, ItemId, OpId, WorkspaceId};
use crate::identity::export_link;
use crate::protocol::{ImportedRoot, SeenItem};
use crate::store::{now_utc, unavailable};
use crate::visibility::{self, Seen};
use crate::workspace::command::{Action, Change, Command};
use crate::workspace::postman::{self, Import};
use crate::workspace::problem::{Code, Problem};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::OffsetDateTime;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item)): Ids<(WorkspaceId, ItemId)>,
) -> Result<Seen<SeenItem>, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let item = workspace.item(item).ok_or(Code::NotFound)?;
    Ok(visibility::item(&workspace, &viewer, item))
}

#[derive(Deserialize)]
pub(super) struct ByLink {
    /// Takes the place of all other credentials.
    link: Option<String>,
}

pub(super) async fn export(
    State(app): State<Arc<App>>,
    caller: Result<Caller, Problem>,
    Asked(asked): Asked<ByLink>,
    Ids((id, item)): Ids<(WorkspaceId, ItemId)>,
) -> Result<Response, Problem> {
    let person = match asked.link {
        Some(link) => {
            let key = app.store.cluster_key().await.map_err(unavailable)?;
            export_link::open(&key, id, item, &link, now_utc()).ok_or(Code::StaleToken)?
        }
        None => caller?.0.user.id,
    };
    let (workspace, viewer) = app.seen_by(id, person).await?;
    let item = workspace.item(item).ok_or(Code::NotFound)?;
    let file = visibility::export(&workspace, &viewer, item).map_err(unavailable)?;
    Ok(download("collection", file))
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ExportLink {
    url: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

pub(super) async fn export_link(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item)): Ids<(WorkspaceId, ItemId)>,
) -> Result<Response, Problem> {
    let (workspace, _) = app.seen(id, &caller).await?;
    workspace.item(item).ok_or(Code::NotFound)?;
    let key = app.store.cluster_key().await.map_err(unavailable)?;
    let expires_at = (now_utc() + export_link::LIFE).replace_nanosecond(0).unwrap_or_else(|_| now_utc());
    let token = export_link::seal(&key, id, item, caller.user.id, expires_at);
    let url = format!("{}/v1/workspaces/{id}/items/{item}/export?link={token}", app.public_url);
    Ok(json(StatusCode::CREATED, &ExportLink { url, expires_at }))
}

pub(super) async fn export_environment(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, environment)): Ids<(WorkspaceId, EnvironmentId)>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let environment = workspace.environment(environment).ok_or(Code::NotFound)?;
    let file = visibility::export_environment(&viewer, environment).map_err(unavailable)?;
    Ok(download("environment", file))
}

fn download(kind: &str, file: Seen<String>) -> Response {
    let mut response = Response::new(Body::from(file.into_inner()));
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let disposition = format!("attachment; filename=\"export.postman_{kind}.json\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        answer.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Imported {
    pub(super) items: Vec<ImportedRoot>,
}

pub(super) async fn import(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    request: Request,
) -> Result<Response, Problem> {
    // Who may not edit is told so before 64 MiB are read.
    let (_, viewer) = app.seen(id, &caller).await?;
    if !viewer.may_edit() {
        return Err(Code::Forbidden.into());
    }
    let bytes = extract::body(request.into_body(), LARGEST_IMPORT).await?;
    let read = tokio::task::spawn_blocking(move || postman::import(&bytes, &mut ItemId::in_a_row())).await;
    let read = read.map_err(|error| unavailable(error.into()))?;
    let read = read.map_err(|fault| {
        let code = if fault.code == "too_many_items" { Code::TooManyItems } else { Code::BadFile };
        Problem::new(code, fault.message).at(fault.path)
    })?;
    let (action, items) = match read {
        Import::Collection(items) => {
            let root = |item: &crate::workspace::item::NewItem| ImportedRoot {
                id: item.id.0,
                kind: "collection".into(),
                name: item.name.clone(),
            };
            let roots = items.iter().filter(|item| item.parent.is_none()).map(root).collect();
            (Action::ImportItems(items), roots)
        }
        Import::Environment { name, content } => {
            let id = EnvironmentId::new();
            let root = ImportedRoot { id: id.0, kind: "environment".into(), name: name.clone() };
            (Action::ImportEnvironment { id, name, content }, vec![root])
        }
    };
    app.hub.command(id, App::command(&caller, action)).await?;
    Ok(json(StatusCode::CREATED, &Imported { items }))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    op: OpId,
    changes: Vec<Change>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Json(body): Json<Edit>,
) -> Result<Response, Problem> {
    let command = Command { op: Some(body.op), ..App::command(&caller, Action::Edit(body.changes)) };
    let answered = app.hub.command(id, command).await?;
    Ok(json(StatusCode::OK, &Acked { op: body.op, position: answered.position }))
}
