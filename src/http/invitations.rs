//! Invitations: JSON, CSV or plain text in; a row a line out; revoked, accepted.

use super::extract::{self, Asked, Caller, Ids, from_json};
use super::sign_in::with_cookie;
use super::{App, json, me};
use crate::config::{INVITATION_DAYS, LARGEST_BODY, MOST_INVITATION_DAYS};
use crate::hub::Answered;
use crate::id::{InvitationId, UserId, WorkspaceId};
use crate::identity::mail::letter::{Letter, invitation_link};
use crate::identity::{self, Secret, SignedIn};
use crate::protocol::{Invitations, Invited};
use crate::store::User;
use crate::store::now_utc;
use crate::store::unavailable;
use crate::visibility::{self, Seen};
use crate::workspace::Workspace;
use crate::workspace::command::{Action, Answer, Command, Invitee, Outcome};
use crate::workspace::decide::checked_name;
use crate::workspace::member::{Role, Side, normal_email};
use crate::workspace::problem::{Code, Problem};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
) -> Result<Seen<Invitations>, Problem> {
    let (workspace, viewer) = app.seen(id, &caller).await?;
    Ok(visibility::invitations(&workspace, &viewer))
}

/// What stands behind the question mark, for files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileOptions {
    role: Option<Role>,
    side: Option<Side>,
    lead: Option<bool>,
    days: Option<i64>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    invitees: Vec<Line>,
    #[serde(default = "partner")]
    side: Side,
    #[serde(default = "viewer")]
    role: Role,
    #[serde(default)]
    lead: bool,
    days: Option<i64>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    email: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    lead: Option<bool>,
    #[serde(skip)]
    line: usize,
}

fn partner() -> Side {
    Side::Partner
}

fn viewer() -> Role {
    Role::Viewer
}

pub(super) async fn send(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids(id): Ids<WorkspaceId>,
    Asked(asked): Asked<FileOptions>,
    request: Request,
) -> Result<Seen<Invited>, Problem> {
    let body = read(asked, request).await?;
    let days = body.days.unwrap_or(INVITATION_DAYS);
    if !(1..=MOST_INVITATION_DAYS).contains(&days) {
        let detail = format!("An invitation lasts 1 to {MOST_INVITATION_DAYS} days.");
        return Err(Problem::new(Code::Invalid, detail).at("days"));
    }
    let tokens: Vec<Secret> = body.invitees.iter().map(|_| Secret::new("")).collect();
    let invitee = |(line, token): (Line, &Secret)| Invitee {
        line: line.line,
        email: line.email,
        name: line.name.filter(|name| !name.trim().is_empty()),
        lead: line.lead.unwrap_or(body.lead),
        id: InvitationId::new(),
        token_hash: token.hash(),
    };
    let invitees = body.invitees.into_iter().zip(&tokens).map(invitee).collect();
    let at = now_utc();
    let expires_at = at + Duration::days(days);
    let action = Action::Invite { invitees, side: body.side, role: body.role, expires_at };
    let answered = app.hub.command(id, App::command(&caller, action)).await?;
    let Answered { answer: Answer::Invited(rows), .. } = answered else {
        return Err(Code::Unavailable.into());
    };
    let (workspace, viewer) = app.seen(id, &caller).await?;
    // Without a mail server an Admin passes its links on. A Lead has none: an operator finds them in the log.
    if app.mail.has_server() || !viewer.is_admin() {
        for (row, token) in rows.iter().zip(&tokens).filter(|(row, _)| row.outcome == Outcome::Sent) {
            mail(&app, &caller, &workspace, &row.email, token.clone(), expires_at);
        }
    }
    let link = |index: usize| tokens.get(index).map(|token| invitation_link(&app.public_url, token));
    Ok(visibility::invited(&viewer, rows, link))
}

/// Has an invitation mailed. Whoever invites the same address again and again has it mailed some times, and is told nothing.
fn mail(app: &App, by: &SignedIn, workspace: &Workspace, to: &str, token: Secret, ends: OffsetDateTime) {
    let Some(to) = normal_email(to) else { return };
    if !app.limits.invitation(by.user.id, workspace.id, &to) {
        tracing::info!(to, "an invitation is not mailed: there were too many");
        return;
    }
    let letter = Letter::invitation(&app.public_url, &to, token, &workspace.name, ends);
    app.mail.invitations.send(&to, std::future::ready(Some(letter)));
}

async fn read(asked: FileOptions, request: Request) -> Result<Body, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let bytes = extract::body(request.into_body(), LARGEST_BODY).await?;
    let of_file = |invitees| Body {
        invitees,
        side: asked.side.unwrap_or(Side::Partner),
        role: asked.role.unwrap_or(Role::Viewer),
        lead: asked.lead.unwrap_or(false),
        days: asked.days,
    };
    match kind.as_str() {
        "application/json" => {
            let mut body: Body = from_json(&bytes)?;
            body.invitees.iter_mut().enumerate().for_each(|(index, line)| line.line = index + 1);
            Ok(body)
        }
        "text/csv" => from_csv(&bytes).map(of_file),
        "text/plain" => from_text(&bytes).map(of_file),
        _ => Err(Problem::new(Code::Malformed, "The content type must be application/json, text/csv or text/plain.")),
    }
}

