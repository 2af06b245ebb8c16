//! Members: the list there is to see, roles and Lead, removal, pictures.

use super::extract::{Caller, Ids, Json};
use super::{App, me};
use crate::id::{UserId, WorkspaceId};
use crate::protocol::Members;
use crate::visibility::{self, Seen};
use crate::workspace::command::Action;
use crate::workspace::member::Role;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<Seen<Members>, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    visibility::members(&workspace, &viewer).ok_or(Code::NotFound.into())
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MemberPatch)]
pub(super) struct Change {
    role: Option<Role>,
    lead: Option<bool>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, user)): Ids<(WorkspaceId, UserId)>,
    Json(body): Json<Change>,
) -> Result<StatusCode, Problem> {
    let action = Action::UpdateMember { user, role: body.role, lead: body.lead };
    app.hub.command(id, App::command(&caller, action)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, user)): Ids<(WorkspaceId, UserId)>,
) -> Result<StatusCode, Problem> {
    app.hub.command(id, App::command(&caller, Action::RemoveMember { user })).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn avatar(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, user)): Ids<(WorkspaceId, UserId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let other = workspace.person(user).filter(|member| visibility::sees(&viewer, member)).ok_or(Code::NotFound)?;
    // The workspace's own memory of a picture: one set since, elsewhere, shows once the workspace knows of it.
    other.avatar.as_ref().ok_or(Code::NotFound)?;
    me::picture(&app, user, &headers).await
}
