//! Thresholds of tiers from a run's own results: what each model made of each case, put in the order of complexity.
//!
//! Half of the cases choose the thresholds and the other half says what they are worth, since thresholds look better on
//! the cases that chose them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::stats::{paired_t, share, wilson_share};
use crate::domain::{Interval, Usd};

/// A case that every model answered.
#[derive(Debug, Clone, PartialEq)]
pub struct TierCase {
    /// The same for all models and repeats of a case; its lowest bit says which half the case is in.
    pub key: u64,
    /// 0 to 1.
    pub complexity: f64,
    /// One for each model, the cheapest first and the best last.
    pub results: Vec<TierResult>,
}

/// What a model made of a case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TierResult {
    /// The share of its repeats that passed.
    pub passed: f64,
    /// Mean over its repeats.
    pub cost: Usd,
}

/// What thresholds make of the cases of one half.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TierOutcome {
    pub cases: u64,
    /// The share that passes with tiers, with its 95 % interval (Wilson).
    pub passes: Interval,
    /// The share that passes when the last model answers all.
    pub passes_alone: Interval,
    /// By how much of a share fewer pass with tiers, case by case, with its 95 % interval (t over the cases).
    pub lost: Interval,
    /// Mean cost of a case with tiers.
    pub cost: Usd,
    /// Mean cost of a case when the last model answers all.
    pub cost_alone: Usd,
    /// Cases that each model answers.
    pub answered: Vec<u64>,
}

impl fmt::Display for TierOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cases, passes, passes_alone, cost, cost_alone, .. } = self;
        let percent = |share: f64| share * 100.0;
        write!(
            f,
            "{cases} cases, {:.1} % pass ({:.1}–{:.1}) for {cost} a case; the last model alone {:.1} % for {cost_alone}",
            percent(passes.value),
            percent(passes.low),
            percent(passes.high),
            percent(passes_alone.value),
        )
    }
}

/// What the cases that did not choose the thresholds say of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum HeldOut {
    /// No more is lost than was allowed.
    Kept,
    /// More is lost, by so few cases that it may be chance.
    Doubtful,
    /// More is lost, and chance does not explain it: the interval of the loss is above the margin.
    Refuted,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The complexity up to which each model but the last answers; `None` for one that is better left out.
    pub up_to: Vec<Option<f64>>,
    /// On the cases that chose the thresholds.
    pub fitted: TierOutcome,
    /// On the other cases; `None` where there are none.
    pub held_out: Option<TierOutcome>,
    /// How much of the pass rate tiers might lose, a share.
    pub margin: f64,
    /// What the other cases say of the thresholds.
    pub verdict: Option<HeldOut>,
}

/// The thresholds that cost least while the pass rate stays within `margin` (a share) of the last model's, on the half
/// of the cases that chooses. `None` where that half is empty, or cases differ in how many models answered them.
#[must_use]
pub fn calibrate(cases: &[TierCase], margin: f64) -> Option<Calibration> {
    let models = cases.first()?.results.len();
    if models == 0 || cases.iter().any(|case| case.results.len() != models || !case.complexity.is_finite()) {
        return None;
    }
    let (choosing, held_out): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case.key & 1 == 0);
    let sums = Sums::of(&choosing, models)?;
    let alone = vec![0; models - 1];
    let least = sums.passed(&alone) - margin.max(0.0) * share(choosing.len() as u64, 1) - 1e-9;
    let mut best = (sums.cost(&alone), alone.clone());
    sums.each_cut(&mut vec![], &mut |cuts| {
        let cost = sums.cost(cuts);
        if cost < best.0 && sums.passed(cuts) >= least {
            best = (cost, cuts.to_vec());
        }
    });
    let up_to = sums.thresholds(&best.1);
    let held_out = outcome(&held_out, &up_to);
    let verdict = held_out.as_ref().map(|held_out| verdict(held_out.lost, margin.max(0.0)));
    Some(Calibration { fitted: outcome(&choosing, &up_to)?, held_out, up_to, margin: margin.max(0.0), verdict })
}

fn verdict(lost: Interval, margin: f64) -> HeldOut {
    let over = |share: f64| share > margin + 1e-9;
    match (over(lost.value), over(lost.low)) {
        (false, _) => HeldOut::Kept,
        (true, false) => HeldOut::Doubtful,
        (true, true) => HeldOut::Refuted,
    }
}

