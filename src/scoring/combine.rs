//! The checks' results become the trial's verdict.

use crate::domain::{CheckResult, Outcome, PassRule, Score, Verdict};

/// Checks of weight 0 are for their metric only. A check that could not be told makes the trial unscored only where the
/// verdict hangs on it: where neither the best nor the worst that it could have said would change the verdict, that
/// verdict stands.
pub(super) fn combine(pass: PassRule, checks: Vec<CheckResult>) -> Outcome {
    let counted: Vec<&CheckResult> = checks.iter().filter(|check| check.weight > 0.0).collect();
    let verdict = if counted.is_empty() {
        Verdict::Unscored
    } else {
        match pass {
            PassRule::All => all(&counted),
            PassRule::Score(least) => at_least(least, &counted),
        }
    };
    let score = Score::new(verdict, mean(&counted), checks);
    if verdict == Verdict::Unscored { Outcome::Unscored(score) } else { Outcome::Scored(score) }
}

fn all(counted: &[&CheckResult]) -> Verdict {
    let any = |verdict| counted.iter().any(|check| check.verdict == verdict);
    if any(Verdict::Fail) {
        Verdict::Fail
    } else if any(Verdict::Unscored) {
        Verdict::Unscored
    } else {
        Verdict::Pass
    }
}

fn at_least(least: f64, counted: &[&CheckResult]) -> Verdict {
    /// Means of weights are not exact: three times a third is a hair below one.
    const HAIR: f64 = 1e-9;
    let bound = |untold: f64| {
        let weighted = |check: &&CheckResult| check.weight * check.score.unwrap_or(untold);
        counted.iter().map(weighted).sum::<f64>() / weight(counted)
    };
    if bound(0.0) >= least - HAIR {
        Verdict::Pass
    } else if bound(1.0) < least - HAIR {
        Verdict::Fail
    } else {
        Verdict::Unscored
    }
}

/// Over the checks that could be told; 0 where none could.
fn mean(counted: &[&CheckResult]) -> f64 {
    let told: Vec<&CheckResult> = counted.iter().copied().filter(|check| check.score.is_some()).collect();
    if told.is_empty() {
        return 0.0;
    }
    told.iter().map(|check| check.weight * check.score.unwrap_or_default()).sum::<f64>() / weight(&told)
}

fn weight(checks: &[&CheckResult]) -> f64 {
    checks.iter().map(|check| check.weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result((score, weight): (Option<f64>, f64)) -> CheckResult {
        let verdict = match score {
            None => Verdict::Unscored,
            Some(score) if score >= 1.0 => Verdict::Pass,
            Some(_) => Verdict::Fail,
        };
        CheckResult { metric: "m".into(), verdict, score, weight, reason: String::new() }
    }

    fn check(pass: PassRule, results: &[(Option<f64>, f64)], expect: Verdict) {
        let outcome = combine(pass, results.iter().copied().map(result).collect());
        assert_eq!(outcome.verdict(), Some(expect), "{pass:?} {results:?}");
        assert_eq!(matches!(outcome, Outcome::Unscored(_)), expect == Verdict::Unscored);
    }

    #[test]
    fn all_must_pass() {
        check(PassRule::All, &[(Some(1.0), 1.0), (Some(1.0), 2.0)], Verdict::Pass);
        check(PassRule::All, &[(Some(1.0), 1.0), (Some(0.9), 2.0)], Verdict::Fail);
    }

    #[test]
    fn an_untold_check_counts_only_where_the_verdict_hangs_on_it() {
        check(PassRule::All, &[(Some(1.0), 1.0), (None, 1.0)], Verdict::Unscored);
        check(PassRule::All, &[(Some(0.0), 1.0), (None, 1.0)], Verdict::Fail);
        check(PassRule::All, &[(Some(1.0), 1.0), (None, 0.0)], Verdict::Pass);
        check(PassRule::Score(0.5), &[(Some(1.0), 1.0), (None, 1.0)], Verdict::Pass);
        check(PassRule::Score(0.6), &[(Some(1.0), 1.0), (None, 1.0)], Verdict::Unscored);
        check(PassRule::Score(0.6), &[(Some(0.0), 1.0), (None, 1.0)], Verdict::Fail);
    }

    #[test]
    fn weights_decide_the_score() {
        check(PassRule::Score(0.75), &[(Some(1.0), 3.0), (Some(0.0), 1.0)], Verdict::Pass);
        check(PassRule::Score(0.76), &[(Some(1.0), 3.0), (Some(0.0), 1.0)], Verdict::Fail);
        check(PassRule::Score(1.0), &[(Some(1.0), 0.1), (Some(1.0), 0.2), (Some(1.0), 0.3)], Verdict::Pass);
    }

    #[test]
    fn without_a_check_that_counts_nothing_can_be_told() {
        check(PassRule::All, &[], Verdict::Unscored);
        check(PassRule::All, &[(Some(1.0), 0.0)], Verdict::Unscored);
        check(PassRule::Score(0.0), &[], Verdict::Unscored);
    }

    #[test]
    fn a_metric_of_weight_0_changes_nothing() {
        check(PassRule::All, &[(Some(1.0), 1.0), (Some(0.0), 0.0)], Verdict::Pass);
        check(PassRule::Score(1.0), &[(Some(1.0), 1.0), (Some(0.0), 0.0)], Verdict::Pass);
    }
}
