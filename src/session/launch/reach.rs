//! Models, and the way to each: provider, script, price, limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{
    Api, CheckKind, Experiment, ModelId, ModelSpec, Place, Price, Problem, ProviderSpec, Script, Workspace,
};
use crate::engine::{Endpoint, Route};
use crate::plan::PlanModel;
use crate::provider::origin;
use crate::store::{limits_of, price_of};

use super::prompts::known;

/// All that is known of a model and the way to it.
#[derive(Clone)]
pub(super) struct Reach {
    pub(super) spec: ModelSpec,
    pub(super) provider: ProviderSpec,
    pub(super) script: Option<Arc<Script>>,
    pub(super) origin: String,
    pub(super) price: Option<Price>,
    pub(super) max_output: Option<u32>,
}

impl Reach {
    pub(super) fn plan_model(&self) -> PlanModel {
        PlanModel {
            model: self.spec.model.clone(),
            origin: self.origin.clone(),
            price: self.price.clone(),
            max_output: self.max_output,
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

/// The models that the experiment's checks ask.
pub(super) fn judge_models(experiment: &Experiment) -> BTreeSet<ModelId> {
    let judge = |kind: &CheckKind| match kind {
        CheckKind::Judge { model, .. } => Some(model.clone()),
        _ => None,
    };
    experiment.checks.iter().filter_map(|check| judge(&check.kind)).collect()
}

/// All models that an experiment needs; what cannot be reached is a problem.
pub(super) fn reach_models<'a>(
    workspace: &Workspace,
    models: impl Iterator<Item = &'a ModelId>,
    at: &Place,
    problems: &mut Vec<Problem>,
) -> BTreeMap<ModelId, Reach> {
    let mut reached = BTreeMap::new();
    for id in models {
        match reach(workspace, id, at) {
            Ok(found) => {
                reached.insert(id.clone(), found);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if reached.is_empty() && problems.iter().all(|problem| !problem.is_error()) {
        problems.push(Problem::error(at.clone(), "The experiment has no model.", "Name at least one in `models`."));
    }
    reached
}

fn reach(workspace: &Workspace, id: &ModelId, at: &Place) -> Result<Reach, Problem> {
    let manifest = &workspace.manifest;
    let spec = manifest.models.get(id).ok_or_else(|| {
        Problem::error(at.clone(), format!("There is no model `{id}`."), known("Models", manifest.models.keys()))
    })?;
    let provider = manifest.providers.get(&spec.provider).ok_or_else(|| {
        let message = format!("The model `{id}` names the provider `{}`, which is not there.", spec.provider);
        Problem::error(Place::file("workspace.ron"), message, known("Providers", manifest.providers.keys()))
    })?;
    let script = match &provider.api {
        Api::Scripted(path) => Some(workspace.scripts.get(path).cloned().ok_or_else(|| {
            let message = format!("The script `{path}` of the provider `{}` could not be read.", spec.provider);
            Problem::error(Place::file("workspace.ron"), message, "Its own problems are listed with the workspace's.")
        })?),
        _ => None,
    };
    let origin = origin_of(provider).map_err(|message| {
        let message = format!("The provider `{}` cannot be reached: {message}", spec.provider);
        Problem::error(Place::file("workspace.ron"), message, "")
    })?;
    let price = price_of(manifest, id);
    let max_output = limits_of(manifest, id).max_output;
    Ok(Reach { spec: spec.clone(), provider: provider.clone(), script, origin, price, max_output })
}

/// Scheme, host and port; `scripted` for a script.
fn origin_of(provider: &ProviderSpec) -> Result<String, String> {
    match &provider.api {
        Api::Scripted(_) => Ok("scripted".to_owned()),
        api => {
            let base_url = provider.base_url.as_deref().or(api.default_base_url());
            origin(base_url.ok_or("it has no address: give it a `base_url`.")?)
        }
    }
}
