//! Takes secrets out of what is kept: values that are known to be secret, wherever and however they are written, and
//! what stands where secrets usually do.

mod written;

use super::Handshake;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use written::{ESCAPES, Pattern, is_base64, meant, patterns_of, written};

/// What stands in place of a secret, however long that is.
pub const REDACTED: &str = "••••";

/// Headers, variables and fields of a query with one of these in their name hold secrets, whatever stands in them.
const TELLING: [&str; 7] = ["authorization", "cookie", "apikey", "token", "secret", "password", "signature"];
/// Names that have one of these in them and say something about a secret.
const OPEN_NAMES: [&str; 10] = [
    "tokenurl",
    "accesstokenurl",
    "refreshtokenurl",
    "addtokento",
    "tokenname",
    "tokentype",
    "tokenrequestparams",
    "refreshrequestparams",
    "signaturemethod",
    "issecretbase64encoded",
];

/// The values to be taken out.
#[derive(Clone, Default)]
pub struct Redaction {
    /// None is empty.
    secrets: Arc<[String]>,
    /// By the first character, so that a text is gone through once and not once for each: most texts are long.
    patterns: Arc<HashMap<char, Vec<Pattern>>>,
    /// A bit for each ASCII character that one begins with, as it is or escaped: most of a text is passed by this alone.
    begins: u128,
}

impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redaction of {}", self.secrets.len())
    }
}

impl Redaction {
    /// Of these values. Empty ones are nothing, nor is the name of a variable that has no value.
    #[must_use]
    pub fn of(secrets: impl IntoIterator<Item = String>) -> Self {
        let secrets: BTreeSet<String> = secrets.into_iter().filter(|secret| !is_open(secret)).collect();
        let mut patterns: HashMap<char, Vec<Pattern>> = HashMap::new();
        for pattern in secrets.iter().flat_map(|secret| patterns_of(secret)) {
            let first = pattern.text.chars().next().unwrap_or_default();
            patterns.entry(first).or_default().push(pattern);
        }
        let escapes = ESCAPES.iter().filter(|_| !patterns.is_empty());
        let begins = patterns.keys().chain(escapes).filter(|c| c.is_ascii()).fold(0, |set, c| set | 1 << u32::from(*c));
        Self { secrets: secrets.into_iter().collect(), patterns: Arc::new(patterns), begins }
    }

    /// And of the secrets of a handshake.
    pub(super) fn with(&self, handshake: Option<&Handshake>) -> Self {
        let secret = match handshake {
            Some(Handshake::Digest { password, .. }) => password.clone(),
            Some(Handshake::ClientCredentials { client_secret, .. }) => client_secret.clone(),
            None => return self.clone(),
        };
        Self::of(self.secrets.iter().cloned().chain([secret]))
    }

