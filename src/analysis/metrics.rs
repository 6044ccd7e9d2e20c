//! The numbers of a column: sums that grow with each trial, and rates that are computed when they are read.
//!
//! All sums are integers, so that they do not depend on the order in which trials end.

use super::deeds::Deeds;
use super::mark::{Ending, Semantic, TrialMark};
use super::pages::{FULL_SCORE, NO_SCORE, SmallScore};
use super::quantile::Sample;
use super::stats::{share, wilson, wilson_share};
use crate::domain::{Check, Interval, Usd};

/// What came of a variant on a model.
#[derive(Debug, Clone, Default)]
pub struct ColumnMetrics {
    pub passed: u64,
    pub failed: u64,
    pub unscored: u64,
    pub errored: u64,
    /// Trials whose answer came out of the cache; they are among the others.
    pub cached: u64,
    /// Attempts beyond each trial's first, reformulations apart.
    pub retries: u64,
    /// Trials whose answer was asked for again in other words; they are among the others.
    pub repaired: u64,
    /// Trials that passed with the first answer.
    pub passed_at_first: u64,
    /// Trials that the semantic cache answered.
    pub semantic_hits: u64,
    /// Trials that the semantic cache would have answered; the model did.
    pub semantic_audited: u64,
    /// Those of them that it would have answered otherwise than the model.
    pub semantic_wrong: u64,
    /// What guards did that save calls, tokens or a reader's time.
    pub deeds: Deeds,
    /// Trials that another model answered, or the canned text; they are among the others.
    pub stood_in: u64,
    /// Those of them that are in no number of this column; they are among the unscored.
    pub left_out: u64,
    /// Trials in whose input or answer a guard found something; they are among the others.
    pub flagged: u64,
    cost: Usd,
    judge_spent: Usd,
    priced: u64,
    unpriced: u64,
    input_tokens: u64,
    output_tokens: u64,
    counted: u64,
    score: u64,
    latency: Sample,
    first_token: Sample,
    checks: Vec<CheckTally>,
    clusters: Clusters,
}

/// What came of one check in a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckTally {
    pub metric: String,
    pub scored: u64,
    pub failed: u64,
    sum: u64,
}

/// The mean of a metric's scores.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricMean {
    pub metric: String,
    /// 0 to 1.
    pub mean: f64,
    /// Scores that it is the mean of.
    pub count: u64,
}

/// Sums over cells with scored trials, for the variance between cells: repeats of one case are no independent trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Clusters {
    cells: u64,
    trials_squared: u64,
    passed_squared: u64,
    product: u64,
}

impl ColumnMetrics {
    pub(super) fn new(checks: &[Check]) -> Self {
        let tally = |check: &Check| CheckTally { metric: check.metric().to_owned(), ..CheckTally::default() };
        Self { checks: checks.iter().map(tally).collect(), ..Self::default() }
    }

