//! A URL, taken apart and written as Postman does.

use super::{BuildError, headers::is_visible};
use crate::call::{
    content::{self, Malformed},
    variables::tokens,
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

// What each part encodes. A `%` is in none of them: what is encoded already stays.
/// The query; the fragment is not sent.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'\'').add(b'<').add(b'>');
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#').add(b'?').add(b'{').add(b'}');
const USER: &AsciiSet =
    &PATH.add(b'/').add(b':').add(b';').add(b'=').add(b'@').add(b'[').add(b'\\').add(b']').add(b'^').add(b'|');

/// The URL as one text, before variables have their values; path variables have theirs.
pub(super) fn text(url: Option<&Value>) -> Result<String, Malformed> {
    let url = match url {
        None | Some(Value::Null) => return Ok(String::new()),
        Some(Value::String(url)) => return Ok(url.clone()),
        Some(url @ Value::Object(_)) => url,
        Some(_) => return Err(Malformed::new("request.url", "an object or a string")),
    };
    let (host, path) = (parts(url, "host", ".")?, path(url)?);
    if let (None, None, Some(Value::String(raw))) = (&host, &path, url.get("raw")) {
        return Ok(raw.clone());
    }
    let mut out = String::new();
    if let Some(protocol) = string(url, "protocol")?.filter(|protocol| !protocol.is_empty()) {
        out.push_str(protocol.trim_end_matches("://"));
        out.push_str("://");
    }
    if let Some(auth) = url.get("auth") {
        let (user, password) = (content::text(auth.get("user")), content::text(auth.get("password")));
        out.push_str(user.as_deref().unwrap_or_default());
        if let Some(password) = &password {
            out.push(':');
            out.push_str(password);
        }
        if user.or(password).is_some() {
            out.push('@');
        }
    }
    out.push_str(&host.unwrap_or_default());
    if let Some(port) = content::text(url.get("port")) {
        out.push(':');
        out.push_str(&port);
    }
    out.push_str(&path.unwrap_or_default());
    if let Some(query) = query(url)? {
        out.push('?');
        out.push_str(&query);
    }
    if let Some(hash) = string(url, "hash")? {
        out.push('#');
        out.push_str(hash);
    }
    Ok(out)
}

fn string<'a>(url: &'a Value, key: &str) -> Result<Option<&'a str>, Malformed> {
    match url.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Malformed::new(format!("request.url.{key}"), "a string")),
    }
}

/// A string, or a list of strings (or of objects with a `value`) joined.
fn parts(url: &Value, key: &str, separator: &str) -> Result<Option<String>, Malformed> {
    match url.get(key) {
        Some(Value::Array(parts)) => {
            let part = |(at, part): (usize, &Value)| match part {
                Value::String(part) => Ok(part.clone()),
                Value::Object(part) => Ok(content::text(part.get("value")).unwrap_or_default()),
                _ => Err(Malformed::new(format!("request.url.{key}[{at}]"), "a string")),
            };
            let parts = parts.iter().enumerate().map(part).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(parts.join(separator)))
        }
        _ => Ok(string(url, key)?.map(str::to_owned)),
    }
}

/// With its slash, and the values of `:name` in it.
fn path(url: &Value) -> Result<Option<String>, Malformed> {
    let Some(path) = parts(url, "path", "/")? else { return Ok(None) };
    let is_text = url.get("path").is_some_and(Value::is_string);
    if is_text && path.is_empty() {
        return Ok(None);
    }
    let path = if is_text { path.strip_prefix('/').unwrap_or(&path) } else { &path };
    let variables = content::objects(url, "variable", "request.url.variable")?;
    let mut out = String::new();
    for segment in path.split('/') {
        out.push('/');
        let key = path_variable(segment);
        let named = |entry: &&Value| {
            let name = content::text(entry.get("key")).filter(|key| !key.is_empty()).or(content::text(entry.get("id")));
            key.is_some() && name.as_deref() == key
        };
        let value = variables.iter().rev().find(named).and_then(|entry| content::text(entry.get("value")));
        match (key, value.filter(|value| !value.is_empty())) {
            (Some(key), Some(value)) => {
                out.push_str(&value);
                out.push_str(&segment[key.len() + 1..]);
            }
            _ => out.push_str(segment),
        }
    }
    Ok(Some(out))
}

