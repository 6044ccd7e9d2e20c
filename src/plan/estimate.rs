//! What a plan will cost, before it does: a range by model and by part, from real tokens and real prices.

use std::collections::BTreeMap;

use crate::compose::{count_tokens, tokenizer_for};
use crate::domain::{ChatRequest, ModelId, Price, TrialRef, Usage, Usd, VariantId};

use super::bound::worst_case;
use super::expand::{Plan, PlanModel};

/// Cases that are rendered and counted for an estimate.
const SAMPLE: u32 = 24;
/// Output tokens of a call that nothing is known of.
const TYPICAL_OUTPUT: u64 = 250;

/// Mean output tokens of a trial, from earlier runs.
pub type PastOutput = BTreeMap<(VariantId, ModelId), f64>;

/// A range of money: `low` and `high` are where the result should fall, `likely` is where it points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    pub low: Usd,
    pub likely: Usd,
    pub high: Usd,
}

impl std::ops::Add for Range {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, likely: self.likely + other.likely, high: self.high + other.high }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    pub trials: u64,
    pub models: Vec<ModelEstimate>,
    /// What judges add; `None` where a judge's price is unknown.
    pub judges: Option<Range>,
    /// The most that one call of the sample can cost, judges apart; `None` where nobody can say.
    pub dearest: Option<Usd>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ModelEstimate {
    pub model: ModelId,
    /// Trials that it answers, as long as no answer is in the cache.
    pub calls: u64,
    /// Over all its calls.
    pub input_tokens: u64,
    /// `None` where the price is unknown.
    pub cost: Option<Range>,
}

impl Estimate {
    /// The whole, or `None` where a price is unknown.
    #[must_use]
    pub fn total(&self) -> Option<Range> {
        self.models
            .iter()
            .map(|model| model.cost)
            .chain([self.judges])
            .try_fold(Range::default(), |sum, cost| cost.map(|cost| sum + cost))
    }
}

