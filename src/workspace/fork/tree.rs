//! What a pull comes to: for each item of the parent and of the fork, what becomes of it here.
//!
//! Both are compared with the base. What one side alone changed is taken; what both changed is merged, and where that
//! can't be done it is a conflict, for which a person's choice is needed. A choice is of the whole item, its place included.

use super::plan::{Conflict, Fate, Node, Plan, Side};
use super::{Base, Choice, Choices, Chosen, Fork, Source, threeway};
use crate::id::ItemId;
use crate::workspace::Workspace;
use crate::workspace::decide::{DEEPEST, checked_name, raw, too_deep};
use crate::workspace::item::{Content, Item};
use crate::workspace::problem::{Code, Problem};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a pull of `source` into the fork at `root` comes to. `made`: the ids of items that come to be, by their ids there.
///
/// # Errors
/// `not_found` when that is no fork of it, `invalid` for a choice that can't be, `wrong_place` for what would stand too
/// deep, `conflict` when the source was read before the last pull.
pub fn plan(
    workspace: &Workspace,
    root: ItemId,
    source: &Source,
    choices: &Choices,
    made: &HashMap<ItemId, ItemId>,
) -> Result<Plan, Problem> {
    let first = source.items.first().map(|item| item.id);
    let fork = workspace.fork(root).filter(|fork| fork.workspace == source.workspace && Some(fork.source) == first);
    let fork = fork.ok_or(Code::NotFound)?;
    if source.version < fork.version {
        return Err(Code::Conflict.into());
    }
    let tree = workspace.subtree(root);
    let inside: HashSet<ItemId> = tree.iter().map(|item| item.id).collect();
    let own = |base: &Base| Some((base.source, base.own.filter(|own| inside.contains(own))?));
    let own: HashMap<ItemId, ItemId> = fork.bases.values().filter_map(|base| own(base)).collect();
    let of = own.iter().map(|(there, here)| (*here, *there)).collect();
    let theirs = source.items.iter().map(|item| (item.id, item.as_ref())).collect();
    let mut planner = Planner { workspace, fork, theirs, own, of, choices, made, plan: Plan::default() };
    planner.check_choices()?;
    for item in &source.items {
        let fate = planner.meet(item)?;
        planner.plan.fates.insert(item.id, fate);
    }
    planner.lose(&tree)?;
    if planner.plan.conflicts.is_empty() {
        planner.delete(&tree);
        planner.place(source);
        planner.untie(source)?;
    }
    if planner.plan.conflicts.is_empty() {
        planner.check_depth(&tree)?;
    }
    Ok(planner.plan)
}

