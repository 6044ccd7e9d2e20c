//! What the guards of a run may add to its estimate, or save of it.

use crate::domain::{ModelId, OutputAction, OutputPolicy, OutputSpec, Policy, Price, Strategy, Usage, Usd};

use super::estimate::{Estimate, Range};
use super::expand::Plan;

/// Widens each model's range by what the guards may do to its calls: `low` is without them and `high` with all of them.
///
/// - An answer of the wrong form may be asked for again, once for each strategy (one that goes field by field: once for
///   each field), and one that the output guard sends back once more.
/// - A tier may answer: the range reaches from the cheapest of the models to the dearest.
/// - The semantic cache's model makes a vector of each question; that is likely too.
/// - Long context may be shortened first: all of the input is read by the model that shortens, and `ratio` of it is
///   written.
///
/// Retries after faults are not in it, since a call that failed is seldom billed, nor what a cache saves. `price` is a
/// model's; where one that is needed is unknown, so is the cost.
#[must_use]
pub fn with_guards(
    mut estimate: Estimate,
    plan: &Plan,
    policy: &Policy,
    price: &dyn Fn(&ModelId) -> Option<Price>,
) -> Estimate {
    let asked_again = most_asked_again(plan, policy);
    let is_long = input_of_a_call(&estimate) > u64::from(policy.compress.threshold);
    // What is never asked costs nothing, whatever the prices are.
    for (model, own) in estimate.models.iter_mut().zip(&plan.models).filter(|(model, _)| model.input_tokens > 0) {
        let vectors = cost_of(policy.semantic.model(), price, model.input_tokens, 0.0);
        let shorter = policy.compress.model.as_ref().filter(|_| is_long);
        let shortened = cost_of(shorter, price, model.input_tokens, policy.compress.ratio);
        let tiers = own.price.as_ref().and_then(|own| shares_of_tiers(plan, own));
        let helped = vectors.zip(shortened);
        model.cost = model.cost.zip(tiers).zip(helped).map(|((cost, (least, most)), (vectors, shortened))| Range {
            low: times(cost.low, least),
            likely: cost.likely + vectors,
            high: times(cost.high, most * f64::from(1 + asked_again)) + vectors + shortened,
        });
    }
    estimate
}

/// The mean input of a call, in tokens; trials whose answer is given have none.
fn input_of_a_call(estimate: &Estimate) -> u64 {
    let calls: u64 = estimate.models.iter().map(|model| model.calls).sum();
    estimate.models.iter().map(|model| model.input_tokens).sum::<u64>() / calls.max(1)
}

/// How often a request may be asked again because of its answer.
fn most_asked_again(plan: &Plan, policy: &Policy) -> u32 {
    let of_variant = |spec: &OutputSpec| {
        let strategies = policy.repair.strategies.iter().filter(|_| policy.repair.on && !spec.is_free());
        strategies.map(|strategy| calls_of(*strategy, spec)).sum::<u32>()
    };
    let repairs = plan.variants.iter().map(|variant| of_variant(&variant.composer.output_spec())).max();
    repairs.unwrap_or_default() + u32::from(sends_back(&policy.output))
}

fn calls_of(strategy: Strategy, spec: &OutputSpec) -> u32 {
    let fields = spec.schema.as_ref().and_then(|schema| schema["properties"].as_object()).map(serde_json::Map::len);
    match (strategy, fields) {
        (Strategy::BreakDownTask, Some(fields)) => u32::try_from(fields).unwrap_or(u32::MAX).max(1),
        _ => 1,
    }
}

fn sends_back(output: &OutputPolicy) -> bool {
    let again = |is_on: bool, action: OutputAction| is_on && action == OutputAction::Retry;
    again(output.leak.on, output.leak.action)
        || again(!output.pii.kinds.is_empty(), output.pii.action)
        || again(output.harm.on, output.harm.action)
        || again(!output.phrases.forbidden.is_empty(), output.phrases.action)
}

/// What a helper costs that reads so many tokens and writes a share of them: nothing where there is none, `None` where
/// its price is unknown.
fn cost_of(
    helper: Option<&ModelId>,
    price: &dyn Fn(&ModelId) -> Option<Price>,
    input_tokens: u64,
    writes: f64,
) -> Option<Usd> {
    let Some(helper) = helper else { return Some(Usd::ZERO) };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a share of a count of tokens"
    )]
    let output_tokens = (input_tokens as f64 * writes).ceil() as u64;
    Some(price(helper)?.cost(&Usage { input_tokens, output_tokens, ..Usage::default() }))
}

/// The least and the most that a call costs with tiers, as shares of what it costs on its own model; `None` where a
/// tier's price is unknown, or cannot be held against the own one.
fn shares_of_tiers(plan: &Plan, own: &Price) -> Option<(f64, f64)> {
    let tiers = plan.variants.iter().filter_map(|variant| variant.tiers.as_ref()).flat_map(|tiers| &tiers.models);
    tiers.map(|(_, tier)| shares(tier.price.as_ref()?, own)).try_fold((1.0_f64, 1.0_f64), |(least, most), shares| {
        let [input, output] = shares?;
        Some((least.min(input).min(output), most.max(input).max(output)))
    })
}

/// Input and output of one price as shares of another's.
fn shares(tier: &Price, own: &Price) -> Option<[f64; 2]> {
    let share = |tier: Usd, own: Usd| match (tier, own) {
        (Usd::ZERO, Usd::ZERO) => Some(1.0),
        (_, Usd::ZERO) => None,
        (tier, own) => Some(tier.dollars() / own.dollars()),
    };
    Some([share(tier.input, own.input)?, share(tier.output, own.output)?])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "an estimate of money")]
fn times(amount: Usd, share: f64) -> Usd {
    Usd::from_nanos((amount.nanos() as f64 * share).round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::estimate::ModelEstimate;
    use super::*;

    fn price(input: i64, output: i64) -> Price {
        Price { input: Usd::from_nanos(input), output: Usd::from_nanos(output), ..Price::FREE }
    }

    #[test]
    fn a_tier_costs_at_least_and_at_most_a_share_of_the_own_model() {
        let check = |tier, own, expect| assert_eq!(shares(&tier, &own), expect);
        check(price(1_000, 1_000), price(4_000, 2_000), Some([0.25, 0.5]));
        check(price(8_000, 0), price(4_000, 2_000), Some([2.0, 0.0]));
        check(price(0, 0), price(0, 0), Some([1.0, 1.0]));
        check(price(1, 0), price(0, 0), None);
    }

    #[test]
    fn trials_whose_answer_is_given_shorten_no_input() {
        let model = |calls, input_tokens| ModelEstimate { model: "m".into(), calls, input_tokens, cost: None };
        let check = |models: Vec<ModelEstimate>, expect| {
            assert_eq!(input_of_a_call(&Estimate { trials: 100, models, judges: None, dearest: None }), expect);
        };
        check(vec![model(10, 9_000)], 900);
        check(vec![model(10, 9_000), model(0, 0), model(10, 1_000)], 500);
        check(vec![model(0, 0)], 0);
    }

    #[test]
    fn a_request_that_is_broken_down_is_one_for_each_field() {
        let spec = OutputSpec {
            schema: Some(json!({"type": "object", "properties": {"a": {}, "b": {}, "c": {}}})),
            ..OutputSpec::default()
        };
        assert_eq!(calls_of(Strategy::BreakDownTask, &spec), 3);
        assert_eq!(calls_of(Strategy::AddExample, &spec), 1);
        assert_eq!(calls_of(Strategy::BreakDownTask, &OutputSpec::default()), 1);
    }
}
