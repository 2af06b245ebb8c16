//! Comments on items. In multi-partner mode every one of these routes answers as for an item that isn't there, before
//! it looks at what was sent.

use super::extract::{Caller, Ids, Json};
use super::{App, json};
use crate::id::{CommentId, ItemId, UserId, WorkspaceId};
use crate::identity::SignedIn;
use crate::protocol::team::{Comments, SeenComment};
use crate::visibility::{self, Seen};
use crate::workspace::command::{Action, CommentAction};
use crate::workspace::problem::{Code, Problem};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item)): Ids<(WorkspaceId, ItemId)>,
) -> Result<Seen<Comments>, Problem> {
    all(&app, &caller, id, item).await
}

async fn all(app: &App, caller: &SignedIn, id: WorkspaceId, item: ItemId) -> Result<Seen<Comments>, Problem> {
    let (workspace, viewer) = app.seen(id, caller).await?;
    visibility::comments(&workspace, &viewer, item).ok_or(Code::NotFound.into())
}

/// The body, once it is sure that there are comments.
async fn body<T: DeserializeOwned>(
    app: &App,
    caller: &SignedIn,
    id: WorkspaceId,
    item: ItemId,
    request: Request,
) -> Result<T, Problem> {
    all(app, caller, id, item).await?;
    let Json(body): Json<T> = Json::from_request(request, &()).await?;
    Ok(body)
}

async fn done(
    app: &App,
    caller: &SignedIn,
    (id, item, comment): (WorkspaceId, ItemId, CommentId),
    action: CommentAction,
) -> Result<Seen<SeenComment>, Problem> {
    app.hub.command(id, App::command(caller, Action::Comment { item, action })).await?;
    let (workspace, viewer) = app.seen(id, caller).await?;
    visibility::comment(&workspace, &viewer, item, comment).ok_or(Code::NotFound.into())
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    /// Made by the client, so that sending it again is no second comment.
    id: Option<CommentId>,
    text: String,
    /// A comment of the thread.
    reply_to: Option<CommentId>,
    #[serde(default)]
    mentions: Vec<UserId>,
}

pub(super) async fn post(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item)): Ids<(WorkspaceId, ItemId)>,
    request: Request,
) -> Result<Response, Problem> {
    let NewComment { id: comment, text, reply_to, mentions } = body(&app, &caller, id, item, request).await?;
    let comment = comment.unwrap_or_else(CommentId::new);
    let action = CommentAction::Post { id: comment, reply_to, text, mentions };
    let made = done(&app, &caller, (id, item, comment), action).await?;
    Ok(json(StatusCode::CREATED, &made.into_inner()))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentPatch {
    text: Option<String>,
    mentions: Option<Vec<UserId>>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item, comment)): Ids<(WorkspaceId, ItemId, CommentId)>,
    request: Request,
) -> Result<Seen<SeenComment>, Problem> {
    let CommentPatch { text, mentions } = body(&app, &caller, id, item, request).await?;
    done(&app, &caller, (id, item, comment), CommentAction::Edit { id: comment, text, mentions }).await
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item, comment)): Ids<(WorkspaceId, ItemId, CommentId)>,
) -> Result<StatusCode, Problem> {
    let action = Action::Comment { item, action: CommentAction::Delete { id: comment } };
    app.hub.command(id, App::command(&caller, action)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    resolved: bool,
}

pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, item, comment)): Ids<(WorkspaceId, ItemId, CommentId)>,
    request: Request,
) -> Result<Seen<SeenComment>, Problem> {
    let Resolve { resolved } = body(&app, &caller, id, item, request).await?;
    done(&app, &caller, (id, item, comment), CommentAction::Resolve { id: comment, resolved }).await
}
