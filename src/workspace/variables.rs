//! Variables of environments: two changes of the list, each made upon the same one, in one.

use super::{merge, secret};
use indexmap::IndexMap;
use serde_json::{Map, Value, value::RawValue};
use std::collections::HashMap;

/// Changes a patch made against `base` so that of the variables only what it changed is its own, and the rest as in `now`.
/// For who may not see secrets, nothing that comes of it depends on what they are: it would tell which guess is one.
pub(super) fn rebase(patch: &mut Map<String, Value>, base: &RawValue, now: &RawValue, sees_secrets: bool) {
    merge::rebase(patch, base, now);
    if let (Some(Value::Array(mine)), Some(base), Some(now)) = (patch.get_mut("values"), list(base), list(now)) {
        *mine = merged(base, now, std::mem::take(mine), sees_secrets);
    }
}

struct Variable {
    whole: Value,
    /// As everybody sees it.
    shown: Value,
}

impl Variable {
    /// As who made `own` of it knew it. A secret whose value they have left out has the one that it has.
    fn known_for(&self, own: &Value, sees_secrets: bool) -> &Value {
        if sees_secrets && own.get("value").is_some() { &self.whole } else { &self.shown }
    }
}

fn list(content: &RawValue) -> Option<Vec<Variable>> {
    let whole = values(content)?;
    let shown = secret::withheld(content).map_or_else(|| Some(whole.clone()), |content| values(&content))?;
    Some(whole.into_iter().zip(shown).map(|(whole, shown)| Variable { whole, shown }).collect())
}

fn values(content: &RawValue) -> Option<Vec<Value>> {
    let mut content: Map<String, Value> = serde_json::from_str(content.get()).ok()?;
    let Some(Value::Array(list)) = content.remove("values") else { return None };
    Some(list)
}

/// In the order of `now`. What one side has taken away and the other changed stays.
fn merged(base: Vec<Variable>, now: Vec<Variable>, mine: Vec<Value>, sees_secrets: bool) -> Vec<Value> {
    let base: HashMap<_, _> = named(base, |variable| &variable.whole).collect();
    let mut mine: IndexMap<Name, Option<Value>> = named(mine, |own| own).map(|(name, own)| (name, Some(own))).collect();
    let mut made = Vec::with_capacity(now.len());
    for (name, now) in named(now, |variable| &variable.whole) {
        let own = mine.get_mut(&name).and_then(Option::take);
        match (base.get(&name), own) {
            (Some(base), Some(own)) => made.push(variable(base.known_for(&own, sees_secrets), now.whole, own)),
            (Some(base), None) if sees_secrets && base.whole == now.whole => {}
            (Some(base), None) if !sees_secrets && base.shown == now.shown => {}
            (_, None) => made.push(now.whole),
            (None, Some(own)) => made.push(own),
        }
    }
    made.extend(mine.into_iter().filter_map(|(name, own)| {
        let own = own?;
        match base.get(&name) {
            Some(base) if *base.known_for(&own, sees_secrets) == own => None,
            Some(base) => Some(secret::kept(own, &base.whole)),
            None => Some(own),
        }
    }));
    made
}

/// A variable's key, and which of that key it is: one may stand there several times.
type Name = (Option<String>, usize);

fn named<V>(list: Vec<V>, value: impl Fn(&V) -> &Value) -> impl Iterator<Item = (Name, V)> {
    let mut times: HashMap<Option<String>, usize> = HashMap::new();
    list.into_iter().map(move |variable| {
        let key = value(&variable).get("key").and_then(Value::as_str).map(str::to_owned);
        let time = times.entry(key.clone()).and_modify(|times| *times += 1).or_default();
        ((key, *time), variable)
    })
}

/// Field by field; but a value that came as a secret's, from either side, never stands where there is none.
fn variable(base: &Value, now: Value, mine: Value) -> Value {
    let holds_secret = secret::is_one(&now) || (secret::is_one(&mine) && mine.get("value").is_some());
    let merged = by_field(base, now, mine.clone());
    if holds_secret && !secret::is_one(&merged) { mine } else { merged }
}

