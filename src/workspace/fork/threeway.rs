//! What became of a name and a content on two sides, as one: field by field, entry by entry, word by word.

use crate::workspace::item::Content;
use crate::workspace::merge::{fields, merged_cleanly};
use crate::workspace::secret;
use indexmap::IndexMap;
use merge3::{Merge3, MergeGroup};
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::sync::Arc;

/// What entries of a list are told apart by, the first that all have and no two share: Postman's variables have an
/// `id` or a `key`, headers a `key`, scripts what they `listen` to.
const NAMES: [&str; 4] = ["id", "key", "listen", "name"];

/// Both sides changed the same, in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clash;

impl From<serde_json::Error> for Clash {
    /// What can't be read can't be merged: a person decides.
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// Merges what three sides have: name and content.
pub(super) fn node(
    base: (&str, &Content),
    ours: (&str, &Content),
    theirs: (&str, &Content),
) -> Result<(String, Content), Clash> {
    let name = merged_cleanly(base.0, ours.0, theirs.0).ok_or(Clash)?;
    let content = match value(Some(base.1), Some(ours.1), Some(theirs.1))? {
        Some(Cow::Owned(merged)) => merged.into(),
        Some(Cow::Borrowed(one)) if one.get() == theirs.1.get() => Arc::clone(theirs.1),
        _ => Arc::clone(ours.1),
    };
    Ok((name, content))
}

/// A value; None where a side has none.
type Side<'a> = Option<&'a RawValue>;

fn value<'a>(base: Side<'a>, ours: Side<'a>, theirs: Side<'a>) -> Result<Option<Cow<'a, RawValue>>, Clash> {
    let same = |one: Side<'_>, other: Side<'_>| one.map(RawValue::get) == other.map(RawValue::get);
    if same(ours, theirs) || same(base, theirs) {
        return Ok(ours.map(Cow::Borrowed));
    }
    if same(base, ours) {
        return Ok(theirs.map(Cow::Borrowed));
    }
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Err(Clash) };
    let begin = |raw: &RawValue| raw.get().as_bytes().first().copied();
    let base = base.filter(|base| begin(base) == begin(ours));
    let merged = match (begin(ours), begin(theirs), base) {
        (Some(b'{'), Some(b'{'), base) => object(base, ours, theirs)?,
        (Some(b'['), Some(b'['), Some(base)) => list(base, ours, theirs)?,
        (Some(b'"'), Some(b'"'), Some(base)) => text(base, ours, theirs)?,
        _ => return Err(Clash),
    };
    Ok(Some(Cow::Owned(merged)))
}

fn object(base: Side<'_>, ours: &RawValue, theirs: &RawValue) -> Result<Box<RawValue>, Clash> {
    let base = base.map(fields).transpose()?.unwrap_or_default();
    let (ours, theirs) = (fields(ours)?, fields(theirs)?);
    let mut merged: IndexMap<&str, Cow<'_, RawValue>> = IndexMap::with_capacity(ours.len());
    // Ours in their order, then what came: so that a merge patch can tell the difference.
    for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
        if let Some(value) = value(base.get(key).copied(), ours.get(key).copied(), theirs.get(key).copied())? {
            merged.insert(key, value);
        }
    }
    // A value that came as a secret's would stand where everybody sees it: whether it may, a person decides.
    let was_secret = [&ours, &theirs].into_iter().any(|side| secret::is_written(|field| side.get(field).copied()));
    if was_secret && !secret::is_written(|field| merged.get(field).map(AsRef::as_ref)) {
        return Err(Clash);
    }
    Ok(to_raw_value(&merged)?)
}

fn text(base: &RawValue, ours: &RawValue, theirs: &RawValue) -> Result<Box<RawValue>, Clash> {
    let read = |raw: &RawValue| serde_json::from_str::<String>(raw.get());
    let merged = merged_cleanly(&read(base)?, &read(ours)?, &read(theirs)?).ok_or(Clash)?;
    Ok(to_raw_value(&merged)?)
}

