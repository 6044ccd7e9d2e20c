//! Looks at everything that a run needs, and tells all that is wrong at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{
    Budget, Capability, ChatRequest, DefinitionKey, Dialect, Experiment, ExperimentId, ModelId, ModelTier, Place,
    Policy, Problem, Project, ProjectId, RunHeader, RunModel, Usd, Workspace,
};
use crate::engine::{new_run_id, now, sanitised};
use crate::plan::{Plan, PlanVariant, PlannedTrial, Selection, TierRoute, canary_of};
use crate::provider::capability;
use crate::scoring::guardrails::{Inspector, Sanitiser};
use crate::scoring::{Checks, Validation};
use crate::session::shelf::Shelf;
use crate::store::{OpenCases, Places, complexity_words, pricing};

use super::able::unable;
use super::asked::{Judging, answering, judging};
use super::bound::without_bound;
use super::found::Found;
use super::prompts::Bookcase;
use super::reach::{Reach, reach_models};
use super::scripts;
use super::users::wrong_users;

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
    /// A column whose model nobody can ask has errors in its trials, and the others run. Where it is not set, the run is
    /// refused before anything is paid: whoever can edit the experiment binds the model first, or takes it out.
    pub unmapped_errs: bool,
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
    /// The JavaScript of a recorded experiment that has another one by now, or none: what is granted is what the
    /// workspace holds, so nobody can grant it any more.
    pub(super) outdated: Option<Capability>,
    pub(super) checks: Arc<Checks>,
    pub(super) validations: Vec<Option<Arc<Validation>>>,
    pub(super) sanitiser: Option<Sanitiser>,
    pub(super) inspector: Option<Inspector>,
    pub(super) policy: Policy,
    pub(super) budget: Budget,
    /// All models that the experiment names, those of its checks and of its guards included.
    pub(super) reached: BTreeMap<ModelId, Reach>,
    /// With the calls of each, as far as they are known.
    pub(super) judges: BTreeMap<ModelId, u64>,
    pub(super) concurrency: Option<u32>,
}

impl Prepared {
    /// A trial's request as the input guard lets it out; `None` where it holds it back.
    pub(in crate::session) fn let_out(&self, planned: PlannedTrial) -> Option<ChatRequest> {
        let Some(sanitiser) = &self.sanitiser else { return Some(planned.request) };
        let out = sanitised(&self.plan, planned, sanitiser, &self.policy.sanitise);
        out.ok().map(|(planned, _)| planned.request)
    }
}

/// Looks at everything that a run needs: prompts render, checks compile, the dataset opens, models are known.
///
/// Opens the dataset, so not for the main thread.
///
/// # Errors
/// All that is wrong, each with its place.
pub fn prepare(workspace: &Workspace, shelf: &Shelf, wish: &Wish) -> Result<Prepared, Vec<Problem>> {
    let mut found = Found::default();
    let prepared = look(workspace, shelf, wish, &mut found);
    let (errors, warnings) = found.by_severity();
    prepared.filter(|_| errors.is_empty()).map(|prepared| Prepared { warnings, ..prepared }).ok_or(errors)
}

/// What keeps such a run from starting, beyond what the check of the workspace's files tells.
pub(super) fn refusals_of(workspace: &Workspace, shelf: &Shelf, wish: &Wish) -> Vec<Problem> {
    let mut found = Found::default();
    drop(look(workspace, shelf, wish, &mut found));
    found.of_run
}

