//! Authorization: what can be written into the request is, the rest becomes a [`Handshake`].

use super::{BuildError, aws, headers::Headers, url::Url};
use crate::call::{
    Handshake, Placed,
    content::{self, Malformed},
    variables::Resolver,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use std::collections::HashMap;
use time::OffsetDateTime;

/// An authorization with its parameters, which have their values.
#[derive(Debug)]
pub(super) struct Auth {
    kind: String,
    texts: HashMap<String, String>,
    /// `tokenRequestParams` of oauth2: those that go into the form.
    fields: Vec<(String, String)>,
}

/// A request that is to be authorized.
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a mut Url,
    pub(super) headers: &'a mut Headers,
    pub(super) body: Option<&'a [u8]>,
    pub(super) raw_url: bool,
    pub(super) now: OffsetDateTime,
    pub(super) secrets: &'a mut Vec<String>,
}

/// The request's own, else that of the nearest it stands in; `None` when that says `noauth`, or nobody says anything.
pub(super) fn read(own: Option<&Value>, tree: &[Value], resolver: &mut Resolver) -> Result<Option<Auth>, BuildError> {
    let inherited = tree.iter().rev().map(|item| item.get("auth"));
    let chosen = std::iter::once(own).chain(inherited).flatten().find_map(|auth| match auth {
        Value::Object(_) => auth.get("type").and_then(Value::as_str).map(|kind| Ok((auth, kind))),
        Value::Null => None,
        _ => Some(Err(Malformed::new("auth", "an object"))),
    });
    let Some((auth, kind)) = chosen.transpose()? else { return Ok(None) };
    if kind == "noauth" {
        return Ok(None);
    }
    let mut read = Auth { kind: kind.to_owned(), texts: HashMap::new(), fields: Vec::new() };
    let mut put = |key: &str, value: &Value| -> Result<(), BuildError> {
        if key == "tokenRequestParams" {
            return read.add_fields(value, resolver);
        }
        // An object (what a token came with, say) is no parameter that is read here.
        if let Some(text) = content::text(Some(value)).filter(|_| !value.is_object() && !value.is_array()) {
            read.texts.insert(key.to_owned(), resolver.resolve(&text)?);
        }
        Ok(())
    };
    match auth.get(kind) {
        None | Some(Value::Null) => {}
        // Version 2.0 of the format.
        Some(Value::Object(parameters)) => parameters.iter().try_for_each(|(key, value)| put(key, value))?,
        Some(_) => {
            let path = format!("auth.{kind}");
            for parameter in content::objects(auth, kind, &path)? {
                let key = parameter.get("key").and_then(Value::as_str).unwrap_or_default();
                put(key, parameter.get("value").unwrap_or(&Value::Null))?;
            }
        }
    }
    Ok(Some(read))
}

/// `Basic …`, noted as a secret.
pub(super) fn basic(credentials: &str, secrets: &mut Vec<String>) -> String {
    let encoded = BASE64_STANDARD.encode(credentials);
    if let Some((_, password)) = credentials.split_once(':').filter(|(_, password)| !password.is_empty()) {
        secrets.push(password.to_owned());
    }
    secrets.push(encoded.clone());
    format!("Basic {encoded}")
}

impl Auth {
    fn get(&self, key: &str) -> &str {
        self.texts.get(key).map_or("", String::as_str)
    }

    /// A parameter that has to be there.
    fn need(&self, key: &str) -> Result<String, BuildError> {
        let value = self.get(key);
        if value.is_empty() {
            return Err(BuildError::Auth { kind: self.kind.clone(), problem: format!("has no `{key}`") });
        }
        Ok(value.to_owned())
    }

    /// Whether a switch is on.
    fn is_on(&self, key: &str) -> bool {
        self.get(key) == "true"
    }

    fn add_fields(&mut self, list: &Value, resolver: &mut Resolver) -> Result<(), BuildError> {
        let Value::Array(list) = list else { return Ok(()) };
        for entry in list.iter().filter(|entry| !content::is_disabled(entry)) {
            let key = content::text(entry.get("key")).filter(|key| !key.is_empty());
            let Some(key) = key else { continue };
            let place = entry.get("send_as").and_then(Value::as_str).unwrap_or("request_body");
            if place != "request_body" {
                let problem = format!("wants `{key}` of its token request in {place}; only the body is supported");
                return Err(BuildError::Auth { kind: self.kind.clone(), problem });
            }
            let value = content::text(entry.get("value")).unwrap_or_default();
            self.fields.push((resolver.resolve(&key)?, resolver.resolve(&value)?));
        }
        Ok(())
    }