    /// Passed and failed: what a rate is a share of.
    #[must_use]
    pub const fn scored(&self) -> u64 {
        self.passed + self.failed
    }

    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.scored() + self.unscored + self.errored
    }

    /// Share of scored trials that passed, with its 95 % interval (Wilson). Where cases are repeated, the interval is as
    /// wide as the spread between cases asks for. `None` where nothing was scored.
    #[must_use]
    pub fn pass_rate(&self) -> Option<Interval> {
        let trials = self.scored();
        if trials == 0 || trials == self.clusters.cells {
            return wilson(self.passed, trials);
        }
        let rate = share(self.passed, trials);
        wilson_share(rate, share(trials, 1) / self.clusters.design_effect(rate, trials))
    }

    /// *pass@first*: the share of scored trials that passed with their first answer, with its 95 % interval (Wilson).
    /// [`ColumnMetrics::pass_rate`] is *pass@repair*. `None` where nothing was scored.
    #[must_use]
    pub fn pass_rate_at_first(&self) -> Option<Interval> {
        wilson(self.passed_at_first, self.scored())
    }

    /// Share of the trials with an answer that the semantic cache answered or would have, with its 95 % interval
    /// (Wilson). `None` where nothing ended.
    #[must_use]
    pub fn semantic_hit_rate(&self) -> Option<Interval> {
        wilson(self.semantic_hits + self.semantic_audited, self.scored() + self.unscored)
    }

    /// Share of the semantic cache's answers that would have been wrong, with its 95 % interval (Wilson). `None` where
    /// nothing was audited.
    #[must_use]
    pub fn false_hit_rate(&self) -> Option<Interval> {
        wilson(self.semantic_wrong, self.semantic_audited)
    }

    /// The cost of all answers with a known price.
    #[must_use]
    pub const fn total_cost(&self) -> Usd {
        self.cost
    }

    /// Answers whose price is unknown: they are missing from cost.
    #[must_use]
    pub const fn unpriced(&self) -> u64 {
        self.unpriced
    }

    /// Mean over answers with a known price; `None` where there are none.
    #[must_use]
    pub fn mean_cost(&self) -> Option<Usd> {
        let priced = i64::try_from(self.priced).ok().filter(|priced| *priced > 0)?;
        Some(Usd::from_nanos(self.cost.nanos() / priced))
    }

    /// What judges took for each trial that ended, on average; `None` where nothing ended.
    #[must_use]
    pub fn mean_judge_cost(&self) -> Option<Usd> {
        let ended = i64::try_from(self.ended()).ok().filter(|ended| *ended > 0)?;
        Some(Usd::from_nanos(self.judge_spent.nanos() / ended))
    }

    /// Milliseconds of every answer.
    #[must_use]
    pub const fn latency(&self) -> &Sample {
        &self.latency
    }

    /// Milliseconds.
    #[must_use]
    pub fn latency_p50(&self) -> Option<f64> {
        self.latency.quantile(0.5)
    }

    /// Milliseconds.
    #[must_use]
    pub fn latency_p95(&self) -> Option<f64> {
        self.latency.quantile(0.95)
    }

    /// Milliseconds to the first token of every streamed answer.
    #[must_use]
    pub const fn first_token(&self) -> &Sample {
        &self.first_token
    }

    /// Mean over answers whose tokens were counted.
    #[must_use]
    pub fn mean_input_tokens(&self) -> Option<f64> {
        (self.counted > 0).then(|| share(self.input_tokens, self.counted))
    }

    /// Mean over answers whose tokens were counted.
    #[must_use]
    pub fn mean_output_tokens(&self) -> Option<f64> {
        (self.counted > 0).then(|| share(self.output_tokens, self.counted))
    }

    #[must_use]
    pub const fn total_tokens(&self) -> (u64, u64) {
        (self.input_tokens, self.output_tokens)
    }

    /// Mean of the weighted scores of scored trials, 0 to 1.
    #[must_use]
    pub fn mean_score(&self) -> Option<f64> {
        (self.scored() > 0).then(|| share(self.score, self.scored()) / SCORE_UNITS)
    }

    /// Check by check, in the experiment's order.
    #[must_use]
    pub fn checks(&self) -> &[CheckTally] {
        &self.checks
    }

    /// By metric, in the order in which the experiment names them first; metrics without a score are left out.
    #[must_use]
    pub fn metrics(&self) -> Vec<MetricMean> {
        let mut sums: Vec<(&str, u64, u64)> = Vec::new();
        for check in self.checks.iter().filter(|check| check.scored > 0) {
            match sums.iter_mut().find(|(metric, ..)| *metric == check.metric) {
                Some((_, sum, count)) => (*sum, *count) = (*sum + check.sum, *count + check.scored),
                None => sums.push((&check.metric, check.sum, check.scored)),
            }
        }
        let mean = |(metric, sum, count): (&str, u64, u64)| MetricMean {
            metric: metric.to_owned(),
            mean: share(sum, count) / f64::from(FULL_SCORE),
            count,
        };
        sums.into_iter().map(mean).collect()
    }

    pub(super) fn add(&mut self, mark: &TrialMark, scores: &[SmallScore]) {
        self.tally(mark, scores, 1);
        self.latency_of(mark, Sample::add);
    }

    pub(super) fn remove(&mut self, mark: &TrialMark, scores: &[SmallScore]) {
        self.tally(mark, scores, -1);
        self.latency_of(mark, Sample::remove);
    }

    /// A cell's scored trials changed.
    pub(super) fn recluster(&mut self, before: (u64, u64), after: (u64, u64)) {
        self.clusters.count(before, -1);
        self.clusters.count(after, 1);
    }

    fn latency_of(&mut self, mark: &TrialMark, change: fn(&mut Sample, f32)) {
        if let Some(ms) = mark.latency_ms() {
            change(&mut self.latency, ms);
        }
        if let Some(ms) = mark.first_token_ms() {
            change(&mut self.first_token, ms);
        }
    }

    fn tally(&mut self, mark: &TrialMark, scores: &[SmallScore], sign: i64) {
        let change = |sum: &mut u64, amount: u64| *sum = sum.wrapping_add_signed(sign * amount.cast_signed());
        match mark.ending() {
            Ending::Passed => change(&mut self.passed, 1),
            Ending::Failed => change(&mut self.failed, 1),
            Ending::Unscored => change(&mut self.unscored, 1),
            Ending::Errored(_) => change(&mut self.errored, 1),
        }
        change(&mut self.cached, u64::from(mark.cached()));
        let audited = matches!(mark.semantic(), Semantic::WouldBeRight | Semantic::WouldBeWrong);
        change(&mut self.semantic_hits, u64::from(mark.semantic() == Semantic::Hit));
        change(&mut self.semantic_audited, u64::from(audited));
        change(&mut self.semantic_wrong, u64::from(mark.semantic() == Semantic::WouldBeWrong));
        change(&mut self.retries, u64::from(mark.retries()));
        change(&mut self.repaired, u64::from(mark.repairs() > 0));
        change(&mut self.passed_at_first, u64::from(mark.ending() == Ending::Passed && mark.repairs() == 0));
        change(&mut self.stood_in, u64::from(mark.stood_in()));
        change(&mut self.left_out, u64::from(mark.left_out()));
        change(&mut self.flagged, u64::from(mark.flagged()));
        self.judge_spent += Usd::from_nanos(sign * mark.judge_spent().nanos());
        match mark.cost() {
            Some(cost) => {
                change(&mut self.priced, 1);
                self.cost += Usd::from_nanos(sign * cost.nanos());
            }
            None => change(&mut self.unpriced, u64::from(mark.latency_ms().is_some())),
        }
        if let (Some(input), Some(output)) = (mark.input_tokens(), mark.output_tokens()) {
            change(&mut self.counted, 1);
            change(&mut self.input_tokens, u64::from(input));
            change(&mut self.output_tokens, u64::from(output));
        }
        if let Some(score) = mark.score().filter(|_| mark.ending().is_scored()) {
            change(&mut self.score, score_units(score));
        }
        for (index, (check, score)) in self.checks.iter_mut().zip(scores).enumerate() {
            if *score != NO_SCORE {
                change(&mut check.scored, 1);
                change(&mut check.sum, u64::from(*score));
            }
            change(&mut check.failed, u64::from(mark.check_failed(index)));
        }
    }
}