fn from_csv(bytes: &[u8]) -> Result<Vec<Line>, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(bytes);
    let bad = |error: csv::Error| Problem::new(Code::Malformed, error.to_string());
    let header = reader.headers().map_err(bad)?.clone();
    let column = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let email = column("email").ok_or_else(|| {
        Problem::new(Code::Malformed, "The first line must name the columns, with \"email\" among them.").at("line 1")
    })?;
    let (name, lead) = (column("name"), column("lead"));
    // The reader's own line number is taken before it skips blank lines and the second half of a CRLF.
    let (mut line, mut counted) = (1, 0);
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(bad)?;
        let byte = record.position().map_or(0, csv::Position::byte) as usize;
        let start = byte + bytes[byte..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += bytes[counted..start].iter().filter(|byte| **byte == b'\n').count();
        counted = start;
        let field =
            |column: Option<usize>| column.and_then(|column| record.get(column)).filter(|text| !text.is_empty());
        let lead = match field(lead).map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("true" | "yes" | "1") => Some(true),
            Some("false" | "no" | "0") => Some(false),
            Some(_) => {
                return Err(Problem::new(Code::Malformed, "\"lead\" is true or false.").at(format!("line {line}")));
            }
        };
        let email = field(Some(email)).unwrap_or_default().to_owned();
        Ok(Line { email, name: field(name).map(str::to_owned), lead, line })
    };
    reader.records().map(row).collect()
}

fn from_text(bytes: &[u8]) -> Result<Vec<Line>, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| Problem::new(Code::Malformed, error.to_string()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    Ok(lines
        .map(|(index, line)| Line { email: line.trim().to_owned(), name: None, lead: None, line: index + 1 })
        .collect())
}

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Ids((id, invitation)): Ids<(WorkspaceId, InvitationId)>,
) -> Result<StatusCode, Problem> {
    app.hub.command(id, App::command(&caller, Action::RevokeInvitation { id: invitation })).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Accept {
    token: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Accepted {
    workspace: WorkspaceId,
    user: me::Me,
}

pub(super) async fn accept(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    extract::Json(body): extract::Json<Accept>,
) -> Result<Response, Problem> {
    extract::refuse_foreign(&app, &headers)?;
    let found = app.store.find_invitation(identity::hash(&body.token)).await.map_err(unavailable)?;
    let (id, invitation_id) = found.ok_or(Code::StaleToken)?;
    let mut workspace = app.hub.room(id).await?.state();
    if workspace.invitation(invitation_id).is_none() {
        // Perhaps it was sent on another node a moment ago.
        workspace = app.hub.room_caught_up(id).await?.state();
    }
    let at = now_utc();
    let invitation = workspace.invitation(invitation_id).filter(|one| one.accepted_by.is_none() && one.expires_at > at);
    let invitation = invitation.ok_or(Code::StaleToken)?;
    let fallback = invitation.email.split('@').next().unwrap_or_default();
    let name = body.name.as_deref().or(invitation.name.as_deref()).unwrap_or(fallback).trim();
    let known = app.store.user_by_email(&invitation.email).await.map_err(unavailable)?.is_some();
    if known {
        signed_in_as(&app, &headers, &invitation.email).await?;
    }
    // The team is given below: not to an account that is made by somebody else at this moment, and may be refused.
    let new = User {
        id: UserId::new(),
        email: invitation.email.clone(),
        name: checked_name(name)?.to_owned(),
        team: None,
        avatar: None,
    };
    let mut user = app.store.ensure_user(new.clone()).await.map_err(unavailable)?;
    let is_new = user.id == new.id;
    if !is_new && !known {
        signed_in_as(&app, &headers, &invitation.email).await?;
    }
    if invitation.side == Side::Team && user.team.is_none() {
        let of_team = User { team: Some(workspace.team), ..user };
        user = app.store.ensure_user(of_team).await.map_err(unavailable)?;
    }
    let action = Action::AcceptInvitation { id: invitation_id, person: me::person(&user) };
    app.hub.command(id, Command { by: user.id, at, op: None, action }).await?;
    let secret = if is_new { Some(app.identity.sign_in(user.id, at).await?) } else { None };
    let answer = json(StatusCode::OK, &Accepted { workspace: id, user: user.into() });
    Ok(match secret {
        Some(secret) => with_cookie(&app, &secret, answer),
        None => answer,
    })
}

/// That the request comes from whoever has the account of an address. Having the link is not enough: whoever sends an
/// invitation may see its link, and would become somebody else by it.
///
/// # Errors
/// `sign_in_first`, or `unavailable`.
async fn signed_in_as(app: &App, headers: &HeaderMap, email: &str) -> Result<(), Problem> {
    match extract::recognise(app, headers, false).await {
        Ok(caller) if caller.user.email == email => Ok(()),
        Err(problem) if problem.code == Code::Unavailable => Err(problem),
        Ok(_) | Err(_) => Err(Code::SignInFirst.into()),
    }
}
