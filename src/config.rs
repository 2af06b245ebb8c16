//! Every setting: flag, environment variable, default.

pub mod target;

use clap::Args;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use target::AllowTarget;

/// Bytes of an HTTP body.
pub const LARGEST_BODY: usize = 8 * 1_024 * 1_024;
/// Bytes of a call that sends a request: the largest body that goes out (8 MiB), as a file in base64.
pub const LARGEST_SEND: usize = 12 * 1_024 * 1_024;
/// Bytes of an import.
pub const LARGEST_IMPORT: usize = 64 * 1_024 * 1_024;
/// Bytes of an archive of a workspace: several of the largest imports.
pub const LARGEST_ARCHIVE: usize = 256 * 1_024 * 1_024;
/// Days an invitation lasts unless it says otherwise.
pub const INVITATION_DAYS: i64 = 14;
/// Days an invitation may last.
pub const MOST_INVITATION_DAYS: i64 = 365;

/// Edits a second that a session may send, unless another limit is set.
pub const SESSION_EDITS_PER_SECOND: u32 = 60;

/// Bytes that are kept of the body of an answer to a request that was sent for a person; the rest is not read.
pub const LARGEST_ANSWER: usize = 10 * 1_024 * 1_024;
/// Bytes of such an answer's head.
pub const LARGEST_ANSWER_HEAD: usize = 64 * 1_024;
/// Header lines in it.
pub const MOST_ANSWER_HEADERS: usize = 256;
/// Seconds that a sent request may take: redirects, handshakes and the body included.
pub const SEND_SECONDS: u64 = 30;
/// Redirects that are followed, whatever a request says.
pub const MOST_REDIRECTS: usize = 10;
/// Requests a minute that a person may send.
pub const SENDS_PER_MINUTE: u32 = 300;
/// Of them, as many may come at once.
pub const SEND_BURST: u32 = 60;
/// Requests of a person that may be on their way at the same time.
pub const SENDS_AT_ONCE: usize = 20;
/// Ports of 1024 and above that no request is sent to unless they are allowed: databases, caches, queues, and what runs
/// machines. Below 1024 only 80 and 443 are open.
pub const REFUSED_PORTS: [u16; 48] = [
    1080, 1099, 1433, 1521, 1883, 2049, 2181, 2222, 2375, 2376, 2379, 2380, 2947, 3128, 3306, 3389, 3690, 4369, 4505,
    4506, 5060, 5061, 5432, 5672, 5900, 5984, 5985, 5986, 6000, 6066, 6379, 6443, 6665, 6666, 6667, 6668, 6669, 6697,
    8086, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 27017, 50070,
];
/// Days that what somebody sent stays in its history, unless another limit is set.
pub const HISTORY_DAYS: u16 = 30;
/// Entries of a person's history in a workspace, unless another limit is set.
pub const HISTORY_ENTRIES: u32 = 1_000;
/// Names that are looked up at once for all persons: a look-up holds one of a few hundred threads, and can't be ended.
pub const LOOKUPS_AT_ONCE: usize = 256;
/// Of them, for one person: so few that some people's stuck ones leave room for those of others.
pub const LOOKUPS_OF_A_PERSON: usize = 4;
/// Bytes of a request's or an answer's body that a history keeps.
pub const LARGEST_KEPT_BODY: usize = 64 * 1_024;
/// Runs of a person in a workspace; older ones go. Fewer than entries of a history: one may have 10,000 results.
pub const MOST_RUNS: u32 = 100;
/// Results of a run. The app's runner sends as many requests.
pub const MOST_RESULTS: u64 = 10_000;
/// Seconds after which a run that nothing was heard of has ended: whoever ran it is gone.
pub const RUN_SILENCE_SECONDS: u32 = 3_600;
/// Bytes of a result of a run.
pub const LARGEST_RESULT: usize = 16 * 1_024;
/// Iterations of a run.
pub const MOST_ITERATIONS: u32 = 10_000;
/// Private values of a person for an environment.
pub const MOST_VALUES: usize = 500;
/// Bytes of their names and values together.
pub const LARGEST_VALUES: usize = 64 * 1_024;
/// Bytes of a person's cookie jar in a workspace.
pub const LARGEST_JAR: usize = 256 * 1_024;

/// How long what somebody sent stays in its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct HistoryOptions {
    /// Days that a request somebody sent, or a run, stays in that person's history.
    #[arg(
        long,
        env = "LOGGIA_HISTORY_DAYS",
        default_value_t = HISTORY_DAYS,
        value_parser = clap::value_parser!(u16).range(1..=3_650)
    )]
    pub history_days: u16,
    /// Requests that a person's history in a workspace holds; older ones go.
    #[arg(
        long,
        env = "LOGGIA_HISTORY_ENTRIES",
        default_value_t = HISTORY_ENTRIES,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub history_entries: u32,
}

impl Default for HistoryOptions {
    fn default() -> Self {
        Self { history_days: HISTORY_DAYS, history_entries: HISTORY_ENTRIES }
    }
}

