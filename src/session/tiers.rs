//! Tiers fitted to a recorded run: its own results say up to which complexity each model does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::analysis::{Calibration, HeldOut, TierCase, TierResult, calibrate};
use crate::domain::{
    ModelId, ModelTier, Outcome, Place, Problem, ProjectId, RunEvent, RunHeader, RunId, Step, TierPolicy, TrialEnded,
    TrialRef, Usd, VariantId, Verdict, Workspace,
};
use crate::plan::{Plan, complexity};
use crate::store::complexity_words;
use crate::store::records::Records;

use super::launch::plan_again;
use super::shelf::Shelf;
use super::state::Session;

/// More models than this are too many ways to cut.
pub const MOST_MODELS: usize = 4;

/// What a run says of the tiers of one of its variants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedTiers {
    pub variant: VariantId,
    /// The cheapest first; the last answers what is left.
    pub models: Vec<ModelId>,
    /// Cases that all models answered, with a verdict and a known price.
    pub cases: u64,
    /// Cases that could not be used: unscored, errored, without a price, or no longer rendered as they were.
    pub left_out: u64,
    /// `None` where no case could be used.
    pub calibration: Option<Calibration>,
}

impl FittedTiers {
    /// The tiers that came of it, thresholds to three digits; `None` where no cheaper model does.
    #[must_use]
    pub fn tiers(&self) -> Option<Vec<ModelTier>> {
        let up_to = &self.calibration.as_ref()?.up_to;
        let tier = |(model, up_to): (&ModelId, &Option<f64>)| {
            Some(ModelTier { model: model.clone(), up_to: Some(((*up_to)? * 1e3).round() / 1e3) })
        };
        let tiers: Vec<ModelTier> = self.models.iter().zip(up_to).filter_map(tier).collect();
        (!tiers.is_empty()).then_some(tiers)
    }

    /// What came of it, for people.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let Self { models, cases, left_out, calibration, .. } = self;
        let unused = if *left_out > 0 { format!(", {left_out} more could not be used") } else { String::new() };
        let used = format!("{cases} cases{unused}.");
        let (Some(calibration), Some(last)) = (calibration, models.last()) else {
            return vec![used, "Too few cases to fit anything to.".to_owned()];
        };
        let Some(tiers) = self.tiers() else {
            return vec![used, format!("No cheaper model is as good as {last} within the margin: no tiers.")];
        };
        let worth = calibration.held_out.as_ref().map_or_else(
            || "No case was held out, so nobody knows what this is worth on others.".to_owned(),
            |outcome| format!("Held out: {outcome}."),
        );
        vec![used, who_answers(&tiers, last), format!("Chosen on: {}.", calibration.fitted), worth]
            .into_iter()
            .chain(doubt(calibration))
            .collect()
    }
}

/// Which requests each model answers. A complexity is at most 1, so that nothing is left above a tier that goes so far.
fn who_answers(tiers: &[ModelTier], last: &ModelId) -> String {
    let up_to = |tier: &ModelTier| tier.up_to.unwrap_or_default();
    let named = |tier: &ModelTier| format!("{} up to {}", tier.model, up_to(tier));
    let some: Vec<String> = tiers.iter().filter(|tier| up_to(tier) < 1.0).map(named).collect();
    match (tiers.iter().find(|tier| up_to(tier) >= 1.0), some.is_empty()) {
        (None, _) => format!("{}; {last} answers what is more complex.", some.join(", ")),
        (Some(tier), true) => format!("{} answers every request, and {last} none.", tier.model),
        (Some(tier), false) => format!("{}; {} answers the rest, and {last} none.", some.join(", "), tier.model),
    }
}

/// Where the cases that were held out lose more than was allowed: how much, and what to make of it.
fn doubt(calibration: &Calibration) -> Option<String> {
    let lost = calibration.held_out.as_ref()?.lost;
    let points = |share: f64| share * 100.0;
    let more = format!(
        "tiers lose {:.1} points there ({:.1} to {:.1}), and {:.1} were allowed.",
        points(lost.value),
        points(lost.low),
        points(lost.high),
        points(calibration.margin)
    );
    match calibration.verdict? {
        HeldOut::Kept => None,
        HeldOut::Doubtful => Some(format!(
            "The held-out cases do not bear this out: {more} It may be chance; fit to a run of more cases before you rely \
             on it."
        )),
        HeldOut::Refuted => Some(format!(
            "The held-out cases refute this: {more} Do not take these tiers; fit to a run of more cases, or allow a larger \
             loss."
        )),
    }
}

/// A fit that was asked for.
#[derive(Debug)]
pub struct TierFit {
    project: ProjectId,
    number: u64,
    edition: u64,
    /// What it was fitted to.
    pub run: RunId,
    /// How much of the success tiers may lose, a share.
    pub margin: f64,
    /// What came of it; `None` while it is under way.
    pub outcome: Option<FitOutcome>,
}

