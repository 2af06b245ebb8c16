//! From a tree of items to a file.

use super::{Fault, MARKER, MAX_DEPTH, Marker, SCHEMA, is_null, join, object, usual_children_place, usual_name_place};
use crate::workspace::item::{Content, ItemKind};
use indexmap::IndexMap;
use serde_json::{Value, value::RawValue};

/// One node of a tree to export, with its children in order.
#[derive(Debug)]
pub struct Node<'a> {
    /// What it is.
    pub kind: ItemKind,
    /// Its name.
    pub name: &'a str,
    /// The rest of it.
    pub content: Content,
    /// What stands in it.
    pub children: Vec<Node<'a>>,
}

enum Part<'a> {
    Raw(&'a RawValue),
    Text(String),
    Children,
}

type Fields<'a> = IndexMap<String, Part<'a>>;

/// The text of a v2.1 file. A folder or a request comes as a collection of its name with that one entry, an
/// example in a request made of its `originalRequest`.
///
/// What an import refuses is not written, whatever the contents hold: a missing `info.schema` or `request` is added.
///
/// # Errors
///
/// `wrong_type` for a content that is no object, `misplaced` for a child that can't stand where it does, and
/// `too_deep`; the path is that in the file.
pub fn export(root: &Node) -> Result<String, Fault> {
    let mut out = String::new();
    if root.kind == ItemKind::Collection {
        node(&mut out, root, "", 0)?;
        return Ok(out);
    }
    let name = quoted(root.name);
    out.push_str(&format!(r#"{{"info":{{"name":{name},"schema":"{SCHEMA}"}},"item":["#));
    if root.kind == ItemKind::Example {
        let content = contents(&root.content, "item[0].response[0]")?;
        let request = content.get("originalRequest").filter(|text| text.get().starts_with(['{', '"']));
        let request = request.map_or("{}", |text| text.get());
        out.push_str(&format!(r#"{{"name":{name},"request":{request},"response":["#));
        node(&mut out, root, "item[0].response[0]", 2)?;
        out.push_str("]}");
    } else {
        node(&mut out, root, "item[0]", 1)?;
    }
    out.push_str("]}");
    Ok(out)
}

/// The text of an environment file; a missing `values` is added.
///
/// # Errors
///
/// `wrong_type` for a content that is no object.
pub fn export_environment(name: &str, content: &RawValue) -> Result<String, Fault> {
    let mut fields = parts(contents(content, "")?);
    let marker = take_marker(&mut fields);
    fields.entry("values".to_owned()).or_insert_with(|| Part::Text("[]".to_owned()));
    let mut new = Vec::new();
    put_name(&mut fields, &mut new, name, &marker, true);
    insert(&mut fields, new);
    let mut out = String::new();
    write(&mut out, &fields, |_| Ok(()))?;
    Ok(out)
}

fn node(out: &mut String, node: &Node, path: &str, depth: usize) -> Result<(), Fault> {
    // Each level is an object and an array.
    if depth > MAX_DEPTH / 2 {
        return Err(Fault::new("too_deep", path, "the tree is too deep for a file"));
    }
    let mut fields = parts(contents(&node.content, path)?);
    let marker = take_marker(&mut fields);
    let mut new = Vec::new();
    let children = match node.kind {
        ItemKind::Collection => {
            let info = info(fields.get("info"), node.name, &marker)?;
            match fields.get_mut("info") {
                Some(slot) => *slot = Part::Text(info),
                None => drop(fields.shift_insert(0, "info".to_owned(), Part::Text(info))),
            }
            "item"
        }
        ItemKind::Folder => {
            fields.shift_remove("request");
            "item"
        }
        ItemKind::Request => {
            fields.shift_remove("item");
            if !matches!(fields.get("request"), Some(Part::Raw(text)) if text.get().starts_with(['{', '"'])) {
                fields.insert("request".to_owned(), Part::Text("{}".to_owned()));
            }
            "response"
        }
        ItemKind::Example => "",
    };
    if node.kind != ItemKind::Collection {
        put_name(&mut fields, &mut new, node.name, &marker, node.kind == ItemKind::Example);
    }
    if !children.is_empty() {
        let place = usual_children_place(&fields, children);
        let optional = node.kind == ItemKind::Request && node.children.is_empty();
        match fields.get_mut(children) {
            Some(Part::Raw(text)) if optional && is_null(text) => {}
            Some(slot) => *slot = Part::Children,
            None if optional && marker.no_children => {}
            None => new.push((marker.children_at.unwrap_or(place), children, Part::Children)),
        }
    }
    insert(&mut fields, new);
    if let Some(child) = node.children.iter().find(|child| !child.kind.fits(Some(node.kind))) {
        let message = format!("{:?} can't stand in {:?}", child.kind, node.kind);
        return Err(Fault::new("misplaced", join(path, children), message));
    }
    write(out, &fields, |out| {
        for (index, child) in node.children.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self::node(out, child, &join(path, &format!("{children}[{index}]")), depth + 1)?;
        }
        Ok(())
    })
}

/// `info` with its name, and a schema that says v2.1.
fn info(info: Option<&Part>, name: &str, marker: &Marker) -> Result<String, Fault> {
    let mut fields = match info {
        // No object: one that will do takes its place.
        Some(Part::Raw(text)) => parts(object(text).unwrap_or_default()),
        _ => Fields::new(),
    };
    let current = matches!(fields.get("schema"),
        Some(Part::Raw(text)) if serde_json::from_str::<String>(text.get()).is_ok_and(|url| url.contains("v2.1.0")));
    if !current {
        fields.insert("schema".to_owned(), Part::Text(quoted(SCHEMA)));
    }
    let mut new = Vec::new();
    put_name(&mut fields, &mut new, name, marker, true);
    insert(&mut fields, new);
    let mut out = String::new();
    write(&mut out, &fields, |_| Ok(()))?;
    Ok(out)
}

/// The name, unless there is none and the file had none.
fn put_name<'a>(
    fields: &mut Fields<'a>,
    new: &mut Vec<(usize, &str, Part<'a>)>,
    name: &str,
    marker: &Marker,
    after_id: bool,
) {
    let place = usual_name_place(fields, after_id);
    match fields.get_mut("name") {
        Some(Part::Raw(text)) if name.is_empty() && is_null(text) => {}
        Some(slot) => *slot = Part::Text(quoted(name)),
        None if name.is_empty() && marker.no_name => {}
        None => new.push((marker.name_at.unwrap_or(place), "name", Part::Text(quoted(name)))),
    }
}

/// Puts each key where it stood: in ascending order, so that none moves one that was put before.
fn insert<'a>(fields: &mut Fields<'a>, mut new: Vec<(usize, &str, Part<'a>)>) {
    new.sort_by_key(|(at, ..)| *at);
    for (at, key, part) in new {
        fields.shift_insert(at.min(fields.len()), key.to_owned(), part);
    }
}

/// Takes the marker out, and puts the file's own key of that name back. What is no marker is none.
fn take_marker<'a>(fields: &mut Fields<'a>) -> Marker<'a> {
    let marker: Marker<'a> = match fields.get(MARKER) {
        Some(Part::Raw(text)) => serde_json::from_str(text.get()).unwrap_or_default(),
        _ => return Marker::default(),
    };
    match marker.own.first() {
        Some(own) => drop(fields.insert(MARKER.to_owned(), Part::Raw(own))),
        None => drop(fields.shift_remove(MARKER)),
    }
    marker
}

fn contents<'a>(content: &'a RawValue, path: &str) -> Result<IndexMap<String, &'a RawValue>, Fault> {
    object(content).map_err(|error| Fault::new("wrong_type", path, format!("a content is no object: {error}")))
}

fn parts<'a>(fields: IndexMap<String, &'a RawValue>) -> Fields<'a> {
    fields.into_iter().map(|(key, value)| (key, Part::Raw(value))).collect()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn write(
    out: &mut String,
    fields: &Fields,
    children: impl FnOnce(&mut String) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut children = Some(children);
    out.push('{');
    for (index, (key, part)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(key));
        out.push(':');
        match part {
            Part::Raw(text) => out.push_str(text.get()),
            Part::Text(text) => out.push_str(text),
            Part::Children => {
                out.push('[');
                if let Some(children) = children.take() {
                    children(out)?;
                }
                out.push(']');
            }
        }
    }
    out.push('}');
    Ok(())
}