/// Where things are kept.
#[derive(Clone, Debug, Args)]
pub struct StoreOptions {
    /// The folder of the embedded store.
    #[arg(long, env = "LOGGIA_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// A PostgreSQL database to keep everything in, in place of the folder: postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(long, env = "LOGGIA_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretUrl>,
}

impl StoreOptions {
    /// The embedded store of a folder.
    #[must_use]
    pub fn folder(data: &Path) -> Self {
        Self { data: data.to_owned(), database_url: None }
    }
}

/// An address with a password in it: it is not shown. Any text is taken, for a refusal would repeat it.
#[derive(Clone)]
pub struct SecretUrl(pub String);

impl From<String> for SecretUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[URL]")
    }
}

/// How mail is sent. Without a server, letters go to the log.
#[derive(Clone, Debug, Default, Args)]
pub struct MailOptions {
    /// The mail server that links to sign in and invitations are sent by: smtp://USER:PASSWORD@HOST:PORT, which goes on by
    /// TLS (STARTTLS) unless ?tls=none stands behind it, or smtps://… for TLS from the start. Without it, mails go to the log.
    #[arg(long, env = "LOGGIA_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<SecretUrl>,
    /// Whom mails are from, such as "Loggia <loggia@example.com>".
    #[arg(long, env = "LOGGIA_MAIL_FROM")]
    pub mail_from: Option<String>,
}

impl MailOptions {
    /// The server's URL and whom mails are from, each when it is set: an empty text is as good as none.
    #[must_use]
    pub fn given(&self) -> (Option<&str>, Option<&str>) {
        let url = self.smtp_url.as_ref().map(|url| url.0.as_str());
        (url.filter(|url| !url.is_empty()), self.mail_from.as_deref().filter(|from| !from.is_empty()))
    }
}

/// How to serve.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// The address to listen on.
    #[arg(long, env = "LOGGIA_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The address people reach this server by, such as https://partners.example.com. It makes links, decides which
    /// Origin is our own, and whether cookies are Secure. Default: http:// and the address it listens on.
    #[arg(long, env = "LOGGIA_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Another origin whose pages may use the API with a signed-in browser's cookie; may be given several times.
    #[arg(long = "allow-origin", env = "LOGGIA_ALLOW_ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<String>,
    /// The Redis by which several nodes of one database speak to each other: redis://HOST:PORT, rediss:// for TLS,
    /// redis+cluster://HOST:PORT,HOST:PORT, or redis+sentinel://HOST:PORT,HOST:PORT/SERVICE. Without it there is one node.
    #[arg(long, env = "LOGGIA_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<SecretUrl>,
    /// Edits a second that one session may send; as many again may come at once.
    #[arg(
        long,
        env = "LOGGIA_SESSION_EDITS_PER_SECOND",
        default_value_t = SESSION_EDITS_PER_SECOND,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub session_edits_per_second: u32,
    /// A target inside the network that people's requests may be sent to: an address range (10.1.0.0/16), an address, or
    /// a host name (api.internal, *.api.internal), the latter two also with a port (api.internal:8080); may be given
    /// several times. What is public is open anyway.
    #[arg(long = "allow-target", env = "LOGGIA_ALLOW_TARGET", value_delimiter = ',')]
    pub allow_target: Vec<AllowTarget>,
    /// How long what somebody sent stays.
    #[command(flatten)]
    pub history: HistoryOptions,
    /// How mail is sent.
    #[command(flatten)]
    pub mail: MailOptions,
    /// Where things are kept.
    #[command(flatten)]
    pub store: StoreOptions,
}

impl ServeOptions {
    /// The public URL without a trailing slash, given where the server really listens.
    #[must_use]
    pub fn public_url(&self, listening: SocketAddr) -> String {
        let default = || match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => format!("http://127.0.0.1:{}", listening.port()),
            IpAddr::V6(ip) if ip.is_unspecified() => format!("http://[::1]:{}", listening.port()),
            _ => format!("http://{listening}"),
        };
        self.public_url.clone().map_or_else(default, |url| url.trim_end_matches('/').to_owned())
    }

    /// Says what is wrong with the settings.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.redis_url.is_none() || self.store.database_url.is_some(),
            "--redis-url (LOGGIA_REDIS_URL) is for several nodes, which need a database: give --database-url as well"
        );
        let (smtp_url, mail_from) = self.mail.given();
        anyhow::ensure!(
            smtp_url.is_some() == mail_from.is_some(),
            "--smtp-url (LOGGIA_SMTP_URL) and --mail-from (LOGGIA_MAIL_FROM) go together: give both or none"
        );
        for (flag, url) in self
            .public_url
            .iter()
            .map(|url| ("--public-url", url))
            .chain(self.allow_origin.iter().map(|url| ("--allow-origin", url)))
        {
            let uri: axum::http::Uri = url.parse().map_err(|error| anyhow::anyhow!("{flag} {url}: {error}"))?;
            let path_ok = matches!(uri.path(), "" | "/") && uri.query().is_none();
            anyhow::ensure!(
                matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() && path_ok,
                "{flag} {url}: expected http:// or https://, a host, and no path"
            );
        }
        Ok(())
    }
}
