//! Engagement: how far each partner has come. For the team; to a partner, there is no such thing.

use super::App;
use super::extract::{Caller, Ids};
use crate::id::WorkspaceId;
use crate::protocol::team::EngagementReport;
use crate::store::unavailable;
use crate::visibility::{self, Seen};
use crate::workspace::problem::{Code, Problem};
use axum::extract::State;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<Seen<EngagementReport>, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    if !viewer.is_team() {
        return Err(Code::NotFound.into());
    }
    let kept = app.store.engagement(id).await.map_err(unavailable)?;
    let times: HashMap<_, _> = kept
        .into_iter()
        .map(|one| (one.user, (one.first_visit, one.first_call, one.first_success, one.last_seen)))
        .collect();
    let report = visibility::engagement(&workspace, &viewer, |user| times.get(&user).copied());
    report.ok_or(Code::NotFound.into())
}
