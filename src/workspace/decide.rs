//! What a command makes happen, or why it can't: the rights and rules of a workspace, in one place.

use super::command::{Action, Answer, Change, Command};
use super::event::Event;
use super::item::{Content, Environment, Item, ItemKind, NewItem};
use super::member::{Role, Viewer};
use super::problem::{Code, Problem};
use super::{Audience, Stamp, Workspace, comment, fork, invite, merge, order, secret, variables};
use crate::id::{EnvironmentId, ItemId, Position};
use fractional_index::FractionalIndex;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Items in a workspace.
pub const MOST_ITEMS: usize = 100_000;
/// Characters of a name.
pub const LONGEST_NAME: usize = 1_024;
/// Bytes of a description of a workspace.
pub const LONGEST_DESCRIPTION: usize = 64 * 1_024;
/// Changes in one edit.
pub const MOST_CHANGES: usize = 1_000;
/// How deep items may stand: what an export nests stays readable by common JSON parsers.
pub const DEEPEST: usize = 50;

/// The events of a command, and its answer; or why it is refused. Pure.
///
/// # Errors
/// A [`Problem`] made only of what the caller sent and of what it may see.
pub fn decide(workspace: &Workspace, command: &Command) -> Result<(Vec<Event>, Answer), Problem> {
    if let Action::AcceptInvitation { id, person } = &command.action {
        return invite::accept(workspace, *id, person, command.at).map(|events| (events, Answer::Done));
    }
    let viewer = workspace.viewer(command.by).ok_or(Code::NotFound)?;
    let events = match &command.action {
        Action::Edit(changes) => edit(workspace, &viewer, command, changes)?,
        Action::ImportItems(items) => import(workspace, &viewer, command, items)?,
        Action::ImportEnvironment { id, name, content } => {
            editor(&viewer)?;
            vec![create_environment(workspace, *id, name, Arc::clone(content))?]
        }
        Action::Fork { source, ids } => fork::fork(workspace, &viewer, command, source, ids)?,
        Action::ForkEnvironment { id, source } => fork::fork_environment(workspace, &viewer, source, *id)?,
        Action::Pull { root, source, choices, ids } => {
            return fork::pull(workspace, &viewer, command, *root, source, choices, ids);
        }
        Action::PullEnvironment { id, source, choice } => {
            return fork::pull_environment(workspace, &viewer, *id, source, choice.as_ref());
        }
        Action::SwitchMode { confirm, epoch } => {
            admin(&viewer)?;
            if viewer.mode == super::member::Mode::MultiPartner {
                return Err(Code::AlreadyOn.into());
            }
            if *confirm != workspace.name {
                return Err(Problem::from(Code::NotConfirmed).at("confirm"));
            }
            vec![Event::ModeSwitched { epoch: *epoch }]
        }
        Action::Delete => {
            admin(&viewer)?;
            vec![Event::WorkspaceDeleted]
        }
        Action::UpdateMember { user, role, lead } => invite::update_member(workspace, &viewer, *user, *role, *lead)?,
        Action::RemoveMember { user } => invite::remove_member(workspace, &viewer, *user)?,
        Action::Invite { .. } => return invite::invite(workspace, &viewer, command),
        Action::RevokeInvitation { id } => invite::revoke(workspace, &viewer, *id)?,
        Action::UpdatePerson(person) => {
            vec![Event::PersonUpdated { user: viewer.user, name: person.name.clone(), avatar: person.avatar.clone() }]
        }
        Action::Comment { item, action } => comment::decide(workspace, &viewer, *item, action)?,
        Action::AcceptInvitation { .. } => Vec::new(),
    };
    Ok((events, Answer::Done))
}

pub(super) fn admin(viewer: &Viewer) -> Result<(), Problem> {
    viewer.is_admin().then_some(()).ok_or(Code::Forbidden.into())
}

pub(super) fn editor(viewer: &Viewer) -> Result<(), Problem> {
    viewer.may_edit().then_some(()).ok_or(Code::Forbidden.into())
}

/// A name that people can read and tell apart.
///
/// # Errors
/// When it is blank or too long.
pub fn checked_name(name: &str) -> Result<&str, Problem> {
    if name.trim().is_empty() {
        return Err(Problem::new(Code::Invalid, "A name can't be blank.").at("name"));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(Problem::new(Code::Invalid, format!("A name has at most {LONGEST_NAME} characters.")).at("name"));
    }
    Ok(name)
}

/// A description of a workspace.
///
/// # Errors
/// When it is too long.
pub fn checked_description(text: &str) -> Result<&str, Problem> {
    if text.len() > LONGEST_DESCRIPTION {
        let detail = format!("A description has at most {LONGEST_DESCRIPTION} bytes.");
        return Err(Problem::new(Code::Invalid, detail).at("description"));
    }
    Ok(text)
}

