//! A workspace in one file, to move it to another server: its things and its team, no partner, nothing of one person alone.

use super::decide::{DEEPEST, LONGEST_NAME, MOST_ITEMS, checked_description, checked_name};
use super::event::Event;
use super::item::{Content, Environment, Item, ItemKind};
use super::member::{Mode, Role, Side, normal_email};
use super::problem::{Code, Problem};
use super::{Workspace, secret};
use crate::id::{EnvironmentId, ItemId, UserId};
use fractional_index::FractionalIndex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// The form of archives that is written and read.
pub const VERSION: u32 = 1;
/// Characters of an index: appending 100,000 siblings one after another makes one of about 2,000.
const LONGEST_ORDER: usize = 8_192;
/// Environments of a workspace.
const MOST_ENVIRONMENTS: usize = 1_000;

/// A workspace as a file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The form: 1.
    pub loggia_archive: u32,
    /// The workspace's name.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Its mode.
    pub mode: Mode,
    /// All items, parents before children, siblings in order.
    pub items: Vec<ArchivedItem>,
    /// All environments.
    pub environments: Vec<ArchivedEnvironment>,
    /// The team's members.
    pub members: Vec<ArchivedMember>,
}

/// An item as it is archived.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedItem {
    /// Its id within the file.
    pub id: ItemId,
    /// The item it stands in: an earlier one.
    pub parent: Option<ItemId>,
    /// What it is.
    pub kind: ItemKind,
    /// Sorts siblings: a fractional index, in hexadecimal.
    pub order: String,
    /// Its name.
    pub name: String,
    /// The Postman object without its name and children; values of secrets are left out unless asked for.
    #[schema(value_type = Object)]
    pub content: Content,
}

/// An environment as it is archived.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedEnvironment {
    /// Its name.
    pub name: String,
    /// The Postman environment without its name; values of secrets are left out unless asked for.
    #[schema(value_type = Object)]
    pub content: Content,
}

/// A member of the team as it is archived.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedMember {
    /// The address.
    pub email: String,
    /// The role.
    pub role: Role,
}

impl Archive {
    /// A workspace's archive.
    #[must_use]
    pub fn of(workspace: &Workspace, secrets: bool) -> Self {
        let shown = |content: &Content| {
            let withheld = if secrets { None } else { secret::withheld(content) };
            withheld.unwrap_or_else(|| Arc::clone(content))
        };
        let item = |item: &Arc<Item>| ArchivedItem {
            id: item.id,
            parent: item.parent,
            kind: item.kind,
            order: item.order.to_string(),
            name: item.name.clone(),
            content: shown(&item.content),
        };
        let environment = |environment: &Arc<Environment>| ArchivedEnvironment {
            name: environment.name.clone(),
            content: shown(&environment.content),
        };
        let team = workspace.members().filter(|member| member.side == Side::Team);
        let mut members: Vec<_> =
            team.map(|member| ArchivedMember { email: member.email.clone(), role: member.role }).collect();
        members.sort_unstable_by(|one, other| one.email.cmp(&other.email));
        Self {
            loggia_archive: VERSION,
            name: workspace.name.clone(),
            description: workspace.description.clone(),
            mode: workspace.mode,
            items: workspace.tree().into_iter().map(item).collect(),
            environments: workspace.environments().map(environment).collect(),
            members,
        }
    }

    /// What makes its items and environments in a new workspace, under new ids; `new_id` makes them in order.
    ///
    /// # Errors
    /// `invalid` or `too_many_items`, with the place of the fault in the file.
    pub fn events(
        &self,
        by: UserId,
        at: OffsetDateTime,
        mut new_id: impl FnMut() -> Uuid,
    ) -> Result<Vec<Event>, Problem> {
        if self.loggia_archive != VERSION {
            let detail = format!("Archives of form {VERSION} can be read, and this one is of {}.", self.loggia_archive);
            return Err(Problem::new(Code::Invalid, detail).at("loggia_archive"));
        }
        checked_name(&self.name)?;
        checked_description(&self.description)?;
        self.check_members()?;
        let mut events = Vec::new();
        for items in self.new_items(by, at, &mut new_id)? {
            events.push(Event::ItemsImported { items });
        }
        if self.environments.len() > MOST_ENVIRONMENTS {
            let detail = format!("A workspace has at most {MOST_ENVIRONMENTS} environments.");
            return Err(Problem::new(Code::Invalid, detail).at("environments"));
        }
        for (index, environment) in self.environments.iter().enumerate() {
            let place = format!("environments[{index}]");
            let name =
                checked_name(&environment.name).map_err(|problem| problem.at(format!("{place}.name")))?.to_owned();
            let content = checked_content(&environment.content, &place)?;
            let id = EnvironmentId(new_id());
            events.push(Event::EnvironmentCreated { environment: Environment { id, name, content, position: 0 } });
        }
        Ok(events)
    }

