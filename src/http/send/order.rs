//! What is to be sent, wherever it came from, and what it becomes with the values of now.

use super::SentFile;
use crate::call::build::{BuildError, Built, Sources, Upload, build};
use crate::call::redact::Redaction;
use crate::call::source::mask;
use crate::config::{LARGEST_VALUES, MOST_VALUES};
use crate::http::App;
use crate::http::variables::Layers;
use crate::id::{EnvironmentId, ItemId};
use crate::protocol::own::Source;
use crate::store::{now_utc, unavailable};
use crate::workspace::Workspace;
use crate::workspace::item::{Content, Item};
use crate::workspace::member::Viewer;
use crate::workspace::problem::{Code, Problem};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A request that is to be sent.
pub(super) struct Order {
    /// What the history says it was made of, or for.
    pub(super) item: Option<ItemId>,
    /// What the history calls it.
    pub(super) name: String,
    pub(super) place: Place,
    /// Takes the place of the item's own.
    pub(super) request: Option<Content>,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) overrides: BTreeMap<String, Option<String>>,
    pub(super) files: HashMap<String, SentFile>,
}

/// What a request has of where it stands.
#[derive(Default)]
pub(super) struct Place {
    /// The content of its item.
    item: Option<Content>,
    /// What it stands in, the collection first: for what is inherited.
    ancestors: Vec<Content>,
    /// Whose variables have values.
    collection: Option<Content>,
    /// Whether it is an item's own, or is sent for one and inherits nothing.
    inherits: bool,
}

impl Place {
    /// Of an item, with all that it inherits.
    pub(super) fn of(workspace: &Workspace, item: &Item) -> Self {
        let mut ancestors = Vec::new();
        let mut above = item.parent;
        while let Some(parent) = above.and_then(|id| workspace.item(id)) {
            ancestors.push(Arc::clone(&parent.content));
            above = parent.parent;
        }
        ancestors.reverse();
        let collection = ancestors.first().cloned();
        Self { item: Some(Arc::clone(&item.content)), ancestors, collection, inherits: true }
    }

    /// Of a request for an item: it has the variables alone.
    pub(super) fn beside(workspace: &Workspace, item: &Item) -> Self {
        let Self { item, collection, .. } = Self::of(workspace, item);
        Self { collection: collection.or(item), ..Self::default() }
    }

    /// Of what is gone by now: nothing.
    pub(super) fn gone(inherits: bool) -> Self {
        Self { inherits, ..Self::default() }
    }
}

/// A request with all its values.
pub(super) struct Prepared {
    pub(super) built: Built,
    pub(super) source: Source,
    /// Takes out what of it is secret.
    pub(super) redaction: Redaction,
}

impl Order {
    /// Builds the request; what is left of the order is what it is recorded with.
    pub(super) async fn prepare(
        &mut self,
        app: &App,
        workspace: &Workspace,
        viewer: &Viewer,
    ) -> Result<Prepared, Problem> {
        self.check()?;
        let layers = Layers::read(app, workspace, viewer, self.place.collection.as_ref(), self.environment).await?;
        let (scope, mut secrets) = (layers.scope(&self.overrides), layers.secrets(&self.overrides));
        let content = self.content()?;
        let source = Source {
            environment: self.environment,
            overrides: self.overrides.clone(),
            request: fields(&content)?.get("request").map(|request| Content::from((*request).to_owned())),
            inherits: self.place.inherits,
            left_out: Vec::new(),
        };
        let files =
            std::mem::take(&mut self.files).into_iter().map(upload).collect::<Result<HashMap<_, _>, Problem>>()?;
        let (ancestors, now) = (std::mem::take(&mut self.place.ancestors), now_utc());
        // Large bodies and signatures take a while.
        let built = tokio::task::spawn_blocking(move || {
            let ancestors: Vec<&RawValue> = ancestors.iter().map(AsRef::as_ref).collect();
            let sources = Sources { item: &content, ancestors: &ancestors, scope: &scope, files: &files, now };
            build(&sources, &mut rand::rng())
        });
        let built = built.await.map_err(|error| unavailable(error.into()))?;
        let built = built.map_err(|error| {
            let code = if error == BuildError::BodyTooLarge { Code::TooLarge } else { Code::Invalid };
            Problem::new(code, error.to_string())
        })?;
        secrets.extend(built.secrets.iter().cloned());
        Ok(Prepared { built, source, redaction: Redaction::of(secrets) })
    }

    fn check(&self) -> Result<(), Problem> {
        let names: usize = self.overrides.keys().map(String::len).sum();
        if self.overrides.len() > MOST_VALUES || names > LARGEST_VALUES {
            let detail = format!("At most {MOST_VALUES} values, and {LARGEST_VALUES} bytes of their names.");
            return Err(Problem::new(Code::TooLarge, detail).at("overrides"));
        }
        let Some(request) = &self.request else { return Ok(()) };
        match mask(request).map_err(|error| unavailable(error.into()))? {
            Some(place) => {
                let detail = format!("`{place}` was a secret, and the history does not keep it: write it anew.");
                Err(Problem::new(Code::Invalid, detail).at(place))
            }
            None => Ok(()),
        }
    }

    /// The item's content, with the request that takes the place of its own.
    fn content(&self) -> Result<Content, Problem> {
        let Some(request) = &self.request else { return Ok(self.place.item.clone().unwrap_or_else(empty)) };
        let content = self.place.item.clone().unwrap_or_else(empty);
        let mut fields = fields(&content)?;
        fields.insert("request".into(), request);
        to_raw_value(&fields).map(Content::from).map_err(|error| unavailable(error.into()))
    }
}

fn empty() -> Content {
    Content::from(RawValue::NULL.to_owned())
}

fn fields(content: &RawValue) -> Result<IndexMap<String, &RawValue>, Problem> {
    let fields: Option<_> = serde_json::from_str(content.get()).map_err(|error| unavailable(error.into()))?;
    Ok(fields.unwrap_or_default())
}

fn upload((name, file): (String, SentFile)) -> Result<(String, Upload), Problem> {
    let bytes = STANDARD.decode(&file.base64).map_err(|error| {
        Problem::new(Code::Invalid, format!("The file is no base64: {error}")).at(format!("files.{name}.base64"))
    })?;
    Ok((name, Upload { file_name: file.file_name, content_type: file.content_type, bytes: bytes.into() }))
}