    /// A text without secrets, of about `most` bytes at most, and whether that is all of it.
    #[must_use]
    pub fn text(&self, text: &str, most: usize) -> (String, bool) {
        let mut out = String::with_capacity(text.len().min(most));
        let mut rest = text;
        loop {
            let plain = rest.find(|c| self.may_begin_with(c)).unwrap_or(rest.len());
            let room = plain.min(most.saturating_sub(out.len()));
            let fits = (0..=room).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or_default();
            out.push_str(&rest[..fits]);
            if fits < plain {
                return (out, false);
            }
            rest = &rest[plain..];
            let Some(next) = rest.chars().next() else { return (out, true) };
            if out.len() + next.len_utf8() > most {
                return (out, false);
            }
            match self.found(rest) {
                Some((length, before)) => {
                    if before && out.ends_with(is_base64) {
                        out.pop();
                    }
                    out.push_str(REDACTED);
                    rest = &rest[self.reach(rest, length)..];
                }
                None => {
                    out.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
    }

    fn may_begin_with(&self, c: char) -> bool {
        if c.is_ascii() { self.begins >> u32::from(c) & 1 == 1 } else { !self.patterns.is_empty() }
    }

    /// The length of the longest secret that a text begins with, and whether the character before it is a part of it.
    fn found(&self, text: &str) -> Option<(usize, bool)> {
        let length = |pattern: &Pattern| {
            let length = written(text, &pattern.text)?;
            let end = text[length..].find(|c| !is_base64(c)).unwrap_or(text.len() - length).min(1);
            Some((length + if pattern.ends.1 { end } else { 0 }, pattern.ends.0))
        };
        // As it stands, and what it means when it is escaped.
        let firsts = [text.chars().next(), meant(text).map(|(meant, _)| meant)];
        let fitting = firsts.iter().flatten().filter_map(|first| self.patterns.get(first)).flatten();
        fitting.filter_map(length).max()
    }

    /// How far what a text begins with reaches together with the secrets that begin within it.
    fn reach(&self, text: &str, length: usize) -> usize {
        let (mut end, mut at) = (length, 0);
        while at < end {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            if at < end
                && let Some((length, _)) = self.found(&text[at..])
            {
                end = end.max(at + length);
            }
        }
        end
    }

    /// Whether something of it is secret.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.text(text, usize::MAX).0 != text
    }

    /// A URL without secrets, without who it signs in, and without what a query's telling names hold.
    #[must_use]
    pub fn url(&self, url: &str, most: usize) -> String {
        let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
        let (place, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let mut shown = match place.find("://").map(|at| at + 3) {
            Some(start) => {
                let end = place[start..].find(['/', '\\']).map_or(place.len(), |length| start + length);
                match place[start..end].rfind('@') {
                    Some(at) if !is_open(&place[start..start + at]) => {
                        format!("{}{REDACTED}{}", &place[..start], &place[start + at..])
                    }
                    _ => place.to_owned(),
                }
            }
            None => place.to_owned(),
        };
        for (index, field) in query.split('&').enumerate() {
            shown.push_str(if index == 0 { "" } else { "&" });
            match field.split_once('=') {
                Some((name, value)) if is_telling(name) && !is_open(value) => shown.extend([name, "=", REDACTED]),
                _ => shown.push_str(field),
            }
        }
        self.text(&(shown + fragment), most).0
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str, value: &str, most: usize) -> String {
        match name.to_ascii_lowercase().as_str() {
            name if is_telling(name) && !is_open(value) => REDACTED.to_owned(),
            "location" | "content-location" | "referer" | "link" => self.url(value, most),
            _ => self.text(value, most).0,
        }
    }
}

/// Whether a value is nothing but variables that have no value yet, perhaps with a scheme (`Bearer {{token}}`): what stands
/// there says no secret.
pub(super) fn is_open(value: &str) -> bool {
    const SCHEMES: [&str; 6] = ["", "bearer", "basic", "token", "apikey", "digest"];
    let (mut between, mut copied) = (String::new(), 0);
    for (start, end) in super::variables::tokens(value) {
        between.push_str(&value[copied..start]);
        copied = end;
    }
    between.push_str(&value[copied..]);
    let scheme = between.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | ';' | ','));
    (copied > 0 || value.is_empty()) && SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
}

/// Whether a name says that what it stands for is secret.
#[must_use]
pub fn is_telling(name: &str) -> bool {
    let letters = |c: &char| c.is_ascii_alphanumeric();
    let name: String = name.chars().filter(letters).map(|c| c.to_ascii_lowercase()).collect();
    TELLING.iter().any(|word| name.contains(word)) && !OPEN_NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, prelude::BASE64_STANDARD};

    fn taken_out(secret: &str, text: &str) -> String {
        Redaction::of([secret.to_owned()]).text(text, 1_000).0
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        assert_eq!(taken_out("s3c", "a s3c b s3cs3c"), "a •••• b ••••••••");
        for text in ["a b/é\"", "a+b%2Fé%22", "a%20b%2f%C3%A9%22", "a b\\/\\u00e9\\\"", "a+b/%c3%a9\\u0022"] {
            assert_eq!(taken_out("a b/é\"", text), REDACTED, "{text}");
        }
        assert_eq!(taken_out("\u{1F511}\n", "x\\uD83D\\uDD11\\n"), "x••••");
        for text in ["%C3%A9x", "\\u00e9x", "%c3%a9%78", "\u{e9}%78"] {
            assert_eq!(taken_out("\u{e9}x", text), REDACTED, "{text}");
        }
        assert_eq!(taken_out(" x", "+x%20x\\u0020x"), "••••••••••••");
        assert_eq!(taken_out("\u{1F511}x", "%F0%9F%94%91x \\ud83d\\udd11x"), "•••• ••••");
        assert_eq!(taken_out("%41", "%41 A %2541"), "•••• A ••••");
        assert_eq!(taken_out("a\\b", r"a\b a\\b"), "•••• ••••");
        assert_eq!(taken_out("ab", "a%6"), "a%6");
        assert_eq!(taken_out("ab", "a%"), "a%");
        assert_eq!(taken_out("\u{e9}", "%C3"), "%C3");
        assert_eq!(taken_out("", "ab"), "ab");
        assert_eq!(taken_out("{{ab}}", "{{ab}}"), "{{ab}}");
    }

    #[test]
    fn a_secret_in_another_is_taken_out_with_it() {
        let redaction = Redaction::of(["abc".to_owned(), "abcdef".to_owned()]);
        assert_eq!(redaction.text("abcdef abc", 1_000).0, "•••• ••••");
    }

