//! What is a person's own: history, runs, private values, cookies. Sent to that person and to nobody else, whatever
//! their role.
//!
//! Nodes tell each other of these too, in MessagePack without names: no field here is left out or flattened.

use crate::id::{EntryId, EnvironmentId, ItemId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A request that was sent, in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// Its id; a later one sorts behind.
    pub id: EntryId,
    /// When it was sent.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The item it was made of; it may be gone by now.
    pub item: Option<ItemId>,
    /// The item's name then.
    pub name: String,
    /// The HTTP method.
    pub method: String,
    /// Where it went, without secrets.
    pub url: String,
    /// The status of the answer; null when none came.
    pub status: Option<u16>,
    /// Why none came, as a stable word.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub total_ms: f64,
    /// Bytes of the answer's body.
    pub size: u64,
}

/// A request that was sent, with what was said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WholeEntry {
    /// As in the list.
    pub entry: HistoryEntry,
    /// What went out, without secrets: `{method, url, headers, body}`.
    #[schema(value_type = Object)]
    pub request: Arc<RawValue>,
    /// What came back, without secrets; null when nothing did.
    #[schema(value_type = Option<Object>)]
    pub response: Option<Arc<RawValue>>,
    /// What it was made of.
    pub source: Source,
}

/// What a request was made of, without secrets: with it, it can be sent again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// The environment.
    pub environment: Option<EnvironmentId>,
    /// Values that were given for this once; null: none.
    pub overrides: BTreeMap<String, Option<String>>,
    /// The Postman request as it was written then, with its variables; null when it was too large to be kept.
    #[schema(value_type = Option<Object>)]
    pub request: Option<Arc<RawValue>>,
    /// Whether it is an item's own and has authorization and behavior of what that stands in.
    pub inherits: bool,
    /// What was secret or too large and has to be given to send it again: `overrides.token`, `request.body`, `request`.
    pub left_out: Vec<String>,
}

/// A page of a history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct History {
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
    /// Ask with `before` set to this for what is older; null at the end.
    pub next: Option<EntryId>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Results may come.
    Running,
    /// All was sent.
    Finished,
    /// It was given up.
    Aborted,
}

/// A run of a collection or folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Its id; a later one sorts behind.
    pub id: RunId,
    /// What is run; it may be gone by now.
    pub item: Option<ItemId>,
    /// The environment it is run with.
    pub environment: Option<EnvironmentId>,
    /// How often.
    pub iterations: u32,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// Where it stands.
    pub state: RunState,
    /// What its results come to.
    pub totals: Totals,
}

/// What the results of a run come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Requests with a result.
    pub requests: u64,
    /// Of them, those without an answer.
    pub errors: u64,
    /// Assertions that held.
    pub passed: u64,
    /// Assertions that did not.
    pub failed: u64,
    /// Milliseconds of all requests together.
    pub total_ms: f64,
}

/// What came of one request of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// Which one it is, from 0, without a gap: who sends it again is answered again, and it counts once. Left out: the next.
    #[serde(default)]
    pub sequence: Option<u64>,
    /// The request.
    #[serde(default)]
    pub item: Option<ItemId>,
    /// Its name.
    pub name: String,
    /// In which iteration, from 0.
    #[serde(default)]
    pub iteration: u32,
    /// The status of the answer; null when none came.
    #[serde(default)]
    pub status: Option<u16>,
    /// Why none came.
    #[serde(default)]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What was tested.
    #[serde(default)]
    pub assertions: Vec<Assertion>,
    /// What was tested besides: there was no room for it.
    #[serde(default)]
    pub omitted: Omitted,
}

/// One thing that was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// Why not.
    #[serde(default)]
    pub error: Option<String>,
}

/// Assertions that are counted and not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Omitted {
    /// Those that held.
    pub passed: u32,
    /// Those that did not.
    pub failed: u32,
}

/// A page of runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Runs {
    /// Newest first.
    pub runs: Vec<Run>,
    /// Ask with `before` set to this for what is older; null at the end.
    pub next: Option<RunId>,
}

/// A run with results.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WholeRun {
    /// As in the list.
    pub run: Run,
    /// In the order they came.
    pub results: Vec<RunResult>,
    /// Ask with `after` set to this for more; null at the end.
    pub next: Option<u64>,
}

/// A person's own values of an environment's variables, laid over the shared ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// By the variable's name.
    pub values: BTreeMap<String, String>,
}

/// What servers have asked a person's requests to keep.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Cookies {
    /// Each with its domain, path and end; null while there is none.
    #[schema(value_type = Option<Vec<Object>>)]
    pub cookies: Option<Arc<RawValue>>,
}

/// What a person's own sessions are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// A request was sent.
    History(HistoryEntry),
    /// A run has changed.
    Run(Run),
}
