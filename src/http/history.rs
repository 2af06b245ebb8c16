//! The caller's own history. Whose an id is, the store looks: another's is one that isn't there.

use super::extract::{Asked, Caller, Ids};
use super::{App, json, raw_value};
use crate::id::{EntryId, WorkspaceId};
use crate::protocol::own::{History, Source, WholeEntry};
use crate::store::own::Page;
use crate::store::unavailable;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// Entries of a page, unless it says otherwise.
const PAGE: usize = 50;
/// Entries of a page at most.
const LARGEST_PAGE: usize = 200;
/// Bytes of a search.
const LONGEST_SEARCH: usize = 512;
/// Words of a search.
const MOST_WORDS: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    #[serde(default)]
    search: String,
    before: Option<EntryId>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Asked(List { search, before, limit }): Asked<List>,
) -> Result<Response, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    let limit = page_limit(limit, PAGE, LARGEST_PAGE)?;
    let words = words(&search)?;
    // One more than asked for tells whether there is more.
    let page = Page { before, limit: limit + 1 };
    let mut entries = app.store.entries(owner, &words, page).await.map_err(unavailable)?;
    let is_more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().map(|entry| entry.id).filter(|_| is_more);
    Ok(json(StatusCode::OK, &History { entries, next }))
}

/// The limit asked for, or the usual one.
pub(super) fn page_limit(limit: Option<usize>, usual: usize, most: usize) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(usual);
    let detail = || Problem::new(Code::Invalid, format!("A page has 1 to {most} entries.")).at("limit");
    (1..=most).contains(&limit).then_some(limit).ok_or_else(detail)
}

fn words(search: &str) -> Result<Vec<String>, Problem> {
    let search = search.to_lowercase();
    let separates = |c: char| c.is_whitespace() || c.is_control();
    let words: Vec<String> = search.split(separates).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if search.len() > LONGEST_SEARCH || words.len() > MOST_WORDS {
        let detail = format!("A search has at most {LONGEST_SEARCH} bytes and {MOST_WORDS} words.");
        return Err(Problem::new(Code::Invalid, detail).at("search"));
    }
    Ok(words)
}

/// What an entry was made of, out of its row.
pub(super) fn source(kept: &str) -> Result<Source, Problem> {
    serde_json::from_str(kept).map_err(|error| unavailable(error.into()))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, entry)): Ids<(WorkspaceId, EntryId)>,
) -> Result<Response, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    let entry = app.store.entry(owner, entry).await.map_err(unavailable)?.ok_or(Code::NotFound)?;
    let response = entry.response.map(raw_value).transpose()?;
    let source = source(&entry.source)?;
    let whole = WholeEntry { entry: entry.head, request: raw_value(entry.request)?, response, source };
    Ok(json(StatusCode::OK, &whole))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, entry)): Ids<(WorkspaceId, EntryId)>,
) -> Result<StatusCode, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    let removed = app.store.delete_entry(owner, entry).await.map_err(unavailable)?;
    removed.then_some(StatusCode::NO_CONTENT).ok_or(Code::NotFound.into())
}

pub(super) async fn clear(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<StatusCode, Problem> {
    let (_, owner) = app.owner(id, &caller).await?;
    app.store.delete_entries(owner).await.map_err(unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}
