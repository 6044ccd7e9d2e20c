//! The attempts at one endpoint: when the next one may be made, and when there is none.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{CallError, Completion, RetryPolicy};
use crate::engine::clock::Deadline;

use super::endpoint::Endpoint;
use super::entry::Aftermath;
use super::leg::Leg;
use super::retry::Backoff;

pub struct Tries<'a> {
    backoff: Backoff<'a>,
    limit: Duration,
    /// Runs from the first attempt on, and stands still while the endpoint's guards hold the call back.
    own: Option<Deadline>,
    /// The route's, where it has several endpoints.
    route: Option<Deadline>,
    others_follow: bool,
    made: u32,
}

impl<'a> Tries<'a> {
    pub fn new(policy: &'a RetryPolicy, seed: u64, leg: &Leg<'_>) -> Self {
        let limit = Duration::from_millis(policy.deadline_ms);
        Self {
            backoff: Backoff::new(policy, seed),
            limit,
            own: None,
            route: leg.deadline,
            others_follow: leg.others_follow,
            made: 0,
        }
    }

    /// An attempt begins, after the endpoint's guards have held it back for so long.
    pub fn begin(&mut self, held_back: Duration) {
        self.made += 1;
        self.own = Some(match self.own {
            None => Deadline::after(self.limit),
            Some(deadline) => deadline.later(held_back),
        });
    }

    /// The attempt under way is not the first.
    pub const fn is_retry(&self) -> bool {
        self.made > 1
    }

    /// The wait before another attempt, or `None` when this was the last.
    pub fn after(
        &mut self,
        result: &Result<Arc<Completion>, CallError>,
        aftermath: &Aftermath,
        endpoint: &Endpoint,
    ) -> Option<Duration> {
        let error = result.as_ref().err()?;
        if aftermath.enters_again {
            // Where somebody else may answer, nobody waits for the endpoint to get well.
            return (!self.others_follow).then_some(Duration::ZERO);
        }
        let wait = self.backoff.wait_after(error)?;
        let deadlines = [self.own, self.route];
        let longest = deadlines.iter().flatten().map(Deadline::left).min().unwrap_or(self.limit);
        endpoint.retry_wait(wait, longest).filter(|wait| *wait < longest)
    }
}
