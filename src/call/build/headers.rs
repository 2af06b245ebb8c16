//! The headers of a request.

use super::BuildError;
use crate::call::{
    content::{self, Malformed},
    variables::Resolver,
};
use serde_json::Value;

/// Names and values in order.
#[derive(Debug, Default)]
pub(super) struct Headers(Vec<(String, String)>);

impl Headers {
    /// Those of a content that are not disabled and have a name.
    pub(super) fn read(header: Option<&Value>, resolver: &mut Resolver) -> Result<Self, BuildError> {
        let mut headers = Self::default();
        let lines = match header {
            None | Some(Value::Null) => return Ok(headers),
            Some(Value::String(lines)) => lines.lines().filter_map(|line| line.split_once(':')).collect(),
            Some(Value::Array(_)) => Vec::new(),
            Some(_) => return Err(Malformed::new("request.header", "an array or a string").into()),
        };
        for (name, value) in lines {
            headers.0.push((resolver.resolve(name.trim())?, resolver.resolve(value.trim())?));
        }
        let Some(Value::Array(list)) = header else { return Ok(headers) };
        for (at, entry) in list.iter().enumerate() {
            let (name, value) = match entry {
                Value::Object(_) if content::is_disabled(entry) => continue,
                Value::Object(_) => (content::text(entry.get("key")), content::text(entry.get("value"))),
                Value::String(line) => {
                    let (name, value) = line.split_once(':').unwrap_or((line, ""));
                    (Some(name.trim().to_owned()), Some(value.trim().to_owned()))
                }
                _ => return Err(Malformed::new(format!("request.header[{at}]"), "an object").into()),
            };
            let name = resolver.resolve(&name.unwrap_or_default())?;
            let value = resolver.resolve(&value.unwrap_or_default())?;
            if !name.is_empty() {
                headers.0.push((name, value));
            }
        }
        Ok(headers)
    }

    /// Whether there is one of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of the last of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As they go out. Framing is not the content's to decide: it would end the request where the server does not expect it.
    pub(super) fn finish(mut self) -> Result<Vec<(String, String)>, BuildError> {
        self.remove("Content-Length");
        self.remove("Transfer-Encoding");
        for (name, value) in &self.0 {
            let problem = if !is_token(name) {
                "has a name that HTTP can't carry"
            } else if value.chars().any(|c| c.is_control() && c != '\t') {
                "has a control character in its value"
            } else {
                continue;
            };
            return Err(BuildError::Header { name: name.clone(), problem });
        }
        // Of spellings that differ in case Postman sends the last alone; the same one twice goes out twice.
        let last = |name: &str| self.0.iter().rfind(|(other, _)| other.eq_ignore_ascii_case(name));
        let wins = |(name, _): &&(String, String)| last(name).is_some_and(|(spelling, _)| spelling == name);
        Ok(self.0.iter().filter(wins).cloned().collect())
    }
}

/// RFC 9110, 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

/// What may stand in a request's first line.
pub(super) fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic()
}
