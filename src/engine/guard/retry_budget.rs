//! The retry budget of an endpoint: a share of its calls and a few per second, so that a provider in trouble is not
//! asked several times as much as one that is well (after the retry quotas of the AWS SDKs and of Finagle).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::RetryBudget as Budget;

/// Unused retries are kept up to this number.
const MOST: f64 = 100.0;

/// Tokens: each first attempt brings a share of one, each second some more, each retry takes one. A retry may take a
/// token that is still to come, and leaves when it is there.
#[derive(Debug)]
pub struct RetryBudget {
    policy: Budget,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Below zero: so many are promised that are still to come.
    tokens: f64,
    at: Instant,
}

impl RetryBudget {
    #[must_use]
    pub fn new(policy: Budget) -> Self {
        Self { policy, state: Mutex::new(State { tokens: 0.0, at: Instant::now() }) }
    }

    /// A first attempt leaves.
    pub fn first_attempt(&self) {
        if self.policy.on {
            let mut state = self.lock();
            state.tokens = (state.tokens + self.policy.share).min(MOST);
        }
    }

    /// Takes the token of a retry: how long it is until that is there. `None`, and nothing is taken, when that would
    /// be longer than `longest`.
    pub fn take(&self, longest: Duration, now: Instant) -> Option<Duration> {
        if !self.policy.on {
            return Some(Duration::ZERO);
        }
        let mut state = self.lock();
        let passed = now.saturating_duration_since(state.at).as_secs_f64();
        state.tokens = (state.tokens + passed * self.policy.per_second).min(MOST);
        state.at = now;
        let missing = (1.0 - state.tokens).max(0.0);
        // A rate of nothing leaves infinity, which is no length of time.
        let wait = if missing > 0.0 { missing / self.policy.per_second } else { 0.0 };
        let wait = Duration::try_from_secs_f64(wait).ok().filter(|wait| *wait <= longest)?;
        state.tokens -= 1.0;
        Some(wait)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;
    use crate::domain::{CallError, Fault, RetryPolicy};
    use crate::engine::guard::retry::Backoff;

    fn budget() -> RetryBudget {
        RetryBudget::new(Budget { on: true, ..Budget::default() })
    }

    #[test]
    fn without_the_switch_every_retry_is_free() {
        let budget = RetryBudget::new(Budget::default());
        for _ in 0..1_000 {
            assert_eq!(budget.take(Duration::ZERO, Instant::now()), Some(Duration::ZERO));
        }
    }

    #[test]
    fn a_retry_waits_for_its_token_or_is_refused() {
        let budget = budget();
        let now = Instant::now();
        (0..10).for_each(|_| budget.first_attempt());
        let secs = Duration::from_secs;
        let near = |wait: Option<Duration>, expect: f64| {
            let wait = wait.unwrap().as_secs_f64();
            assert!((wait - expect).abs() < 0.01, "{wait} is not {expect}");
        };
        near(budget.take(secs(60), now), 0.0);
        near(budget.take(secs(60), now), 1.0);
        near(budget.take(secs(60), now), 2.0);
        assert_eq!(budget.take(secs(2), now), None);
        near(budget.take(secs(60), now), 3.0);
        let nothing = RetryBudget::new(Budget { on: true, share: 0.0, per_second: 0.0 });
        assert_eq!(nothing.take(Duration::MAX, now), None);
    }

    #[test]
    fn a_long_rest_saves_up_no_storm() {
        let budget = budget();
        let later = Instant::now() + Duration::from_secs(100_000);
        let at_once = (0..1_000).filter(|_| budget.take(Duration::ZERO, later).is_some()).count();
        assert_eq!(at_once, 100);
    }

    /// A provider that fails every call: `first` calls come evenly over `secs`, each retries as its policy says.
    /// Gives back the calls and the second of the last one.
    fn all_fail(first: u32, secs: u64, policy: &RetryPolicy) -> (u32, f64) {
        let start = Instant::now();
        let budget = RetryBudget::new(policy.budget.clone());
        let mut calls: Vec<_> = (0..first).map(|seed| Backoff::new(policy, u64::from(seed))).collect();
        let mut due: BinaryHeap<_> =
            (0..first).map(|call| Reverse((Duration::from_secs(secs) * call / first, true, call))).collect();
        let (mut made, mut last) = (0, Duration::ZERO);
        while let Some(Reverse((at, is_first, call))) = due.pop() {
            (made, last) = (made + 1, at);
            if is_first {
                budget.first_attempt();
            }
            let wait = calls[call as usize].wait_after(&CallError::new(Fault::Server, ""));
            if let Some(wait) = wait
                && let Some(token) = budget.take(Duration::from_mins(10), start + at)
            {
                due.push(Reverse((at + wait.max(token), false, call)));
            }
        }
        (made, last.as_secs_f64())
    }

    #[test]
    fn a_provider_that_fails_every_call_is_asked_a_tenth_more_and_once_a_second() {
        let policy = RetryPolicy { budget: Budget { on: true, ..Budget::default() }, ..RetryPolicy::default() };
        for (first, secs) in [(100, 1), (1_000, 10), (10_000, 60), (10_000, 1_000)] {
            let (made, elapsed) = all_fail(first, secs, &policy);
            let most = 1.1 * f64::from(first) + elapsed + 1e-6;
            assert!(f64::from(made) <= most, "{made} calls of at most {most}: {first} in {secs} s");
            assert!(made > first, "some are retried");
        }
        let (made, _) = all_fail(1_000, 10, &RetryPolicy::default());
        assert_eq!(made, 5_000, "without the budget each call is made five times");
    }
}
