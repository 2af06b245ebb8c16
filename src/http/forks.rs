//! Forks of collections and environments, and pulls from their parents. For who isn't of the team in both workspaces, no
//! fork has a parent.

use super::error::status;
use super::extract::{Caller, Ids, Json};
use super::items::Imported;
use super::{App, json};
use crate::id::{EnvironmentId, ItemId, WorkspaceId};
use crate::identity::SignedIn;
use crate::protocol::ImportedRoot;
use crate::protocol::forks::ForkState;
use crate::store::unavailable;
use crate::visibility::{self, Seen};
use crate::workspace::Workspace;
use crate::workspace::command::{Action, Answer};
use crate::workspace::fork::{self, Came, CameKind, Choice, Choices, Conflict, EnvironmentSource, Source};
use crate::workspace::member::Viewer;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// How often a pull is decided again because either side changed meanwhile.
const ATTEMPTS: usize = 5;

/// What to fork: an item (a collection) or an environment.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFork {
    /// The parent's workspace.
    workspace: WorkspaceId,
    /// A collection there.
    #[serde(default)]
    item: Option<ItemId>,
    /// An environment there.
    #[serde(default)]
    environment: Option<EnvironmentId>,
}

/// What to make of conflicts.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pull {
    /// By the ids that conflicts and changes have.
    #[serde(default)]
    #[schema(value_type = HashMap<String, Choice>)]
    choices: Choices,
}

/// A workspace as one of its team sees it.
type TeamView = (Arc<Workspace>, Viewer);

impl App {
    /// A workspace with all that its log has. For who isn't of its team, there is none.
    async fn team_view(&self, id: WorkspaceId, caller: &SignedIn) -> Result<TeamView, Problem> {
        let state = self.hub.room_caught_up(id).await?.state();
        let viewer = state.viewer(caller.user.id).filter(Viewer::is_team).ok_or(Code::NotFound)?;
        Ok((state, viewer))
    }
}

pub(super) async fn fork(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Json(body): Json<NewFork>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    if !viewer.is_team() || !viewer.may_edit() {
        return Err(Code::Forbidden.into());
    }
    if body.workspace == id {
        return Err(Problem::new(Code::Invalid, "A fork comes from another workspace.").at("workspace"));
    }
    let not_there = |path: &str| Problem::from(Code::NotFound).at(path);
    let there = app.team_view(body.workspace, &caller).await.map_err(|problem| match problem.code {
        Code::NotFound => not_there("workspace"),
        _ => problem,
    });
    let (parent, _) = there?;
    if parent.team != workspace.team {
        return Err(not_there("workspace"));
    }
    let (action, root) = match (body.item, body.environment) {
        (Some(item), None) => {
            let name = parent.item(item).ok_or_else(|| not_there("item"))?.name.clone();
            let source = Source::of(&parent, item)
                .ok_or_else(|| Problem::new(Code::Invalid, "Only a whole collection can be forked.").at("item"))?;
            let mut next = ItemId::in_a_row();
            let ids: Vec<ItemId> = source.items.iter().map(|_| next()).collect();
            let first = ids.first().ok_or_else(|| not_there("item"))?.0;
            (
                Action::Fork { source: Arc::new(source), ids },
                ImportedRoot { id: first, kind: "collection".into(), name },
            )
        }
        (None, Some(environment)) => {
            let source = EnvironmentSource::of(&parent, environment).ok_or_else(|| not_there("environment"))?;
            let (id, name) = (EnvironmentId::new(), source.environment.name.clone());
            (Action::ForkEnvironment { id, source }, ImportedRoot { id: id.0, kind: "environment".into(), name })
        }
        _ => return Err(Problem::new(Code::Invalid, "Name either an `item` or an `environment`.").at("item")),
    };
    app.hub.command(id, App::command(&caller, action)).await?;
    Ok(json(StatusCode::CREATED, &Imported { items: vec![root] }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, root)): Ids<(WorkspaceId, ItemId)>,
) -> Result<Seen<ForkState>, Problem> {
    let (workspace, here) = app.team_view(id, &caller).await?;
    let fork = workspace.fork(root).ok_or(Code::NotFound)?;
    let (parent, there) = app.team_view(fork.workspace, &caller).await?;
    let changes = match Source::of(&parent, fork.source) {
        Some(source) => fork::changes(&workspace, root, fork, &source),
        None => gone(root.0, workspace.item(root).map(|item| &item.name)),
    };
    let seen = visibility::fork(&here, &there, (fork.workspace, fork.source.0), changes);
    seen.ok_or(Code::NotFound.into())
}

pub(super) async fn show_environment(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, environment)): Ids<(WorkspaceId, EnvironmentId)>,
) -> Result<Seen<ForkState>, Problem> {
    let (workspace, here) = app.team_view(id, &caller).await?;
    let fork = workspace.environment_fork(environment).ok_or(Code::NotFound)?;
    let (parent, there) = app.team_view(fork.workspace, &caller).await?;
    let changes = match EnvironmentSource::of(&parent, fork.source) {
        Some(source) => fork::environment_change(&workspace, environment, &source).into_iter().collect(),
        None => gone(environment.0, Some(&fork.name)),
    };
    let seen = visibility::fork(&here, &there, (fork.workspace, fork.source.0), changes);
    seen.ok_or(Code::NotFound.into())
}