/// What comes of cases under thresholds; `None` without cases.
fn outcome(cases: &[&TierCase], up_to: &[Option<f64>]) -> Option<TierOutcome> {
    let count = cases.len() as u64;
    let mut answered = vec![0; up_to.len() + 1];
    let (mut passed, mut alone) = (0.0, 0.0);
    let (mut cost, mut cost_alone) = (Usd::ZERO, Usd::ZERO);
    let (mut less, mut squares) = (0.0, 0.0);
    for case in cases {
        let tier = up_to.iter().position(|up_to| up_to.is_some_and(|up_to| case.complexity <= up_to));
        let tier = tier.unwrap_or(up_to.len());
        let (taken, last) = (case.results.get(tier)?, case.results.last()?);
        answered[tier] += 1;
        passed += taken.passed;
        alone += last.passed;
        less += last.passed - taken.passed;
        squares += (last.passed - taken.passed).powi(2);
        cost += taken.cost;
        cost_alone += last.cost;
    }
    let cases = share(count, 1);
    let mean = less / cases;
    // Cases that all lose as much have no spread, and one case has none either.
    let of_one_kind = || wilson_share(mean.clamp(0.0, 1.0), cases);
    let lost = paired_t(count, less, squares).map_or_else(of_one_kind, |(interval, _)| Some(interval));
    let each = |sum: Usd| Usd::from_nanos(sum.nanos() / i64::try_from(count).unwrap_or(i64::MAX).max(1));
    Some(TierOutcome {
        cases: count,
        passes: wilson_share((passed / cases).clamp(0.0, 1.0), cases)?,
        passes_alone: wilson_share((alone / cases).clamp(0.0, 1.0), cases)?,
        lost: lost?,
        cost: each(cost),
        cost_alone: each(cost_alone),
        answered,
    })
}

/// Sums over the cases from the easiest on, so that every set of thresholds is judged by a few subtractions.
struct Sums {
    /// The distinct complexities, rising.
    values: Vec<f64>,
    /// By model, then by how many of the values are in the sum.
    passed: Vec<Vec<f64>>,
    cost: Vec<Vec<i64>>,
}

impl Sums {
    fn of(cases: &[&TierCase], models: usize) -> Option<Self> {
        let mut by_value: BTreeMap<u64, Vec<&TierCase>> = BTreeMap::new();
        for case in cases {
            // The bits of numbers that are not negative rise with them.
            by_value.entry(case.complexity.clamp(0.0, 1.0).abs().to_bits()).or_default().push(case);
        }
        let values: Vec<f64> = by_value.keys().map(|bits| f64::from_bits(*bits)).collect();
        let (mut passed, mut cost) = (vec![vec![0.0]; models], vec![vec![0]; models]);
        for same in by_value.values() {
            for model in 0..models {
                let (before, paid) = (*passed[model].last()?, *cost[model].last()?);
                passed[model].push(before + same.iter().map(|case| case.results[model].passed).sum::<f64>());
                cost[model].push(paid + same.iter().map(|case| case.results[model].cost.nanos()).sum::<i64>());
            }
        }
        (!values.is_empty()).then_some(Self { values, passed, cost })
    }

    /// Cuts are how many of the values each model but the last has behind it: rising.
    fn each_cut(&self, cuts: &mut Vec<usize>, tell: &mut impl FnMut(&[usize])) {
        if cuts.len() + 1 == self.passed.len() {
            return tell(cuts);
        }
        for cut in cuts.last().copied().unwrap_or(0)..=self.values.len() {
            cuts.push(cut);
            self.each_cut(cuts, tell);
            cuts.pop();
        }
    }

