//! A call that the endpoint's guards have let in, from its slot to what it came to.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use crate::domain::{CallError, Completion, Fault, RawReply, Retry};

use super::breaker::{Health, Permit};
use super::endpoint::Endpoint;
use super::limiter::Ticket;

/// Leave to make one call now. Dropped before the call was sent, all that it took goes back.
pub struct Entry<'e> {
    endpoint: &'e Endpoint,
    permit: Option<Permit>,
    ticket: Option<Ticket>,
    slot: Option<SemaphorePermit<'e>>,
    waited: Duration,
    sent: Instant,
}

/// What a call's end means for the calls that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aftermath {
    /// The model is out of health by now: its calls are held back for so long.
    pub opened: Option<Duration>,
    /// The provider asked all calls of the endpoint to wait for so long.
    pub paused: Option<Duration>,
    /// The failure is none of the call's own: it only tried whether the provider is well again, or the wait that it was
    /// told is the whole endpoint's. It enters again, and has used up no retry.
    pub enters_again: bool,
}

impl<'e> Entry<'e> {
    pub(super) fn new(
        endpoint: &'e Endpoint,
        (permit, ticket, slot): (Permit, Ticket, SemaphorePermit<'e>),
        asked: Instant,
    ) -> Self {
        let sent = Instant::now();
        let waited = sent.duration_since(asked);
        Self { endpoint, permit: Some(permit), ticket: Some(ticket), slot: Some(slot), waited, sent }
    }

    /// How long the guards held the call back. No fault of the call: no deadline of its own runs meanwhile.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The call leaves: from here on it counts, whatever becomes of it. First attempts pay into the retry budget.
    pub fn mark_sent(&mut self, is_retry: bool) {
        self.sent = Instant::now();
        if let Some(ticket) = &mut self.ticket {
            ticket.mark_sent();
        }
        if !is_retry {
            self.endpoint.retries.first_attempt();
        }
    }

    /// The wire is free; what the answer says is still to be recorded.
    pub fn free_slot(&mut self) {
        self.slot = None;
    }

    /// Says what the call came to, once; `reply` is what came over the wire, if anything did. The slot stays taken
    /// until it is freed.
    pub fn record(&mut self, result: &Result<Arc<Completion>, CallError>, reply: Option<&RawReply>) -> Aftermath {
        let now = Instant::now();
        if let Some(ticket) = self.ticket.take() {
            if let Some(reply) = reply {
                ticket.learn(reply, now);
            }
            settle(ticket, result, now);
        }
        let Some(permit) = self.permit.take() else { return Aftermath::default() };
        let was_probe = permit.is_probe();
        let paused = self.endpoint.obey_told_wait(result.as_ref().map(drop), now);
        match result {
            Ok(completion) => {
                permit.record(Health::Well, now);
                self.endpoint.answered(completion.latency_ms);
                Aftermath::default()
            }
            Err(error) => {
                if matches!(error.fault, Fault::RateLimited | Fault::Overloaded) {
                    self.endpoint.slots.refused(self.sent, now);
                }
                let health = Health::of(error);
                let opened = permit.record(health, now);
                let for_all = paused.is_some_and(|wait| wait > self.endpoint.longest_own_wait);
                let enters_again = was_probe && health == Health::Unwell || for_all;
                Aftermath { opened, paused, enters_again: enters_again && error.retry() != Retry::No }
            }
        }
    }
}

fn settle(ticket: Ticket, result: &Result<Arc<Completion>, CallError>, now: Instant) {
    match result {
        Ok(completion) => {
            if let Some(usage) = &completion.usage {
                ticket.settle(usage, now);
            }
        }
        Err(error) if !error.may_be_billed() => ticket.settle_refused(now),
        // Nobody knows what it took: what was reserved stands.
        Err(_) => {}
    }
}
