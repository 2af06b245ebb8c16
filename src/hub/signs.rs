//! Signs of life of partners (a visit, a request), on their way to the store. Nobody waits for them: they gather while
//! the ones before them are written, a person's together, so there are never more than there are members.

use crate::id::{UserId, WorkspaceId};
use crate::store::Store;
use crate::store::engagement::Engagement;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a store that failed is left alone.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Waiting {
    signs: HashMap<(WorkspaceId, UserId), Engagement>,
    /// Whether somebody is writing them.
    is_writing: bool,
}

impl Waiting {
    fn add(&mut self, sign: Engagement) {
        let all = self.signs.entry((sign.workspace, sign.user)).or_insert(sign);
        *all = all.and(sign);
    }
}

pub(super) struct Signs {
    store: Arc<dyn Store>,
    waiting: Mutex<Waiting>,
}

impl Signs {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, waiting: Mutex::default() }
    }

    /// Returns at once. Needs a runtime.
    pub(super) fn note(self: &Arc<Self>, sign: Engagement) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.add(sign);
        if !std::mem::replace(&mut waiting.is_writing, true) {
            tokio::spawn(Arc::clone(self).write());
        }
    }

    async fn write(self: Arc<Self>) {
        loop {
            let signs: Vec<Engagement> = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.is_writing = !waiting.signs.is_empty();
                waiting.signs.drain().map(|(_, sign)| sign).collect()
            };
            if signs.is_empty() {
                return;
            }
            if let Err(error) = self.store.engage(signs.clone()).await {
                tracing::warn!(error = format!("{error:#}"), "visits could not be kept");
                {
                    let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    signs.into_iter().for_each(|sign| waiting.add(sign));
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
