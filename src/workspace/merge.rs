//! Merging: JSON Merge Patch (RFC 7396) on JSON text, and text three ways.
//!
//! The patch is applied to the text itself, level by level, so that what it does not touch stays as it was
//! written, numbers of any length included, and a small patch of a large request parses little of it.

use super::item::Content;
use indexmap::IndexMap;
use merge3::{Merge3, MergeGroup};
use serde_json::{Map, Value, value::RawValue};

/// A text in more words than this is merged by lines: the diff takes quadratic time at worst.
const MOST_WORDS: usize = 8_000;

/// Applies a merge patch to the text of an object. A target that is no object counts as an empty one.
///
/// # Errors
/// When the result can't be written as JSON, which no parsed patch makes happen.
pub fn patched(target: &RawValue, patch: &Map<String, Value>) -> serde_json::Result<Content> {
    Ok(patch_object(target.get(), patch)?.into())
}

fn patch_object(target: &str, patch: &Map<String, Value>) -> serde_json::Result<Box<RawValue>> {
    let mut fields: IndexMap<String, Box<RawValue>> = serde_json::from_str(target).unwrap_or_default();
    for (key, value) in patch {
        match value {
            Value::Null => {
                fields.shift_remove(key);
            }
            Value::Object(inner) => {
                let old = fields.get(key).map_or("{}", |old| old.get());
                let new = patch_object(old, inner)?;
                fields.insert(key.clone(), new);
            }
            other => {
                fields.insert(key.clone(), serde_json::value::to_raw_value(other)?);
            }
        }
    }
    serde_json::value::to_raw_value(&fields)
}

/// Changes a patch made against `base` so that, where it and `now` both changed a text, both changes survive.
pub fn rebase(patch: &mut Map<String, Value>, base: &RawValue, now: &RawValue) {
    let level = |text: &RawValue| serde_json::from_str::<IndexMap<String, Box<RawValue>>>(text.get());
    let (Ok(base), Ok(now)) = (level(base), level(now)) else { return };
    for (key, value) in patch {
        let (Some(base), Some(now)) = (base.get(key), now.get(key)) else { continue };
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
        let patch = object(json!({"a": {"y": null, "z": {"deep": {"n": null, "m": 3}}}, "gone": null}));
        let text = patched(&target, &patch).expect("patched");
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
