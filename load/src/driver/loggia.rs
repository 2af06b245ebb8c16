//! What Loggia delivers: every session of a workspace must be sent the same events, byte for byte, and a partner's never
//! anything that names another partner.

use super::dialect::{Dialect, Fault, Read};
use super::plan::{Partner, Workspace};
use crate::bare::dial::Door;
use crate::bare::frame;
use crate::wire::{self, Frame, Marks, Named};
use std::collections::HashMap;
use uuid::Uuid;

/// How an event begins.
const EVENT: &[u8] = br#"{"type":"event","#;
/// How an event of the stream for everyone begins.
const SHARED: &[u8] = br#"{"type":"event","stream":"shared","#;

/// One workspace's stream, as the first session to have it brought it, and who everyone is.
pub(crate) struct Loggia {
    workspace: Workspace,
    watchers: usize,
    marks: Marks,
    people: HashMap<Uuid, u32>,
    /// All events so far, end to end, and where each ends.
    events: Vec<u8>,
    ends: Vec<usize>,
    published: u64,
    acked: u64,
}

impl Loggia {
    /// Nothing of the stream yet; so many of the sessions are watchers.
    pub(crate) fn new(workspace: Workspace, watchers: usize) -> Self {
        let people = workspace.partners.iter().map(|partner| (partner.user, partner.number)).collect();
        let marks = Marks::new(workspace.run);
        Self { workspace, watchers, marks, people, events: Vec::new(), ends: Vec::new(), published: 0, acked: 0 }
    }

    /// The partner that a session is; none: the team's.
    fn partner(&self, session: usize) -> Option<&Partner> {
        let partners = &self.workspace.partners;
        (session < self.watchers && !partners.is_empty()).then(|| &partners[session % partners.len()])
    }

    fn event(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.events[start..self.ends[number]]
    }

    /// The first session brings an event: it must be the next one, and name no partner.
    fn extend(&mut self, message: &[u8], sent: u64) -> Result<(), Fault> {
        let due = self.workspace.shared + self.ends.len() as u64 + 1;
        let (text, position) = position(message)?;
        if position != due {
            return Err(astray(position, due, text));
        }
        if self.ends.len() as u64 == sent {
            return Err(Fault(format!("doubled: an event that nobody has published: {text}")));
        }
        if self.marks.named(text).next().is_some() || wire::ids(text).any(|id| self.people.contains_key(&id)) {
            return Err(Fault(format!("leaked: an event names a partner: {text}")));
        }
        self.events.extend_from_slice(message);
        self.ends.push(self.events.len());
        Ok(())
    }

    /// What concerns one session alone.
    fn read_other(&mut self, session: usize, message: &[u8]) -> Result<Read, Fault> {
        let (text, frame) = parse(message)?;
        match frame.kind {
            "ack" => self.acked += 1,
            "reject" | "goodbye" => return Err(Fault(format!("refused: {text}"))),
            _ => {}
        }
        let Some(partner) = self.partner(session) else {
            return Ok(Read::Other);
        };
        let own = [Named::Partner(partner.number), Named::Domain(partner.domain)];
        let strange = |id| self.people.get(&id).is_some_and(|number| *number != partner.number);
        let seated = frame.kind != "welcome" || frame.viewer == Some("partner");
        if !seated || self.marks.named(text).any(|named| !own.contains(&named)) || wire::ids(text).any(strange) {
            return Err(Fault(format!("leaked: partner {} was sent {text}", partner.number)));
        }
        Ok(Read::Other)
    }
}

impl Dialect for Loggia {
    fn door(&self, session: usize) -> Door {
        let Workspace { id, epoch, shared, team, editor, .. } = &self.workspace;
        let partner = self.partner(session);
        let token = partner.map_or(editor, |partner| &partner.token);
        let team = team.filter(|_| partner.is_none()).map_or(String::new(), |team| format!("&team={team}"));
        Door {
            path: format!("/v1/workspaces/{id}/live?epoch={epoch}&shared={shared}{team}"),
            headers: format!("Authorization: Bearer {token}\r\nSec-WebSocket-Protocol: loggia.v1\r\n"),
        }
    }

    fn publishers_receive(&self) -> bool {
        true
    }

    fn publish(&mut self) -> Vec<u8> {
        self.published += 1;
        let (op, n, items) = (Uuid::now_v7(), self.published, &self.workspace.items);
        let item = items[n as usize % items.len()];
        // A name alone: an event of about 300 bytes.
        let edit = format!(
            r#"{{"type":"edit","op":"{op}","changes":[{{"kind":"item_update","id":"{item}","patch":{{"name":"Edit {n}"}}}}]}}"#
        );
        frame::of_client(frame::TEXT, edit.as_bytes())
    }

    fn sign_of_life(&self) -> Vec<u8> {
        frame::of_client(frame::TEXT, wire::presence(None, false).as_bytes())
    }

    fn read(&mut self, session: usize, had: u64, sent: u64, message: &[u8]) -> Result<Read, Fault> {
        if !message.starts_with(SHARED) {
            if message.starts_with(EVENT) && self.partner(session).is_some() {
                let text = String::from_utf8_lossy(message);
                return Err(Fault(format!("leaked: an event of another stream: {text}")));
            }
            return self.read_other(session, message);
        }
        let number = had as usize;
        if number == self.ends.len() {
            self.extend(message, sent)?;
        } else if self.event(number) != message {
            let (text, position) = position(message)?;
            return Err(astray(position, self.workspace.shared + had + 1, text));
        }
        Ok(Read::Deliveries(1))
    }

