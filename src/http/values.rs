//! The caller's private values and cookies, and the end of all that is its own.

use super::extract::{Caller, Ids, Json};
use super::{App, json, raw_value};
use crate::config::{LARGEST_VALUES, MOST_VALUES};
use crate::id::{EnvironmentId, WorkspaceId};
use crate::protocol::own::{Cookies, Values};
use crate::store::unavailable;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, environment)): Ids<(WorkspaceId, EnvironmentId)>,
) -> Result<Response, Problem> {
    let (workspace, owner) = app.owner(id, &caller).await?;
    workspace.environment(environment).ok_or(Code::NotFound)?;
    let kept = app.store.values(owner, environment).await.map_err(unavailable)?;
    let values = kept.map(|kept| serde_json::from_str(&kept)).transpose().map_err(|error| unavailable(error.into()))?;
    Ok(json(StatusCode::OK, &Values { values: values.unwrap_or_default() }))
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, environment)): Ids<(WorkspaceId, EnvironmentId)>,
    Json(new): Json<Values>,
) -> Result<Response, Problem> {
    let (workspace, owner) = app.owner(id, &caller).await?;
    workspace.environment(environment).ok_or(Code::NotFound)?;
    if new.values.len() > MOST_VALUES {
        return Err(Problem::new(Code::TooLarge, format!("At most {MOST_VALUES} values.")).at("values"));
    }
    let bytes: usize = new.values.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > LARGEST_VALUES {
        let detail = format!("Names and values have at most {LARGEST_VALUES} bytes together.");
        return Err(Problem::new(Code::TooLarge, detail).at("values"));
    }
    if new.values.contains_key("") {
        return Err(Problem::new(Code::Invalid, "A value needs a name.").at("values"));
    }
    let text = serde_json::to_string(&new.values).map_err(|error| unavailable(error.into()))?;
    let kept = Some(text).filter(|_| !new.values.is_empty());
    let kept = app.store.set_values(owner, environment, kept).await.map_err(unavailable)?;
    kept.then_some(()).ok_or(Code::NotFound)?;
    // The environment may have been deleted meanwhile, with what was kept for it until then.
    if app.hub.room_caught_up(id).await?.state().environment(environment).is_none() {
        app.store.set_values(owner, environment, None).await.map_err(unavailable)?;
        return Err(Code::NotFound.into());
    }
    Ok(json(StatusCode::OK, &new))
}

pub(super) async fn cookies(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<Response, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    let cookies = app.store.cookies(owner).await.map_err(unavailable)?.map(raw_value).transpose()?;
    Ok(json(StatusCode::OK, &Cookies { cookies }))
}

pub(super) async fn clear_cookies(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<StatusCode, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    app.store.delete_cookies(owner).await.map_err(unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}

/// History, runs, values and cookies: all of it.
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<StatusCode, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    app.store.forget_own(owner).await.map_err(unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}
