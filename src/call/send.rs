//! Sending a request and reading what comes of it. Each goes over a connection of its own, which nobody else's request
//! ever sees; every place it goes to (redirects, token URLs, the same request once more) is asked of the guard first.
//!
//! Nothing but a look-up outlives it: who drops the future of [`Sender::send`] closes the connection.

mod body;
pub mod cookies;
mod decode;
mod digest;
pub mod error;
mod redirect;
mod request;
mod tls;
mod token;
mod wire;

use super::guard::Guard;
use super::limits::Permit;
use super::{Behavior, Handshake, Outcome, Outgoing, Redirect, Sizes, Timings};
use crate::config::target::AllowTarget;
use crate::config::{LARGEST_ANSWER, LARGEST_ANSWER_HEAD, MOST_REDIRECTS, SEND_SECONDS};
use cookies::Jar;
use digest::{Asked, Challenge};
use error::SendError;
use request::Request;
use rustls::RootCertStore;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tls::Tls;
use tokio::time::{Instant, timeout_at};
use wire::{Connection, Head};

/// How much an answer may be, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// From the call to the body's last byte.
    pub total: Duration,
    /// Bytes of a body that are kept, as it came and decoded.
    pub body: usize,
    /// Bytes of a head, with interim ones.
    pub head: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { total: Duration::from_secs(SEND_SECONDS), body: LARGEST_ANSWER, head: LARGEST_ANSWER_HEAD }
    }
}

/// Sends requests. Cloning is cheap; nothing of one send is kept for another.
#[derive(Clone)]
pub struct Sender {
    guard: Guard,
    tls: Tls,
    bounds: Bounds,
}

/// An answer that has begun.
struct Begun {
    connection: Connection,
    head: Head,
    timings: Timings,
    /// When the connection was there and the request began to go out.
    ready: Instant,
}

/// Digest authentication in the course of a send.
struct Digesting<'a> {
    username: &'a str,
    password: &'a str,
    challenge: Option<Challenge>,
    count: u32,
}

impl Sender {
    /// Upon the system's network and trusted certificates, with the targets that the operator opened.
    ///
    /// # Errors
    /// TLS can't be set up.
    pub fn system(allowed: Vec<AllowTarget>) -> anyhow::Result<Self> {
        Self::new(Guard::system(allowed), tls::system_roots(), Bounds::default())
    }

    /// With a guard, certificates to trust, and bounds.
    ///
    /// # Errors
    /// TLS can't be set up.
    pub fn new(guard: Guard, roots: RootCertStore, bounds: Bounds) -> anyhow::Result<Self> {
        Ok(Self { guard, tls: Tls::new(roots)?, bounds })
    }

    /// The same, for one request, whose look-ups hold its permit for as long as they last.
    #[must_use]
    pub fn with(&self, permit: Arc<Permit>) -> Self {
        Self { guard: self.guard.with(permit), ..self.clone() }
    }

    /// Sends a request for a person whose cookies in this workspace are `cookies`; they take what the answers set. Dropped,
    /// it closes the connection.
    ///
    /// # Errors
    /// There is no answer. One that has begun and isn't whole is none: its body says why it is cut.
    pub async fn send(&self, outgoing: Outgoing, cookies: &mut Jar) -> Result<Outcome, SendError> {
        let begun = Instant::now();
        let deadline = begun + self.bounds.total;
        let behavior = &outgoing.behavior;
        let mut request = Request::new(&outgoing)?;
        let mut digesting = None;
        match &outgoing.auth {
            Some(Handshake::ClientCredentials { placed, .. }) => {
                let token = self.token(&outgoing, deadline).await?;
                token::place(&mut request, &token, placed)?;
            }
            Some(Handshake::Digest { username, password }) => {
                request.remove("authorization");
                digesting = Some(Digesting { username, password, challenge: None, count: 0 });
            }
            None => {}
        }
        let most_redirects = behavior.max_redirects.min(MOST_REDIRECTS);
        let mut redirects = Vec::new();
        loop {
            if let Some(value) = digesting.as_mut().and_then(|digesting| digesting.answer(&request)) {
                request.set("Authorization", value);
            }
            let answer = self.begin(&request, behavior, cookies, deadline).await?;
            if !behavior.disable_cookies {
                answer.head.values("set-cookie").for_each(|line| cookies.take(&request.url, line));
            }
            if let Some(digesting) = &mut digesting
                && answer.head.status == 401
                && digesting.is_asked(&answer.head)?
            {
                continue;
            }
            let Some(location) = redirect::location(&answer.head, behavior) else {
                return Ok(self.finish(answer, request, redirects, begun, deadline).await);
            };
            if redirects.len() >= most_redirects {
                return Err(SendError::TooManyRedirects { limit: most_redirects });
            }
            let status = answer.head.status;
            if !redirect::follow(&mut request, status, location, behavior)? {
                digesting = None;
            }
            redirects.push(Redirect { status, location: request.url.to_string() });
        }
    }

