//! A person's cookies in a workspace. Whose they are is the caller's to know; here are the rules of RFC 6265.

use crate::config::LARGEST_JAR;
use cookie_store::{Cookie, CookieExpiration, CookieStore, RawCookie};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use url::Url;

/// Bytes of a cookie with its attributes.
const LARGEST_COOKIE: usize = 4_096;
/// Cookies of a jar.
const MOST_COOKIES: usize = 600;
/// Of one site: no server can push out the cookies of all others.
const MOST_OF_A_SITE: usize = 50;

/// Cookies. Those that last until a browser closes last as long as the jar.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    store: CookieStore,
    /// Which was set before which, by its key.
    order: HashMap<[String; 3], usize>,
    /// What answers have said since it was made: each answer's head is bounded, and so are the answers of a send.
    taken: Vec<(Url, String)>,
}

impl Jar {
    /// From what [`Jar::to_json`] made; what has expired is left out.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_json(json: &str) -> anyhow::Result<Self> {
        let cookies: Vec<Cookie<'static>> = serde_json::from_str(json)?;
        let order = cookies.iter().enumerate().map(|(at, cookie)| (key(cookie), at)).collect();
        let store = CookieStore::from_cookies(cookies.into_iter().map(Ok::<_, serde_json::Error>), false)?;
        Ok(Self { store, order, taken: Vec::new() })
    }

    /// All that has not expired, what was set last at the end; without the oldest, as far as they are more than
    /// [`LARGEST_JAR`].
    ///
    /// # Errors
    /// None that is known.
    pub fn to_json(&self) -> anyhow::Result<String> {
        let mut cookies: Vec<_> =
            self.store.iter_unexpired().map(|cookie| (self.order.get(&key(cookie)), cookie)).collect();
        cookies.sort_by_key(|(at, _)| *at);
        let texts = cookies.iter().map(|(_, cookie)| serde_json::to_string(cookie)).collect::<Result<Vec<_>, _>>()?;
        let mut size = 1;
        let fits = |text: &&String| {
            size += text.len() + 1;
            size <= LARGEST_JAR
        };
        let kept = texts.iter().rev().take_while(fits).count();
        Ok(format!("[{}]", texts[texts.len() - kept..].join(",")))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.iter_unexpired().next().is_none()
    }

    /// The value of `Cookie` for a URL: the request's own, then those of the jar with other names, the longest path first.
    pub(super) fn header(&self, url: &Url, own: Option<&str>) -> Option<String> {
        let own = own.map(str::trim).filter(|own| !own.is_empty());
        let names: HashSet<&str> = own
            .into_iter()
            .flat_map(|own| own.split(';'))
            .filter_map(|pair| pair.split('=').next())
            .map(str::trim)
            .collect();
        let mut fitting = self.store.matches(url);
        fitting.sort_by_key(|cookie| {
            let path: &str = &cookie.path;
            (std::cmp::Reverse(path.len()), key(cookie))
        });
        let kept = fitting.iter().map(|cookie| cookie.name_value()).filter(|(name, _)| !names.contains(name));
        let pairs: Vec<_> = own
            .map(Cow::Borrowed)
            .into_iter()
            .chain(kept.map(|(name, value)| format!("{name}={value}").into()))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// What answers have said since it was made, in order.
    #[must_use]
    pub fn taken(&self) -> &[(Url, String)] {
        &self.taken
    }

    /// Takes what an answer sets; what breaks a rule is left out.
    pub fn take(&mut self, url: &Url, line: &str) {
        self.taken.push((url.clone(), line.to_owned()));
        if line.len() > LARGEST_COOKIE || line.contains(|c: char| c.is_control() && c != '\t') {
            return;
        }
        let Ok(mut cookie) = RawCookie::parse(line.to_owned()) else { return };
        // Who can't be trusted to have come over TLS sets nothing for it, nor with a name that promises that.
        let promised = cookie.name().starts_with("__Secure-") || cookie.name().starts_with("__Host-");
        if cookie.secure() != Some(true) && promised || cookie.secure() == Some(true) && url.scheme() != "https" {
            return;
        }
        if cookie.name().starts_with("__Host-") && (cookie.domain().is_some() || cookie.path() != Some("/")) {
            return;
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if let Some(domain) = cookie.domain().map(|domain| domain.trim_start_matches('.').to_ascii_lowercase())
            && is_shared(&domain)
        {
            // A cookie for all of co.uk would go to everybody's servers there.
            if domain != host {
                return;
            }
            cookie.unset_domain();
        }
        let Ok(cookie) = Cookie::try_from_raw_cookie(&cookie, url).map(Cookie::into_owned) else { return };
        let key = key(&cookie);
        if self.store.insert(cookie, url).is_ok() {
            let last = self.order.values().max().map_or(0, |last| last + 1);
            self.order.insert(key, last);
            let own = site(&host).to_owned();
            self.shrink(MOST_OF_A_SITE, |cookie| site(&String::from(&cookie.domain)) == own);
            self.shrink(MOST_COOKIES, |_| true);
        }
    }

    /// Forgets those that end first while there are too many of a kind.
    fn shrink(&mut self, most: usize, kind: impl Fn(&Cookie<'_>) -> bool) {
        let mut cookies: Vec<_> =
            self.store.iter_any().filter(|cookie| kind(cookie)).map(|cookie| (end(cookie), key(cookie))).collect();
        let excess = cookies.len().saturating_sub(most);
        cookies.sort();
        for (_, [domain, path, name]) in cookies.iter().take(excess) {
            self.store.remove(domain, path, name);
        }
    }
}

/// In seconds since 1970; those without an end are the last.
fn end(cookie: &Cookie<'_>) -> i64 {
    match cookie.expires {
        CookieExpiration::AtUtc(end) => end.unix_timestamp(),
        CookieExpiration::SessionEnd => i64::MAX,
    }
}

/// The registrable domain of a host, or the host.
fn site(host: &str) -> &str {
    if host.parse::<IpAddr>().is_ok() { host } else { psl::domain_str(host).unwrap_or(host) }
}

/// Domain, path, name.
fn key(cookie: &Cookie<'_>) -> [String; 3] {
    [String::from(&cookie.domain), String::from(&cookie.path), cookie.name().to_owned()]
}

/// Whether people who have nothing to do with each other have names below this one.
fn is_shared(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.');
    domain.parse::<IpAddr>().is_err() && psl::suffix_str(domain).is_some_and(|suffix| suffix == domain)
}
