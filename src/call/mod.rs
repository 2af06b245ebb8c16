//! Sending a request for a person: what it is once its variables have their values, where it may go, what came of it.
//!
//! `variables` and `build` are pure: an item with its ancestors and variables becomes an [`Outgoing`]. `guard` says where
//! it may go, and `send` takes it there and answers with a [`Outcome`]. `limits` says how much a person may send, and
//! `threads` which threads do it.

pub mod guard;
pub mod limits;
pub mod send;
pub mod threads;

pub mod build;
mod content;
pub mod variables;

pub use content::Malformed;

pub mod history;
pub mod redact;
pub mod source;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What a request without a `User-Agent` of its own says.
const USER_AGENT: &str = concat!("Loggia/", env!("CARGO_PKG_VERSION"));

/// A request as it goes out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Any token of RFC 9110: `GET`, `PROPFIND`.
    pub method: String,
    /// Absolute; path and query go out as they stand here.
    pub url: String,
    /// In order, a name as often as the request has it. Without `Content-Length` and what `send` adds by itself; a `Host`
    /// is the person's own and takes the place of the usual one.
    pub headers: Vec<(String, String)>,
    /// What comes after the head; `None` sends no `Content-Length`.
    pub body: Option<Bytes>,
    /// What needs the server's answer, or another request first.
    pub auth: Option<Handshake>,
    /// What Postman calls `protocolProfileBehavior`.
    pub behavior: Behavior,
}

/// Authentication that can't be written into a request before anything is sent.
#[derive(Clone, Debug)]
pub enum Handshake {
    /// RFC 7616: asked for by a 401, answered by the same request once more.
    Digest {
        /// Whose.
        username: String,
        /// The secret.
        password: String,
    },
    /// RFC 6749, 4.4: a token is fetched first (through the same guard), and put into the request.
    ClientCredentials {
        /// Where.
        token_url: String,
        /// Who.
        client_id: String,
        /// The secret.
        client_secret: String,
        /// What for.
        scope: Option<String>,
        /// Further fields of the form: `audience`, `resource`.
        fields: Vec<(String, String)>,
        /// Identifies itself by HTTP Basic rather than in the form.
        by_header: bool,
        /// Where the token goes.
        placed: Placed,
    },
}

/// Where a token goes.
#[derive(Clone, Debug)]
pub enum Placed {
    /// `Authorization: PREFIX TOKEN`.
    Header {
        /// Usually `Bearer`.
        prefix: String,
    },
    /// `?access_token=TOKEN`.
    Query,
}

/// What Postman calls `protocolProfileBehavior`, of it what concerns a server. Defaults are Postman's.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// 3xx with a `Location` are followed.
    pub follow_redirects: bool,
    /// 301 and 302 keep the method.
    pub follow_original_method: bool,
    /// `Authorization` goes along to another host.
    pub follow_authorization: bool,
    /// At most so many.
    pub max_redirects: usize,
    /// A certificate has to be good.
    pub strict_ssl: bool,
    /// Cookies are neither sent nor kept.
    pub disable_cookies: bool,
    /// Headers that nothing may add by itself, in lower case: `accept-encoding`.
    pub disabled_headers: BTreeSet<String>,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            follow_redirects: true,
            follow_original_method: false,
            follow_authorization: false,
            max_redirects: 10,
            strict_ssl: true,
            disable_cookies: false,
            disabled_headers: BTreeSet::new(),
        }
    }
}

/// What came of a request that was answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SentOutcome)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    /// Its words as the server wrote them, else the usual ones.
    pub reason: String,
    /// `1.0` or `1.1`.
    pub http_version: String,
    /// The URL that answered, after redirects.
    pub url: String,
    /// In order, as they came.
    pub headers: Vec<Header>,
    /// What came after the head, decoded from its `Content-Encoding`.
    pub body: Body,
    /// How long it took.
    pub timings: Timings,
    /// How much came.
    pub sizes: Sizes,
    /// Each redirect that was followed: its status and where it led.
    pub redirects: Vec<Redirect>,
}

/// A header line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Header {
    /// Before the colon.
    pub name: String,
    /// After it; what is not UTF-8 is replaced.
    pub value: String,
}

/// A body in an answer of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SentBody)]
pub struct Body {
    /// `Content-Type` without parameters; empty when there was none.
    pub media_type: String,
    /// The text, when it is text in a charset that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Else the bytes in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Why it is not whole: `too_large` (the rest was not read), `interrupted`, `undecodable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

/// Why a body is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// More than may be kept: the rest was not read.
    TooLarge,
    /// The connection ended first, the chunks were broken, or the length was a lie.
    Interrupted,
    /// It took longer than it may.
    TimedOut,
    /// The bytes are not what `Content-Encoding` says; they are given as they came.
    Undecodable,
}

/// Of the last request in a chain of redirects, in milliseconds; `None`: it was not needed (an address, no TLS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timings {
    /// Looking up the name.
    pub dns_ms: Option<f64>,
    /// TCP.
    pub connect_ms: Option<f64>,
    /// TLS.
    pub tls_ms: Option<f64>,
    /// From the request's last byte to the first of the answer.
    pub first_byte_ms: f64,
    /// From that to the last.
    pub download_ms: f64,
    /// Of everything, redirects and handshakes included.
    pub total_ms: f64,
}

/// In bytes, as they came over the wire but for TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sizes {
    /// The answer's head.
    pub head: u64,
    /// Its body, encoded.
    pub body: u64,
    /// Its body, decoded, as far as it is kept.
    pub decoded: u64,
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where to.
    pub location: String,
}
