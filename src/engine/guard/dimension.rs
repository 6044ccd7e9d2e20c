//! One dimension of the rate limiter: requests, or one kind of tokens.

use super::learned::Told;
use super::window::{MINUTE, SECOND, Window};

/// Nanoseconds since the limiter began.
pub type Moment = u64;

/// A reset that is nearer than this is rounded too much to tell a rate.
const TELLING: u64 = 5 * SECOND;
/// A limit that is whole again within this, from nothing, is one of a minute.
const ABOUT_A_MINUTE: u64 = 66 * SECOND;

#[derive(Debug)]
pub struct Dimension {
    /// Of the policy.
    configured: Option<u64>,
    /// What holds: the tighter of the policy's limit and the provider's.
    limit: Option<u64>,
    /// In thousandths of the limit.
    burst: u64,
    /// GCRA's theoretical arrival time: when all that was admitted would have come, had it come evenly.
    due: Moment,
    window: Window,
    /// All that was ever admitted, at what was reserved for it.
    taken: u64,
    provider: Option<Allowance>,
}

/// What the provider says is left, and how it comes back.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    limit: u64,
    left: u64,
    /// When `left` was so.
    at: Moment,
    /// When all of it is there again.
    whole_at: Moment,
    /// Comes back evenly within a minute, as of a token bucket; else all at once, at the end of the provider's own
    /// window.
    evenly: bool,
}

impl Dimension {
    #[must_use]
    pub fn new(limit: Option<u64>, burst: f64) -> Self {
        let limit = limit.map(|limit| limit.max(1));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        let burst = (burst.clamp(0.0, 1.0) * 1_000.0) as u64;
        Self { configured: limit, limit, burst, due: 0, window: Window::default(), taken: 0, provider: None }
    }

    /// When so many units fit, if nothing changes; `now` or earlier where they fit now. What is larger than the whole
    /// limit fits when nothing else is there: whether it is too large is for the provider to say.
    pub fn fits_at(&mut self, units: u64, now: Moment) -> Moment {
        if units == 0 {
            return now;
        }
        let told = self.provider.as_ref().map_or(now, |allowance| allowance.fits_at(units, now));
        let Some(limit) = self.limit else { return told };
        let burst = span((limit.saturating_mul(self.burst) / 1_000).max(1), limit);
        let evenly = self.due.saturating_sub(burst - span(units, limit).min(burst));
        let within = self.window.falls_to(limit.saturating_sub(units), now);
        told.max(evenly).max(within)
    }

    pub fn take(&mut self, units: u64, now: Moment) {
        // Counted though there be no limit yet: one may be learned within the minute.
        self.window.add(units, now, now);
        self.taken += units;
        if let Some(limit) = self.limit {
            self.due = self.due.max(now).saturating_add(span(units, limit));
        }
        if let Some(allowance) = &mut self.provider {
            allowance.refill(now);
            allowance.left = allowance.left.saturating_sub(units);
        }
    }

    /// Sets what was really used in the place of what was reserved at `at`.
    pub fn correct(&mut self, reserved: u64, real: u64, at: Moment, now: Moment) {
        let (less, more) = (reserved.saturating_sub(real), real.saturating_sub(reserved));
        self.window.remove(less, at, now);
        self.window.add(more, at, now);
        if let Some(limit) = self.limit {
            self.due = self.due.saturating_sub(span(less, limit)).saturating_add(span(more, limit));
        }
        if let Some(allowance) = &mut self.provider {
            allowance.left = (allowance.left + less).min(allowance.limit).saturating_sub(more);
        }
    }

    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes over what the reply to a call tells, where it is tighter than what is counted here. The provider counted
    /// when the call reached it, at `sent`, when `taken` had been admitted in all: what has come back and what was
    /// admitted since then is added.
    pub fn obey(&mut self, told: &Told, sent: Moment, taken: u64, now: Moment) {
        let reset = u64::try_from(told.reset.as_nanos()).unwrap_or(u64::MAX);
        let used = told.limit - told.remaining;
        // From nothing to the whole limit, at the speed at which the used part comes back.
        let from_nothing = u128::from(reset) * u128::from(told.limit) / u128::from(used.max(1));
        let evenly = reset < TELLING || from_nothing <= u128::from(ABOUT_A_MINUTE);
        let of_a_minute = evenly.then_some(told.limit);
        self.limit = [self.configured, of_a_minute].into_iter().flatten().min();
        let whole_at = sent.saturating_add(reset);
        let mut now_left = Allowance { limit: told.limit, left: told.remaining, at: sent, whole_at, evenly };
        now_left.refill(now);
        now_left.left = now_left.left.saturating_sub(self.taken - taken);
        if let Some(known) = self.provider.as_mut().filter(|known| known.limit == told.limit) {
            known.refill(now);
            if known.left <= now_left.left {
                // With the part of a unit that has come back: lost at each reply, it would be lost for good.
                (now_left.left, now_left.at) = (known.left, known.at);
            }
        }
        self.provider = Some(now_left);
    }

    /// What is left of the limit now; `None` where there is none.
    pub fn left(&mut self, now: Moment) -> Option<u64> {
        let counted = self.limit.map(|limit| limit.saturating_sub(self.window.sum(now)));
        let told = self.provider.map(|mut allowance| {
            allowance.refill(now);
            allowance.left
        });
        [counted, told].into_iter().flatten().min()
    }
}

