//! What the server says of itself: `/openapi.json` (OpenAPI 3.1) and `/asyncapi.json` (AsyncAPI 3.0). The schemas come
//! from the wire's own types; `tests/server/description.rs` holds the routes and the answers to what is said here.

mod own;

use super::{archive, comments, forks, invitations, items, me, members, runs, send, sign_in, workspaces};
use crate::protocol;
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(components(schemas(
    protocol::ClientMessage,
    protocol::ServerMessage,
    protocol::Snapshot,
    protocol::SeenItem,
    protocol::Members,
    protocol::Invitations,
    protocol::Invited,
    protocol::Workspaces,
    protocol::WorkspaceEntry,
    protocol::ProblemBody,
    protocol::own::History,
    protocol::own::WholeEntry,
    protocol::own::Runs,
    protocol::own::WholeRun,
    protocol::own::Values,
    protocol::own::Cookies,
    runs::NewRun,
    runs::EndRun,
    send::NewSend,
    send::SendAnswer,
    send::SendAgain,
    send::SendAlone,
    crate::workspace::command::WorkspacePatch,
    me::Me,
    me::Rename,
    me::Token,
    me::Tokens,
    sign_in::SignIn,
    sign_in::Complete,
    me::SetUp,
    workspaces::New,
    workspaces::Confirm,
    workspaces::Acked,
    members::Change,
    invitations::Body,
    invitations::Accept,
    invitations::Accepted,
    protocol::forks::ForkState,
    protocol::forks::Pulled,
    protocol::forks::Conflicts,
    forks::NewFork,
    forks::Pull,
    items::Imported,
    items::ExportLink,
    items::Edit,
    protocol::team::Comments,
    protocol::team::SeenComment,
    protocol::team::Activity,
    crate::workspace::archive::Archive,
    archive::FromArchive,
    protocol::team::EngagementReport,
    comments::NewComment,
    comments::CommentPatch,
    comments::Resolve,
)))]
struct Schemas;

