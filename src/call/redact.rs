//! Takes secrets out of what is kept: values that are known to be secret, wherever and however they are written, and
//! what stands where secrets usually do.

use super::Handshake;

/// What stands in place of a secret, however long that is.
pub const REDACTED: &str = "••••";

/// Headers and fields of a query with one of these in their name hold secrets, whatever stands in them.
const TELLING: [&str; 7] = ["authorization", "cookie", "apikey", "token", "secret", "password", "signature"];

/// The values to be taken out.
#[derive(Clone, Default)]
pub struct Redaction {
    /// None is empty; the longest first, so that one in another does not leave the other's rest.
    secrets: Vec<String>,
}

impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redaction of {}", self.secrets.len())
    }
}

impl Redaction {
    /// Of these values. Empty ones are nothing.
    #[must_use]
    pub fn of(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// And of the secrets of a handshake.
    pub(super) fn with(&self, handshake: Option<&Handshake>) -> Self {
        let secret = match handshake {
            Some(Handshake::Digest { password, .. }) => Some(password.clone()),
            Some(Handshake::ClientCredentials { client_secret, .. }) => Some(client_secret.clone()),
            None => None,
        };
        Self::of(self.secrets.iter().cloned().chain(secret))
    }

    /// A text without secrets, of about `most` bytes at most, and whether that is all of it.
    #[must_use]
    pub fn text(&self, text: &str, most: usize) -> (String, bool) {
        let mut out = String::with_capacity(text.len().min(most));
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if out.len() + next.len_utf8() > most {
                return (out, false);
            }
            match self.secrets.iter().find_map(|secret| written(rest, secret)) {
                Some(length) => {
                    out.push_str(REDACTED);
                    rest = &rest[length..];
                }
                None => {
                    out.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        (out, true)
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
                    Some(at) => format!("{}{REDACTED}{}", &place[..start], &place[start + at..]),
                    None => place.to_owned(),
                }
            }
            None => place.to_owned(),
        };
        for (index, field) in query.split('&').enumerate() {
            shown.push_str(if index == 0 { "" } else { "&" });
            match field.split_once('=') {
                Some((name, _)) if is_telling(name) => shown.extend([name, "=", REDACTED]),
                _ => shown.push_str(field),
            }
        }
        self.text(&(shown + fragment), most).0
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str, value: &str, most: usize) -> String {
        match name.to_ascii_lowercase().as_str() {
            name if is_telling(name) => REDACTED.to_owned(),
            "location" | "content-location" | "referer" | "link" => self.url(value, most),
            _ => self.text(value, most).0,
        }
    }
}

/// Whether a name says that what it stands for is secret.
fn is_telling(name: &str) -> bool {
    let letters = |c: &char| c.is_ascii_alphanumeric();
    let name: String = name.chars().filter(letters).map(|c| c.to_ascii_lowercase()).collect();
    TELLING.iter().any(|word| name.contains(word))
}

/// The length of what `text` begins with, if that is the secret: as it is, or with any of its characters as a URL, a form
/// or a JSON string writes them.
fn written(text: &str, secret: &str) -> Option<usize> {
    let mut at = 0;
    for wanted in secret.chars() {
        at += character(&text[at..], wanted)?;
    }
    Some(at)
}

fn character(text: &str, wanted: char) -> Option<usize> {
    if text.starts_with(wanted) {
        return Some(wanted.len_utf8());
    }
    match text.as_bytes().first()? {
        b'+' => (wanted == ' ').then_some(1),
        b'%' => {
            let mut bytes = [0; 4];
            let bytes = wanted.encode_utf8(&mut bytes).as_bytes();
            let same = bytes.iter().enumerate().all(|(index, byte)| {
                let hex = text.get(index * 3..index * 3 + 3).and_then(|triple| triple.strip_prefix('%'));
                hex.is_some_and(|hex| u8::from_str_radix(hex, 16).is_ok_and(|value| value == *byte))
            });
            same.then_some(bytes.len() * 3)
        }
        b'\\' => escaped(text, wanted),
        _ => None,
    }
}

/// RFC 8259, section 7.
fn escaped(text: &str, wanted: char) -> Option<usize> {
    let unit = |at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(hex, 16).ok()
    };
    if text.as_bytes().get(1) == Some(&b'u') {
        let mut units = [0; 2];
        let units = wanted.encode_utf16(&mut units);
        let same = units.iter().enumerate().all(|(index, one)| unit(index * 6) == Some(*one));
        return same.then_some(units.len() * 6);
    }
    let meant = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        other => char::from(*other),
    };
    (meant == wanted && matches!(text.as_bytes()[1], b'n' | b'r' | b't' | b'b' | b'f' | b'"' | b'\\' | b'/'))
        .then_some(2)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(taken_out("ab", "a%6"), "a%6");
        assert_eq!(taken_out("ab", "a%"), "a%");
        assert_eq!(taken_out("\u{e9}", "%C3"), "%C3");
        assert_eq!(taken_out("", "ab"), "ab");
    }

    #[test]
    fn a_secret_in_another_is_taken_out_with_it() {
        let redaction = Redaction::of(["abc".to_owned(), "abcdef".to_owned()]);
        assert_eq!(redaction.text("abcdef abc", 1_000).0, "•••• ••••");
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
        assert_eq!(redaction.header("Accept", "v", 99), "v");
        assert_eq!(redaction.header("Location", "https://a:b@c/", 99), "https://••••@c/");
    }
}
