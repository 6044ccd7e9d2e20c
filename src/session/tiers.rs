//! Tiers fitted to a recorded run: its own results say up to which complexity each model does.

use std::collections::BTreeMap;

use crate::analysis::{Calibration, TierCase, TierResult, calibrate};
use crate::domain::{
    ModelId, Outcome, Place, Problem, RunEvent, RunHeader, RunId, TierPolicy, TrialEnded, TrialRef, Usd, VariantId,
    Verdict, Workspace,
};
use crate::plan::{Plan, complexity};
use crate::store::complexity_words;
use crate::store::records::Records;

use super::launch::plan_again;
use super::shelf::Shelf;

/// More models than this are too many ways to cut.
const MOST_MODELS: usize = 4;

/// What a run says of the tiers of one of its variants.
#[derive(Debug, Clone, PartialEq)]
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

/// Fits the tiers of each variant that has none of its own to what the run's models made of it.
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
    let plan = plan_again(workspace, shelf, &header)?;
    let untiered = (0..plan.variants.len()).filter(|variant| plan.variants[*variant].tiers.is_none());
    Ok(untiered.map(|variant| fit(&plan, &header, variant, &ended, margin)).collect())
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

fn fit(
    plan: &Plan,
    header: &RunHeader,
    variant: usize,
    ended: &[std::sync::Arc<TrialEnded>],
    margin: f64,
) -> FittedTiers {
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
}
