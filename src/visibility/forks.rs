//! What forks look like. That a collection has a parent, and all about it, is for the team.

use crate::id::WorkspaceId;
use crate::protocol::forks::{Conflicts, ForkState, SeenConflict, SeenSide};
use crate::protocol::{ImportedRoot, ProblemBody};
use crate::workspace::fork::{Came, Conflict, Side};
use crate::workspace::item::{Item, ItemKind};
use crate::workspace::member::Viewer;
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// Whether somebody may know where a fork comes from: of the team here, and there.
pub(super) fn may_know(here: &Viewer, there: &Viewer) -> bool {
    here.is_team() && there.is_team() && here.user == there.user
}

pub(super) fn state((workspace, item): (WorkspaceId, Uuid), changes: Vec<Came>) -> ForkState {
    ForkState { workspace, item, behind: changes.len(), changes }
}

pub(super) fn conflicts(problem: ProblemBody, conflicts: &[Conflict]) -> Conflicts {
    let side =
        |side: &Side| SeenSide { name: side.name.clone(), content: Arc::clone(&side.content), parent: side.parent };
    let seen = |one: &Conflict| SeenConflict {
        item: one.item,
        name: one.name.clone(),
        base: one.base.as_ref().map(side),
        ours: one.ours.as_ref().map(side),
        theirs: one.theirs.as_ref().map(side),
    };
    Conflicts { problem, conflicts: conflicts.iter().map(seen).collect() }
}

/// The items of a list that stand in none of it: the root of an import, or what a pull brought.
pub(super) fn topmost(items: &[Item]) -> Vec<ImportedRoot> {
    let all: HashSet<_> = items.iter().map(|item| item.id).collect();
    let top = items.iter().filter(|item| item.parent.is_none_or(|parent| !all.contains(&parent)));
    let root = |item: &Item| {
        let kind = match item.kind {
            ItemKind::Collection => "collection",
            ItemKind::Folder => "folder",
            ItemKind::Request => "request",
            ItemKind::Example => "example",
        };
        ImportedRoot { id: item.id.0, kind: kind.into(), name: item.name.clone() }
    };
    top.map(root).collect()
}