/// The one change of a parent that is deleted.
fn gone(item: Uuid, name: Option<&String>) -> Vec<Came> {
    vec![Came { item, name: name.cloned().unwrap_or_default(), kind: CameKind::Removed }]
}

pub(super) async fn pull(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, root)): Ids<(WorkspaceId, ItemId)>,
    Json(Pull { choices }): Json<Pull>,
) -> Result<Response, Problem> {
    let choices = Arc::new(choices);
    for _ in 0..ATTEMPTS {
        let (workspace, here) = app.team_view(id, &caller).await?;
        let fork = workspace.fork(root).ok_or(Code::NotFound)?;
        let (parent, there) = app.team_view(fork.workspace, &caller).await?;
        if !here.may_edit() {
            return Err(Code::Forbidden.into());
        }
        let source = Arc::new(Source::of(&parent, fork.source).ok_or(Code::ParentGone)?);
        // Not in a row: those of what is not new aren't used, and gaps would tell how much there is.
        let ids: Vec<ItemId> = source.items.iter().map(|_| ItemId::new()).collect();
        // Who has to choose needs to know of what; the room, which has others to serve, decides only what can be done.
        let first = tokio::task::spawn_blocking({
            let (workspace, source, choices, ids) =
                (Arc::clone(&workspace), Arc::clone(&source), Arc::clone(&choices), ids.clone());
            move || {
                let made = source.items.iter().map(|item| item.id).zip(ids).collect();
                fork::plan(&workspace, root, &source, &choices, &made)
            }
        });
        match first.await.map_err(|error| unavailable(error.into()))? {
            Ok(plan) if !plan.conflicts.is_empty() => return refused((&here, &there), &plan.conflicts),
            Err(problem) if problem.code == Code::Conflict => continue,
            first => drop(first?),
        }
        let action = Action::Pull { root, source, choices: choices.as_ref().clone(), ids };
        if let Some(answer) = decided(&app, id, &caller, (&here, &there), action).await? {
            return Ok(answer);
        }
    }
    Err(Code::Unavailable.into())
}

pub(super) async fn pull_environment(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, environment)): Ids<(WorkspaceId, EnvironmentId)>,
    Json(Pull { choices }): Json<Pull>,
) -> Result<Response, Problem> {
    for _ in 0..ATTEMPTS {
        let (workspace, here) = app.team_view(id, &caller).await?;
        let fork = workspace.environment_fork(environment).ok_or(Code::NotFound)?;
        let (parent, there) = app.team_view(fork.workspace, &caller).await?;
        if !here.may_edit() {
            return Err(Code::Forbidden.into());
        }
        if let Some(other) = choices.keys().find(|id| **id != environment.0) {
            let detail = "There is no such item in the fork or its parent.";
            return Err(Problem::new(Code::Invalid, detail).at(format!("choices.{other}")));
        }
        let source = EnvironmentSource::of(&parent, fork.source).ok_or(Code::ParentGone)?;
        let choice = choices.get(&environment.0);
        match fork::plan_environment(&workspace, environment, &source, choice) {
            Ok(Err(conflict)) => return refused((&here, &there), &[*conflict]),
            Err(problem) if problem.code == Code::Conflict => continue,
            first => drop(first?),
        }
        let action = Action::PullEnvironment { id: environment, source, choice: choice.cloned() };
        if let Some(answer) = decided(&app, id, &caller, (&here, &there), action).await? {
            return Ok(answer);
        }
    }
    Err(Code::Unavailable.into())
}

/// Has a pull done. None when a side changed meanwhile so that it has to be looked at again.
async fn decided(
    app: &App,
    id: WorkspaceId,
    caller: &SignedIn,
    (here, there): (&Viewer, &Viewer),
    action: Action,
) -> Result<Option<Response>, Problem> {
    let answered = match app.hub.command(id, App::command(caller, action)).await {
        Err(problem) if problem.code == Code::Conflict => return Ok(None),
        answered => answered?,
    };
    let Answer::Pulled(changes) = answered.answer else { return Err(Code::Unavailable.into()) };
    let pulled = visibility::pulled(here, there, answered.position, changes).ok_or(Code::NotFound)?;
    Ok(Some(pulled.into_response()))
}

/// 409 with what needs a choice.
fn refused((here, there): (&Viewer, &Viewer), conflicts: &[Conflict]) -> Result<Response, Problem> {
    let problem = Problem::from(Code::Conflict);
    let seen = visibility::conflicts(here, there, &problem, conflicts).ok_or(Code::NotFound)?;
    let mut body = seen.into_inner();
    body.problem.status = Some(status(problem.code).as_u16());
    let mut response = json(status(problem.code), &body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    Ok(response)
}
