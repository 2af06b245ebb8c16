//! The ways in which a secret may be written.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use base64::{Engine, prelude::BASE64_STANDARD};

/// A base64 without its ends is looked for only when it has so many characters: fewer are met by chance.
const LEAST_OF_BASE64: usize = 6;

/// A way to write a secret.
#[derive(PartialEq)]
pub(super) struct Pattern {
    pub(super) text: String,
    /// A part of a base64: the character before it, and the one after it, tell some bits of the secret.
    pub(super) ends: (bool, bool),
}

/// As it is, and in base64: alone, or in the middle of something (`user:password`), where it begins at the first, second or
/// third byte of a group of three and shares its outer characters with what stands beside it.
pub(super) fn patterns_of(secret: &str) -> Vec<Pattern> {
    let whole = |text| Pattern { text, ends: (false, false) };
    let mut all = vec![whole(secret.to_owned()), whole(BASE64_STANDARD.encode(secret))];
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
            // Each character has six bits: those that are the secret's alone.
            let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            let ends = (before * 8 % 6 != 0, bytes.len() * 8 % 6 != 0);
            let text = engine.encode(&bytes).get(start..end).unwrap_or_default().to_owned();
            let pattern = Pattern { text, ends };
            if pattern.text.len() >= LEAST_OF_BASE64 && !all.contains(&pattern) {
                all.push(pattern);
            }
        }
    }
    all
}

/// Of either alphabet.
pub(super) fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=')
}

/// The length of what `text` begins with, if that is the secret: as it is, or with any of its characters as a URL, a form
/// or a JSON string writes them.
pub(super) fn written(text: &str, secret: &str) -> Option<usize> {
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
