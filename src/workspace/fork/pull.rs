//! The events of a pull: what everyone gets looks like edits; that it was a pull is for the team.

use super::plan::{Conflict, Fate, Node, Plan, Side};
use super::tree::{chosen_node, plan};
use super::{Base, Came, CameKind, Choice, Choices, EnvironmentSource, Source, changes, of_the_team, threeway};
use crate::id::{EnvironmentId, ItemId};
use crate::workspace::command::{Answer, Command};
use crate::workspace::decide::MOST_ITEMS;
use crate::workspace::event::Event;
use crate::workspace::item::Item;
use crate::workspace::member::Viewer;
use crate::workspace::order::between;
use crate::workspace::problem::{Code, Problem};
use crate::workspace::{Workspace, merge};
use fractional_index::FractionalIndex;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Bytes of new items that are told one by one, and bytes of patches that are told as they are. More than that is only
/// named, and read over HTTP.
const MOST_INLINE: usize = 64 * 1_024;

/// Decides a pull from a collection's parent: all that comes, or why nothing does.
pub(in crate::workspace) fn pull(
    workspace: &Workspace,
    viewer: &Viewer,
    command: &Command,
    root: ItemId,
    source: &Source,
    choices: &Choices,
    ids: &[ItemId],
) -> Result<(Vec<Event>, Answer), Problem> {
    of_the_team(viewer)?;
    let made = source.items.iter().map(|item| item.id).zip(ids.iter().copied()).collect();
    let plan = plan(workspace, root, source, choices, &made)?;
    if !plan.conflicts.is_empty() {
        return Err(Code::Conflict.into());
    }
    let fork = workspace.fork(root).ok_or(Code::NotFound)?;
    let came = came(&changes(workspace, root, fork, source), &plan, choices, &made);
    let mut writer = Writer { workspace, plan: &plan, taken: HashMap::new(), left: MOST_INLINE };
    let (mut created, mut moved, mut changed, mut bases) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for item in &source.items {
        let old = fork.bases.get(&item.id);
        let (own, given) = match plan.fates.get(&item.id) {
            Some(Fate::Made((name, content))) => {
                let id = *made.get(&item.id).ok_or(Code::Invalid)?;
                let (parent, order) = writer.claim(id, &item.order)?;
                let (name, content, at, by) = (name.clone(), Arc::clone(content), command.at, command.by);
                let new = Item { id, parent: Some(parent), order: order.clone(), name, content, ..Item::clone(item) };
                created.push(Item { method: None, position: 0, updated_at: at, updated_by: by, ..new });
                (Some(id), order)
            }
            Some(Fate::Here { own, becomes, moves }) => {
                changed.extend(becomes.as_ref().and_then(|becomes| writer.change(*own, becomes)));
                let given = if *moves {
                    let (parent, order) = writer.claim(*own, &item.order)?;
                    moved.push(Event::ItemMoved { id: *own, parent: Some(parent), order: order.clone() });
                    order
                } else {
                    old.map_or_else(|| item.order.clone(), |old| old.given.clone())
                };
                (Some(*own), given)
            }
            _ => (None, item.order.clone()),
        };
        // What isn't here now may come back: moved to another collection, and back again.
        let own = own.or_else(|| old?.own);
        let as_before =
            |old: &Arc<Base>| old.reads_as(item) && old.stands_as(item) && old.given == given && old.own == own;
        if !old.is_some_and(as_before) {
            let (source, parent, order, kind) = (item.id, item.parent, item.order.clone(), item.kind);
            let (name, content) = (item.name.clone(), Arc::clone(&item.content));
            bases.push(Arc::new(Base { source, own, parent, order, given, kind, name, content }));
        }
    }
    if workspace.item_count() - plan.doomed.len() + created.len() > MOST_ITEMS {
        return Err(Code::TooManyItems.into());
    }
    changed.extend(plan.kept.iter().filter_map(|(own, becomes)| writer.change(*own, becomes)));
    // Whoever is moved finds all above it in place: nothing ever stands in itself.
    moved.sort_by_key(|event| match event {
        Event::ItemMoved { id, .. } => plan.depth(workspace, *id).unwrap_or_default(),
        _ => 0,
    });
    let mut events = creation(created);
    events.append(&mut moved);
    let name = |id: &ItemId| workspace.item(*id).map(|item| item.name.clone());
    events.extend(plan.deletes.iter().map(|id| Event::ItemDeleted { id: *id, name: name(id) }));
    events.append(&mut changed);
    let there: HashSet<ItemId> = source.items.iter().map(|item| item.id).collect();
    let removed: Vec<ItemId> = fork.bases.keys().filter(|id| !there.contains(id)).copied().collect();
    if !events.is_empty() || !bases.is_empty() || !removed.is_empty() {
        events.push(Event::Pulled { root, version: source.version, came: came.clone(), bases, removed });
    }
    Ok((events, Answer::Pulled(came)))
}

/// What came, with the ids things have here, less what was declined.
fn came(changes: &[Came], plan: &Plan, choices: &Choices, made: &HashMap<ItemId, ItemId>) -> Vec<Came> {
    let here = |change: &Came| {
        let there = ItemId(change.item);
        let new = made.get(&there).filter(|_| matches!(plan.fates.get(&there), Some(Fate::Made(_))));
        Came { item: new.map_or(change.item, |new| new.0), ..change.clone() }
    };
    let taken = |change: &&Came| {
        let away = matches!(plan.fates.get(&ItemId(change.item)), Some(Fate::Away)) && change.kind != CameKind::Removed;
        !away && choices.get(&change.item) != Some(&Choice::Ours)
    };
    changes.iter().filter(taken).map(here).collect()
}

