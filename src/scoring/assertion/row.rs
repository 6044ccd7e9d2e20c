//! A trial's verdict by promptfoo's rules: weights, thresholds, metrics, sets.
//!
//! Without a threshold every assertion must pass; with one the weighted mean alone decides. An assertion of weight 0
//! passes, whatever it found. A set is an assertion whose parts are summed up in the same way.

use std::collections::BTreeMap;

use crate::domain::{AssertionResult, Breakdown, Check, CheckResult, PassRule, Score, Verdict};

use super::super::found::shorten;
use super::Graded;

/// One graded assertion, or set of them.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scoring) struct Part {
    /// With `not-` where it is negated.
    pub kind: String,
    pub weight: f64,
    /// `None` where it goes to no metric.
    pub metric: Option<String>,
    /// `None` where a grader could not tell.
    pub pass: Option<bool>,
    pub score: f64,
    pub reason: String,
    /// What a script, or the parts of a set, gave to metrics of their own.
    pub shares: Vec<Share>,
    /// What a script tells apart: it is listed, and not counted.
    pub listed: Vec<Graded>,
    /// The parts of a set; `None` where it is none.
    pub parts: Option<Vec<Part>>,
}

/// What one assertion adds to a metric.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scoring) struct Share {
    pub metric: String,
    /// Score × weight.
    pub sum: f64,
    pub weight: f64,
}

impl Part {
    /// A set, summed up.
    pub(in crate::scoring) fn set(check: &Check, metric: Option<String>, parts: Vec<Self>) -> Self {
        let score = mean(&parts);
        let pass = passes(check.threshold, score, &parts);
        let shares = parts.iter().flat_map(Self::all_shares).filter(|share| Some(&share.metric) != metric.as_ref());
        let scaled =
            |share: Share| Share { sum: share.sum * check.weight, weight: share.weight * check.weight, ..share };
        let shares = shares.map(scaled).collect();
        let reason = reason(check.threshold, pass, score, &parts);
        Self {
            kind: check.kind.name().to_owned(),
            weight: check.weight,
            metric,
            pass,
            score,
            reason,
            shares,
            listed: Vec::new(),
            parts: Some(parts),
        }
    }

    /// Weight 0 is for the metric only: such an assertion passes. A set fails all the same.
    fn passes(&self) -> Option<bool> {
        if self.weight == 0.0 && self.parts.is_none() { Some(true) } else { self.pass }
    }

    fn all_shares(&self) -> Vec<Share> {
        let own = self.metric.iter().map(|metric| Share {
            metric: metric.clone(),
            sum: self.score * self.weight,
            weight: self.weight,
        });
        own.chain(self.shares.iter().cloned()).collect()
    }

    fn results(&self) -> Vec<AssertionResult> {
        let own = AssertionResult {
            kind: self.kind.clone(),
            pass: self.passes() == Some(true),
            score: self.score.is_finite().then_some(self.score),
            reason: self.reason.clone(),
        };
        let listed = self.listed.iter().map(|part| AssertionResult {
            kind: String::new(),
            pass: part.pass,
            score: part.score.is_finite().then_some(part.score),
            reason: part.reason.clone(),
        });
        let parts = self.parts.iter().flatten().flat_map(Self::results);
        std::iter::once(own).chain(listed).chain(parts).collect()
    }

    fn check_result(&self) -> CheckResult {
        let verdict = verdict(self.passes());
        CheckResult {
            metric: self.metric.clone().unwrap_or_else(|| self.kind.clone()),
            verdict,
            score: (verdict != Verdict::Unscored && self.score.is_finite()).then_some(self.score),
            weight: self.weight,
            reason: shorten(self.reason.clone()),
        }
    }
}

/// The whole trial.
pub(in crate::scoring) fn sum_up(pass: PassRule, parts: &[Part]) -> Score {
    let threshold = match pass {
        PassRule::All => None,
        PassRule::Score(least) => Some(least),
    };
    let (passes, score) = if parts.is_empty() {
        (Some(true), 1.0)
    } else {
        let score = mean(parts);
        (passes(threshold, score, parts), score)
    };
    let sums = sums(parts);
    let mean = |(sum, weight): &(f64, f64)| if weight.abs() == 0.0 { 0.0 } else { sum / weight };
    let breakdown = Breakdown {
        prompt: None,
        output: None,
        metrics: sums.iter().map(|(metric, share)| (metric.clone(), mean(share))).collect(),
        weights: sums
            .into_iter()
            .map(|(metric, (_, weight))| (metric, weight))
            .filter(|(_, weight)| (weight - 1.0).abs() > f64::EPSILON)
            .collect(),
        assertions: parts.iter().flat_map(Part::results).collect(),
    };
    let checks = parts.iter().map(Part::check_result).collect();
    Score { breakdown: Some(Box::new(breakdown)), ..Score::new(verdict(passes), score, checks) }
}

fn verdict(pass: Option<bool>) -> Verdict {
    match pass {
        Some(true) => Verdict::Pass,
        Some(false) => Verdict::Fail,
        None => Verdict::Unscored,
    }
}

