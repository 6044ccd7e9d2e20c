//! One endpoint of a call's route, and each step of an attempt at it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, ChatRequest, Completion, Fault, Fingerprint, FinishReason, Phase,
    RunEvent, RunState, Usd, duration, exact,
};
use crate::engine::clock::now;
use crate::engine::control::Stopped;
use crate::engine::dispatcher::Recorded;
use crate::engine::sink::CachedCall;
use crate::engine::world::{Route, StandInRoute, Unread};
use crate::plan::{call_fingerprint, worst_case};
use crate::provider::{Received, within};

use super::bill::Bill;
use super::budget::Reservation;
use super::call::{CallJob, Missed};
use super::endpoint::Outlook;
use super::entry::{Aftermath, Entry};
use super::fallback;
use super::limiter::Bounds;
use super::single_flight::{Boarding, Flight};
use super::tries::Tries;

/// A request on its way to one endpoint.
pub struct Leg<'a> {
    job: &'a CallJob<'a>,
    pub route: &'a Route,
    pub is_stand_in: bool,
    /// Somebody else may answer: the call does not wait for this endpoint to get well.
    pub others_follow: bool,
    request: Cow<'a, ChatRequest>,
    /// Identity of the call.
    fingerprint: Fingerprint,
    /// The longest attempt.
    timeout: Duration,
}

impl<'a> Leg<'a> {
    /// The model's own endpoint.
    pub fn own(job: &'a CallJob<'a>, request: &'a ChatRequest) -> Self {
        let hashed = || call_fingerprint(&job.route.endpoint.origin, request, job.epoch);
        let fingerprint = job.call.unwrap_or_else(hashed);
        let timeout = Duration::from_millis(job.policy.timeouts.total_ms);
        let request = Cow::Borrowed(request);
        Self { job, route: job.route, is_stand_in: false, others_follow: false, request, fingerprint, timeout }
    }

    pub fn stand_in(job: &'a CallJob<'a>, stand_in: &'a StandInRoute, request: ChatRequest) -> Self {
        let route = &stand_in.route;
        let fingerprint = call_fingerprint(&route.endpoint.origin, &request, job.epoch);
        let total = Duration::from_millis(job.policy.timeouts.total_ms);
        let timeout = stand_in.timeout.map_or(total, |own| own.min(total));
        let request = Cow::Owned(request);
        Self { job, route, is_stand_in: true, others_follow: false, request, fingerprint, timeout }
    }

    pub fn request(&self) -> &ChatRequest {
        &self.request
    }

    /// Whether a stand-in's answer counts like the model's own.
    pub fn counts(&self) -> bool {
        self.job.fallback.is_some_and(|policy| policy.count_stand_ins)
    }

    /// An answer that needs no call: from before the run was stopped, or from the cache.
    pub async fn paid_before(&self, bill: &mut Bill) -> Result<Option<Arc<Completion>>, Stopped> {
        if let Some(earlier) = self.job.earlier.answered.get(&self.job.key, &self.fingerprint) {
            return Ok(Some(bill.kept(earlier.clone())));
        }
        if let Some(completion) = self.read_again(bill).await? {
            return Ok(Some(completion));
        }
        let hit = self.job.policy.cache.on.then(|| self.job.cache.get(&self.fingerprint)).flatten();
        Ok(hit.map(|hit| bill.cached(hit)))
    }

    /// A reply that was received and never read, since the program died between the two. The wallet holds its reservation
    /// already; what it cost takes that one's place. One that is no answer has its end on record as well, and the next is read.
    async fn read_again(&self, bill: &mut Bill) -> Result<Option<Arc<Completion>>, Stopped> {
        // Each was received by one attempt, so that one trial may have it, though others ask for the same.
        while let Some(Unread { reply, booked }) = self.job.earlier.unread(&self.fingerprint) {
            let result = self.route.endpoint.provider.read(&self.request, &reply).map(Arc::new);
            let cost = self.cost(booked, &result);
            self.job.control.wallet.rebook(booked, cost.unwrap_or_default());
            let attempt = bill.read_again(result.is_ok(), cost);
            self.record_end(attempt, &result, cost, None).await?;
            if let Ok(completion) = result {
                return Ok(Some(completion));
            }
        }
        Ok(None)
    }

