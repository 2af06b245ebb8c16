//! What a request was made of, as a history keeps it: without secrets, and only as much as is worth keeping. What is left
//! out or taken out is named, and has to be given by who sends it again.

use super::content::is_disabled;
use super::redact::{REDACTED, Redaction, is_open, is_telling};
use crate::config::LARGEST_KEPT_BODY;
use crate::protocol::own::Source;
use crate::workspace::item::Content;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Parameters of an authorization that are secret, beside those whose name says so.
const SECRET_PARAMETERS: [&str; 5] = ["value", "authkey", "privatekey", "code", "codeverifier"];

/// As it is kept. `request` and `overrides` are each at most as large as a body that is kept: past that, the request loses
/// its body, and if that does not help it is left out; so are the overrides that don't fit.
pub(super) fn kept(source: &Source, redaction: &Redaction) -> serde_json::Result<Source> {
    let (mut overrides, mut left_out) = (BTreeMap::new(), Vec::new());
    let mut room = LARGEST_KEPT_BODY;
    for (name, value) in &source.overrides {
        let value = value.as_deref();
        let rest = room.checked_sub(name.len() + value.map_or(0, str::len));
        let is_closed = |value: &str| is_telling(name) && !is_open(value) || redaction.is_in(value);
        let is_secret = || value.is_some_and(is_closed) || redaction.is_in(name);
        match rest.filter(|_| !is_secret()) {
            Some(rest) => {
                room = rest;
                overrides.insert(name.clone(), value.map(str::to_owned));
            }
            None => left_out.push(format!("overrides.{}", redaction.text(name, usize::MAX).0)),
        }
    }
    let (request, missing) = match &source.request {
        Some(request) => kept_request(request, redaction)?,
        None => (None, Some("request")),
    };
    left_out.extend(missing.map(str::to_owned));
    Ok(Source { environment: source.environment, overrides, request, inherits: source.inherits, left_out })
}

/// As much of a request as is kept, and what of it is left out.
fn kept_request(
    request: &RawValue,
    redaction: &Redaction,
) -> serde_json::Result<(Option<Content>, Option<&'static str>)> {
    let mut request: Value = serde_json::from_str(request.get())?;
    let fits = |request: &Value| serde_json::to_string(request).map(|text| text.len() <= LARGEST_KEPT_BODY);
    let mut missing = None;
    let mut without_body = |request: &mut Value| {
        let body = request.as_object_mut().and_then(|request| request.shift_remove("body"));
        missing = missing.or(body.map(|_| "request.body"));
    };
    // Before, too: to look for secrets takes a while.
    if !fits(&request)? {
        without_body(&mut request);
    }
    if !fits(&request)? {
        return Ok((None, Some("request")));
    }
    redact_request(&mut request, redaction);
    if !fits(&request)? {
        without_body(&mut request);
    }
    if !fits(&request)? {
        return Ok((None, Some("request")));
    }
    Ok((Some(to_raw_value(&request)?.into()), missing))
}

/// What was left out and is not given now.
pub fn lacks<'a>(
    source: &'a Source,
    overrides: &BTreeMap<String, Option<String>>,
    has_request: bool,
) -> Option<&'a str> {
    let is_given = |name: &str| match name.strip_prefix("overrides.") {
        Some(name) => overrides.contains_key(name),
        None => has_request,
    };
    source.left_out.iter().map(String::as_str).find(|name| !is_given(name))
}

/// Where something that was taken out of a request stands, if it would go out with it: `request.header[2].value`.
///
/// # Errors
/// The request is no JSON.
pub fn mask(request: &RawValue) -> serde_json::Result<Option<String>> {
    let request: Value = serde_json::from_str(request.get())?;
    let fields = ["method", "url", "header", "body", "auth"];
    Ok(match &request {
        Value::Object(request) => {
            fields.iter().find_map(|name| mask_in(used(name, request.get(*name)?)?, &format!("request.{name}")))
        }
        other => mask_in(other, "request"),
    })
}

/// Of a field of a request, what is read of it: one of several authorizations and bodies, and either of the ways to write
/// a URL.
fn used(name: &str, value: &Value) -> Option<Value> {
    let Value::Object(fields) = value else { return Some(value.clone()) };
    let chosen = |key: &str| {
        let kind = fields.get(key).and_then(Value::as_str)?;
        Some(Value::Object(Map::from_iter([(kind.to_owned(), fields.get(kind)?.clone())])))
    };
    match name {
        "auth" => chosen("type"),
        "body" if !is_disabled(value) => chosen("mode"),
        "body" => None,
        "url" if ["host", "path"].iter().any(|part| fields.get(*part).is_some_and(|part| !part.is_null())) => {
            Some(Value::Object(fields.iter().filter(|(key, _)| *key != "raw").map(clone).collect()))
        }
        _ => Some(value.clone()),
    }
}

