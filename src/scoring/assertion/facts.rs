//! Types that look at what is known of the answer beside its text: time, price, how it ended, guardrails, likelihood.

use super::js;
use super::overlap::grade;
use super::{AnswerFacts, Asked, Graded, Grading, Undone};
use crate::scoring::found::quote;

/// The answer took at most `threshold` milliseconds. It cannot be told without a threshold, nor of an answer that was
/// kept from an earlier call.
pub fn latency(asked: &Asked, facts: &AnswerFacts) -> Grading {
    let threshold = threshold("latency", "milliseconds", asked)?;
    let latency = facts.latency_ms.filter(|_| !facts.cached).ok_or_else(|| {
        Undone("“latency” cannot tell how long the answer took, since it was kept from an earlier call.".to_owned())
    })?;
    let reason = format!("The answer took {} ms; {} are allowed.", js::print(latency), js::print(threshold));
    Ok(Graded::binary(latency <= threshold, asked.not, reason))
}

/// The answer cost at most `threshold` US dollars. It cannot be told without a threshold, nor where the price is not
/// known.
pub fn cost(asked: &Asked, facts: &AnswerFacts) -> Grading {
    let threshold = threshold("cost", "US dollars", asked)?;
    let cost = facts.cost.ok_or_else(|| Undone("“cost” cannot tell what the answer cost.".to_owned()))?;
    let reason = format!("The answer cost {} USD; {} are allowed.", js::print(cost), js::print(threshold));
    Ok(Graded::binary(cost <= threshold, asked.not, reason))
}

fn threshold(kind: &str, unit: &str, asked: &Asked) -> Result<f64, Undone> {
    asked.threshold.ok_or_else(|| Undone(format!("“{kind}” needs a threshold, in {unit}.")))
}

/// The answer ended for the reason that is the value: `stop`, `length`, `content_filter` or `tool_calls`, whatever the
/// case. An answer of which it is not known ended for no reason.
pub fn finish_reason(asked: &Asked, facts: &AnswerFacts) -> Grading {
    let expected = asked.text("finish-reason")?;
    let Some(reason) = facts.finish_reason.filter(|reason| !reason.is_empty()) else {
        return Ok(Graded::binary(false, asked.not, "It is not known why the answer ended."));
    };
    let equal = expected.to_lowercase() == reason.to_lowercase();
    Ok(Graded::binary(
        equal,
        asked.not,
        format!("The answer ended for {}; asked is {}.", quote(reason), quote(expected)),
    ))
}

/// No guardrail of the provider flagged the answer, or the provider told of none.
pub fn guardrails(asked: &Asked, facts: &AnswerFacts) -> Grading {
    let flagged = facts.flagged == Some(true);
    let reason = if flagged { "Guardrails flagged the answer." } else { "Guardrails did not flag the answer." };
    Ok(Graded::binary(!flagged, asked.not, reason))
}

/// The perplexity of the answer's tokens is at most `threshold`; without one it passes.
pub fn perplexity(asked: &Asked, facts: &AnswerFacts) -> Grading {
    let perplexity = perplexity_of("perplexity", facts)?;
    let Some(threshold) = asked.threshold else {
        return Ok(Graded { pass: true, score: 1.0, reason: format!("The perplexity is {perplexity:.4}.") });
    };
    let reason = format!("The perplexity is {perplexity:.4}; {} is allowed.", js::print(threshold));
    Ok(Graded::binary(perplexity <= threshold, asked.not, reason))
}

/// One over one plus the perplexity, from 0 to 1, is at least `threshold`; without one it passes.
pub fn perplexity_score(asked: &Asked, facts: &AnswerFacts) -> Grading {
    let score = 1.0 / (1.0 + perplexity_of("perplexity-score", facts)?);
    let graded = grade("The perplexity score", score, 0.0, asked);
    Ok(if asked.threshold.is_some() { graded } else { Graded { pass: true, ..graded } })
}

