//! Client credentials (RFC 6749, 4.4): a token for a request. It is fetched for each, and kept nowhere.

use super::super::{Header, Placed};
use super::error::{SendError, beginning};
use super::request::{Request, parse, take_credentials};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use url::form_urlencoded::{Serializer, byte_serialize};

/// Who asks for a token.
pub(super) struct Client<'a> {
    pub(super) id: &'a str,
    pub(super) secret: &'a str,
    pub(super) scope: Option<&'a str>,
    pub(super) fields: &'a [(String, String)],
    pub(super) by_header: bool,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

#[derive(Default, Deserialize)]
struct Denied {
    error: Option<String>,
    error_description: Option<String>,
}

/// The request for a token.
pub(super) fn request(token_url: &str, client: &Client<'_>) -> Result<Request, SendError> {
    let mut url = parse(token_url)?;
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    let mut headers =
        vec![header("Content-Type", "application/x-www-form-urlencoded"), header("Accept", "application/json")];
    let own = take_credentials(&mut url);
    if client.by_header {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(client.id), encoded(client.secret));
        headers.push(header("Authorization", &format!("Basic {}", STANDARD.encode(pair))));
    } else {
        form.append_pair("client_id", client.id).append_pair("client_secret", client.secret);
        headers.extend(own.map(|own| header("Authorization", &own)));
    }
    form.extend_pairs(client.scope.iter().map(|scope| ("scope", scope)));
    form.extend_pairs(client.fields);
    Ok(Request::to("POST".into(), url, headers, Some(Bytes::from(form.finish()))))
}

/// The token in an answer.
pub(super) fn token(status: u16, body: &[u8]) -> Result<String, SendError> {
    let refused = |reason: String| SendError::TokenRefused { reason: beginning(&reason) };
    if !(200..300).contains(&status) {
        let Denied { error, error_description } = serde_json::from_slice(body).unwrap_or_default();
        let said = [error, error_description].into_iter().flatten().map(|text| format!(", {text}")).collect::<String>();
        return Err(refused(format!("status {status}{said}")));
    }
    let granted: Granted =
        serde_json::from_slice(body).map_err(|_| refused("the answer has no access_token".into()))?;
    let printable = granted.access_token.chars().all(|c| c.is_ascii_graphic());
    if granted.access_token.is_empty() || !printable {
        return Err(refused("the access_token is empty or has characters that no header can carry".into()));
    }
    Ok(granted.access_token)
}

/// Puts a token where it belongs.
pub(super) fn place(request: &mut Request, token: &str, placed: &Placed) -> Result<(), SendError> {
    match placed {
        Placed::Query => request.add_parameter("access_token", token),
        Placed::Header { prefix } if prefix.contains(|c: char| c.is_ascii_control()) => {
            let reason = "the token's prefix has a line break or another control character";
            return Err(SendError::InvalidHeader { name: "Authorization".into(), reason });
        }
        Placed::Header { prefix } => request.set("Authorization", format!("{prefix} {token}").trim().to_owned()),
    }
    Ok(())
}
