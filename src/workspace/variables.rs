//! Variables of environments: two changes of the list, each made upon the same one, in one.

use super::{merge, secret};
use indexmap::IndexMap;
use serde_json::{Map, Value, value::RawValue};
use std::borrow::Borrow;
use std::collections::HashMap;

/// Changes a patch made against `base` so that of the variables only what it changed is its own, and the rest as in `now`.
pub(super) fn rebase(patch: &mut Map<String, Value>, base: &RawValue, now: &RawValue) {
    // Who may not see a secret's value has not changed it.
    secret::carry_over(patch, base);
    merge::rebase(patch, base, now);
    if let (Some(Value::Array(mine)), Some(base), Some(now)) = (patch.get_mut("values"), list(base), list(now)) {
        *mine = merged(&base, now, std::mem::take(mine));
    }
}

fn list(content: &RawValue) -> Option<Vec<Value>> {
    let mut content: Map<String, Value> = serde_json::from_str(content.get()).ok()?;
    let Some(Value::Array(list)) = content.remove("values") else { return None };
    Some(list)
}

/// In the order of `now`. What one side has taken away and the other changed stays.
fn merged(base: &[Value], now: Vec<Value>, mine: Vec<Value>) -> Vec<Value> {
    let base: HashMap<_, _> = named(base.iter()).collect();
    let mut mine: IndexMap<Name, Option<Value>> =
        named(mine.into_iter()).map(|(name, own)| (name, Some(own))).collect();
    let mut made = Vec::with_capacity(now.len());
    for (name, now) in named(now.into_iter()) {
        let own = mine.get_mut(&name).and_then(Option::take);
        match (base.get(&name), own) {
            (Some(base), Some(own)) => made.push(variable(base, now, own)),
            (Some(base), None) if **base == now => {}
            (_, None) => made.push(now),
            (None, Some(own)) => made.push(own),
        }
    }
    let left =
        mine.into_iter().filter_map(|(name, own)| own.filter(|own| base.get(&name).is_none_or(|base| *base != own)));
    made.extend(left);
    made
}

/// A variable's key, and which of that key it is: one may stand there several times.
type Name = (Option<String>, usize);

fn named<V: Borrow<Value>>(list: impl Iterator<Item = V>) -> impl Iterator<Item = (Name, V)> {
    let mut times: HashMap<Option<String>, usize> = HashMap::new();
    list.map(move |variable| {
        let key = variable.borrow().get("key").and_then(Value::as_str).map(str::to_owned);
        let time = times.entry(key.clone()).and_modify(|times| *times += 1).or_default();
        ((key, *time), variable)
    })
}

/// Field by field.
fn variable(base: &Value, now: Value, mine: Value) -> Value {
    match (base, now, mine) {
        (Value::Object(base), Value::Object(mut now), Value::Object(mine)) => {
            now.retain(|field, _| mine.contains_key(field) || !base.contains_key(field));
            for (field, value) in mine {
                if base.get(&field) != Some(&value) {
                    now.insert(field, value);
                }
            }
            Value::Object(now)
        }
        (base, now, mine) => {
            if *base == mine {
                now
            } else {
                mine
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rebased(base: &Value, now: &Value, mine: &Value) -> Value {
        let raw = |values: &Value| serde_json::value::to_raw_value(&json!({"values": values})).expect("JSON");
        let Value::Object(mut patch) = json!({"values": mine}) else { panic!("an object") };
        rebase(&mut patch, &raw(base), &raw(now));
        patch.remove("values").expect("a list")
    }

    #[test]
    fn of_two_changes_of_the_variables_both_stand() {
        let base = json!([{"key": "a", "value": "1", "enabled": true}, {"key": "b", "value": "1"}, {"key": "c", "value": "1"}]);
        let now = json!([{"key": "a", "value": "2", "enabled": true}, {"key": "b", "value": "1"}, {"key": "d", "value": "1"}]);
        let mine = json!([{"key": "a", "value": "1", "enabled": false}, {"key": "c", "value": "1"}, {"key": "e", "value": "1"}]);
        assert_eq!(
            rebased(&base, &now, &mine),
            json!([{"key": "a", "value": "2", "enabled": false}, {"key": "d", "value": "1"}, {"key": "e", "value": "1"}])
        );
        // Of the same field the later change counts; what was changed is not taken away; one key may stand there twice.
        let base = json!([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}, {"key": "b", "value": "1"}, 7]);
        let now = json!([{"key": "a", "value": "3"}, {"key": "a", "value": "2"}, {"key": "b", "value": "2"}, 7]);
        let mine = json!([{"key": "a", "value": "4"}, {"key": "a", "value": "5"}, 8]);
        assert_eq!(
            rebased(&base, &now, &mine),
            json!([{"key": "a", "value": "4"}, {"key": "a", "value": "5"}, {"key": "b", "value": "2"}, 8])
        );
        assert_eq!(rebased(&now, &base, &now), base, "what one has seen and left is no change");
    }

    #[test]
    fn a_secret_that_is_not_shown_keeps_the_value_that_it_has_now() {
        let secret = |value: &str| json!([{"key": "k", "value": value, "type": "secret"}]);
        let mine = json!([{"key": "k", "type": "secret"}, {"key": "n", "value": "1"}]);
        assert_eq!(rebased(&secret("1"), &secret("2"), &mine)[0], secret("2")[0]);
    }
}
