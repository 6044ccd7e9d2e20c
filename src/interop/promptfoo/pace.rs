//! How fast a config wants to be run, and how long it waits, as a policy.

use crate::domain::{LimitPolicy, Policy};

use super::suite::Settings;

const MINUTE_MS: f64 = 60_000.0;

impl Settings {
    /// The policy of an evaluation: a pause between calls is so many calls in a minute and none ahead of its turn; the time
    /// of a test is that of its answer, retries included.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        if let Some(delay) = self.delay_ms {
            let limits = LimitPolicy { requests_per_minute: Some(calls_a_minute(delay)), ..LimitPolicy::default() };
            policy.limits = LimitPolicy { burst: 0.0, ..limits };
        }
        if let Some(limit) = self.timeout_ms {
            let limit = milliseconds(limit);
            policy.retry.deadline_ms = policy.retry.deadline_ms.min(limit);
            let phases = &mut policy.timeouts;
            for phase in [&mut phases.connect_ms, &mut phases.first_byte_ms, &mut phases.idle_ms, &mut phases.total_ms]
            {
                *phase = limit.min(*phase);
            }
        }
        policy
    }
}

/// At least one: a longer pause than a minute is a minute.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "above 0, and a float that is cast is bounded"
)]
fn calls_a_minute(delay: f64) -> u64 {
    (MINUTE_MS / delay).max(1.0) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "above 0, and a float that is cast is bounded"
)]
fn milliseconds(limit: f64) -> u64 {
    limit.ceil().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(delay_ms: Option<f64>, timeout_ms: Option<f64>) -> Settings {
        Settings { max_concurrency: None, delay_ms, sequential: false, cache: true, timeout_ms }
    }

    #[test]
    fn a_pause_is_so_many_calls_in_a_minute() {
        let check = |delay, expect| {
            let limits = settings(Some(delay), None).policy().limits;
            assert_eq!((limits.requests_per_minute, limits.burst), (Some(expect), 0.0), "{delay}");
        };
        check(100.0, 600);
        check(7.0, 8571);
        check(60_000.0, 1);
        check(3e9, 1);
        assert_eq!(settings(None, None).policy(), Policy::default());
    }

    #[test]
    fn the_time_of_a_test_bounds_its_answer_and_every_part_of_it() {
        let policy = settings(None, Some(1_500.2)).policy();
        let times = policy.timeouts;
        let found = [times.connect_ms, times.first_byte_ms, times.idle_ms, times.total_ms, policy.retry.deadline_ms];
        assert_eq!(found, [1_501; 5]);
        // It lengthens nothing.
        let long = settings(None, Some(1e12)).policy();
        assert_eq!(long, Policy::default());
    }
}
