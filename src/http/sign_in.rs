//! Signing in and out: a link by mail, the link's token for a cookie.

use super::extract::{self, COOKIE, Caller, Json};
use super::me::Me;
use super::{App, json};
use crate::identity::mail::letter::Letter;
use crate::identity::{SESSION_DAYS, Secret};
use crate::store::{now_utc, unavailable};
use crate::workspace::member::normal_email;
use crate::workspace::problem::{Code, Problem};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use time::Duration;

/// Minutes a mailed link is good for.
const LINK_MINUTES: i64 = 15;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    email: String,
}

/// Whether there is an account nobody is told: the answer is the same, and what makes a difference (a link to keep, a
/// mail to send, a limit that is reached) is done after it.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<StatusCode, Problem> {
    extract::refuse_foreign(&app, &headers)?;
    let email = normal_email(&body.email)
        .ok_or_else(|| Problem::new(Code::Invalid, "This is no e-mail address.").at("email"))?;
    let user = app.store.user_by_email(&email).await.map_err(unavailable)?;
    let may = app.limits.client(peer.ip());
    let writer = Arc::clone(&app);
    app.mail.sign_ins.send(&email, async move {
        let user = user?;
        if !may || !writer.limits.sign_in(user.id) {
            tracing::info!(to = user.email, "a link to sign in is not mailed: there were too many");
            return None;
        }
        let life = Duration::minutes(LINK_MINUTES);
        // Why it can't be kept is logged there.
        let secret = writer.identity.link(user.id, true, now_utc(), life).await.ok()?;
        Some(Letter::sign_in(&writer.public_url, &user.email, secret, LINK_MINUTES))
    });
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Complete {
    token: String,
}

pub(super) async fn complete(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(body): Json<Complete>,
) -> Result<Response, Problem> {
    extract::refuse_foreign(&app, &headers)?;
    let (user, secret) = app.identity.complete(&body.token, now_utc()).await?;
    Ok(with_cookie(&app, &secret, json(StatusCode::OK, &Me::from(user))))
}

/// Sets the cookie of a browser that has just signed in.
pub(super) fn with_cookie(app: &App, secret: &Secret, mut response: Response) -> Response {
    let seconds = SESSION_DAYS * 24 * 60 * 60;
    let cookie =
        format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{}", secret.reveal(), secure(app));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn secure(app: &App) -> &'static str {
    if app.public_url.starts_with("https:") { "; Secure" } else { "" }
}

pub(super) async fn sign_out(State(app): State<Arc<App>>, Caller(caller): Caller) -> Result<Response, Problem> {
    app.store.end_credential(caller.user.id, caller.credential).await.map_err(unavailable)?;
    app.hub.signed_out(caller.credential).await;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}", secure(&app));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