    /// Writes it into the request, or answers with what has to happen first.
    pub(super) fn apply(&self, target: &mut Target) -> Result<Option<Handshake>, BuildError> {
        let secret = |target: &mut Target, value: &str| {
            if !value.is_empty() {
                target.secrets.push(value.to_owned());
            }
        };
        match self.kind.as_str() {
            "basic" => {
                let credentials = format!("{}:{}", self.get("username"), self.get("password"));
                let value = basic(&credentials, target.secrets);
                set_authorization(target, &value);
            }
            "bearer" => {
                let token = self.get("token");
                secret(target, token);
                if !token.is_empty() {
                    set_authorization(target, &format!("Bearer {token}"));
                }
            }
            "apikey" => {
                let (key, value) = (self.get("key"), self.get("value"));
                secret(target, value);
                if self.get("in") == "query" && !(key.is_empty() && value.is_empty()) {
                    target.url.remove_parameters(&[key]);
                    target.url.add_parameter(key, value);
                } else if !key.is_empty() {
                    target.headers.remove(key);
                    target.headers.add(key, value);
                }
            }
            "digest" => {
                let (username, password) = (self.get("username").to_owned(), self.get("password").to_owned());
                secret(target, &password);
                return Ok(Some(Handshake::Digest { username, password }));
            }
            "oauth2" => return self.oauth2(target),
            "awsv4" => {
                let keys = aws::Keys {
                    access: &self.need("accessKey")?,
                    secret: &self.need("secretKey")?,
                    session: Some(self.get("sessionToken")).filter(|token| !token.is_empty()),
                    service: Some(self.get("service")).filter(|name| !name.is_empty()).unwrap_or("execute-api"),
                    region: Some(self.get("region")).filter(|name| !name.is_empty()).unwrap_or("us-east-1"),
                    in_query: self.is_on("addAuthDataToQuery"),
                };
                secret(target, keys.secret);
                secret(target, keys.session.unwrap_or_default());
                aws::sign(&keys, target)?;
            }
            other => return Err(BuildError::UnknownAuth(other.to_owned())),
        }
        Ok(None)
    }

    fn oauth2(&self, target: &mut Target) -> Result<Option<Handshake>, BuildError> {
        let token = self.get("accessToken");
        let prefix = self.texts.get("headerPrefix").map_or("Bearer", |prefix| prefix.trim()).to_owned();
        let in_query = self.get("addTokenTo") == "queryParams";
        target.headers.remove("Authorization");
        target.url.remove_parameters(&["access_token"]);
        if !token.is_empty() {
            target.secrets.push(token.to_owned());
            if in_query {
                target.url.add_parameter("access_token", token);
            } else {
                let value = if prefix.is_empty() { token.to_owned() } else { format!("{prefix} {token}") };
                target.headers.add("Authorization", &value);
            }
            return Ok(None);
        }
        if self.get("grant_type") != "client_credentials" {
            let problem = "has no `accessToken`, and only for the grant type `client_credentials` one is fetched";
            return Err(BuildError::Auth { kind: self.kind.clone(), problem: problem.to_owned() });
        }
        let client_secret = self.get("clientSecret").to_owned();
        if !client_secret.is_empty() {
            target.secrets.push(client_secret.clone());
        }
        let named = ["audience", "resource"].map(|key| (key.to_owned(), self.get(key).to_owned()));
        let named = named.into_iter().filter(|(_, value)| !value.is_empty());
        Ok(Some(Handshake::ClientCredentials {
            token_url: self.need("accessTokenUrl")?,
            client_id: self.need("clientId")?,
            client_secret,
            scope: Some(self.get("scope").to_owned()).filter(|scope| !scope.is_empty()),
            fields: named.chain(self.fields.iter().cloned()).collect(),
            by_header: self.get("client_authentication") != "body",
            placed: if in_query { Placed::Query } else { Placed::Header { prefix } },
        }))
    }
}

fn set_authorization(target: &mut Target, value: &str) {
    target.headers.remove("Authorization");
    target.headers.add("Authorization", value);
}
