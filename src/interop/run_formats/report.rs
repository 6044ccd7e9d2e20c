//! The figures of a run that every format starts from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::{Board, ColumnMetrics};
use crate::domain::{CaseId, Interval, ModelId, RunHeader, RunState, Usd, VariantId, reaches};

/// A run, folded.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub header: Arc<RunHeader>,
    pub state: RunState,
    /// As many as the header has, models innermost.
    pub columns: Vec<ColumnReport>,
    /// What the run paid, judges included.
    pub spent: Usd,
    pub judge_spent: Usd,
    /// What people call cases, beside their ids; only those that have a name.
    pub descriptions: BTreeMap<CaseId, String>,
}

/// A variant on a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnReport {
    pub passed: u64,
    pub failed: u64,
    pub unscored: u64,
    pub errored: u64,
    /// With its 95 % interval, each 0 to 1.
    pub pass_rate: Option<Interval>,
    /// The same share of first answers: *pass@first*.
    pub pass_rate_at_first: Option<Interval>,
    /// Trials whose answer was asked for again in other words.
    pub repaired: u64,
    /// Trials that another model answered, or the canned text.
    pub stood_in: u64,
    /// Trials in whose input or answer a guard found something.
    pub flagged: u64,
    pub semantic: SemanticReport,
    /// `None`: unknown price.
    pub mean_cost: Option<Usd>,
    pub total_cost: Option<Usd>,
    /// Milliseconds.
    pub latency_p50_ms: Option<f64>,
    pub latency_p95_ms: Option<f64>,
    /// Mean score, 0 to 1, by metric.
    pub metrics: Vec<(String, f64)>,
}

/// The semantic cache's part in a column.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SemanticReport {
    /// Trials that it answered.
    pub hits: u64,
    /// Trials that it would have answered; the model did.
    pub audited: u64,
    /// Those of them that it would have answered otherwise than the model.
    pub wrong: u64,
    /// The share of `audited` that is wrong, with its 95 % interval.
    pub false_hit_rate: Option<Interval>,
    /// What its answers cost when they were paid, as far as their price is known.
    pub saved: Usd,
}

impl Report {
    /// Whether every variant reaches the gate on every model. A column without a
    /// scored trial does not, unless none of its trials was to be run.
    #[must_use]
    pub fn gates_pass(&self) -> bool {
        let columns = self.columns.iter().enumerate().filter(|(at, _)| self.header.takes_part(*at));
        columns.map(|(_, column)| column).all(|column| column.passes(self.gate()))
    }

    /// What a board shows now.
    #[must_use]
    pub fn of(board: &Board) -> Self {
        let totals = board.totals();
        Self {
            header: board.header().clone(),
            state: board.state(),
            columns: board.columns().iter().map(ColumnReport::from).collect(),
            spent: totals.spent,
            judge_spent: totals.judge_spent,
            descriptions: BTreeMap::new(),
        }
    }
}

impl From<&ColumnMetrics> for ColumnReport {
    fn from(metrics: &ColumnMetrics) -> Self {
        Self {
            passed: metrics.passed,
            failed: metrics.failed,
            unscored: metrics.unscored,
            errored: metrics.errored,
            pass_rate: metrics.pass_rate(),
            pass_rate_at_first: metrics.pass_rate_at_first(),
            repaired: metrics.repaired,
            stood_in: metrics.stood_in,
            flagged: metrics.flagged,
            semantic: SemanticReport {
                hits: metrics.semantic_hits,
                audited: metrics.semantic_audited,
                wrong: metrics.semantic_wrong,
                false_hit_rate: metrics.false_hit_rate(),
                saved: metrics.deeds.semantic_saved,
            },
            mean_cost: metrics.mean_cost(),
            total_cost: (metrics.unpriced() == 0).then(|| metrics.total_cost()),
            latency_p50_ms: metrics.latency_p50(),
            latency_p95_ms: metrics.latency_p95(),
            metrics: metrics.metrics().into_iter().map(|mean| (mean.metric, mean.mean)).collect(),
        }
    }
}

impl ColumnReport {
    #[must_use]
    pub fn scored(&self) -> u64 {
        self.passed + self.failed
    }

    #[must_use]
    pub fn ended(&self) -> u64 {
        self.scored() + self.unscored + self.errored
    }

    /// Whether the pass rate reaches `gate` (0 to 1).
    #[must_use]
    pub fn passes(&self, gate: f64) -> bool {
        reaches(self.passed, self.scored(), gate)
    }
}

impl Report {
    /// The pass rate that every column must reach.
    #[must_use]
    pub fn gate(&self) -> f64 {
        self.header.definition.gate_or_all()
    }

    #[must_use]
    pub fn ended(&self) -> u64 {
        self.sum(ColumnReport::ended)
    }

    pub(super) fn sum(&self, count: impl Fn(&ColumnReport) -> u64) -> u64 {
        self.columns.iter().map(count).sum()
    }

    /// Whether any column that is shown is answered by a script, and so has a star behind its model's name.
    pub(super) fn has_stars(&self) -> bool {
        self.named().any(|named| named.scripted)
    }

    /// Each column that takes part, with its variant and model.
    pub(super) fn named(&self) -> impl Iterator<Item = Named<'_>> {
        let models = self.header.models.len().max(1);
        let columns = self.columns.iter().enumerate().filter(|(index, _)| self.header.takes_part(*index));
        columns.filter_map(move |(index, column)| {
            let variant = self.header.variants.get(index / models)?;
            let model = self.header.models.get(index % models)?;
            Some(Named { variant, model: &model.id, scripted: model.scripted, column })
        })
    }
}

pub(super) struct Named<'r> {
    pub variant: &'r VariantId,
    pub model: &'r ModelId,
    pub scripted: bool,
    pub column: &'r ColumnReport,
}

/// `94.0 % (83.8–97.9)`.
pub(super) fn percent(rate: Option<Interval>) -> String {
    rate.map_or_else(
        || "–".to_owned(),
        |rate| format!("{:.1} % ({:.1}–{:.1})", rate.value * 100.0, rate.low * 100.0, rate.high * 100.0),
    )
}

/// `1 trial`, `2 trials`.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

pub(super) fn money(amount: Option<Usd>) -> String {
    amount.map_or_else(|| "unknown".to_owned(), |amount| amount.to_string())
}

pub(super) fn milliseconds(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.0} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_reached_exactly_and_never_by_nothing() {
        let check = |passed, failed, gate, expect| {
            assert_eq!(ColumnReport { passed, failed, ..ColumnReport::default() }.passes(gate), expect);
        };
        check(3, 1, 0.75, true);
        check(3, 1, 0.76, false);
        check(7, 0, 1.0, true);
        check(0, 0, 0.0, false);
    }
}