/// The run as far as its parts are there; `None` where too little is.
fn look(workspace: &Workspace, shelf: &Shelf, wish: &Wish, found: &mut Found) -> Option<Prepared> {
    let Found { of_files: problems, of_run } = found;
    let (project, defined) = named(workspace, wish).map_err(|wrong| problems.push(wrong)).ok()?;
    let mut experiment = changed(workspace, defined, wish);
    let key = DefinitionKey::Experiment(wish.project.clone(), wish.experiment.clone());
    let at = Place::file(key.path());
    let bookcase = Bookcase { workspace, shelf, id: &wish.project, project };
    let mut places = Places::new(&workspace.root);

    let cases = bookcase.cases(&experiment.dataset, &at).map_err(|wrong| problems.extend(wrong)).ok()?;
    problems.extend(cases.problems.iter().cloned());
    let mut variants = bookcase.variants(&experiment, &cases, &at, problems);
    let checks = compile_checks(project.spec.dialect, &experiment, &cases, &at, problems);
    let selection = select(&experiment, &cases).unwrap_or_else(|problem| {
        of_run.push(Problem { place: at.clone(), ..problem });
        Selection::First(0)
    });
    if wish.definition.is_none() {
        let users = effective_policy(workspace, &experiment).users;
        let dataset = (&experiment.dataset, &*cases);
        problems.extend(wrong_users(workspace, (&wish.project, &wish.experiment), &users, dataset));
    }
    // On record with the run, so that it goes on under the policy that it began with.
    let mut policy = effective_policy(workspace, &experiment);
    policy.cache.on &= !wish.no_cache;
    name_canary(&mut policy, wish);
    experiment.policy = Some(policy.clone());
    if experiment.models.is_empty() {
        problems.push(Problem::error(at.clone(), "The experiment has no model.", "Name at least one in `models`."));
    }
    let tiers = variants.iter().filter_map(|variant| project.variants.get(&variant.id)?.tiers.as_ref());
    let tiers: Vec<ModelId> = tiers.flat_map(|tiers| &tiers.tiers).map(|tier| tier.model.clone()).collect();
    let named = experiment.models.iter().chain(&tiers).chain(policy.models());
    let mut reached = reach_models(workspace, named, (&at, &mut places), problems);
    add_tiers(&mut variants, project, &reached);
    let validations = validations(&policy, &variants, &at, of_run);
    let (sanitiser, inspector) = finders(&policy, &at, problems);
    if experiment.repeats > MOST_REPEATS {
        let message = format!("{} repeats of a cell are more than a run can have.", experiment.repeats);
        let hint = format!("Ask for {MOST_REPEATS} at most.");
        of_run.push(Problem::error(places.of(&key, &["repeats"]), message, hint));
    }
    if selection.is_empty() {
        // The check of the files has said why.
        let is_told = experiment.filter.limit == Some(0) || cases.problems.iter().any(Problem::is_error);
        let told = if is_told { &mut *problems } else { &mut *of_run };
        told.push(Problem::error(at.clone(), "No case takes part.", "Add cases to the dataset, or widen the filter."));
    }

    experiment.repeats = experiment.repeats.min(MOST_REPEATS);
    let mut plan = planned(wish, &experiment, variants, &reached, &cases, selection);
    let Judging { calls: judges, services } = judging(&plan);
    let others = judges.keys().filter(|id| !reached.contains_key(*id));
    let others = reach_models(workspace, others, (&at, &mut places), problems);
    reached.extend(others);
    let of_cases = DefinitionKey::Dataset(wish.project.clone(), experiment.dataset.clone());
    of_run.extend(unable(&services, &reached, (&key, &experiment.checks), &of_cases, &mut places));
    plan.header = Arc::new(RunHeader { judges: only_judges(&judges, &experiment, &reached), ..(*plan.header).clone() });
    let answer = answering(&plan, &policy);
    let helpers = policy.models().filter(|_| !answer.is_empty());
    let asked: BTreeSet<&ModelId> = answer.iter().chain(judges.keys()).chain(helpers).collect();
    for (id, reach) in &mut reached {
        let errs = wish.unmapped_errs && reach.is_unmapped() && !judges.contains_key(id);
        reach.is_asked = asked.contains(id) && !errs;
    }
    for reach in reached.values().filter(|reach| reach.is_asked) {
        let told = if reach.provider.api.is_scripted() { &mut *problems } else { &mut *of_run };
        told.extend(reach.fault.clone());
    }
    if experiment.budget.hard.is_some() {
        of_run.extend(without_bound(&answer, (&wish.project, &plan.variants), &reached, &mut places));
    }
    Some(Prepared {
        asks: asks(project, wish, &experiment, &plan, &reached),
        plan,
        warnings: Vec::new(),
        outdated: outdated(project, wish),
        checks: Arc::new(checks?),
        validations,
        sanitiser,
        inspector,
        policy,
        budget: experiment.budget,
        reached,
        judges,
        concurrency: wish.concurrency,
    })
}

