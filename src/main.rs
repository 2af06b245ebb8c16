//! The command line.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use loggia::cluster::redis::Redis;
use loggia::config::{ServeOptions, StoreOptions};
use loggia::identity::Identity;
use loggia::server::{Server, open_store, smtp};
use loggia::store::now_utc;
use loggia::{demo, http};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// A real-time server for partner workspaces: one workspace, many partners, walls between them.
#[derive(Parser)]
#[command(name = "loggia", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Do>,
    #[command(flatten)]
    serve: ServeOptions,
}

#[derive(Subcommand)]
enum Do {
    /// Serves (the default).
    Serve(ServeOptions),
    /// Serves a demo from a temporary store: a team, a real collection, two partner companies.
    Demo(demo::DemoOptions),
    /// What is done beside the server.
    #[command(subcommand)]
    Admin(Admin),
    /// Writes a complete copy of the embedded store to a new file, while the server goes on.
    Backup {
        /// The new file.
        file: PathBuf,
        /// Where things are kept.
        #[command(flatten)]
        store: StoreOptions,
    },
    /// Checks settings and store, and whether the mail server answers.
    Check(ServeOptions),
    /// Asks the server that listens here whether it is ready.
    Ready(ServeOptions),
}

#[derive(Subcommand)]
enum Admin {
    /// Makes a team with its first admin, and prints a personal access token of theirs.
    CreateTeam(CreateTeam),
    /// Prints a new personal access token.
    Token {
        /// Whose.
        email: String,
        /// Where things are kept.
        #[command(flatten)]
        store: StoreOptions,
    },
}

#[derive(Args)]
struct CreateTeam {
    /// The team's name.
    #[arg(long)]
    name: String,
    /// Its e-mail domains; may be given several times.
    #[arg(long = "domain", required = true, num_args = 1..)]
    domains: Vec<String>,
    /// The first admin's address.
    #[arg(long)]
    admin: String,
    /// The first admin's name.
    #[arg(long)]
    admin_name: Option<String>,
    /// Where things are kept.
    #[command(flatten)]
    store: StoreOptions,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("LOGGIA_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
    // A socket a session: the usual soft limit of 1,024 files would end that early.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    match cli.command.unwrap_or(Do::Serve(cli.serve)) {
        Do::Serve(options) => serve(options).await,
        Do::Demo(options) => demo::run(options, stop_signal()?).await,
        Do::Admin(Admin::CreateTeam(team)) => create_team(team).await,
        Do::Admin(Admin::Token { email, store }) => token(&email, &store).await,
        Do::Backup { file, store } => open_store(&store).await?.backup(&file).await,
        Do::Check(options) => check(options).await,
        Do::Ready(options) => ready(options).await,
    }
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    check_settings(&options)?;
    // Heard from here on: a database that doesn't answer must not keep a supervisor from ending this.
    let mut stop = Box::pin(stop_signal()?);
    let server = tokio::select! {
        server = open(&options) => server?,
        () = &mut stop => {
            tracing::info!("told to stop before it served");
            return Ok(());
        }
    };
    server.run(stop).await
}

async fn open(options: &ServeOptions) -> anyhow::Result<Server> {
    let store = open_store(&options.store).await?;
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("listening on {}", options.listen))?;
    let address = listener.local_addr()?;
    let server = Server::new(listener, store, options).await?;
    match options.store.database_url {
        Some(_) => tracing::info!(%address, "listening, with a database"),
        None => tracing::info!(%address, data = %options.store.data.display(), "listening"),
    }
    if let Some(link) = &server.setup_link {
        say(&format!("No team yet. Set up this server here, once:\n  {link}"))?;
    }
    Ok(server)
}

/// Resolves at the first SIGTERM or SIGINT from now on, whenever it is polled.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let hear = |kind| signal(kind).context("hearing signals");
    let (mut interrupted, mut terminated) = (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

async fn create_team(team: CreateTeam) -> anyhow::Result<()> {
    let store = open_store(&team.store).await?;
    let (new, admin) = http::new_team(&team.name, &team.domains, &team.admin, team.admin_name.as_deref())?;
    let admin = store.create_team(new, admin).await?;
    let (_, secret) = Identity::new(store).token(admin.id, "command line", now_utc()).await?;
    say(secret.reveal())
}

async fn token(email: &str, options: &StoreOptions) -> anyhow::Result<()> {
    let store = open_store(options).await?;
    let user =
        store.user_by_email(&email.to_lowercase()).await?.with_context(|| format!("nobody has the address {email}"))?;
    let (_, secret) = Identity::new(store).token(user.id, "command line", now_utc()).await?;
    say(secret.reveal())
}

fn check_settings(options: &ServeOptions) -> anyhow::Result<()> {
    options.check()?;
    match &options.redis_url {
        Some(url) => Redis::check_url(&url.0).context("reading --redis-url (LOGGIA_REDIS_URL)"),
        None => Ok(()),
    }
}

async fn check(options: ServeOptions) -> anyhow::Result<()> {
    check_settings(&options)?;
    let smtp = smtp(&options.mail)?;
    open_store(&options.store).await?.check().await?;
    let Some(smtp) = smtp else { return say("Settings and store are fine.") };
    smtp.check().await.context("asking the mail server of --smtp-url (LOGGIA_SMTP_URL)")?;
    say("Settings, store and mail server are fine.")
}

/// For who watches a container that has no other program in it.
async fn ready(options: ServeOptions) -> anyhow::Result<()> {
    let mut address = options.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    // What is on this machine is reached without a proxy.
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(4)).build()?;
    let answer = client.get(format!("http://{address}/readyz")).send().await.context("asking the server")?;
    anyhow::ensure!(answer.status().is_success(), "The server at {address} is not ready: {}", answer.status());
    say("The server is ready.")
}

/// Standard output is for what was asked for; all else is logged to standard error.
fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("writing to standard output")
}
