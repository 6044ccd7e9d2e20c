//! Models, and the way to each: provider, script, price, limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{Api, DefinitionKey, ModelId, ModelSpec, Place, Price, Problem, ProviderSpec, Script, Workspace};
use crate::engine::{Endpoint, Route};
use crate::plan::{PlanModel, definition_fingerprint};
use crate::provider::origin;
use crate::store::{Places, limits_of, price_of};

use super::prompts::known;

/// The origin of a model that has no address.
const NOWHERE: &str = "nowhere";

/// All that is known of a model and the way to it.
#[derive(Clone)]
pub(super) struct Reach {
    pub(super) spec: ModelSpec,
    pub(super) provider: ProviderSpec,
    pub(super) script: Option<Arc<Script>>,
    pub(super) origin: String,
    pub(super) price: Option<Price>,
    pub(super) max_output: Option<u32>,
    /// Why it cannot be asked, where it cannot.
    pub(super) fault: Option<Problem>,
    /// The run may ask it: something is sent to it, and its provider needs trust and a key.
    pub(super) is_asked: bool,
}

impl Reach {
    pub(super) fn plan_model(&self) -> PlanModel {
        PlanModel {
            model: self.spec.model.clone(),
            origin: self.origin.clone(),
            price: self.price.clone(),
            max_output: self.max_output,
            params: self.spec.params.clone(),
            is_echo: self.provider.api == Api::Echo,
            is_unmapped: self.is_unmapped(),
            is_told_max_tokens: self.is_told_max_tokens(),
            transform: self.spec.transform.clone(),
        }
    }

    pub(super) fn is_unmapped(&self) -> bool {
        self.provider.api == Api::Unmapped
    }

    /// Whether the API hears of a call's `max_tokens`: one by its own description hears what its templates name.
    pub(super) fn is_told_max_tokens(&self) -> bool {
        match &self.provider.api {
            Api::Http(http) => serde_json::to_string(http)
                .is_ok_and(|text| text.contains("max_tokens}}") || text.contains("max_tokens }}")),
            _ => true,
        }
    }

    pub(super) fn route(&self, id: &ModelId, endpoint: Arc<Endpoint>) -> Route {
        Route {
            model: id.clone(),
            provider_model: self.spec.model.clone(),
            price: self.price.clone(),
            max_output: self.max_output,
            endpoint,
        }
    }
}

/// The models of these names, each once; a name that nothing has is a problem. Whether they can be asked is another matter.
pub(super) fn reach_models<'a>(
    workspace: &Workspace,
    models: impl Iterator<Item = &'a ModelId>,
    (at, places): (&Place, &mut Places),
    problems: &mut Vec<Problem>,
) -> BTreeMap<ModelId, Reach> {
    let mut reached = BTreeMap::new();
    for id in models {
        match reach(workspace, id, at, places) {
            Ok(found) => {
                reached.insert(id.clone(), found);
            }
            Err(problem) => problems.push(problem),
        }
    }
    reached
}

fn reach(workspace: &Workspace, id: &ModelId, at: &Place, places: &mut Places) -> Result<Reach, Problem> {
    let manifest = &workspace.manifest;
    let spec = manifest.models.get(id).ok_or_else(|| {
        Problem::error(at.clone(), format!("There is no model `{id}`."), known("Models", manifest.models.keys()))
    })?;
    let provider = manifest.providers.get(&spec.provider).ok_or_else(|| {
        let message = format!("The model `{id}` names the provider `{}`, which is not there.", spec.provider);
        Problem::error(Place::file("workspace.ron"), message, known("Providers", manifest.providers.keys()))
    })?;
    let (script, fault) = match &provider.api {
        Api::Scripted(path) => (workspace.scripts.get(path).cloned(), unread_script(workspace, path, spec)),
        Api::Unmapped => (None, Some(unmapped(id, spec, places))),
        _ => (None, None),
    };
    let (origin, fault) = match origin_of(provider) {
        Ok(origin) => (origin, fault),
        Err(message) => {
            let message = format!("The provider `{}` cannot be reached: {message}", spec.provider);
            let place = places.of(&DefinitionKey::Manifest, &["providers", spec.provider.as_str(), "base_url"]);
            (NOWHERE.to_owned(), Some(Problem::error(place, message, "")))
        }
    };
    let price = price_of(manifest, id);
    let max_output = limits_of(manifest, id).max_output;
    let (spec, provider) = (spec.clone(), provider.clone());
    Ok(Reach { spec, provider, script, origin, price, max_output, fault, is_asked: false })
}

fn unread_script(workspace: &Workspace, path: &str, spec: &ModelSpec) -> Option<Problem> {
    let message = format!("The script `{path}` of the provider `{}` could not be read.", spec.provider);
    let hint = "Its own problems are listed with the workspace's.";
    (!workspace.scripts.contains_key(path)).then(|| Problem::error(Place::file("workspace.ron"), message, hint))
}

fn unmapped(id: &ModelId, spec: &ModelSpec, places: &mut Places) -> Problem {
    let message = format!("Nobody here can ask the model `{id}`: it was imported as `{}`.", spec.model);
    let hint = "Bind it to a model: give it another provider, or take it out of the experiment.";
    Problem::error(places.of(&DefinitionKey::Manifest, &["models", id.as_str(), "provider"]), message, hint)
}

/// Scheme, host and port; `scripted` for a script. An API of one's own has its definition's hash behind a `#`, since that
/// decides as well what is sent: answers of another definition are not taken for its own.
fn origin_of(provider: &ProviderSpec) -> Result<String, String> {
    match &provider.api {
        Api::Scripted(_) => Ok("scripted".to_owned()),
        Api::Echo => Ok("echo".to_owned()),
        Api::Unmapped => Ok(NOWHERE.to_owned()),
        api => {
            let base_url = provider.base_url.as_deref().or(api.default_base_url());
            let base_url = base_url.ok_or("it has no address: give it a `base_url`.")?;
            let origin = origin(base_url)?;
            Ok(match api {
                Api::Http(http) => format!("{origin}#{}", definition_fingerprint(&(base_url, http)).short()),
                _ => origin,
            })
        }
    }
}