    fn too_long(&mut self, session: usize, bytes: usize) -> Result<(), Fault> {
        // A team member is told of everyone; a partner never of so many.
        match self.partner(session) {
            Some(partner) => Err(Fault(format!("leaked: partner {} was sent {bytes} bytes at once", partner.number))),
            None => Ok(()),
        }
    }

    fn is_answered(&self, sent: u64) -> bool {
        self.acked == sent
    }

    fn sample(&self) -> Option<String> {
        let last = self.ends.len().checked_sub(1)?;
        Some(String::from_utf8_lossy(self.event(last)).into_owned())
    }
}

/// What an event is that isn't the one that is due.
fn astray(position: u64, due: u64, text: &str) -> Fault {
    Fault(match position.cmp(&due) {
        std::cmp::Ordering::Less => format!("doubled: position {position} where {due} is due"),
        std::cmp::Ordering::Greater => format!("lost: position {position} where {due} is due"),
        std::cmp::Ordering::Equal => format!("differing: another session had other bytes at this position: {text}"),
    })
}

fn position(message: &[u8]) -> Result<(&str, u64), Fault> {
    let (text, frame) = parse(message)?;
    frame.position.map(|position| (text, position)).ok_or_else(|| Fault(format!("differing: no position in {text}")))
}

fn parse(message: &[u8]) -> Result<(&str, Frame<'_>), Fault> {
    let unreadable = || Fault(format!("differing: unreadable: {}", String::from_utf8_lossy(message)));
    let text = std::str::from_utf8(message).map_err(|_| unreadable())?;
    Ok((text, serde_json::from_str(text).map_err(|_| unreadable())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTNERS: u32 = 2;

    fn loggia() -> Loggia {
        let partner =
            |number| Partner { number, domain: 9, user: Uuid::from_u128(number.into()), token: String::new() };
        let workspace = Workspace {
            id: "w".into(),
            epoch: "e".into(),
            shared: 10,
            team: None,
            run: 7,
            editor: String::new(),
            items: vec![Uuid::nil()],
            partners: (0..PARTNERS).map(partner).collect(),
        };
        Loggia::new(workspace, 2)
    }

    fn event(position: u64, change: &str) -> Vec<u8> {
        format!(r#"{{"type":"event","stream":"shared","position":{position},"change":"{change}"}}"#).into_bytes()
    }

    fn kind(read: Result<Read, Fault>) -> String {
        match read {
            Err(Fault(what)) => what.split(':').next().unwrap_or_default().to_owned(),
            Ok(read) => format!("{read:?}"),
        }
    }

    #[test]
    fn every_session_gets_what_the_first_one_got() {
        let mut loggia = loggia();
        for session in [1, 0, 2] {
            for (had, position) in [(0, 11), (1, 12)] {
                assert_eq!(loggia.read(session, had, 2, &event(position, "a")), Ok(Read::Deliveries(1)));
            }
        }
        assert_eq!(loggia.sample().map(String::into_bytes), Some(event(12, "a")));
    }

    #[test]
    fn a_lost_a_doubled_and_a_differing_event_are_told_apart() {
        let mut loggia = loggia();
        assert_eq!(kind(loggia.read(0, 0, 9, &event(12, "a"))), "lost");
        for (had, position) in [(0, 11), (1, 12), (2, 13)] {
            assert_eq!(loggia.read(0, had, 3, &event(position, "a")), Ok(Read::Deliveries(1)));
        }
        assert_eq!(kind(loggia.read(0, 3, 9, &event(13, "a"))), "doubled");
        assert_eq!(kind(loggia.read(1, 1, 9, &event(11, "a"))), "doubled");
        assert_eq!(kind(loggia.read(1, 1, 9, &event(13, "a"))), "lost");
        assert_eq!(kind(loggia.read(1, 1, 9, &event(12, "b"))), "differing");
        assert_eq!(kind(loggia.read(1, 1, 9, b"{\"type\":\"event\",\"stream\":\"shared\",")), "differing");
    }

    #[test]
    fn an_event_that_nobody_published_is_one_too_many() {
        assert_eq!(kind(loggia().read(0, 0, 0, &event(11, "a"))), "doubled");
    }

    #[test]
    fn a_partner_is_told_of_no_other() {
        let mut loggia = loggia();
        let presence = |name: String| format!(r#"{{"type":"presence","sessions":[],"x":"{name}"}}"#).into_bytes();
        let (own, other) = (Marks::new(7).name(0), Marks::new(7).name(1));
        assert_eq!(loggia.read(0, 0, 0, &presence(own)), Ok(Read::Other));
        assert_eq!(loggia.read(2, 0, 0, &presence(other.clone())), Ok(Read::Other));
        assert_eq!(kind(loggia.read(0, 0, 0, &presence(other.clone()))), "leaked");
        assert_eq!(kind(loggia.read(0, 0, 0, &presence(Uuid::from_u128(1).to_string()))), "leaked");
        assert_eq!(kind(loggia.read(0, 0, 1, &event(11, &other))), "leaked");
        assert_eq!(kind(loggia.read(0, 0, 1, br#"{"type":"event","stream":"team","position":1}"#)), "leaked");
        assert_eq!(kind(loggia.read(0, 0, 0, br#"{"type":"welcome","viewer":"team"}"#)), "leaked");
    }

    #[test]
    fn an_answer_counts_and_a_refusal_is_a_fault() {
        let mut loggia = loggia();
        assert_eq!(loggia.read(2, 0, 1, br#"{"type":"ack","op":"x","position":11}"#), Ok(Read::Other));
        assert!(loggia.is_answered(1) && !loggia.is_answered(2));
        assert_eq!(kind(loggia.read(2, 0, 1, br#"{"type":"reject","op":"x"}"#)), "refused");
    }
}
