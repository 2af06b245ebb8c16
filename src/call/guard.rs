//! Where a request may go. The URL that is checked is parsed once, by the rules that browsers have (WHATWG), and what is
//! dialled are the addresses that were checked: there is no second look-up, and no proxy.
//!
//! Redirects, token URLs and repeated requests all come through [`Guard::dial`].

pub mod address;
pub mod connect;

use super::limits::Permit;
use super::send::error::SendError;
use crate::config::target::AllowTarget;
use crate::config::{LOOKUPS_AT_ONCE, REFUSED_PORTS};
use address::{Rule, refuses};
use connect::{Connect, Resolve, Stream, SystemResolver, Tcp};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use url::{Host, Url};

/// Names that mean something inside a network only: they, and what is below them.
const LOCAL_NAMES: [&str; 16] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "in-addr.arpa",
    "ip6.arpa",
    "onion",
    "alt",
    "test",
    "invalid",
];
/// Addresses of a name that are tried.
const MOST_TRIED: usize = 6;
/// How long one of several addresses may take.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long the next is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// A connection that is open, and what opening it took.
pub struct Dialled {
    /// To the address that was checked.
    pub stream: Box<dyn Stream>,
    /// Looking up the name; `None`: it was an address.
    pub dns: Option<Duration>,
    /// TCP.
    pub connect: Duration,
}

/// Stands between a request and the network.
#[derive(Clone)]
pub struct Guard {
    allowed: Arc<[AllowTarget]>,
    resolver: Arc<dyn Resolve>,
    connector: Arc<dyn Connect>,
    lookups: Arc<Semaphore>,
    permit: Option<Arc<Permit>>,
}

impl Guard {
    /// Upon the system's resolver and TCP, with the targets that the operator opened.
    #[must_use]
    pub fn system(allowed: Vec<AllowTarget>) -> Self {
        Self::new(allowed, Arc::new(SystemResolver), Arc::new(Tcp))
    }