/// The project and the experiment that are wished for.
fn named<'a>(workspace: &'a Workspace, wish: &'a Wish) -> Result<(&'a Project, &'a Experiment), Problem> {
    let project = workspace.projects.get(&wish.project).ok_or_else(|| missing("project", &wish.project.0))?;
    let defined = wish.definition.as_ref().or_else(|| project.experiments.get(&wish.experiment).map(Arc::as_ref));
    Ok((project, defined.ok_or_else(|| missing("experiment", &wish.experiment.0))?))
}

/// What the run needs granted: the addresses of models that are asked, and JavaScript.
fn asks(
    project: &Project,
    wish: &Wish,
    experiment: &Experiment,
    plan: &Plan,
    reached: &BTreeMap<ModelId, Reach>,
) -> BTreeSet<Capability> {
    let dataset = project.datasets.get(&experiment.dataset);
    let scripts = [
        scripts::of_experiment(&wish.project, &wish.experiment, experiment),
        dataset.and_then(|dataset| scripts::of_dataset(&wish.project, &experiment.dataset, dataset)),
    ];
    let of_models = taking_part(plan).filter_map(|id| scripts::of_model(id, &reached.get(id)?.spec));
    let asked = reached.values().filter(|reach| reach.is_asked).filter_map(|reach| capability(&reach.provider));
    asked.chain(scripts.into_iter().flatten()).chain(of_models).collect()
}

/// The JavaScript of the wish's own definition, where the experiment of the workspace does not hold just that.
fn outdated(project: &Project, wish: &Wish) -> Option<Capability> {
    let held = |experiment: &Experiment| scripts::of_experiment(&wish.project, &wish.experiment, experiment);
    let now = project.experiments.get(&wish.experiment).and_then(|experiment| held(experiment));
    wish.definition.as_ref().and_then(held).filter(|then| now.as_ref() != Some(then))
}

/// The trials, as far as their parts are there: what is not is a problem already.
fn planned(
    wish: &Wish,
    experiment: &Experiment,
    variants: Vec<PlanVariant>,
    reached: &BTreeMap<ModelId, Reach>,
    cases: &OpenCases,
    selection: Selection,
) -> Plan {
    let models: Vec<(&ModelId, &Reach)> = experiment.models.iter().filter_map(|id| reached.get_key_value(id)).collect();
    let header = header(wish, experiment, &variants, &models, cases, &selection);
    let policy = experiment.policy.as_ref();
    let plan = Plan {
        header: Arc::new(header),
        variants,
        models: models.iter().map(|(_, reach)| reach.plan_model()).collect(),
        cases: cases.cases.clone(),
        selection,
        untrusted: Arc::new(cases.untrusted.clone()),
        epoch: policy.map(|policy| policy.cache.epoch).unwrap_or_default(),
        left_out: Arc::default(),
        calls: Arc::default(),
        remembers: false,
        canary: policy.and_then(|policy| policy.output.leak.planted()).map(Arc::from),
    };
    plan.with_left_out()
}

/// The models that only checks ask.
fn only_judges(
    judges: &BTreeMap<ModelId, u64>,
    experiment: &Experiment,
    reached: &BTreeMap<ModelId, Reach>,
) -> Vec<RunModel> {
    let only = judges.keys().filter(|id| !experiment.models.contains(id));
    only.filter_map(|id| reached.get_key_value(id)).map(run_model).collect()
}

