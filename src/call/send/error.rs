//! Why a request has no answer.

use super::super::guard::address::Rule;

/// Why a request has no answer. What each says is for the person who sent the request, and names no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It can't be read.
    #[error("the URL is not valid: {reason}")]
    InvalidUrl {
        /// What is wrong.
        reason: String,
    },
    /// Not a token.
    #[error("the method {method:?} is not valid: it must be letters, digits and !#$%&'*+-.^_`|~")]
    InvalidMethod {
        /// As it was given, its beginning.
        method: String,
    },
    /// A name that is no token, or a value with a line break or another control character.
    #[error("the header {name:?} is not valid: {reason}")]
    InvalidHeader {
        /// As it was given, its beginning.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Requests don't go there.
    #[error("requests may not be sent to {host} (rule: {})", rule.name())]
    TargetRefused {
        /// As the URL has it.
        host: String,
        /// Which.
        rule: Rule,
    },
    /// There is no such name, or it leads where requests don't go: the two look alike.
    #[error("{host} was not found, or has no address that requests may be sent to")]
    NameNotFound {
        /// Which.
        host: String,
    },
    /// Nobody listens there.
    #[error("{target} refused the connection")]
    ConnectionRefused {
        /// Host and port.
        target: String,
    },
    /// No way there, or it was cut before anything was sent.
    #[error("no connection to {target}")]
    ConnectionFailed {
        /// Host and port.
        target: String,
    },
    /// No TLS, or a certificate that isn't good.
    #[error("TLS with {host} failed: {reason}")]
    TlsFailed {
        /// Which.
        host: String,
        /// In the words of the TLS library.
        reason: String,
    },
    /// Too slow.
    #[error("it took too long ({stage})")]
    TimedOut {
        /// What took long.
        stage: &'static str,
    },
    /// It closed before it answered.
    #[error("the server closed the connection before it answered")]
    ConnectionClosed,
    /// What came is no HTTP answer.
    #[error("the answer is not valid HTTP: {reason}")]
    BadResponse {
        /// What is wrong.
        reason: &'static str,
    },
    /// It leads on and on.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// How many were followed.
        limit: usize,
    },
    /// `Location` leads nowhere.
    #[error("the redirect's Location is not a URL: {location}")]
    BadRedirect {
        /// As it came, its beginning.
        location: String,
    },
    /// The server asks for a way of digest that isn't known here.
    #[error("the server's digest challenge can't be answered: {reason}")]
    DigestUnsupported {
        /// What is wrong.
        reason: &'static str,
    },
    /// No token was given out.
    #[error("the token was not given out: {reason}")]
    TokenRefused {
        /// The status and what the token's server says.
        reason: String,
    },
}

impl SendError {
    /// As clients know it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "invalid_url",
            Self::InvalidMethod { .. } => "invalid_method",
            Self::InvalidHeader { .. } => "invalid_header",
            Self::TargetRefused { .. } => "target_refused",
            Self::NameNotFound { .. } => "name_not_found",
            Self::ConnectionRefused { .. } => "connection_refused",
            Self::ConnectionFailed { .. } => "connection_failed",
            Self::TlsFailed { .. } => "tls_failed",
            Self::TimedOut { .. } => "timed_out",
            Self::ConnectionClosed => "connection_closed",
            Self::BadResponse { .. } => "bad_response",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::BadRedirect { .. } => "bad_redirect",
            Self::DigestUnsupported { .. } => "digest_unsupported",
            Self::TokenRefused { .. } => "token_refused",
        }
    }
}

/// The beginning of a text that may be long.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(200).collect()
}
