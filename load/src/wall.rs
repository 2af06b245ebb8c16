//! The wall as a viewer's session must find it: what a partner may be told of others, which is nothing.

use crate::wire::{self, Frame, Named, Person};
use crate::world::World;
use serde_json::Value;
use std::sync::PoisonError;
use uuid::Uuid;

/// Through whose eyes a session sees.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Viewer {
    /// A team member: sees both streams and everybody.
    Team,
    /// A partner: sees the shared stream, the team, and itself.
    Partner {
        /// Its number in the run.
        number: u32,
        /// Its domain's number in the run.
        domain: u32,
        /// Its account.
        user: Uuid,
    },
}

impl Viewer {
    /// A partner who is nobody: what it may see, everybody may.
    pub(crate) const NOBODY: Self = Viewer::Partner { number: u32::MAX, domain: u32::MAX, user: Uuid::nil() };

    /// Why this frame must not have reached this viewer, if it must not.
    pub(crate) fn leak(&self, world: &World, text: &str, frame: &Frame) -> Option<String> {
        let Viewer::Partner { number, user, .. } = *self else {
            return None;
        };
        if frame.stream.is_some_and(|stream| stream != "shared") {
            return Some("an event of another stream".into());
        }
        if frame.positions.is_some_and(|positions| positions.team.is_some()) {
            return Some("a position of the team's stream".into());
        }
        if frame.kind == "welcome" && frame.viewer != Some("partner") {
            return Some("a partner is seated as something else".into());
        }
        let stranger = |person: &Person| person.side != "team" && Uuid::try_parse(person.id).ok() != Some(user);
        let present = [&frame.sessions, &frame.joined, &frame.changed];
        let present = present.into_iter().flatten().filter_map(|presence| presence.person.as_ref());
        if let Some(person) = present.chain(&frame.by).chain(&frame.you).find(|person| stranger(person)) {
            return Some(format!("{} {} is neither of the team nor this partner", person.id, person.name));
        }
        if !frame.left.is_empty() {
            let sessions = world.sessions.read().unwrap_or_else(PoisonError::into_inner);
            if frame.left.iter().any(|left| sessions.get(*left).is_some_and(|owner| *owner != number)) {
                return Some("another partner's session left".into());
            }
        }
        self.betrayal(world, text)
    }

    /// Whether a text names another partner anywhere: by mark, by account, or as a person on the partner side. It trusts no
    /// structure, and so holds for a snapshot as well as for a frame.
    pub(crate) fn betrayal(&self, world: &World, text: &str) -> Option<String> {
        let Viewer::Partner { number, domain, user } = *self else {
            return None;
        };
        let own = [Named::Partner(number), Named::Domain(domain)];
        if let Some(other) = world.marks.named(text).find(|named| !own.contains(named)) {
            return Some(format!("it names {other:?}"));
        }
        let owner = |id| world.people.get(&id);
        if let Some(other) = wire::ids(text).filter_map(owner).find(|owner| **owner != number) {
            return Some(format!("it has the id of partner {other}"));
        }
        // Rare: the partner's own presence, and its welcome.
        let suspicious = memchr::memmem::find(text.as_bytes(), b"\"partner\"").is_some();
        let value = suspicious.then(|| serde_json::from_str::<Value>(text).ok()).flatten()?;
        has_stranger(&value, &user.to_string()).then(|| "a person on the partner side is not this one".into())
    }
}

fn has_stranger(value: &Value, user: &str) -> bool {
    match value {
        Value::Object(fields) => {
            let partner = fields.get("side").and_then(Value::as_str) == Some("partner");
            let own = fields.get("id").and_then(Value::as_str) == Some(user);
            (partner && !own) || fields.values().any(|value| has_stranger(value, user))
        }
        Value::Array(values) => values.iter().any(|value| has_stranger(value, user)),
        _ => false,
    }
}
