//! The pure workspace: state, what can be asked of it, what happens then. No clock, no randomness, no I/O.
//!
//! `command` → [`decide`] → `event` → [`Workspace::apply`]. State is persistent (`imbl`): a clone is O(1), so a
//! reader never locks, and a batch that fails to commit is dropped by keeping the old value.

pub mod archive;
pub mod command;
pub mod comment;
pub mod decide;
pub mod event;
pub mod fork;
pub mod invite;
pub mod item;
mod kept;
pub mod member;
pub mod merge;
mod order;
pub mod postman;
pub mod problem;
pub mod secret;
mod variables;

use crate::id::{EnvironmentId, Epoch, InvitationId, ItemId, Position, Sequence, TeamId, UserId, WorkspaceId};
use event::{Event, Revision};
use fork::{EnvironmentFork, Fork};
use fractional_index::FractionalIndex;
use imbl::{HashMap, OrdMap, OrdSet, Vector};
use item::{Content, Environment, Item};
use member::{Arrival, Invitation, Member, Mode, Role, Side, Viewer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

/// How many earlier revisions, over all items and environments, an edit's `base` can reach back.
pub const REVISIONS: usize = 1_024;

/// How far each stream has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    /// The stream for everyone.
    pub shared: Position,
    /// The stream for the team.
    pub team: Position,
}

/// Who an event is for. What is for one person alone is no event: it is told by seating that person anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// All members.
    Everyone,
    /// The team's members.
    Team,
}

/// An event's place, time and author.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Its place in the whole log.
    pub sequence: Sequence,
    /// Its audience, which is its stream.
    pub audience: Audience,
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub by: UserId,
}

/// The state of one workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Who owns it.
    pub team: TeamId,
    /// The team's domains; a partner's can't be one of them.
    pub team_domains: Vec<String>,
    /// Its name.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Whether partners see each other.
    pub mode: Mode,
    /// The epoch the positions count in.
    pub epoch: Epoch,
    /// How far each stream has come in this epoch.
    pub positions: Positions,
    /// How far the log has come.
    pub sequence: Sequence,
    /// True after its deletion.
    pub deleted: bool,
    members: OrdMap<UserId, Arc<Member>>,
    invitations: OrdMap<InvitationId, Arc<Invitation>>,
    items: HashMap<ItemId, Arc<Item>>,
    environments: OrdMap<EnvironmentId, Arc<Environment>>,
    revisions: Vector<Arc<Revision>>,
    #[serde(default)]
    forks: OrdMap<ItemId, Arc<Fork>>,
    #[serde(default)]
    environment_forks: OrdMap<EnvironmentId, Arc<EnvironmentFork>>,
    #[serde(default)]
    comments: comment::Comments,
    #[serde(default)]
    arrivals: OrdMap<UserId, Arrival>,
    #[serde(skip)]
    children: HashMap<Option<ItemId>, OrdSet<(FractionalIndex, ItemId)>>,
}

impl Workspace {
    /// A workspace before its first event.
    #[must_use]
    pub fn empty(id: WorkspaceId) -> Self {
        Self {
            id,
            team: TeamId(uuid::Uuid::nil()),
            team_domains: Vec::new(),
            name: String::new(),
            description: String::new(),
            mode: Mode::Classic,
            epoch: Epoch(uuid::Uuid::nil()),
            positions: Positions::default(),
            sequence: 0,
            deleted: false,
            members: OrdMap::new(),
            invitations: OrdMap::new(),
            items: HashMap::new(),
            environments: OrdMap::new(),
            revisions: Vector::new(),
            forks: OrdMap::new(),
            environment_forks: OrdMap::new(),
            comments: comment::Comments::default(),
            arrivals: OrdMap::new(),
            children: HashMap::new(),
        }
    }

    /// How a person sees this workspace; None for somebody who is no member.
    #[must_use]
    pub fn viewer(&self, user: UserId) -> Option<Viewer> {
        let member = self.members.get(&user).filter(|member| member.current && !self.deleted)?;
        Some(Viewer { user, side: member.side, role: member.role, lead: member.lead, mode: self.mode })
    }

