//! From a request's content to what goes out, byte for byte what Postman's own runtime would send.
//!
//! Pure: time, chance and uploaded files come in. `tests/parts/postman_runtime.rs` holds it to that runtime.

mod auth;
mod aws;
mod body;
mod form;
mod headers;
mod url;

use super::{
    Behavior, Outgoing, USER_AGENT,
    content::{self, Malformed},
    variables::{Resolver, Scope, TooLong},
};
use bytes::Bytes;
use headers::Headers;
use rand::RngCore;
use serde_json::{Value, value::RawValue};
use std::collections::{BTreeSet, HashMap};
use time::OffsetDateTime;
use url::Url;

/// The largest body that is made, in bytes; formdata with all its files counts together.
pub const MAX_BODY: usize = 8 << 20;

/// What a request is made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The request item's content.
    pub item: &'a RawValue,
    /// The contents of what it stands in, the collection first. For what is inherited: authorization and behavior.
    pub ancestors: &'a [&'a RawValue],
    /// What names stand for, the collection's variables included.
    pub scope: &'a Scope,
    /// Files for a body. A file of formdata is asked for by its `src`, or by its `key` when it has none; the file of a body
    /// that is one by its `src`, or as `file`.
    pub files: &'a HashMap<String, Upload>,
    /// For `{{$timestamp}}` and signatures.
    pub now: OffsetDateTime,
}

