//! What a pull comes to, as values: what becomes of each item, and where a choice is needed.

use crate::id::ItemId;
use crate::workspace::Workspace;
use crate::workspace::item::Content;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// An item of which both sides made something else. A side that is None has none.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The item here, or the one in the parent when there is none here.
    pub item: Uuid,
    /// Its name here, or else there.
    pub name: String,
    /// As of the last pull.
    pub base: Option<Side>,
    /// Here.
    pub ours: Option<Side>,
    /// In the parent.
    pub theirs: Option<Side>,
}

/// One side of a conflict.
#[derive(Clone, Debug)]
pub struct Side {
    /// The name.
    pub name: String,
    /// The content.
    pub content: Content,
    /// The item it stands in: the one here, or the one in the parent when there is none here.
    pub parent: Option<Uuid>,
}

pub(super) type Node = (String, Content);

/// What becomes of one of the parent's items here.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is here, becomes this (None: stays as it is), and moves to where it stands there.
    Here { own: ItemId, becomes: Option<Node>, moves: bool },
    /// It comes to be.
    Made(Node),
    /// It isn't here, and won't be.
    Away,
    /// Nobody has chosen yet.
    Open,
}

/// What a pull comes to. While there are conflicts, nothing else counts.
#[derive(Debug, Default)]
pub struct Plan {
    /// Where a choice is needed, in the order of the parent's items; then what is gone there.
    pub conflicts: Vec<Conflict>,
    /// Of the parent's items, by their ids there.
    pub(super) fates: HashMap<ItemId, Fate>,
    /// What becomes of items that are gone there and stay here.
    pub(super) kept: Vec<(ItemId, Node)>,
    /// What goes here, each with all that still stands in it then.
    pub(super) deletes: Vec<ItemId>,
    /// All that goes with them.
    pub(super) doomed: HashSet<ItemId>,
    /// Where items that move or come to be will stand.
    pub(super) placed: HashMap<ItemId, ItemId>,
}

impl Plan {
    /// The item an item stands in after the pull.
    fn parent(&self, workspace: &Workspace, id: ItemId) -> Option<ItemId> {
        self.placed.get(&id).copied().or_else(|| workspace.item(id)?.parent)
    }

    /// How deep an item stands after the pull; or the items that would stand in one another.
    pub(super) fn depth(&self, workspace: &Workspace, id: ItemId) -> Result<usize, Vec<ItemId>> {
        let mut chain = vec![id];
        let mut last = id;
        while let Some(up) = self.parent(workspace, last) {
            if let Some(at) = chain.iter().position(|one| *one == up) {
                return Err(chain.split_off(at));
            }
            chain.push(up);
            last = up;
        }
        Ok(chain.len())
    }
}