/// The weighted mean; 0 where nothing has weight.
fn mean(parts: &[Part]) -> f64 {
    let weight: f64 = parts.iter().map(|part| part.weight).sum();
    // In the order and form in which promptfoo adds them up, so that equal scores are equal to the bit.
    let sum: f64 = parts.iter().fold(0.0, |sum, part| sum + part.score * part.weight);
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// `None` where the verdict hangs on what a grader could not tell.
fn passes(threshold: Option<f64>, score: f64, parts: &[Part]) -> Option<bool> {
    let untold = parts.iter().any(|part| part.weight != 0.0 && part.passes().is_none());
    let failed = parts.iter().any(|part| part.passes() == Some(false));
    match threshold {
        None if failed => Some(false),
        _ if untold => None,
        None => Some(true),
        Some(least) => Some(score >= least),
    }
}

fn reason(threshold: Option<f64>, pass: Option<bool>, score: f64, parts: &[Part]) -> String {
    let failed = parts.iter().rev().find(|part| part.passes() == Some(false));
    match (threshold, pass, failed) {
        (Some(least), Some(true), _) => format!("The set's score {score} reaches {least}."),
        (Some(least), Some(false), _) => format!("The set's score {score} is below {least}."),
        (None, Some(false), Some(failed)) => failed.reason.clone(),
        (_, None, _) => "A grader of the set could not tell.".to_owned(),
        _ => "Every assertion of the set passes.".to_owned(),
    }
}

/// Score × weight and weight of each metric, over all assertions that go to it.
fn sums(parts: &[Part]) -> BTreeMap<String, (f64, f64)> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for share in parts.iter().flat_map(Part::all_shares) {
        let (sum, weight) = sums.entry(share.metric).or_default();
        *sum += share.sum;
        *weight += share.weight;
    }
    sums
}

#[cfg(test)]
mod tests {
    use crate::domain::{AssertionSet, CheckKind};

    use super::*;

    fn part(score: f64, weight: f64) -> Part {
        Part {
            kind: "equals".to_owned(),
            weight,
            metric: None,
            pass: Some(score >= 1.0),
            score,
            reason: String::new(),
            shares: Vec::new(),
            listed: Vec::new(),
            parts: None,
        }
    }

    fn set(weight: f64, threshold: Option<f64>, parts: Vec<Part>) -> Part {
        let check = Check { weight, threshold, ..Check::new(CheckKind::Set(AssertionSet::default())) };
        Part::set(&check, None, parts)
    }

    fn check(pass: PassRule, parts: &[Part], verdict: Verdict, score: f64) {
        let summed = sum_up(pass, parts);
        assert_eq!((summed.verdict, summed.score.to_bits()), (verdict, score.to_bits()), "{pass:?} {parts:?}");
    }

    #[test]
    fn every_assertion_must_pass_unless_a_threshold_decides_alone() {
        use Verdict::{Fail, Pass};
        check(PassRule::All, &[], Pass, 1.0);
        check(PassRule::Score(2.0), &[], Pass, 1.0);
        check(PassRule::All, &[part(1.0, 1.0), part(0.0, 3.0)], Fail, 0.25);
        check(PassRule::Score(0.25), &[part(1.0, 1.0), part(0.0, 3.0)], Pass, 0.25);
        check(PassRule::Score(0.26), &[part(1.0, 1.0), part(0.0, 3.0)], Fail, 0.25);
        check(PassRule::Score(0.0), &[part(0.0, 1.0)], Pass, 0.0);
    }

    #[test]
    fn weight_0_passes_and_a_set_of_weight_0_does_not() {
        use Verdict::{Fail, Pass};
        check(PassRule::All, &[part(0.0, 0.0)], Pass, 0.0);
        check(PassRule::Score(0.1), &[part(1.0, 0.0)], Fail, 0.0);
        check(PassRule::All, &[set(0.0, None, vec![part(0.0, 1.0)]), part(1.0, 1.0)], Fail, 1.0);
    }

    #[test]
    fn a_set_counts_with_its_own_threshold_and_weight() {
        use Verdict::{Fail, Pass};
        let half = vec![part(1.0, 1.0), part(0.0, 1.0)];
        check(PassRule::All, &[set(2.0, Some(0.5), half.clone()), part(1.0, 2.0)], Pass, 0.75);
        check(PassRule::All, &[set(2.0, None, half)], Fail, 0.5);
        check(PassRule::All, &[set(1.0, None, Vec::new())], Pass, 0.0);
    }

    #[test]
    fn parts_of_a_set_follow_it_and_bubble_their_metrics() {
        let named = |score, weight, metric: &str| Part { metric: Some(metric.to_owned()), ..part(score, weight) };
        let check = Check { weight: 2.0, ..Check::new(CheckKind::Set(AssertionSet::default())) };
        let set = Part::set(&check, Some("all".to_owned()), vec![named(1.0, 1.0, "tone"), named(0.0, 3.0, "all")]);
        let summed = sum_up(PassRule::All, &[named(0.0, 2.0, "tone"), set]);
        let breakdown = summed.breakdown.unwrap();
        let kinds: Vec<&str> = breakdown.assertions.iter().map(|result| result.kind.as_str()).collect();
        assert_eq!(kinds, ["equals", "assert-set", "equals", "equals"]);
        assert_eq!(breakdown.metrics, BTreeMap::from([("all".to_owned(), 0.25), ("tone".to_owned(), 0.5)]));
    }

    #[test]
    fn what_a_grader_could_not_tell_leaves_the_trial_open_unless_another_failed() {
        let untold = Part { pass: None, ..part(0.0, 1.0) };
        check(PassRule::All, &[untold.clone(), part(1.0, 1.0)], Verdict::Unscored, 0.5);
        check(PassRule::All, &[untold, part(0.0, 1.0)], Verdict::Fail, 0.0);
    }
}
