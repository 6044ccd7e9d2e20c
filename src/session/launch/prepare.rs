//! Looks at everything that a run needs, and tells all that is wrong at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{
    Budget, Capability, Dataset, DefinitionKey, Dialect, Experiment, ExperimentId, ModelId, ModelTier, Place, Policy,
    Price, Problem, Project, ProjectId, RunHeader, RunModel, Usd, Workspace,
};
use crate::engine::{new_run_id, now};
use crate::plan::{Plan, PlanVariant, Selection, TierRoute};
use crate::provider::capability;
use crate::scoring::guardrails::{Inspector, Sanitiser};
use crate::scoring::{Checks, Validation};
use crate::session::shelf::Shelf;
use crate::store::{OpenCases, complexity_words, pricing};

use super::prompts::Bookcase;
use super::reach::{Reach, judge_models, reach_models};

/// Fields of request bodies that change how much a call may write, whatever `max_tokens` says.
const OUTPUT_FIELDS: [&str; 13] = [
    "best_of",
    "candidateCount",
    "max_length",
    "max_tokens",
    "max_tokens_to_sample",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
    "num_predict",
    "options",
    "generationConfig",
    "messages",
    "contents",
];
/// A trial's place counts repeats in 16 bits.
const MOST_REPEATS: u32 = u16::MAX as u32;

/// Which run is wanted, and what of its definition is to be different this time.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub project: ProjectId,
    pub experiment: ExperimentId,
    /// Stands for the experiment as the workspace has it now.
    pub definition: Option<Experiment>,
    /// The most calls in flight, for every endpoint.
    pub concurrency: Option<u32>,
    pub budget: Option<Usd>,
    /// The first cases only.
    pub limit: Option<usize>,
    pub repeats: Option<u32>,
    /// Guards calls in the place of the experiment's own policy, whose fallback and cache epoch stay.
    pub policy: Option<Policy>,
    pub no_cache: bool,
}

impl Wish {
    /// A recorded run as it was asked for, checks and budget included, whatever its experiment says by now.
    #[must_use]
    pub fn again(header: &RunHeader) -> Self {
        Self {
            project: header.project.clone(),
            experiment: header.experiment.clone(),
            definition: Some(header.definition.clone()),
            ..Self::default()
        }
    }
}

/// A run that can be started.
pub struct Prepared {
    pub plan: Plan,
    pub warnings: Vec<Problem>,
    /// What the run needs beyond the workspace's folder.
    pub asks: BTreeSet<Capability>,
    pub(super) checks: Arc<Checks>,
    pub(super) validations: Vec<Option<Arc<Validation>>>,
    pub(super) sanitiser: Option<Sanitiser>,
    pub(super) inspector: Option<Inspector>,
    pub(super) policy: Policy,
    pub(super) budget: Budget,
    /// The plan's models, then the judges'.
    pub(super) reached: BTreeMap<ModelId, Reach>,
    /// With the calls of each, as far as they are known.
    pub(super) judges: BTreeMap<ModelId, u64>,
    pub(super) concurrency: Option<u32>,
}

