//! The wire as the harness sees it: frames read without copying, frames written, and the marks that make a
//! partner and an edit recognisable in raw bytes. Knows no socket and no verdict.

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

/// Any frame of the server, borrowed from its text. Fields that a kind of frame doesn't have are `None` or empty.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Frame<'a> {
    /// `welcome`, `event`, `presence`, …
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    /// Of an event.
    pub(crate) stream: Option<&'a str>,
    /// Of an event or an ack.
    pub(crate) position: Option<u64>,
    /// Of an event.
    #[serde(borrow)]
    pub(crate) by: Option<Person<'a>>,
    /// Of an ack or a reject.
    pub(crate) op: Option<&'a str>,
    /// Of an event; left as text, since all that is wanted of it is the mark.
    #[serde(borrow)]
    pub(crate) change: Option<&'a RawValue>,
    /// Of a welcome.
    pub(crate) session: Option<&'a str>,
    /// Of a welcome.
    #[serde(borrow)]
    pub(crate) you: Option<Person<'a>>,
    /// Of a welcome: `team` or `partner`.
    pub(crate) viewer: Option<&'a str>,
    /// Of a welcome.
    pub(crate) positions: Option<Positions>,
    /// Of a presence.
    #[serde(borrow)]
    pub(crate) sessions: Vec<Presence<'a>>,
    /// Of a presence_delta.
    #[serde(borrow)]
    pub(crate) joined: Vec<Presence<'a>>,
    /// Of a presence_delta.
    #[serde(borrow)]
    pub(crate) changed: Vec<Presence<'a>>,
    /// Of a presence_delta.
    #[serde(borrow)]
    pub(crate) left: Vec<&'a str>,
    /// Of a reject.
    #[serde(borrow)]
    pub(crate) problem: Option<Problem<'a>>,
    /// Of a goodbye.
    pub(crate) reconnect_in_ms: Option<u64>,
}

impl Frame<'_> {
    /// Whether a change of presence is of the team's sessions alone, as far as it tells: who has left has no name.
    pub(crate) fn is_of_team(&self) -> bool {
        let mut told = self.joined.iter().chain(&self.changed);
        self.left.is_empty() && told.all(|one| one.person.as_ref().is_some_and(|person| person.side == "team"))
    }
}

/// Somebody.
#[derive(Deserialize)]
pub(crate) struct Person<'a> {
    /// The account.
    pub(crate) id: &'a str,
    /// The name others see.
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    /// `team` or `partner`.
    pub(crate) side: &'a str,
}

/// Somebody's open session.
#[derive(Deserialize)]
pub(crate) struct Presence<'a> {
    /// Whose. A change may leave it out.
    #[serde(borrow, default)]
    pub(crate) person: Option<Person<'a>>,
}

/// How far each stream has come; `team` for team viewers alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Positions {
    /// Of the stream for everybody.
    pub(crate) shared: u64,
    /// Of the stream for the team.
    pub(crate) team: Option<u64>,
}

/// Why an edit was rejected.
#[derive(Deserialize)]
pub(crate) struct Problem<'a> {
    /// The stable word.
    #[serde(borrow)]
    pub(crate) code: Cow<'a, str>,
}

/// The marks of one run. Every partner's name, address and domain starts with the same few bytes, so that a frame that
/// betrays any of them is found by one substring search; so does every edit's stamp.
pub(crate) struct Marks {
    person: String,
    edit: String,
    find_person: memmem::Finder<'static>,
    find_edit: memmem::Finder<'static>,
}

/// What an edit carries through the server and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Its number in the run, from 0.
    pub(crate) n: u64,
    /// When it was sent, in microseconds of the run's clock.
    pub(crate) sent_us: u64,
}

/// A partner or a domain that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// The partner with this number.
    Partner(u32),
    /// The domain with this number.
    Domain(u32),
    /// The mark, with something behind it that no partner has.
    Unknown,
}

impl Marks {
    /// The marks of the run with this number.
    pub(crate) fn new(run: u32) -> Self {
        let (person, edit) = (format!("ldp-{run:08x}-"), format!("ldr-{run:08x}-"));
        Self {
            find_person: memmem::Finder::new(&person).into_owned(),
            find_edit: memmem::Finder::new(&edit).into_owned(),
            person,
            edit,
        }
    }