/// The name in `:name` or `:name.suffix`.
fn path_variable(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix(':')?;
    name.split('.').next().filter(|name| !name.is_empty())
}

/// The parameters that are not disabled; `None` when there are none.
fn query(url: &Value) -> Result<Option<String>, Malformed> {
    let entries = match url.get("query") {
        Some(Value::String(query)) => return Ok(Some(query.clone()).filter(|query| !query.is_empty())),
        Some(Value::Object(query)) => {
            let parameter =
                |(key, value): (&String, &Value)| parameter(Some(key), content::text(Some(value)).as_deref());
            let query: Vec<_> = query.iter().map(parameter).collect();
            return Ok(Some(query.join("&")).filter(|query| !query.is_empty()));
        }
        _ => content::objects(url, "query", "request.url.query")?,
    };
    let mut out = Vec::new();
    for entry in entries.iter().filter(|entry| entry.get("disabled") != Some(&Value::Bool(true))) {
        let (key, value) = (content::text(entry.get("key")), content::text(entry.get("value")));
        out.push(parameter(key.as_deref(), value.as_deref()));
    }
    Ok(if out.is_empty() { None } else { Some(out.join("&")) })
}

/// `key=value`, or `key` without a value. What would end it is encoded, but not within `{{…}}`.
fn parameter(key: Option<&str>, value: Option<&str>) -> String {
    let mut out = guarded(key.unwrap_or_default(), "&#=");
    if let Some(value) = value {
        out.push('=');
        out.push_str(&guarded(value, "&#"));
    }
    out
}

