//! The connections: made, kept, given up. Whatever the server or the network does, a call ends in time.

use anyhow::{Context, anyhow};
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_postgres::{
    Config, NoTls, Row,
    config::SslMode,
    error::{Severity, SqlState},
    types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How many connections there are at most: three nodes fit into the hundred that PostgreSQL takes by default.
const CONNECTIONS: usize = 16;

/// How long a call waits for a connection, be it a free one or a new one.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// How long it then waits for the answer. Past it the server is taken to be unreachable.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// What every connection begins with. The server gives a statement up before we give the server up, so that of a
/// slow statement we know that it did nothing. What was answered as written must outlive a power cut.
const SESSION: &str = "
    SET statement_timeout = '4s';
    SET lock_timeout = '4s';
    SET client_min_messages = warning;
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A pool that knows no statement but those it is given.
pub(super) struct Connections {
    pool: Pool,
}

/// Why a statement gave no rows.
enum Failure {
    /// The connection was found broken before the statement was sent.
    Unsent(anyhow::Error),
    /// The connection broke before the answer came: the statement may have been carried out.
    Lost(anyhow::Error),
    /// There is no connection to be had, no answer in time, or an answer that says no.
    Final(anyhow::Error),
}

impl Connections {
    /// Connects to nothing yet.
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        let config = parse(url)?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match config.get_ssl_mode() {
            SslMode::Require => Manager::from_config(config, MakeRustlsConnect::new(verified_tls()?), recycling),
            _ => Manager::from_config(config, NoTls, recycling),
        };
        let begin = Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager).max_size(CONNECTIONS).post_create(begin).build()?;
        Ok(Self { pool })
    }

    /// A connection for what is more than a statement.
    pub(super) async fn get(&self) -> anyhow::Result<Object> {
        match timeout(CONNECT_LIMIT, self.pool.get()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(PoolError::Backend(error))) => Err(anyhow::Error::new(error).context("connect to PostgreSQL")),
            Ok(Err(error)) => Err(anyhow::Error::new(error).context("connect to PostgreSQL")),
            Err(_) => Err(anyhow!("no connection to PostgreSQL within {CONNECT_LIMIT:?}")),
        }
    }

    /// Runs a statement that changes nothing. When its connection breaks it is run again, once.
    pub(super) async fn read(&self, sql: &str, params: Params<'_>) -> anyhow::Result<Vec<Row>> {
        match self.attempt(sql, params).await {
            Err(Failure::Unsent(_) | Failure::Lost(_)) => self.attempt(sql, params).await.map_err(Failure::into_error),
            result => result.map_err(Failure::into_error),
        }
    }

    /// Runs a statement that changes something, and is a transaction by itself. It is never sent twice: when its
    /// connection breaks, whether it was carried out is not known.
    pub(super) async fn write(&self, sql: &str, params: Params<'_>) -> anyhow::Result<Vec<Row>> {
        match self.attempt(sql, params).await {
            Err(Failure::Unsent(_)) => self.attempt(sql, params).await.map_err(Failure::into_error),
            result => result.map_err(Failure::into_error),
        }
    }

    async fn attempt(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let connection = self.get().await.map_err(Failure::Final)?;
        let outcome = timeout(ANSWER_LIMIT, async {
            let prepared = connection.prepare_cached(sql).await.map_err(|error| match broke(&error) {
                true => Failure::Unsent(error.into()),
                false => Failure::Final(error.into()),
            })?;
            if connection.is_closed() {
                return Err(Failure::Unsent(anyhow!("the connection to PostgreSQL is closed")));
            }
            connection.query(&prepared, params).await.map_err(|error| match broke(&error) {
                true => Failure::Lost(anyhow::Error::new(error).context("the connection to PostgreSQL broke")),
                false => Failure::Final(error.into()),
            })
        });
        match outcome.await {
            Ok(Err(failure @ (Failure::Unsent(_) | Failure::Lost(_)))) => {
                self.give_up(connection);
                Err(failure)
            }
            Ok(result) => result,
            Err(_) => {
                self.give_up(connection);
                Err(Failure::Final(anyhow!("no answer from PostgreSQL within {ANSWER_LIMIT:?}")))
            }
        }
    }

    /// The idle ones go along: they lead to the same server, and what comes next is to find out with a new one.
    fn give_up(&self, connection: Object) {
        drop(Object::take(connection));
        self.pool.retain(|_, _| false);
    }
}

impl Failure {
    fn into_error(self) -> anyhow::Error {
        match self {
            Self::Unsent(error) | Self::Lost(error) | Self::Final(error) => error,
        }
    }
}

/// Whether an error means that the connection is of no more use: there is no word from the server, or its last.
fn broke(error: &tokio_postgres::Error) -> bool {
    let is_last = |severity| matches!(severity, Severity::Fatal | Severity::Panic);
    match error.as_db_error() {
        Some(said) => {
            said.parsed_severity().is_some_and(is_last)
                || [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(said.code())
        }
        None => true,
    }
}

/// No error tells a part of the URL: it holds a password.
fn parse(url: &str) -> anyhow::Result<Config> {
    let mut config = ["postgres://", "postgresql://"]
        .iter()
        .any(|start| url.starts_with(start))
        .then(|| url.parse::<Config>().ok())
        .flatten()
        .filter(|config| !config.get_hosts().is_empty())
        .context(
            "expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded; \
             of sslmode there are disable, prefer and require",
        )?;
    if config.get_ssl_mode() != SslMode::Require {
        config.ssl_mode(SslMode::Disable);
    }
    if config.get_application_name().is_none() {
        config.application_name("loggia");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_LIMIT);
    }
    // A connection whose other end is gone without a word is found out also when nothing is asked.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(10));
    }
    if config.get_keepalives_interval().is_none() {
        config
            .keepalives_idle(Duration::from_secs(15))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3);
    }
    Ok(config)
}

/// TLS to a server whose certificate is signed for its name by somebody the system (or `SSL_CERT_FILE`) trusts.
fn verified_tls() -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    anyhow::ensure!(added > 0, "sslmode=require needs trusted certificates, and the system has none");
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("set up TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
