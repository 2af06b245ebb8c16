//! Activity: who changed what when, read back from the log.
//!
//! A partner reads the stream for everyone, of the present epoch, by its positions: neither what it gets, nor how many at
//! a time, nor how long that takes depends on what it may not see.

use super::App;
use super::extract::{Asked, Caller, Ids};
use crate::id::{Epoch, Position, WorkspaceId};
use crate::protocol::team::Activity;
use crate::store::{Before, Stream, unavailable};
use crate::visibility::{self, Seen};
use crate::workspace::event::Event;
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;

/// Entries of a page.
const USUAL: usize = 50;
const MOST: usize = 200;
/// How often the log is read for one page: what it skips over is bounded, too.
const READS: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    before: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Asked(page): Asked<Page>,
) -> Result<Seen<Activity>, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    let limit = page.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::new(Code::Invalid, format!("A page has 1 to {MOST} entries.")).at("limit"));
    }
    let unknown = || Problem::new(Code::Invalid, "This is not where a page of this workspace ended.").at("before");
    let before = page.before.as_deref().map(|cursor| read_cursor(cursor).ok_or_else(unknown)).transpose()?;
    let mut before = match before {
        None if viewer.is_team() => Before::Sequence(u64::MAX),
        None => Before::Position(workspace.epoch, Stream::Shared, u64::MAX),
        Some((epoch, stream, position)) if viewer.is_team() => {
            let found = app.store.locate(id, epoch, stream, position).await.map_err(unavailable)?;
            Before::Sequence(found.ok_or_else(unknown)?)
        }
        Some((epoch, stream, position)) => {
            if epoch != workspace.epoch || stream != Stream::Shared {
                return Err(unknown());
            }
            Before::Position(epoch, stream, position)
        }
    };
    // A walled partner's epoch begins with the switch, which would tell of others.
    let first = if viewer.is_walled() { 2 } else { 1 };
    let mut lines = Vec::new();
    let mut next = None;
    for _ in 0..READS {
        let records = app.store.load_back(id, before, limit).await.map_err(unavailable)?;
        next = None;
        for record in records {
            let event: Event = serde_json::from_slice(&record.body).map_err(|error| unavailable(error.into()))?;
            lines.extend(visibility::activity_line(&workspace, &viewer, &event, record.at, record.author));
            let place = if viewer.is_team() { record.sequence } else { record.position };
            next = (place > first).then(|| cursor(record.epoch, record.stream, record.position));
            before = match before {
                Before::Sequence(_) => Before::Sequence(record.sequence),
                Before::Position(epoch, stream, _) => Before::Position(epoch, stream, record.position),
            };
            if lines.len() == limit {
                break;
            }
        }
        if lines.len() == limit || next.is_none() {
            break;
        }
    }
    Ok(visibility::activity(lines, next))
}

fn cursor(epoch: Epoch, stream: Stream, position: Position) -> String {
    let stream = match stream {
        Stream::Shared => "shared",
        Stream::Team => "team",
    };
    format!("{epoch}.{stream}.{position}")
}

fn read_cursor(text: &str) -> Option<(Epoch, Stream, Position)> {
    let mut parts = text.split('.');
    let epoch = parts.next()?.parse().ok()?;
    let stream = match parts.next()? {
        "shared" => Stream::Shared,
        "team" => Stream::Team,
        _ => return None,
    };
    let position = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some((epoch, stream, position))
}