fn guarded(text: &str, reserved: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut braces = tokens(text).peekable();
    for (at, c) in text.char_indices() {
        while braces.next_if(|(_, end)| *end <= at).is_some() {}
        if reserved.contains(c) && braces.peek().is_none_or(|(start, _)| at < *start) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// A URL in parts, none of them encoded.
#[derive(Debug)]
pub(super) struct Url {
    scheme: String,
    user: Option<String>,
    password: Option<String>,
    host: String,
    port: Option<String>,
    /// With its slash.
    path: String,
    query: Option<Vec<String>>,
}

impl Url {
    /// Takes a text apart. A `{{name}}` without a value is one thing, whatever is in it.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim_start();
        // As long as the text, and without the separators that stand within braces.
        let mut shadow = text.as_bytes().to_vec();
        for (start, end) in tokens(text) {
            shadow[start..end].fill(b'_');
        }
        let find = |from: usize, to: usize, byte: u8| {
            shadow[from..to].iter().position(|found| *found == byte).map(|at| from + at)
        };
        let mut end = find(0, text.len(), b'#').unwrap_or(text.len());
        let mut query = None;
        if let Some(at) = find(0, end, b'?') {
            let mut pieces = Vec::new();
            let mut from = at + 1;
            while let Some(next) = find(from, end, b'&') {
                pieces.push(text[from..next].to_owned());
                from = next + 1;
            }
            pieces.push(text[from..end].to_owned());
            (query, end) = (Some(pieces), at);
        }
        // Before the query a backslash is a slash.
        let slashes: Vec<u8> = shadow[..end].iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
        let taken = |from: usize, to: usize| -> String {
            let part = text[from..to].char_indices();
            part.map(|(at, c)| if c == '\\' && slashes[from + at] == b'/' { '/' } else { c }).collect()
        };
        let (mut start, mut scheme) = (0, "http".to_owned());
        if let Some(at) = slashes.windows(3).position(|three| three == b"://") {
            scheme = taken(0, at).to_lowercase();
            start = at + 3;
            start += slashes[start..].iter().take_while(|byte| **byte == b'/').count();
        }
        let path_at = slashes[start..].iter().position(|byte| *byte == b'/').map_or(end, |at| start + at);
        let path = if path_at < end { taken(path_at, end) } else { "/".to_owned() };
        let authority = &slashes[start..path_at];
        let (mut user, mut password) = (None, None);
        if let Some(at) = authority.iter().rposition(|byte| *byte == b'@') {
            let colon = authority[..at].iter().position(|byte| *byte == b':');
            user = Some(taken(start, start + colon.unwrap_or(at)));
            password = colon.map(|colon| taken(start + colon + 1, start + at));
            start += at + 1;
        }
        let (mut host_end, mut port) = (path_at, None);
        if let Some(at) = slashes[start..path_at].iter().rposition(|byte| *byte == b':')
            && !slashes[start + at..path_at].contains(&b']')
        {
            port = Some(taken(start + at + 1, path_at));
            host_end = start + at;
        }
        Self { scheme, user, password, host: taken(start, host_end).to_lowercase(), port, path, query }
    }

    /// Path variables without a value, each with its colon.
    pub(super) fn unfilled(&self) -> impl Iterator<Item = &str> {
        let named = |segment| path_variable(segment).map(|name: &str| &segment[..=name.len()]);
        self.path.split('/').filter_map(named)
    }

    /// Takes out every parameter of one of these names.
    pub(super) fn remove_parameters(&mut self, names: &[&str]) {
        if let Some(query) = &mut self.query {
            query.retain(|parameter| !names.contains(&parameter.split('=').next().unwrap_or_default()));
            if query.is_empty() {
                self.query = None;
            }
        }
    }

    /// The value of the first of this name, as it stands in the URL.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let query = self.query.iter().flatten();
        query.filter_map(|parameter| parameter.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Adds one at the end.
    pub(super) fn add_parameter(&mut self, key: &str, value: &str) {
        self.query.get_or_insert_default().push(parameter(Some(key), Some(value)));
    }

    /// `user:password`, when the URL has such.
    pub(super) fn credentials(&self, raw: bool) -> Option<String> {
        // Encoded and decoded again, as on the way through Postman.
        let decode = |part: &str| {
            let part = if raw { part.to_owned() } else { utf8_percent_encode(part, USER).to_string() };
            percent_decode_str(&part).decode_utf8_lossy().into_owned()
        };
        let user = self.user.as_deref()?;
        Some(format!("{}:{}", decode(user), decode(self.password.as_deref().unwrap_or_default())))
    }

    /// As it goes out: without fragment and user. `raw` encodes nothing but the host.
    pub(super) fn encoded(&self, raw: bool) -> Result<String, BuildError> {
        let wrong = |problem: String| Err(BuildError::Url(problem));
        if !["http", "https"].contains(&self.scheme.as_str()) {
            return wrong(format!("begins with `{}://`, where http or https should be", self.scheme));
        }
        if self.host.is_empty() {
            return wrong("names no host".to_owned());
        }
        if tokens(&self.host).next().is_some() {
            return wrong(format!("has a host that is not defined: `{}`", self.host));
        }
        let Ok(host) = ::url::Host::parse(&self.host) else {
            return wrong(format!("has a host that is none: `{}`", self.host));
        };
        let port = match self.port.as_deref() {
            None | Some("") => String::new(),
            Some(port) => match port.parse::<u16>() {
                Ok(number) if port.bytes().all(|byte| byte.is_ascii_digit()) => format!(":{number}"),
                _ => return wrong(format!("has a port that is none: `{port}`")),
            },
        };
        let encode = |part: &str, set| if raw { part.to_owned() } else { utf8_percent_encode(part, set).to_string() };
        let query = self.query.as_ref().map(|query| format!("?{}", encode(&query.join("&"), QUERY)));
        let rest = format!("{}{}", encode(&self.path, PATH), query.unwrap_or_default());
        if !rest.bytes().all(is_visible) {
            return wrong("is not to be encoded, and has characters that can't be sent as they are".to_owned());
        }
        Ok(format!("{}://{host}{port}{rest}", self.scheme))
    }
}
