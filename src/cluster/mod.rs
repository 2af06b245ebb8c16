//! Other nodes: hearing that a workspace's log has grown. A hint, never the truth: whoever misses one reads the log.

pub mod local;

use crate::id::{Sequence, WorkspaceId};
use async_trait::async_trait;
use tokio::sync::mpsc;

/// Tells other nodes of commits, and hears of theirs.
#[async_trait]
pub trait Cluster: Send + Sync + 'static {
    /// Tells other nodes that a workspace's log has grown to a sequence. Never fails: a lost hint costs time alone.
    async fn announce(&self, workspace: WorkspaceId, sequence: Sequence);
    /// Hints that a workspace's log has grown elsewhere, until the receiver is dropped.
    async fn follow(&self, workspace: WorkspaceId) -> mpsc::Receiver<Sequence>;
}