fn list(base: &RawValue, ours: &RawValue, theirs: &RawValue) -> Result<Box<RawValue>, Clash> {
    fn read(raw: &RawValue) -> serde_json::Result<Vec<&RawValue>> {
        serde_json::from_str(raw.get())
    }
    let (base, ours, theirs) = (read(base)?, read(ours)?, read(theirs)?);
    let named = NAMES.iter().find_map(|by| Some((named(&base, by)?, named(&ours, by)?, named(&theirs, by)?)));
    match named {
        Some((base, ours, theirs)) => by_name(&base, &ours, &theirs),
        None => by_place(&base, &ours, &theirs),
    }
}

type Named<'a> = IndexMap<String, &'a RawValue>;

/// The entries by their `by`; None when one has none or shares it with another.
fn named<'a>(list: &[&'a RawValue], by: &str) -> Option<Named<'a>> {
    let mut named = Named::with_capacity(list.len());
    for entry in list {
        let name = serde_json::from_str(fields(entry).ok()?.get(by)?.get()).ok()?;
        if named.insert(name, entry).is_some() {
            return None;
        }
    }
    Some(named)
}

fn by_name(base: &Named<'_>, ours: &Named<'_>, theirs: &Named<'_>) -> Result<Box<RawValue>, Clash> {
    let as_before = base.keys().filter(|name| ours.contains_key(*name));
    let ordered_anew = !as_before.eq(ours.keys().filter(|name| base.contains_key(*name)));
    let (leading, other) = if ordered_anew { (ours, theirs) } else { (theirs, ours) };
    let mut order: Vec<&str> = leading.keys().map(String::as_str).collect();
    let mut before = None;
    for name in other.keys() {
        if !leading.contains_key(name) {
            let at = before.and_then(|before: &str| order.iter().position(|one| *one == before));
            order.insert(at.map_or(0, |at| at + 1), name);
        }
        before = Some(name.as_str());
    }
    let mut merged = Vec::with_capacity(order.len());
    for name in order {
        merged.extend(value(base.get(name).copied(), ours.get(name).copied(), theirs.get(name).copied())?);
    }
    Ok(to_raw_value(&merged)?)
}