/// Looks at everything that a run needs: prompts render, checks compile, the dataset opens, models are known.
///
/// Opens the dataset, so not for the main thread.
///
/// # Errors
/// All that is wrong, each with its place.
pub fn prepare(workspace: &Workspace, shelf: &Shelf, wish: &Wish) -> Result<Prepared, Vec<Problem>> {
    let project = workspace.projects.get(&wish.project).ok_or_else(|| missing("project", &wish.project.0))?;
    let defined = wish.definition.as_ref().or_else(|| project.experiments.get(&wish.experiment).map(Arc::as_ref));
    let mut experiment = changed(workspace, defined.ok_or_else(|| missing("experiment", &wish.experiment.0))?, wish);
    let at = Place::file(DefinitionKey::Experiment(wish.project.clone(), wish.experiment.clone()).path());
    let bookcase = Bookcase { workspace, shelf, id: &wish.project, project };

    let cases = bookcase.cases(&experiment.dataset, &at)?;
    let mut problems = cases.problems.clone();
    let mut variants = bookcase.variants(&experiment, &cases, &at, &mut problems);
    let checks = compile_checks(project.spec.dialect, &experiment, &cases, &at, &mut problems);
    let selection = select(&experiment, &cases).unwrap_or_else(|problem| {
        problems.push(problem);
        Selection::First(0)
    });
    let judges = judge_models(&experiment, &*cases.cases, &selection);
    // On record with the run, so that it goes on under the policy that it began with.
    let policy = effective_policy(workspace, &experiment);
    experiment.policy = Some(policy.clone());
    let stand_ins = policy.fallback.models.iter().map(|stand_in| &stand_in.model);
    let tiers = variants.iter().filter_map(|variant| project.variants.get(&variant.id)?.tiers.as_ref());
    let tiers: Vec<ModelId> = tiers.flat_map(|tiers| &tiers.tiers).map(|tier| tier.model.clone()).collect();
    let asked = experiment.models.iter().chain(stand_ins).chain(&tiers);
    let helpers = judges.keys().chain(policy.semantic.model()).chain(&policy.compress.model);
    let reached = reach_models(workspace, asked.clone().chain(helpers), &at, &mut problems);
    add_tiers(&mut variants, project, &reached);
    let validations = validations(&policy, &variants, &at, &mut problems);
    let (sanitiser, inspector) = finders(&policy, &at, &mut problems);
    if experiment.budget.hard.is_some() {
        problems.extend(without_bound(&asked.cloned().collect(), &variants, &reached));
    }
    if experiment.repeats > MOST_REPEATS {
        let message = format!("{} repeats of a cell are more than a run can have.", experiment.repeats);
        problems.push(Problem::error(at.clone(), message, format!("Ask for {MOST_REPEATS} at most.")));
    }
    if selection.is_empty() {
        problems.push(Problem::error(at, "No case takes part.", "Add cases to the dataset, or widen the filter."));
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(Problem::is_error);
    let Some(checks) = checks.filter(|_| errors.is_empty()) else { return Err(errors) };

    let models: Vec<(ModelId, Reach)> =
        experiment.models.iter().filter_map(|id| Some((id.clone(), reached.get(id)?.clone()))).collect();
    let only_judges: Vec<(ModelId, Reach)> = judges
        .keys()
        .filter(|id| !experiment.models.contains(id))
        .filter_map(|id| Some((id.clone(), reached.get(id)?.clone())))
        .collect();
    let header = header(wish, &experiment, &variants, [&models, &only_judges], &cases, &selection);
    let plan = Plan {
        header: Arc::new(header),
        variants,
        models: models.iter().map(|(_, reach)| reach.plan_model()).collect(),
        cases: cases.cases.clone(),
        selection,
        untrusted: Arc::new(cases.untrusted.clone()),
        epoch: policy.cache.epoch,
        left_out: Arc::default(),
        remembers: false,
    };
    let plan = plan.with_left_out();
    let dataset = project.datasets.get(&experiment.dataset);
    let scripts = runs_scripts(&experiment, dataset.map(Arc::as_ref), &reached).then_some(Capability::Script);
    let asks = reached.values().filter_map(|reach| capability(&reach.provider)).chain(scripts).collect();
    Ok(Prepared {
        plan,
        warnings,
        asks,
        checks: Arc::new(checks),
        validations,
        sanitiser,
        inspector,
        policy: if wish.no_cache { without_cache(policy) } else { policy },
        budget: experiment.budget,
        reached,
        judges,
        concurrency: wish.concurrency,
    })
}

/// The plan of a recorded run, as the workspace makes it now: its experiment as it was, its prompts as they are.
///
/// Opens the dataset, so not for the main thread.
///
/// # Errors
/// What has changed so that it cannot be made any more.
pub fn plan_again(workspace: &Workspace, shelf: &Shelf, header: &RunHeader) -> Result<Plan, Vec<Problem>> {
    Ok(prepare(workspace, shelf, &Wish::again(header))?.plan)
}

/// The experiment with what is to be different this time.
fn changed(workspace: &Workspace, defined: &Experiment, wish: &Wish) -> Experiment {
    let mut experiment = defined.clone();
    if let Some(limit) = wish.limit {
        experiment.filter.limit = Some(experiment.filter.limit.map_or(limit, |set| set.min(limit)));
    }
    if let Some(repeats) = wish.repeats {
        experiment.repeats = repeats;
    }
    if let Some(budget) = wish.budget {
        experiment.budget.hard = Some(budget);
    }
    if let Some(preset) = &wish.policy {
        experiment.policy = Some(effective_policy(workspace, &experiment).guarded_as(preset));
    }
    experiment.repeats = experiment.repeats.max(1);
    experiment
}

/// Models of which nobody can say what a call costs at most: under a hard budget none of their calls could be made.
fn without_bound(
    answering: &BTreeSet<ModelId>,
    variants: &[PlanVariant],
    reached: &BTreeMap<ModelId, Reach>,
) -> Vec<Problem> {
    let unbounded = variants.iter().any(|variant| variant.params.max_tokens.is_none());
    let problem = |(id, reach): (&ModelId, &Reach)| {
        let (message, hint) = match &reach.price {
            None => (
                format!("The price of the model `{id}` is unknown, so no budget can be kept."),
                "Give it a `price`, or run without a budget.",
            ),
            Some(price)
                if *price != Price::FREE
                    && reach.max_output.is_none()
                    && (unbounded || !reach.is_told_max_tokens()) =>
            {
                (
                    format!("Nobody knows how much the model `{id}` answers at most, so no budget can be kept."),
                    "Give it a `max_output`, or its variants `max_tokens`, or run without a budget.",
                )
            }
            Some(_) => return None,
        };
        let asked = answering.contains(id) || reach.price.is_none();
        asked.then(|| Problem::error(Place::file("workspace.ron"), message, hint))
    };
    let of_variants = variants.iter().map(|variant| (format!("variant `{}`", variant.id), &variant.params));
    let asked = reached.iter().filter(|(id, _)| answering.contains(*id));
    let of_models = asked.map(|(id, reach)| (format!("model `{id}`"), &reach.spec.params));
    let past_the_bound = of_variants.chain(of_models).filter_map(|(who, params)| {
        let field = OUTPUT_FIELDS.iter().find(|field| params.extra.contains_key(**field))?;
        let message = format!("The {who} sets `{field}` in `extra`, where no budget can see it.");
        Some(Problem::error(Place::default(), message, "Set `max_tokens` instead, or run without a budget."))
    });
    reached.iter().filter_map(problem).chain(past_the_bound).collect()
}

/// Whether a run executes JavaScript: of the experiment's checks, of its cases, of its models.
pub(super) fn runs_scripts(
    experiment: &Experiment,
    dataset: Option<&Dataset>,
    reached: &BTreeMap<ModelId, Reach>,
) -> bool {
    experiment.checks.iter().any(|check| check.kind.has_script())
        || dataset.is_some_and(Dataset::has_scripts)
        || reached.values().any(|reach| reach.spec.transform.is_some())
}

/// The experiment's own policy, or the workspace's where it has none.
fn effective_policy(workspace: &Workspace, experiment: &Experiment) -> Policy {
    experiment.policy.clone().unwrap_or_else(|| workspace.manifest.policy.clone())
}

/// What looks at inputs and at answers, where the policy has it.
pub(super) fn finders(
    policy: &Policy,
    at: &Place,
    problems: &mut Vec<Problem>,
) -> (Option<Sanitiser>, Option<Inspector>) {
    let sanitiser = policy.sanitise.on.then(|| Sanitiser::new(&policy.sanitise));
    let inspector = policy.output.is_on().then(|| Inspector::new(&policy.output));
    let sanitiser = sanitiser.and_then(|made| kept(made, at, problems));
    (sanitiser, inspector.and_then(|made| kept(made, at, problems)))
}

/// What could be made of a part of the policy; what is wrong with it is told at the experiment.
fn kept<T>(made: Result<T, Vec<Problem>>, at: &Place, problems: &mut Vec<Problem>) -> Option<T> {
    made.map_err(|wrong| problems.extend(wrong.into_iter().map(|problem| Problem { place: at.clone(), ..problem })))
        .ok()
}

/// Gives the variants that have tiers the way to each; a model that cannot be reached is a problem already.
fn add_tiers(variants: &mut [PlanVariant], project: &Project, reached: &BTreeMap<ModelId, Reach>) {
    for variant in variants {
        let policy = project.variants.get(&variant.id).and_then(|defined| defined.tiers.clone());
        let Some(policy) = policy.filter(|policy| !policy.tiers.is_empty()) else { continue };
        let model = |tier: &ModelTier| Some((tier.model.clone(), reached.get(&tier.model)?.plan_model()));
        let models = policy.tiers.iter().filter_map(model).collect();
        variant.tiers = Some(Arc::new(TierRoute { policy, words: complexity_words(), models }));
    }
}

/// The form that each variant's answers are held to; `None` where the policy or the prompt asks for none.
pub(super) fn validations(
    policy: &Policy,
    variants: &[PlanVariant],
    at: &Place,
    problems: &mut Vec<Problem>,
) -> Vec<Option<Arc<Validation>>> {
    let validation = |variant: &PlanVariant| {
        let spec = variant.composer.output_spec();
        if !policy.repair.on || spec.is_free() {
            return None;
        }
        match Validation::new(spec, policy.repair.accept_fenced) {
            Ok(validation) => Some(Arc::new(validation)),
            Err(why) => {
                let message = format!("The output schema of the variant `{}` cannot be used: {why}.", variant.id);
                problems.push(Problem::error(at.clone(), message, "Mend the schema of its task layer."));
                None
            }
        }
    };
    variants.iter().map(validation).collect()
}

fn without_cache(mut policy: Policy) -> Policy {
    policy.cache.on = false;
    policy
}

fn compile_checks(
    dialect: Dialect,
    experiment: &Experiment,
    cases: &OpenCases,
    at: &Place,
    problems: &mut Vec<Problem>,
) -> Option<Checks> {
    let placed = |problem: Problem| Problem { place: at.clone(), ..problem };
    match Checks::in_dialect(dialect, &experiment.checks, experiment.pass) {
        Ok(checks) => {
            problems.extend(
                checks
                    .lint(&cases.columns.iter().cloned().collect(), &cases.expected.iter().cloned().collect())
                    .into_iter()
                    .map(placed),
            );
            Some(checks)
        }
        Err(found) => {
            problems.extend(found.into_iter().map(placed));
            None
        }
    }
}

/// The rows that take part: those with one of the filter's tags, the first of them where there is a limit.
///
/// # Errors
/// There are more rows than a run can have.
pub fn select(experiment: &Experiment, cases: &OpenCases) -> Result<Selection, Problem> {
    let limit = experiment.filter.limit.unwrap_or(usize::MAX);
    let count = cases.cases.len();
    let row = |index: usize| u32::try_from(index).ok();
    let too_many = || Problem::error(Place::default(), "More than 4 billion cases cannot run at once.", "Set a limit.");
    if experiment.filter.tags.is_empty() {
        return Ok(Selection::First(row(count.min(limit)).ok_or_else(too_many)?));
    }
    let tagged = |index: &usize| {
        cases.cases.case(*index).is_ok_and(|case| case.tags.iter().any(|tag| experiment.filter.tags.contains(tag)))
    };
    let rows: Vec<u32> = (0..count).filter(tagged).take(limit).filter_map(row).collect();
    Ok(Selection::Rows(rows.into()))
}

fn header(
    wish: &Wish,
    experiment: &Experiment,
    variants: &[PlanVariant],
    [models, judges]: [&[(ModelId, Reach)]; 2],
    cases: &OpenCases,
    selection: &Selection,
) -> RunHeader {
    let run_model = |(id, reach): &(ModelId, Reach)| RunModel {
        id: id.clone(),
        model: reach.spec.model.clone(),
        origin: reach.origin.clone(),
        scripted: reach.provider.api.is_scripted(),
    };
    RunHeader {
        id: new_run_id(),
        project: wish.project.clone(),
        experiment: wish.experiment.clone(),
        definition: experiment.clone(),
        variants: variants.iter().map(|variant| variant.id.clone()).collect(),
        models: models.iter().map(run_model).collect(),
        dataset: experiment.dataset.clone(),
        dataset_fingerprint: cases.cases.fingerprint(),
        cases: u32::try_from(selection.len()).unwrap_or(u32::MAX),
        repeats: experiment.repeats,
        started_at: now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        prices_dated: pricing().dated.clone(),
        judges: judges.iter().map(run_model).collect(),
        temperatures: variants.iter().map(|variant| variant.params.temperature).collect(),
        left_out: 0,
        idle: Vec::new(),
    }
}

fn missing(what: &str, id: &str) -> Vec<Problem> {
    vec![Problem::error(Place::default(), format!("The workspace has no {what} `{id}`."), "")]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::open_workspace;

    #[test]
    fn more_repeats_than_a_place_can_count_are_a_problem() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces/support-triage");
        let workspace = open_workspace(&root).unwrap();
        let (project, found) = workspace.projects.first_key_value().unwrap();
        let check = |repeats, expect| {
            let experiment = found.experiments.keys().next().unwrap().clone();
            let wish = Wish { project: project.clone(), experiment, repeats: Some(repeats), ..Wish::default() };
            let prepared = prepare(&workspace, &Shelf::default(), &wish);
            assert_eq!(prepared.is_ok(), expect, "{repeats} repeats");
        };
        check(65_535, true);
        check(65_536, false);
    }
}