impl Allowance {
    fn fits_at(&self, units: u64, now: Moment) -> Moment {
        let mut then = *self;
        then.refill(now);
        let missing = units.min(self.limit).saturating_sub(then.left);
        match (missing, self.evenly) {
            (0, _) => now,
            (_, true) => then.at + span(missing, self.limit),
            (_, false) => self.whole_at,
        }
    }

    fn refill(&mut self, now: Moment) {
        if self.evenly {
            let back = u128::from(now.saturating_sub(self.at)) * u128::from(self.limit) / u128::from(MINUTE);
            let back = u64::try_from(back).unwrap_or(u64::MAX);
            self.left = self.left.saturating_add(back).min(self.limit);
            // Only the time that has come back as whole units is over.
            self.at = if self.left == self.limit { now } else { self.at + span_down(back, self.limit) };
        } else if now >= self.whole_at {
            self.left = self.limit;
        }
    }
}

/// The time that so many units take at so many a minute, rounded up.
fn span(units: u64, limit: u64) -> u64 {
    let span = (u128::from(units) * u128::from(MINUTE)).div_ceil(u128::from(limit));
    u64::try_from(span).unwrap_or(u64::MAX / 4)
}

fn span_down(units: u64, limit: u64) -> u64 {
    let span = u128::from(units) * u128::from(MINUTE) / u128::from(limit);
    u64::try_from(span).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn told(limit: u64, remaining: u64, reset_secs: u64) -> Told {
        Told { limit, remaining, reset: Duration::from_secs(reset_secs) }
    }

    #[test]
    fn calls_are_spread_evenly_after_the_burst() {
        let mut dimension = Dimension::new(Some(60), 0.05);
        for _ in 0..3 {
            assert!(dimension.fits_at(1, 0) == 0);
            dimension.take(1, 0);
        }
        assert_eq!(dimension.fits_at(1, 0), SECOND);
        assert_eq!(dimension.left(0), Some(57));
    }

    #[test]
    fn what_is_larger_than_the_limit_waits_for_an_empty_minute() {
        let mut dimension = Dimension::new(Some(100), 0.0);
        dimension.take(10, 0);
        let then = dimension.fits_at(500, 6 * SECOND);
        assert!((MINUTE..MINUTE + SECOND).contains(&then), "{then}");
    }

    #[test]
    fn the_providers_word_holds_where_it_is_tighter() {
        let mut dimension = Dimension::new(Some(1_000), 1.0);
        // A bucket that is whole again in a minute: 40 of 50 used, 48 s to come back.
        dimension.obey(&told(50, 10, 48), 0, 0, 0);
        assert_eq!(dimension.left(0), Some(10));
        assert_eq!(dimension.limit, Some(50));
        assert_eq!(dimension.fits_at(10, 0), 0);
        dimension.take(10, 0);
        assert_eq!(dimension.fits_at(5, 0), 6 * SECOND);
        // More is told than is counted here: what is counted holds.
        dimension.obey(&told(50, 45, 6), 0, 10, 0);
        assert_eq!(dimension.left(0), Some(0));
    }

    #[test]
    fn what_was_told_late_counts_from_when_the_call_was_sent() {
        let mut dimension = Dimension::new(None, 1.0);
        dimension.take(1, 0);
        let taken = dimension.taken();
        dimension.take(5, SECOND);
        // 20 of 60 were left when it was sent; ten have come back since, and five were taken.
        dimension.obey(&told(60, 20, 40), 0, taken, 10 * SECOND);
        assert_eq!(dimension.left(10 * SECOND), Some(25));
    }

    #[test]
    fn a_limit_of_a_day_is_no_rate_and_holds_until_it_is_whole() {
        let mut dimension = Dimension::new(None, 1.0);
        dimension.obey(&told(200, 2, 85_500), 0, 0, 0);
        assert_eq!((dimension.limit, dimension.left(0)), (None, Some(2)));
        dimension.take(2, 0);
        assert_eq!(dimension.fits_at(1, MINUTE), 85_500 * SECOND);
        assert_eq!(dimension.fits_at(1, 85_501 * SECOND), 85_501 * SECOND);
    }

    proptest! {
        #[test]
        fn no_sixty_seconds_hold_more_than_the_limit(
            limit in 5_u64..200,
            burst in 0.0_f64..=1.0,
            steps in proptest::collection::vec((0_u64..9_000, 1_u64..60), 1..200),
        ) {
            let mut dimension = Dimension::new(Some(limit), burst);
            let (mut now, mut admitted) = (0, Vec::<(Moment, u64)>::new());
            for (pass, units) in steps {
                let units = units.min(limit);
                now += pass * 1_000_000;
                // Some come at once, if they may, the others wait.
                if pass % 2 == 0 {
                    now = now.max(dimension.fits_at(units, now));
                }
                if dimension.fits_at(units, now) <= now {
                    dimension.take(units, now);
                    admitted.push((now, units));
                    let recent = admitted.iter().filter(|(at, _)| at + MINUTE > now);
                    prop_assert!(recent.map(|(_, units)| units).sum::<u64>() <= limit);
                }
            }
        }

        #[test]
        fn whoever_waits_as_told_gets_in(
            limit in 5_u64..200,
            calls in proptest::collection::vec(1_u64..60, 1..100),
        ) {
            let mut dimension = Dimension::new(Some(limit), 0.02);
            let mut now = 0;
            for units in calls {
                now = now.max(dimension.fits_at(units.min(limit), now));
                prop_assert!(dimension.fits_at(units.min(limit), now) <= now);
                dimension.take(units.min(limit), now);
            }
        }
    }
}
