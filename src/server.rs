//! Builds the parts, joins them, stops them.

use crate::call::history;
use crate::cluster::Cluster;
use crate::cluster::local::Local;
use crate::cluster::redis::Redis;
use crate::config::{ServeOptions, StoreOptions};
use crate::http::{self, App};
use crate::hub::Hub;
use crate::identity::Secret;
use crate::live::pump;
use crate::store::Store;
use crate::store::postgres::Postgres;
use crate::store::sqlite::Sqlite;
use anyhow::Context;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long sessions may take to end when the server stops.
const GOODBYES: Duration = Duration::from_secs(5);
/// How long requests in flight may take after that.
const IN_FLIGHT: Duration = Duration::from_secs(5);

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
    /// When the store can't be read, or the system has no threads left.
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
        let mut app = App::new(store, hub, public_url, options.allow_origin.clone(), setup.as_ref());
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
            never = history::sweep(Arc::clone(&app.store), app.history) => match never {},
        }
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
        let router = http::router(self.app).into_make_service();
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