    /// Waits while the same request is on its way. Without a cache every call is made.
    pub async fn board(&self) -> Result<Boarding<'a>, Stopped> {
        if !self.job.policy.cache.on {
            return Ok(Boarding::Own(None));
        }
        tokio::select! {
            biased;
            boarding = self.job.flights.board(self.fingerprint) => Ok(boarding),
            () = self.job.control.drained() => Err(Stopped),
        }
    }

    pub async fn reserve(&self) -> Result<Reservation<'a>, Missed> {
        let control = self.job.control;
        let amount = match (self.worst_case(), control.wallet.cap()) {
            (Ok(amount), _) => amount,
            (Err(_), None) => Usd::ZERO,
            (Err(reason), Some(_)) => return Err(Missed::Failed(no_bound(&self.route.model.0, reason))),
        };
        let reserved = tokio::select! {
            reserved = control.wallet.reserve(amount) => reserved,
            () = control.drained() => return Err(Missed::Left),
        };
        reserved.ok_or_else(|| {
            control.drain(RunState::BudgetReached);
            Missed::Left
        })
    }

    fn worst_case(&self) -> Result<Usd, &'static str> {
        worst_case(&self.request, self.route.price.as_ref(), self.route.max_output)
    }

    /// Waits for the endpoint's breaker, its limits and a place among its calls in flight; neither for the breaker nor for a
    /// long wait that the provider asked for where somebody else may answer.
    pub async fn enter(&self) -> Result<Entry<'a>, Missed> {
        let output = self.request.params.max_tokens.or(self.route.max_output).unwrap_or_default();
        let bounds = Bounds { input_tokens: self.request.input_token_bound(), output_tokens: u64::from(output) };
        let (endpoint, model) = (&self.route.endpoint, &self.route.provider_model);
        let entry = tokio::select! {
            biased;
            () = self.job.control.drained() => return Err(Missed::Left),
            why = endpoint.held_back(model), if self.others_follow => {
                return Err(Missed::Failed(endpoint.not_asked(model, why)));
            }
            entry = endpoint.enter(model, bounds) => entry,
        };
        entry.ok_or_else(|| Missed::EndpointStopped(endpoint.why_stopped()))
    }

    /// Sends and receives, both on record: *sent* before the first byte leaves, *received* before anybody parses it.
    /// The slot of an answer is free as soon as the wire is; that of a failure stays with the entry, so that whoever
    /// waits for it learns first whether the endpoint has stopped.
    pub async fn exchange(
        &self,
        attempt: AttemptRef,
        reservation: &mut Reservation<'_>,
        entry: &mut Entry<'_>,
        tries: &Tries<'_>,
    ) -> Result<Result<Received, CallError>, Stopped> {
        let job = self.job;
        self.record_sent(attempt, reservation).await?;
        if job.control.is_draining() {
            // The run was stopped while the record was written: nothing has left yet, and nothing leaves.
            self.record_end(attempt, &Err(not_sent()), self.route.price.as_ref().map(|_| Usd::ZERO), None).await?;
            return Err(Stopped);
        }
        reservation.mark_sent();
        entry.mark_sent(tries.is_retry());
        let route_left = tries.route_left().filter(|left| *left < self.timeout);
        let limit = route_left.unwrap_or(self.timeout);
        let on_the_wire = job.control.call_begins();
        let on_text = |text: &str| job.watcher.into_iter().for_each(|watcher| watcher(attempt.trial, text));
        let exchanged = within(limit, self.route.endpoint.provider.exchange(&self.request, &on_text))
            .await
            .unwrap_or_else(|| Err(route_left.map_or_else(|| too_long(limit), too_long_for_the_route)));
        drop(on_the_wire);
        if exchanged.as_ref().is_ok_and(|reply| reply.status < 400) {
            entry.free_slot();
        }
        if let Ok(reply) = &exchanged {
            job.ledger.commit(RunEvent::AttemptReceived { attempt, reply: reply.reply() }).await?;
        }
        Ok(exchanged)
    }

    async fn record_sent(&self, attempt: AttemptRef, reservation: &Reservation<'_>) -> Result<(), Stopped> {
        let reserved = self.route.price.is_some().then_some(reservation.amount());
        let sent = AttemptSent {
            attempt,
            key: self.job.key,
            request: self.fingerprint,
            model: self.route.model.clone(),
            reserved,
            at: now(),
        };
        self.job.ledger.commit(RunEvent::AttemptSent(sent)).await
    }

    pub fn read(&self, received: &Result<Received, CallError>) -> Result<Arc<Completion>, CallError> {
        let reply = received.as_ref().map_err(Clone::clone)?;
        self.route.endpoint.provider.read(&self.request, reply).map(Arc::new)
    }

    /// Says what a call's end means for those that follow.
    pub async fn tell(
        &self,
        result: &Result<Arc<Completion>, CallError>,
        aftermath: &Aftermath,
    ) -> Result<(), Stopped> {
        let Err(error) = result else { return Ok(()) };
        let Route { endpoint, provider_model, .. } = self.route;
        match endpoint.aftermath_notice(provider_model, aftermath, self.outlook(error)) {
            Some(message) => self.job.ledger.say(RunEvent::Notice { message }).await,
            None => Ok(()),
        }
    }

    /// What becomes of the trials after this error.
    fn outlook(&self, error: &CallError) -> Outlook {
        let others_answer = self.others_follow && fallback::lets_others_answer(error);
        if others_answer { Outlook::OthersAnswer } else { Outlook::Left }
    }

    /// What a call cost: by the provider's own count, else its reservation where it may be billed; `None` where the price is
    /// unknown.
    fn cost(&self, reserved: Usd, result: &Result<Arc<Completion>, CallError>) -> Option<Usd> {
        self.route.price.as_ref().map(|price| match result {
            Ok(completion) => completion.usage.map_or(reserved, |usage| price.cost(&usage)),
            Err(error) if error.may_be_billed() => reserved,
            Err(_) => Usd::ZERO,
        })
    }

    /// Books what the call cost.
    pub async fn settle(
        &self,
        reservation: Reservation<'_>,
        result: &Result<Arc<Completion>, CallError>,
    ) -> Result<Option<Usd>, Stopped> {
        let cost = self.cost(reservation.amount(), result);
        if reservation.settle(cost.unwrap_or_default()) {
            let message = format!("The run has spent {}, past its warning mark.", self.job.control.wallet.spent());
            self.job.ledger.say(RunEvent::Notice { message }).await?;
        }
        Ok(cost)
    }

    pub async fn record_end(
        &self,
        attempt: AttemptRef,
        result: &Result<Arc<Completion>, CallError>,
        cost: Option<Usd>,
        retry_in: Option<Duration>,
    ) -> Result<Recorded, Stopped> {
        let ended = AttemptEnded {
            attempt,
            request: self.fingerprint,
            result: result.clone(),
            cost,
            cacheable: result.as_ref().is_ok_and(|completion| is_whole(completion)),
            retry_in_ms: retry_in.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        };
        self.job.ledger.tell(RunEvent::AttemptEnded(ended)).await
    }

    /// The last attempt failed: the trial is errored, unless its endpoint stopped, which is no fault of the trial.
    pub async fn give_up(&self, error: CallError) -> Result<Missed, Stopped> {
        let endpoint = &self.route.endpoint;
        if endpoint.failed(&error) {
            let message = endpoint.stop_notice(&error, self.outlook(&error));
            self.job.ledger.say(RunEvent::Notice { message }).await?;
        }
        Ok(if error.fault.stops_endpoint() { Missed::EndpointStopped(error) } else { Missed::Failed(error) })
    }
}

