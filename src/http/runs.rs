//! The caller's own runs: begun, told result by result, ended. What is run, and how, the client decides.

use super::extract::{Asked, Caller, Ids, Json};
use super::history::page_limit;
use super::variables::Layers;
use super::{App, json};
use crate::call::history::keep;
use crate::call::redact::Redaction;
use crate::config::{LARGEST_RESULT, MOST_ITERATIONS, MOST_RESULTS, MOST_RUNS};
use crate::id::{EnvironmentId, ItemId, RunId, WorkspaceId};
use crate::protocol::own::{Assertion, News, Run, RunResult, RunState, Runs, Totals, WholeRun};
use crate::store::own::{Added, Owner, Page};
use crate::store::{now_utc, unavailable};
use crate::workspace::Workspace;
use crate::workspace::member::Viewer;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs of a page, unless it says otherwise, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;
/// Results of a page, unless it says otherwise, and at most.
const LARGEST_RESULT_PAGE: usize = 500;

/// A run to begin.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRun {
    #[serde(default)]
    item: Option<ItemId>,
    #[serde(default)]
    environment: Option<EnvironmentId>,
    #[serde(default = "once")]
    iterations: u32,
}

fn once() -> u32 {
    1
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Json(new): Json<NewRun>,
) -> Result<Response, Problem> {
    let (workspace, owner) = app.owner(id, &caller).await?;
    if new.item.is_some_and(|item| workspace.item(item).is_none()) {
        return Err(Problem::from(Code::NotFound).at("item"));
    }
    if new.environment.is_some_and(|environment| workspace.environment(environment).is_none()) {
        return Err(Problem::from(Code::NotFound).at("environment"));
    }
    if !(1..=MOST_ITERATIONS).contains(&new.iterations) {
        let detail = format!("A run has 1 to {MOST_ITERATIONS} iterations.");
        return Err(Problem::new(Code::Invalid, detail).at("iterations"));
    }
    let now = now_utc();
    let run = Run {
        id: RunId::new(),
        item: new.item,
        environment: new.environment,
        iterations: new.iterations,
        started_at: now,
        ended_at: None,
        state: RunState::Running,
        totals: Totals::default(),
    };
    let kept = app.store.add_run(owner, run.clone()).await.map_err(unavailable)?;
    kept.then_some(()).ok_or(Code::NotFound)?;
    let (store, keep) = (Arc::clone(&app.store), keep(app.history, MOST_RUNS, now));
    // Beside the answer: nobody waits for it, and what it leaves goes with the next run.
    tokio::spawn(async move {
        if let Err(error) = store.trim_runs(owner, keep).await {
            tracing::warn!(error = format!("{error:#}"), "old runs could not be deleted; tried again with the next");
        }
    });
    told(&app, owner, StatusCode::CREATED, run).await
}

/// The answer of a run, which the caller's sessions hear of too.
async fn told(app: &App, owner: Owner, status: StatusCode, run: Run) -> Result<Response, Problem> {
    let answer = json(status, &run);
    app.hub.tell_own(owner.workspace, owner.user, News::Run(run)).await;
    Ok(answer)
}

async fn find(app: &App, owner: Owner, run: RunId) -> Result<Run, Problem> {
    app.store.run(owner, run).await.map_err(unavailable)?.ok_or(Code::NotFound.into())
}

pub(super) async fn add_result(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, run)): Ids<(WorkspaceId, RunId)>,
    Json(result): Json<RunResult>,
) -> Result<Response, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let owner = Owner { workspace: id, user: viewer.user };
    let size = serde_json::to_string(&result).map_err(|error| unavailable(error.into()))?.len();
    if size > LARGEST_RESULT {
        return Err(Problem::new(Code::TooLarge, format!("A result has at most {LARGEST_RESULT} bytes.")));
    }
    if result.ms < 0.0 {
        return Err(Problem::new(Code::Invalid, "A time can't be negative.").at("ms"));
    }
    if result.iteration >= MOST_ITERATIONS {
        let detail = format!("Iterations count from 0 to {}.", MOST_ITERATIONS - 1);
        return Err(Problem::new(Code::Invalid, detail).at("iteration"));
    }
    if result.sequence.is_some_and(|sequence| sequence >= MOST_RESULTS) {
        let detail = format!("Results count from 0 to {}.", MOST_RESULTS - 1);
        return Err(Problem::new(Code::Invalid, detail).at("sequence"));
    }
    let redaction = redaction(&app, &workspace, &viewer, &find(&app, owner, run).await?).await?;
    let result = without_secrets(result, &redaction);
    let body = serde_json::to_string(&result).map_err(|error| unavailable(error.into()))?;
    let passed = result.assertions.iter().filter(|assertion| assertion.passed).count();
    let added = Added {
        sequence: result.sequence,
        at: now_utc(),
        body: body.clone(),
        is_error: result.status.is_none(),
        // A result is small: there can't be more in it than its bytes.
        passed: result.omitted.passed.saturating_add(passed as u32),
        failed: result.omitted.failed.saturating_add((result.assertions.len() - passed) as u32),
        ms: result.ms,
    };
    match app.store.add_result(owner, run, added, MOST_RESULTS).await.map_err(unavailable)? {
        Some(run) => told(&app, owner, StatusCode::OK, run).await,
        None => {
            let run = find(&app, owner, run).await?;
            if let Some(sequence) = result.sequence.filter(|sequence| *sequence < run.totals.requests) {
                let kept = app.store.results(owner, run.id, sequence, 1).await.map_err(unavailable)?;
                if kept.first() == Some(&body) {
                    return Ok(json(StatusCode::OK, &run));
                }
                let detail = format!("The run has another result {sequence}.");
                return Err(Problem::new(Code::Invalid, detail).at("sequence"));
            }
            Err(refused(&run, result.sequence))
        }
    }
}

