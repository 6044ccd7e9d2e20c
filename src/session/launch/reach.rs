//! Models, and the way to each: provider, script, price, limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{
    Api, Cases, Check, Experiment, ModelId, ModelSpec, Place, Price, Problem, ProviderSpec, Script, Workspace,
};
use crate::engine::{Endpoint, Route};
use crate::plan::{PlanModel, Selection, definition_fingerprint};
use crate::provider::origin;
use crate::scoring::models_asked;
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
            params: self.spec.params.clone(),
            is_echo: self.provider.api == Api::Echo,
            is_told_max_tokens: self.is_told_max_tokens(),
            transform: self.spec.transform.clone(),
        }
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

/// The models that checks ask, those of cases and in sets included, each with its calls over the whole run as far as they
/// are known before it.
pub(super) fn judge_models(
    experiment: &Experiment,
    cases: &dyn Cases,
    selection: &Selection,
) -> BTreeMap<ModelId, u64> {
    let per_case = (experiment.variants.len() * experiment.models.len()) as u64 * u64::from(experiment.repeats);
    let mut calls = BTreeMap::new();
    let mut add = |checks: &[Check], cases: u64| {
        for model in models_asked(checks) {
            *calls.entry(model).or_insert(0) += cases * per_case;
        }
    };
    add(&experiment.checks, selection.len() as u64);
    if cases.has_options() {
        let rows = (0_u32..).map_while(|position| selection.row(position));
        // A row that cannot be read is its trials' error, when they run.
        for case in rows.filter_map(|row| cases.case(row).ok()) {
            add(&case.checks, 1);
        }
    }
    calls
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

/// Scheme, host and port; `scripted` for a script. An API of one's own has its definition's hash behind a `#`, since that
/// decides as well what is sent: answers of another definition are not taken for its own.
fn origin_of(provider: &ProviderSpec) -> Result<String, String> {
    match &provider.api {
        Api::Scripted(_) => Ok("scripted".to_owned()),
        Api::Echo => Ok("echo".to_owned()),
        Api::Unmapped => Err("it was imported and is not known here. Give its models another provider.".to_owned()),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Assertion, AssertionKind, AssertionSet, Case, CheckKind, Fingerprint};

    /// Three cases; the second has a check of its own.
    struct Rows(Vec<Check>);

    impl Cases for Rows {
        fn len(&self) -> usize {
            3
        }

        fn has_options(&self) -> bool {
            !self.0.is_empty()
        }

        fn case(&self, index: usize) -> Result<Case, Problem> {
            let checks = if index == 1 { self.0.clone() } else { Vec::new() };
            Ok(Case { checks, ..Case::default() })
        }

        fn fingerprint(&self) -> Fingerprint {
            Fingerprint::default()
        }
    }

    fn graded(kind: AssertionKind, model: &str) -> Check {
        let assertion = Assertion { model: Some(model.into()), ..Assertion::new(kind, json!("a")) };
        Check::new(CheckKind::Assertion(Box::new(assertion)))
    }

    #[test]
    fn models_of_checks_in_sets_and_in_cases_are_counted() {
        let experiment = json!({ "variants": ["a", "b"], "models": ["m"], "dataset": "d", "repeats": 2 });
        let mut experiment: Experiment = serde_json::from_value(experiment).unwrap();
        let set = AssertionSet { checks: vec![graded(AssertionKind::GEval, "deep"), Check::new(CheckKind::Json)] };
        experiment.checks = vec![graded(AssertionKind::LlmRubric, "quick"), Check::new(CheckKind::Set(set))];
        let own = Rows(vec![graded(AssertionKind::Similar, "vectors")]);
        let check = |rows: &Rows, selection, expect: &[(&str, u64)]| {
            let asked = judge_models(&experiment, rows, &selection);
            let asked: Vec<(&str, u64)> = asked.iter().map(|(model, calls)| (model.as_str(), *calls)).collect();
            assert_eq!(asked, expect);
        };
        check(&Rows(Vec::new()), Selection::First(3), &[("deep", 24), ("quick", 12)]);
        check(&own, Selection::First(3), &[("deep", 24), ("quick", 12), ("vectors", 4)]);
        check(&own, Selection::Rows([0, 2].into()), &[("deep", 16), ("quick", 8)]);
    }
}
