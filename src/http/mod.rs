//! The HTTP API: thin handlers, a file a noun. What is answered about a workspace comes from `visibility`.

mod activity;
mod app;
mod archive;
mod comments;
mod description;
mod engagement;
pub mod error;
pub mod extract;
mod forks;
mod history;
mod invitations;
mod items;
mod me;
pub use me::new_team;
mod members;
mod runs;
mod send;
mod sign_in;
mod values;
mod variables;
mod workspaces;

use crate::call::history::{keep_entry, sweep};
use crate::call::limits::Limits as SendLimits;
use crate::call::send::Sender;
use crate::call::threads::Threads;
use crate::config::HistoryOptions;
use crate::hub::Hub;
use crate::id::{UserId, WorkspaceId};
use crate::identity::limits::Limits;
use crate::identity::mail::Mailer;
use crate::identity::{Identity, Secret, SignedIn};
use crate::live;
use crate::protocol::own::{HistoryEntry, News};
use crate::store::own::{Entry, Owner};
use crate::store::{Store, unavailable};
use crate::visibility::Seen;
use crate::workspace::Workspace;
use crate::workspace::command::{Action, Command};
use crate::workspace::member::Viewer;
use crate::workspace::problem::{Code, Problem};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use extract::{Asked, Ids, SocketCaller};
use serde::Serialize;
use serde_json::value::RawValue;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// What handlers share.
pub struct App {
    /// Where things are kept.
    pub store: Arc<dyn Store>,
    /// The rooms.
    pub hub: Arc<Hub>,
    /// Who is who.
    pub identity: Identity,
    /// Where letters are handed in.
    pub mail: Mailer,
    /// How many of them somebody can cause.
    pub limits: Limits,
    /// What people's requests go out by.
    pub sender: Sender,
    /// How many of them somebody may send.
    pub sends: SendLimits,
    /// Where that is done.
    pub threads: Threads,
    /// What links start with.
    pub public_url: String,
    /// Origins whose pages may use a cookie.
    pub origins: Vec<String>,
    /// The hash of the set-up link's token, while there is no team.
    pub setup: Option<[u8; 32]>,
    /// How long what somebody sent stays in its history.
    pub history: HistoryOptions,
    /// False once the server leaves.
    pub ready: AtomicBool,
}

impl App {
    /// The parts joined.
    ///
    /// # Errors
    /// When the system has no threads left.
    pub fn new(
        store: Arc<dyn Store>,
        hub: Hub,
        mail: Mailer,
        sender: Sender,
        public_url: String,
        mut origins: Vec<String>,
        setup: Option<&Secret>,
    ) -> anyhow::Result<Self> {
        origins.push(public_url.clone());
        Ok(Self {
            hub: Arc::new(hub),
            identity: Identity::new(Arc::clone(&store)),
            mail,
            limits: Limits::default(),
            sender,
            sends: SendLimits::default(),
            threads: Threads::start()?,
            store,
            public_url,
            origins,
            setup: setup.map(Secret::hash),
            history: HistoryOptions::default(),
            ready: AtomicBool::new(true),
        })
    }

    /// A workspace and how the caller sees it. For who is no member, there is no such thing.
    async fn seen(&self, id: WorkspaceId, caller: &SignedIn) -> Result<(Arc<Workspace>, Viewer), Problem> {
        self.seen_by(id, caller.user.id).await
    }

    /// The same for a person who is known by something else than a credential.
    async fn seen_by(&self, id: WorkspaceId, person: UserId) -> Result<(Arc<Workspace>, Viewer), Problem> {
        let state = self.hub.room(id).await?.state();
        if let Some(viewer) = state.viewer(person) {
            return Ok((state, viewer));
        }
        // Perhaps it became a member on another node a moment ago.
        let state = self.hub.room_caught_up(id).await?.state();
        let viewer = state.viewer(person).ok_or(Code::NotFound)?;
        Ok((state, viewer))
    }

    /// The caller as the owner of what is its own in a workspace, and that. For who is no member, there is no such thing.
    async fn owner(&self, id: WorkspaceId, caller: &SignedIn) -> Result<(Arc<Workspace>, Owner), Problem> {
        let (workspace, viewer) = self.seen(id, caller).await?;
        Ok((workspace, Owner { workspace: id, user: viewer.user }))
    }

