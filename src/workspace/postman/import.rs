//! From a file to new items.

use super::{
    Fault, Fields, MARKER, MAX_NAME, Marker, SCHEMA, fields, is_null, join, kind_of, text, unreadable,
    usual_children_place, usual_name_place,
    walk::{Entry, Walk},
};
use crate::{
    id::ItemId,
    workspace::item::{Content, ItemKind, NewItem},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;

/// What a file held.
#[derive(Clone, Debug)]
pub enum Import {
    /// A collection: its root first, parents before children, siblings in order.
    Collection(Vec<NewItem>),
    /// An environment.
    Environment {
        /// Its name.
        name: String,
        /// The rest of it.
        content: Content,
    },
}

/// The objects under `auth` that v2.0 writes as `{key: value}` and v2.1 as a list.
const AUTHS: [&str; 12] =
    ["akamai", "apikey", "asap", "awsv4", "basic", "bearer", "digest", "edgegrid", "hawk", "jwt", "ntlm", "oauth1"];

/// Reads a collection (v2.1 or v2.0) or an environment, bare or in the wrapper of Postman's API. `new_id` is called
/// once an item.
///
/// # Errors
///
/// The first thing that is wrong with the file.
pub fn import(json: &[u8], new_id: &mut dyn FnMut() -> ItemId) -> Result<Import, Fault> {
    let root = text::read(json)?;
    let not_postman = || Fault::new("not_postman", "", "this is no Postman collection and no Postman environment");
    if !root.get().starts_with('{') {
        return Err(not_postman());
    }
    let mut root = fields(root, "")?;
    let mut path = "";
    for wrapper in ["collection", "environment"] {
        let bare = ["info", "item", "values"].iter().any(|key| root.contains_key(*key));
        if let Some(inner) = root.get(wrapper).filter(|_| !bare).cloned() {
            let Cow::Borrowed(inner) = inner else { continue };
            if !inner.get().starts_with('{') {
                return Err(wrong_type(wrapper, inner, "an object"));
            }
            (root, path) = (fields(inner, wrapper)?, wrapper);
            break;
        }
    }
    let has = |key| root.contains_key(key);
    let scope = has("_postman_variable_scope") || path == "environment";
    if !has("info") && !has("item") && (has("values") || scope) {
        return environment(root, path);
    }
    if !has("info") && !has("item") && (has("requests") || has("order")) {
        let message = "this is a collection of version 1; export it as v2.1";
        return Err(Fault::new("unsupported_version", path, message));
    }
    if !has("info") && !has("item") && !has("items") && path.is_empty() {
        return Err(not_postman());
    }
    collection(root, path, new_id)
}

fn environment<'a>(mut root: Fields<'a>, path: &str) -> Result<Import, Fault> {
    let at = join(path, "values");
    let Some(values) = root.get("values") else {
        return Err(missing(at, "an environment has `values`"));
    };
    let mut walk = Walk::new(&at, 0);
    for (index, entry) in walk.list(values, false)?.iter().enumerate() {
        let at = format!("{at}[{index}].key");
        match entry.fields.get("key") {
            Some(key) if key.get().starts_with('"') => {}
            Some(key) => return Err(wrong_type(&at, key, "a string")),
            None => return Err(missing(at, "a value of an environment has a `key`")),
        }
    }
    match root.get("name") {
        None => return Err(missing(join(path, "name"), "an environment has a `name`")),
        Some(name) if is_null(name) => return Err(wrong_type(&join(path, "name"), name, "a string")),
        Some(_) => {}
    }
    let mut marker = Marker::default();
    let name_at = root.get_index_of("name");
    let name = take_name(&mut root, path, name_at, true, &mut marker)?;
    Ok(Import::Environment { name, content: content(root, marker)? })
}

