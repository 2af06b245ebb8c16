//! The public HTTP interface, as far as setting up takes it. A refusal is told with the step it stopped and what the server
//! said of it.

use anyhow::{Context, bail};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, ETAG, IF_NONE_MATCH, ORIGIN, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// Waits that a busy server may ask for before a call is given up.
const RETRIES: u32 = 5;
/// The longest of these waits.
const LONGEST_WAIT: u64 = 10;

/// One server.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    /// `http://host:port`, without a slash at the end.
    pub(crate) origin: String,
    /// `host:port`.
    pub(crate) authority: String,
    /// What the host's name resolves to.
    pub(crate) address: SocketAddr,
}

/// As whom to call.
#[derive(Clone, Copy)]
pub(crate) enum As<'a> {
    /// With an access token.
    Token(&'a str),
    /// As a browser would, with its cookie.
    Cookie(&'a str),
    /// As nobody.
    Nobody,
}

/// What to send.
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A CSV file.
    Csv(String),
}

/// What was fetched.
pub(crate) struct Fetched {
    /// What it can be asked for again with.
    pub(crate) etag: Option<String>,
    /// The body.
    pub(crate) text: String,
}

/// An answer of success.
pub(crate) struct Answer {
    /// The session cookie it set, as a client sends it back.
    pub(crate) cookie: Option<String>,
    /// The body.
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_str(&self.text).with_context(|| format!("not the expected answer: {:.300}", self.text))
    }
}

impl Api {
    /// The server at `url`, which must be this machine unless `allow_remote`.
    pub(crate) async fn new(url: &str, allow_remote: bool) -> anyhow::Result<Self> {
        let url: reqwest::Url = url.parse().context("--url is not a URL")?;
        if url.scheme() != "http" || url.path() != "/" {
            bail!("--url must be like http://127.0.0.1:8080: plain HTTP, no path");
        }
        let (host, port) = (url.host_str().context("--url has no host")?, url.port_or_known_default().unwrap_or(80));
        let authority = format!("{host}:{port}");
        let addresses: Vec<_> = tokio::net::lookup_host(&authority).await.context("resolving --url")?.collect();
        if !allow_remote && addresses.iter().any(|address| !address.ip().is_loopback()) {
            bail!("{host} is not this machine; load somebody else's only if they agreed, with --allow-remote");
        }
        let address =
            *addresses.iter().find(|address| address.is_ipv4()).or(addresses.first()).context("no address")?;
        // No proxy and no redirect: all traffic goes to the given address.
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .resolve(host, address)
            .build()?;
        Ok(Self { client, origin: url.origin().ascii_serialization(), authority, address })
    }

    /// Reads with an access token; none when it is still what has this `etag`.
    pub(crate) async fn fetch(&self, token: &str, path: &str, etag: Option<&str>) -> anyhow::Result<Option<Fetched>> {
        let mut request = self.client.get(format!("{}{path}", self.origin)).bearer_auth(token);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let answer = request.send().await.with_context(|| format!("reading {path}"))?;
        match answer.status() {
            StatusCode::NOT_MODIFIED => Ok(None),
            StatusCode::OK => {
                let etag = answer.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
                Ok(Some(Fetched { etag, text: answer.text().await? }))
            }
            status => bail!("reading {path}: the server answered {status}"),
        }
    }

    /// Calls; `step` is what a failure is told as.
    pub(crate) async fn call(
        &self,
        step: &str,
        who: As<'_>,
        method: Method,
        path: &str,
        body: Body,
    ) -> anyhow::Result<Answer> {
        self.attempt(who, &method, path, &body).await.with_context(|| format!("{step} ({method} {path})"))
    }

    async fn attempt(&self, who: As<'_>, method: &Method, path: &str, body: &Body) -> anyhow::Result<Answer> {
        let mut tries = 0;
        loop {
            let mut request = self.client.request(method.clone(), format!("{}{path}", self.origin));
            request = match who {
                As::Token(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
                As::Cookie(cookie) => request.header(COOKIE, cookie).header(ORIGIN, &self.origin),
                As::Nobody => request.header(ORIGIN, &self.origin),
            };
            request = match body {
                Body::Empty => request,
                Body::Json(value) => request.header(CONTENT_TYPE, "application/json").body(value.to_string()),
                Body::Csv(text) => request.header(CONTENT_TYPE, "text/csv").body(text.clone()),
            };
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let text = answer.text().await?;
            if status.is_success() {
                let cookies = headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
                let cookie = cookies.filter_map(|cookie| cookie.split(';').next());
                let cookie = cookie.map(str::trim).find(|cookie| cookie.starts_with("loggia_session="));
                return Ok(Answer { cookie: cookie.map(str::to_owned), text });
            }
            let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            if !busy || tries == RETRIES {
                bail!("the server answered {status}: {text:.1000}");
            }
            tries += 1;
            let wait = headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok()).unwrap_or(1_u64);
            tokio::time::sleep(Duration::from_secs(wait.min(LONGEST_WAIT))).await;
        }
    }
}