/// New items one by one, or, when they are large, by their topmost.
fn creation(created: Vec<Item>) -> Vec<Event> {
    let large = created.iter().map(|item| item.content.get().len()).sum::<usize>() > MOST_INLINE;
    if large {
        return vec![Event::ItemsImported { items: created }];
    }
    created.into_iter().map(|item| Event::ItemCreated { item }).collect()
}

struct Writer<'a> {
    workspace: &'a Workspace,
    plan: &'a Plan,
    /// The orders that are taken among what stands in an item after the pull.
    taken: HashMap<ItemId, BTreeSet<FractionalIndex>>,
    /// Bytes of patches that may still be told.
    left: usize,
}

impl Writer<'_> {
    /// Where an item that moves or comes to be will stand: at its order there, or next after what has that here.
    fn claim(&mut self, id: ItemId, wanted: &FractionalIndex) -> Result<(ItemId, FractionalIndex), Problem> {
        let parent = *self.plan.placed.get(&id).ok_or(Code::WrongPlace)?;
        let taken = self.taken.entry(parent).or_insert_with(|| {
            let stays = |id: &ItemId| !self.plan.placed.contains_key(id) && !self.plan.doomed.contains(id);
            let staying = self.workspace.child_keys(Some(parent)).filter(|(_, id)| stays(id));
            staying.map(|(order, _)| order.clone()).collect()
        });
        let order = if taken.contains(wanted) {
            let next = taken.range((std::ops::Bound::Excluded(wanted), std::ops::Bound::Unbounded)).next();
            between(Some(wanted), next).ok_or(Code::WrongPlace)?
        } else {
            wanted.clone()
        };
        taken.insert(order.clone());
        Ok((parent, order))
    }

    /// An item becomes something else: by a patch where there is a small one.
    fn change(&mut self, id: ItemId, (name, content): &Node) -> Option<Event> {
        let own = self.workspace.item(id)?;
        let renamed = (own.name != *name).then(|| name.clone());
        if own.content.get() == content.get() {
            return renamed.map(|name| Event::ItemUpdated { id, name: Some(name), content: None });
        }
        let patch = merge::difference(&own.content, content).filter(|patch| patch.get().len() <= self.left);
        Some(match patch {
            Some(patch) => {
                self.left -= patch.get().len();
                Event::ItemUpdated { id, name: renamed, content: Some(patch) }
            }
            None => Event::ItemReplaced { id, name: name.clone(), content: Arc::clone(content) },
        })
    }
}

/// What a pull of an environment comes to: a conflict, or what it becomes (None: it stays as it is).
///
/// # Errors
/// As of [`plan`].
pub fn plan_environment(
    workspace: &Workspace,
    id: EnvironmentId,
    source: &EnvironmentSource,
    choice: Option<&Choice>,
) -> Result<Result<Option<Node>, Box<Conflict>>, Problem> {
    let theirs = &source.environment;
    let fork = workspace.environment_fork(id);
    let fork = fork.filter(|fork| fork.workspace == source.workspace && fork.source == theirs.id);
    let (fork, ours) = fork.zip(workspace.environment(id)).ok_or(Code::NotFound)?;
    if source.version < fork.version {
        return Err(Code::Conflict.into());
    }
    let becomes = match choice {
        Some(Choice::Ours) => return Ok(Ok(None)),
        Some(Choice::Theirs) => (theirs.name.clone(), Arc::clone(&theirs.content)),
        Some(Choice::Value(chosen)) => chosen_node(ItemId(id.0), chosen)?,
        None => {
            let (base, own) = ((fork.name.as_str(), &fork.content), (ours.name.as_str(), &ours.content));
            match threeway::node(base, own, (&theirs.name, &theirs.content)) {
                Ok(merged) => merged,
                Err(_) => {
                    let side = |(name, content): (&str, &_)| {
                        Some(Side { name: name.to_owned(), content: Arc::clone(content), parent: None })
                    };
                    let (item, name) = (id.0, ours.name.clone());
                    let theirs = side((&theirs.name, &theirs.content));
                    return Ok(Err(Box::new(Conflict { item, name, base: side(base), ours: side(own), theirs })));
                }
            }
        }
    };
    Ok(Ok(Some(becomes).filter(|(name, content)| *name != ours.name || content.get() != ours.content.get())))
}

/// What changed in an environment's parent since the last pull.
#[must_use]
pub fn environment_change(workspace: &Workspace, id: EnvironmentId, source: &EnvironmentSource) -> Option<Came> {
    let (fork, theirs) = (workspace.environment_fork(id)?, &source.environment);
    let same = fork.name == theirs.name && fork.content.get() == theirs.content.get();
    (!same).then(|| Came { item: id.0, name: theirs.name.clone(), kind: CameKind::Changed })
}

/// Decides a pull from an environment's parent.
pub(in crate::workspace) fn pull_environment(
    workspace: &Workspace,
    viewer: &Viewer,
    id: EnvironmentId,
    source: &EnvironmentSource,
    choice: Option<&Choice>,
) -> Result<(Vec<Event>, Answer), Problem> {
    of_the_team(viewer)?;
    let becomes = plan_environment(workspace, id, source, choice)?.map_err(|_| Problem::from(Code::Conflict))?;
    let change = environment_change(workspace, id, source);
    let theirs = &source.environment;
    let mut events = Vec::new();
    events.extend(becomes.map(|(name, content)| Event::EnvironmentReplaced { id, name, content }));
    if change.is_some() || !events.is_empty() {
        let (name, content) = (theirs.name.clone(), Arc::clone(&theirs.content));
        events.push(Event::EnvironmentPulled { id, version: source.version, name, content });
    }
    Ok((events, Answer::Pulled(change.into_iter().filter(|_| choice != Some(&Choice::Ours)).collect())))
}