pub type FitOutcome = Result<Vec<FittedTiers>, Vec<Problem>>;

impl Session {
    /// The last fit in the chosen project. Ask with [`super::Command::FitTiers`].
    #[must_use]
    pub fn tier_fit(&self) -> Option<&TierFit> {
        self.tier_fit.as_ref().filter(|fit| Some(&fit.project) == self.selection.project.as_ref())
    }

    /// Whether something in the workspace was edited since a fit.
    #[must_use]
    pub const fn is_edited_since(&self, fit: &TierFit) -> bool {
        self.edition != fit.edition
    }

    /// Fits tiers to a run, in the background. A later fit stands for an earlier one.
    pub(super) fn fit_tiers(&mut self, run: RunId, margin: f64) {
        let (Some(workspace), Some(records)) = (self.workspace.clone(), self.runs.records.clone()) else { return };
        let (Some(project), datasets) = (self.selection.project.clone(), self.shelf.clone()) else { return };
        let number = self.tier_fit.as_ref().map_or(0, |fit| fit.number + 1);
        let edition = self.edition;
        self.tier_fit = Some(TierFit { project, number, edition, run: run.clone(), margin, outcome: None });
        self.jobs.blocking(format!("Fitting tiers to run {run}"), move |_| {
            let outcome = fitted_tiers(&workspace, &datasets, &records, &run, margin);
            Box::new(move |session| {
                if let Some(fit) = session.tier_fit.as_mut().filter(|fit| fit.number == number) {
                    fit.outcome = Some(outcome);
                }
            })
        });
    }
}

/// Fits the tiers of each variant that the run had without tiers to what the run's models made of it.
///
/// Reads the whole run and opens the dataset, so not for the main thread.
///
/// # Errors
/// The run cannot be read or planned again, or it has one model only, or too many.
pub fn fitted_tiers(
    workspace: &Workspace,
    shelf: &Shelf,
    records: &Records,
    run: &RunId,
    margin: f64,
) -> Result<Vec<FittedTiers>, Vec<Problem>> {
    let problem = |message: String, hint: &str| vec![Problem::error(Place::default(), message, hint)];
    let mut header = None;
    let mut ended = Vec::new();
    let told = records.replay(run, &mut |event| match event {
        RunEvent::Started(started) => header = Some(started),
        RunEvent::TrialEnded(trial) => ended.push(trial),
        _ => {}
    });
    told.map_err(|error| problem(error.to_string(), ""))?;
    let header = header.ok_or_else(|| problem(format!("There is no run `{run}`."), ""))?;
    if !(2..=MOST_MODELS).contains(&header.models.len()) {
        let message = format!("The run {run} has {} models.", header.models.len());
        return Err(problem(message, "Tiers are fitted to a run of two to four models."));
    }
    let plan = plan_again(&without_tiers(workspace, &header), shelf, &header)?;
    let is_tiered =
        |trial: &TrialEnded| trial.guarded.steps.iter().any(|timed| matches!(timed.step, Step::Tiered { .. }));
    let tiered: BTreeSet<usize> =
        ended.iter().filter(|trial| is_tiered(trial)).map(|trial| usize::from(trial.trial.variant)).collect();
    let untiered = (0..plan.variants.len()).filter(|variant| !tiered.contains(variant));
    Ok(untiered.map(|variant| fit(&plan, &header, variant, &ended, margin)).collect())
}

/// The workspace with no tiers in the run's project: a variant may have got some since, and what they are now says
/// nothing of the run.
fn without_tiers(workspace: &Workspace, header: &RunHeader) -> Workspace {
    let mut bare = workspace.clone();
    let variants = bare.projects.get_mut(&header.project).map(|project| project.variants.values_mut());
    variants.into_iter().flatten().for_each(|variant| Arc::make_mut(variant).tiers = None);
    bare
}

/// The trials of one case, by model.
type Answers = BTreeMap<usize, Tally>;

/// The trials of a case on one model.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    scored: u32,
    passed: u32,
    cost: Usd,
    /// A trial says nothing: no verdict, no price, another request by now.
    unusable: bool,
}

fn fit(plan: &Plan, header: &RunHeader, variant: usize, ended: &[Arc<TrialEnded>], margin: f64) -> FittedTiers {
    let mut cases: BTreeMap<u32, Answers> = BTreeMap::new();
    for trial in ended.iter().filter(|trial| usize::from(trial.trial.variant) == variant) {
        let tally = cases.entry(trial.trial.case).or_default().entry(usize::from(trial.trial.model)).or_default();
        tally.add(trial, plan);
    }
    let all = cases.len() as u64;
    let models = header.models.len();
    let mut usable: Vec<(u32, Answers)> = cases
        .into_iter()
        .filter(|(_, answers)| answers.len() == models && answers.values().all(|tally| !tally.unusable))
        .collect();
    usable.sort_by_key(|(case, _)| *case);
    let order = by_cost(&usable, models);
    let graded: Vec<TierCase> =
        usable.iter().filter_map(|(case, answers)| graded(plan, variant, *case, answers, &order)).collect();
    FittedTiers {
        variant: plan.variants[variant].id.clone(),
        models: order.iter().map(|model| header.models[*model].id.clone()).collect(),
        cases: graded.len() as u64,
        left_out: all - graded.len() as u64,
        calibration: calibrate(&graded, margin),
    }
}

