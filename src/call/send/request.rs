//! A request, checked and written down.

use super::super::{Header, Outgoing, USER_AGENT};
use super::error::{SendError, beginning};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use std::collections::BTreeSet;
use url::{Position, Url, form_urlencoded::byte_serialize};

/// What is ours to say, for it frames the request or names the connection.
const OURS: [&str; 8] =
    ["content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "expect", "te"];

/// A request as it goes to one place.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Without a user's name and password. It says where the request goes.
    pub(super) url: Url,
    /// Path and query as they were written: a URL that is parsed encodes them anew, and leaves out what `..` goes back over.
    target: String,
    /// As they were written, without those that are ours to say.
    pub(super) headers: Vec<Header>,
    pub(super) body: Option<Bytes>,
}

impl Request {
    /// Checks what goes out.
    pub(super) fn new(outgoing: &Outgoing) -> Result<Self, SendError> {
        if !is_token(&outgoing.method) {
            return Err(SendError::InvalidMethod { method: beginning(&outgoing.method) });
        }
        let mut headers = Vec::with_capacity(outgoing.headers.len());
        for (name, value) in &outgoing.headers {
            let bad = |reason| SendError::InvalidHeader { name: beginning(name), reason };
            if !is_token(name) {
                return Err(bad("its name must be letters, digits and !#$%&'*+-.^_`|~"));
            }
            if value.contains(|c: char| c.is_ascii_control() && c != '\t') {
                return Err(bad("its value has a line break or another control character"));
            }
            if !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
                headers.push(Header { name: name.clone(), value: value.clone() });
            }
        }
        let mut request = Self::to(outgoing.method.clone(), parse(&outgoing.url)?, headers, outgoing.body.clone());
        if let Some(written) = written_target(&outgoing.url) {
            written.clone_into(&mut request.target);
        }
        if let Some(credentials) = take_credentials(&mut request.url)
            && request.value("authorization").is_none()
        {
            request.headers.push(Header { name: "Authorization".into(), value: credentials });
        }
        Ok(request)
    }

    /// One whose path and query are as the URL has them.
    pub(super) fn to(method: String, url: Url, headers: Vec<Header>, body: Option<Bytes>) -> Self {
        Self { method, target: target_of(&url), url, headers, body }
    }

    /// Makes it one to another place.
    pub(super) fn go_to(&mut self, url: Url) {
        self.target = target_of(&url);
        self.url = url;
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// Puts a header in the place of those of its name.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.remove(name);
        self.headers.push(Header { name: name.into(), value });
    }

    /// Adds a parameter at the end of the query.
    pub(super) fn add_parameter(&mut self, name: &str, value: &str) {
        self.url.query_pairs_mut().append_pair(name, value);
        self.target.push_str(match self.target.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        });
        self.target.extend(byte_serialize(name.as_bytes()).chain(["="]).chain(byte_serialize(value.as_bytes())));
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// Where it goes, as it is written on the wire.
    pub(super) fn address(&self) -> String {
        format!("{}{}", &self.url[..Position::BeforePath], self.target)
    }

    /// The bytes before the body: `Host` first, then the request's own headers as they were written, then what it lacks, but
    /// for those that are `disabled`. What frames the request can't be.
    pub(super) fn head(&self, cookies: Option<String>, disabled: &BTreeSet<String>) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut line = |name: &str, value: &str| head.extend([name, ": ", value, "\r\n"]);
        let lacks = |name: &str| self.value(name).is_none() && !disabled.contains(&name.to_ascii_lowercase());
        if lacks("Host") {
            line("Host", &self.url[Position::BeforeHost..Position::AfterPort]);
        }
        let mut cookies = cookies;
        for header in &self.headers {
            if !header.name.eq_ignore_ascii_case("cookie") {
                line(&header.name, &header.value);
            } else if let Some(all) = cookies.take() {
                // The jar's stand behind the request's own.
                line(&header.name, &all);
            }
        }
        if let Some(cookies) = cookies {
            line("Cookie", &cookies);
        }
        let usual = [("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate, br")];
        for (name, value) in usual {
            if lacks(name) {
                line(name, value);
            }
        }
        if let Some(body) = &self.body {
            line("Content-Length", &body.len().to_string());
        }
        line("Connection", "close");
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// Reads an absolute URL; what is behind `#` is nobody's but the caller's.
pub(super) fn parse(text: &str) -> Result<Url, SendError> {
    let mut url = Url::parse(text).map_err(|error| SendError::InvalidUrl { reason: error.to_string() })?;
    url.set_fragment(None);
    Ok(url)
}

/// Path and query of a URL, encoded as browsers do.
fn target_of(url: &Url) -> String {
    url[Position::BeforePath..Position::AfterQuery].to_owned()
}

/// Path and query in the text of a URL. `None` when they can't go out as they stand: no path, or what would end the request's
/// first line, or is read in more than one way.
fn written_target(url: &str) -> Option<&str> {
    // As `Url` looks for the end of the host.
    let rest = url.split_once(':')?.1.trim_start_matches(['/', '\\']);
    let target = rest.split('#').next()?.get(rest.find(['/', '\\', '?', '#'])?..)?;
    (target.starts_with('/') && url.bytes().all(|byte| byte.is_ascii_graphic())).then_some(target)
}

/// Takes a user's name and password out of a URL, as the value of `Authorization`.
pub(super) fn take_credentials(url: &mut Url) -> Option<String> {
    let (username, password) = (url.username().to_owned(), url.password().map(str::to_owned));
    if username.is_empty() && password.is_none() {
        return None;
    }
    // Both fail only where there can't be any.
    let _ = (url.set_username(""), url.set_password(None));
    let mut pair: Vec<u8> = percent_decode_str(&username).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(password.as_deref().unwrap_or_default()));
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}