/// As a text of lines: what else tells entries apart is only what they are.
fn by_place(base: &[&RawValue], ours: &[&RawValue], theirs: &[&RawValue]) -> Result<Box<RawValue>, Clash> {
    fn texts<'a>(list: &[&'a RawValue]) -> Vec<&'a str> {
        list.iter().map(|entry| entry.get()).collect()
    }
    let (base, ours, theirs) = (texts(base), texts(ours), texts(theirs));
    let merge = Merge3::new(&base, &ours, &theirs);
    let mut merged: Vec<&str> = Vec::with_capacity(ours.len());
    for group in merge.merge_groups() {
        match group {
            MergeGroup::Unchanged(part) | MergeGroup::Same(part) | MergeGroup::A(part) | MergeGroup::B(part) => {
                merged.extend(part);
            }
            MergeGroup::Conflict(..) => return Err(Clash),
        }
    }
    Ok(RawValue::from_string(format!("[{}]", merged.join(",")))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn merged(base: &Value, ours: &Value, theirs: &Value) -> Result<Value, Clash> {
        let content = |value: &Value| Content::from(to_raw_value(value).expect("JSON"));
        let (base, ours, theirs) = (content(base), content(ours), content(theirs));
        node(("A", &base), ("A", &ours), ("A", &theirs)).map(|(_, content)| content.get().parse().expect("JSON"))
    }

    #[test]
    fn changes_of_different_fields_both_come_and_of_the_same_clash() {
        let base = json!({"request": {"method": "GET", "url": "a", "description": "List all the users"}, "n": null});
        let ours = json!({"request": {"method": "GET", "url": "b", "description": "List nearly all the users"}});
        let theirs = json!({"request": {"method": "POST", "url": "a", "description": "List all the users, paged"},
            "n": null, "event": []});
        let both = json!({"request": {"method": "POST", "url": "b", "description": "List nearly all the users, paged"},
            "event": []});
        assert_eq!(merged(&base, &ours, &theirs), Ok(both));
        let clash = json!({"request": {"method": "PUT", "url": "a", "description": "List all the users"}, "n": null});
        assert_eq!(merged(&base, &clash, &theirs), Err(Clash));
        // Removed on one side, changed on the other.
        assert_eq!(merged(&json!({"a": {"b": 1}}), &json!({}), &json!({"a": {"b": 2}})), Err(Clash));
        assert_eq!(merged(&json!({"a": {"b": 1}}), &json!({}), &json!({"a": {"b": 1}, "c": 1})), Ok(json!({"c": 1})));
    }

    #[test]
    fn entries_with_names_are_told_apart_by_them() {
        let entry = |key: &str, value: u8| json!({"key": key, "value": value});
        let base = json!({"header": [entry("A", 1), entry("B", 1), entry("C", 1)]});
        let ours = json!({"header": [entry("A", 2), entry("Mine", 0), entry("B", 1), entry("C", 1)]});
        let theirs = json!({"header": [entry("C", 1), entry("A", 1), entry("B", 2), entry("New", 0)]});
        let both = json!({"header": [entry("C", 1), entry("A", 2), entry("Mine", 0), entry("B", 2), entry("New", 0)]});
        assert_eq!(merged(&base, &ours, &theirs), Ok(both));
        let theirs = json!({"header": [entry("A", 3), entry("B", 1), entry("C", 1)]});
        assert_eq!(merged(&base, &ours, &theirs), Err(Clash));
    }

    #[test]
    fn a_secret_is_opened_by_a_person_alone() {
        let one = |variable: Value| json!({"values": [variable]});
        let base = one(json!({"key": "k", "type": "secret"}));
        let opened = one(json!({"key": "k", "type": "default"}));
        let filled = one(json!({"key": "k", "type": "secret", "value": "S"}));
        assert_eq!(merged(&base, &opened, &filled), Err(Clash));
        assert_eq!(merged(&base, &filled, &opened), Err(Clash));
        assert_eq!(merged(&base, &opened, &base), Ok(opened));
        // It says in two ways that it is one, and each side has taken away the other.
        let base = one(json!({"key": "k", "type": "secret", "secret": true, "value": "S"}));
        let ours = one(json!({"key": "k", "secret": true, "value": "S"}));
        assert_eq!(merged(&base, &ours, &filled), Err(Clash));
    }

    #[test]
    fn other_lists_are_merged_as_lines() {
        let script = |lines: &[&str]| json!({"exec": lines});
        let base = script(&["a", "b", "c", "d", "e"]);
        let ours = script(&["A", "b", "c", "d", "e"]);
        assert_eq!(
            merged(&base, &ours, &script(&["a", "b", "c", "D", "e", "f"])),
            Ok(script(&["A", "b", "c", "D", "e", "f"]))
        );
        assert_eq!(merged(&base, &ours, &script(&["1", "b", "c", "d", "e"])), Err(Clash));
    }

    #[test]
    fn what_one_side_alone_changed_stays_as_it_was_written() {
        let content = |text: &str| Content::from(RawValue::from_string(text.to_owned()).expect("JSON"));
        let (base, ours) = (content(r#"{"a": 1, "b": 2}"#), content(r#"{"b": 2, "a": 12345678901234567890123}"#));
        let (_, kept) = node(("A", &base), ("A", &ours), ("A", &base)).expect("merged");
        assert!(Arc::ptr_eq(&kept, &ours));
        let (name, taken) = node(("A", &base), ("A b", &base), ("A", &ours)).expect("merged");
        assert!(Arc::ptr_eq(&taken, &ours) && name == "A b");
    }
}
