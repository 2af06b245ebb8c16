//! What comes after an answer's head: read up to a limit, decoded, and told as text where it is text.

use super::super::{Body, Cut};
use super::decode::{Decoder, Step};
use super::wire::{Connection, Head};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use tokio::time::{Instant, timeout_at};

/// Bytes of a body that may be told as text however long that is when it is written.
const SMALL: usize = 1_024 * 1_024;

/// A body as it was read. Memory: at most twice the limit, as it came and decoded.
pub(super) struct Read {
    /// Decoded, as far as it is kept.
    pub(super) bytes: Vec<u8>,
    /// Bytes as they came, without what frames them.
    pub(super) size: u64,
    pub(super) cut: Option<Cut>,
}

/// Reads what comes until it is whole, too much, broken or too late. Whoever drops the connection then ends it.
pub(super) async fn read(connection: &mut Connection, head: &Head, limit: usize, deadline: Instant) -> Read {
    let (mut decoder, known) = match Decoder::new(head.values("content-encoding"), limit) {
        Ok(decoder) => (decoder, true),
        Err(()) => (None, false),
    };
    let mut raw = Vec::new();
    let mut step = if known { Step::On } else { Step::Undecodable };
    let cut = loop {
        let part = match timeout_at(deadline, connection.next()).await {
            Ok(Ok(Some(part))) => part,
            Ok(Ok(None)) => break None,
            Ok(Err(_)) => break Some(Cut::Interrupted),
            Err(_) => break Some(Cut::TimedOut),
        };
        let fits = &part[..part.len().min(limit - raw.len())];
        raw.extend_from_slice(fits);
        if step == Step::On
            && let Some(decoder) = &mut decoder
        {
            step = decoder.push(fits);
        }
        if step == Step::Full || fits.len() < part.len() {
            break Some(Cut::TooLarge);
        }
    };
    let size = raw.len() as u64;
    // An answer to HEAD says how the body would be encoded, and has none.
    let Some(decoder) = decoder.filter(|_| size > 0 && step != Step::Undecodable) else {
        let undecodable = size > 0 && step == Step::Undecodable;
        return Read { bytes: raw, size, cut: cut.or_else(|| undecodable.then_some(Cut::Undecodable)) };
    };
    match decoder.finish(cut.is_none()) {
        (bytes, Step::On) => Read { bytes, size, cut },
        (bytes, Step::Full) => Read { bytes, size, cut: Some(Cut::TooLarge) },
        (_, Step::Undecodable) => Read { bytes: raw, size, cut: Some(Cut::Undecodable) },
    }
}

/// As it is told, by what `Content-Type` says of it. A large one of which a JSON string would make much more than base64 does
/// (control characters, a charset that UTF-8 writes in three bytes) is no text: it bounds what an answer takes.
pub(super) fn tell(bytes: Vec<u8>, content_type: Option<&str>, cut: Option<Cut>) -> Body {
    let (media_type, charset) = media_type(content_type.unwrap_or_default());
    let text = match cut {
        Some(Cut::Undecodable) if !bytes.is_empty() => None,
        _ => text(&bytes, &media_type, charset.as_deref(), cut.is_some()),
    };
    let text = text.filter(|text| bytes.len() <= SMALL || json_length(text) * 2 <= bytes.len() * 3);
    let base64 = text.is_none().then(|| STANDARD.encode(&bytes));
    Body { media_type, text, base64, cut }
}

/// Bytes of a text that a JSON string writes.
fn json_length(text: &str) -> usize {
    let written = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(written).sum()
}

/// The media type in lower case, and its `charset`.
fn media_type(value: &str) -> (String, Option<String>) {
    let mut parts = value.split(';');
    let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    });
    (media_type, charset)
}

/// The text, when it is some.
fn text(bytes: &[u8], media_type: &str, charset: Option<&str>, cut: bool) -> Option<String> {
    if bytes.is_empty() {
        return Some(String::new());
    }
    if !media_type.is_empty() && !is_text(media_type) {
        return None;
    }
    let decode = |encoding: &'static Encoding| {
        // Of what was cut, the last character may have been cut as well; an early end is no fault then.
        let mut decoder = encoding.new_decoder();
        let mut text = String::new();
        text.reserve(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, !cut);
        matches!(result, encoding_rs::DecoderResult::InputEmpty).then_some(text)
    };
    match charset {
        Some(charset) => decode(Encoding::for_label(charset.as_bytes())?),
        None if media_type.starts_with("text/") => decode(UTF_8).or_else(|| decode(WINDOWS_1252)),
        None => decode(UTF_8).filter(|text| !media_type.is_empty() || !text.contains('\0')),
    }
}

fn is_text(media_type: &str) -> bool {
    let Some((kind, subtype)) = media_type.split_once('/') else { return false };
    let names = [
        "json",
        "xml",
        "javascript",
        "ecmascript",
        "x-javascript",
        "x-www-form-urlencoded",
        "graphql",
        "yaml",
        "x-yaml",
        "toml",
        "x-ndjson",
        "ndjson",
        "jsonl",
        "sql",
        "x-sh",
        "xhtml",
        "jwt",
        "json-seq",
        "http",
    ];
    kind == "text"
        || names.contains(&subtype)
        || ["+json", "+xml", "+yaml", "+jwt"].iter().any(|suffix| subtype.ends_with(suffix))
}
