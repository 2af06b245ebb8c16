//! Secrets of environments and collections: variables of type `secret`. Their shared values are for the team alone.

use super::item::Content;
use super::merge::fields;
use indexmap::IndexMap;
use serde_json::{Map, Value, value::RawValue};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

/// How a variable says that it is a secret: by its type, or by this name.
const SECRET: &str = "secret";
/// What of a secret everybody sees. Other fields could hold its value too.
const PUBLIC: [&str; 5] = ["key", "type", "enabled", "disabled", "description"];
/// Where an environment has its variables, and where a collection.
const LISTS: [&str; 2] = ["values", "variable"];

/// Whether a variable with this `type` and this `secret` is one.
#[must_use]
pub fn is_secret(kind: Option<&Value>, marked: Option<&Value>) -> bool {
    kind.and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case(SECRET))
        || marked == Some(&Value::Bool(true))
}

/// Whether a variable is a secret.
pub(super) fn is_one(variable: &Value) -> bool {
    is_secret(variable.get("type"), variable.get(SECRET))
}

/// The same of an object's text, by its fields.
pub(super) fn is_written<'a>(field: impl Fn(&str) -> Option<&'a RawValue>) -> bool {
    let value = |name| field(name).and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    is_secret(value("type").as_ref(), value(SECRET).as_ref())
}

/// The content (or the patch) without the values of its secrets, else as it is; None when it has no secrets.
#[must_use]
pub fn withheld(content: &RawValue) -> Option<Content> {
    // The word may stand there in escapes.
    let text = content.get();
    if !text.to_ascii_lowercase().contains(SECRET) && !text.contains("\\u") {
        return None;
    }
    // What stands there twice counts once: the text as it came could hold a value in what does not count.
    let mut fields: IndexMap<Cow<'_, str>, Cow<'_, RawValue>> =
        fields(content).ok()?.into_iter().map(|(key, value)| (key, Cow::Borrowed(value))).collect();
    let mut has_variables = false;
    for list in LISTS {
        let Some(variables) = fields.get_mut(list) else { continue };
        has_variables = true;
        if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(variables.get()) {
            let shown: Vec<Cow<'_, RawValue>> = list.into_iter().map(shown).collect();
            *variables = Cow::Owned(serde_json::value::to_raw_value(&shown).ok()?);
        }
    }
    has_variables.then(|| serde_json::value::to_raw_value(&fields).ok().map(Content::from)).flatten()
}

/// A variable, as everybody sees it.
fn shown(variable: &RawValue) -> Cow<'_, RawValue> {
    let Ok(mut of) = fields(variable) else { return Cow::Borrowed(variable) };
    if !is_written(|field| of.get(field).copied()) {
        return Cow::Borrowed(variable);
    }
    of.retain(|key, value| {
        PUBLIC.contains(&key.as_ref()) || (key == SECRET && matches!(value.get(), "true" | "false"))
    });
    serde_json::value::to_raw_value(&of).map_or(Cow::Borrowed(RawValue::NULL), Cow::Owned)
}

/// Gives each secret that comes in a patch without a value the one it has: who may not see it can't send it back. It
/// stays a secret, of the same name.
pub fn carry_over(patch: &mut Map<String, Value>, now: &RawValue) {
    for name in LISTS {
        let Some(Value::Array(list)) = patch.get_mut(name) else { continue };
        let mut kept = known(now, name);
        for variable in list.iter_mut().filter_map(Value::as_object_mut) {
            if !is_secret(variable.get("type"), variable.get(SECRET)) {
                continue;
            }
            let Some(key) = variable.get("key").and_then(Value::as_str) else { continue };
            // One of a name may stand there several times: in order, each keeps its own.
            let value = kept.get_mut(key).and_then(VecDeque::pop_front).flatten();
            if let (Some(value), false) = (value, variable.contains_key("value")) {
                variable.insert("value".into(), value);
            }
        }
    }
}

/// The secret, with the value that it had before when it comes without one.
pub(super) fn kept(mut own: Value, before: &Value) -> Value {
    if is_one(&own)
        && is_one(before)
        && let (Some(value), None) = (before.get("value"), own.get("value"))
    {
        own["value"] = value.clone();
    }
    own
}

/// By name, the values of the secrets in a list.
fn known(content: &RawValue, list: &str) -> HashMap<String, VecDeque<Option<Value>>> {
    let mut known: HashMap<_, VecDeque<_>> = HashMap::new();
    let variables = fields(content).ok().and_then(|fields| serde_json::from_str(fields.get(list)?.get()).ok());
    let variables: Vec<Value> = variables.unwrap_or_default();
    for mut variable in variables {
        if is_one(&variable) {
            let key = variable["key"].as_str().unwrap_or_default().to_owned();
            let value = variable.get_mut("value").map(Value::take).filter(|value| !value.is_null());
            known.entry(key).or_default().push_back(value);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn a_secret_keeps_its_name_and_loses_its_value() {
        let content = raw(
            r#"{"a": 1.0, "values": [{"key":"k","value":"v1","type":"secret","enabled":true,"was":"v2"}, {"key":"p","value":"secret"}]}"#,
        );
        assert_eq!(
            withheld(&content).expect("a secret").get(),
            r#"{"a":1.0,"values":[{"key":"k","type":"secret","enabled":true},{"key":"p","value":"secret"}]}"#
        );
        assert!(withheld(&raw(r#"{"values":[{"key":"k","value":"v"}]}"#)).is_none());
        assert!(withheld(&raw(r#"{"request":{"url":"{{secret}}"}}"#)).is_none());
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        for text in [
            r#"{"values":[{"key":"k","value":"v1","type":"\u0073ecret"}]}"#,
            r#"{"values":[{"key":"k","type":"Secret","value":"v1"}]}"#,
            r#"{"values":[{"key":"k","type":"default","value":"v1","type":"secret"}]}"#,
            r#"{"values":[{"key":"k","type":"secret","value":"v1"}],"values":[]}"#,
            r#"{"values":[{"key":"k","type":"secret","v\u0061lue":"v1"}]}"#,
            r#"{"values":[{"key":"k","secret":true,"value":"v1"}]}"#,
            r#"{"values":[{"key":"k","type":"secret","secret":"v1"}]}"#,
            r#"{"variable":[{"key":"k","type":"secret","value":"v1"}],"values":7}"#,
        ] {
            let shown = withheld(&raw(text)).expect("a secret");
            assert!(!shown.get().contains("v1"), "{text}: {shown}");
        }
    }

    #[test]
    fn a_secret_without_a_value_keeps_the_one_it_has_while_it_is_one() {
        let now = raw(
            r#"{"values":[{"key":"k","value":"1","type":"secret"},{"key":"k","value":"2","type":"secret"},{"key":"p","value":"3"}]}"#,
        );
        let Value::Object(mut patch) = json!({"values": [
            {"key": "k", "type": "secret"}, {"key": "k", "type": "secret"}, {"key": "k", "type": "secret"},
            {"key": "k", "type": "default"}, {"key": "p", "type": "secret"},
        ]}) else {
            panic!("an object")
        };
        carry_over(&mut patch, &now);
        let values: Vec<_> = patch["values"].as_array().expect("a list").iter().map(|one| one.get("value")).collect();
        assert_eq!(values, [Some(&json!("1")), Some(&json!("2")), None, None, None]);
        let Value::Object(mut patch) = json!({"values": [{"key": "k", "type": "secret", "value": ""}]}) else {
            panic!("an object")
        };
        carry_over(&mut patch, &now);
        assert_eq!(patch["values"][0]["value"], "");
    }
}
