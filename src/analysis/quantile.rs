//! Quantiles, exact.

use std::sync::OnceLock;

/// The quantile `q` (0 to 1) of sorted values, between two values in proportion (Hyndman and Fan 1996, type 7: what
/// spreadsheets and most statistics programs give). `None` where there are no values.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions among values that fit into memory"
)]
pub fn quantile(sorted: &[f32], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    let (low, high) = (f64::from(sorted[below]), f64::from(sorted[above]));
    Some(low + (high - low) * (place - below as f64))
}

/// Values that come in one by one and are read sorted. Sorting waits for a reader, and what was sorted stays so: a few
/// new values among many cost one pass.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    values: Vec<f32>,
    sorted: OnceLock<Vec<f32>>,
}

impl Sample {
    pub fn add(&mut self, value: f32) {
        self.own().push(value);
    }

    /// Takes one such value out again.
    pub fn remove(&mut self, value: f32) {
        let values = self.own();
        if let Some(index) = values.iter().position(|known| known.total_cmp(&value).is_eq()) {
            values.swap_remove(index);
        }
    }

    #[must_use]
    pub fn sorted(&self) -> &[f32] {
        self.sorted.get_or_init(|| {
            let mut sorted = self.values.clone();
            sorted.sort_by(f32::total_cmp);
            sorted
        })
    }

    /// The quantile `q` (0 to 1).
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        quantile(self.sorted(), q)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn own(&mut self) -> &mut Vec<f32> {
        if let Some(sorted) = self.sorted.take() {
            self.values = sorted;
        }
        &mut self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_values_in_proportion() {
        let check = |values: &[f32], q, expect: f64| assert_eq!(quantile(values, q), Some(expect), "{values:?} {q}");
        check(&[3.0], 0.95, 3.0);
        check(&[1.0, 2.0, 3.0, 4.0], 0.5, 2.5);
        check(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.25, 2.0);
        check(&[0.0, 10.0], 0.75, 7.5);
        check(&[1.0, 2.0], 0.0, 1.0);
        check(&[1.0, 2.0], 7.0, 2.0);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_sample_is_sorted_whenever_it_is_read() {
        let mut sample = Sample::default();
        for value in [3.0, 1.0, 2.0] {
            sample.add(value);
            assert!(sample.sorted().is_sorted());
        }
        sample.remove(2.0);
        sample.add(0.5);
        assert_eq!(sample.sorted(), [0.5, 1.0, 3.0]);
        assert_eq!(sample.len(), 3);
    }
}
