//! The browser app, as it was compiled in: the same bytes for everybody.

use super::{App, is_known};
use crate::workspace::problem::{Code, Problem};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::sync::{Arc, OnceLock};

include!(concat!(env!("OUT_DIR"), "/app.rs"));

/// Nothing but the app's own files runs and styles it, and nothing goes to another host. Pictures may also be bytes that
/// the app holds: what a request was answered with.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
/// The frame that people's scripts run in. It is of no origin, so it may run what it likes: nothing is within its reach.
/// Shown in a page of ours alone.
const SANDBOX_POLICY: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; \
    worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/// Files whose names change with what is in them.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Kept, and asked after each time.
const ASKED: &str = "no-cache";
const PAGE: &str = "/index.html";
const SANDBOX: &str = "/sandbox.html";
const MISSING: &str = "This server was built without its browser app; the API under /v1 is here, described at \
    /openapi.json.\nTo have the app: install Node.js (20.19 or newer) with npm, and build the server again without \
    LOGGIA_SKIP_WEB.\n";

/// One file of the app.
struct File {
    path: &'static str,
    /// Whether `bytes` are compressed.
    brotli: bool,
    bytes: &'static [u8],
    /// Decompressed, for who does not understand that.
    plain: OnceLock<Bytes>,
    etag: OnceLock<String>,
}

impl File {
    #[cfg_attr(not(loggia_app), allow(dead_code, reason = "there are no files"))]
    const fn new(path: &'static str, brotli: bool, bytes: &'static [u8]) -> Self {
        Self { path, brotli, bytes, plain: OnceLock::new(), etag: OnceLock::new() }
    }

    fn find(path: &str) -> Option<&'static Self> {
        FILES.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| &FILES[index])
    }

    fn kind(&self) -> &'static str {
        match self.path.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" => "application/json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "woff2" => "font/woff2",
            "wasm" => "application/wasm",
            _ => "application/octet-stream",
        }
    }

    fn plain(&self) -> Bytes {
        if !self.brotli {
            return Bytes::from_static(self.bytes);
        }
        let decompress = || {
            let mut plain = Vec::new();
            let read = brotli_decompressor::Decompressor::new(self.bytes, 4096).read_to_end(&mut plain);
            read.map(|_| plain.into()).unwrap_or_else(|error| {
                tracing::error!(path = self.path, %error, "a file of the app is broken");
                Bytes::new()
            })
        };
        self.plain.get_or_init(decompress).clone()
    }

    /// Weak: it is the same file, compressed or not.
    fn etag(&self) -> &str {
        self.etag.get_or_init(|| format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(self.bytes)[..12])))
    }

    fn answer(&self, asked: &HeaderMap, cache: &'static str, policy: Option<&'static str>) -> Response {
        let compressed = self.brotli && accepts_brotli(asked);
        let mut response = match is_known(asked, self.etag()) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false if compressed => Response::new(Body::from(self.bytes)),
            false => Response::new(Body::from(self.plain())),
        };
        let known = response.status() == StatusCode::NOT_MODIFIED;
        let mut set = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
        set(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        set(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(self.etag()) {
            set(header::ETAG, etag);
        }
        if let Some(policy) = policy {
            set(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        if !known {
            set(header::CONTENT_TYPE, HeaderValue::from_static(self.kind()));
            if compressed {
                set(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
            }
        }
        response
    }
}

/// Whether an `Accept-Encoding` names it, and not to refuse it.
fn accepts_brotli(asked: &HeaderMap) -> bool {
    let accepts = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse().ok());
        is_it && weight.unwrap_or(1.0_f32) > 0.0
    })
}

/// The page at each of the app's addresses, and what it loads.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(page))
        .route("/account", get(page))
        .route("/sign-in", get(page))
        .route("/w/{*rest}", get(page))
        .route(SANDBOX, get(sandbox))
        .route("/assets/{*name}", get(asset))
}

async fn page(headers: HeaderMap) -> Response {
    match File::find(PAGE) {
        Some(file) => file.answer(&headers, ASKED, Some(PAGE_POLICY)),
        None => {
            ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")], MISSING).into_response()
        }
    }
}

async fn sandbox(headers: HeaderMap) -> Result<Response, Problem> {
    Ok(File::find(SANDBOX).ok_or(Code::NotFound)?.answer(&headers, ASKED, Some(SANDBOX_POLICY)))
}

async fn asset(request: Request) -> Result<Response, Problem> {
    Ok(File::find(request.uri().path()).ok_or(Code::NotFound)?.answer(request.headers(), FOREVER, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_paths() {
        assert!(FILES.is_sorted_by_key(|file| file.path), "a search relies on it");
        for file in &FILES {
            assert_eq!(File::find(file.path).map(|found| found.path), Some(file.path));
            assert_eq!(file.plain().is_empty(), file.bytes.is_empty(), "{} can be decompressed", file.path);
        }
        assert!(File::find("/no-such-file").is_none());
    }

    #[test]
    fn brotli_is_accepted_by_its_name_alone() {
        for (accepts, expected) in [
            ("br", true),
            ("gzip, deflate, br, zstd", true),
            ("gzip;q=0.5, BR;q=0.8", true),
            ("br;q=0", false),
            ("br; q=0.0, gzip", false),
            ("gzip", false),
            ("brotli", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepts))]);
            assert_eq!(accepts_brotli(&headers), expected, "{accepts:?}");
        }
        assert!(!accepts_brotli(&HeaderMap::new()));
    }
}
