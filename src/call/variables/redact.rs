//! Taking secrets out of a text.

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeSet;

const MASK: &str = "••••••";
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The text with a mask wherever a secret stands: as it is, in a URL or a form, in a JSON string, in base64. Empty
/// secrets are passed over. Parts that two secrets share are masked as one.
#[must_use]
pub fn redact(text: &str, secrets: &[String]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    let forms: BTreeSet<String> = secrets.flat_map(|secret| forms(secret)).collect();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for form in &forms {
        found.extend(text.match_indices(form.as_str()).map(|(start, part)| (start, start + part.len())));
    }
    found.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in found {
        if start >= copied {
            out.push_str(&text[copied..start]);
            out.push_str(MASK);
        }
        copied = copied.max(end);
    }
    out.push_str(&text[copied..]);
    out
}

/// How a secret may be written.
fn forms(secret: &str) -> [String; 5] {
    let json = serde_json::Value::from(secret).to_string();
    [
        secret.to_owned(),
        utf8_percent_encode(secret, FORM).to_string(),
        utf8_percent_encode(secret, crate::call::build::QUERY).to_string(),
        json[1..json.len() - 1].to_owned(),
        BASE64_STANDARD.encode(secret),
    ]
}
