//! A request, checked and written down.

use super::super::{Header, Outgoing};
use super::error::{SendError, beginning};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use url::{Position, Url};

/// What is ours to say, for it frames the request or names the connection.
const OURS: [&str; 8] =
    ["content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "expect", "te"];

/// A request as it goes to one place.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Without a user's name and password.
    pub(super) url: Url,
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
        let url = parse(&outgoing.url)?;
        let mut request = Self { method: outgoing.method.clone(), url, headers, body: outgoing.body.clone() };
        if let Some(credentials) = take_credentials(&mut request.url)
            && request.value("authorization").is_none()
        {
            request.headers.push(Header { name: "Authorization".into(), value: credentials });
        }
        Ok(request)
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

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }

    /// The bytes before the body: `Host` first, then the request's own headers as they were written, then what it lacks.
    pub(super) fn head(&self, cookies: Option<String>) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target());
        let mut line = |name: &str, value: &str| head.extend([name, ": ", value, "\r\n"]);
        if self.value("host").is_none() {
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
        let usual = [
            ("User-Agent", concat!("loggia/", env!("CARGO_PKG_VERSION"))),
            ("Accept", "*/*"),
            ("Accept-Encoding", "gzip, deflate, br"),
        ];
        for (name, value) in usual {
            if self.value(name).is_none() {
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
