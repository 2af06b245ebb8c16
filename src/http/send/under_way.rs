//! A send that has begun: it is in the history however it ends.

use crate::call::history::{Sent, entry};
use crate::call::redact::Redaction;
use crate::call::{Outcome, Outgoing};
use crate::http::App;
use crate::id::ItemId;
use crate::protocol::own::Source;
use crate::store::own::{Entry, Owner};
use crate::workspace::problem::Problem;
use std::sync::Arc;
use std::time::Instant;

/// What is recorded of a send.
pub(super) struct Call {
    pub(super) owner: Owner,
    pub(super) item: Option<ItemId>,
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) outgoing: Outgoing,
    pub(super) redaction: Redaction,
    pub(super) begun: Instant,
}

impl Call {
    /// As it is kept.
    pub(super) fn entry(&self, outcome: Result<&Outcome, &str>) -> Result<Entry, Problem> {
        let sent = Sent {
            item: self.item,
            name: &self.name,
            source: &self.source,
            request: &self.outgoing,
            outcome,
            total_ms: self.begun.elapsed().as_secs_f64() * 1_000.0,
        };
        entry(sent, &self.redaction)
    }
}

/// Dropped before it ended, a send is kept as `canceled`.
pub(super) struct UnderWay(Option<(Arc<App>, Arc<Call>)>);

impl UnderWay {
    pub(super) fn begin(app: &Arc<App>, call: &Arc<Call>) -> Self {
        Self(Some((Arc::clone(app), Arc::clone(call))))
    }

    pub(super) fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some((app, call)) = self.0.take() else { return };
        tokio::spawn(async move {
            let kept = match call.entry(Err("canceled")) {
                Ok(entry) => app.keep(call.owner, entry).await,
                Err(problem) => Err(problem),
            };
            if let Err(problem) = kept {
                tracing::warn!(%problem, "a request that was canceled is not in the history");
            }
        });
    }
}
