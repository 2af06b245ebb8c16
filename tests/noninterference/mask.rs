//! Takes out of what Ann read what is random.

use crate::common::new_id;
use std::collections::HashMap;

/// Puts a name in the place of what is random, the same name for the same thing: so equal things stay equal.
#[derive(Default)]
pub struct Mask {
    /// What stands for the API's address.
    upstream: String,
    pub labels: HashMap<String, String>,
    ids: usize,
    etags: usize,
}

impl Mask {
    pub fn of(upstream: &str) -> Self {
        Self { upstream: upstream.to_owned(), ..Self::default() }
    }

    fn address(&self, text: &str) -> Option<usize> {
        (!self.upstream.is_empty() && text.starts_with(&self.upstream)).then_some(self.upstream.len())
    }

    pub fn line(&mut self, line: &str) -> String {
        if line.starts_with("date: ") {
            return "date: masked".into();
        }
        if let Some((before, etag)) = line.split_once("etag: ")
            && before.is_empty()
        {
            let known = self.labels.len();
            let number = self.etags + 1;
            let label = self.labels.entry(etag.to_owned()).or_insert_with(|| format!("E{number}")).clone();
            self.etags += self.labels.len() - known;
            return format!("etag: {label}");
        }
        let mut masked = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = if let Some(id) = prefix(rest, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
                if !self.labels.contains_key(id) {
                    self.ids += 1;
                    self.labels.insert(id.to_owned(), format!("U{}", self.ids));
                }
                masked.push_str(&self.labels[id]);
                id.len()
            } else if let Some(time) = prefix(rest, "xxxx-xx-xxTxx:xx:xx") {
                let fraction = rest[time.len()..].find('Z').unwrap_or(0);
                masked.push('T');
                time.len() + fraction + 1
            } else if let Some(address) = self.address(rest) {
                masked.push_str("UPSTREAM");
                address
            } else if let Some(duration) = rest.strip_prefix("_ms\":") {
                let digits = duration.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(duration.len());
                masked.push_str("_ms\":N");
                rest.len() - duration.len() + digits
            } else {
                masked.push(first);
                first.len_utf8()
            };
            rest = &rest[length..];
        }
        masked
    }
}

/// What a text starts with, when it is of a form: `x` is a hexadecimal digit.
fn prefix<'a>(text: &'a str, form: &str) -> Option<&'a str> {
    let start = text.as_bytes().get(..form.len())?;
    let fits = |(is, wanted): (&u8, u8)| if wanted == b'x' { is.is_ascii_hexdigit() } else { *is == wanted };
    start.iter().zip(form.bytes()).all(fits).then(|| &text[..form.len()])
}

#[test]
fn masking_keeps_equal_things_equal_and_different_things_apart() {
    let (one, other) = (new_id(), new_id());
    let mut mask = Mask::default();
    assert_eq!(mask.line(&format!("{one} é {other}/{one}")), "U1 é U2/U1");
    assert_eq!(mask.line(&format!(r#""at":"2026-01-02T03:04:05.678Z","by":"{other}""#)), r#""at":"T","by":"U2""#);
    assert_eq!(mask.line("etag: \"ab\""), "etag: E1");
    assert_eq!(mask.line("etag: \"cd\""), "etag: E2");
    assert_eq!(mask.line("etag: \"ab\""), "etag: E1");
    let mut mask = Mask::of("127.0.0.1:9");
    assert_eq!(
        mask.line(r#"{"total_ms":1.25,"dns_ms":null,"url":"http://127.0.0.1:9/9"}"#),
        r#"{"total_ms":N,"dns_ms":Nnull,"url":"http://UPSTREAM/9"}"#
    );
}