    /// Connects, sends, and reads the answer's head.
    async fn begin(
        &self,
        request: &Request,
        behavior: &Behavior,
        cookies: &Jar,
        deadline: Instant,
    ) -> Result<Begun, SendError> {
        let late = |stage| move |_| SendError::TimedOut { stage };
        let dialled = timeout_at(deadline, self.guard.dial(&request.url)).await.map_err(late("connecting"))??;
        let mut stream = dialled.stream;
        let mut timings = Timings {
            dns_ms: dialled.dns.map(milliseconds),
            connect_ms: Some(milliseconds(dialled.connect)),
            ..Timings::default()
        };
        if request.url.scheme() == "https" {
            let begun = Instant::now();
            let host = request.url.host_str().unwrap_or_default();
            let wrapping = self.tls.wrap(stream, host, behavior.strict_ssl);
            stream = timeout_at(deadline, wrapping).await.map_err(late("TLS"))??;
            timings.tls_ms = Some(milliseconds(begun.elapsed()));
        }
        let own = request.value("cookie");
        let line = if behavior.disable_cookies { own.map(str::to_owned) } else { cookies.header(&request.url, own) };
        let ready = Instant::now();
        let head = request.head(line, &behavior.disabled_headers);
        let mut connection = Connection::new(stream, head, request.body.clone());
        let reading = connection.head(request.method == "HEAD", self.bounds.head);
        let head = timeout_at(deadline, reading).await.map_err(late("waiting for the answer"))??;
        Ok(Begun { connection, head, timings, ready })
    }

    /// Reads the body, and tells all of it.
    async fn finish(
        &self,
        mut answer: Begun,
        request: Request,
        redirects: Vec<Redirect>,
        begun: Instant,
        deadline: Instant,
    ) -> Outcome {
        let read = body::read(&mut answer.connection, &answer.head, self.bounds.body, deadline).await;
        let Begun { connection, head, mut timings, ready } = answer;
        timings.first_byte_ms =
            milliseconds(head.first_byte.saturating_duration_since(connection.sent.unwrap_or(ready)));
        timings.download_ms = milliseconds(head.first_byte.elapsed());
        drop(connection);
        timings.total_ms = milliseconds(begun.elapsed());
        let sizes = Sizes { head: head.size, body: read.size, decoded: read.bytes.len() as u64 };
        let body = body::tell(read.bytes, head.value("content-type"), read.cut);
        Outcome {
            status: head.status,
            reason: head.reason,
            http_version: head.version.into(),
            url: request.address(),
            headers: head.headers,
            body,
            timings,
            sizes,
            redirects,
        }
    }

    /// The token for a request; empty when it asks for none. It follows no redirect: a client's secret goes to the
    /// address it is meant for.
    async fn token(&self, outgoing: &Outgoing, deadline: Instant) -> Result<String, SendError> {
        let Some(Handshake::ClientCredentials {
            token_url, client_id, client_secret, scope, fields, by_header, ..
        }) = &outgoing.auth
        else {
            return Ok(String::new());
        };
        let client = token::Client {
            id: client_id,
            secret: client_secret,
            scope: scope.as_deref(),
            fields,
            by_header: *by_header,
        };
        let request = token::request(token_url, &client)?;
        let disabled_headers = BTreeSet::new();
        let behavior = Behavior { disable_cookies: true, disabled_headers, ..outgoing.behavior.clone() };
        let mut answer = self.begin(&request, &behavior, &Jar::default(), deadline).await?;
        let read = body::read(&mut answer.connection, &answer.head, self.bounds.body, deadline).await;
        token::token(answer.head.status, &read.bytes)
    }
}

impl Digesting<'_> {
    /// The value of `Authorization`, once it is known what is asked for.
    fn answer(&mut self, request: &Request) -> Option<String> {
        let challenge = self.challenge.as_ref()?;
        self.count += 1;
        let cnonce = format!("{:032x}", rand::random::<u128>());
        Some(challenge.answer(&Asked {
            username: self.username,
            password: self.password,
            method: &request.method,
            uri: request.target(),
            count: self.count,
            cnonce: &cnonce,
        }))
    }

    /// Whether a 401 asks for something that was not answered yet.
    fn is_asked(&mut self, head: &Head) -> Result<bool, SendError> {
        let Some(challenge) = Challenge::strongest(head.values("www-authenticate"))? else { return Ok(false) };
        // A second time only for a nonce that was too old, and no third.
        let again = match &self.challenge {
            None => true,
            Some(before) => challenge.stale && !before.stale,
        };
        if again {
            self.challenge = Some(challenge);
            self.count = 0;
        }
        Ok(again)
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