fn edit(workspace: &Workspace, viewer: &Viewer, command: &Command, changes: &[Change]) -> Result<Vec<Event>, Problem> {
    editor(viewer)?;
    if changes.is_empty() || changes.len() > MOST_CHANGES {
        return Err(Problem::new(Code::Invalid, format!("An edit has 1 to {MOST_CHANGES} changes.")).at("changes"));
    }
    let mut events = Vec::with_capacity(changes.len());
    let mut state = workspace.clone();
    for (index, change) in changes.iter().enumerate() {
        let placed = |problem: Problem| {
            let inner = problem.path.as_deref().map_or(String::new(), |path| format!(".{path}"));
            problem.at(format!("changes[{index}]{inner}"))
        };
        let event = change_event(&state, viewer, command, change).map_err(placed)?;
        if index + 1 < changes.len() {
            let stamp =
                Stamp { sequence: state.sequence + 1, audience: Audience::Everyone, at: command.at, by: command.by };
            state.apply(&event, stamp);
        }
        events.push(event);
    }
    Ok(events)
}

fn change_event(workspace: &Workspace, viewer: &Viewer, command: &Command, change: &Change) -> Result<Event, Problem> {
    Ok(match change {
        Change::ItemCreate { id, parent, after, item_kind, name, content } => {
            if workspace.item(*id).is_some() {
                return Err(Problem::from(Code::IdTaken).at("id"));
            }
            if workspace.item_count() >= MOST_ITEMS {
                return Err(Code::TooManyItems.into());
            }
            check_place(workspace, *item_kind, *parent)?;
            Event::ItemCreated {
                item: Item {
                    id: *id,
                    parent: *parent,
                    kind: *item_kind,
                    order: order_after(workspace, *parent, *after, None)?,
                    name: checked_name(name)?.to_owned(),
                    content: raw(content)?,
                    method: None,
                    position: 0,
                    updated_at: command.at,
                    updated_by: command.by,
                },
            }
        }
        Change::ItemUpdate { id, patch, base } => {
            let item = workspace.item(*id).ok_or_else(|| gone("id"))?;
            let (mut name, mut content) = (patch.name.clone(), patch.content.clone());
            if let Some((old_name, old_content)) = seen(workspace, id.0, item.position, *base)? {
                name = name.map(|mine| merge::merged_text(old_name, &item.name, &mine));
                content.iter_mut().for_each(|mine| merge::rebase(mine, old_content, &item.content));
            }
            content.iter_mut().for_each(|content| secret::carry_over(content, &item.content));
            let name = name.as_deref().map(checked_name).transpose().map_err(|problem| problem.at("patch.name"))?;
            let content = content.as_ref().map(raw).transpose()?;
            Event::ItemUpdated { id: *id, name: name.map(str::to_owned), content }
        }
        Change::ItemMove { id, parent, after } => {
            let item = workspace.item(*id).ok_or_else(|| gone("id"))?;
            let mut above = *parent;
            while let Some(step) = above {
                if step == *id {
                    return Err(Problem::from(Code::Cycle).at("parent"));
                }
                above = workspace.item(step).and_then(|item| item.parent);
            }
            check_place(workspace, item.kind, *parent)?;
            let below = height(workspace, *id);
            if depth(workspace, *parent) + below > DEEPEST {
                return Err(too_deep());
            }
            Event::ItemMoved { id: *id, parent: *parent, order: order_after(workspace, *parent, *after, Some(*id))? }
        }
        Change::ItemDelete { id } => {
            let item = workspace.item(*id).ok_or_else(|| gone("id"))?;
            Event::ItemDeleted { id: *id, name: Some(item.name.clone()) }
        }
        Change::EnvironmentCreate { id, name, content } => create_environment(workspace, *id, name, raw(content)?)?,
        Change::EnvironmentUpdate { id, patch, base } => {
            let environment = workspace.environment(*id).ok_or_else(|| gone("id"))?;
            let (mut name, mut content) = (patch.name.clone(), patch.content.clone());
            if let Some((old_name, old_content)) = seen(workspace, id.0, environment.position, *base)? {
                name = name.map(|mine| merge::merged_text(old_name, &environment.name, &mine));
                let rebase = |mine| variables::rebase(mine, old_content, &environment.content, viewer.is_team());
                content.iter_mut().for_each(rebase);
            }
            let name = name.as_deref().map(checked_name).transpose().map_err(|problem| problem.at("patch.name"))?;
            content.iter_mut().for_each(|content| secret::carry_over(content, &environment.content));
            Event::EnvironmentUpdated {
                id: *id,
                name: name.map(str::to_owned),
                content: content.as_ref().map(raw).transpose()?,
            }
        }
        Change::EnvironmentDelete { id } => {
            let environment = workspace.environment(*id).ok_or_else(|| gone("id"))?;
            Event::EnvironmentDeleted { id: *id, name: Some(environment.name.clone()) }
        }
        Change::WorkspaceUpdate { patch } => {
            if let Some(name) = &patch.name {
                admin(viewer)?;
                checked_name(name).map_err(|problem| problem.at("patch.name"))?;
            }
            if let Some(description) = &patch.description {
                checked_description(description).map_err(|problem| problem.at("patch.description"))?;
            }
            Event::WorkspaceUpdated { name: patch.name.clone(), description: patch.description.clone() }
        }
    })
}