impl Tally {
    fn add(&mut self, trial: &TrialEnded, plan: &Plan) {
        let verdict = match &trial.outcome {
            Outcome::Scored(score) => Some(score.verdict),
            Outcome::Unscored(_) | Outcome::Errored(_) => None,
        };
        let as_it_was = plan.prepare(trial.trial).is_ok_and(|planned| planned.key == trial.key);
        match (verdict, trial.cost) {
            (Some(verdict @ (Verdict::Pass | Verdict::Fail)), Some(cost)) if as_it_was => {
                self.scored += 1;
                self.passed += u32::from(verdict == Verdict::Pass);
                self.cost += cost;
            }
            _ => self.unusable = true,
        }
    }

    fn result(&self) -> TierResult {
        let scored = self.scored.max(1);
        let cost = Usd::from_nanos(self.cost.nanos() / i64::from(scored));
        TierResult { passed: f64::from(self.passed) / f64::from(scored), cost }
    }
}

/// The models, the cheapest first.
fn by_cost(cases: &[(u32, Answers)], models: usize) -> Vec<usize> {
    let total = |model: usize| -> Usd {
        cases.iter().filter_map(|(_, answers)| answers.get(&model)).map(|tally| tally.result().cost).sum()
    };
    let mut order: Vec<usize> = (0..models).collect();
    order.sort_by_key(|model| total(*model));
    order
}

fn graded(plan: &Plan, variant: usize, case: u32, answers: &Answers, order: &[usize]) -> Option<TierCase> {
    let place = |model: usize| {
        Some(TrialRef { case, variant: u16::try_from(variant).ok()?, model: u16::try_from(model).ok()?, repeat: 0 })
    };
    let planned = plan.prepare(place(*order.last()?)?).ok()?;
    let complexity = complexity(&planned.request, &TierPolicy::default(), complexity_words()).value;
    let results = order.iter().map(|model| answers.get(model).map(Tally::result)).collect::<Option<_>>()?;
    Some(TierCase { key: half(planned.case.id.as_str()), complexity, results })
}

/// A number whose lowest bit is as good as drawn, and the same for a case each time.
fn half(case: &str) -> u64 {
    let mut hash = case
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_fall_into_two_halves() {
        let odd = (0..1_000).filter(|case| half(&format!("case-{case}")) & 1 == 1).count();
        assert!((440..560).contains(&odd), "{odd}");
    }

    fn tier(model: &str, up_to: f64) -> ModelTier {
        ModelTier { model: model.into(), up_to: Some(up_to) }
    }

    #[test]
    fn it_is_said_who_answers_and_that_nothing_is_left_above_a_complexity_of_one() {
        let check = |tiers: &[ModelTier], expect: &str| assert_eq!(who_answers(tiers, &"large".into()), expect);
        check(&[tier("small", 0.15)], "small up to 0.15; large answers what is more complex.");
        check(&[tier("small", 1.0)], "small answers every request, and large none.");
        check(
            &[tier("small", 0.2), tier("mid", 0.7)],
            "small up to 0.2, mid up to 0.7; large answers what is more complex.",
        );
        check(&[tier("small", 0.2), tier("mid", 1.0)], "small up to 0.2; mid answers the rest, and large none.");
    }

    #[test]
    fn a_fit_that_its_held_out_cases_refute_says_so() {
        let case = |key: u64, passed: f64| {
            let result = |passed, nanos| TierResult { passed, cost: Usd::from_nanos(nanos) };
            TierCase { key, complexity: 0.0, results: vec![result(passed, 1), result(1.0, 100)] }
        };
        let fitted = |failing: u64| FittedTiers {
            variant: "v".into(),
            models: vec!["small".into(), "large".into()],
            cases: 100,
            left_out: 0,
            calibration: calibrate(
                &(0..100).map(|key| case(key, f64::from(key % 2 == 0 || key / 2 >= failing))).collect::<Vec<_>>(),
                0.02,
            ),
        };
        let last = |failing: u64| fitted(failing).sentences().pop().unwrap();
        assert!(last(0).starts_with("Held out: "), "{}", last(0));
        let doubtful = "The held-out cases do not bear this out: tiers lose 6.0 points there (";
        assert!(last(3).starts_with(doubtful) && last(3).contains("and 2.0 were allowed."), "{}", last(3));
        let refuted = "The held-out cases refute this: tiers lose 30.0 points there (";
        assert!(last(15).starts_with(refuted) && last(15).contains("Do not take these tiers"), "{}", last(15));
    }
}
