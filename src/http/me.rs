//! The signed-in person: account, picture, tokens; the first set-up.

use super::extract::{self, Caller, Ids, Json};
use super::sign_in::with_cookie;
use super::{App, is_known, json};
use crate::id::{CredentialId, TeamId, UserId};
use crate::identity::{self, MOST_TOKENS, SignedIn, avatar};
use crate::store::now_utc;
use crate::store::unavailable;
use crate::store::{Team, User};
use crate::workspace::command::{Action, Person};
use crate::workspace::decide::checked_name;
use crate::workspace::member::normal_email;
use crate::workspace::problem::{Code, Problem};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::OffsetDateTime;

/// Somebody's own account.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Me {
    id: UserId,
    email: String,
    name: String,
    avatar: Option<String>,
    team: Option<TeamId>,
}

impl From<User> for Me {
    fn from(user: User) -> Self {
        let avatar = user.avatar.map(|hash| format!("/v1/me/avatar?v={}", hash.get(..16).unwrap_or(&hash)));
        Self { id: user.id, email: user.email, name: user.name, avatar, team: user.team }
    }
}

pub(super) async fn show(Caller(caller): Caller) -> Response {
    json(StatusCode::OK, &Me::from(caller.user))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    name: String,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Json(body): Json<Rename>,
) -> Result<Response, Problem> {
    let name = checked_name(&body.name)?.trim();
    let user = app.store.rename_user(caller.user.id, name).await.map_err(unavailable)?.ok_or(Code::SignedOut)?;
    tell_workspaces(&app, &caller, &user).await?;
    Ok(json(StatusCode::OK, &Me::from(user)))
}

/// Has every workspace of the person take over what it looks like now.
async fn tell_workspaces(app: &App, caller: &SignedIn, user: &User) -> Result<(), Problem> {
    for id in app.store.workspaces_of(user.id).await.map_err(unavailable)? {
        let told = app.hub.command(id, App::command(caller, Action::UpdatePerson(person(user)))).await;
        match told {
            Err(problem) if problem.code != Code::NotFound => return Err(problem),
            _ => {}
        }
    }
    Ok(())
}

/// An account, as a workspace needs it.
pub(super) fn person(user: &User) -> Person {
    Person { user: user.id, email: user.email.clone(), name: user.name.clone(), avatar: user.avatar.clone() }
}

pub(super) async fn avatar(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    picture(&app, caller.user.id, &headers).await
}

/// Somebody's picture; who may see it was decided before.
pub(super) async fn picture(app: &App, user: UserId, headers: &HeaderMap) -> Result<Response, Problem> {
    let (hash, png) = app.store.avatar(user).await.map_err(unavailable)?.ok_or(Code::NotFound)?;
    let etag = format!("\"{hash}\"");
    let mut response = match is_known(headers, &etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(png)),
    };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, etag);
    }
    Ok(response)
}

pub(super) async fn set_avatar(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, Problem> {
    let upload = extract::body(request.into_body(), avatar::LARGEST_UPLOAD).await?;
    let prepared = tokio::task::spawn_blocking(move || avatar::prepared(&upload)).await;
    let picture = prepared.map_err(|error| unavailable(error.into()))??;
    keep_avatar(&app, &caller, Some(picture)).await
}

pub(super) async fn remove_avatar(State(app): State<Arc<App>>, Caller(caller): Caller) -> Result<Response, Problem> {
    keep_avatar(&app, &caller, None).await
}

async fn keep_avatar(
    app: &App,
    caller: &SignedIn,
    picture: Option<(String, bytes::Bytes)>,
) -> Result<Response, Problem> {
    let user = app.store.set_avatar(caller.user.id, picture).await.map_err(unavailable)?.ok_or(Code::SignedOut)?;
    tell_workspaces(app, caller, &user).await?;
    Ok(json(StatusCode::OK, &Me::from(user)))
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Token {
    id: CredentialId,
    name: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
}

pub(super) async fn tokens(State(app): State<Arc<App>>, Caller(caller): Caller) -> Result<Response, Problem> {
    let tokens = app.store.tokens(caller.user.id).await.map_err(unavailable)?;
    let shown =
        tokens.into_iter().map(|one| Token { id: one.id, name: one.name, created_at: one.created_at, token: None });
    Ok(json(StatusCode::OK, &Tokens { tokens: shown.collect() }))
}

pub(super) async fn make_token(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Json(body): Json<Rename>,
) -> Result<Response, Problem> {
    let name = checked_name(&body.name)?;
    if app.store.tokens(caller.user.id).await.map_err(unavailable)?.len() >= MOST_TOKENS {
        return Err(Problem::new(Code::Invalid, format!("A person has at most {MOST_TOKENS} tokens.")));
    }
    let (made, secret) = app.identity.token(caller.user.id, name, now_utc()).await?;
    let token = Some(secret.reveal().to_owned());
    Ok(json(StatusCode::CREATED, &Token { id: made.id, name: made.name, created_at: made.created_at, token }))
}

pub(super) async fn end_token(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(token): Ids<CredentialId>,
) -> Result<StatusCode, Problem> {
    let own = app.store.tokens(caller.user.id).await.map_err(unavailable)?.iter().any(|one| one.id == token);
    if !own || !app.store.end_credential(caller.user.id, token).await.map_err(unavailable)? {
        return Err(Code::NotFound.into());
    }
    app.hub.signed_out(token).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUp {
    token: String,
    team: String,
    domains: Vec<String>,
    email: String,
    name: String,
}

pub(super) async fn set_up(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(body): Json<SetUp>,
) -> Result<Response, Problem> {
    extract::refuse_foreign(&app, &headers)?;
    if app.setup != Some(identity::hash(&body.token)) {
        return Err(Code::StaleToken.into());
    }
    let (team, admin) = new_team(&body.team, &body.domains, &body.email, Some(&body.name))?;
    let user = app.store.create_first_team(team, admin).await.map_err(unavailable)?.ok_or(Code::AlreadySetUp)?;
    let secret = app.identity.sign_in(user.id, now_utc()).await?;
    Ok(with_cookie(&app, &secret, json(StatusCode::CREATED, &Me::from(user))))
}

/// A team and its first admin, checked, to be kept.
///
/// # Errors
/// `invalid` with the field.
pub fn new_team(
    name: &str,
    domains: &[String],
    email: &str,
    admin_name: Option<&str>,
) -> Result<(Team, User), Problem> {
    let team_name = checked_name(name).map_err(|problem| problem.at("team"))?;
    if domains.is_empty() {
        return Err(Problem::new(Code::Invalid, "A team has at least one domain.").at("domains"));
    }
    let domain = |text: &String| {
        normal_email(&format!("x@{text}"))
            .and_then(|email| email.split_once('@').map(|(_, domain)| domain.to_owned()))
            .ok_or_else(|| Problem::new(Code::Invalid, format!("{text:?} is no domain.")).at("domains"))
    };
    let domains = domains.iter().map(domain).collect::<Result<Vec<_>, _>>()?;
    let email =
        normal_email(email).ok_or_else(|| Problem::new(Code::Invalid, "This is no e-mail address.").at("email"))?;
    let admin_name = admin_name.unwrap_or_else(|| email.split('@').next().unwrap_or_default());
    let id = TeamId::new();
    let admin = User {
        id: UserId::new(),
        name: checked_name(admin_name)?.to_owned(),
        email: email.clone(),
        team: Some(id),
        avatar: None,
    };
    let team = Team { id, name: team_name.to_owned(), domains };
    Ok((team, admin))
}
