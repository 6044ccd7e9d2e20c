//! Numbers for plots: boxes, histograms, and success over runs.

use jiff::Timestamp;

use super::quantile::quantile;
use super::stats::wilson;
use crate::domain::{Interval, RunId, RunSummary, Usd};

/// A box plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxNumbers {
    pub count: usize,
    pub min: f64,
    /// The smallest value within one and a half box heights below the box (Tukey 1977).
    pub whisker_low: f64,
    pub q1: f64,
    pub median: f64,
    pub q3: f64,
    /// The largest value within one and a half box heights above the box.
    pub whisker_high: f64,
    pub max: f64,
}

/// The box of sorted values; `None` where there are none.
#[must_use]
pub fn box_numbers(sorted: &[f32]) -> Option<BoxNumbers> {
    let at = |q| quantile(sorted, q);
    let (q1, median, q3) = (at(0.25)?, at(0.5)?, at(0.75)?);
    let reach = 1.5 * (q3 - q1);
    let low = sorted.partition_point(|value| f64::from(*value) < q1 - reach);
    let high = sorted.partition_point(|value| f64::from(*value) <= q3 + reach);
    // A quartile may lie between two values; a whisker never ends inside the box.
    let whisker_low = f64::from(*sorted.get(low)?).min(q1);
    let whisker_high = f64::from(*sorted.get(high.checked_sub(1)?)?).max(q3);
    Some(BoxNumbers { count: sorted.len(), min: at(0.0)?, whisker_low, q1, median, q3, whisker_high, max: at(1.0)? })
}

/// A bar of a histogram: values from `from` up to `to`, the last bar with its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub count: usize,
}

/// Bars of equal width from the smallest to the largest of sorted values; one bar where all are the same.
#[must_use]
pub fn histogram(sorted: &[f32], bins: usize) -> Vec<Bin> {
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let (first, last) = (f64::from(first), f64::from(last));
    if last <= first || bins < 2 {
        return vec![Bin { from: first, to: last, count: sorted.len() }];
    }
    #[expect(clippy::cast_precision_loss, reason = "a plot has few bars")]
    let edge = |index: usize| first + (last - first) * index as f64 / bins as f64;
    let below = |index: usize| {
        if index == bins { sorted.len() } else { sorted.partition_point(|value| f64::from(*value) < edge(index)) }
    };
    let bin = |index| Bin { from: edge(index), to: edge(index + 1), count: below(index + 1) - below(index) };
    (0..bins).map(bin).collect()
}

/// A run as a point in time.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPoint {
    pub run: RunId,
    pub started_at: Timestamp,
    /// `None` where nothing was scored.
    pub pass_rate: Option<Interval>,
    pub spent: Usd,
    /// Share of ended trials that errored or could not be told, 0 to 1.
    pub without_verdict: f64,
}

/// Success over runs, oldest first.
#[must_use]
pub fn success_over_runs(runs: &[RunSummary]) -> Vec<RunPoint> {
    let point = |run: &RunSummary| RunPoint {
        run: run.header.id.clone(),
        started_at: run.header.started_at,
        pass_rate: wilson(run.passed, run.passed + run.failed),
        spent: run.spent,
        without_verdict: super::stats::share(run.unscored + run.errored, run.ended()),
    };
    let mut points: Vec<_> = runs.iter().map(point).collect();
    points.sort_by(|a, b| (a.started_at, &a.run.0).cmp(&(b.started_at, &b.run.0)));
    points
}

#[cfg(test)]
mod tests {
    use super::super::tests::header;
    use super::*;
    use crate::domain::{RunHeader, RunState};
    use proptest::prelude::*;
    use std::sync::Arc;

    #[test]
    fn a_box_has_whiskers_and_keeps_what_lies_outside() {
        let found = box_numbers(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 100.0]).unwrap();
        assert_eq!((found.q1, found.median, found.q3), (3.0, 5.0, 7.0));
        assert_eq!((found.min, found.whisker_low, found.whisker_high, found.max), (1.0, 1.0, 8.0, 100.0));
        assert_eq!(box_numbers(&[]), None);
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let counts = |values: &[f32], bins| histogram(values, bins).iter().map(|bin| bin.count).collect::<Vec<_>>();
        assert_eq!(counts(&[0.0, 1.0, 2.0, 3.0, 4.0], 2), [2, 3]);
        assert_eq!(counts(&[5.0, 5.0], 10), [2]);
        assert_eq!(counts(&[], 10), [0; 0]);
    }

    #[test]
    fn runs_stand_in_the_order_of_their_start() {
        let run = |id: &str, second: i64, passed, failed, errored| RunSummary {
            header: Arc::new(RunHeader {
                id: id.into(),
                started_at: Timestamp::from_second(second).unwrap(),
                ..RunHeader::clone(&header(1, 1, 1))
            }),
            state: RunState::Completed,
            ended_at: None,
            passed,
            failed,
            unscored: 0,
            errored,
            ambiguous: 0,
            spent: Usd::ZERO,
        };
        let points = success_over_runs(&[run("late", 9, 0, 0, 5), run("early", 1, 8, 2, 10)]);
        assert_eq!(points.iter().map(|point| point.run.as_str()).collect::<Vec<_>>(), ["early", "late"]);
        assert!((points[0].pass_rate.unwrap().value - 0.8).abs() < 1e-12, "errors are not below the line");
        assert_eq!((points[0].without_verdict, points[1].pass_rate), (0.5, None));
    }

    proptest! {
        #[test]
        fn boxes_and_histograms_hold_all_values(mut values in prop::collection::vec(0.0..1e6_f32, 1..200), bins in 1_usize..40) {
            values.sort_by(f32::total_cmp);
            let found = box_numbers(&values).unwrap();
            let order = [found.min, found.whisker_low, found.q1, found.median, found.q3, found.whisker_high, found.max];
            prop_assert!(order.is_sorted(), "{:?}", order);
            prop_assert_eq!(histogram(&values, bins).iter().map(|bin| bin.count).sum::<usize>(), values.len());
        }
    }
}
