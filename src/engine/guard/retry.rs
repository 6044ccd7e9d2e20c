//! Back-off: how long to wait before a machinery fault is tried again, and when to stop trying.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::domain::{CallError, Fault, Retry, RetryPolicy};

/// The delays of one call. Full jitter for transient faults, so that callers spread out; at least half the delay for
/// rate limits, since full jitter can shrink to nothing (AWS Architecture Blog, "Exponential Backoff And Jitter").
/// A wait that the provider asked for is never cut short.
pub struct Backoff<'a> {
    policy: &'a RetryPolicy,
    rng: SmallRng,
    retries: u32,
    once_used: bool,
}

impl<'a> Backoff<'a> {
    #[must_use]
    pub fn new(policy: &'a RetryPolicy, seed: u64) -> Self {
        Self { policy, rng: SmallRng::seed_from_u64(seed), retries: 0, once_used: false }
    }

    /// The wait before the next attempt, or `None` when there is none.
    pub fn wait_after(&mut self, error: &CallError) -> Option<Duration> {
        if self.retries >= self.policy.retries || !self.may_retry(error) {
            return None;
        }
        let wait = match error.retry_after_ms {
            Some(told) if told > self.policy.retry_after_cap_ms => return None,
            Some(told) => Duration::from_millis(told).mul_f64(1.0 + self.rng.random_range(0.0..0.1)),
            None => self.jittered(error.fault == Fault::RateLimited),
        };
        self.retries += 1;
        Some(wait)
    }

    fn may_retry(&mut self, error: &CallError) -> bool {
        match error.retry() {
            Retry::Yes => true,
            Retry::Once => !std::mem::replace(&mut self.once_used, true),
            Retry::No => false,
        }
    }

    fn jittered(&mut self, at_least_half: bool) -> Duration {
        let full = Duration::from_millis(self.full_ms());
        let low = if at_least_half { 0.5 } else { 0.0 };
        full.mul_f64(self.rng.random_range(low..=1.0))
    }

    /// The delay before chance makes it shorter: from the list where there is one, else doubled each time.
    fn full_ms(&self) -> u64 {
        let place = usize::try_from(self.retries).unwrap_or(usize::MAX);
        let listed = self.policy.delays_ms.get(place).or(self.policy.delays_ms.last());
        listed
            .copied()
            .unwrap_or_else(|| self.policy.base_ms.saturating_mul(1 << self.retries.min(20)).min(self.policy.cap_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(fault: Fault) -> CallError {
        CallError::new(fault, "")
    }

    fn waits(fault: Fault, seed: u64) -> Vec<Duration> {
        let policy = RetryPolicy::default();
        let mut backoff = Backoff::new(&policy, seed);
        std::iter::from_fn(|| backoff.wait_after(&error(fault))).collect()
    }

    #[test]
    fn delays_double_up_to_the_cap_and_end() {
        for seed in 0..200 {
            let waits = waits(Fault::Server, seed);
            assert_eq!(waits.len(), 4);
            for (index, wait) in waits.iter().enumerate() {
                assert!(*wait <= Duration::from_millis(500 << index), "{waits:?}");
            }
        }
    }

    #[test]
    fn a_list_of_delays_stands_in_the_place_of_the_doubling_ones() {
        let policy = RetryPolicy { delays_ms: vec![1_000, 40_000], ..RetryPolicy::default() };
        let mut longest = [Duration::ZERO; 4];
        for seed in 0..200 {
            let mut backoff = Backoff::new(&policy, seed);
            for longest in &mut longest {
                *longest = backoff.wait_after(&error(Fault::RateLimited)).unwrap().max(*longest);
            }
            assert_eq!(backoff.wait_after(&error(Fault::RateLimited)), None);
        }
        for (longest, full) in longest.iter().zip([1.0, 40.0, 40.0, 40.0]) {
            assert!((full * 0.95..=full).contains(&longest.as_secs_f64()), "{longest:?} of {full} s");
        }
    }

    #[test]
    fn a_rate_limit_without_a_hint_waits_at_least_half() {
        for seed in 0..200 {
            for (index, wait) in waits(Fault::RateLimited, seed).iter().enumerate() {
                assert!(*wait >= Duration::from_millis(250 << index));
            }
        }
    }

    #[test]
    fn no_retry_comes_before_the_told_time() {
        let policy = RetryPolicy::default();
        for seed in 0..100_000 {
            let told = CallError { retry_after_ms: Some(1_500), ..error(Fault::RateLimited) };
            let wait = Backoff::new(&policy, seed).wait_after(&told).unwrap();
            assert!((1_500..=1_650).contains(&wait.as_millis()), "{wait:?}");
        }
    }

    #[test]
    fn what_cannot_be_mended_by_waiting_is_not_tried_again() {
        for fault in [Fault::Auth, Fault::BadRequest, Fault::Quota, Fault::ContextLength, Fault::Redirect] {
            assert_eq!(waits(fault, 0), [], "{fault:?}");
        }
        assert_eq!(waits(Fault::Truncated, 0).len(), 1);
    }

    #[test]
    fn the_providers_own_word_outranks_the_class() {
        let policy = RetryPolicy::default();
        let told = |fault, should_retry| CallError { should_retry: Some(should_retry), ..error(fault) };
        assert!(Backoff::new(&policy, 0).wait_after(&told(Fault::Server, false)).is_none());
        assert!(Backoff::new(&policy, 0).wait_after(&told(Fault::BadRequest, true)).is_some());
    }

    #[test]
    fn a_wait_past_the_cap_is_not_waited_for() {
        let policy = RetryPolicy::default();
        let told = CallError { retry_after_ms: Some(10 * 3_600_000), ..error(Fault::RateLimited) };
        assert!(Backoff::new(&policy, 0).wait_after(&told).is_none());
    }
}
