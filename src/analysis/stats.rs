//! Statistics of rates: intervals, tests and how many cases they need. Shares are 0 to 1, intervals are of 95 %.

use crate::domain::Interval;

/// The normal quantile of 97.5 %: the bounds of a 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// The normal quantile of 80 %: the power that planning asks for.
const Z_POWER: f64 = 0.841_621_233_572_914_3;

/// A share as floating point; 0 where `whole` is 0.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The share of successes with Wilson's score interval (Wilson 1927, J. Am. Stat. Assoc. 22:209–212; recommended by
/// Brown, Cai and `DasGupta` 2001). `None` without trials.
#[must_use]
pub fn wilson(passed: u64, total: u64) -> Option<Interval> {
    wilson_share(share(passed, total), share(total, 1))
}

/// [`wilson`] of a share that stands for so many independent trials, which need not be whole.
#[must_use]
pub fn wilson_share(rate: f64, trials: f64) -> Option<Interval> {
    if trials.is_nan() || trials <= 0.0 || !(0.0..=1.0).contains(&rate) {
        return None;
    }
    let z2 = Z * Z;
    let middle = (rate + z2 / (2.0 * trials)) / (1.0 + z2 / trials);
    let half = Z / (1.0 + z2 / trials) * (rate * (1.0 - rate) / trials + z2 / (4.0 * trials * trials)).sqrt();
    Some(Interval { value: rate, low: (middle - half).clamp(0.0, rate), high: (middle + half).clamp(rate, 1.0) })
}

/// Cases by what two columns made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Table {
    pub both: u64,
    /// Only the first passed.
    pub only_a: u64,
    /// Only the second passed.
    pub only_b: u64,
    pub neither: u64,
}

impl Table {
    #[must_use]
    pub const fn cases(&self) -> u64 {
        self.both + self.only_a + self.only_b + self.neither
    }
}

/// The exact two-sided p-value of `McNemar`'s test: how likely discordant cases split as unevenly as this if both sides are
/// equally good (`McNemar` 1947, Psychometrika 12:153–157; the binomial form as in Agresti, Categorical Data Analysis).
#[must_use]
pub fn mcnemar(only_a: u64, only_b: u64) -> f64 {
    let (few, all) = (only_a.min(only_b), only_a + only_b);
    // From the largest term down, so that far tails end early and no term underflows before it matters.
    let mut term = (ln_choose(all, few) - share(all, 1) * std::f64::consts::LN_2).exp();
    let mut tail = 0.0;
    for k in (0..=few).rev() {
        tail += term;
        if term <= tail * f64::EPSILON * 0.01 {
            break;
        }
        term *= share(k, all - k + 1);
    }
    (2.0 * tail).min(1.0)
}

/// The difference of two shares over the same cases, second minus first, with its interval: method 10 of Newcombe 1998
/// (Stat. Med. 17:2635–2650), Wilson's intervals joined through the cases' correlation. `None` without cases.
#[must_use]
pub fn newcombe_paired(table: &Table) -> Option<Interval> {
    let cases = table.cases();
    let a = wilson(table.both + table.only_a, cases)?;
    let b = wilson(table.both + table.only_b, cases)?;
    let phi = correlation(table);
    let joined = |b: f64, a: f64| (b * b - 2.0 * phi * b * a + a * a).max(0.0).sqrt();
    let value = b.value - a.value;
    let low = value - joined(b.value - b.low, a.high - a.value);
    let high = value + joined(b.high - b.value, a.value - a.low);
    Some(Interval { value, low: low.max(-1.0), high: high.min(1.0) })
}

/// Phi with Newcombe's continuity correction; 0 where a margin is empty.
fn correlation(table: &Table) -> f64 {
    let count = |count: u64| share(count, 1);
    let (e, f, g, h) = (count(table.both), count(table.only_a), count(table.only_b), count(table.neither));
    let margins = (e + f) * (g + h) * (e + g) * (f + h);
    if margins <= 0.0 {
        return 0.0;
    }
    let raw = e * h - f * g;
    let corrected = if raw > 0.0 { (raw - (e + f + g + h) / 2.0).max(0.0) } else { raw };
    corrected / margins.sqrt()
}