/// Estimates a plan by a sample of its calls, spread evenly over the dataset. Answers that are given, and those of an
/// echo, cost nothing. `judges` are the prices of the models that grade, each with its number of calls.
///
/// Output tokens: the mean of past runs, ± 30 %, where there is one; else a typical answer, at least a quarter of it
/// and at most the call's own limit.
#[must_use]
pub fn estimate(plan: &Plan, past: &PastOutput, judges: &[(Option<Price>, u64)]) -> Estimate {
    let trials = plan.trials();
    let samples: Vec<Sampled> = (0..plan.variants.len()).map(|variant| sample(plan, variant)).collect();

    let models = plan.models.iter().enumerate().map(|(position, model)| {
        let id = &plan.header.models[position].id;
        let mut input_tokens = 0;
        let mut cost = model.price.as_ref().map(|_| Range::default());
        let mut of_model = 0;
        for (at, (variant, sample)) in plan.variants.iter().zip(&samples).enumerate() {
            let calls = calls(plan, at, position);
            of_model += calls;
            let input = sample.input_tokens.round().max(0.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a token count, 0 or more")]
            let input = input as u64;
            input_tokens += input * calls;
            let output = output_range(
                past.get(&(variant.id.clone(), id.clone())).copied(),
                variant.params.max_tokens.or(model.max_output),
            );
            cost = cost.zip(model.price.as_ref()).map(|(sum, price)| sum + times(price, input, output, calls));
        }
        // What is never asked costs nothing, whatever its price is.
        let cost = if of_model == 0 { Some(Range::default()) } else { cost };
        ModelEstimate { model: id.clone(), calls: of_model, input_tokens, cost }
    });
    let models = models.collect();

    let judges = judges.iter().try_fold(Range::default(), |sum, (price, calls)| {
        let input = 400 + TYPICAL_OUTPUT;
        price.as_ref().map(|price| sum + times(price, input, (40, 120, 400), *calls))
    });
    let dearest = samples.iter().filter_map(|sample| sample.dearest).max();
    Estimate { trials, models, judges, dearest }
}

/// Trials of a column that ask a model.
fn calls(plan: &Plan, variant: usize, model: usize) -> u64 {
    let known = plan.calls.get(variant * plan.models.len() + model);
    known.copied().filter(|_| !plan.models[model].is_unmapped).unwrap_or_default()
}

/// What the sample tells of a variant's calls.
#[derive(Default)]
struct Sampled {
    /// Mean over the sample.
    input_tokens: f64,
    /// The most that one of them can cost, on the dearest model.
    dearest: Option<Usd>,
}

/// Renders a variant for the sample of cases; a case that cannot be rendered does not count.
fn sample(plan: &Plan, variant: usize) -> Sampled {
    let asked: Vec<usize> = (0..plan.models.len()).filter(|model| calls(plan, variant, *model) > 0).collect();
    let Some(first) = asked.first() else { return Sampled::default() };
    let (tokenizer, _) = tokenizer_for(&plan.models[*first].model);
    let cases = plan.header.cases;
    let sampled = cases.min(SAMPLE);
    let start = |step: u32| u32::try_from(u64::from(step) * u64::from(cases) / u64::from(sampled)).unwrap_or(cases);
    let requests: Vec<ChatRequest> = (0..sampled)
        .filter_map(|step| {
            let mut trials = (start(step)..start(step + 1)).flat_map(|case| column_trials(case, variant, &asked));
            let trial = trials.find(|trial| plan.asks(*trial))?;
            Some(plan.prepare(trial).ok()?.request)
        })
        .collect();
    let tokens = |request: &ChatRequest| -> usize {
        request.messages.iter().map(|message| count_tokens(tokenizer, &message.content) + 4).sum()
    };
    let worst = |request: &ChatRequest| {
        let on_model = |model: &PlanModel| worst_case(request, model.price.as_ref(), model.max_output).ok();
        asked.iter().filter_map(|model| on_model(&plan.models[*model])).max()
    };
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    let input_tokens = requests.iter().map(tokens).sum::<usize>() as f64 / requests.len().max(1) as f64;
    Sampled { input_tokens, dearest: requests.iter().filter_map(worst).max() }
}

/// The trials of a case with a variant, for each of these models once.
fn column_trials(case: u32, variant: usize, models: &[usize]) -> Vec<TrialRef> {
    let place = |position: usize| u16::try_from(position).unwrap_or(u16::MAX);
    let trial = |model: &usize| TrialRef { case, variant: place(variant), model: place(*model), repeat: 0 };
    models.iter().map(trial).collect()
}

/// What one call costs, for `input` tokens and what is known of the answer's length: `past`, the mean of earlier
/// answers in tokens, and `limit`, the most that the model may write.
#[must_use]
pub fn cost_of_call(price: &Price, input: u64, past: Option<f64>, limit: Option<u32>) -> Range {
    times(price, input, output_range(past, limit), 1)
}

/// Low, likely and high output tokens of one call.
fn output_range(past: Option<f64>, limit: Option<u32>) -> (u64, u64, u64) {
    let limit = limit.map_or(u64::MAX, u64::from);
    let (low, likely, high) = match past {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a token count, 0 or more")]
        Some(mean) => ((mean * 0.7) as u64, mean as u64, (mean * 1.3).ceil() as u64),
        None => (TYPICAL_OUTPUT / 4, TYPICAL_OUTPUT, TYPICAL_OUTPUT * 4),
    };
    (low.min(limit), likely.min(limit), high.min(limit))
}

fn times(price: &Price, input: u64, (low, likely, high): (u64, u64, u64), calls: u64) -> Range {
    let cost = |output: u64| {
        price.cost(&Usage { input_tokens: input * calls, output_tokens: output * calls, ..Usage::default() })
    };
    Range { low: cost(low), likely: cost(likely), high: cost(high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_comes_from_the_past_or_from_a_typical_answer_within_the_limit() {
        let check = |past, limit, expect| assert_eq!(output_range(past, limit), expect);
        check(Some(100.0), None, (70, 100, 130));
        check(None, None, (62, 250, 1000));
        check(None, Some(200), (62, 200, 200));
    }

    #[test]
    fn an_unknown_price_makes_the_whole_unknown() {
        let known = ModelEstimate { model: "a".into(), calls: 1, input_tokens: 1, cost: Some(Range::default()) };
        let unknown = ModelEstimate { model: "b".into(), cost: None, ..known.clone() };
        let whole = |models| Estimate { trials: 1, models, judges: Some(Range::default()), dearest: None }.total();
        assert_eq!(whole(vec![known.clone()]), Some(Range::default()));
        assert_eq!(whole(vec![known, unknown]), None);
    }
}
