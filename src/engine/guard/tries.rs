//! The attempts at one endpoint: when the next one may be made, and when there is none.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{CallError, Completion};
use crate::engine::clock::Deadline;

use super::bill::Bill;
use super::call::CallJob;
use super::endpoint::Endpoint;
use super::entry::Aftermath;
use super::leg::Leg;
use super::retry::Backoff;

pub struct Tries<'a> {
    backoff: Backoff<'a>,
    limit: Duration,
    /// Runs from the first attempt on, and stands still while the call is held back.
    own: Option<Deadline>,
    /// The route's, where it has several endpoints, as it was at the attempt's beginning.
    route: Option<Deadline>,
    others_follow: bool,
    made: u32,
}

impl<'a> Tries<'a> {
    pub fn new(job: &'a CallJob<'_>, leg: &Leg<'_>) -> Self {
        let retry = &job.policy.retry;
        let limit = Duration::from_millis(retry.deadline_ms);
        let backoff = Backoff::new(retry, job.seed);
        Self { backoff, limit, own: None, route: None, others_follow: leg.others_follow, made: 0 }
    }

    /// An attempt begins, after the call was held back for so long. False when the route's time is over.
    #[must_use]
    pub fn begin(&mut self, held_back: Duration, bill: &mut Bill) -> bool {
        self.made += 1;
        self.own = Some(match self.own {
            None => Deadline::after(self.limit),
            Some(deadline) => deadline.later(held_back),
        });
        self.route = bill.route_goes_on(held_back);
        self.route_left() != Some(Duration::ZERO)
    }

    /// The attempt under way is not the first.
    pub const fn is_retry(&self) -> bool {
        self.made > 1
    }

    /// What is left of the route's time; `None` where it has one endpoint alone.
    pub fn route_left(&self) -> Option<Duration> {
        self.route.as_ref().map(Deadline::left)
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
            // Where somebody else may answer, or has waited long enough, nobody waits for the endpoint to get well.
            let waits = !self.others_follow && self.route_left() != Some(Duration::ZERO);
            return waits.then_some(Duration::ZERO);
        }
        let wait = self.backoff.wait_after(error)?;
        let deadlines = [self.own, self.route];
        let longest = deadlines.iter().flatten().map(Deadline::left).min().unwrap_or(self.limit);
        endpoint.retry_wait(wait, longest).filter(|wait| *wait < longest)
    }
}
