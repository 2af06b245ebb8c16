//! Merging: JSON Merge Patch (RFC 7396) on JSON text, and text three ways.
//!
//! The patch is applied to the text itself, level by level, so that what it does not touch stays as it was
//! written, numbers of any length included, and a small patch of a large request parses little of it.

use super::item::Content;
use indexmap::IndexMap;
use merge3::{Merge3, MergeGroup};
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, value::RawValue};
use std::borrow::Cow;
use std::fmt;

/// A text in more words than this is merged by lines: the diff takes quadratic time at worst.
const MOST_WORDS: usize = 8_000;

/// Applies a merge patch to the text of an object. A target that is no object counts as an empty one.
///
/// # Errors
/// When the patch is no object.
pub fn patched(target: &RawValue, patch: &RawValue) -> serde_json::Result<Content> {
    let object = Patch(patch).deserialize(&mut serde_json::Deserializer::from_str(target.get()))?;
    serde_json::value::to_raw_value(&object).map(Content::from)
}

/// One level of an object, in order.
struct Object<'a>(Vec<(Cow<'a, str>, Field<'a>)>);

#[derive(Serialize)]
#[serde(untagged)]
enum Field<'a> {
    AsWritten(&'a RawValue),
    Patched(Object<'a>),
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, field)| (key, field)))
    }
}

/// Reads a target as it is after a patch: what is patched is gone through once, however deep it is.
#[derive(Clone, Copy)]
struct Patch<'a>(&'a RawValue);

impl<'a> Patch<'a> {
    fn is_object(self) -> bool {
        self.0.get().starts_with('{')
    }

    /// In place of whatever was there but an object; None: nothing.
    fn in_place<E: Error>(self) -> Result<Option<Field<'a>>, E> {
        Ok(match self.0.get() {
            "null" => None,
            _ if self.is_object() => Some(Field::Patched(self.visit_unit()?)),
            _ => Some(Field::AsWritten(self.0)),
        })
    }
}

impl<'a> DeserializeSeed<'a> for Patch<'a> {
    type Value = Object<'a>;

    fn deserialize<D: Deserializer<'a>>(self, target: D) -> Result<Object<'a>, D::Error> {
        target.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Patch<'a> {
    type Value = Object<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut target: A) -> Result<Object<'a>, A::Error> {
        let mut patch = fields(self.0).map_err(A::Error::custom)?;
        let mut fields = Vec::new();
        while let Some(Key(key)) = target.next_key()? {
            let field = match patch.get_mut(&key).map(|new| Patch(std::mem::replace(new, RawValue::NULL))) {
                None => Some(Field::AsWritten(target.next_value()?)),
                Some(new) if new.is_object() => Some(Field::Patched(target.next_value_seed(new)?)),
                Some(new) => {
                    target.next_value::<IgnoredAny>()?;
                    new.in_place()?
                }
            };
            fields.extend(field.map(|field| (key, field)));
        }
        // What is left is of fields that were not there.
        for (key, new) in patch {
            fields.extend(Patch(new).in_place()?.map(|field| (key, field)));
        }
        Ok(Object(fields))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut target: A) -> Result<Object<'a>, A::Error> {
        while target.next_element::<IgnoredAny>()?.is_some() {}
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Object<'a>, E> {
        self.visit_unit()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Object<'a>, E> {
        self.visit_unit()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Object<'a>, E> {
        self.visit_unit()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Object<'a>, E> {
        self.visit_unit()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Object<'a>, E> {
        self.visit_unit()
    }

    fn visit_unit<E: Error>(self) -> Result<Object<'a>, E> {
        self.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
    }
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of an object, by key; of equal keys the last value counts.
pub(super) fn fields(object: &RawValue) -> serde_json::Result<IndexMap<Cow<'_, str>, &RawValue>> {
    let fields: IndexMap<Key<'_>, &RawValue> = serde_json::from_str(object.get())?;
    Ok(fields.into_iter().map(|(Key(key), value)| (key, value)).collect())
}

/// Changes a patch made against `base` so that, where it and `now` both changed a text, both changes survive.
pub fn rebase(patch: &mut Map<String, Value>, base: &RawValue, now: &RawValue) {
    let (Ok(base), Ok(now)) = (fields(base), fields(now)) else { return };
    for (key, value) in patch {
        let (Some(base), Some(now)) = (base.get(key.as_str()), now.get(key.as_str())) else { continue };
        match value {
            Value::Object(inner) => rebase(inner, base, now),
            Value::String(mine) => {
                let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get());
                if let (Ok(base), Ok(now)) = (text(base), text(now)) {
                    *mine = merged_text(&base, &now, mine);
                }
            }
            _ => {}
        }
    }
}

/// The merge patch that makes one object's text another's, where there is one: a patch can neither put a `null` into
/// an object nor order keys anew.
#[must_use]
pub fn difference(from: &RawValue, to: &RawValue) -> Option<Content> {
    let patch = serde_json::value::to_raw_value(&patch_between(from, to)?).ok()?;
    let made = patched(from, &patch).ok()?;
    (made.get() == to.get()).then(|| patch.into())
}