    /// Upon others.
    #[must_use]
    pub fn new(allowed: Vec<AllowTarget>, resolver: Arc<dyn Resolve>, connector: Arc<dyn Connect>) -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS_AT_ONCE));
        Self { allowed: allowed.into(), resolver, connector, lookups, permit: None }
    }

    /// The same, for one request: its look-ups hold the permit, too, for as long as they last.
    #[must_use]
    pub(super) fn with(&self, permit: Arc<Permit>) -> Self {
        Self { permit: Some(permit), ..self.clone() }
    }

    /// Opens a connection to a URL's host, if a request may go there.
    ///
    /// # Errors
    /// `target_refused` with the rule, when URL alone tells; `name_not_found` both for a name without an address and for
    /// one that leads to a refused address, so that nobody learns which names there are in this network;
    /// `connection_refused`, `connection_failed`, `timed_out`.
    pub async fn dial(&self, url: &Url) -> Result<Dialled, SendError> {
        let begun = Instant::now();
        let (addresses, looked_up) = self.addresses(url).await?;
        let dns = looked_up.then(|| begun.elapsed());
        let connecting = Instant::now();
        let stream = self.connect(url, &addresses).await?;
        Ok(Dialled { stream, dns, connect: connecting.elapsed() })
    }

    /// The addresses of a URL's host, all of them checked, and whether a name was looked up for them.
    async fn addresses(&self, url: &Url) -> Result<(Vec<SocketAddr>, bool), SendError> {
        let refused = |rule| SendError::TargetRefused { host: url.host_str().unwrap_or_default().to_owned(), rule };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(Rule::Scheme));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(SendError::InvalidUrl { reason: "it has no host".into() });
        };
        let port_rule = (!is_open(port)).then_some(Rule::Port);
        match host {
            Host::Ipv4(address) => {
                self.check(address.into(), port, port_rule, false).map_err(refused)?;
                Ok((vec![(address, port).into()], false))
            }
            Host::Ipv6(address) => {
                self.check(address.into(), port, port_rule, false).map_err(refused)?;
                Ok((vec![(address, port).into()], false))
            }
            Host::Domain(domain) => {
                let name = domain.trim_end_matches('.');
                let allowed = self.allowed.iter().any(|target| target.has_name(name, port));
                if !allowed && is_local(name) {
                    return Err(refused(Rule::LocalName));
                }
                // The dot at the end keeps a search list from making another name of it. What the operator named may need
                // one, or be in a hosts file, where names have no dot.
                let found = self.look_up(if allowed { name.to_owned() } else { format!("{name}.") }).await;
                let verdict = |address: &IpAddr| self.check(*address, port, port_rule, allowed);
                // One bad address among good ones refuses all: who is public has no business inside.
                match found.iter().map(verdict).find_map(Result::err) {
                    None if !found.is_empty() => {
                        Ok((found.into_iter().map(|address| (address, port).into()).collect(), true))
                    }
                    // Told alike whether the name is found or not.
                    _ if port_rule.is_some() && !allowed => Err(refused(Rule::Port)),
                    _ => Err(SendError::NameNotFound { host: name.to_owned() }),
                }
            }
        }
    }

    /// Empty when there is none. A look-up that has begun can't be ended: whoever drops this has it run on, and counted for
    /// as long. A person's own wait for one another, and so leave room for those of others.
    async fn look_up(&self, name: String) -> Vec<IpAddr> {
        let own = match &self.permit {
            Some(permit) => permit.look_up().await.ok(),
            None => None,
        };
        let Ok(place) = Arc::clone(&self.lookups).acquire_owned().await else { return Vec::new() };
        let (resolver, permit) = (Arc::clone(&self.resolver), self.permit.clone());
        let looking = tokio::spawn(async move {
            let _held = (own, place, permit);
            resolver.resolve(&name).await.unwrap_or_default()
        });
        looking.await.unwrap_or_default()
    }

    fn check(&self, address: IpAddr, port: u16, port_rule: Option<Rule>, name_allowed: bool) -> Result<(), Rule> {
        // An IPv4 address in IPv6 clothes goes to that address: what is allowed of it is allowed here.
        let allows = |target: &AllowTarget| {
            target.has_address(address, port) || target.has_address(address.to_canonical(), port)
        };
        if self.allowed.iter().any(allows) {
            return Ok(());
        }
        match refuses(address) {
            Some(rule) if !(name_allowed && rule.opens_by_name()) => Err(rule),
            _ => port_rule.filter(|_| !name_allowed).map_or(Ok(()), Err),
        }
    }

    async fn connect(&self, url: &Url, addresses: &[SocketAddr]) -> Result<Box<dyn Stream>, SendError> {
        let target = || {
            let host = url.host_str().unwrap_or_default();
            format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
        };
        let mut failed = SendError::TimedOut { stage: "connecting" };
        let mut waiting = addresses.iter().take(MOST_TRIED).peekable();
        let mut trying = FuturesUnordered::new();
        loop {
            match waiting.next() {
                Some(address) => trying.push(timeout(CONNECT, self.connector.connect(*address))),
                None if trying.is_empty() => return Err(failed),
                None => {}
            }
            let patience = if waiting.peek().is_some() { HEAD_START } else { CONNECT };
            // Whose time is up has the next one begin beside it.
            let Ok(Some(tried)) = timeout(patience, trying.next()).await else { continue };
            failed = match tried {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                    SendError::ConnectionRefused { target: target() }
                }
                Ok(Err(error)) if error.kind() == ErrorKind::TimedOut => SendError::TimedOut { stage: "connecting" },
                Ok(Err(_)) => SendError::ConnectionFailed { target: target() },
                Err(_) => SendError::TimedOut { stage: "connecting" },
            };
        }
    }
}

/// Whether a port is open on what is public.
fn is_open(port: u16) -> bool {
    matches!(port, 80 | 443) || port >= 1_024 && !REFUSED_PORTS.contains(&port)
}

/// Whether a name means something inside a network only.
fn is_local(name: &str) -> bool {
    let below = |local: &&str| name.strip_suffix(*local).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || LOCAL_NAMES.iter().any(below)
}
