//! Before a refusal is told: whether it would stand if more were known here.
//!
//! What is written is compared with the log's head, so it was decided upon all there is. A refusal is compared with
//! nothing: it may rest on a state that other nodes have left behind, or be of an edit that was done before, whose
//! answer was lost and whose item, say, exists now.

use super::batch::Draft;
use super::room::{ReplyTo, Room};
use crate::workspace::command::Command;

/// What is to become of a draft.
pub(super) enum Refusals {
    Stand,
    /// More is known now: the commands are to be decided again.
    Again,
    /// The store can't tell.
    Unsure,
}

impl Room {
    pub(super) async fn examine(&mut self, commands: &[(Command, ReplyTo)], draft: &Draft) -> Refusals {
        let before = self.workspace.sequence;
        if self.cluster.is_shared() && draft.decided && draft.append.is_empty() {
            if !self.follow().await {
                return Refusals::Unsure;
            }
            if self.workspace.sequence > before {
                return Refusals::Again;
            }
        }
        let mut learned = false;
        for ((command, _), _) in commands.iter().zip(&draft.outcomes).filter(|(_, outcome)| outcome.is_err()) {
            let Some(op) = command.op.filter(|op| !self.recent.contains_key(&(command.by, *op))) else { continue };
            // Whoever may not see the workspace is told nothing of it.
            if self.workspace.viewer(command.by).is_none() {
                continue;
            }
            match self.store.find_answer(self.workspace.id, command.by, op).await {
                Ok(None) => {}
                Ok(Some(answer)) => {
                    self.remember(answer);
                    learned = true;
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "whether an edit was done before could not be read");
                    return Refusals::Unsure;
                }
            }
        }
        if learned { Refusals::Again } else { Refusals::Stand }
    }
}