/// e to the mean negative log-likelihood of a token.
fn perplexity_of(kind: &str, facts: &AnswerFacts) -> Result<f64, Undone> {
    let logprobs = facts.logprobs.filter(|logprobs| !logprobs.is_empty()).ok_or_else(|| {
        Undone(format!("“{kind}” needs the likelihood of each token, which the answer does not come with."))
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
    let tokens = logprobs.len() as f64;
    Ok((-logprobs.iter().sum::<f64>() / tokens).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::{Map, Value, json};

    use super::*;

    type Kind = fn(&Asked, &AnswerFacts) -> Grading;

    fn ask(kind: Kind, not: bool, threshold: Option<f64>, value: &Value, facts: &AnswerFacts) -> Grading {
        kind(&Asked { not, value, threshold, config: &Map::new(), tools: &[] }, facts)
    }

    fn check(kind: Kind, threshold: Option<f64>, value: &Value, facts: &AnswerFacts, expect: bool) {
        for not in [false, true] {
            let graded = ask(kind, not, threshold, value, facts).unwrap();
            assert_eq!((graded.pass, graded.score.eq(&1.0)), (expect != not, expect != not), "{facts:?}");
            assert!(graded.reason.ends_with('.'));
        }
    }

    fn undone(kind: Kind, threshold: Option<f64>, value: &Value, facts: &AnswerFacts) {
        for not in [false, true] {
            assert!(ask(kind, not, threshold, value, facts).is_err_and(|undone| undone.0.ends_with('.')), "{facts:?}");
        }
    }

    #[test]
    fn time_and_price_have_a_most() {
        let facts = AnswerFacts { latency_ms: Some(250.0), cost: Some(0.002), ..AnswerFacts::default() };
        for (of_latency, of_cost, expect) in
            [(250.0, 0.002, true), (249.9, 0.0019, false), (-1.0, -1.0, false), (300.0, 1.0, true)]
        {
            check(latency, Some(of_latency), &Value::Null, &facts, expect);
            check(cost, Some(of_cost), &Value::Null, &facts, expect);
        }
        let free = AnswerFacts { latency_ms: Some(0.0), cost: Some(0.0), ..AnswerFacts::default() };
        check(latency, Some(0.0), &Value::Null, &free, true);
        check(cost, Some(0.0), &Value::Null, &free, true);
    }

    #[test]
    fn time_and_price_cannot_be_told_without_a_threshold_or_the_fact() {
        let facts = AnswerFacts { latency_ms: Some(250.0), cost: Some(0.002), ..AnswerFacts::default() };
        for kind in [latency, cost] {
            undone(kind, None, &Value::Null, &facts);
            undone(kind, Some(1.0), &Value::Null, &AnswerFacts::default());
        }
        undone(latency, Some(1000.0), &Value::Null, &AnswerFacts { cached: true, ..facts });
        check(cost, Some(1.0), &Value::Null, &AnswerFacts { cached: true, ..facts }, true);
    }

    #[test]
    fn the_reason_of_the_end_is_compared_whatever_the_case() {
        let facts = AnswerFacts { finish_reason: Some("stop"), ..AnswerFacts::default() };
        for (value, expect) in [("stop", true), ("STOP", true), ("length", false), ("", false), ("stop ", false)] {
            check(finish_reason, None, &json!(value), &facts, expect);
        }
        check(finish_reason, None, &json!(""), &AnswerFacts::default(), false);
        for value in [json!(null), json!(5), json!(["stop"])] {
            undone(finish_reason, None, &value, &facts);
        }
    }

    #[test]
    fn guardrails_pass_unless_they_flag() {
        for (flagged, expect) in [(None, true), (Some(false), true), (Some(true), false)] {
            check(guardrails, None, &Value::Null, &AnswerFacts { flagged, ..AnswerFacts::default() }, expect);
        }
    }

    #[test]
    fn perplexity_is_of_the_mean_token() {
        let logprobs = [-1.0_f64, -3.0];
        let facts = AnswerFacts { logprobs: Some(&logprobs), ..AnswerFacts::default() };
        let expected = 2.0_f64.exp();
        for (threshold, expect) in [(expected + 0.01, true), (expected - 0.01, false), (0.0, false)] {
            check(perplexity, Some(threshold), &Value::Null, &facts, expect);
        }
        let score = 1.0 / (1.0 + expected);
        for (threshold, expect) in [(score - 0.01, true), (score + 0.01, false)] {
            for not in [false, true] {
                let graded = ask(perplexity_score, not, Some(threshold), &Value::Null, &facts).unwrap();
                assert_eq!(graded.pass, expect != not);
                assert!((graded.score - if not { 1.0 - score } else { score }).abs() < 1e-12);
            }
        }
        for (kind, not) in
            [(perplexity as Kind, false), (perplexity, true), (perplexity_score, false), (perplexity_score, true)]
        {
            assert!(ask(kind, not, None, &Value::Null, &facts).unwrap().pass);
        }
    }

    #[test]
    fn perplexity_needs_likelihoods() {
        for kind in [perplexity, perplexity_score] {
            undone(kind, Some(1.0), &Value::Null, &AnswerFacts::default());
            undone(kind, None, &Value::Null, &AnswerFacts { logprobs: Some(&[]), ..AnswerFacts::default() });
        }
    }

    proptest! {
        #[test]
        fn perplexity_scores_are_shares(logprobs in proptest::collection::vec(-50.0..0.0_f64, 1..20)) {
            let facts = AnswerFacts { logprobs: Some(&logprobs), ..AnswerFacts::default() };
            let score = ask(perplexity_score, false, None, &Value::Null, &facts).unwrap().score;
            assert!((0.0..=0.5).contains(&score));
        }
    }
}