    /// A partner's name, which is also the local part of its address.
    pub(crate) fn name(&self, partner: u32) -> String {
        format!("{}p{partner}", self.person)
    }

    /// A domain, under a top-level domain that RFC 2606 keeps for examples: no mail of a run can reach anybody.
    pub(crate) fn domain(&self, domain: u32) -> String {
        format!("{}d{domain}.example", self.person)
    }

    /// Whom a text names.
    pub(crate) fn named<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Named> + 't {
        self.find_person.find_iter(text.as_bytes()).map(|at| {
            let rest = text.get(at + self.person.len()..).unwrap_or("");
            let number = |rest: &str| rest[..digits(rest)].parse().ok();
            let named = match rest.as_bytes().first() {
                Some(b'p') => number(&rest[1..]).map(Named::Partner),
                Some(b'd') => number(&rest[1..]).map(Named::Domain),
                _ => None,
            };
            named.unwrap_or(Named::Unknown)
        })
    }

    /// The stamp in an event's change.
    pub(crate) fn stamp(&self, change: &str) -> Option<Stamp> {
        let at = self.find_edit.find(change.as_bytes())?;
        let (n, rest) = number(change.get(at + self.edit.len()..)?)?;
        let (sent_us, _) = number(rest.strip_prefix('-')?)?;
        Some(Stamp { n, sent_us })
    }

    /// An edit frame. `text` is what fills it to the size of an ordinary edit.
    pub(crate) fn edit(&self, op: Uuid, item: Uuid, stamp: Stamp, text: &str) -> String {
        let (mark, Stamp { n, sent_us }) = (&self.edit, stamp);
        // A single string, not an object: no server has a reason to reorder or reformat what is inside it.
        format!(
            r#"{{"type":"edit","op":"{op}","changes":[{{"kind":"item_update","id":"{item}","patch":{{"name":"Request, edit {n}","content":{{"load":"{mark}{n}-{sent_us}","request":{{"method":"GET","description":"{text}"}}}}}}}}]}}"#
        )
    }
}

/// A presence frame of the client.
pub(crate) fn presence(viewing: Option<Uuid>, idle: bool) -> String {
    let viewing = viewing.map_or("null".to_owned(), |item| format!("\"{item}\""));
    let status = if idle { "idle" } else { "active" };
    format!(r#"{{"type":"presence","viewing":{viewing},"status":"{status}"}}"#)
}

/// All ids in a text, wherever they stand: whatever has a UUID's dashes and digits.
pub(crate) fn ids(text: &str) -> impl Iterator<Item = Uuid> + '_ {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'-', bytes).filter_map(move |at| {
        let candidate = bytes.get(at.checked_sub(8)?..at + 28)?;
        (candidate[13] == b'-' && candidate[18] == b'-').then(|| Uuid::try_parse_ascii(candidate).ok())?
    })
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn number(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_at(digits(text));
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_out_of_an_edit() {
        let (marks, stamp) = (Marks::new(7), Stamp { n: 12, sent_us: 3_456 });
        let frame = marks.edit(Uuid::from_u128(1), Uuid::from_u128(2), stamp, "text");
        assert!(serde_json::from_str::<serde_json::Value>(&frame).is_ok(), "{frame}");
        assert_eq!(marks.stamp(&frame), Some(stamp));
        assert_eq!(Marks::new(8).stamp(&frame), None);
    }

    #[test]
    fn partners_and_domains_are_named_wherever_they_stand() {
        let marks = Marks::new(7);
        let text = format!("x{}@{} ldp-00000007-q", marks.name(3), marks.domain(41));
        let named: Vec<_> = marks.named(&text).collect();
        assert_eq!(named, [Named::Partner(3), Named::Domain(41), Named::Unknown]);
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let (one, two) = (Uuid::from_u128(u128::MAX / 3), Uuid::from_u128(u128::MAX / 5));
        let text = format!("a-b--{one}/avatar-{}\u{e9}-", two.to_string().to_uppercase());
        assert_eq!(ids(&text).collect::<Vec<_>>(), [one, two]);
    }
}