fn patch_between<'a>(from: &'a RawValue, to: &'a RawValue) -> Option<Object<'a>> {
    let (from, to) = (fields(from).ok()?, fields(to).ok()?);
    let gone = from.keys().filter(|key| !to.contains_key(*key));
    let mut patch: Vec<_> = gone.map(|key| (key.clone(), Field::AsWritten(RawValue::NULL))).collect();
    for (key, new) in to {
        match from.get(&key) {
            Some(old) if old.get() == new.get() => {}
            Some(old) if old.get().starts_with('{') && new.get().starts_with('{') => {
                patch.push((key, Field::Patched(patch_between(old, new)?)));
            }
            _ => patch.push((key, Field::AsWritten(new))),
        }
    }
    Some(Object(patch))
}

/// Merges two changes of a text, word by word. Where both changed the same words, the later change wins.
#[must_use]
pub fn merged_text(base: &str, earlier: &str, later: &str) -> String {
    three_ways(base, earlier, later).0
}

/// The same; None where both changed the same words.
#[must_use]
pub fn merged_cleanly(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let (text, clashes) = three_ways(base, ours, theirs);
    (!clashes).then_some(text)
}

/// The merged text, and whether both changed the same words.
fn three_ways(base: &str, earlier: &str, later: &str) -> (String, bool) {
    if base == earlier || earlier == later {
        return (later.to_owned(), false);
    }
    if base == later {
        return (earlier.to_owned(), false);
    }
    let by_word = [base, earlier, later].iter().all(|text| words(text).take(MOST_WORDS + 1).count() <= MOST_WORDS);
    let parts = |text| -> Vec<&str> { if by_word { words(text).collect() } else { lines(text).collect() } };
    let (base, earlier, later) = (parts(base), parts(earlier), parts(later));
    let merge = Merge3::new(&base, &earlier, &later);
    let groups = merge.merge_groups();
    let clashes = groups.iter().any(|group| matches!(group, MergeGroup::Conflict(..)));
    let text = groups
        .iter()
        .flat_map(|group| match group {
            MergeGroup::Unchanged(part) | MergeGroup::Same(part) | MergeGroup::A(part) | MergeGroup::B(part) => *part,
            MergeGroup::Conflict(_, _, later) => *later,
        })
        .copied()
        .collect();
    (text, clashes)
}

/// Words, and what stands between them each on its own: were a space part of the word before it, words added at an
/// end would change the last word too, and clash with words added before it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| c.is_whitespace() || c.is_ascii_punctuation();
    text.split_inclusive(separates)
        .flat_map(move |part| {
            let (word, rest) = part.split_at(part.trim_end_matches(separates).len());
            [word, rest]
        })
        .filter(|part| !part.is_empty())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(value: &Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(value).expect("JSON")
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("an object") };
        map
    }

    #[test]
    fn a_patch_leaves_what_it_does_not_touch_as_it_was_written() {
        let target: Box<RawValue> =
            serde_json::from_str(r#"{"big":12345678901234567890123,"a":{"x":1.0,"y":2}}"#).expect("JSON");
        let patch = json!({"a": {"y": null, "z": {"deep": {"n": null, "m": 3}}}, "gone": null});
        let text = patched(&target, &raw(&patch)).expect("patched");
        assert_eq!(text.get(), r#"{"big":12345678901234567890123,"a":{"x":1.0,"z":{"deep":{"m":3}}}}"#);
        let none_is_an_object =
            json!({"a": null, "b": true, "c": -1, "d": 1, "e": 0.5, "f": "", "g": [[1], {}], "h": {}});
        let object = json!({"in": {"x": 1, "y": null}});
        let patch: Map<_, _> = ('a'..='h').map(|key| (key.to_string(), object.clone())).collect();
        let text = patched(&raw(&none_is_an_object), &raw(&patch.clone().into())).expect("patched");
        let became: Map<String, Value> = serde_json::from_str(text.get()).expect("JSON");
        assert!(became.len() == 8 && became.values().all(|value| *value == json!({"in": {"x": 1}})), "{text}");
    }

    #[test]
    fn two_changes_of_one_text_both_survive() {
        assert_eq!(
            merged_text("List all the users", "List nearly all the users", "List all the users, paged"),
            "List nearly all the users, paged"
        );
        assert_eq!(merged_text("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"), "A\nb\nC\n");
    }

    #[test]
    fn of_two_changes_of_the_same_words_the_later_wins() {
        assert_eq!(merged_text("one two three", "one 2 three", "one II three"), "one II three");
    }

    #[test]
    fn a_difference_is_the_patch_between_two_texts_or_none() {
        let from = json!({"a": {"x": 1, "y": [1, null]}, "b": "t", "gone": 0});
        let to = json!({"a": {"x": 1, "y": [null]}, "b": "u", "new": {"n": []}});
        let patch = difference(&raw(&from), &raw(&to)).expect("a patch");
        assert_eq!(patch.get(), r#"{"gone":null,"a":{"y":[null]},"b":"u","new":{"n":[]}}"#);
        for impossible in [json!({"a": null}), json!({"b": "t", "a": 1}), json!({"a": 1, "b": {"c": null}})] {
            assert!(difference(&raw(&json!({"a": 1, "b": "t"})), &raw(&impossible)).is_none(), "{impossible}");
        }
    }

    #[test]
    fn only_text_that_both_changed_is_merged() {
        let base = json!({"d": "one two", "n": 1, "o": {"t": "x y"}});
        let now = json!({"d": "ONE two", "n": 2, "o": {"t": "x z"}});
        let mut patch = object(json!({"d": "one TWO", "n": 3, "o": {"t": "w y"}}));
        rebase(&mut patch, &raw(&base), &raw(&now));
        assert_eq!(Value::Object(patch), json!({"d": "ONE TWO", "n": 3, "o": {"t": "w z"}}));
    }
}