    /// Keeps what somebody sent in its history, and tells its own sessions. None for who is no member any more.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn keep(&self, owner: Owner, entry: Entry) -> Result<Option<HistoryEntry>, Problem> {
        let entry = keep_entry(self.store.as_ref(), owner, entry, self.history).await?;
        if let Some(entry) = &entry {
            self.hub.tell_own(owner.workspace, owner.user, News::History(entry.clone())).await;
        }
        Ok(entry)
    }

    /// Tidies what is people's own, and tells them of runs that this ends, for as long as it is polled.
    pub async fn sweep(&self) -> Infallible {
        let tell = |owner: Owner, run| self.hub.tell_own(owner.workspace, owner.user, News::Run(run));
        sweep(self.store.as_ref(), self.history, tell).await
    }

    fn command(caller: &SignedIn, action: Action) -> Command {
        Command { by: caller.user.id, at: crate::store::now_utc(), op: None, action }
    }
}

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let own = Router::new()
        .route("/", get(me::show).patch(me::change))
        .route("/avatar", get(me::avatar).put(me::set_avatar).delete(me::remove_avatar))
        .route("/tokens", get(me::tokens).post(me::make_token))
        .route("/tokens/{token}", delete(me::end_token));
    let workspace = Router::new()
        .route("/", get(workspaces::show).patch(workspaces::change).delete(workspaces::remove))
        .route("/multi_partner", post(workspaces::switch_mode))
        .route("/live", get(socket))
        .route("/members", get(members::list))
        .route("/members/{user}", patch(members::change).delete(members::remove))
        .route("/members/{user}/avatar", get(members::avatar))
        .route("/invitations", get(invitations::list).post(invitations::send))
        .route("/invitations/{invitation}", delete(invitations::revoke))
        .route("/items/{item}", get(items::show))
        .route("/items/{item}/export", get(items::export))
        .route("/forks", post(forks::fork))
        .route("/items/{item}/fork", get(forks::show))
        .route("/items/{item}/pull", post(forks::pull))
        .route("/environments/{environment}/fork", get(forks::show_environment))
        .route("/environments/{environment}/pull", post(forks::pull_environment))
        .route("/items/{item}/comments", get(comments::list).post(comments::post))
        .route("/items/{item}/comments/{comment}", patch(comments::change).delete(comments::remove))
        .route("/items/{item}/comments/{comment}/resolve", post(comments::resolve))
        .route("/items/{item}/send", post(send::send))
        .route("/send", post(send::send_alone))
        .route("/items/{item}/export_link", post(items::export_link))
        .route("/environments/{environment}/export", get(items::export_environment))
        .route("/environments/{environment}/values", get(values::show).put(values::set))
        .route("/history", get(history::list).delete(history::clear))
        .route("/history/{entry}", get(history::show).delete(history::remove))
        .route("/history/{entry}/send", post(send::send_again))
        .route("/runs", get(runs::list).post(runs::start))
        .route("/runs/{run}", get(runs::show).delete(runs::remove))
        .route("/runs/{run}/results", post(runs::add_result))
        .route("/runs/{run}/end", post(runs::end))
        .route("/cookies", get(values::cookies).delete(values::clear_cookies))
        .route("/own", delete(values::forget))
        .route("/import", post(items::import))
        .route("/changes", post(items::change))
        .route("/activity", get(activity::list))
        .route("/engagement", get(engagement::show))
        .route("/archive", get(archive::show));
    let v1 = Router::new()
        .route("/setup", post(me::set_up))
        .route("/sign_in", post(sign_in::ask))
        .route("/sign_in/complete", post(sign_in::complete))
        .route("/sign_out", post(sign_in::sign_out))
        .nest("/me", own)
        .route("/workspaces", get(workspaces::list).post(workspaces::create))
        .route("/workspaces/import_archive", post(archive::import))
        .nest("/workspaces/{workspace}", workspace)
        .route("/invitations/accept", post(invitations::accept));
    Router::new()
        .merge(app::routes())
        .route("/openapi.json", get(description::openapi))
        .route("/asyncapi.json", get(description::asyncapi))
        .route("/healthz", get(|| async { StatusCode::OK }))
        .route("/readyz", get(ready))
        .nest("/v1", v1)
        .fallback(|| async { Problem::from(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::from(Code::MethodNotAllowed) })
        .layer(CompressionLayer::new())
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .with_state(app)
}

fn set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    if !app.ready.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match app.store.check().await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => crate::store::unavailable(error).into_response(),
    }
}

async fn socket(
    State(app): State<Arc<App>>,
    SocketCaller(caller): SocketCaller,
    Ids(workspace): Ids<WorkspaceId>,
    Asked(positions): Asked<live::upgrade::Positions>,
    request: Request,
) -> Result<Response, Problem> {
    live::upgrade::open(Arc::clone(&app.hub), caller, workspace, positions, request).await
}

impl<T: Serialize> IntoResponse for Seen<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.into_inner())
    }
}

/// An answer about the caller's own account, or of what it just made itself. What is about a workspace is [`Seen`].
fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => raw_json(status, bytes.into()),
        Err(error) => crate::store::unavailable(error.into()).into_response(),
    }
}

fn raw_json(status: StatusCode, bytes: axum::body::Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// JSON that the store has kept, as it is.
fn raw_value(text: String) -> Result<Arc<RawValue>, Problem> {
    RawValue::from_string(text).map(Arc::from).map_err(|error| unavailable(error.into()))
}

/// Whether the client has this already.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    asked.split(',').any(|one| one.trim().trim_start_matches("W/") == etag.trim_start_matches("W/"))
}
