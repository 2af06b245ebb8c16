//! Forks: a collection or an environment that was taken from another workspace of the team, and pulls from there.
//!
//! A fork keeps what its parent was as of the last pull (the base), so that a pull can tell what changed there from what
//! changed here. Where a fork comes from is for the team alone: its items look like any others.

mod plan;
mod pull;
mod threeway;
mod tree;

pub use plan::{Conflict, Plan, Side};
pub use pull::{environment_change, plan_environment};
pub(super) use pull::{pull, pull_environment};
pub use tree::plan;

use super::decide::{MOST_ITEMS, create_environment, editor, order_after};
use super::event::Event;
use super::item::{Content, Environment, Item, ItemKind};
use super::member::Viewer;
use super::problem::{Code, Problem};
use super::{Workspace, command::Command};
use crate::id::{EnvironmentId, Epoch, ItemId, Position, WorkspaceId};
use fractional_index::FractionalIndex;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Which state of a workspace. Later ones are greater: epochs are in order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    /// The epoch.
    pub epoch: Epoch,
    /// The shared position in it.
    pub position: Position,
}

impl Version {
    fn of(workspace: &Workspace) -> Self {
        Self { epoch: workspace.epoch, position: workspace.positions.shared }
    }
}

/// A collection that is a fork.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fork {
    /// The parent's workspace.
    pub workspace: WorkspaceId,
    /// The parent: a collection there.
    pub source: ItemId,
    /// The parent's workspace as of the last pull that brought anything.
    pub version: Version,
    /// The parent's items as of that pull, by their ids there.
    bases: OrdMap<ItemId, Arc<Base>>,
}

/// An item of the parent as of the last pull.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Base {
    /// Its id there.
    pub source: ItemId,
    /// The item that was made of it here, which may be gone; None when it was declined.
    pub own: Option<ItemId>,
    /// The item it stood in there.
    pub parent: Option<ItemId>,
    /// Its order there.
    #[serde(with = "fractional_index::stringify")]
    pub order: FractionalIndex,
    /// The order it was given here for that.
    #[serde(with = "fractional_index::stringify")]
    pub given: FractionalIndex,
    /// What it is.
    pub kind: ItemKind,
    /// The name there.
    pub name: String,
    /// The content there.
    #[serde(with = "super::kept::content")]
    pub content: Content,
}

impl Base {
    fn reads_as(&self, item: &Item) -> bool {
        self.name == item.name && self.content.get() == item.content.get()
    }

    fn stands_as(&self, item: &Item) -> bool {
        // Where a root stands among the others of its workspace says nothing.
        self.parent == item.parent && (item.parent.is_none() || self.order == item.order)
    }
}

/// An environment that is a fork.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnvironmentFork {
    /// The parent's workspace.
    pub workspace: WorkspaceId,
    /// The parent.
    pub source: EnvironmentId,
    /// The parent's workspace as of the last pull that brought anything.
    pub version: Version,
    /// Its name as of that pull.
    pub name: String,
    /// Its content as of that pull.
    #[serde(with = "super::kept::content")]
    pub content: Content,
}

/// A collection as it is in its workspace: what is forked and pulled.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// How that was when it was read.
    pub version: Version,
    /// The root first, parents before children, siblings in order.
    pub items: Vec<Arc<Item>>,
}

impl Source {
    /// A collection; None when there is no such collection.
    #[must_use]
    pub fn of(workspace: &Workspace, root: ItemId) -> Option<Self> {
        workspace.item(root).filter(|item| item.kind == ItemKind::Collection)?;
        let items = workspace.subtree(root).into_iter().cloned().collect();
        Some(Self { workspace: workspace.id, version: Version::of(workspace), items })
    }
}

/// An environment as it is in its workspace.
#[derive(Clone, Debug)]
pub struct EnvironmentSource {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// How that was when it was read.
    pub version: Version,
    /// What it is.
    pub environment: Arc<Environment>,
}

impl EnvironmentSource {
    /// An environment; None when there is no such one.
    #[must_use]
    pub fn of(workspace: &Workspace, id: EnvironmentId) -> Option<Self> {
        let environment = Arc::clone(workspace.environment(id)?);
        Some(Self { workspace: workspace.id, version: Version::of(workspace), environment })
    }
}

/// What a person chose for an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The item stays as it is here.
    Ours,
    /// The item becomes what it is in the parent, also when that is nothing.
    Theirs,
    /// The item stays, or comes, with this name and content.
    Value(Chosen),
}

/// A name and a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// The name.
    pub name: String,
    /// The Postman object without name and children.
    #[schema(value_type = Object)]
    pub content: Map<String, Value>,
}

/// Choices by the ids that conflicts and changes have: the item's here, or its parent's when there is none here.
pub type Choices = HashMap<Uuid, Choice>;

/// One thing that changed in the parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Came {
    /// The item or environment here, or the one in the parent when there is none here.
    pub item: Uuid,
    /// Its name in the parent, the last it had there.
    pub name: String,
    /// What happened to it.
    pub kind: CameKind,
}

/// What happened to an item in the parent. One that was changed and moved is `changed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as what it is")]
pub enum CameKind {
    Added,
    Changed,
    Removed,
    Moved,
}

