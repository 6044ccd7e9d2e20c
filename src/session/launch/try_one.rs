//! One case, one variant, one model: a run of a single trial, to see what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::prepare::{Prepared, finders, validations};
use super::prompts::Bookcase;
use super::reach::reach_models;
use super::scripts;
use crate::domain::{
    Budget, Case, Cases, CompressPolicy, Experiment, ExperimentId, FallbackPolicy, Filter, Fingerprint, ModelId, Place,
    Problem, RunHeader, RunModel, SemanticPolicy, Variant, VariantId, Workspace,
};
use crate::engine::{new_run_id, now};
use crate::plan::{Plan, PlanVariant, Selection};
use crate::provider::capability;
use crate::scoring::Checks;
use crate::session::preview::PreviewSpec;
use crate::session::shelf::Shelf;
use crate::store::{Places, pricing};

/// The experiment under which such runs are recorded.
pub const TRY_IT: &str = "try-it";

/// Plans one call: what `spec` previews, sent to `model` under the workspace's policy. The answer is streamed.
///
/// # Errors
/// All that is wrong, each with its place.
pub fn prepare_try(
    workspace: &Workspace,
    shelf: &Shelf,
    spec: &PreviewSpec,
    model: &ModelId,
    fresh: bool,
) -> Result<Prepared, Vec<Problem>> {
    let project = workspace.projects.get(&spec.project).ok_or_else(|| gone("project", spec.project.as_str()))?;
    let bookcase = Bookcase { workspace, shelf, id: &spec.project, project };
    let (id, variant) =
        chosen(spec, project.variants.get_key_value(spec.variant.as_ref().unwrap_or(&VariantId::default())));
    let composer = bookcase.composer(&variant)?;

    let cases = match &spec.dataset {
        Some(dataset) => Some(bookcase.cases(dataset, &Place::default())?),
        None => None,
    };
    let rows = cases.as_ref().map_or(1, |cases| cases.cases.len());
    let row = u32::try_from(spec.case.min(rows.saturating_sub(1))).unwrap_or(u32::MAX);
    let untrusted = cases.as_ref().map(|cases| cases.untrusted.clone()).unwrap_or_default();
    let rows: Arc<dyn Cases> = cases.map_or_else(|| Arc::new(NoCase) as Arc<dyn Cases>, |cases| cases.cases.clone());

    let mut problems = Vec::new();
    let (at, mut places) = (Place::file("workspace.ron"), Places::new(&workspace.root));
    let mut reached = reach_models(workspace, [model].into_iter(), (&at, &mut places), &mut problems);
    let Some(reach) = reached.get_mut(model) else { return Err(problems) };
    reach.is_asked = true;
    problems.extend(reach.fault.clone());
    let reach = reach.clone();
    let params = crate::domain::Params { stream: true, ..variant.params.clone() };
    let experiment = experiment(spec, &id, model);
    let run_model = RunModel {
        id: model.clone(),
        model: reach.spec.model.clone(),
        origin: reach.origin.clone(),
        scripted: reach.provider.api.is_scripted(),
    };
    let header = RunHeader {
        id: new_run_id(),
        project: spec.project.clone(),
        experiment: ExperimentId::from(TRY_IT),
        definition: experiment.clone(),
        variants: vec![id.clone()],
        models: vec![run_model],
        dataset: experiment.dataset,
        dataset_fingerprint: rows.fingerprint(),
        cases: 1,
        repeats: 1,
        started_at: now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        prices_dated: pricing().dated.clone(),
        judges: Vec::new(),
        temperatures: vec![params.temperature],
        left_out: 0,
        idle: Vec::new(),
    };
    let mut policy = workspace.manifest.policy.clone();
    policy.cache.on &= !fresh;
    // It is this model's answer that is tried.
    policy.fallback = FallbackPolicy::default();
    policy.semantic = SemanticPolicy::default();
    policy.compress = CompressPolicy::default();
    let plan = Plan {
        header: Arc::new(header),
        variants: vec![PlanVariant { id, composer: Arc::new(composer), params, tiers: None }],
        models: vec![reach.plan_model()],
        cases: rows,
        selection: Selection::Rows([row].into()),
        untrusted: Arc::new(untrusted),
        epoch: policy.cache.epoch,
        left_out: Arc::default(),
        calls: [1].into(),
        remembers: false,
        // The text is tried as it stands.
        canary: None,
    };
    let validations = validations(&policy, &plan.variants, &Place::file("workspace.ron"), &mut problems);
    let (sanitiser, inspector) = finders(&policy, &Place::file("workspace.ron"), &mut problems);
    if problems.iter().any(Problem::is_error) {
        return Err(problems);
    }
    // What cannot be rendered is told now and not as a trial that errored.
    plan.prepare(plan.trial(0))?;
    let checks = Checks::in_dialect(project.spec.dialect, &[], experiment.pass)?;
    let dataset = spec.dataset.as_ref().and_then(|id| project.datasets.get(id));
    let of_cases = dataset.and_then(|found| scripts::of_dataset(&spec.project, &plan.header.dataset, found));
    let scripts = of_cases.into_iter().chain(scripts::of_model(model, &reach.spec));
    Ok(Prepared {
        plan,
        warnings: Vec::new(),
        asks: capability(&reach.provider).into_iter().chain(scripts).collect(),
        outdated: None,
        checks: Arc::new(checks),
        validations,
        sanitiser,
        inspector,
        policy,
        budget: Budget::default(),
        reached,
        judges: BTreeMap::new(),
        concurrency: None,
    })
}

fn chosen(spec: &PreviewSpec, found: Option<(&VariantId, &Arc<Variant>)>) -> (VariantId, Variant) {
    match found {
        Some((id, variant)) => (id.clone(), (**variant).clone()),
        None => (VariantId::from(spec.prompt.as_str()), Variant::of(spec.prompt.clone())),
    }
}

fn experiment(spec: &PreviewSpec, variant: &VariantId, model: &ModelId) -> Experiment {
    Experiment {
        format: crate::domain::FORMAT,
        title: "Try it".to_owned(),
        note: String::new(),
        variants: vec![variant.clone()],
        models: vec![model.clone()],
        dataset: spec.dataset.clone().unwrap_or_default(),
        filter: Filter::default(),
        repeats: 1,
        without: Vec::new(),
        checks: Vec::new(),
        pass: crate::domain::PassRule::default(),
        gate: None,
        policy: None,
        budget: Budget::default(),
    }
}

/// A prompt without a dataset is tried with its defaults alone.
struct NoCase;

impl Cases for NoCase {
    fn len(&self) -> usize {
        1
    }

    fn case(&self, _index: usize) -> Result<Case, Problem> {
        Ok(Case::default())
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([0; 32])
    }
}

fn gone(what: &str, id: &str) -> Vec<Problem> {
    vec![Problem::error(Place::default(), format!("The workspace has no {what} `{id}`."), "")]
}
