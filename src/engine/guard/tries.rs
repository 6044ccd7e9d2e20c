//! The attempts at one endpoint: when the next one may be made, and when there is none.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{CallError, Completion, RetryPolicy};
use crate::engine::clock::Deadline;

use super::endpoint::Endpoint;
use super::entry::Aftermath;
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
    /// `others_follow`: somebody else may answer.
    pub fn new(retry: &'a RetryPolicy, seed: u64, others_follow: bool) -> Self {
        let limit = Duration::from_millis(retry.deadline_ms);
        Self { backoff: Backoff::new(retry, seed), limit, own: None, route: None, others_follow, made: 0 }
    }

    /// An attempt begins, after the call was held back for so long; `route` is the end of the route's time, where it has
    /// several endpoints. False when that is over.
    #[must_use]
    pub fn begin(&mut self, held_back: Duration, route: Option<Deadline>) -> bool {
        self.made += 1;
        self.own = Some(match self.own {
            None => Deadline::after(self.limit),
            Some(deadline) => deadline.later(held_back),
        });
        self.route = route;
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
        endpoint.retry_wait(wait, longest)
    }
}
