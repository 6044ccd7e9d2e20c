//! Events become numbers. Pure: the same events give the same numbers, live, replayed or without a window.
//!
//! [`Board`] folds a run's events into one small mark a trial and into the sums of each column; everything else reads
//! it. A rate has the *scored* trials below the line: what is unscored or errored is counted and shown beside it, and
//! never taken for a failure.

mod alerts;
mod baseline;
mod board;
mod calibrate;
mod compare;
mod deeds;
mod detection;
mod mark;
mod metrics;
mod pages;
mod pairs;
mod pareto;
mod quantile;
mod series;
mod stats;
mod sweep;
mod traffic;

#[cfg(test)]
mod tests;

pub use alerts::AlertWatch;
pub use baseline::{Baseline, Change, Changed, ColumnChange, against};
pub use board::{Board, CellView, Totals};
pub use calibrate::{Calibration, HeldOut, TierCase, TierOutcome, TierResult, calibrate};
pub use compare::{Comparison, Conclusion, FEWEST_CASES, compare, compare_with};
pub use deeds::Deeds;
pub use detection::{Detection, Guard, Miss, Tally, measure};
pub use mark::{Ending, Semantic, TrialMark};
pub use metrics::{CheckTally, ColumnMetrics, MetricMean};
pub use pareto::pareto;
pub use quantile::{Sample, quantile};
pub use series::{Bin, BoxNumbers, RunPoint, box_numbers, histogram, success_over_runs};
pub use stats::{
    Table, cases_needed, holm, mcnemar, minimum_detectable_effect, newcombe_paired, paired_t, wilson, wilson_share,
};
pub use sweep::{LabelledItem, SweepPoint, Trustworthiness, confidence_sweep, trustworthiness};
pub use traffic::{RefusedBy, Traffic, TrafficShare, evenly, traffic};
