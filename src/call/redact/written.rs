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
    // What begins an escape may also stand for itself.
    [true, false].into_iter().filter_map(|escapes_first| written_so(text, secret, escapes_first)).max()
}

fn written_so(text: &str, secret: &str, escapes_first: bool) -> Option<usize> {
    let mut at = 0;
    for wanted in secret.chars() {
        let rest = text.get(at..)?;
        let plain = rest.starts_with(wanted).then_some(wanted.len_utf8());
        let escaped = || meant(rest).filter(|(meant, _)| *meant == wanted).map(|(_, length)| length);
        at += if escapes_first { escaped().or(plain) } else { plain.or_else(escaped) }?;
    }
    Some(at)
}

/// What escapes begin with.
pub(super) const ESCAPES: [char; 3] = ['+', '%', '\\'];

/// The character that an escape at the beginning of a text stands for, and the escape's length.
pub(super) fn meant(text: &str) -> Option<(char, usize)> {
    match text.as_bytes().first()? {
        b'+' => Some((' ', 1)),
        b'%' => {
            let byte = |index: usize| {
                let hex = text.get(index * 3..index * 3 + 3)?.strip_prefix('%')?;
                u8::from_str_radix(hex, 16).ok()
            };
            let length = match byte(0)? {
                0..0x80 => 1,
                0x80..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0.. => 4,
            };
            let bytes = (0..length).map(byte).collect::<Option<Vec<u8>>>()?;
            Some((std::str::from_utf8(&bytes).ok()?.chars().next()?, length * 3))
        }
        b'\\' => meant_in_json(text),
        _ => None,
    }
}

/// RFC 8259, section 7.
fn meant_in_json(text: &str) -> Option<(char, usize)> {
    let meant = match text.as_bytes().get(1)? {
        b'u' => {
            let unit = |at: usize| u16::from_str_radix(text.get(at..at + 6)?.strip_prefix("\\u")?, 16).ok();
            let units = [unit(0)?].into_iter().chain(unit(6));
            let meant = char::decode_utf16(units).next()?.ok()?;
            return Some((meant, meant.len_utf16() * 6));
        }
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        other @ (b'"' | b'\\' | b'/') => char::from(*other),
        _ => return None,
    };
    Some((meant, 2))
}
