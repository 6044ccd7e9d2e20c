//! What a whole column comes to: its metrics, and those that the config derives from them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::suite::DerivedMetric;
use crate::domain::{Breakdown, Outcome, Verdict};
use crate::scoring::formula;

/// The sums of one column, row by row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ColumnTotals {
    passed: u32,
    failed: u32,
    unscored: u32,
    errors: u32,
    score: f64,
    /// By metric: each row's score times the weight behind it, added up.
    metrics: BTreeMap<String, f64>,
    derived: BTreeMap<String, f64>,
}

impl ColumnTotals {
    pub(super) fn add(&mut self, outcome: &Outcome, breakdown: &Breakdown, derived: &[DerivedMetric]) {
        match outcome {
            Outcome::Scored(score) | Outcome::Unscored(score) => {
                self.score += score.score;
                *(match score.verdict {
                    Verdict::Pass => &mut self.passed,
                    Verdict::Fail => &mut self.failed,
                    Verdict::Unscored => &mut self.unscored,
                }) += 1;
            }
            Outcome::Errored(_) => self.errors += 1,
        }
        for (metric, value) in &breakdown.metrics {
            let weight = breakdown.weights.get(metric).copied().unwrap_or(1.0);
            *self.metrics.entry(metric.clone()).or_default() += value * weight;
        }
        self.derive(derived);
    }

    /// After every row: a formula that cannot be computed yet keeps its last value, which is 0 before the first.
    fn derive(&mut self, derived: &[DerivedMetric]) {
        let mut names = self.metrics.clone();
        names.insert("__count".to_owned(), f64::from(self.passed + self.failed + self.unscored + self.errors));
        names.extend(derived.iter().map(|metric| (metric.name.clone(), self.last(&metric.name))));
        for metric in derived {
            let value = match &metric.value {
                Value::String(expression) => formula::evaluate(expression, &names).ok(),
                other => other.as_f64(),
            };
            let value = value.unwrap_or_else(|| self.last(&metric.name));
            names.insert(metric.name.clone(), value);
            self.derived.insert(metric.name.clone(), value);
        }
    }

    fn last(&self, name: &str) -> f64 {
        self.derived.get(name).copied().unwrap_or_default()
    }

    pub(super) fn written(&self, column: usize, provider: &str, prompt: &str) -> Value {
        let mut metrics = self.metrics.clone();
        metrics.extend(self.derived.clone());
        json!({
            "promptIdx": column, "provider": provider, "prompt": prompt, "score": self.score,
            "testPassCount": self.passed, "testFailCount": self.failed, "testErrorCount": self.errors,
            "testUnscoredCount": self.unscored,
            "namedScores": metrics,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::Score;

    use super::*;

    #[test]
    fn metrics_add_up_and_formulas_see_the_sums_so_far() {
        let derived = |name: &str, formula: &str| DerivedMetric { name: name.to_owned(), value: json!(formula) };
        let derived =
            [derived("mean", "tone / __count"), derived("double", "mean * 2"), derived("none", "missing + 1")];
        let mut totals = ColumnTotals::default();
        for (verdict, value, weight) in [(Verdict::Pass, 1.0, 1.0), (Verdict::Fail, 0.25, 2.0)] {
            let breakdown = Breakdown {
                metrics: BTreeMap::from([("tone".to_owned(), value)]),
                weights: BTreeMap::from([("tone".to_owned(), weight)]),
                ..Breakdown::default()
            };
            totals.add(&Outcome::Scored(Score::new(verdict, value, Vec::new())), &breakdown, &derived);
        }
        let written = totals.written(0, "echo", "p");
        assert_eq!(written["namedScores"], json!({"tone": 1.5, "mean": 0.75, "double": 1.5, "none": 0.0}));
        assert_eq!((&written["testPassCount"], &written["score"]), (&json!(1), &json!(1.25)));
    }
}