fn run_model((id, reach): (&ModelId, &Reach)) -> RunModel {
    RunModel {
        id: id.clone(),
        model: reach.spec.model.clone(),
        origin: reach.origin.clone(),
        scripted: reach.provider.api.is_scripted(),
    }
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

/// The models that have a trial.
fn taking_part(plan: &Plan) -> impl Iterator<Item = &ModelId> {
    let models = plan.header.models.iter().enumerate();
    let has_a_trial = |model: usize| {
        (0..plan.variants.len()).any(|variant| plan.header.takes_part(variant * plan.models.len() + model))
    };
    models.filter(move |(at, _)| has_a_trial(*at)).map(|(_, model)| &model.id)
}

/// The experiment's own policy, or the workspace's where it has none.
#[must_use]
pub fn effective_policy(workspace: &Workspace, experiment: &Experiment) -> Policy {
    experiment.policy.clone().unwrap_or_else(|| workspace.manifest.policy.clone())
}

/// Gives the canary that is to be planted a name, where it has none.
fn name_canary(policy: &mut Policy, wish: &Wish) {
    let leak = &mut policy.output.leak;
    if leak.on && leak.plant && leak.canary.is_empty() {
        leak.canary = canary_of(&wish.project, &wish.experiment);
    }
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
    models: &[(&ModelId, &Reach)],
    cases: &OpenCases,
    selection: &Selection,
) -> RunHeader {
    RunHeader {
        id: new_run_id(),
        project: wish.project.clone(),
        experiment: wish.experiment.clone(),
        definition: experiment.clone(),
        variants: variants.iter().map(|variant| variant.id.clone()).collect(),
        models: models.iter().copied().map(run_model).collect(),
        dataset: experiment.dataset.clone(),
        dataset_fingerprint: cases.cases.fingerprint(),
        cases: u32::try_from(selection.len()).unwrap_or(u32::MAX),
        repeats: experiment.repeats,
        started_at: now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        prices_dated: pricing().dated.clone(),
        judges: Vec::new(),
        temperatures: variants.iter().map(|variant| variant.params.temperature).collect(),
        left_out: 0,
        idle: Vec::new(),
    }
}

fn missing(what: &str, id: &str) -> Problem {
    Problem::error(Place::default(), format!("The workspace has no {what} `{id}`."), "")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::{FindingKind, RunState, Step, TrialRef};
    use crate::session::tests::{Scripted, run_to_its_end};
    use crate::store::open_workspace;
    use crate::store::records::{Records, TrialDetail};

    /// The first trial of the newest run of a workspace that plants a canary.
    fn run_with_canary(desk: &Scripted, records: &Records) -> TrialDetail {
        let wish = Wish { project: "p".into(), experiment: "words".into(), ..Wish::default() };
        let prepared = prepare(&open_workspace(&desk.root()).unwrap(), &Shelf::default(), &wish).unwrap();
        assert_eq!(run_to_its_end(prepared, records), RunState::Completed);
        let run = records.runs().unwrap().remove(0).header;
        assert_eq!(run.planted_canary(), Some(canary_of(&wish.project, &wish.experiment).as_str()));
        let first = TrialRef { case: 0, variant: 0, model: 0, repeat: 0 };
        records.trial(&run.id, first).unwrap().unwrap()
    }

    #[test]
    fn a_planted_canary_is_found_in_an_answer_and_is_the_same_in_every_run() {
        let (desk, canary) = (Scripted::new(2), canary_of(&"p".into(), &"words".into()));
        let layers = r#"layers: [(id: "rules", role: System, content: Text(text: "Say yes or no.")), "#;
        desk.edit("projects/p/prompts/ask.ron", "layers: [", layers);
        desk.edit("workspace.ron", "models:", "policy: (output: (leak: (on: true, plant: true))), models:");
        let records = Records::open(&desk.root()).unwrap();
        let harmless = run_with_canary(&desk, &records);
        assert_eq!((harmless.ended.guarded.findings(), harmless.ended.cached), (0, false));
        // The same messages: nothing is asked again.
        assert!(run_with_canary(&desk, &records).ended.cached);
        // Known by its letters, whatever stands between them.
        let spaced = canary.replace('-', " - ");
        desk.edit("desk.ron", "text: \"yes\"", &format!("text: \"yes, as {spaced} says\""));
        desk.edit("projects/p/datasets/words.csv", "word-0", "word-7");
        let leaking = run_with_canary(&desk, &records);
        let found = |step: &Step| match step {
            Step::Found { finding, .. } => Some((finding.kind, finding.name.clone())),
            _ => None,
        };
        let found: Vec<_> = leaking.ended.guarded.steps.iter().filter_map(|timed| found(&timed.step)).collect();
        assert_eq!(found, [(FindingKind::Leak, "canary".to_owned())]);
    }

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