    fn parts<'a>(&'a self, cuts: &'a [usize]) -> impl Iterator<Item = (usize, usize, usize)> + 'a {
        let ends = cuts.iter().copied().chain([self.values.len()]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        starts.zip(ends).enumerate().map(|(model, (start, end))| (model, start, end))
    }

    fn passed(&self, cuts: &[usize]) -> f64 {
        self.parts(cuts).map(|(model, start, end)| self.passed[model][end] - self.passed[model][start]).sum()
    }

    fn cost(&self, cuts: &[usize]) -> i64 {
        self.parts(cuts).map(|(model, start, end)| self.cost[model][end] - self.cost[model][start]).sum()
    }

    /// Half-way between the last complexity of a tier and the next; a tier without cases has none.
    fn thresholds(&self, cuts: &[usize]) -> Vec<Option<f64>> {
        let parts = self.parts(cuts).take(cuts.len());
        let between = |end: usize| {
            let last = self.values[end - 1];
            self.values.get(end).map_or(1.0, |next| f64::midpoint(last, *next))
        };
        parts.map(|(_, start, end)| (end > start).then(|| between(end))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(key: u64, complexity: f64, results: &[(f64, i64)]) -> TierCase {
        let result = |(passed, nanos): &(f64, i64)| TierResult { passed: *passed, cost: Usd::from_nanos(*nanos) };
        TierCase { key, complexity, results: results.iter().map(result).collect() }
    }

    /// The small model passes what is easy, the large one everything.
    fn graded() -> Vec<TierCase> {
        (0..40)
            .map(|key| {
                let complexity = f64::from(u32::try_from(key).unwrap() / 10) / 10.0;
                let easy = if complexity < 0.15 { 1.0 } else { 0.0 };
                case(key, complexity, &[(easy, 1), (1.0, 100)])
            })
            .collect()
    }

    #[test]
    fn the_cheap_model_gets_what_it_can_do() {
        let found = calibrate(&graded(), 0.0).unwrap();
        assert!((found.up_to[0].unwrap() - 0.15).abs() < 1e-9, "between 0.1 and 0.2: {:?}", found.up_to);
        let held_out = found.held_out.unwrap();
        assert_eq!((held_out.cases, held_out.answered), (20, vec![10, 10]));
        assert!((held_out.passes.value - 1.0).abs() < 1e-9);
        assert_eq!((held_out.cost, held_out.cost_alone), (Usd::from_nanos(50), Usd::from_nanos(100)));
    }

    #[test]
    fn a_margin_is_spent_on_saving_and_no_more() {
        let up_to = |margin| calibrate(&graded(), margin).unwrap().up_to[0];
        assert!((up_to(0.3).unwrap() - 0.25).abs() < 1e-9, "a quarter more may fail");
        assert!((up_to(1.0).unwrap() - 1.0).abs() < 1e-9);
        let never: Vec<_> = (0..8).map(|key| case(key, 0.0, &[(0.0, 1), (1.0, 100)])).collect();
        assert_eq!(calibrate(&never, 0.1).unwrap().up_to, [None]);
        let dear: Vec<_> = (0..8).map(|key| case(key, 0.0, &[(1.0, 100), (1.0, 100)])).collect();
        assert_eq!(calibrate(&dear, 0.1).unwrap().up_to, [None], "nothing is saved");
    }

    #[test]
    fn held_out_cases_bear_a_fit_out_or_refute_it() {
        // The half that chooses passes on both models, of the other half the last cases fail on the small one.
        let verdict = |cases: u64, failing: u64, margin| {
            let of = |key: u64| {
                let fails = key % 2 == 1 && key / 2 >= cases - failing;
                case(key, 0.0, &[(if fails { 0.0 } else { 1.0 }, 1), (1.0, 100)])
            };
            let all: Vec<TierCase> = (0..2 * cases).map(of).collect();
            calibrate(&all, margin).unwrap().verdict
        };
        assert_eq!(verdict(50, 0, 0.02), Some(HeldOut::Kept));
        assert_eq!(verdict(50, 1, 0.02), Some(HeldOut::Kept), "as much as was allowed");
        assert_eq!(verdict(50, 3, 0.02), Some(HeldOut::Doubtful));
        assert_eq!(verdict(50, 15, 0.02), Some(HeldOut::Refuted));
        assert_eq!(verdict(50, 15, 0.4), Some(HeldOut::Kept));
        assert_eq!(verdict(10, 10, 0.02), Some(HeldOut::Refuted), "all of them");
        assert_eq!(calibrate(&[case(0, 0.0, &[(1.0, 1), (1.0, 2)])], 0.0).unwrap().verdict, None);
    }

    #[test]
    fn without_cases_there_is_nothing_to_say() {
        assert_eq!(calibrate(&[], 0.0), None);
        assert_eq!(calibrate(&[case(1, 0.0, &[(1.0, 1), (1.0, 2)])], 0.0), None, "all are held out");
        assert_eq!(calibrate(&[case(0, 0.0, &[(1.0, 1)]), case(2, 0.0, &[])], 0.0), None);
        assert_eq!(calibrate(&[case(0, 0.0, &[(1.0, 1), (1.0, 2)])], 0.0).unwrap().held_out, None);
    }

    proptest! {
        /// On the cases that choose, the margin is kept and nothing costs more than the last model alone; no single
        /// threshold on a grid does better.
        #[test]
        fn no_threshold_does_better(
            drawn in proptest::collection::vec((0_u8..6, any::<bool>(), any::<bool>(), 1_i64..50, 1_i64..50), 1..40),
            margin in 0.0_f64..0.5,
        ) {
            let passed = |yes| if yes { 1.0 } else { 0.0 };
            let cases: Vec<TierCase> = drawn.iter().enumerate().map(|(index, (complexity, a, b, cheap, dear))| {
                case(2 * index as u64, f64::from(*complexity) / 6.0, &[(passed(*a), *cheap), (passed(*b), *dear)])
            }).collect();
            let found = calibrate(&cases, margin).unwrap();
            let fitted = &found.fitted;
            prop_assert!(fitted.cost <= fitted.cost_alone);
            prop_assert!(fitted.passes.value >= fitted.passes_alone.value - margin - 1e-6);
            let all: Vec<&TierCase> = cases.iter().collect();
            for step in 0..=12 {
                let other = outcome(&all, &[Some(f64::from(step) / 12.0)]).unwrap();
                let keeps = other.passes.value >= fitted.passes_alone.value - margin;
                prop_assert!(!keeps || other.cost >= fitted.cost, "{other:?} {fitted:?}");
            }
        }
    }
}
