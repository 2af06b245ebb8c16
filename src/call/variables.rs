//! Postman's variables: `{{name}}` in a text becomes its value. Knows nothing of requests; time and chance come in.

mod dynamic;

use super::content::{self, Malformed};
use crate::workspace::secret::is_secret;
use rand::RngCore;
use serde_json::{Value, value::RawValue};
use std::collections::HashMap;
use time::OffsetDateTime;

/// How often a text is gone through: a value may hold `{{other}}`, and a cycle ends here. As Postman.
const MAX_PASSES: usize = 19;

/// How many bytes values may put into one request. A value that names itself twice doubles with every pass.
pub const MAX_INSERTED: usize = 8 << 20;

/// Values put more than [`MAX_INSERTED`] into one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the values of variables are larger than {MAX_INSERTED} bytes together")]
pub struct TooLong;

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub struct Scope(HashMap<String, String>);

impl Scope {
    /// Layers of names and values, of which a later one wins: the collection's, the environment's, the person's own.
    /// What a person may not use, the caller leaves out. Of equal names in a layer the last counts.
    pub fn new<L: IntoIterator<Item = (String, String)>>(layers: impl IntoIterator<Item = L>) -> Self {
        Self(layers.into_iter().flatten().collect())
    }

    /// With what this call overrides; a name without a value has none, whatever the layers say.
    #[must_use]
    pub fn overridden(mut self, overrides: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        for (name, value) in overrides {
            match value {
                Some(value) => self.0.insert(name, value),
                None => self.0.remove(&name),
            };
        }
        self
    }

    /// Resolves texts one after the other, for one request. `rng` is for what is random: `{{$randomInt}}`.
    pub fn resolver<'a>(&'a self, now: OffsetDateTime, rng: &'a mut dyn RngCore) -> Resolver<'a> {
        Resolver { scope: self, now, rng, undefined: Vec::new(), room: MAX_INSERTED }
    }
}

/// Puts values in, and remembers the names that have none.
pub struct Resolver<'a> {
    scope: &'a Scope,
    now: OffsetDateTime,
    rng: &'a mut dyn RngCore,
    undefined: Vec<String>,
    room: usize,
}

impl Resolver<'_> {
    /// The text with its values. What has none stays as it is.
    ///
    /// # Errors
    ///
    /// [`TooLong`], for this text and those before it together.
    pub fn resolve(&mut self, text: &str) -> Result<String, TooLong> {
        let mut text = text.to_owned();
        for _ in 0..MAX_PASSES {
            let Some(next) = self.pass(&text)? else { break };
            text = next;
        }
        for (start, end) in tokens(&text) {
            self.note_undefined(&text[start + 2..end - 2]);
        }
        Ok(text)
    }

    /// Remembers a name that has no value.
    pub(super) fn note_undefined(&mut self, name: &str) {
        if !self.undefined.iter().any(|known| known == name) {
            self.undefined.push(name.to_owned());
        }
    }

    /// Chance, for what else of a request is random.
    pub(super) fn rng(&mut self) -> &mut dyn RngCore {
        self.rng
    }

    /// Names without a value, in the order they were met, each once; also those whose values lead back to themselves.
    #[must_use]
    pub fn into_undefined(self) -> Vec<String> {
        self.undefined
    }

    /// One pass from left to right; `None` when there is nothing to put in.
    fn pass(&mut self, text: &str) -> Result<Option<String>, TooLong> {
        let mut out = String::new();
        let mut copied = 0;
        for (start, end) in tokens(text) {
            let name = &text[start + 2..end - 2];
            let dynamic;
            let value = match self.scope.0.get(name) {
                Some(value) => value,
                None => match dynamic::value(name, self.now, self.rng) {
                    Some(value) => {
                        dynamic = value;
                        &dynamic
                    }
                    None => continue,
                },
            };
            self.room = self.room.checked_sub(value.len()).ok_or(TooLong)?;
            out.push_str(&text[copied..start]);
            out.push_str(value);
            copied = end;
        }
        if copied == 0 {
            return Ok(None);
        }
        out.push_str(&text[copied..]);
        Ok(Some(out))
    }
}

/// Where each innermost `{{…}}` begins and ends.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text[at..].find("{{") {
            let start = at + found;
            let stop =
                bytes[start + 2..].iter().position(|byte| matches!(byte, b'{' | b'}')).map(|stop| start + 2 + stop)?;
            if bytes[stop..].starts_with(b"}}") {
                at = stop + 2;
                return Some((start, at));
            }
            // A third brace may begin the next one.
            at = if stop == start + 2 && bytes[stop] == b'{' { start + 1 } else { stop };
        }
        None
    })
}

/// A variable of a collection or an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// What stands between the braces.
    pub name: String,
    /// What takes its place.
    pub value: String,
    /// Marked as a secret.
    pub secret: bool,
}

/// The variables of one collection or environment, those that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(Vec<Variable>);

impl Variables {
    /// Those in `variable` of a collection's content.
    ///
    /// # Errors
    ///
    /// When that is no list of objects, or a `key` no string.
    pub fn of_collection(content: &RawValue) -> Result<Self, Malformed> {
        Self::read(content, "variable")
    }

    /// Those in `values` of an environment's content.
    ///
    /// # Errors
    ///
    /// As [`Variables::of_collection`].
    pub fn of_environment(content: &RawValue) -> Result<Self, Malformed> {
        Self::read(content, "values")
    }

    fn read(content: &RawValue, key: &str) -> Result<Self, Malformed> {
        let content = content::read(content, "content")?;
        let mut variables = Vec::new();
        for (at, entry) in content::objects(&content, key, key)?.iter().enumerate() {
            let name = match entry.get("key") {
                Some(Value::String(name)) => name.clone(),
                None | Some(Value::Null) => continue,
                Some(_) => return Err(Malformed::new(format!("{key}[{at}].key"), "a string")),
            };
            if content::is_disabled(entry) {
                continue;
            }
            // A `null` is a value: Postman puts its word in.
            let value = entry.get("value").map(|value| content::text(Some(value)).unwrap_or_else(|| "null".to_owned()));
            let secret = is_secret(entry.get("type"), entry.get("secret"));
            variables.push(Variable { name, value: value.unwrap_or_default(), secret });
        }
        Ok(Self(variables))
    }

    /// All of them, as a layer of a [`Scope`].
    #[must_use]
    pub fn all(&self) -> Vec<(String, String)> {
        self.layer(|_| true)
    }

    /// Those that are no secrets, as a layer of a [`Scope`].
    #[must_use]
    pub fn open(&self) -> Vec<(String, String)> {
        self.layer(|variable| !variable.secret)
    }

    /// The values of the secret ones, for [`Redaction`](super::redact::Redaction).
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.0.iter().filter(|variable| variable.secret).map(|variable| variable.value.clone()).collect()
    }

    /// The names of the secret ones.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|variable| variable.secret).map(|variable| variable.name.as_str())
    }

    fn layer(&self, keep: impl Fn(&Variable) -> bool) -> Vec<(String, String)> {
        let kept = self.0.iter().filter(|variable| keep(variable));
        kept.map(|variable| (variable.name.clone(), variable.value.clone())).collect()
    }
}