fn gone(path: &str) -> Problem {
    Problem::from(Code::NotFound).at(path)
}

pub(super) fn too_deep() -> Problem {
    Problem::new(Code::WrongPlace, format!("Items stand at most {DEEPEST} levels deep.")).at("parent")
}

pub(super) fn raw(content: &Map<String, Value>) -> Result<Content, Problem> {
    serde_json::value::to_raw_value(content)
        .map(Content::from)
        .map_err(|error| Problem::new(Code::Malformed, error.to_string()).at("content"))
}

/// What a patch was made upon, when there were changes since.
fn seen(
    workspace: &Workspace,
    of: Uuid,
    position: Position,
    base: Option<Position>,
) -> Result<Option<(&str, &Content)>, Problem> {
    let Some(base) = base.filter(|base| *base < position) else { return Ok(None) };
    workspace.revision(of, base).map(Some).ok_or_else(|| Problem::from(Code::StaleBase).at("base"))
}

fn check_place(workspace: &Workspace, kind: ItemKind, parent: Option<ItemId>) -> Result<(), Problem> {
    let above = parent.map(|id| workspace.item(id).ok_or_else(|| gone("parent"))).transpose()?;
    if !kind.fits(above.map(|item| item.kind)) {
        return Err(Problem::from(Code::WrongPlace).at("parent"));
    }
    if depth(workspace, parent) >= DEEPEST {
        return Err(too_deep());
    }
    Ok(())
}

fn depth(workspace: &Workspace, mut item: Option<ItemId>) -> usize {
    let mut depth = 0;
    while let Some(id) = item {
        depth += 1;
        item = workspace.item(id).and_then(|item| item.parent);
    }
    depth
}

fn height(workspace: &Workspace, id: ItemId) -> usize {
    1 + workspace.child_keys(Some(id)).map(|(_, child)| height(workspace, *child)).max().unwrap_or(0)
}

/// The order of an item that shall follow `after` (None: last; null: first) among the children of `parent`.
pub(super) fn order_after(
    workspace: &Workspace,
    parent: Option<ItemId>,
    after: Option<Option<ItemId>>,
    moved: Option<ItemId>,
) -> Result<FractionalIndex, Problem> {
    let mut siblings = workspace.child_keys(parent).filter(|(_, id)| Some(*id) != moved);
    let (left, right) = match after {
        None => (siblings.next_back().map(|(order, _)| order), None),
        Some(None) => (None, siblings.next().map(|(order, _)| order)),
        Some(Some(id)) => {
            let (order, _) = siblings.find(|(_, sibling)| *sibling == id).ok_or_else(|| gone("after"))?;
            (Some(order), siblings.next().map(|(order, _)| order))
        }
    };
    order::between(left, right).ok_or_else(|| Problem::new(Code::Invalid, "There is no place there.").at("after"))
}

pub(super) fn create_environment(
    workspace: &Workspace,
    id: EnvironmentId,
    name: &str,
    content: Content,
) -> Result<Event, Problem> {
    if workspace.environment(id).is_some() {
        return Err(Problem::from(Code::IdTaken).at("id"));
    }
    if workspace.environments().count() >= 1_000 {
        return Err(Problem::new(Code::Invalid, "A workspace has at most 1,000 environments."));
    }
    Ok(Event::EnvironmentCreated {
        environment: Environment { id, name: checked_name(name)?.to_owned(), content, position: 0 },
    })
}

fn import(workspace: &Workspace, viewer: &Viewer, command: &Command, new: &[NewItem]) -> Result<Vec<Event>, Problem> {
    editor(viewer)?;
    if workspace.item_count() + new.len() > MOST_ITEMS {
        return Err(Code::TooManyItems.into());
    }
    let root = order_after(workspace, None, None, None)?;
    // Appending makes an index a byte longer every hundred siblings or so; a file's siblings get theirs in turn.
    let mut last: HashMap<Option<ItemId>, FractionalIndex> = HashMap::new();
    let items = new
        .iter()
        .map(|item| {
            let order = match last.get(&item.parent) {
                Some(before) => FractionalIndex::new_after(before),
                None if item.parent.is_none() => root.clone(),
                None => FractionalIndex::default(),
            };
            last.insert(item.parent, order.clone());
            Item {
                id: item.id,
                parent: item.parent,
                kind: item.kind,
                order,
                name: item.name.clone(),
                content: Arc::clone(&item.content),
                method: None,
                position: 0,
                updated_at: command.at,
                updated_by: command.by,
            }
        })
        .collect();
    Ok(vec![Event::ItemsImported { items }])
}

/// Whether a role is possible on a side in this workspace's mode.
pub(super) fn check_role(workspace: &Workspace, side: super::member::Side, role: Role) -> Result<(), Problem> {
    use super::member::{Mode, Side};
    let possible = match side {
        Side::Team => true,
        Side::Partner => role == Role::Viewer || (role == Role::Editor && workspace.mode == Mode::Classic),
    };
    possible.then_some(()).ok_or_else(|| Problem::from(Code::RoleNotAllowed).at("role"))
}
