//! The body of a request, in each of Postman's modes.

use super::{BuildError, MAX_BODY, Upload, form, headers::Headers};
use crate::call::{
    content::{self, Malformed},
    variables::Resolver,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::HashMap;

pub(super) const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// What goes out after the head.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) bytes: Bytes,
    pub(super) content_type: ContentType,
    /// Whether a signature covers that type: Postman adds it to JSON before it signs, to all else after.
    pub(super) signed: bool,
}

/// What the body says of `Content-Type`.
#[derive(Debug, PartialEq)]
pub(super) enum ContentType {
    /// The request has its own, or needs none.
    Own,
    /// When the request has none.
    Usual(String),
    /// In place of what the request has, which would be wrong.
    Instead(String),
}

impl ContentType {
    /// `disabled`: the request wants none but its own.
    pub(super) fn put(&self, headers: &mut Headers, disabled: bool) {
        let (Self::Usual(value) | Self::Instead(value)) = self else { return };
        if disabled || headers.has("Content-Type") && matches!(self, Self::Usual(_)) {
            return;
        }
        headers.remove("Content-Type");
        headers.add("Content-Type", value);
    }
}

/// Makes the body; `None` when there is nothing in it.
pub(super) fn read(
    body: Option<&Value>,
    headers: &Headers,
    files: &HashMap<String, Upload>,
    resolver: &mut Resolver,
) -> Result<Option<Made>, BuildError> {
    let body = match body {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => &serde_json::json!({ "mode": "raw", "raw": text }),
        Some(body @ Value::Object(_)) => body,
        Some(_) => return Err(Malformed::new("request.body", "an object").into()),
    };
    if content::is_disabled(body) {
        return Ok(None);
    }
    match body.get("mode") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(mode)) => match mode.to_lowercase().as_str() {
            "urlencoded" => urlencoded(body, headers, resolver),
            "formdata" => form::read(body, headers, files, resolver),
            "graphql" => graphql(body, resolver),
            "file" => file(body, files, resolver),
            "raw" => raw(body, headers, resolver),
            _ => Err(Malformed::new("request.body.mode", "raw, urlencoded, formdata, graphql or file").into()),
        },
        Some(_) => Err(Malformed::new("request.body.mode", "a string").into()),
    }
}

fn raw(body: &Value, headers: &Headers, resolver: &mut Resolver) -> Result<Option<Made>, BuildError> {
    let mut text = resolver.resolve(&content::text(body.get("raw")).unwrap_or_default())?;
    let language = body.pointer("/options/raw/language").and_then(Value::as_str).filter(|word| !word.is_empty());
    let is_json = match language {
        Some(language) => language == "json",
        None => headers.get("Content-Type").is_some_and(is_json),
    };
    if is_json && (text.contains("//") || text.contains("/*")) {
        text = without_comments(&text);
    }
    let content_type = match language {
        Some("html") => "text/html",
        Some("json") => "application/json",
        Some("javascript") => "application/javascript",
        Some("xml") => "application/xml",
        _ => "text/plain",
    };
    Ok(usual(text, content_type).map(|made| Made { signed: language == Some("json"), ..made }))
}

/// `None` for an empty body.
fn usual(text: String, content_type: &str) -> Option<Made> {
    let content_type = ContentType::Usual(content_type.to_owned());
    (!text.is_empty()).then(|| Made { bytes: text.into(), content_type, signed: false })
}

/// `application/json`, `application/problem+json`.
fn is_json(content_type: &str) -> bool {
    let subtype = content_type.strip_prefix("application/").and_then(|rest| rest.split_whitespace().next());
    subtype.is_some_and(|subtype| subtype.starts_with("json") || subtype.find("+json").is_some_and(|at| at > 0))
}

/// JSON without `//` and `/* */`, as Postman lets people write it. What is in a string stays.
fn without_comments(json: &str) -> String {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut copied, mut at) = (false, 0, 0);
    while at < bytes.len() {
        let rest = &json[at..];
        if bytes[at] == b'"' {
            let escapes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            quoted ^= escapes % 2 == 0;
        } else if !quoted && (rest.starts_with("//") || rest.starts_with("/*")) {
            out.push_str(&json[copied..at]);
            let end = if rest.starts_with("//") {
                rest.find('\n').map(|end| at + end)
            } else {
                rest[2..].find("*/").map(|end| at + end + 4)
            };
            copied = end.unwrap_or(json.len());
            at = copied;
            continue;
        }
        at += 1;
        while !json.is_char_boundary(at) {
            at += 1;
        }
    }
    out.push_str(&json[copied..]);
    out
}