/// Why a run takes no further result.
fn refused(run: &Run, sequence: Option<u64>) -> Problem {
    let next = run.totals.requests;
    match run.state {
        RunState::Finished | RunState::Aborted => Problem::new(Code::Invalid, "The run has ended."),
        RunState::Running if next < MOST_RESULTS && sequence.is_some_and(|sequence| sequence > next) => {
            Problem::new(Code::Invalid, format!("The next result of the run is {next}.")).at("sequence")
        }
        RunState::Running => Problem::new(Code::Invalid, format!("A run has at most {MOST_RESULTS} results.")),
    }
}

/// Takes out what a run's requests may have been sent with, as far as it is known here: overrides aren't.
async fn redaction(app: &App, workspace: &Workspace, viewer: &Viewer, run: &Run) -> Result<Redaction, Problem> {
    let mut top = run.item.and_then(|id| workspace.item(id));
    while let Some(parent) = top.and_then(|item| item.parent).and_then(|id| workspace.item(id)) {
        top = Some(parent);
    }
    let environment = run.environment.filter(|id| workspace.environment(*id).is_some());
    let layers = match Layers::read(app, workspace, viewer, top.map(|item| &item.content), environment).await {
        // Nothing is sent with what can't be read.
        Err(problem) if problem.code == Code::Invalid => Layers::default(),
        layers => layers?,
    };
    Ok(Redaction::of(layers.secrets(&BTreeMap::new())))
}

fn without_secrets(result: RunResult, redaction: &Redaction) -> RunResult {
    let text = |text: String| redaction.text(&text, LARGEST_RESULT).0;
    let assertion = |one: Assertion| Assertion { name: text(one.name), passed: one.passed, error: one.error.map(text) };
    RunResult {
        name: text(result.name),
        error: result.error.map(text),
        assertions: result.assertions.into_iter().map(assertion).collect(),
        ..result
    }
}

/// How a run ends.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndRun {
    state: RunState,
}

/// The first end stands: a run that has ended is answered as it is.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, run)): Ids<(WorkspaceId, RunId)>,
    Json(EndRun { state }): Json<EndRun>,
) -> Result<Response, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    if state == RunState::Running {
        return Err(Problem::new(Code::Invalid, "A run ends finished or aborted.").at("state"));
    }
    match app.store.end_run(owner, run, state, now_utc()).await.map_err(unavailable)? {
        Some(run) => told(&app, owner, StatusCode::OK, run).await,
        None => Ok(json(StatusCode::OK, &find(&app, owner, run).await?)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    before: Option<RunId>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Asked(List { before, limit }): Asked<List>,
) -> Result<Response, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    let limit = page_limit(limit, PAGE, LARGEST_PAGE)?;
    let mut runs = app.store.runs(owner, Page { before, limit: limit + 1 }).await.map_err(unavailable)?;
    let is_more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().map(|run| run.id).filter(|_| is_more);
    Ok(json(StatusCode::OK, &Runs { runs, next }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Results {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, run)): Ids<(WorkspaceId, RunId)>,
    Asked(Results { after, limit }): Asked<Results>,
) -> Result<Response, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    let limit = page_limit(limit, LARGEST_RESULT_PAGE, LARGEST_RESULT_PAGE)?;
    let run = find(&app, owner, run).await?;
    let mut kept = app.store.results(owner, run.id, after, limit + 1).await.map_err(unavailable)?;
    let is_more = kept.len() > limit;
    kept.truncate(limit);
    let results = kept.iter().map(|result| serde_json::from_str(result)).collect::<Result<Vec<RunResult>, _>>();
    let results = results.map_err(|error| unavailable(error.into()))?;
    let numbered = (after..).zip(results).map(|(number, result)| RunResult { sequence: Some(number), ..result });
    let results = numbered.collect();
    let next = is_more.then(|| after.saturating_add(limit as u64));
    Ok(json(StatusCode::OK, &WholeRun { run, results, next }))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, run)): Ids<(WorkspaceId, RunId)>,
) -> Result<StatusCode, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    let removed = app.store.delete_run(owner, run).await.map_err(unavailable)?;
    removed.then_some(StatusCode::NO_CONTENT).ok_or(Code::NotFound.into())
}