impl CheckTally {
    /// Mean of the scores, 0 to 1.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.scored > 0).then(|| share(self.sum, self.scored) / f64::from(FULL_SCORE))
    }
}

impl Clusters {
    fn count(&mut self, (trials, passed): (u64, u64), sign: i64) {
        if trials == 0 {
            return;
        }
        let change = |sum: &mut u64, amount: u64| *sum = sum.wrapping_add_signed(sign * amount.cast_signed());
        change(&mut self.cells, 1);
        change(&mut self.trials_squared, trials * trials);
        change(&mut self.passed_squared, passed * passed);
        change(&mut self.product, trials * passed);
    }

    /// How many times larger the variance of the rate is than if all trials were independent (Kish 1965): from 1 to the
    /// mean number of trials in a cell. Where everything passed or everything failed the trials cannot tell, and the
    /// worst is taken.
    fn design_effect(&self, rate: f64, trials: u64) -> f64 {
        let worst = share(trials, self.cells);
        let independent = rate * (1.0 - rate) * share(trials, 1);
        if independent <= 0.0 || self.cells < 2 {
            return worst;
        }
        let (xx, xm, mm) = (share(self.passed_squared, 1), share(self.product, 1), share(self.trials_squared, 1));
        let between = (xx - 2.0 * rate * xm + rate * rate * mm) * share(self.cells, self.cells - 1);
        (between / independent).clamp(1.0, worst.max(1.0))
    }
}

const SCORE_UNITS: f64 = 1e6;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a million")]
fn score_units(score: f32) -> u64 {
    (f64::from(score).clamp(0.0, 1.0) * SCORE_UNITS).round() as u64
}