fn urlencoded(body: &Value, headers: &Headers, resolver: &mut Resolver) -> Result<Option<Made>, BuildError> {
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |key: String, value: String| match fields.iter_mut().find(|(known, _)| *known == key) {
        // Those of one name stand together, where the first is.
        Some((_, values)) => values.push(value),
        None => fields.push((key, vec![value])),
    };
    if let Some(Value::String(text)) = body.get("urlencoded") {
        for field in text.split('&').filter(|field| !field.is_empty()) {
            let (key, value) = field.split_once('=').unwrap_or((field, ""));
            add(resolver.resolve(key)?, resolver.resolve(value)?);
        }
    } else {
        for entry in content::objects(body, "urlencoded", "request.body.urlencoded")? {
            if !content::is_disabled(entry) {
                let (key, value) = (content::text(entry.get("key")), content::text(entry.get("value")));
                add(resolver.resolve(&key.unwrap_or_default())?, resolver.resolve(&value.unwrap_or_default())?);
            }
        }
    }
    // Before the others go those whose names are whole numbers: so JavaScript orders an object.
    let number = |key: &str| key.parse::<u32>().ok().filter(|number| *number < u32::MAX && number.to_string() == key);
    fields.sort_by_key(|(key, _)| number(key).map_or((1, 0), |number| (0, number)));
    let encode = |text: &str| utf8_percent_encode(text, FORM).to_string();
    let field = |(key, values): &(String, Vec<String>)| {
        let values = values.iter().map(|value| format!("{}={}", encode(key), encode(value)));
        values.collect::<Vec<_>>().join("&")
    };
    let text = fields.iter().map(field).collect::<Vec<_>>().join("&");
    let fits = |has: &str| {
        has.strip_prefix(URLENCODED).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let content_type = match headers.get("Content-Type") {
        Some(has) if fits(has) => ContentType::Own,
        _ => ContentType::Instead(URLENCODED.to_owned()),
    };
    Ok((!text.is_empty()).then(|| Made { bytes: text.into(), content_type, signed: false }))
}

fn graphql(body: &Value, resolver: &mut Resolver) -> Result<Option<Made>, BuildError> {
    let graphql = match body.get("graphql") {
        None | Some(Value::Null) => &Value::Null,
        Some(graphql @ Value::Object(_)) => graphql,
        Some(_) => return Err(Malformed::new("request.body.graphql", "an object").into()),
    };
    let mut fields = Vec::new();
    for key in ["query", "operationName", "variables"] {
        match graphql.get(key) {
            None => {}
            // These are JSON already.
            Some(Value::String(json)) if key == "variables" => {
                let json = resolver.resolve(json)?;
                if !json.is_empty() {
                    fields.push(format!("\"variables\":{json}"));
                }
            }
            Some(Value::String(text)) => fields.push(format!("\"{key}\":{}", Value::from(resolver.resolve(text)?))),
            // Beside variables that are text, what is no text is left out.
            Some(_) if key != "variables" && graphql.get("variables").is_some_and(Value::is_string) => {}
            Some(other) => {
                let mut other = other.clone();
                resolve_within(&mut other, resolver)?;
                fields.push(format!("\"{key}\":{other}"));
            }
        }
    }
    Ok(usual(format!("{{{}}}", fields.join(",")), "application/json"))
}

/// Every string in a value.
fn resolve_within(value: &mut Value, resolver: &mut Resolver) -> Result<(), BuildError> {
    match value {
        Value::String(text) => *text = resolver.resolve(text)?,
        Value::Array(list) => list.iter_mut().try_for_each(|value| resolve_within(value, resolver))?,
        Value::Object(fields) => fields.values_mut().try_for_each(|value| resolve_within(value, resolver))?,
        _ => {}
    }
    Ok(())
}

fn file(body: &Value, files: &HashMap<String, Upload>, resolver: &mut Resolver) -> Result<Option<Made>, BuildError> {
    let source = match body.get("file") {
        Some(Value::String(source)) => Some(source.clone()),
        Some(Value::Object(file)) => content::text(file.get("src")),
        None | Some(Value::Null) => None,
        Some(_) => return Err(Malformed::new("request.body.file", "an object or a string").into()),
    };
    let source = source.map(|source| resolver.resolve(&source)).transpose()?.filter(|source| !source.is_empty());
    if let Some(upload) = files.get(source.as_deref().unwrap_or("file")) {
        let content_type = ContentType::Usual(media_type(upload));
        return Ok(Some(Made { bytes: upload.bytes.clone(), content_type, signed: false }));
    }
    if let Some(source) = source {
        return Err(BuildError::MissingFile(source));
    }
    match body.pointer("/file/content").and_then(Value::as_str).filter(|content| !content.is_empty()) {
        Some(content) => {
            let bytes = decoded(&resolver.resolve(content)?, "request.body.file.content")?;
            Ok(Some(Made { bytes, content_type: ContentType::Own, signed: false }))
        }
        None => Ok(None),
    }
}

/// What a file in the content itself holds.
pub(super) fn decoded(base64: &str, path: &str) -> Result<Bytes, BuildError> {
    if base64.len() / 4 * 3 > MAX_BODY {
        return Err(BuildError::BodyTooLarge);
    }
    let bytes = BASE64_STANDARD.decode(base64).map_err(|_| BuildError::BadFile(path.to_owned()))?;
    Ok(bytes.into())
}

/// What an uploaded file says that it is.
pub(super) fn media_type(upload: &Upload) -> String {
    let known = !upload.content_type.is_empty();
    if known { upload.content_type.clone() } else { "application/octet-stream".to_owned() }
}
