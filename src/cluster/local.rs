//! One node alone: nobody to tell, nobody to hear.

use super::message::Message;
use super::{Cluster, Heard, Pulse};
use crate::id::WorkspaceId;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The cluster of one.
#[derive(Debug, Default)]
pub struct Local;

impl Cluster for Local {
    fn is_shared(&self) -> bool {
        false
    }

    fn tell(&self, _: WorkspaceId, _: Message) {}

    fn follow(&self, _: WorkspaceId, _: Arc<Pulse>) -> mpsc::Receiver<Heard> {
        mpsc::channel(1).1
    }
}
