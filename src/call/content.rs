//! Reading what Postman's objects hold, with the place that is wrong.

use serde_json::{Value, value::RawValue};

/// What is not as Postman writes it, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` should be {wanted}")]
pub struct Malformed {
    /// Within an item's or environment's content: `request.body.raw`, `values[3].key`.
    pub path: String,
    /// Such as `a string`.
    pub wanted: &'static str,
}

impl Malformed {
    pub(super) fn new(path: impl Into<String>, wanted: &'static str) -> Self {
        Self { path: path.into(), wanted }
    }
}

/// A content as a value; `path` names it in an error.
pub(super) fn read(content: &RawValue, path: &str) -> Result<Value, Malformed> {
    let value: Value = serde_json::from_str(content.get()).map_err(|_| Malformed::new(path, "readable JSON"))?;
    if value.is_object() { Ok(value) } else { Err(Malformed::new(path, "an object")) }
}

/// The list in `key` of an object, each of its entries an object; one that is not there or `null` is empty.
pub(super) fn objects<'a>(of: &'a Value, key: &str, path: &str) -> Result<&'a [Value], Malformed> {
    let list = match of.get(key) {
        None | Some(Value::Null) => return Ok(&[]),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Malformed::new(path, "an array")),
    };
    match list.iter().position(|entry| !entry.is_object()) {
        Some(at) => Err(Malformed::new(format!("{path}[{at}]"), "an object")),
        None => Ok(list),
    }
}

/// A value as text: a string as it is, all else as JSON; `None` for what is not there or `null`.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Whether an entry of a list is switched off, by either of the ways Postman writes that.
pub(super) fn is_disabled(entry: &Value) -> bool {
    entry.get("disabled") == Some(&Value::Bool(true)) || entry.get("enabled") == Some(&Value::Bool(false))
}
