//! What is kept of a request that was sent, for who sent it: without secrets, and with as much of the bodies as is
//! worth keeping.

use super::{Body, Header, Outcome, Outgoing, Redirect, Sizes, Timings, redact::Redaction, send::cookies::Jar, source};
use crate::config::{HistoryOptions, LARGEST_KEPT_BODY, RUN_SILENCE_SECONDS};
use crate::id::{EntryId, ItemId};
use crate::protocol::own::{HistoryEntry, Run, Source};
use crate::store::own::{Entry, Keep, Owner, Replaced};
use crate::store::{Store, now_utc, unavailable};
use crate::workspace::problem::{Code, Problem};
use serde::Serialize;
use std::convert::Infallible;
use time::{Duration, OffsetDateTime};
use tokio::time::{MissedTickBehavior, interval};
use url::Url;

/// How often what is old is looked for.
const SWEEP: std::time::Duration = std::time::Duration::from_secs(600);
/// Bytes of a URL that are kept.
const LONGEST_URL: usize = 8 * 1_024;
/// Bytes of a header's value that are kept.
const LONGEST_HEADER: usize = 8 * 1_024;

/// A request that was sent, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The item it was made of, or for.
    pub item: Option<ItemId>,
    /// The item's name, or its own.
    pub name: &'a str,
    /// What it was made of.
    pub source: &'a Source,
    /// As it went out.
    pub request: &'a Outgoing,
    /// The answer, or why there is none: a stable word.
    pub outcome: Result<&'a Outcome, &'a str>,
    /// How long it took, in milliseconds.
    pub total_ms: f64,
}

/// What of a history and of runs is kept, as of now.
#[must_use]
pub fn keep(options: HistoryOptions, most: u32, now: OffsetDateTime) -> Keep {
    Keep { since: now - Duration::days(i64::from(options.history_days)), most }
}

/// Keeps a request that was sent. None for who is no member any more.
///
/// # Errors
/// `unavailable`.
pub async fn keep_entry(
    store: &dyn Store,
    owner: Owner,
    entry: Entry,
    options: HistoryOptions,
) -> Result<Option<HistoryEntry>, Problem> {
    let head = entry.head.clone();
    let keep = keep(options, options.history_entries, head.at);
    let kept = store.add_entry(owner, entry, keep).await.map_err(unavailable)?;
    Ok(kept.then_some(head))
}

/// Lays what answers have set over a person's cookies as they are by now: other requests of that person end meanwhile. When
/// they would be too large together, the oldest go.
///
/// # Errors
/// `not_found` for who is no member any more; `unavailable`.
pub async fn keep_cookies(store: &dyn Store, owner: Owner, taken: &[(Url, String)]) -> Result<(), Problem> {
    if taken.is_empty() {
        return Ok(());
    }
    // Each time another one has come through, so it ends when they do.
    loop {
        let before = store.cookies(owner).await.map_err(unavailable)?;
        let mut jar = match &before {
            Some(json) => Jar::from_json(json).map_err(unavailable)?,
            None => Jar::default(),
        };
        taken.iter().for_each(|(url, line)| jar.take(url, line));
        let after = jar.to_json().map_err(unavailable)?;
        if before.as_ref() == Some(&after) || before.is_none() && jar.is_empty() {
            return Ok(());
        }
        match store.replace_cookies(owner, before, after).await.map_err(unavailable)? {
            Replaced::Done => return Ok(()),
            Replaced::Changed => {}
            Replaced::NoMember => return Err(Code::NotFound.into()),
        }
    }
}

/// Deletes what is older than is kept and what nobody owns any more, and ends runs that nobody tells of, which it
/// `tell`s their owners, for as long as it is polled.
pub async fn sweep<T: Future<Output = ()>>(
    store: &dyn Store,
    options: HistoryOptions,
    tell: impl Fn(Owner, Run) -> T,
) -> Infallible {
    let mut tick = interval(SWEEP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let unheard_since = now_utc() - Duration::seconds(i64::from(RUN_SILENCE_SECONDS));
        match store.abort_runs(unheard_since).await {
            Ok(aborted) => {
                for (owner, run) in aborted {
                    tell(owner, run).await;
                }
            }
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "runs that were left could not be ended; tried again later"
                );
            }
        }
        loop {
            match store.sweep_own(keep(options, 1, now_utc()).since).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "old history could not be deleted; tried again later");
                    break;
                }
            }
        }
    }
}