    #[test]
    fn secrets_that_share_a_part_are_taken_out_as_one() {
        let redaction = Redaction::of(["abcdef", "defghi", "hijk"].map(str::to_owned));
        assert_eq!(redaction.text("xabcdefghijkl", 1_000).0, "x••••l");
        assert_eq!(redaction.text("xabcdefghix", 1_000).0, "x••••x");
    }

    #[test]
    fn a_secret_is_found_in_base64() {
        let secret = "correct horse";
        for before in ["", "u", "me", "bob", "long-name@host.com"] {
            for after in ["", ":", "::", " and more"] {
                let plain = [before, if before.is_empty() { "" } else { ":" }, secret, after].concat();
                for engine in [BASE64_STANDARD, base64::prelude::BASE64_URL_SAFE] {
                    let text = format!("<{}>", engine.encode(&plain));
                    let shown = taken_out(secret, &text);
                    let left = shown.split(REDACTED).map(|part| part.trim_matches(['<', '>', '=']).len()).max();
                    assert!(shown.contains(REDACTED), "{plain}: {shown}");
                    let around = (before.len() + 1).max(after.len()) * 4 / 3 + 1;
                    assert!(left.is_some_and(|left| left <= around), "{plain}: {shown}");
                }
            }
        }
        assert_eq!(taken_out("s3cret", "a czNjcmV0 b"), "a •••• b");
        assert_eq!(taken_out("s3cret!", "a czNjcmV0IQ== b"), "a •••• b");
        assert_eq!(taken_out("s3cret!", "a czNjcmV0IQ%3D%3D b"), "a •••• b");
        assert_eq!(taken_out("p\u{e4}ssword", "Basic bWU6cMOkc3N3b3Jk"), "Basic bWU6••••");
        assert_eq!(taken_out("ab", "YWJz is a word"), "YWJz is a word", "too short to be told from chance");
        let both = Redaction::of(["horse".to_owned(), "correct horse".to_owned()]);
        assert_eq!(both.text("correct horse, Y29ycmVjdCBob3JzZQ==", 1_000).0, "••••, ••••");
    }

    #[test]
    fn what_is_a_variable_still_is_no_secret() {
        let redaction = Redaction::of(["k1".to_owned()]);
        for open in ["Bearer {{token}}", "{{a}}:{{b}}", "{{$guid}}", "Basic {{k}}", ""] {
            assert_eq!(redaction.header("Authorization", open, 99), open);
        }
        for closed in ["Bearer abc", "{{a}}x", "Bearer {{a}}b", "Bearer", "{{", "{{}"] {
            assert_eq!(redaction.header("Authorization", closed, 99), REDACTED, "{closed}");
        }
        let url = "https://{{user}}:{{password}}@{{host}}/?token={{token}}&api_key=z&k={{k1}}";
        let shown = "https://{{user}}:{{password}}@{{host}}/?token={{token}}&api_key=••••&k={{••••}}";
        assert_eq!(redaction.url(url, 1_000), shown);
    }

    #[test]
    fn a_text_is_cut_after_secrets_are_taken_out() {
        let redaction = Redaction::of(["secret".to_owned()]);
        assert_eq!(redaction.text("abcsecret", 6), ("abc••••".to_owned(), true));
        assert_eq!(redaction.text("éééé", 5), ("éé".to_owned(), false));
    }

    #[test]
    fn a_url_loses_userinfo_and_telling_fields() {
        let redaction = Redaction::of(["k1".to_owned()]);
        let url = "https://me:p@ss@host/k1/p@th?access_token=t&q=k1&X-Api-Key=z&empty#k1";
        assert_eq!(
            redaction.url(url, 1_000),
            "https://••••@host/••••/p@th?access_token=••••&q=••••&X-Api-Key=••••&empty#••••"
        );
        assert_eq!(redaction.url("not a url", 1_000), "not a url");
        assert_eq!(redaction.url("/next?token=1", 1_000), "/next?token=••••");
    }

    #[test]
    fn telling_headers_lose_their_value() {
        let redaction = Redaction::default();
        for name in ["Authorization", "proxy-authorization", "Cookie", "SET-COOKIE", "X-Api-Key", "X-Auth-Token"] {
            assert_eq!(redaction.header(name, "v", 99), REDACTED, "{name}");
        }
        for name in ["Accept", "Token-Type"] {
            assert_eq!(redaction.header(name, "v", 99), "v", "{name}");
        }
        assert_eq!(redaction.header("Location", "https://a:b@c/", 99), "https://••••@c/");
    }
}
