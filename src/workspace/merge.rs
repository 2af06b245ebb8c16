//! Merging: JSON Merge Patch (RFC 7396) on JSON text, and text three ways.
//!
//! The patch is applied to the text itself, level by level, so that what it does not touch stays as it was
//! written, numbers of any length included, and a small patch of a large request parses little of it.

use super::item::Content;
use indexmap::IndexMap;
use merge3::{Merge3, MergeGroup};
use serde::de::{MapAccess, Visitor};
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
    serde_json::value::to_raw_value(&patched_object(target, patch)?).map(Content::from)
}

fn patched_object<'a>(target: &'a RawValue, patch: &'a RawValue) -> serde_json::Result<Object<'a, Field<'a>>> {
    let mut changes: IndexMap<_, _> = object(patch)?.0.into_iter().map(|(key, new)| (key, Some(new))).collect();
    let mut fields = Vec::new();
    // The target is gone through once and only the patch is looked up in: it is the small one.
    for (key, old) in object(target).map(|old| old.0).unwrap_or_default() {
        let field = match changes.get_mut(&key) {
            None => Some(Field::AsWritten(old)),
            Some(change) => change.take().map(|new| patched_field(old, new)).transpose()?.flatten(),
        };
        fields.extend(field.map(|field| (key, field)));
    }
    for (key, change) in changes {
        let field = change.map(|new| patched_field(RawValue::NULL, new)).transpose()?.flatten();
        fields.extend(field.map(|field| (key, field)));
    }
    Ok(Object(fields))
}

/// None: the patch takes it away.
fn patched_field<'a>(old: &'a RawValue, new: &'a RawValue) -> serde_json::Result<Option<Field<'a>>> {
    Ok(match new.get().as_bytes() {
        b"null" => None,
        [b'{', ..] => Some(Field::Patched(patched_object(old, new)?)),
        _ => Some(Field::AsWritten(new)),
    })
}

#[derive(Serialize)]
#[serde(untagged)]
enum Field<'a> {
    AsWritten(&'a RawValue),
    Patched(Object<'a, Field<'a>>),
}

/// One level of an object, in order.
struct Object<'a, V>(Vec<(Cow<'a, str>, V)>);

impl<V: Serialize> Serialize for Object<'_, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de> Deserialize<'de> for Object<'de, &'de RawValue> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object<'de, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

        let mut fields = Vec::new();
        while let Some((Key(key), value)) = object.next_entry()? {
            fields.push((key, value));
        }
        Ok(Object(fields))
    }
}

fn object(text: &RawValue) -> serde_json::Result<Object<'_, &RawValue>> {
    serde_json::from_str(text.get())
}

/// The fields of an object, by key; of equal keys the last value counts.
pub(super) fn fields(text: &RawValue) -> serde_json::Result<IndexMap<Cow<'_, str>, &RawValue>> {
    Ok(object(text)?.0.into_iter().collect())
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

/// Merges two changes of a text, word by word. Where both changed the same words, the later change wins.
#[must_use]
pub fn merged_text(base: &str, earlier: &str, later: &str) -> String {
    if base == earlier || earlier == later {
        return later.to_owned();
    }
    if base == later {
        return earlier.to_owned();
    }
    let by_word = [base, earlier, later].iter().all(|text| words(text).take(MOST_WORDS + 1).count() <= MOST_WORDS);
    let parts = |text| -> Vec<&str> { if by_word { words(text).collect() } else { lines(text).collect() } };
    let (base, earlier, later) = (parts(base), parts(earlier), parts(later));
    let merge = Merge3::new(&base, &earlier, &later);
    let groups = merge.merge_groups();
    groups
        .iter()
        .flat_map(|group| match group {
            MergeGroup::Unchanged(part) | MergeGroup::Same(part) | MergeGroup::A(part) | MergeGroup::B(part) => *part,
            MergeGroup::Conflict(_, _, later) => *later,
        })
        .copied()
        .collect()
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
    fn only_text_that_both_changed_is_merged() {
        let base = json!({"d": "one two", "n": 1, "o": {"t": "x y"}});
        let now = json!({"d": "ONE two", "n": 2, "o": {"t": "x z"}});
        let mut patch = object(json!({"d": "one TWO", "n": 3, "o": {"t": "w y"}}));
        rebase(&mut patch, &raw(&base), &raw(&now));
        assert_eq!(Value::Object(patch), json!({"d": "ONE TWO", "n": 3, "o": {"t": "w z"}}));
    }
}
