//! A body of `multipart/form-data`: RFC 7578.

use super::{
    BuildError, MAX_BODY, Upload,
    body::{ContentType, FORM, Made, decoded, media_type},
    headers::Headers,
};
use crate::call::{
    content::{self, Malformed},
    variables::Resolver,
};
use bytes::Bytes;
use percent_encoding::utf8_percent_encode;
use rand::Rng;
use serde_json::Value;
use std::collections::HashMap;

const MULTIPART: &str = "multipart/form-data";

/// Makes the body; `None` when every part is disabled.
pub(super) fn read(
    body: &Value,
    headers: &Headers,
    files: &HashMap<String, Upload>,
    resolver: &mut Resolver,
) -> Result<Option<Made>, BuildError> {
    let own = headers.get("Content-Type").and_then(boundary);
    let content_type = if own.is_some() { ContentType::Own } else { ContentType::Instead(String::new()) };
    let boundary = own.unwrap_or_else(|| {
        let digits = (0..24).map(|_| char::from(b'0' + resolver.rng().random_range(0..10u8)));
        format!("{}{}", "-".repeat(26), digits.collect::<String>())
    });
    let mut out = Parts { bytes: Vec::new(), boundary };
    for (at, entry) in content::objects(body, "formdata", "request.body.formdata")?.iter().enumerate() {
        if !content::is_disabled(entry) {
            part(entry, &format!("request.body.formdata[{at}]"), files, resolver, &mut out)?;
        }
    }
    if out.bytes.is_empty() {
        return Ok(None);
    }
    out.push(format!("--{}--\r\n", out.boundary).as_bytes())?;
    let content_type = match content_type {
        ContentType::Instead(_) => ContentType::Instead(format!("{MULTIPART}; boundary={}", out.boundary)),
        own => own,
    };
    Ok(Some(Made { bytes: out.bytes.into(), content_type, signed: false }))
}

/// The one that a request's own `Content-Type` names.
fn boundary(content_type: &str) -> Option<String> {
    let parameters = content_type.strip_prefix(MULTIPART)?.strip_prefix(';')?;
    let value = &parameters[parameters.rfind("boundary=")? + "boundary=".len()..];
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split(';').next(),
    };
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}

struct Parts {
    bytes: Vec<u8>,
    boundary: String,
}

impl Parts {
    fn push(&mut self, bytes: &[u8]) -> Result<(), BuildError> {
        if self.bytes.len() + bytes.len() > MAX_BODY {
            return Err(BuildError::BodyTooLarge);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// A part with its head.
    fn part(&mut self, name: &str, file_name: Option<&str>, media_type: &str, value: &[u8]) -> Result<(), BuildError> {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"{}\"", self.boundary, quoted(name));
        if let Some(file_name) = file_name {
            let base = file_name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            head.push_str(&format!("; filename=\"{}\"", quoted(base)));
            if base.chars().any(|c| u32::from(c) > 0xff) {
                head.push_str(&format!("; filename*=UTF-8''{}", utf8_percent_encode(base, FORM)));
            }
        }
        head.push_str("\r\n");
        if !media_type.is_empty() {
            head.push_str(&format!("Content-Type: {media_type}\r\n"));
        }
        head.push_str("\r\n");
        self.push(head.as_bytes())?;
        self.push(value)?;
        self.push(b"\r\n")
    }
}

/// Without what would end it, written as browsers do.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn part(
    entry: &Value,
    path: &str,
    files: &HashMap<String, Upload>,
    resolver: &mut Resolver,
    out: &mut Parts,
) -> Result<(), BuildError> {
    let mut text = |key: &str| match content::text(entry.get(key)) {
        Some(text) => resolver.resolve(&text).map(Some),
        None => Ok(None),
    };
    let name = text("key")?.unwrap_or_default();
    let media = text("contentType")?.unwrap_or_default();
    let file_name = text("fileName")?;
    let value = text("value")?.unwrap_or_default();
    if media.chars().any(char::is_control) {
        return Err(Malformed::new(format!("{path}.contentType"), "without control characters").into());
    }
    if entry.get("type").and_then(Value::as_str) != Some("file") {
        return out.part(&name, file_name.as_deref(), &media, value.as_bytes());
    }
    let sources = match entry.get("src") {
        Some(Value::Array(sources)) => sources.iter().filter_map(|source| content::text(Some(source))).collect(),
        source => content::text(source).into_iter().collect::<Vec<_>>(),
    };
    let mut wanted = Vec::new();
    for source in sources.iter().filter(|source| !source.is_empty()) {
        wanted.push(resolver.resolve(source)?);
    }
    if wanted.is_empty() && files.contains_key(&name) {
        wanted.push(name.clone());
    }
    for source in &wanted {
        let upload = files.get(source).ok_or_else(|| BuildError::MissingFile(source.clone()))?;
        let media = if media.is_empty() { media_type(upload) } else { media.clone() };
        if media.chars().any(char::is_control) {
            return Err(Malformed::new(format!("the type of the file `{source}`"), "without control characters").into());
        }
        out.part(&name, Some(file_name.as_deref().unwrap_or(&upload.file_name)), &media, &upload.bytes)?;
    }
    if !wanted.is_empty() {
        return Ok(());
    }
    // The file is in the content, or nobody chose one: then it is sent as browsers send that.
    let bytes = if value.is_empty() { Bytes::new() } else { decoded(&value, &format!("{path}.value"))? };
    let media = if media.is_empty() && !value.is_empty() { "application/octet-stream" } else { &media };
    let no_name = value.is_empty().then_some("");
    out.part(&name, file_name.as_deref().or(no_name), media, &bytes)
}
