//! Digest authentication (RFC 7616): MD5, SHA-256, both also with `-sess`; quality of protection `auth`, or none as in
//! RFC 2069. MD5 is broken, and what many servers know.

use super::error::SendError;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What a 401 asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// The algorithm in the server's words; it is repeated.
    algorithm_name: Option<String>,
    /// Whether `auth` is offered; otherwise there is no quality of protection.
    qop: bool,
    /// The secrets were right, and the nonce too old.
    pub(super) stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5 { session: bool },
    Sha256 { session: bool },
}

/// Who asks for what.
pub(super) struct Asked<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) uri: &'a str,
    /// How often the nonce was used, this time included.
    pub(super) count: u32,
    /// Ours, never the same.
    pub(super) cnonce: &'a str,
}

impl Challenge {
    /// The strongest that is known here, of all that the answer has.
    ///
    /// # Errors
    /// There are some, and none is known.
    pub(super) fn strongest<'a>(values: impl Iterator<Item = &'a str>) -> Result<Option<Self>, SendError> {
        let mut best: Option<Self> = None;
        let mut refused = None;
        for parameters in values.flat_map(digests) {
            match Self::of(&parameters) {
                Ok(one) if best.as_ref().is_none_or(|best| one.is_stronger(best)) => best = Some(one),
                Ok(_) => {}
                Err(reason) => refused = Some(SendError::DigestUnsupported { reason }),
            }
        }
        match (best, refused) {
            (None, Some(refused)) => Err(refused),
            (best, _) => Ok(best),
        }
    }

    fn is_stronger(&self, other: &Self) -> bool {
        matches!((self.algorithm, other.algorithm), (Algorithm::Sha256 { .. }, Algorithm::Md5 { .. }))
    }

    fn of(parameters: &[(String, String)]) -> Result<Self, &'static str> {
        let value = |name: &str| parameters.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone());
        let algorithm_name = value("algorithm");
        let algorithm = match algorithm_name.as_deref().unwrap_or("MD5").to_ascii_lowercase().as_str() {
            "md5" => Algorithm::Md5 { session: false },
            "md5-sess" => Algorithm::Md5 { session: true },
            "sha-256" => Algorithm::Sha256 { session: false },
            "sha-256-sess" => Algorithm::Sha256 { session: true },
            _ => return Err("it asks for an algorithm other than MD5, MD5-sess, SHA-256 and SHA-256-sess"),
        };
        let offered = value("qop");
        let qop =
            offered.as_deref().is_some_and(|qop| qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")));
        if !qop && offered.is_some_and(|qop| !qop.trim().is_empty()) {
            return Err("it asks for a quality of protection other than auth");
        }
        Ok(Self {
            realm: value("realm").unwrap_or_default(),
            nonce: value("nonce").ok_or("it has no nonce")?,
            opaque: value("opaque"),
            algorithm,
            algorithm_name,
            qop,
            stale: value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    fn hash(&self, text: &str) -> String {
        match self.algorithm {
            Algorithm::Md5 { .. } => hexadecimal(&Md5::digest(text)),
            Algorithm::Sha256 { .. } => hexadecimal(&Sha256::digest(text)),
        }
    }

    /// The value of `Authorization`.
    pub(super) fn answer(&self, asked: &Asked<'_>) -> String {
        let Asked { username, password, method, uri, count, cnonce } = asked;
        let Self { realm, nonce, .. } = self;
        let session = matches!(self.algorithm, Algorithm::Md5 { session: true } | Algorithm::Sha256 { session: true });
        let mut secret = self.hash(&format!("{username}:{realm}:{password}"));
        if session {
            secret = self.hash(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let what = self.hash(&format!("{method}:{uri}"));
        let between = if self.qop { format!("{nonce}:{count:08x}:{cnonce}:auth") } else { nonce.clone() };
        let response = self.hash(&format!("{secret}:{between}:{what}"));
        let mut line = format!(
            "Digest username={}, realm={}, nonce={}, uri={}",
            quoted(username),
            quoted(realm),
            quoted(nonce),
            quoted(uri)
        );
        let mut add = |text: String| line.push_str(&text);
        if let Some(name) = &self.algorithm_name {
            add(format!(", algorithm={name}"));
        }
        add(format!(", response=\"{response}\""));
        if let Some(opaque) = &self.opaque {
            add(format!(", opaque={}", quoted(opaque)));
        }
        if self.qop {
            add(format!(", qop=auth, nc={count:08x}"));
        }
        if self.qop || session {
            add(format!(", cnonce=\"{cnonce}\""));
        }
        line
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string doesn't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The parameters of each `Digest` in a value of `WWW-Authenticate`, which may have several challenges. Names in lower case.
fn digests(value: &str) -> Vec<Vec<(String, String)>> {
    let mut found: Vec<Vec<(String, String)>> = Vec::new();
    let mut is_digest = false;
    for part in split_outside_quotes(value) {
        let (word, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        // `Scheme name=value` begins a challenge; a word alone is a scheme as well.
        let parameter = if word.contains('=') || rest.trim_start().starts_with('=') {
            part
        } else {
            is_digest = word.eq_ignore_ascii_case("digest");
            if is_digest {
                found.push(Vec::new());
            }
            rest.trim()
        };
        if let (true, Some(last), Some((name, value))) = (is_digest, found.last_mut(), parameter.split_once('=')) {
            last.push((name.trim().to_ascii_lowercase(), unquoted(value.trim())));
        }
    }
    found
}

fn split_outside_quotes(value: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(value[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(value[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let (mut text, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(c);
            escaped = false;
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// The example of RFC 7616, 3.9.1.
    fn answer(algorithm: &str) -> String {
        let challenge = format!(
            "Basic realm=\"a, Digest b\", Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
             algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let challenge = Challenge::strongest([challenge.as_str()].into_iter()).unwrap().unwrap();
        challenge.answer(&Asked {
            username: "Mufasa",
            password: "Circle of Life",
            method: "GET",
            uri: "/dir/index.html",
            count: 1,
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        })
    }

    #[test]
    fn the_examples_of_the_rfc_come_out() {
        assert!(answer("MD5").contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{}", answer("MD5"));
        let sha = "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"";
        assert!(answer("SHA-256").contains(sha), "{}", answer("SHA-256"));
        assert!(answer("SHA-256").contains("qop=auth, nc=00000001"));
    }

    #[test]
    fn the_strongest_is_taken_and_the_unknown_is_named() {
        let one = |algorithm: &str| format!("Digest realm=\"r\", nonce=\"n\", algorithm={algorithm}");
        let (md5, sha, odd) = (one("MD5"), one("SHA-256"), one("SHA-512-256"));
        let best = Challenge::strongest([md5.as_str(), &odd, &sha].into_iter()).unwrap().unwrap();
        assert_eq!(best.algorithm, Algorithm::Sha256 { session: false });
        assert!(Challenge::strongest([odd.as_str()].into_iter()).is_err());
        assert_eq!(Challenge::strongest(["Basic realm=x", "Negotiate"].into_iter()), Ok(None));
    }
}
