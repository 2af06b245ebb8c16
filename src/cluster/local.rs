//! One node alone: nobody to tell, nobody to hear.

use super::Cluster;
use crate::id::{Sequence, WorkspaceId};
use async_trait::async_trait;
use tokio::sync::mpsc;

/// The cluster of one.
#[derive(Debug, Default)]
pub struct Local;

#[async_trait]
impl Cluster for Local {
    async fn announce(&self, _: WorkspaceId, _: Sequence) {}

    async fn follow(&self, _: WorkspaceId) -> mpsc::Receiver<Sequence> {
        mpsc::channel(1).1
    }
}
