//! What names stand for in what a person sends, in layers, and what of it is secret.

use super::App;
use crate::call::redact::is_telling;
use crate::call::variables::{Scope, Variables};
use crate::id::EnvironmentId;
use crate::protocol::own::Values;
use crate::store::own::Owner;
use crate::store::unavailable;
use crate::workspace::Workspace;
use crate::workspace::item::Content;
use crate::workspace::member::Viewer;
use crate::workspace::problem::{Code, Problem};
use std::collections::{BTreeMap, BTreeSet};

/// A value whose name says that it is secret has so many bytes: shorter ones, and `false`, are met by chance.
const SHORTEST_SECRET: usize = 6;

/// Values of a collection and an environment, and the person's own for that.
#[derive(Default)]
pub(super) struct Layers {
    collection: Variables,
    environment: Variables,
    private: BTreeMap<String, String>,
    is_team: bool,
}

impl Layers {
    /// As they are now.
    ///
    /// # Errors
    /// `not_found` for an environment that isn't there, `invalid` for variables that aren't as Postman writes them,
    /// `unavailable`.
    pub(super) async fn read(
        app: &App,
        workspace: &Workspace,
        viewer: &Viewer,
        collection: Option<&Content>,
        environment: Option<EnvironmentId>,
    ) -> Result<Self, Problem> {
        let malformed = |error: crate::call::Malformed| Problem::new(Code::Invalid, error.to_string());
        let mut layers = Self { is_team: viewer.is_team(), ..Self::default() };
        if let Some(collection) = collection {
            layers.collection = Variables::of_collection(collection).map_err(malformed)?;
        }
        if let Some(id) = environment {
            let environment = workspace.environment(id).ok_or(Code::NotFound)?;
            layers.environment = Variables::of_environment(&environment.content).map_err(malformed)?;
            layers.private = private_values(app, Owner { workspace: workspace.id, user: viewer.user }, id).await?;
        }
        Ok(layers)
    }

    /// With overrides laid over all of them. A secret's shared value is the team's: it does not go out for a partner either.
    pub(super) fn scope(&self, overrides: &BTreeMap<String, Option<String>>) -> Scope {
        let open = |variables: &Variables| if self.is_team { variables.all() } else { variables.open() };
        let private = self.private.clone().into_iter().collect();
        Scope::new([open(&self.collection), open(&self.environment), private]).overridden(overrides.clone())
    }

    /// What is kept nowhere: values of variables that are marked as secret, and of the person's own those whose name says so.
    pub(super) fn secrets(&self, overrides: &BTreeMap<String, Option<String>>) -> Vec<String> {
        let shared = [&self.collection, &self.environment];
        let marked: BTreeSet<&str> = shared.iter().flat_map(|variables| variables.secret_names()).collect();
        let given = overrides.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let own = self.private.iter().chain(given);
        let own = own.filter(|(name, value)| {
            marked.contains(name.as_str()) || is_telling(name) && value.len() >= SHORTEST_SECRET
        });
        // To take the team's out of what a partner wrote would tell the partner that it guessed one.
        let team = shared.iter().filter(|_| self.is_team).flat_map(|variables| variables.secrets());
        own.map(|(_, value)| value.clone()).chain(team).collect()
    }
}

async fn private_values(app: &App, owner: Owner, id: EnvironmentId) -> Result<BTreeMap<String, String>, Problem> {
    let kept = app.store.values(owner, id).await.map_err(unavailable)?;
    let values = kept.map(|kept| serde_json::from_str::<Values>(&format!("{{\"values\":{kept}}}"))).transpose();
    Ok(values.map_err(|error| unavailable(error.into()))?.unwrap_or_default().values)
}
