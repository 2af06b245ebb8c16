//! Lists of objects, nested ones too, from their text in one pass.

use super::{Fault, Fields, MAX_ITEMS, unreadable};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, fmt::Write};

/// An object of a list, and the entries in its own `item` if it has one; `fields` then holds `null` in that place.
pub(super) struct Entry<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) items: Option<Vec<Entry<'a>>>,
}

/// Reads lists of objects, nested ones in the same pass: level by level would read the deepest text once a level.
pub(super) struct Walk {
    pub(super) path: String,
    made: usize,
    fault: Option<Fault>,
}

impl Walk {
    /// To begin at `path`, with `made` items before.
    pub(super) fn new(path: &str, made: usize) -> Self {
        Self { path: path.to_owned(), made, fault: None }
    }

    /// The objects of a list; with `nested`, those in their `item` too.
    pub(super) fn list<'a>(&mut self, text: &'a RawValue, nested: bool) -> Result<Vec<Entry<'a>>, Fault> {
        let mut reader = serde_json::Deserializer::from_str(text.get());
        let list = ListSeed { walk: self, nested }.deserialize(&mut reader);
        list.map_err(|error| self.fault.take().unwrap_or_else(|| unreadable(&self.path, &error)))
    }
}

struct ListSeed<'w> {
    walk: &'w mut Walk,
    nested: bool,
}

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = Vec<Entry<'de>>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = Vec<Entry<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        // An error leaves the path where it happened.
        let keep = self.walk.path.len();
        loop {
            let _ = write!(self.walk.path, "[{}]", entries.len());
            let entry = list.next_element_seed(EntrySeed { walk: self.walk, nested: self.nested })?;
            self.walk.path.truncate(keep);
            match entry {
                Some(entry) => entries.push(entry),
                None => return Ok(entries),
            }
        }
    }
}

struct EntrySeed<'w> {
    walk: &'w mut Walk,
    nested: bool,
}

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = Entry<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = Entry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        self.walk.made += 1;
        if self.walk.made > MAX_ITEMS {
            let message = format!("a file has at most {MAX_ITEMS} items");
            self.walk.fault = Some(Fault::new("too_many_items", self.walk.path.clone(), message));
            return Err(A::Error::custom("too many items"));
        }
        let mut entry = Entry { fields: Fields::new(), items: None };
        while let Some(key) = map.next_key::<String>()? {
            let value = if self.nested && key == "item" {
                let keep = self.walk.path.len();
                self.walk.path.push_str(".item");
                entry.items = Some(map.next_value_seed(ListSeed { walk: self.walk, nested: true })?);
                self.walk.path.truncate(keep);
                RawValue::NULL
            } else {
                map.next_value()?
            };
            entry.fields.insert(key, Cow::Borrowed(value));
        }
        Ok(entry)
    }
}