/// Gives a whole answer to those who wait for the same.
pub fn land(flight: Option<Flight<'_>>, completion: &Arc<Completion>, cost: Option<Usd>, recorded: Recorded) {
    if let Some(flight) = flight.filter(|_| is_whole(completion)) {
        flight.land(CachedCall { completion: completion.clone(), cost }, recorded);
    }
}

/// Whether an answer may stand for the same request again: cut and withheld ones may not.
fn is_whole(completion: &Completion) -> bool {
    matches!(completion.finish, FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Refusal)
}

fn too_long(total: Duration) -> CallError {
    let message = format!("No whole answer within {}, the policy's total time.", exact(total));
    CallError::new(Fault::Timeout(Phase::Total), message)
}

fn too_long_for_the_route(left: Duration) -> CallError {
    let message = format!("No whole answer within {}, what was left of the time of the whole route.", duration(left));
    CallError::new(Fault::Timeout(Phase::Total), message)
}

pub fn route_is_over() -> CallError {
    CallError::new(Fault::Timeout(Phase::Total), "The time of the whole route was over before it was asked.")
}

fn not_sent() -> CallError {
    CallError::new(Fault::Cancelled, "The run was stopped before the request left.")
}

fn no_bound(model: &str, reason: &str) -> CallError {
    CallError::new(
        Fault::BadRequest,
        format!(
            "A run with a hard budget cannot call {model}: {reason}. Set the model's price and max_output in \
             workspace.ron, or max_tokens in the variant."
        ),
    )
}