fn collection<'a>(mut root: Fields<'a>, path: &str, new_id: &mut dyn FnMut() -> ItemId) -> Result<Import, Fault> {
    let at = join(path, "info");
    let Some(info) = root.get("info").cloned() else {
        return Err(missing(at, "a collection has `info`"));
    };
    if !info.get().starts_with('{') {
        return Err(wrong_type(&at, &info, "an object"));
    }
    let mut info = fields(&info, &at)?;
    let schema_at = join(&at, "schema");
    let Some(schema) = info.get_mut("schema") else {
        return Err(missing(schema_at, "`info.schema` says which version of the format a file is in"));
    };
    let version = string(schema, &schema_at)?;
    let old = version.contains("v2.0.0");
    if old {
        *schema = Cow::Owned(raw(&SCHEMA)?);
    } else if !version.contains("v2.1.0") {
        let shown: String = version.chars().take(100).collect();
        let message = format!("versions 2.1 and 2.0 are read, this one is not: {shown}");
        return Err(Fault::new("unsupported_version", schema_at, message));
    }

    let item_at = join(path, "item");
    let (Some(children_at), Some(list)) = (root.get_index_of("item"), root.get("item").cloned()) else {
        let hint = if root.contains_key("items") { "; this one has `items`" } else { "" };
        return Err(missing(item_at, format!("a collection has `item`{hint}")));
    };
    let mut walk = Walk::new(&item_at, 1);
    let entries = walk.list(&list, true)?;

    let mut marker = Marker::default();
    let name_at = info.get_index_of("name");
    let name = take_name(&mut info, &at, name_at, true, &mut marker)?;
    let info = raw(&info)?;
    let count = root.len();
    take_children(&mut root, "item", children_at, count, &mut marker);
    root.insert("info".to_owned(), Cow::Owned(info));
    if old {
        modernise(&mut root)?;
    }
    let id = new_id();
    let root = NewItem { id, parent: None, kind: ItemKind::Collection, name, content: content(root, marker)? };
    let mut importer = Importer { old, walk, new_id, items: vec![root] };
    for (index, entry) in entries.into_iter().enumerate() {
        importer.entry(entry, id, &format!("{item_at}[{index}]"))?;
    }
    Ok(Import::Collection(importer.items))
}

struct Importer<'n> {
    old: bool,
    walk: Walk,
    new_id: &'n mut dyn FnMut() -> ItemId,
    items: Vec<NewItem>,
}

impl Importer<'_> {
    fn entry(&mut self, entry: Entry, parent: ItemId, path: &str) -> Result<(), Fault> {
        let Entry { mut fields, items } = entry;
        match (items, fields.contains_key("request")) {
            (Some(_), true) => {
                let message = "an entry is a folder (`item`) or a request (`request`), not both";
                Err(Fault::new("ambiguous", path, message))
            }
            (None, false) => {
                let hint = if fields.contains_key("items") { "; this one has `items`" } else { "" };
                Err(missing(path, format!("an entry has `item` (a folder) or `request`{hint}")))
            }
            (Some(children), false) => {
                if self.old {
                    modernise(&mut fields)?;
                }
                let id = self.place(fields, ItemKind::Folder, Some("item"), parent, path)?;
                for (index, child) in children.into_iter().enumerate() {
                    self.entry(child, id, &format!("{path}.item[{index}]"))?;
                }
                Ok(())
            }
            (None, true) => self.request(fields, parent, path),
        }
    }

    fn request(&mut self, mut fields: Fields, parent: ItemId, path: &str) -> Result<(), Fault> {
        if let Some(request) = fields.get_mut("request") {
            check_request(request, &format!("{path}.request"))?;
            if self.old {
                modernise_request(request)?;
            }
        }
        let at = format!("{path}.response");
        // Owned, because `fields` is about to lose what the entries borrow from.
        let list = fields.get("response").filter(|list| !is_null(list)).cloned();
        let mut entries = Vec::new();
        if let Some(list) = &list {
            self.walk.path.clone_from(&at);
            entries = self.walk.list(list, false)?;
        }
        let id = self.place(fields, ItemKind::Request, Some("response"), parent, path)?;
        for (index, Entry { mut fields, .. }) in entries.into_iter().enumerate() {
            if let Some(request) = fields.get_mut("originalRequest").filter(|_| self.old) {
                modernise_request(request)?;
            }
            self.place(fields, ItemKind::Example, None, id, &format!("{at}[{index}]"))?;
        }
        Ok(())
    }

    /// Makes an item of what an object holds, less its name and `children`.
    fn place(
        &mut self,
        mut fields: Fields,
        kind: ItemKind,
        children: Option<&str>,
        parent: ItemId,
        path: &str,
    ) -> Result<ItemId, Fault> {
        let mut marker = Marker::default();
        let count = fields.len();
        let name_at = fields.get_index_of("name");
        let children = children.map(|key| (key, fields.get_full(key).map(|(at, _, value)| (at, is_null(value)))));
        let name = take_name(&mut fields, path, name_at, kind == ItemKind::Example, &mut marker)?;
        match children {
            Some((_, None)) => marker.no_children = true,
            // A `response` that is `null` stays, see the module. An `item` was read before and is `null` here always.
            Some((_, Some((_, true)))) if kind == ItemKind::Request => {}
            Some((key, Some((at, _)))) => take_children(&mut fields, key, at, count, &mut marker),
            None => {}
        }
        let id = (self.new_id)();
        self.items.push(NewItem { id, parent: Some(parent), kind, name, content: content(fields, marker)? });
        Ok(id)
    }
}

