//! Outputs of a case that are compared with each other: all but one fail.

use serde_json::Value;

use super::super::found::shorten;
use super::super::graders::select_best::Chosen;
use crate::domain::{AssertionResult, CheckResult, Outcome, Score, Verdict};

/// `max-score`: of a case's outputs, the one with the most points from the other assertions. The points are the mean of the other
/// assertions' scores, or their sum (`method: sum`), weighed by type (`weights`); a winner needs `threshold` points, and
/// the first of several wins. Trials that errored take no part. `at` is the place of the check's result where it has one
/// already; else the comparison is added.
pub(in crate::scoring) fn max_score(at: Option<usize>, asked: &Value, outcomes: &mut [&mut Outcome]) {
    let points: Vec<Option<f64>> =
        outcomes.iter().map(|outcome| scored(outcome).map(|score| points(asked, score))).collect();
    let least = asked["threshold"].as_f64().unwrap_or(f64::NEG_INFINITY);
    let mut winner: Option<(usize, f64)> = None;
    for (position, own) in points.iter().enumerate() {
        if let Some(own) = *own
            && own >= least
            && winner.is_none_or(|(_, best)| own > best)
        {
            winner = Some((position, own));
        }
    }
    for (position, outcome) in outcomes.iter_mut().enumerate() {
        let Some(own) = points[position] else {
            let reason = "What a grader could not tell is not compared.".to_owned();
            add(outcome, &Compared { at, kind: "max-score", wins: None, reason });
            continue;
        };
        let wins = winner.is_some_and(|(best, _)| best == position);
        let reason = match (wins, winner) {
            (true, _) => format!("It has the most points of the case: {own:.3}."),
            (false, Some((_, best))) => format!("It has {own:.3} points, and another output has {best:.3}."),
            (false, None) => format!("It has {own:.3} points, and no output has the {least} that are asked for."),
        };
        add(outcome, &Compared { at, kind: "max-score", wins: Some(wins), reason });
    }
}

/// `select-best`: of a case's outputs, the one that a model chose; where it chose none, nothing is told of any.
pub(in crate::scoring) fn select_best(at: Option<usize>, chosen: &Chosen, outcomes: &mut [&mut Outcome]) {
    for (position, outcome) in outcomes.iter_mut().enumerate() {
        let (wins, reason) = match chosen {
            Ok((best, why)) if *best == position => (Some(true), format!("It was chosen. {why}")),
            Ok((_, why)) => (Some(false), format!("Another output was chosen. {why}")),
            Err(why) => (None, why.clone()),
        };
        add(outcome, &Compared { at, kind: "select-best", wins, reason: reason.trim_end().to_owned() });
    }
}

/// An output whose others are not there, by either comparison.
pub(in crate::scoring) fn alone(at: Option<usize>, kind: &str, outcome: &mut Outcome) {
    let reason = "The others of its case did not end, so it is compared with none.".to_owned();
    add(outcome, &Compared { at, kind, wins: None, reason });
}

/// A verdict that is told, or that hangs on nothing but the comparison.
fn scored(outcome: &Outcome) -> Option<&Score> {
    match outcome {
        Outcome::Scored(score) => Some(score),
        Outcome::Unscored(score) => Some(score).filter(|score| score.checks.iter().all(|check| check.weight <= 0.0)),
        Outcome::Errored(_) => None,
    }
}

fn points(asked: &Value, score: &Score) -> f64 {
    let weight = |result: &AssertionResult| {
        let kind = result.kind.strip_prefix("not-").unwrap_or(&result.kind);
        let weights = &asked["weights"];
        weights[&result.kind].as_f64().or_else(|| weights[kind].as_f64()).unwrap_or(1.0)
    };
    if score.breakdown.is_none() {
        return score.score;
    }
    let results = score.breakdown.iter().flat_map(|breakdown| &breakdown.assertions);
    let results = results.filter(|result| !matches!(result.kind.as_str(), "max-score" | "select-best"));
    let (sum, total) = results.fold((0.0, 0.0), |(sum, total), result| {
        let weight = weight(result);
        (result.score.unwrap_or_default().mul_add(weight, sum), total + weight)
    });
    match asked["method"].as_str() {
        Some("sum") => sum,
        _ if total > 0.0 => sum / total,
        _ => 0.0,
    }
}

/// What a comparison says of one output.
struct Compared<'a> {
    at: Option<usize>,
    kind: &'a str,
    /// `None` where nobody can tell.
    wins: Option<bool>,
    reason: String,
}

fn add(outcome: &mut Outcome, said: &Compared<'_>) {
    let (Outcome::Scored(score) | Outcome::Unscored(score)) = outcome else { return };
    let mut score = score.clone();
    let points = said.wins.map(|wins| if wins { 1.0 } else { 0.0 });
    let verdict = match said.wins {
        Some(true) => Verdict::Pass,
        Some(false) => Verdict::Fail,
        None => Verdict::Unscored,
    };
    let result = CheckResult {
        metric: said.kind.to_owned(),
        verdict,
        score: points,
        weight: 0.0,
        reason: shorten(said.reason.clone()),
    };
    let stands_alone = score.checks.iter().all(|check| check.weight <= 0.0) && score.breakdown.is_none();
    match said.at.and_then(|at| score.checks.get_mut(at)) {
        Some(place) => *place = CheckResult { metric: place.metric.clone(), ..result },
        None => score.checks.push(result),
    }
    if let Some(breakdown) = &mut score.breakdown {
        let (kind, reason) = (said.kind.to_owned(), said.reason.clone());
        let pass = said.wins == Some(true);
        breakdown.assertions.push(AssertionResult { kind, pass, score: points, reason });
    }
    match said.wins {
        Some(false) => (score.verdict, score.score) = (Verdict::Fail, 0.0),
        Some(true) if stands_alone && score.verdict == Verdict::Unscored => {
            (score.verdict, score.score) = (Verdict::Pass, 1.0);
        }
        None if score.verdict == Verdict::Pass => score.verdict = Verdict::Unscored,
        Some(true) | None => {}
    }
    *outcome = if score.verdict == Verdict::Unscored { Outcome::Unscored(score) } else { Outcome::Scored(score) };
}