/// Mean of differences between pairs, its t interval and the two-sided p-value. With repeats a pair is a *case*, and its
/// difference that of the cell's means, so that repeats are not taken for cases (Miller 2024, Adding Error Bars to
/// Evals, arXiv:2411.00640). `None` where there are fewer than two pairs, or all differences are the same.
#[must_use]
pub fn paired_t(count: u64, sum: f64, sum_of_squares: f64) -> Option<(Interval, f64)> {
    if count < 2 {
        return None;
    }
    let n = share(count, 1);
    let mean = sum / n;
    let variance = (sum_of_squares - sum * mean) / (n - 1.0);
    if variance.is_nan() || variance <= 1e-12 {
        return None;
    }
    let error = (variance / n).sqrt();
    let half = t_bound(n - 1.0) * error;
    let interval = Interval { value: mean, low: (mean - half).max(-1.0), high: (mean + half).min(1.0) };
    Some((interval, t_two_sided((mean / error).abs(), n - 1.0)))
}

/// Adjusts p-values for being several, in the order given (Holm 1979, Scand. J. Stat. 6:65–70).
#[must_use]
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut adjusted = vec![0.0; values.len()];
    let mut largest: f64 = 0.0;
    for (rank, index) in order.iter().enumerate() {
        largest = largest.max((values[*index] * share((values.len() - rank) as u64, 1)).min(1.0));
        adjusted[*index] = largest;
    }
    adjusted
}

/// Paired cases that are needed to show a difference with 80 % power at the 5 % level, where so large a share of cases is
/// discordant (Connor 1987, Biometrics 43:207–211). `None` where the difference is nothing or larger than the
/// discordance allows.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count")]
pub fn cases_needed(difference: f64, discordant: f64) -> Option<u64> {
    let difference = difference.abs();
    if difference.is_nan() || discordant.is_nan() || difference <= 0.0 || difference > discordant || discordant > 1.0 {
        return None;
    }
    let spread = Z * discordant.sqrt() + Z_POWER * (discordant - difference * difference).max(0.0).sqrt();
    Some((spread / difference).powi(2).ceil() as u64)
}