struct Planner<'a> {
    workspace: &'a Workspace,
    fork: &'a Fork,
    theirs: HashMap<ItemId, &'a Item>,
    /// The items here by the parent's, and the other way round.
    own: HashMap<ItemId, ItemId>,
    of: HashMap<ItemId, ItemId>,
    choices: &'a Choices,
    made: &'a HashMap<ItemId, ItemId>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn check_choices(&self) -> Result<(), Problem> {
        for id in self.choices.keys() {
            let item = ItemId(*id);
            let known =
                self.of.contains_key(&item) || self.theirs.contains_key(&item) || self.fork.bases.contains_key(&item);
            if !known {
                let detail = "There is no such item in the fork or its parent.";
                return Err(Problem::new(Code::Invalid, detail).at(format!("choices.{id}")));
            }
        }
        Ok(())
    }

    fn choice(&self, there: ItemId) -> Option<&'a Choice> {
        let here = self.own.get(&there).and_then(|own| self.choices.get(&own.0));
        here.or_else(|| self.choices.get(&there.0))
    }

    fn here(&self, there: ItemId) -> Option<&'a Item> {
        self.own.get(&there).and_then(|own| self.workspace.item(*own)).map(Arc::as_ref)
    }

    fn base(&self, there: ItemId) -> Option<&'a Base> {
        self.fork.bases.get(&there).map(Arc::as_ref)
    }

    fn conflict(&mut self, there: ItemId) {
        let (base, ours, theirs) = (self.base(there), self.here(there), self.theirs.get(&there).copied());
        let known = |parent: ItemId| self.own.get(&parent).map_or(parent.0, |own| own.0);
        let side = |name: &String, content: &Content, parent| Side {
            name: name.clone(),
            content: Arc::clone(content),
            parent,
        };
        let conflict = Conflict {
            item: known(there),
            name: ours.map(|item| &item.name).or(theirs.map(|item| &item.name)).cloned().unwrap_or_default(),
            base: base.map(|base| side(&base.name, &base.content, base.parent.map(known))),
            ours: ours.map(|item| side(&item.name, &item.content, item.parent.map(|parent| parent.0))),
            theirs: theirs.map(|item| side(&item.name, &item.content, item.parent.map(known))),
        };
        self.plan.conflicts.push(conflict);
    }

    /// What becomes of an item that is in the parent. Those above it are decided.
    fn meet(&mut self, item: &Item) -> Result<Fate, Problem> {
        let choice = self.choice(item.id);
        match (self.base(item.id), self.here(item.id)) {
            (Some(base), Some(own)) => self.meet_both(base, own, item, choice),
            (base, _) => {
                let above = item.parent.and_then(|parent| self.plan.fates.get(&parent));
                let homeless = base.is_none() && matches!(above, Some(Fate::Away));
                // In what is new there and isn't wanted, nothing is.
                let unwanted = homeless && item.parent.is_some_and(|parent| self.base(parent).is_none());
                Ok(match choice {
                    Some(Choice::Ours) => Fate::Away,
                    Some(Choice::Theirs) => Fate::Made(node(item)),
                    Some(Choice::Value(chosen)) => Fate::Made(chosen_node(item.id, chosen)?),
                    None if unwanted || base.is_some_and(|base| base.reads_as(item)) => Fate::Away,
                    None if base.is_some() || homeless => {
                        self.conflict(item.id);
                        Fate::Open
                    }
                    None if matches!(above, Some(Fate::Open)) => Fate::Open,
                    None => Fate::Made(node(item)),
                })
            }
        }
    }

    fn meet_both(&mut self, base: &Base, own: &Item, item: &Item, choice: Option<&Choice>) -> Result<Fate, Problem> {
        let here = |parent: Option<ItemId>| parent.and_then(|parent| self.own.get(&parent)).copied();
        let (carried_here, carried_there) = (own.parent != here(base.parent), item.parent != base.parent);
        let moved_here = item.parent.is_some() && (carried_here || own.order != base.given);
        let moved_there = !base.stands_as(item);
        let above = item.parent.and_then(|parent| self.plan.fates.get(&parent));
        let moves = match (moved_here, moved_there) {
            (_, false) => Some(false),
            // Its new place there isn't here any more.
            (_, true) if carried_there && matches!(above, Some(Fate::Away)) => None,
            (false, true) => Some(true),
            (true, true) if carried_here && carried_there => (own.parent == here(item.parent)).then_some(false),
            (true, true) => Some(carried_there),
        };
        let (becomes, moves) = match choice {
            Some(Choice::Ours) => (None, false),
            Some(Choice::Theirs) => (Some(node(item)), moved_here || moved_there),
            Some(Choice::Value(chosen)) => (Some(chosen_node(own.id, chosen)?), moves.unwrap_or(false)),
            None => {
                let sides = ((base.name.as_str(), &base.content), (own.name.as_str(), &own.content));
                match (threeway::node(sides.0, sides.1, (&item.name, &item.content)), moves) {
                    (Ok(merged), Some(moves)) => (Some(merged), moves),
                    _ => {
                        self.conflict(item.id);
                        return Ok(Fate::Open);
                    }
                }
            }
        };
        let becomes = becomes.filter(|(name, content)| *name != own.name || content.get() != own.content.get());
        Ok(Fate::Here { own: own.id, becomes, moves })
    }

    /// What becomes of items that are gone there: they go here, unless something here would be lost.
    fn lose(&mut self, tree: &[&'a Arc<Item>]) -> Result<(), Problem> {
        let mut pinned = HashSet::new();
        // What stands in an item is decided before it.
        for own in tree.iter().rev() {
            let Some(there) = self.of.get(&own.id).copied().filter(|there| !self.theirs.contains_key(there)) else {
                continue;
            };
            let Some(base) = self.base(there) else { continue };
            let above = base.parent.and_then(|parent| self.own.get(&parent)).copied();
            let changed = !base.reads_as(own) || own.parent != above;
            let stays = |child: &Arc<Item>| match self.of.get(&child.id) {
                None => true,
                Some(there) => matches!(self.plan.fates.get(there), Some(Fate::Here { moves: false, .. })),
            };
            let holds = self.workspace.children(Some(own.id)).any(stays);
            let keeps = match self.choice(there) {
                Some(Choice::Ours) => true,
                Some(Choice::Value(chosen)) => {
                    self.plan.kept.push((own.id, chosen_node(own.id, chosen)?));
                    true
                }
                None if changed || holds => {
                    self.conflict(there);
                    true
                }
                Some(Choice::Theirs) | None => pinned.contains(&own.id),
            };
            if keeps {
                let mut above = own.parent;
                while let Some(id) = above.filter(|id| pinned.insert(*id)) {
                    above = self.workspace.item(id).and_then(|item| item.parent);
                }
            } else {
                self.plan.doomed.insert(own.id);
            }
        }
        Ok(())
    }

    /// What goes, goes with all that stands in it, but for what is in the parent: that goes to its place there.
    fn delete(&mut self, tree: &[&'a Arc<Item>]) {
        for own in tree {
            let below = own.parent.is_some_and(|parent| self.plan.doomed.contains(&parent));
            let there = self.of.get(&own.id);
            if let Some(Fate::Here { moves, .. }) = there.and_then(|there| self.plan.fates.get_mut(there)) {
                *moves |= below;
            } else if below {
                self.plan.doomed.insert(own.id);
            } else if self.plan.doomed.contains(&own.id) {
                self.plan.deletes.push(own.id);
            }
        }
    }

    /// Where things go there has to be here: it is made anew where it isn't.
    fn place(&mut self, source: &Source) {
        for item in &source.items {
            let mut below = Some(item.as_ref());
            while let Some(item) = below.take() {
                let comes =
                    matches!(self.plan.fates.get(&item.id), Some(Fate::Made(_) | Fate::Here { moves: true, .. }));
                let above = item.parent.filter(|_| comes).and_then(|parent| self.theirs.get(&parent).copied());
                if let Some(above) = above.filter(|above| matches!(self.plan.fates.get(&above.id), Some(Fate::Away))) {
                    self.plan.fates.insert(above.id, Fate::Made(node(above)));
                    below = Some(above);
                }
            }
        }
        for item in &source.items {
            let becomes = |there: ItemId| match self.plan.fates.get(&there) {
                Some(Fate::Here { own, .. }) => Some(*own),
                Some(Fate::Made(_)) => self.made.get(&there).copied(),
                _ => None,
            };
            let comes = matches!(self.plan.fates.get(&item.id), Some(Fate::Made(_) | Fate::Here { moves: true, .. }));
            if let (true, Some(id), Some(above)) = (comes, becomes(item.id), item.parent.and_then(becomes)) {
                self.plan.placed.insert(id, above);
            }
        }
    }

    /// Where one side moved an item into a second, and the other the second into the first, both are conflicts.
    fn untie(&mut self, source: &Source) -> Result<(), Problem> {
        let mut tied = HashSet::new();
        for item in &source.items {
            let Some(Fate::Here { own, moves: true, .. }) = self.plan.fates.get(&item.id) else { continue };
            let Err(circle) = self.plan.depth(self.workspace, *own) else { continue };
            if circle.iter().any(|one| tied.contains(one)) {
                continue;
            }
            let before = self.plan.conflicts.len();
            for id in circle {
                let open = |there: &ItemId| self.choice(*there).is_none() && self.is_carried(*there);
                let Some(there) = self.of.get(&id).copied().filter(open) else { continue };
                tied.insert(id);
                self.conflict(there);
            }
            if self.plan.conflicts.len() == before {
                let detail = "With these choices an item would stand in itself.";
                return Err(Problem::new(Code::Invalid, detail).at("choices"));
            }
        }
        Ok(())
    }

    /// Whether either side moved an item that both have into another.
    fn is_carried(&self, there: ItemId) -> bool {
        let (base, own, item) = (self.base(there), self.here(there), self.theirs.get(&there));
        let above = |base: &Base| base.parent.and_then(|parent| self.own.get(&parent)).copied();
        base.zip(own).is_some_and(|(base, own)| own.parent != above(base))
            || base.zip(item).is_some_and(|(base, item)| item.parent != base.parent)
    }

    fn check_depth(&self, tree: &[&'a Arc<Item>]) -> Result<(), Problem> {
        if self.plan.placed.is_empty() {
            return Ok(());
        }
        let before = Plan::default();
        let ids = tree.iter().map(|item| item.id).chain(self.plan.placed.keys().copied());
        for id in ids.filter(|id| !self.plan.doomed.contains(id)) {
            let depth = self.plan.depth(self.workspace, id).map_err(|_| Problem::from(Code::Cycle))?;
            if depth > DEEPEST && before.depth(self.workspace, id).is_ok_and(|was| was < depth) {
                return Err(too_deep());
            }
        }
        Ok(())
    }
}

fn node(item: &Item) -> Node {
    (item.name.clone(), Arc::clone(&item.content))
}

/// What a person wrote.
pub(super) fn chosen_node(id: ItemId, chosen: &Chosen) -> Result<Node, Problem> {
    let at = |problem: Problem| {
        let path = format!("choices.{id}.value.{}", problem.path.as_deref().unwrap_or_default());
        problem.at(path)
    };
    let name = checked_name(&chosen.name).map_err(at)?;
    Ok((name.to_owned(), raw(&chosen.content).map_err(at)?))
}
