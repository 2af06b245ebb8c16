//! From bytes to text that is JSON and not too deep, or to where it is not.

use super::{Fault, MAX_DEPTH};
use serde_json::value::RawValue;
use std::fmt::Write;

/// How many characters of a key a path shows: a key can be as long as the file.
const SHOWN: usize = 64;

/// The one JSON value that `json` is; a byte order mark before it is passed over.
pub(super) fn read(json: &[u8]) -> Result<&RawValue, Fault> {
    let bom = if json.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let bytes = &json[bom..];
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        let (Ok(path) | Err(path)) = trail(&bytes[..offset]);
        Fault::new("not_json", path, format!("the file is not UTF-8: byte {} is wrong", offset + bom))
    })?;
    // Before the parser: it need not be trusted with 64 MiB of brackets.
    if let Err(path) = trail(bytes) {
        return Err(Fault::new("too_deep", path, format!("arrays and objects nest deeper than {MAX_DEPTH} levels")));
    }
    serde_json::from_str(text).map_err(|error| {
        let stop = if error.is_eof() { bytes.len() } else { offset_of(bytes, error.line(), error.column()) };
        let (Ok(path) | Err(path)) = trail(&bytes[..stop]);
        Fault::new("not_json", path, format!("the file is not JSON: {error}"))
    })
}

/// The place before a parser's line and column, both from 1.
fn offset_of(bytes: &[u8], line: usize, column: usize) -> usize {
    let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let start = std::iter::once(0).chain(breaks).nth(line.saturating_sub(1)).unwrap_or(0);
    (start + column.saturating_sub(1)).min(bytes.len())
}

enum Step {
    /// In an object; from where to where its key is, when that has been read.
    Key(Option<(usize, usize)>),
    /// In an array.
    Index(usize),
}

/// The path of the end of `bytes`, which need not be whole; an error when it goes too deep before, with the path
/// of that place. Never fails for text that is no JSON: the parser says that better.
fn trail(bytes: &[u8]) -> Result<String, String> {
    let mut open: Vec<Step> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let start = at + 1;
                at = start;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if let Some(Step::Key(key @ None)) = open.last_mut()
                    && at < bytes.len()
                {
                    *key = Some((start, at));
                }
            }
            opening @ (b'{' | b'[') => {
                if open.len() == MAX_DEPTH {
                    return Err(path(bytes, &open));
                }
                open.push(if opening == b'{' { Step::Key(None) } else { Step::Index(0) });
            }
            b'}' | b']' => {
                open.pop();
            }
            b',' => match open.last_mut() {
                Some(Step::Key(key)) => *key = None,
                Some(Step::Index(index)) => *index += 1,
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    Ok(path(bytes, &open))
}

fn path(bytes: &[u8], open: &[Step]) -> String {
    let mut path = String::new();
    for step in open {
        match *step {
            Step::Key(None) => {}
            Step::Key(Some((start, end))) => {
                if !path.is_empty() {
                    path.push('.');
                }
                // At most four bytes a character.
                let key = String::from_utf8_lossy(&bytes[start..end.min(start + 4 * SHOWN)]);
                path.extend(key.chars().take(SHOWN));
            }
            Step::Index(index) => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    path
}
