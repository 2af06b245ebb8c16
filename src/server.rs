//! Builds the parts, joins them, stops them.

use crate::call::send::Sender;
use crate::cluster::Cluster;
use crate::cluster::local::Local;
use crate::cluster::redis::Redis;
use crate::config::{MailOptions, ServeOptions, StoreOptions};
use crate::http::{self, App};
use crate::hub::Hub;
use crate::identity::Secret;
use crate::identity::limits::TIDY_EVERY;
use crate::identity::mail::Mailer;
use crate::identity::mail::smtp::Smtp;
use crate::live::pump;
use crate::store::postgres::Postgres;
use crate::store::sqlite::Sqlite;
use crate::store::{Store, now_utc};
use anyhow::Context;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

/// How long sessions may take to end when the server stops.
const GOODBYES: Duration = Duration::from_secs(5);
/// How long requests in flight may take after that.
const IN_FLIGHT: Duration = Duration::from_secs(5);

/// How long mails that wait may take after that.
const MAILS: Duration = Duration::from_secs(5);

/// The store's file in the data folder.
pub const STORE_FILE: &str = "loggia.sqlite3";

/// Opens the database, when there is a URL of one, or else the embedded store of the data folder.
///
/// # Errors
/// Names the setting or the file.
pub async fn open_store(options: &StoreOptions) -> anyhow::Result<Arc<dyn Store>> {
    if let Some(url) = &options.database_url {
        let store =
            Postgres::open(&url.0).await.context("opening the database of --database-url (LOGGIA_DATABASE_URL)")?;
        return Ok(Arc::new(store));
    }
    let file = options.data.join(STORE_FILE);
    let store = Sqlite::open(&file).with_context(|| format!("opening {}", file.display()))?;
    Ok(Arc::new(store))
}

/// The way to the mail server, when there are settings of one, which were checked.
///
/// # Errors
/// Names the setting.
pub fn smtp(options: &MailOptions) -> anyhow::Result<Option<Smtp>> {
    let (url, from) = options.given();
    url.zip(from).map(|(url, from)| Smtp::new(url, from)).transpose()
}

/// A server that is bound and not yet serving.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    /// The link by which the first team is made, when there is none.
    pub setup_link: Option<String>,
}

impl Server {
    /// Joins the parts.
    ///
    /// # Errors
    /// When a setting or the store can't be read, or the system has no threads left.
    pub async fn new(listener: TcpListener, store: Arc<dyn Store>, options: &ServeOptions) -> anyhow::Result<Self> {
        let public_url = options.public_url(listener.local_addr()?);
        let setup = if store.has_team().await? { None } else { Some(Secret::new("")) };
        let setup_link = setup.as_ref().map(|secret| format!("{public_url}/#setup={}", secret.reveal()));
        let pumps = pump::start(std::thread::available_parallelism()?.get(), options.session_edits_per_second)?;
        let cluster: Arc<dyn Cluster> = match &options.redis_url {
            Some(url) => Arc::new(
                Redis::start(&url.0, &store.cluster_key().await?).context("reading --redis-url (LOGGIA_REDIS_URL)")?,
            ),
            None => Arc::new(Local),
        };
        let hub = Hub::new(Arc::clone(&store), cluster, pumps);
        let mail = Mailer::new(smtp(&options.mail)?);
        let sender = Sender::system(options.allow_target.clone()).context("preparing to send requests")?;
        let mut app = App::new(store, hub, mail, sender, public_url, options.allow_origin.clone(), setup.as_ref())?;
        app.history = options.history;
        Ok(Self { listener, app: Arc::new(app), setup_link })
    }

    /// What handlers share.
    #[must_use]
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// Serves until `shutdown`, then says goodbye to all sessions, finishes what is in flight, and returns.
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let app = Arc::clone(&self.app);
        tokio::select! {
            served = self.serve(shutdown) => served,
            never = app.hub.watch(|credential| app.identity.forget(credential)) => match never {},
            never = tidy(&app) => match never {},
            never = app.sweep() => match never {},
        }?;
        app.mail.finish(MAILS).await;
        Ok(())
    }

    async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let app = Arc::clone(&self.app);
        let (leave, left) = tokio::sync::oneshot::channel::<()>();
        let stop = async move {
            shutdown.await;
            app.ready.store(false, Ordering::Relaxed);
            // Before the listener closes: until a balancer has noticed, requests are answered and nobody is turned away.
            let _ = tokio::time::timeout(GOODBYES, app.hub.leave()).await;
            let _ = leave.send(());
        };
        // A bare Router would be copied, route by route, for every connection.
        let router = http::router(self.app).into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(self.listener, router).with_graceful_shutdown(stop);
        let late = async {
            let _ = left.await;
            tokio::time::sleep(IN_FLIGHT).await;
        };
        tokio::select! {
            served = serving => served.context("serving"),
            () = late => Ok(()),
        }
    }
}

/// Removes what has run out: at once, and every hour.
async fn tidy(app: &App) -> Infallible {
    let mut tick = tokio::time::interval(TIDY_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        app.limits.tidy();
        if let Err(error) = app.identity.purge(now_utc()).await {
            tracing::warn!(error = format!("{error:#}"), "credentials that have ended are kept for another hour");
        }
    }
}
