//! Moving a workspace: out as a file, and in on another server.

use super::extract::{self, Asked, Caller, Ids, from_json};
use super::{App, json};
use crate::config::LARGEST_ARCHIVE;
use crate::id::{Epoch, ItemId, WorkspaceId};
use crate::store::{now_utc, unavailable};
use crate::visibility;
use crate::workspace::archive::Archive;
use crate::workspace::event::Event;
use crate::workspace::member::{Member, Mode, Side, normal_email};
use crate::workspace::problem::{Code, Problem};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    #[serde(default)]
    secrets: bool,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Asked(options): Asked<Options>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    if !viewer.is_team() {
        return Err(Code::NotFound.into());
    }
    let make = move || {
        let archive = visibility::archive(&workspace, &viewer, options.secrets);
        archive.map(|archive| json(StatusCode::OK, &archive.into_inner()))
    };
    let made = tokio::task::spawn_blocking(make).await.map_err(|error| unavailable(error.into()))?;
    let mut response = made.ok_or(Code::Forbidden)?;
    let disposition = HeaderValue::from_static("attachment; filename=\"workspace.loggia.json\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// What came of an archive.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct FromArchive {
    /// The new workspace; the caller is its Admin.
    id: WorkspaceId,
    /// Members of the archive who have an account in the team here, and are members now.
    added: Vec<String>,
    /// Those who have none: invite them.
    unknown: Vec<String>,
}

pub(super) async fn import(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, Problem> {
    // Who may not is told so before all of it is read.
    let team = caller.user.team.ok_or(Code::Forbidden)?;
    let team = app.store.team(team).await.map_err(unavailable)?.ok_or(Code::Forbidden)?;
    let bytes = extract::body(request.into_body(), LARGEST_ARCHIVE).await?;
    let (by, at) = (caller.user.id, now_utc());
    let read = move || {
        let archive: Archive = from_json(&bytes)?;
        let mut next = ItemId::in_a_row();
        let things = archive.events(by, at, || next().0)?;
        Ok::<_, Problem>((archive, things))
    };
    let (archive, things) = tokio::task::spawn_blocking(read).await.map_err(|error| unavailable(error.into()))??;
    let mut events = Vec::new();
    if archive.mode == Mode::MultiPartner {
        events.push(Event::ModeSwitched { epoch: Epoch::new() });
    }
    let (mut added, mut unknown) = (Vec::new(), Vec::new());
    for archived in &archive.members {
        let email = normal_email(&archived.email).unwrap_or_default();
        if email == caller.user.email {
            continue;
        }
        match app.store.user_by_email(&email).await.map_err(unavailable)?.filter(|user| user.team == Some(team.id)) {
            None => unknown.push(email),
            Some(user) => {
                let member = Member {
                    user: user.id,
                    email: user.email,
                    name: user.name,
                    avatar: user.avatar,
                    side: Side::Team,
                    role: archived.role,
                    lead: false,
                    current: true,
                };
                events.push(Event::MemberJoined { member, invitation: None });
                added.push(email);
            }
        }
    }
    events.extend(things);
    let id = app.hub.create_with(&team, &caller.user, &archive.name, &archive.description, events, at).await?;
    Ok(json(StatusCode::CREATED, &FromArchive { id, added, unknown }))
}
