//! Postman's files: collections v2.1 and v2.0 and environments in, v2.1 out. An export of an import is equal JSON.
//!
//! An item's content is its object without its name and its children, value by value the text of the file: no
//! number, escape or unknown field is read and written anew. What the content alone can't tell is kept beside it
//! under [`MARKER`], only where it differs from what Postman itself writes:
//!
//! | in the file | in the content |
//! |---|---|
//! | a string as name, an array of children, at the usual place | nothing |
//! | the same at another place among the keys | `name_at`, `children_at` |
//! | no name, no `response` | `no_name`, `no_children` |
//! | `null` as name or `response` | that `null`, where it stood |
//! | a key like the marker | its value, in `own` |
//!
//! A marker never wins over the tree: a name given later, a child added later are written.

mod export;
mod import;
mod text;
mod walk;

pub use export::{Node, export, export_environment};
pub use import::{Import, import};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How deep arrays and objects of a file may nest. Under the limit of serde_json (128), so that whoever parses a
/// content with something around it can.
pub const MAX_DEPTH: usize = 120;

/// How many items a file may hold, the collection itself included.
pub const MAX_ITEMS: usize = 100_000;

/// How many characters a name may have.
pub const MAX_NAME: usize = 1_024;

/// The reserved key of a content, never exported.
pub const MARKER: &str = "_loggia";

/// What `info.schema` says in a v2.1 file.
pub const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// Where a file is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// A stable word: `not_json`, `not_postman`, `unsupported_version`, `missing`, `wrong_type`, `ambiguous`,
    /// `misplaced`, `name_too_long`, `too_deep` or `too_many_items`.
    pub code: &'static str,
    /// Such as `item[3].item[0].request.method`; empty for the root.
    pub path: String,
    /// For people.
    pub message: String,
}

impl Fault {
    fn new(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), message: message.into() }
    }
}

/// What a content can't tell by itself; see the table above.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Marker<'a> {
    #[serde(skip_serializing_if = "is_false")]
    no_name: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_at: Option<usize>,
    #[serde(skip_serializing_if = "is_false")]
    no_children: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    children_at: Option<usize>,
    // None or one. Not an `Option`, which could not tell a `null` of the file from nothing.
    #[serde(borrow, skip_serializing_if = "Vec::is_empty", with = "own")]
    own: Vec<&'a RawValue>,
}

impl Marker<'_> {
    fn says_nothing(&self) -> bool {
        !self.no_name && !self.no_children && self.name_at.or(self.children_at).is_none() && self.own.is_empty()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The same as the derived code, which can't tell that a `Vec` of references borrows.
mod own {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    pub(super) fn serialize<S: Serializer>(own: &[&RawValue], to: S) -> Result<S::Ok, S::Error> {
        own.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<&'de RawValue>, D::Error> {
        Vec::deserialize(from)
    }
}

/// The keys of an object of a file, in order.
type Fields<'a> = IndexMap<String, Cow<'a, RawValue>>;

/// Where Postman writes the name: after a leading id in `info`, examples and environments, else first.
fn usual_name_place<V>(fields: &IndexMap<String, V>, after_id: bool) -> usize {
    let leading = fields.first().is_some_and(|(key, _)| key == "id" || key == "_postman_id");
    usize::from(after_id && leading)
}

/// Where Postman writes the children, by what is beside them and the name: `item` after `info`, or after the name
/// and a description that comes at once; `response` last.
fn usual_children_place<V>(fields: &IndexMap<String, V>, key: &str) -> usize {
    match fields.first() {
        _ if key == "response" => usize::MAX,
        Some((first, _)) if first == "description" => 2,
        _ => 1,
    }
}

/// The keys of an object, in order; of equal keys the last value counts.
fn object(text: &RawValue) -> Result<IndexMap<String, &RawValue>, serde_json::Error> {
    serde_json::from_str(text.get())
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What a value is, for a message.
fn kind_of(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Text that is JSON but can't be read: an escape that is half a surrogate pair.
fn unreadable(path: &str, error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    // Line and column would be those of a part of the file.
    let message = message.split(" at line ").next().unwrap_or_default();
    Fault::new(if error.is_data() { "wrong_type" } else { "not_json" }, path, message)
}

fn fields<'a>(text: &'a RawValue, path: &str) -> Result<Fields<'a>, Fault> {
    let fields = object(text).map_err(|error| unreadable(path, &error))?;
    Ok(fields.into_iter().map(|(key, value)| (key, Cow::Borrowed(value))).collect())
}