/// A route: method, path, what it does, the body it takes, the status and body it answers with.
type Route = (&'static str, &'static str, &'static str, Option<&'static str>, u16, Option<&'static str>);

/// Any JSON: a file of Postman's.
const FILE: &str = "File";

const ROUTES: &[Route] = &[
    ("post", "/v1/setup", "Make the first team, by the set-up link's token", Some("SetUp"), 201, Some("Me")),
    (
        "post",
        "/v1/sign_in",
        "Have a link to sign in mailed, if there is an account; the answer does not tell",
        Some("SignIn"),
        202,
        None,
    ),
    (
        "post",
        "/v1/sign_in/complete",
        "Sign a browser in, by a link's token or an access token",
        Some("Complete"),
        200,
        Some("Me"),
    ),
    ("post", "/v1/sign_out", "End the credential of this request", None, 204, None),
    ("get", "/v1/me", "Your account", None, 200, Some("Me")),
    ("patch", "/v1/me", "Change your name", Some("Rename"), 200, Some("Me")),
    ("get", "/v1/me/avatar", "Your picture", None, 200, None),
    ("put", "/v1/me/avatar", "Set your picture: PNG, JPEG or WebP, up to 1 MiB", None, 200, Some("Me")),
    ("delete", "/v1/me/avatar", "Remove your picture", None, 200, Some("Me")),
    ("get", "/v1/me/tokens", "Your access tokens", None, 200, Some("Tokens")),
    ("post", "/v1/me/tokens", "A new access token, shown this once", Some("Rename"), 201, Some("Token")),
    ("delete", "/v1/me/tokens/{token}", "End an access token", None, 204, None),
    ("get", "/v1/workspaces", "Your workspaces", None, 200, Some("Workspaces")),
    ("post", "/v1/workspaces", "Make a workspace; team members", Some("New"), 201, Some("WorkspaceEntry")),
    ("get", "/v1/workspaces/{workspace}", "The snapshot: follow from its positions", None, 200, Some("Snapshot")),
    (
        "patch",
        "/v1/workspaces/{workspace}",
        "Change name or description",
        Some("WorkspacePatch"),
        200,
        Some("WorkspaceEntry"),
    ),
    ("delete", "/v1/workspaces/{workspace}", "Delete it; Admins", None, 204, None),
    (
        "post",
        "/v1/workspaces/{workspace}/multi_partner",
        "Switch to multi-partner mode; there is no way back",
        Some("Confirm"),
        200,
        Some("WorkspaceEntry"),
    ),
    ("get", "/v1/workspaces/{workspace}/members", "The members there are to see", None, 200, Some("Members")),
    (
        "patch",
        "/v1/workspaces/{workspace}/members/{user}",
        "Change role or Lead; Admins",
        Some("MemberPatch"),
        204,
        None,
    ),
    ("delete", "/v1/workspaces/{workspace}/members/{user}", "Remove a member, or leave", None, 204, None),
    ("get", "/v1/workspaces/{workspace}/members/{user}/avatar", "A picture there is to see", None, 200, None),
    (
        "get",
        "/v1/workspaces/{workspace}/invitations",
        "The invitations there are to see",
        None,
        200,
        Some("Invitations"),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/invitations",
        "Invite: JSON, or a CSV or text file",
        Some("Body"),
        200,
        Some("Invited"),
    ),
    ("delete", "/v1/workspaces/{workspace}/invitations/{invitation}", "Take an invitation back", None, 204, None),
    (
        "post",
        "/v1/invitations/accept",
        "Accept an invitation, by its token: makes the account and signs in; whoever has one signs in first",
        Some("Accept"),
        200,
        Some("Accepted"),
    ),
    ("get", "/v1/workspaces/{workspace}/items/{item}", "One item with its content", None, 200, Some("SeenItem")),
    ("get", "/v1/workspaces/{workspace}/items/{item}/export", "A Postman Collection v2.1", None, 200, Some(FILE)),
    (
        "post",
        "/v1/workspaces/{workspace}/items/{item}/send",
        "Sends the request, and answers with what came of it; kept in the caller's history alone. Up to 12 MiB",
        Some("NewSend"),
        200,
        Some("SendAnswer"),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/items/{item}/export_link",
        "An address of the export that needs no credential, for ten minutes",
        None,
        201,
        Some("ExportLink"),
    ),
    (
        "get",
        "/v1/workspaces/{workspace}/environments/{environment}/export",
        "A Postman environment",
        None,
        200,
        Some(FILE),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/import",
        "A Postman Collection (v2.0, v2.1) or environment, up to 64 MiB",
        Some(FILE),
        201,
        Some("Imported"),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/forks",
        "Fork a collection or an environment of another workspace of the team; the team's Editors",
        Some("NewFork"),
        201,
        Some("Imported"),
    ),
    (
        "get",
        "/v1/workspaces/{workspace}/items/{item}/fork",
        "Where a collection comes from, and what changed there since; the team",
        None,
        200,
        Some("ForkState"),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/items/{item}/pull",
        "Merge what changed in the parent; 409 `conflict` with `Conflicts` when choices are needed; the team's Editors",
        Some("Pull"),
        200,
        Some("Pulled"),
    ),
    (
        "get",
        "/v1/workspaces/{workspace}/environments/{environment}/fork",
        "Where an environment comes from, and what changed there since; the team",
        None,
        200,
        Some("ForkState"),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/environments/{environment}/pull",
        "The same as of a collection",
        Some("Pull"),
        200,
        Some("Pulled"),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/changes",
        "Edits without a socket: all or nothing",
        Some("Edit"),
        200,
        Some("Acked"),
    ),
    (
        "get",
        "/v1/workspaces/{workspace}/items/{item}/comments",
        "The comments on an item; classic mode",
        None,
        200,
        Some("Comments"),
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/items/{item}/comments",
        "Comment on an item, or reply",
        Some("NewComment"),
        201,
        Some("SeenComment"),
    ),
    (
        "patch",
        "/v1/workspaces/{workspace}/items/{item}/comments/{comment}",
        "Change your comment",
        Some("CommentPatch"),
        200,
        Some("SeenComment"),
    ),
    (
        "delete",
        "/v1/workspaces/{workspace}/items/{item}/comments/{comment}",
        "Delete your comment; Admins, any",
        None,
        204,
        None,
    ),
    (
        "post",
        "/v1/workspaces/{workspace}/items/{item}/comments/{comment}/resolve",
        "Resolve a thread, or open it again",
        Some("Resolve"),
        200,
        Some("SeenComment"),
    ),
    (
        "get",
        "/v1/workspaces/{workspace}/activity",
        "Who changed what when, newest first; ?before= is a page's next, ?limit= up to 200",
        None,
        200,
        Some("Activity"),
    ),
    (
        "get",
        "/v1/workspaces/{workspace}/engagement",
        "How far each partner has come; team members",
        None,
        200,
        Some("EngagementReport"),
    ),
    (
        "get",
        "/v1/workspaces/{workspace}/archive",
        "The workspace as a file, to move it; Admins. ?secrets=true: with the values of secrets",
        None,
        200,
        Some("Archive"),
    ),
    (
        "post",
        "/v1/workspaces/import_archive",
        "Make a workspace of an archive, up to 256 MiB; team members",
        Some("Archive"),
        201,
        Some("FromArchive"),
    ),
];

static SCHEMAS: LazyLock<Value> = LazyLock::new(|| {
    let mut all = serde_json::to_value(Schemas::openapi()).unwrap_or_default()["components"].take();
    all["schemas"][FILE] = json!({"type": "object", "description": "A file of Postman's."});
    all
});

static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    let mut paths: Map<String, Value> = Map::new();
    for (method, path, summary, takes, status, answers) in ROUTES.iter().chain(own::ROUTES) {
        let content =
            |name: &&str| json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}});
        let mut operation = json!({"summary": summary, "responses": {
            status.to_string(): {"description": "Done."},
            "default": {"description": "A refusal (RFC 9457).", "content": {"application/problem+json":
                {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}},
        }});
        if let Some(body) = takes {
            operation["requestBody"] = json!({"required": true, "content": content(body)});
        }
        if let Some(body) = answers {
            operation["responses"][status.to_string()]["content"] = content(body);
        }
        let names = path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        let parameters: Vec<_> = names
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}))
            .collect();
        operation["parameters"] = parameters.into();
        paths.entry(*path).or_insert_with(|| json!({}))[*method] = operation;
    }
    let mut components = SCHEMAS.clone();
    components["securitySchemes"] = json!({
        "token": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": super::extract::COOKIE},
    });
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Loggia", "version": env!("CARGO_PKG_VERSION")},
        "security": [{"token": []}, {"cookie": []}],
        "paths": paths,
        "components": components,
    })
});

static ASYNCAPI: LazyLock<Value> = LazyLock::new(|| {
    let message = |name: &str| json!({"payload": {"$ref": format!("#/components/schemas/{name}")}});
    json!({
        "asyncapi": "3.0.0",
        "info": {"title": "Loggia, live", "version": env!("CARGO_PKG_VERSION")},
        "channels": {"live": {
            "address": "/v1/workspaces/{workspace}/live",
            "parameters": {"workspace": {"description": "The workspace's id."}},
            "messages": {"client": message("ClientMessage"), "server": message("ServerMessage")},
        }},
        "operations": {
            "say": {"action": "receive", "channel": {"$ref": "#/channels/live"},
                "messages": [{"$ref": "#/channels/live/messages/client"}]},
            "hear": {"action": "send", "channel": {"$ref": "#/channels/live"},
                "messages": [{"$ref": "#/channels/live/messages/server"}]},
        },
        "components": SCHEMAS.clone(),
    })
});

pub(super) async fn openapi() -> Response {
    super::json(axum::http::StatusCode::OK, &*OPENAPI)
}

pub(super) async fn asyncapi() -> Response {
    super::json(axum::http::StatusCode::OK, &*ASYNCAPI)
}