/// Takes the name out, which stood at `at`; a `null` stays.
fn take_name(
    fields: &mut Fields,
    path: &str,
    at: Option<usize>,
    after_id: bool,
    marker: &mut Marker,
) -> Result<String, Fault> {
    let (Some(at), Some(value)) = (at, fields.get("name")) else {
        marker.no_name = true;
        return Ok(String::new());
    };
    if is_null(value) {
        return Ok(String::new());
    }
    let path = join(path, "name");
    let name = string(value, &path)?;
    if name.chars().nth(MAX_NAME).is_some() {
        return Err(Fault::new("name_too_long", path, format!("a name has at most {MAX_NAME} characters")));
    }
    fields.shift_remove("name");
    marker.name_at = Some(at).filter(|at| *at != usual_name_place(fields, after_id));
    Ok(name)
}

/// Takes the children out, which stood at `at` among `count` keys; after the name.
fn take_children(fields: &mut Fields, key: &str, at: usize, count: usize, marker: &mut Marker) {
    fields.shift_remove(key);
    let usual = usual_children_place(fields, key).min(count - 1);
    marker.children_at = Some(at).filter(|at| *at != usual);
}

/// The text of what is left, with the marker if one is needed.
fn content(mut fields: Fields, marker: Marker) -> Result<Content, Fault> {
    let own = fields.get(MARKER).cloned();
    let text = {
        let marker = Marker { own: own.as_deref().into_iter().collect(), ..marker };
        if marker.says_nothing() { None } else { Some(raw(&marker)?) }
    };
    if let Some(text) = text {
        // In its place if the file has such a key, else last.
        fields.insert(MARKER.to_owned(), Cow::Owned(text));
    }
    Ok(raw(&fields)?.into())
}

fn check_request(request: &RawValue, path: &str) -> Result<(), Fault> {
    if request.get().starts_with('"') {
        return Ok(());
    }
    if !request.get().starts_with('{') {
        return Err(wrong_type(path, request, "an object or a string"));
    }
    let fields = fields(request, path)?;
    for (key, starts, wanted) in
        [("method", &['"', 'n'][..], "a string"), ("url", &['"', '{', 'n'], "a string or an object")]
    {
        if let Some(value) = fields.get(key).filter(|value| !value.get().starts_with(starts)) {
            return Err(wrong_type(&join(path, key), value, wanted));
        }
    }
    Ok(())
}

/// Writes v2.0's `auth` as v2.1 does: lists instead of objects. All else that v2.0 can say v2.1 says so too.
fn modernise(fields: &mut Fields) -> Result<(), Fault> {
    #[derive(Serialize)]
    struct Parameter<'a> {
        key: &'a str,
        value: &'a RawValue,
        r#type: &'static str,
    }
    let Some(auth) = fields.get_mut("auth").filter(|auth| auth.get().starts_with('{')) else {
        return Ok(());
    };
    let mut methods = self::fields(auth, "auth")?;
    let chosen = methods.get("type").and_then(|kind| serde_json::from_str::<String>(kind.get()).ok());
    for (key, method) in &mut methods {
        let known = AUTHS.contains(&key.as_str()) || key == "oauth2" || chosen.as_ref() == Some(key);
        if known && key != "noauth" && method.get().starts_with('{') {
            let parameters = self::fields(method, "auth")?;
            let list = parameters.iter().map(|(key, value)| Parameter {
                key,
                value,
                r#type: if value.get().starts_with('"') { "string" } else { "any" },
            });
            let list = raw(&list.collect::<Vec<_>>())?;
            *method = Cow::Owned(list);
        }
    }
    let new = raw(&methods)?;
    *auth = Cow::Owned(new);
    Ok(())
}

fn modernise_request(request: &mut Cow<RawValue>) -> Result<(), Fault> {
    if request.get().starts_with('{') {
        let mut fields = fields(request, "request")?;
        if fields.contains_key("auth") {
            modernise(&mut fields)?;
            let new = raw(&fields)?;
            *request = Cow::Owned(new);
        }
    }
    Ok(())
}

fn missing(path: impl Into<String>, message: impl Into<String>) -> Fault {
    Fault::new("missing", path, message)
}

fn wrong_type(path: &str, value: &RawValue, wanted: &str) -> Fault {
    Fault::new("wrong_type", path, format!("this is {}, where {wanted} should be", kind_of(value)))
}

fn string(value: &RawValue, path: &str) -> Result<String, Fault> {
    if !value.get().starts_with('"') {
        return Err(wrong_type(path, value, "a string"));
    }
    serde_json::from_str(value.get()).map_err(|error| unreadable(path, &error))
}

fn raw<T: Serialize>(value: &T) -> Result<Box<RawValue>, Fault> {
    to_raw_value(value).map_err(|error| unreadable("", &error))
}
