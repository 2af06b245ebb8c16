//! What a request brings: the signed-in person (with the Origin rule), a checked body, ids of the path.

use super::App;
use crate::config::LARGEST_BODY;
use crate::identity::SignedIn;
use crate::store::now_utc;
use crate::workspace::problem::{Code, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The cookie of a signed-in browser.
pub const COOKIE: &str = "loggia_session";
/// The subprotocol by which a page of another allowed origin sends its token.
const BEARER_PROTOCOL: &str = "loggia.bearer.";

/// The signed-in person. For whatever changes state, a cookie needs an Origin of ours.
#[derive(Clone, Debug)]
pub struct Caller(pub SignedIn);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let safe = matches!(parts.method, Method::GET | Method::HEAD);
        recognise(app, &parts.headers, safe).await.map(Self)
    }
}

/// The person who opens a socket: a cookie needs an Origin of ours here too.
pub struct SocketCaller(pub SignedIn);

impl FromRequestParts<Arc<App>> for SocketCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        recognise(app, &parts.headers, false).await.map(Self)
    }
}

/// Who a request comes from. With `safe` an Origin is not looked at.
///
/// # Errors
/// `signed_out`, `foreign_origin`, or `unavailable`.
pub(super) async fn recognise(app: &App, headers: &HeaderMap, safe: bool) -> Result<SignedIn, Problem> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ").map(str::trim));
    let protocols = text(header::SEC_WEBSOCKET_PROTOCOL).unwrap_or_default();
    let in_protocol = protocols.split(',').find_map(|one| one.trim().strip_prefix(BEARER_PROTOCOL));
    if let Some(token) = bearer.or(in_protocol) {
        return app.identity.recognise(token, now_utc()).await;
    }
    let cookie = cookie(headers).ok_or(Code::SignedOut)?;
    if !safe && !is_own_origin(app, headers) {
        return Err(Code::ForeignOrigin.into());
    }
    app.identity.recognise(&cookie, now_utc()).await
}

/// The session cookie's value.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

/// Whether the Origin is there and ours.
pub(super) fn is_own_origin(app: &App, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    origin.is_some_and(|origin| app.origins.iter().any(|own| own == origin))
}

/// Refuses a foreign page's call that needs no cookie but would set one.
pub(super) fn refuse_foreign(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(header::ORIGIN) && !is_own_origin(app, headers) {
        return Err(Code::ForeignOrigin.into());
    }
    Ok(())
}

/// A JSON body of at most so many bytes.
pub struct Json<T, const LARGEST: usize = LARGEST_BODY>(pub T);

impl<T: DeserializeOwned, S: Send + Sync, const LARGEST: usize> FromRequest<S> for Json<T, LARGEST> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // Anything but JSON could come from a form of another site without being asked for.
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(Code::Malformed, "The content type must be application/json."));
        }
        let bytes = body(request.into_body(), LARGEST).await?;
        from_json(&bytes).map(Self)
    }
}

/// Reads JSON; the refusal names the place.
///
/// # Errors
/// `malformed`.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let path = error.path().to_string();
        Problem::new(Code::Malformed, error.inner().to_string()).at(path)
    })?;
    from.end().map_err(|error| Problem::new(Code::Malformed, error.to_string()))?;
    Ok(value)
}

/// A body of at most `limit` bytes.
///
/// # Errors
/// `too_large`, or `malformed` when it breaks off.
pub async fn body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        let too_large =
            std::error::Error::source(&error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        match too_large {
            true => Problem::new(Code::TooLarge, format!("At most {limit} bytes.")),
            false => Problem::new(Code::Malformed, "The body broke off."),
        }
    })
}

/// Ids in the path. What is no id is not found.
pub struct Ids<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::from_request_parts(parts, state).await.map(|Path(ids)| Self(ids)).map_err(|_| Code::NotFound.into())
    }
}

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let asked = Query::from_request_parts(parts, state).await;
        asked.map(|Query(asked)| Self(asked)).map_err(|error| Problem::new(Code::Malformed, error.body_text()))
    }
}
