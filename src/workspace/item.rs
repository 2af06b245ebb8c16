//! The tree of items (collections, folders, requests, saved examples) and the environments beside it.

use super::merge::fields;
use crate::id::{EnvironmentId, ItemId, Position, UserId};
use fractional_index::FractionalIndex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// JSON text of an object, kept as it came: numbers and key order survive, and a reader copies it.
pub type Content = Arc<RawValue>;

/// What a node of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A root of the tree.
    Collection,
    /// In a collection or a folder.
    Folder,
    /// In a collection or a folder.
    Request,
    /// A saved response; in a request.
    Example,
}

impl ItemKind {
    /// Whether an item of this kind may stand in `parent` (`None`: at the root).
    #[must_use]
    pub fn fits(self, parent: Option<ItemKind>) -> bool {
        use ItemKind::{Collection, Example, Folder, Request};
        matches!(
            (self, parent),
            (Collection, None) | (Folder | Request, Some(Collection | Folder)) | (Example, Some(Request))
        )
    }
}

/// A node of the tree.
///
/// `content` is the Postman object of the item without its name and its children: a collection has
/// `info` (less `name`), `variable`, `auth`, `event`…; a folder `description`, `auth`, `event`…; a request
/// `request`, `event`, `protocolProfileBehavior`…; an example `originalRequest`, `code`, `header`, `body`….
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// The item it stands in.
    pub parent: Option<ItemId>,
    /// What it is.
    pub kind: ItemKind,
    /// Where it stands among its siblings: a fractional index, in hexadecimal.
    #[serde(with = "fractional_index::stringify")]
    pub order: FractionalIndex,
    /// Its name; at most 1,024 characters.
    pub name: String,
    /// The rest of it.
    #[serde(with = "super::kept::content")]
    pub content: Content,
    /// For a request in a workspace, the HTTP method, read out of the content whenever that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Arc<str>>,
    /// The shared position of the last event that changed it, 0 when that was in an earlier epoch.
    pub position: Position,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// Who changed it last.
    pub updated_by: UserId,
}

impl Item {
    /// The method, read out of the content; Postman's default is GET.
    pub(crate) fn read_method(&self) -> Option<Arc<str>> {
        #[derive(Deserialize)]
        struct Outer {
            request: Option<Inner>,
        }
        #[derive(Deserialize)]
        struct Inner {
            method: Option<Arc<str>>,
        }
        (self.kind == ItemKind::Request).then(|| {
            // A request may also be an address alone.
            let request = serde_json::from_str::<Outer>(self.content.get()).ok().and_then(|outer| outer.request);
            request.and_then(|request| request.method).unwrap_or_else(|| "GET".into())
        })
    }
}

/// The method that a patch gives to a request; None when it leaves it as it is.
#[must_use]
pub fn patched_method(patch: &RawValue) -> Option<String> {
    let request = fields(patch).ok()?.get("request").copied()?;
    let method = match fields(request) {
        Ok(request) => serde_json::from_str(request.get("method")?.get()).ok(),
        // What is no object takes the place of the whole request.
        Err(_) => None,
    };
    Some(method.unwrap_or_else(|| "GET".into()))
}

/// A named set of variables.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// The Postman environment object without its name.
    #[serde(with = "super::kept::content")]
    pub content: Content,
    /// The shared position of the last event that changed it, 0 when that was in an earlier epoch.
    pub position: Position,
}

/// An item that is about to be: what an import makes. `order` comes when it is placed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewItem {
    /// Its id.
    pub id: ItemId,
    /// The item it stands in: `None`, or an earlier one of the same list.
    pub parent: Option<ItemId>,
    /// What it is.
    pub kind: ItemKind,
    /// Its name; empty when the file had none.
    pub name: String,
    /// See [`Item::content`].
    pub content: Content,
}
