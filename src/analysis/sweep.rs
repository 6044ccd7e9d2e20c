//! What a threshold of confidence is worth: precision and recall against it, from items whose truth is known.

use super::stats::{share, wilson};
use crate::domain::Interval;

/// Parts of the range of confidence in which a model's word is compared with the truth.
const BINS: usize = 10;

/// An item that a model found, and whether it is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelledItem {
    /// 0 to 1; `None` where the model gave none.
    pub confidence: Option<f64>,
    pub right: bool,
}

/// What is left above a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepPoint {
    pub threshold: f64,
    pub kept: u64,
    /// The share of what is kept that is right, with its 95 % interval (Wilson); `None` where nothing is kept.
    pub precision: Option<Interval>,
    /// The share of all right items that is kept; `None` where there are none.
    pub recall: Option<Interval>,
}

/// Precision and recall at each of the thresholds. `missed` are the right items that the model did not find at all. Items
/// without a usable confidence are kept at every threshold where `keep_unknown` is set, and at none where it is not, as the
/// filter has it.
#[must_use]
pub fn confidence_sweep(
    items: &[LabelledItem],
    missed: u64,
    thresholds: &[f64],
    keep_unknown: bool,
) -> Vec<SweepPoint> {
    let right = items.iter().filter(|item| item.right).count() as u64 + missed;
    let at = |threshold: &f64| {
        let above = |item: &&LabelledItem| usable(item).map_or(keep_unknown, |confidence| confidence > *threshold);
        let (kept, found) =
            items.iter().filter(above).fold((0, 0), |(kept, found), item| (kept + 1, found + u64::from(item.right)));
        SweepPoint { threshold: *threshold, kept, precision: wilson(found, kept), recall: wilson(found, right) }
    };
    thresholds.iter().map(at).collect()
}

/// How far a model's confidence is from the truth; `None` without usable items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trustworthiness {
    /// The mean of squared differences between confidence and truth, 0 at best (Brier 1950, Monthly Weather Review 78:1).
    pub brier: f64,
    /// The mean difference between confidence and the share of right items over ten equal parts of the range (Naeini,
    /// Cooper and Hauskrecht 2015, AAAI), 0 at best.
    pub calibration_error: f64,
}

#[must_use]
pub fn trustworthiness(items: &[LabelledItem]) -> Option<Trustworthiness> {
    let pairs: Vec<(f64, f64)> =
        items.iter().filter_map(|item| Some((usable(item)?, f64::from(u8::from(item.right))))).collect();
    if pairs.is_empty() {
        return None;
    }
    let count = share(pairs.len() as u64, 1);
    let brier = pairs.iter().map(|(confidence, right)| (confidence - right).powi(2)).sum::<f64>() / count;
    let mut bins = [(0.0, 0.0); BINS];
    for (confidence, right) in &pairs {
        let (said, true_) = &mut bins[bin(*confidence)];
        *said += confidence;
        *true_ += right;
    }
    let calibration_error = bins.iter().map(|(said, right)| (said - right).abs()).sum::<f64>() / count;
    Some(Trustworthiness { brier, calibration_error })
}

fn usable(item: &LabelledItem) -> Option<f64> {
    item.confidence.filter(|confidence| (0.0..=1.0).contains(confidence))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
fn bin(confidence: f64) -> usize {
    ((confidence * 10.0) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(confidence: f64, right: bool) -> LabelledItem {
        LabelledItem { confidence: Some(confidence), right }
    }

    #[test]
    fn a_higher_threshold_keeps_less_and_is_right_more_often() {
        let items = [item(0.9, true), item(0.8, true), item(0.7, false), item(0.6, true), item(f64::NAN, true)];
        let points = confidence_sweep(&items, 1, &[0.0, 0.7, 0.95], false);
        let values: Vec<_> = points
            .iter()
            .map(|point| (point.kept, point.precision.map(|share| share.value), point.recall.map(|share| share.value)))
            .collect();
        assert_eq!(values, [(4, Some(0.75), Some(0.6)), (2, Some(1.0), Some(0.4)), (0, None, Some(0.0))]);
        assert_eq!(confidence_sweep(&[], 0, &[0.5], false)[0].recall, None);
    }

    #[test]
    fn items_without_a_confidence_are_kept_where_the_filter_keeps_them() {
        let nameless = |right| LabelledItem { confidence: None, right };
        let items = [item(0.9, true), item(0.5, false), nameless(false), nameless(true)];
        let kept = |keep_unknown| -> Vec<_> {
            let points = confidence_sweep(&items, 0, &[0.7, 1.0], keep_unknown);
            points.iter().map(|point| (point.kept, point.recall.map(|share| share.value))).collect()
        };
        assert_eq!(kept(false), [(1, Some(0.5)), (0, Some(0.0))]);
        assert_eq!(kept(true), [(3, Some(1.0)), (2, Some(0.5))]);
    }

    #[test]
    fn trust_is_measured_against_the_truth() {
        let sure = trustworthiness(&[item(1.0, true), item(0.0, false)]).unwrap();
        assert_eq!((sure.brier, sure.calibration_error), (0.0, 0.0));
        let wrong = trustworthiness(&[item(1.0, false), item(0.0, true)]).unwrap();
        assert_eq!((wrong.brier, wrong.calibration_error), (1.0, 1.0));
        let fair = trustworthiness(&[item(0.5, true), item(0.5, false)]).unwrap();
        assert_eq!((fair.brier, fair.calibration_error), (0.25, 0.0));
        assert_eq!(trustworthiness(&[LabelledItem { confidence: None, right: true }]), None);
    }

    proptest! {
        #[test]
        fn recall_and_the_number_kept_never_rise_with_the_threshold(
            drawn in proptest::collection::vec((0.0_f64..=1.0, any::<bool>()), 0..60),
        ) {
            let items: Vec<_> = drawn.into_iter().map(|(confidence, right)| item(confidence, right)).collect();
            let points = confidence_sweep(&items, 2, &[0.0, 0.25, 0.5, 0.75, 1.0], false);
            for pair in points.windows(2) {
                prop_assert!(pair[0].kept >= pair[1].kept);
                prop_assert!(pair[0].recall.unwrap().value >= pair[1].recall.unwrap().value);
            }
            prop_assert_eq!(points[4].kept, 0);
        }
    }
}