    /// Somebody who is or was a member.
    #[must_use]
    pub fn person(&self, user: UserId) -> Option<&Arc<Member>> {
        self.members.get(&user)
    }

    /// How somebody came in, the first time; None for the maker.
    #[must_use]
    pub fn arrival(&self, user: UserId) -> Option<Arrival> {
        self.arrivals.get(&user).copied()
    }

    /// The members, in order of account id.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values().filter(|member| member.current)
    }

    /// The invitations that are neither revoked nor replaced, oldest first.
    pub fn invitations(&self) -> impl Iterator<Item = &Arc<Invitation>> {
        self.invitations.values()
    }

    /// One of them.
    #[must_use]
    pub fn invitation(&self, id: InvitationId) -> Option<&Arc<Invitation>> {
        self.invitations.get(&id)
    }

    /// An item.
    #[must_use]
    pub fn item(&self, id: ItemId) -> Option<&Arc<Item>> {
        self.items.get(&id)
    }

    /// How many items there are.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.items.len()
    }

    /// What stands in an item (None: at the root), in order.
    pub fn children(&self, parent: Option<ItemId>) -> impl DoubleEndedIterator<Item = &Arc<Item>> {
        self.child_keys(parent).filter_map(|(_, id)| self.items.get(id))
    }

    pub(crate) fn child_keys(
        &self,
        parent: Option<ItemId>,
    ) -> impl DoubleEndedIterator<Item = &(FractionalIndex, ItemId)> {
        self.children.get(&parent).into_iter().flatten()
    }

    /// All items, parents before children, siblings in order.
    #[must_use]
    pub fn tree(&self) -> Vec<&Arc<Item>> {
        let mut tree = Vec::with_capacity(self.items.len());
        let mut waiting: Vec<&Arc<Item>> = self.children(None).rev().collect();
        while let Some(item) = waiting.pop() {
            tree.push(item);
            waiting.extend(self.children(Some(item.id)).rev());
        }
        tree
    }

    /// The environments, in order of id.
    pub fn environments(&self) -> impl Iterator<Item = &Arc<Environment>> {
        self.environments.values()
    }

    /// An environment.
    #[must_use]
    pub fn environment(&self, id: EnvironmentId) -> Option<&Arc<Environment>> {
        self.environments.get(&id)
    }

    /// What was said of the items; nothing in multi-partner mode.
    #[must_use]
    pub fn comments(&self) -> &comment::Comments {
        &self.comments
    }

    /// The name and content of an item or environment as of a shared position before its last change, when that is
    /// still known.
    #[must_use]
    pub fn revision(&self, of: Uuid, at: Position) -> Option<(&str, &Content)> {
        // Revisions stand in order: the last that held from `at` or earlier is the one that held at `at`.
        let found = self.revisions.iter().rev().find(|revision| revision.of == of && revision.from <= at)?;
        Some((&found.name, &found.content))
    }

    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event, stamp: Stamp) {
        self.sequence = stamp.sequence;
        if let Event::ModeSwitched { epoch } = event {
            self.switch_mode(*epoch);
        }
        match stamp.audience {
            Audience::Everyone => self.positions.shared += 1,
            Audience::Team => self.positions.team += 1,
        }
        match event {
            Event::WorkspaceCreated { name, description, team, team_domains, epoch, creator } => {
                self.name.clone_from(name);
                self.description.clone_from(description);
                self.team = *team;
                self.team_domains.clone_from(team_domains);
                self.epoch = *epoch;
                self.members.insert(creator.user, Arc::new(creator.clone()));
            }
            Event::WorkspaceUpdated { name, description } => {
                name.iter().for_each(|name| self.name.clone_from(name));
                description.iter().for_each(|text| self.description.clone_from(text));
            }
            Event::WorkspaceDeleted => self.deleted = true,
            Event::ModeSwitched { .. } => {}
            Event::MemberJoined { .. }
            | Event::MemberUpdated { .. }
            | Event::MemberRemoved { .. }
            | Event::PersonUpdated { .. }
            | Event::InvitationSent { .. }
            | Event::InvitationUsed { .. }
            | Event::InvitationRevoked { .. } => self.apply_to_people(event, stamp),
            Event::ItemCreated { .. }
            | Event::ItemUpdated { .. }
            | Event::ItemReplaced { .. }
            | Event::ItemMoved { .. }
            | Event::ItemDeleted { .. }
            | Event::ItemsImported { .. } => self.apply_to_items(event, stamp),
            Event::EnvironmentCreated { environment } => {
                let environment = Environment { position: self.positions.shared, ..environment.clone() };
                self.environments.insert(environment.id, Arc::new(environment));
            }
            Event::EnvironmentUpdated { id, name, content } => {
                let Some(environment) = self.revise_environment(*id) else { return };
                patch(&mut environment.name, &mut environment.content, name.as_deref(), content.as_deref());
            }
            Event::EnvironmentReplaced { id, name, content } => {
                let Some(environment) = self.revise_environment(*id) else { return };
                (environment.name, environment.content) = (name.clone(), Arc::clone(content));
            }
            Event::EnvironmentDeleted { id, .. } => {
                self.environments.remove(id);
                self.environment_forks.remove(id);
            }
            Event::Forked { .. }
            | Event::Pulled { .. }
            | Event::EnvironmentForked { .. }
            | Event::EnvironmentPulled { .. } => self.apply_to_forks(event),
            Event::CommentPosted { .. }
            | Event::CommentEdited { .. }
            | Event::CommentResolved { .. }
            | Event::CommentDeleted { .. } => self.comments.apply(event, stamp),
        }
    }

    fn switch_mode(&mut self, epoch: Epoch) {
        self.mode = Mode::MultiPartner;
        self.epoch = epoch;
        self.positions = Positions::default();
        let member = |old: &Arc<Member>| match old.side {
            Side::Partner => Arc::new(Member { role: Role::Viewer, ..old.as_ref().clone() }),
            Side::Team => Arc::clone(old),
        };
        self.members = self.members.iter().map(|(id, old)| (*id, member(old))).collect();
        let invitation = |old: &Arc<Invitation>| match old.side {
            Side::Partner => Arc::new(Invitation { role: Role::Viewer, ..old.as_ref().clone() }),
            Side::Team => Arc::clone(old),
        };
        self.invitations = self.invitations.iter().map(|(id, old)| (*id, invitation(old))).collect();
        let item = |old: &Arc<Item>| Arc::new(Item { position: 0, ..old.as_ref().clone() });
        self.items = self.items.iter().map(|(id, old)| (*id, item(old))).collect();
        let environment = |old: &Arc<Environment>| Arc::new(Environment { position: 0, ..old.as_ref().clone() });
        self.environments = self.environments.iter().map(|(id, old)| (*id, environment(old))).collect();
        self.revisions.clear();
        self.comments = comment::Comments::default();
    }

    fn apply_to_people(&mut self, event: &Event, stamp: Stamp) {
        match event {
            Event::MemberJoined { member, invitation } => {
                self.members.insert(member.user, Arc::new(member.clone()));
                let invited_at = invitation.and_then(|id| self.invitations.get(&id)).map(|invitation| invitation.at);
                self.arrivals.entry(member.user).or_insert(Arrival { invited_at, joined_at: stamp.at });
                self.use_invitation(*invitation, member.user);
            }
            Event::MemberUpdated { user, role, lead } => {
                if let Some(member) = self.members.get_mut(user).map(Arc::make_mut) {
                    (member.role, member.lead) = (*role, *lead);
                }
            }
            Event::MemberRemoved { user } => {
                if let Some(member) = self.members.get_mut(user).map(Arc::make_mut) {
                    member.current = false;
                }
            }
            Event::PersonUpdated { user, name, avatar } => {
                if let Some(member) = self.members.get_mut(user).map(Arc::make_mut) {
                    member.name.clone_from(name);
                    member.avatar.clone_from(avatar);
                }
            }
            Event::InvitationSent { invitation, replaces } => {
                for id in replaces {
                    self.invitations.remove(id);
                }
                self.invitations.insert(invitation.id, Arc::new(invitation.clone()));
            }
            Event::InvitationUsed { id, user } => self.use_invitation(Some(*id), *user),
            Event::InvitationRevoked { id } => {
                self.invitations.remove(id);
            }
            _ => {}
        }
    }

    fn use_invitation(&mut self, id: Option<InvitationId>, user: UserId) {
        if let Some(invitation) = id.and_then(|id| self.invitations.get_mut(&id)) {
            Arc::make_mut(invitation).accepted_by = Some(user);
        }
    }

    fn apply_to_items(&mut self, event: &Event, stamp: Stamp) {
        let position = self.positions.shared;
        let stamped =
            |item: &mut Item| (item.position, item.updated_at, item.updated_by) = (position, stamp.at, stamp.by);
        match event {
            Event::ItemCreated { item } => self.insert(item.clone(), stamped),
            Event::ItemsImported { items } => items.iter().for_each(|item| self.insert(item.clone(), stamped)),
            Event::ItemUpdated { id, name, content } => {
                let Some(item) = self.revise(*id) else { return };
                patch(&mut item.name, &mut item.content, name.as_deref(), content.as_deref());
                if content.as_deref().and_then(item::patched_method).is_some() {
                    item.method = item.read_method();
                }
                stamped(item);
            }
            Event::ItemReplaced { id, name, content } => {
                let Some(item) = self.revise(*id) else { return };
                (item.name, item.content) = (name.clone(), Arc::clone(content));
                item.method = item.read_method();
                stamped(item);
            }
            Event::ItemMoved { id, parent, order } => {
                let Some(mut item) = self.take(*id) else { return };
                (item.parent, item.order) = (*parent, order.clone());
                // A move leaves name and content alone, so what an edit's `base` means stays: no new position.
                let at = item.position;
                self.insert(item, |item| {
                    stamped(item);
                    item.position = at;
                });
            }
            Event::ItemDeleted { id, .. } => {
                self.forks.remove(id);
                let mut waiting = vec![*id];
                while let Some(id) = waiting.pop() {
                    waiting.extend(self.child_keys(Some(id)).map(|(_, child)| *child));
                    self.take(id);
                    self.comments.forget(id);
                    self.children.remove(&Some(id));
                }
            }
            _ => {}
        }
    }

    /// An item that is about to change: what it was is a revision.
    fn revise(&mut self, id: ItemId) -> Option<&mut Item> {
        let item = self.items.get_mut(&id)?;
        let (name, content) = (item.name.clone(), Arc::clone(&item.content));
        keep(&mut self.revisions, Revision { of: id.0, from: item.position, name, content });
        Some(Arc::make_mut(item))
    }

    /// The same of an environment, whose last change this is.
    fn revise_environment(&mut self, id: EnvironmentId) -> Option<&mut Environment> {
        let environment = self.environments.get_mut(&id).map(Arc::make_mut)?;
        let (name, content) = (environment.name.clone(), Arc::clone(&environment.content));
        keep(&mut self.revisions, Revision { of: id.0, from: environment.position, name, content });
        environment.position = self.positions.shared;
        Some(environment)
    }

    fn insert(&mut self, mut item: Item, stamp: impl Fn(&mut Item)) {
        stamp(&mut item);
        item.method = item.read_method();
        self.children.entry(item.parent).or_default().insert((item.order.clone(), item.id));
        self.items.insert(item.id, Arc::new(item));
    }

    fn take(&mut self, id: ItemId) -> Option<Item> {
        let item = self.items.remove(&id)?;
        if let Some(siblings) = self.children.get_mut(&item.parent) {
            siblings.remove(&(item.order.clone(), id));
        }
        Some(Arc::unwrap_or_clone(item))
    }
}

fn keep(revisions: &mut Vector<Arc<Revision>>, revision: Revision) {
    revisions.push_back(Arc::new(revision));
    if revisions.len() > REVISIONS {
        revisions.pop_front();
    }
}

fn patch(name: &mut String, content: &mut Content, new_name: Option<&str>, new_content: Option<&RawValue>) {
    new_name.iter().for_each(|new| (*new).clone_into(name));
    // A patch that is no object, which `decide` never makes, changes nothing.
    if let Some(Ok(patched)) = new_content.map(|new| merge::patched(content, new)) {
        *content = patched;
    }
}