fn by_field(base: &Value, now: Value, mine: Value) -> Value {
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

    /// What becomes of an edit: of the team, or of a partner.
    fn edited(base: &Value, now: &Value, mine: &Value, is_team: bool) -> Value {
        let raw = |values: &Value| serde_json::value::to_raw_value(&json!({"values": values})).expect("JSON");
        let Value::Object(mut patch) = json!({"values": mine}) else { panic!("an object") };
        rebase(&mut patch, &raw(base), &raw(now), is_team);
        secret::carry_over(&mut patch, &raw(now));
        patch.remove("values").expect("a list")
    }

    fn rebased(base: &Value, now: &Value, mine: &Value) -> Value {
        let made = edited(base, now, mine, true);
        assert_eq!(edited(base, now, mine, false), made);
        made
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

    #[test]
    fn a_hidden_value_is_never_where_everybody_sees_it() {
        let held = |values: Value| {
            let is_open = |one: &Value| !secret::is_one(one) && one.get("value") == Some(&json!("S"));
            assert!(!values.as_array().expect("a list").iter().any(is_open), "{values}");
            values
        };
        // It says in two ways that it is one, and each side has taken away the other.
        let base = json!([{"key": "k", "type": "secret", "secret": true, "value": "S"}]);
        let now = json!([{"key": "k", "secret": true, "value": "S"}]);
        let mine = json!([{"key": "k", "type": "secret"}]);
        assert_eq!(held(rebased(&base, &now, &mine)), json!([{"key": "k", "type": "secret", "value": "S"}]));
        // Two of a key, and which of them is open has changed.
        let both = |first: Value, second: Value| json!([first, second]);
        let (known, open) =
            (json!({"key": "k", "type": "secret", "value": "y"}), json!({"key": "k", "type": "default", "value": "y"}));
        let base = both(json!({"key": "k", "type": "secret", "value": "S"}), known);
        let now = both(base[0].clone(), open);
        let mine = both(json!({"key": "k", "type": "default", "value": "q"}), json!({"key": "k", "type": "secret"}));
        held(rebased(&base, &now, &mine));
        // It has become one meanwhile.
        let base = json!([{"key": "k", "type": "default", "value": "x"}]);
        let now = json!([{"key": "k", "type": "secret", "value": "S"}]);
        for mine in [json!([{"key": "k", "type": "text", "value": "x"}]), json!([{"key": "k", "value": "x"}])] {
            assert_eq!(held(rebased(&base, &now, &mine)), mine);
        }
        // Who opens a secret gives a value, or has none.
        assert_eq!(rebased(&now, &base, &json!([{"key": "k", "type": "secret", "enabled": false}]))[0]["value"], "x");
        let opened = json!([{"key": "k", "type": "default"}]);
        assert_eq!(held(rebased(&now, &now, &opened)), opened);
        // A new value of a secret that is open meanwhile.
        let mine = json!([{"key": "k", "type": "secret", "value": "S"}]);
        held(rebased(&json!([{"key": "k", "type": "secret", "value": "R"}]), &base, &mine));
    }

    #[test]
    fn a_partner_s_edit_comes_to_the_same_whatever_a_secret_is() {
        let secret = |value: &str| json!({"key": "k", "type": "secret", "value": value, "was": value});
        let hidden = json!({"key": "k", "type": "secret"});
        let guess = json!({"key": "k", "type": "secret", "value": "G"});
        for value in ["G", "S"] {
            let base = json!([secret(value)]);
            // It was taken away meanwhile, and comes back with the guess; as it was seen it stays away.
            let theirs = |mine: &Value, now: &Value| edited(&base, now, &json!([mine]), false);
            assert_eq!(theirs(&guess, &json!([])), json!([guess]));
            assert_eq!(theirs(&hidden, &json!([])), json!([]));
            // It has the guess meanwhile, and is taken away.
            assert_eq!(edited(&base, &json!([secret("G")]), &json!([]), false), json!([]));
            assert_eq!(theirs(&guess, &json!([secret("R")]))[0]["value"], "G");
            // Nor is one compared with another of its key.
            let base = json!([secret(value), secret("G")]);
            let mine = json!([{"key": "k", "type": "default"}, hidden]);
            assert_eq!(edited(&base, &json!([]), &mine, false), json!([mine[0]]));
        }
        // What was changed besides comes back with its value.
        let mine = json!([{"key": "k", "type": "secret", "enabled": false}]);
        assert_eq!(edited(&json!([secret("S")]), &json!([]), &mine, false)[0]["value"], "S");
        // The team sees what it changes.
        let base = json!([secret("S")]);
        assert_eq!(edited(&base, &json!([]), &base, true), json!([]));
        assert_eq!(edited(&base, &json!([secret("R")]), &json!([]), true), json!([secret("R")]));
    }
}