/// A request, as it is kept.
#[derive(Serialize)]
struct KeptRequest {
    method: String,
    url: String,
    headers: Vec<Header>,
    body: Option<KeptBody>,
}

/// An answer, as it is kept.
#[derive(Serialize)]
struct KeptResponse {
    status: u16,
    reason: String,
    http_version: String,
    url: String,
    headers: Vec<Header>,
    body: KeptBody,
    timings: Timings,
    sizes: Sizes,
    redirects: Vec<Redirect>,
}

/// A body, as it is kept: text, as far as it goes. What is no text is not kept.
#[derive(Serialize)]
struct KeptBody {
    media_type: String,
    text: Option<String>,
    /// Whether `text` is all that was sent or came.
    whole: bool,
}

/// A request that was sent and has ended now, as it is kept.
///
/// # Errors
/// `unavailable`, of what can't be written; none is known.
pub fn entry(sent: Sent<'_>, redaction: &Redaction) -> Result<Entry, Problem> {
    written(sent, redaction, now_utc()).map_err(|error| unavailable(error.into()))
}

fn written(sent: Sent<'_>, redaction: &Redaction, at: OffsetDateTime) -> serde_json::Result<Entry> {
    let with_handshake = redaction.with(sent.request.auth.as_ref());
    let redaction = &with_handshake;
    let outgoing = sent.request;
    let url = redaction.url(&outgoing.url, LONGEST_URL);
    let media_type = outgoing.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let media_type = media_type.map_or("", |(_, value)| value).split(';').next().unwrap_or_default().trim();
    let body =
        outgoing.body.as_ref().map(|body| kept_body(redaction, media_type, std::str::from_utf8(body).ok(), true));
    let request = KeptRequest {
        method: outgoing.method.clone(),
        url: url.clone(),
        headers: outgoing.headers.iter().map(|(name, value)| kept_header(redaction, name, value)).collect(),
        body,
    };
    let (status, error, size) = match sent.outcome {
        Ok(outcome) => (Some(outcome.status), None, outcome.sizes.body),
        Err(error) => (None, Some(error.to_owned()), 0),
    };
    let head = HistoryEntry {
        id: EntryId::new(),
        at,
        item: sent.item,
        name: redaction.text(sent.name, usize::MAX).0,
        method: outgoing.method.clone(),
        url,
        status,
        error,
        total_ms: sent.total_ms,
        size,
    };
    let response = sent.outcome.ok().map(|outcome| serde_json::to_string(&kept_response(redaction, outcome)));
    let source = serde_json::to_string(&source::kept(sent.source, redaction)?)?;
    Ok(Entry { head, request: serde_json::to_string(&request)?, response: response.transpose()?, source })
}

fn kept_response(redaction: &Redaction, outcome: &Outcome) -> KeptResponse {
    let Body { media_type, text, cut, .. } = &outcome.body;
    let header = |Header { name, value }: &Header| kept_header(redaction, name, value);
    let redirect =
        |one: &Redirect| Redirect { status: one.status, location: redaction.url(&one.location, LONGEST_URL) };
    KeptResponse {
        status: outcome.status,
        reason: redaction.text(&outcome.reason, LONGEST_HEADER).0,
        http_version: outcome.http_version.clone(),
        url: redaction.url(&outcome.url, LONGEST_URL),
        headers: outcome.headers.iter().map(header).collect(),
        body: kept_body(redaction, media_type, text.as_deref(), cut.is_none()),
        timings: outcome.timings,
        sizes: outcome.sizes,
        redirects: outcome.redirects.iter().map(redirect).collect(),
    }
}

fn kept_body(redaction: &Redaction, media_type: &str, text: Option<&str>, whole: bool) -> KeptBody {
    let kept = text.map(|text| redaction.text(text, LARGEST_KEPT_BODY));
    let whole = whole && kept.as_ref().is_some_and(|(_, whole)| *whole);
    KeptBody { media_type: media_type.to_owned(), text: kept.map(|(text, _)| text), whole }
}

fn kept_header(redaction: &Redaction, name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: redaction.header(name, value, LONGEST_HEADER) }
}