/// A file for a body.
#[derive(Clone, Debug)]
pub struct Upload {
    /// What the receiver is told; a path's last part counts.
    pub file_name: String,
    /// Empty: `application/octet-stream`.
    pub content_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Built {
    /// The request.
    pub outgoing: Outgoing,
    /// Names that have no value and stand in the request as they are, in order; a path variable with its colon.
    pub undefined: Vec<String>,
    /// What of the authorization is secret, in each way it is written into the request: for
    /// [`Redaction`](super::redact::Redaction).
    pub secrets: Vec<String>,
}

/// Why there is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The content is not as Postman writes it.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The values of variables are too large.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The method is no token.
    #[error("`{0}` is no HTTP method")]
    Method(String),
    /// The URL is not one that a request can be sent to.
    #[error("the URL {0}")]
    Url(String),
    /// A header that HTTP can't carry.
    #[error("the header `{name}` {problem}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A body that names a file that was not uploaded.
    #[error("the body needs the file `{0}`")]
    MissingFile(String),
    /// A file in the content itself that can't be read.
    #[error("the file in `{0}` is no base64")]
    BadFile(String),
    /// The body is larger than [`MAX_BODY`].
    #[error("the body is larger than {MAX_BODY} bytes")]
    BodyTooLarge,
    /// A kind of authorization that isn't known here.
    #[error("authorization of the kind `{0}` is not supported")]
    UnknownAuth(String),
    /// Authorization that lacks something.
    #[error("the authorization `{kind}` {problem}")]
    Auth {
        /// Postman's word for it.
        kind: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Makes the request.
///
/// # Errors
///
/// The first thing that is wrong, by name.
pub fn build(sources: &Sources, rng: &mut dyn RngCore) -> Result<Built, BuildError> {
    let item = content::read(sources.item, "content")?;
    let mut tree = Vec::with_capacity(sources.ancestors.len() + 1);
    for ancestor in sources.ancestors {
        tree.push(content::read(ancestor, "content of a parent")?);
    }
    let request = match item.get("request") {
        Some(Value::String(url)) => &serde_json::json!({ "url": url }),
        Some(request @ Value::Object(_)) => request,
        _ => return Err(Malformed::new("request", "an object or a string").into()),
    };
    tree.push(item.clone());
    let profile = Profile::read(&tree)?;

    let mut resolver = sources.scope.resolver(sources.now, rng);
    let method = method(request, &mut resolver)?;
    let address = url::text(request.get("url"))?;
    let mut url = Url::parse(&resolver.resolve(&address)?);
    url.unfilled().for_each(|name| resolver.note_undefined(name));
    let mut headers = Headers::read(request.get("header"), &mut resolver)?;
    let prunes = !profile.keeps_body && ["GET", "COPY", "HEAD", "PURGE", "UNLOCK"].contains(&method.as_str());
    let body = if prunes { None } else { body::read(request.get("body"), &headers, sources.files, &mut resolver)? };
    if body.as_ref().is_some_and(|body| body.bytes.len() > MAX_BODY) {
        return Err(BuildError::BodyTooLarge);
    }

    let type_is_off = profile.disabled.contains("content-type");
    if let Some(body) = body.as_ref().filter(|body| body.signed) {
        body.content_type.put(&mut headers, type_is_off);
    }
    let mut secrets = Vec::new();
    let auth = auth::read(request.get("auth"), &tree, &mut resolver)?;
    let handshake = match &auth {
        Some(auth) => {
            let bytes = body.as_ref().map(|body| &body.bytes[..]);
            let mut target = auth::Target {
                method: &method,
                url: &mut url,
                headers: &mut headers,
                body: bytes,
                raw_url: profile.raw_url,
                now: sources.now,
                secrets: &mut secrets,
            };
            auth.apply(&mut target)?
        }
        None => None,
    };
    if let Some(credentials) = url.credentials(profile.raw_url).filter(|_| !headers.has("Authorization")) {
        headers.add("Authorization", &auth::basic(&credentials, &mut secrets));
    }
    if let Some(body) = &body {
        body.content_type.put(&mut headers, type_is_off);
    }
    for (name, value) in [("User-Agent", USER_AGENT), ("Accept", "*/*")] {
        if !headers.has(name) && !profile.disabled.contains(&name.to_ascii_lowercase()) {
            headers.add(name, value);
        }
    }
    let bodiless = ["GET", "HEAD", "TRACE", "DELETE", "CONNECT", "OPTIONS"].contains(&method.as_str());
    let outgoing = Outgoing {
        url: url.encoded(profile.raw_url)?,
        headers: headers.finish()?,
        // These say that they are empty.
        body: body.map(|body| body.bytes).or_else(|| (!bodiless).then(Bytes::new)),
        method,
        auth: handshake,
        behavior: Behavior { disabled_headers: profile.disabled, ..profile.behavior },
    };
    Ok(Built { outgoing, undefined: resolver.into_undefined(), secrets })
}

fn method(request: &Value, resolver: &mut Resolver) -> Result<String, BuildError> {
    let method = match request.get("method") {
        None | Some(Value::Null) => return Ok("GET".to_owned()),
        Some(Value::String(method)) => resolver.resolve(method)?.to_uppercase(),
        Some(_) => return Err(Malformed::new("request.method", "a string").into()),
    };
    if headers::is_token(&method) { Ok(method) } else { Err(BuildError::Method(method)) }
}

/// `protocolProfileBehavior`, a key at a time from the request itself or the nearest that has it.
struct Profile {
    behavior: Behavior,
    keeps_body: bool,
    raw_url: bool,
    disabled: BTreeSet<String>,
}

impl Profile {
    /// `tree` is from the collection down to the request.
    fn read(tree: &[Value]) -> Result<Self, Malformed> {
        let find = |key: &str| {
            let profiles = tree.iter().rev().filter_map(|item| item.get("protocolProfileBehavior"));
            profiles.filter_map(|profile| profile.get(key)).next().filter(|value| !value.is_null())
        };
        let wrong = |key: &str, wanted| Malformed::new(format!("protocolProfileBehavior.{key}"), wanted);
        let flag = |key: &str, usual: bool| match find(key) {
            None => Ok(usual),
            Some(value) => value.as_bool().ok_or_else(|| wrong(key, "true or false")),
        };
        let usual = Behavior::default();
        let behavior = Behavior {
            follow_redirects: flag("followRedirects", usual.follow_redirects)?,
            follow_original_method: flag("followOriginalHttpMethod", usual.follow_original_method)?,
            follow_authorization: flag("followAuthorizationHeader", usual.follow_authorization)?,
            max_redirects: match find("maxRedirects") {
                None => usual.max_redirects,
                Some(count) => {
                    let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
                    count.ok_or_else(|| wrong("maxRedirects", "a whole number"))?
                }
            },
            strict_ssl: flag("strictSSL", usual.strict_ssl)?,
            disable_cookies: flag("disableCookies", usual.disable_cookies)?,
            disabled_headers: BTreeSet::new(),
        };
        let disabled = match find("disabledSystemHeaders") {
            None => BTreeSet::new(),
            Some(Value::Object(names)) => {
                // Names in lower case alone turn a header off, as in Postman.
                let names = names.iter().filter(|(_, disabled)| **disabled == Value::Bool(true));
                names.map(|(name, _)| name.clone()).collect()
            }
            Some(_) => return Err(wrong("disabledSystemHeaders", "an object")),
        };
        let (keeps_body, raw_url) = (flag("disableBodyPruning", false)?, flag("disableUrlEncoding", false)?);
        Ok(Self { behavior, keeps_body, raw_url, disabled })
    }
}
