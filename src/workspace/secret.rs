//! Secrets of environments: variables of type `secret`. Their shared values are for the team alone.

use super::item::Content;
use super::merge::fields;
use indexmap::IndexMap;
use serde_json::{Map, Value, value::RawValue};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

/// What a variable's type says of a secret.
const SECRET: &str = "secret";
/// What of a secret everybody sees. Other fields could hold its value too.
const PUBLIC: [&str; 4] = ["key", "type", "enabled", "description"];

/// A secret variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub key: String,
    /// Its shared value, as text; None when it has none.
    pub value: Option<String>,
}

/// The secrets of an environment's content (or of a patch of one), in order.
#[must_use]
pub fn secrets(content: &RawValue) -> Vec<Secret> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    known(content).into_iter().map(|(key, value)| Secret { key, value: value.map(text) }).collect()
}

fn known(content: &RawValue) -> Vec<(String, Option<Value>)> {
    let Ok(mut content) = serde_json::from_str::<Value>(content.get()) else { return Vec::new() };
    let Some(Value::Array(list)) = content.get_mut("values").map(Value::take) else { return Vec::new() };
    let secret = |mut variable: Value| {
        let key = variable["key"].as_str().unwrap_or_default().to_owned();
        let value = variable.get_mut("value").map(Value::take).filter(|value| !value.is_null());
        variable["type"].as_str().is_some_and(is_secret).then_some((key, value))
    };
    list.into_iter().filter(Value::is_object).filter_map(secret).collect()
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
    if let Some(values) = fields.get_mut("values")
        && let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(values.get())
    {
        let shown: Vec<Cow<'_, RawValue>> = list.into_iter().map(shown).collect();
        *values = Cow::Owned(serde_json::value::to_raw_value(&shown).ok()?);
    }
    serde_json::value::to_raw_value(&fields).ok().map(Content::from)
}

/// A variable, as everybody sees it.
fn shown(variable: &RawValue) -> Cow<'_, RawValue> {
    let Ok(mut of) = fields(variable) else { return Cow::Borrowed(variable) };
    let kind = of.get("type").and_then(|kind| serde_json::from_str::<String>(kind.get()).ok());
    if !kind.is_some_and(|kind| is_secret(&kind)) {
        return Cow::Borrowed(variable);
    }
    of.retain(|key, _| PUBLIC.contains(&key.as_ref()));
    serde_json::value::to_raw_value(&of).map_or(Cow::Borrowed(RawValue::NULL), Cow::Owned)
}

fn is_secret(kind: &str) -> bool {
    kind.eq_ignore_ascii_case(SECRET)
}

/// Gives each secret that comes in a patch without a value the one it has: who may not see it can't send it back. It
/// stays a secret, of the same name.
pub fn carry_over(patch: &mut Map<String, Value>, now: &RawValue) {
    let Some(Value::Array(list)) = patch.get_mut("values") else { return };
    let mut kept: HashMap<String, VecDeque<Option<Value>>> = HashMap::new();
    for (key, value) in known(now) {
        kept.entry(key).or_default().push_back(value);
    }
    for variable in list.iter_mut().filter_map(Value::as_object_mut) {
        let text = |field: &str| variable.get(field).and_then(Value::as_str);
        let (true, Some(key)) = (text("type").is_some_and(is_secret), text("key")) else { continue };
        // One of a name may stand there several times: in order, each keeps its own.
        let value = kept.get_mut(key).and_then(VecDeque::pop_front).flatten();
        if let (Some(value), false) = (value, variable.contains_key("value")) {
            variable.insert("value".into(), value);
        }
    }
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
        assert_eq!(secrets(&content), [Secret { key: "k".into(), value: Some("v1".into()) }]);
        assert!(withheld(&raw(r#"{"values":[{"key":"k","value":"v"}]}"#)).is_none());
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        for text in [
            r#"{"values":[{"key":"k","value":"v1","type":"\u0073ecret"}]}"#,
            r#"{"values":[{"key":"k","type":"Secret","value":"v1"}]}"#,
            r#"{"values":[{"key":"k","type":"default","value":"v1","type":"secret"}]}"#,
            r#"{"values":[{"key":"k","type":"secret","value":"v1"}],"values":[]}"#,
            r#"{"values":[{"key":"k","type":"secret","v\u0061lue":"v1"}]}"#,
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