fn clone((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

fn mask_in(value: impl std::borrow::Borrow<Value>, path: &str) -> Option<String> {
    match value.borrow() {
        Value::String(text) => text.contains(REDACTED).then(|| path.to_owned()),
        Value::Array(list) => {
            list.iter().enumerate().find_map(|(index, entry)| mask_in(entry, &format!("{path}[{index}]")))
        }
        value @ Value::Object(fields) if !is_disabled(value) => {
            let read = fields.iter().filter(|(key, _)| *key != "description");
            read.filter_map(|(key, value)| mask_in(value, &format!("{path}.{key}"))).next()
        }
        _ => None,
    }
}

fn redact_request(request: &mut Value, redaction: &Redaction) {
    match request {
        Value::String(url) => *url = redaction.url(url, usize::MAX),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match name.as_str() {
                    "url" => redact_url(field, redaction),
                    "header" => redact_header(field, redaction),
                    "auth" => redact_parameters(field, redaction),
                    _ => redact_texts(field, redaction),
                }
            }
        }
        _ => {}
    }
}

fn redact_url(url: &mut Value, redaction: &Redaction) {
    match url {
        Value::String(text) => *text = redaction.url(text, usize::MAX),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match (name.as_str(), field) {
                    ("raw", Value::String(text)) => *text = redaction.url(text, usize::MAX),
                    ("auth", field) => redact_parameters(field, redaction),
                    ("query" | "variable", field) => redact_pairs(field, redaction, is_telling),
                    (_, field) => redact_texts(field, redaction),
                }
            }
        }
        other => redact_texts(other, redaction),
    }
}

fn redact_header(header: &mut Value, redaction: &Redaction) {
    match header {
        // Lines, as they go out.
        Value::String(text) => {
            let lines = text.lines().map(|line| match line.split_once(':') {
                Some((name, value)) => format!("{name}: {}", redaction.header(name, value.trim(), usize::MAX)),
                None => redaction.text(line, usize::MAX).0,
            });
            *text = lines.collect::<Vec<_>>().join("\n");
        }
        other => redact_pairs(other, redaction, is_telling),
    }
}

/// All texts, and the values of pairs whose key is secret.
fn redact_pairs(list: &mut Value, redaction: &Redaction, is_secret: fn(&str) -> bool) {
    let entries = list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
    for entry in entries {
        if entry.get("key").and_then(Value::as_str).is_some_and(is_secret)
            && let Some(value) = entry.get_mut("value")
        {
            close(value);
        }
    }
    redact_texts(list, redaction);
}

/// Of an authorization: either format, a list of pairs or an object for each kind.
fn redact_parameters(auth: &mut Value, redaction: &Redaction) {
    if let Value::Object(kinds) = auth {
        for (name, parameters) in kinds.iter_mut() {
            match parameters {
                Value::Array(_) => redact_pairs(parameters, redaction, is_secret_parameter),
                Value::Object(fields) => {
                    fields.iter_mut().filter(|(key, _)| is_secret_parameter(key)).for_each(|(_, value)| close(value));
                }
                // Of a URL: `user`, `password`.
                value if is_secret_parameter(name) => close(value),
                _ => {}
            }
        }
    }
    redact_texts(auth, redaction);
}

fn is_secret_parameter(key: &str) -> bool {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_PARAMETERS.contains(&key.as_str()) || is_telling(&key)
}

fn close(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::String(text) if is_open(text) => {}
        other => *other = REDACTED.into(),
    }
}

fn redact_texts(value: &mut Value, redaction: &Redaction) {
    match value {
        Value::String(text) => *text = redaction.text(text, usize::MAX).0,
        Value::Array(list) => list.iter_mut().for_each(|entry| redact_texts(entry, redaction)),
        Value::Object(fields) => {
            let redacted = std::mem::take(fields).into_iter().map(|(key, mut value)| {
                redact_texts(&mut value, redaction);
                (redaction.text(&key, usize::MAX).0, value)
            });
            *fields = redacted.collect();
        }
        // A secret may be a number, too.
        Value::Number(number) if redaction.is_in(&number.to_string()) => *value = REDACTED.into(),
        _ => {}
    }
}