/// What changed in a collection's parent since the last pull: what is there, in order, then what is gone.
#[must_use]
pub fn changes(workspace: &Workspace, root: ItemId, fork: &Fork, source: &Source) -> Vec<Came> {
    let here: HashSet<ItemId> = workspace.subtree(root).into_iter().map(|item| item.id).collect();
    let id = |base: &Base| base.own.filter(|own| here.contains(own)).unwrap_or(base.source).0;
    let mut all = Vec::new();
    for item in &source.items {
        let (of, kind) = match fork.bases.get(&item.id) {
            None => (item.id.0, CameKind::Added),
            Some(base) if !base.reads_as(item) => (id(base), CameKind::Changed),
            Some(base) if !base.stands_as(item) => (id(base), CameKind::Moved),
            Some(_) => continue,
        };
        all.push(Came { item: of, name: item.name.clone(), kind });
    }
    let there: HashSet<ItemId> = source.items.iter().map(|item| item.id).collect();
    let gone = fork.bases.values().filter(|base| !there.contains(&base.source));
    all.extend(gone.map(|base| Came { item: id(base), name: base.name.clone(), kind: CameKind::Removed }));
    all
}

/// Forks a collection: `ids` are the new items', in the order of the parent's.
pub(super) fn fork(
    workspace: &Workspace,
    viewer: &Viewer,
    command: &Command,
    source: &Source,
    ids: &[ItemId],
) -> Result<Vec<Event>, Problem> {
    of_the_team(viewer)?;
    if workspace.item_count() + source.items.len() > MOST_ITEMS {
        return Err(Code::TooManyItems.into());
    }
    let own: HashMap<ItemId, ItemId> = source.items.iter().map(|item| item.id).zip(ids.iter().copied()).collect();
    let root = order_after(workspace, None, None, None)?;
    let mut items = Vec::with_capacity(ids.len());
    for (item, id) in source.items.iter().zip(ids) {
        let parent = item.parent.and_then(|parent| own.get(&parent)).copied();
        let order = if parent.is_none() { root.clone() } else { item.order.clone() };
        let (at, by) = (command.at, command.by);
        items.push(Item { id: *id, parent, order, position: 0, updated_at: at, updated_by: by, ..Item::clone(item) });
    }
    let (Some(first), Some(root)) = (source.items.first(), ids.first()) else { return Err(Code::NotFound.into()) };
    let of = source.items.iter().map(|item| item.id).zip(ids.iter().copied()).map(|(there, here)| (here, there));
    let forked = Event::Forked {
        root: *root,
        workspace: source.workspace,
        source: first.id,
        version: source.version,
        items: of.collect(),
    };
    Ok(vec![Event::ItemsImported { items }, forked])
}

/// Forks an environment.
pub(super) fn fork_environment(
    workspace: &Workspace,
    viewer: &Viewer,
    source: &EnvironmentSource,
    id: EnvironmentId,
) -> Result<Vec<Event>, Problem> {
    of_the_team(viewer)?;
    let (parent, version) = (&source.environment, source.version);
    let made = create_environment(workspace, id, &parent.name, Arc::clone(&parent.content))?;
    let forked = Event::EnvironmentForked { id, workspace: source.workspace, source: parent.id, version };
    Ok(vec![made, forked])
}

fn of_the_team(viewer: &Viewer) -> Result<(), Problem> {
    editor(viewer)?;
    viewer.is_team().then_some(()).ok_or(Code::Forbidden.into())
}

impl Workspace {
    /// Where a collection comes from; None when it is no fork.
    #[must_use]
    pub fn fork(&self, root: ItemId) -> Option<&Arc<Fork>> {
        self.forks.get(&root)
    }

    /// Where an environment comes from; None when it is no fork.
    #[must_use]
    pub fn environment_fork(&self, id: EnvironmentId) -> Option<&Arc<EnvironmentFork>> {
        self.environment_forks.get(&id)
    }

    /// An item with all that stands in it, parents before children, siblings in order.
    fn subtree(&self, root: ItemId) -> Vec<&Arc<Item>> {
        let mut all = Vec::new();
        let mut waiting: Vec<&Arc<Item>> = self.item(root).into_iter().collect();
        while let Some(item) = waiting.pop() {
            all.push(item);
            waiting.extend(self.children(Some(item.id)).rev());
        }
        all
    }

    pub(super) fn apply_to_forks(&mut self, event: &Event) {
        match event {
            Event::Forked { root, workspace, source, version, items } => {
                // What was forked came with the event before: it is the base as it is.
                let there: HashMap<ItemId, ItemId> = items.iter().copied().collect();
                let base = |(own, source): &(ItemId, ItemId)| {
                    let item = self.item(*own)?;
                    let base = Base {
                        source: *source,
                        own: Some(*own),
                        parent: item.parent.and_then(|parent| there.get(&parent)).copied(),
                        order: item.order.clone(),
                        given: item.order.clone(),
                        kind: item.kind,
                        name: item.name.clone(),
                        content: Arc::clone(&item.content),
                    };
                    Some((*source, Arc::new(base)))
                };
                let bases = items.iter().filter_map(base).collect();
                let fork = Fork { workspace: *workspace, source: *source, version: *version, bases };
                self.forks.insert(*root, Arc::new(fork));
            }
            Event::Pulled { root, version, bases, removed, .. } => {
                let Some(fork) = self.forks.get_mut(root).map(Arc::make_mut) else { return };
                fork.version = *version;
                fork.bases.extend(bases.iter().map(|base| (base.source, Arc::clone(base))));
                for source in removed {
                    fork.bases.remove(source);
                }
            }
            Event::EnvironmentForked { id, workspace, source, version } => {
                let Some(made) = self.environments.get(id) else { return };
                let fork = EnvironmentFork {
                    workspace: *workspace,
                    source: *source,
                    version: *version,
                    name: made.name.clone(),
                    content: Arc::clone(&made.content),
                };
                self.environment_forks.insert(*id, Arc::new(fork));
            }
            Event::EnvironmentPulled { id, version, name, content } => {
                if let Some(fork) = self.environment_forks.get_mut(id).map(Arc::make_mut) {
                    (fork.version, fork.name) = (*version, name.clone());
                    fork.content = Arc::clone(content);
                }
            }
            _ => {}
        }
    }
}