    fn check_members(&self) -> Result<(), Problem> {
        let mut seen = HashSet::new();
        for (index, member) in self.members.iter().enumerate() {
            let fault = match normal_email(&member.email) {
                None => "This is no e-mail address.",
                Some(email) if !seen.insert(email.clone()) => "This address stands here twice.",
                Some(_) => continue,
            };
            return Err(Problem::new(Code::Invalid, fault).at(format!("members[{index}].email")));
        }
        Ok(())
    }

    /// A list for each root.
    fn new_items(
        &self,
        by: UserId,
        at: OffsetDateTime,
        new_id: &mut impl FnMut() -> Uuid,
    ) -> Result<Vec<Vec<Item>>, Problem> {
        if self.items.len() > MOST_ITEMS {
            return Err(Problem::from(Code::TooManyItems).at("items"));
        }
        // By the id in the file: the new one, the kind, how deep, and under which root.
        let mut known: HashMap<ItemId, (ItemId, ItemKind, usize, usize)> = HashMap::new();
        let mut roots: Vec<Vec<Item>> = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            let fault =
                |field: &str, detail: &str| Problem::new(Code::Invalid, detail).at(format!("items[{index}].{field}"));
            let above = match item.parent {
                None => None,
                Some(parent) => {
                    Some(known.get(&parent).copied().ok_or_else(|| fault("parent", "No earlier item has this id."))?)
                }
            };
            if !item.kind.fits(above.map(|above| above.1)) {
                return Err(fault("parent", "An item of this kind can't stand there."));
            }
            let depth = above.map_or(0, |above| above.2) + 1;
            if depth > DEEPEST {
                return Err(fault("parent", &format!("Items stand at most {DEEPEST} levels deep.")));
            }
            if item.name.chars().count() > LONGEST_NAME {
                return Err(fault("name", &format!("A name has at most {LONGEST_NAME} characters.")));
            }
            let order =
                read_order(&item.order).ok_or_else(|| fault("order", "This is no fractional index in hexadecimal."))?;
            let root = above.map_or(roots.len(), |above| above.3);
            let id = ItemId(new_id());
            if known.insert(item.id, (id, item.kind, depth, root)).is_some() {
                return Err(fault("id", "An earlier item has this id."));
            }
            if root == roots.len() {
                roots.push(Vec::new());
            }
            roots[root].push(Item {
                id,
                parent: above.map(|above| above.0),
                kind: item.kind,
                order,
                name: item.name.clone(),
                content: checked_content(&item.content, &format!("items[{index}]"))?,
                method: None,
                position: 0,
                updated_at: at,
                updated_by: by,
            });
        }
        Ok(roots)
    }
}

/// An index as `FractionalIndex::to_string` writes it. The crate cuts the text into pairs without looking where
/// characters end, and lets half a byte fall.
fn read_order(text: &str) -> Option<FractionalIndex> {
    let fits = text.is_ascii() && text.len().is_multiple_of(2) && text.len() <= LONGEST_ORDER;
    fits.then(|| FractionalIndex::from_string(text).ok()).flatten()
}

/// An object that common parsers can read.
fn checked_content(content: &Content, place: &str) -> Result<Content, Problem> {
    match serde_json::from_str::<Map<String, Value>>(content.get()) {
        Ok(_) => Ok(Arc::clone(content)),
        Err(error) => Err(Problem::new(Code::Invalid, error.to_string()).at(format!("{place}.content"))),
    }
}
