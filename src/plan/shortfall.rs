//! A budget held against an estimate: whether it is enough, and how far it leads where it is not.

use std::fmt;

use crate::domain::Usd;

use super::estimate::{Estimate, Range};

/// A budget that the trials ahead will use up, or may use up, before they have all run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    pub budget: Usd,
    /// The part of the budget that is spent already.
    pub spent: Usd,
    /// What the trials ahead are estimated to cost.
    pub cost: Range,
    /// The most that one of their calls can cost: so much is set aside before it is sent.
    pub dearest: Usd,
    /// The trials ahead.
    pub trials: u64,
    /// About how many of them the budget leads to: at the likely cost where `sure`, else at the highest.
    pub fit: u64,
    /// The likely cost is already too much, not only the highest.
    pub sure: bool,
}

impl Estimate {
    /// How a budget, of which `spent` is gone, falls short of the estimate; `None` where it is enough even at the
    /// highest cost, and where a price is unknown.
    ///
    /// A call is sent only if the most that it can cost still fits, so that a run stops a little before its money does.
    #[must_use]
    pub fn shortfall(&self, budget: Usd, spent: Usd) -> Option<Shortfall> {
        let (cost, trials) = (self.total()?, self.trials);
        let dearest = self.dearest.unwrap_or_default();
        let fit = |cost: Usd| trials_within(budget - spent, cost, dearest, trials);
        let (likely, least) = (fit(cost.likely), fit(cost.high));
        let sure = likely < trials;
        let fit = if sure { likely } else { least };
        (fit < trials).then_some(Shortfall { budget, spent, cost, dearest, trials, fit, sure })
    }

    /// The estimate of only so many of its trials, as if all cost the same.
    #[must_use]
    pub fn part(&self, trials: u64) -> Self {
        let part = |count: u64| scaled(count, trials, self.trials);
        let money = |amount: Usd| Usd::from_nanos(scaled(amount.nanos(), trials, self.trials));
        let range =
            |range: Range| Range { low: money(range.low), likely: money(range.likely), high: money(range.high) };
        let models = self.models.iter().map(|model| super::ModelEstimate {
            model: model.model.clone(),
            calls: part(model.calls),
            input_tokens: part(model.input_tokens),
            cost: model.cost.map(range),
        });
        Self { trials, models: models.collect(), judges: self.judges.map(range), dearest: self.dearest }
    }
}

/// How many trials can begin on `left`, where all `trials` cost `cost` and each sets `dearest` aside.
fn trials_within(left: Usd, cost: Usd, dearest: Usd, trials: u64) -> u64 {
    let (left, cost, all) = (i128::from(left.nanos()), i128::from(cost.nanos()), i128::from(trials));
    let aside = i128::from(dearest.nanos()).max(if all > 0 { cost / all } else { 0 });
    if aside > left {
        return 0;
    }
    if cost == 0 {
        return trials;
    }
    u64::try_from(1 + (left - aside) * all / cost).unwrap_or(u64::MAX).min(trials)
}

/// `amount · part / whole`.
fn scaled<N: Copy + Into<i128> + TryFrom<i128> + Default>(amount: N, part: u64, whole: u64) -> N {
    let scaled = amount.into() * i128::from(part) / i128::from(whole.max(1));
    N::try_from(scaled).unwrap_or_default()
}