/// The smallest difference that so many paired cases would show with 80 % power. `None` where even the largest possible
/// would not show.
#[must_use]
pub fn minimum_detectable_effect(cases: u64, discordant: f64) -> Option<f64> {
    let enough = |difference| cases_needed(difference, discordant).is_some_and(|needed| needed <= cases);
    if !enough(discordant) {
        return None;
    }
    let (mut low, mut high) = (0.0, discordant);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// The two-sided tail of Student's t, through the incomplete beta function (Abramowitz and Stegun 26.7.1).
fn t_two_sided(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// Where both tails of Student's t together hold 5 %.
fn t_bound(freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 13.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if t_two_sided(middle, freedom) > 0.05 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Regularised incomplete beta function by its continued fraction (DLMF 8.17.22), evaluated as Lentz does.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    // The fraction converges fast on one side of the mean; the other side follows by symmetry.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut above = 1.0;
    let mut below = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = below;
    for step in (1..=500).map(f64::from) {
        let even = step * (b - step) * x / ((a + 2.0 * step - 1.0) * (a + 2.0 * step));
        let odd = -(a + step) * (a + b + step) * x / ((a + 2.0 * step) * (a + 2.0 * step + 1.0));
        let mut change = 1.0;
        for part in [even, odd] {
            below = 1.0 / away(1.0 + part * below);
            above = away(1.0 + part / above);
            change = above * below;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

fn ln_choose(n: u64, k: u64) -> f64 {
    let ln_factorial = |n: u64| ln_gamma(share(n, 1) + 1.0);
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Logarithm of the gamma function for positive arguments, by Stirling's series (DLMF 5.11.1) after moving far enough up.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 1.0);
    while x < 12.0 {
        below *= x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - below.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn near(found: f64, expect: f64, tolerance: f64) {
        assert!((found - expect).abs() <= tolerance, "{found} is not {expect}");
    }

    #[test]
    fn wilson_gives_the_known_bounds() {
        let check = |passed, total, low, high| {
            let interval = wilson(passed, total).unwrap();
            near(interval.low, low, 5e-5);
            near(interval.high, high, 5e-5);
        };
        check(8, 10, 0.4902, 0.9433);
        // Newcombe 1998, Stat. Med. 17:857–872, table I.
        check(81, 263, 0.2553, 0.3662);
        check(15, 148, 0.0624, 0.1605);
        check(0, 20, 0.0, 0.1611);
        check(1, 29, 0.0061, 0.1718);
        check(10, 10, 0.7225, 1.0);
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn mcnemar_is_exact() {
        let check = |a, b, expect: f64| near(mcnemar(a, b) / expect, 1.0, 1e-3);
        check(1, 9, 22.0 / 1024.0);
        check(0, 5, 0.0625);
        check(5, 15, 0.041_389);
        check(121, 59, 4.434e-6);
        check(0, 0, 1.0);
        check(7, 7, 1.0);
        check(500_000, 500_000, 1.0);
        assert!(mcnemar(0, 5_000) < 1e-300);
    }

    #[test]
    fn newcombe_gives_the_known_bounds() {
        // Two paired tables of 50 cases from Newcombe 1998, Stat. Med. 17:2635–2650, by method 10.
        let check = |both, only_b, only_a, neither, low, high| {
            let interval = newcombe_paired(&Table { both, only_a, only_b, neither }).unwrap();
            near(interval.low, low, 5e-5);
            near(interval.high, high, 5e-5);
        };
        check(36, 12, 2, 0, 0.0569, 0.3404);
        check(20, 12, 2, 16, 0.0562, 0.3292);
    }

    #[test]
    fn student_gives_the_known_bounds() {
        near(t_bound(1.0), 12.706, 1e-3);
        near(t_bound(9.0), 2.262_16, 1e-4);
        near(t_bound(30.0), 2.042_27, 1e-4);
        near(t_bound(1e6), 1.959_97, 1e-4);
        near(t_two_sided(2.0, 10.0), 0.073_388, 1e-5);
    }

    #[test]
    fn a_paired_t_test_of_a_textbook() {
        // Student 1908: extra sleep of ten patients, t = 4.0621, p = 0.00283.
        let differences = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        let squares: f64 = differences.iter().map(|d| d * d).sum();
        let (interval, p) = paired_t(10, differences.iter().sum(), squares).unwrap();
        near(interval.value, 1.58, 1e-9);
        near(p, 0.002_833, 1e-5);
        assert_eq!(paired_t(10, 0.0, 0.0), None);
    }

    #[test]
    fn holm_adjusts_in_place() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expect) in adjusted.into_iter().zip([0.03, 0.06, 0.06, 0.02]) {
            near(found, expect, 1e-12);
        }
    }

    #[test]
    fn smaller_differences_need_more_cases() {
        assert_eq!(cases_needed(0.1, 0.3), Some(234));
        assert!(cases_needed(0.05, 0.3) > cases_needed(0.1, 0.3));
        assert_eq!(cases_needed(0.0, 0.3), None);
        assert_eq!(cases_needed(0.4, 0.3), None);
        near(minimum_detectable_effect(234, 0.3).unwrap(), 0.1, 5e-4);
        assert_eq!(minimum_detectable_effect(3, 0.3), None);
    }

    proptest! {
        #[test]
        fn an_interval_contains_its_estimate(total in 1_u64..100_000, part in 0.0..=1.0_f64) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small")]
            let passed = (total as f64 * part) as u64;
            let wilson = wilson(passed, total).unwrap();
            prop_assert!(0.0 <= wilson.low && wilson.low <= wilson.value);
            prop_assert!(wilson.value <= wilson.high && wilson.high <= 1.0);
        }

        #[test]
        fn a_paired_interval_contains_its_estimate_and_turns_with_the_sides(
            both in 0_u64..500, only_a in 0_u64..500, only_b in 0_u64..500, neither in 1_u64..500,
        ) {
            let table = Table { both, only_a, only_b, neither };
            let forth = newcombe_paired(&table).unwrap();
            let back = newcombe_paired(&Table { only_a: only_b, only_b: only_a, ..table }).unwrap();
            prop_assert!(-1.0 <= forth.low && forth.low <= forth.value && forth.value <= forth.high && forth.high <= 1.0);
            prop_assert!((forth.low + back.high).abs() < 1e-9);
            let p = mcnemar(only_a, only_b);
            prop_assert!((0.0..=1.0).contains(&p) && (p - mcnemar(only_b, only_a)).abs() < 1e-12);
        }
    }
}