impl fmt::Display for Shortfall {
    /// What is estimated, what the budget is, and what will happen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, spent, cost, dearest, trials, fit, sure } = self;
        write!(f, "The estimate is ≈ {}", cost.likely)?;
        if cost.low != cost.high {
            write!(f, " ({} to {})", cost.low, cost.high)?;
        }
        write!(f, ", the budget {budget}")?;
        if *spent > Usd::ZERO {
            write!(f, ", of which {spent} is spent")?;
        }
        match (fit, sure) {
            (0, _) => write!(
                f,
                ". No call is sent: one may cost up to {dearest}, and so much is set aside for it beforehand."
            )?,
            (_, true) => write!(f, ". The run stops at the budget, after about {fit} of {trials} trials.")?,
            (_, false) => write!(
                f,
                ". At the highest estimate the run stops at the budget, after about {fit} of {trials} trials."
            )?,
        }
        let in_hand = *spent + if *sure { cost.likely } else { cost.high };
        if *fit > 0 && in_hand <= *budget {
            write!(f, " Each call sets aside beforehand what it may cost, up to {dearest}.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::ModelEstimate;

    fn usd(nanos: i64) -> Usd {
        Usd::from_nanos(nanos)
    }

    /// Of 100 trials that cost 10 nano-dollars each, 5 to 20, and of which a call may cost this much.
    fn estimate(dearest: i64) -> Estimate {
        let cost = Some(Range { low: usd(500), likely: usd(1000), high: usd(2000) });
        let model = ModelEstimate { model: "m".into(), calls: 100, input_tokens: 700, cost };
        Estimate { trials: 100, models: vec![model], judges: Some(Range::default()), dearest: Some(usd(dearest)) }
    }

    #[test]
    fn a_budget_leads_as_far_as_the_most_that_a_call_may_cost_still_fits() {
        let check = |budget, spent, dearest, expect: Option<(u64, bool)>| {
            let found = estimate(dearest).shortfall(usd(budget), usd(spent));
            assert_eq!(found.map(|short| (short.fit, short.sure)), expect, "{budget} of which {spent}, {dearest}");
        };
        check(2000, 0, 20, None);
        // Spent after 99 trials at the highest cost: 1980, and 40 do not fit.
        check(2000, 0, 40, Some((99, false)));
        check(1000, 0, 10, Some((50, false)));
        check(990, 0, 10, Some((99, true)));
        check(500, 0, 100, Some((41, true)));
        check(500, 100, 100, Some((31, true)));
        check(5000, 0, 5001, Some((0, true)));
        check(0, 0, 10, Some((0, true)));
    }

    #[test]
    fn what_costs_nothing_fits_and_an_unknown_price_tells_nothing() {
        let mut free = estimate(0);
        free.models[0].cost = Some(Range::default());
        assert_eq!(free.shortfall(usd(0), usd(0)), None);
        free.models[0].cost = None;
        assert_eq!(free.shortfall(usd(0), usd(0)), None);
    }

    #[test]
    fn a_shortfall_says_estimate_budget_and_what_happens() {
        let cents = |cents: i64| usd(cents * 10_000_000);
        let cost = Some(Range { low: cents(60), likely: cents(120), high: cents(200) });
        let model = ModelEstimate { model: "m".into(), calls: 444, input_tokens: 0, cost };
        let all =
            Estimate { trials: 444, models: vec![model], judges: Some(Range::default()), dearest: Some(cents(4)) };
        let told = |estimate: &Estimate, budget, spent| {
            estimate.shortfall(cents(budget), cents(spent)).map(|short| short.to_string()).unwrap_or_default()
        };
        assert_eq!(
            told(&all, 50, 0),
            "The estimate is ≈ $1.20 ($0.60 to $2.00), the budget $0.50. The run stops at the budget, after about 171 of \
             444 trials."
        );
        assert_eq!(
            told(&all.part(222), 110, 60),
            "The estimate is ≈ $0.60 ($0.30 to $1.00), the budget $1.10, of which $0.60 is spent. The run stops at the \
             budget, after about 171 of 222 trials."
        );
        assert_eq!(
            told(&all, 150, 0),
            "The estimate is ≈ $1.20 ($0.60 to $2.00), the budget $1.50. At the highest estimate the run stops at the \
             budget, after about 325 of 444 trials."
        );
        assert_eq!(
            told(&all, 3, 0),
            "The estimate is ≈ $1.20 ($0.60 to $2.00), the budget $0.030. No call is sent: one may cost up to $0.040, and \
             so much is set aside for it beforehand."
        );
        assert_eq!(
            told(&all, 122, 0),
            "The estimate is ≈ $1.20 ($0.60 to $2.00), the budget $1.22. The run stops at the budget, after about 437 of \
             444 trials. Each call sets aside beforehand what it may cost, up to $0.040."
        );
    }

    proptest! {
        /// Trials one after another under a wallet that sets the dearest call aside, as a run does.
        #[test]
        fn as_many_fit_as_a_run_can_begin(left in 0_i64..5_000, each in 1_i64..100, more in 0_i64..200, trials in 1_u64..200) {
            let dearest = each + more;
            let total = each * i64::try_from(trials).unwrap();
            let mut begun = 0;
            while begun < trials && i64::try_from(begun).unwrap() * each + dearest <= left {
                begun += 1;
            }
            prop_assert_eq!(trials_within(usd(left), usd(total), usd(dearest), trials), begun);
        }

        #[test]
        fn parts_add_up_to_the_whole(trials in 1_u64..100) {
            let whole = estimate(7);
            prop_assert_eq!(whole.part(100), whole.clone());
            let parts = whole.part(trials).total().unwrap() + whole.part(100 - trials).total().unwrap();
            prop_assert!((whole.total().unwrap().likely - parts.likely).nanos().abs() <= 1);
        }
    }
}
