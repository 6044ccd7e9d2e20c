//! The guarded call: the whole order, in one function.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::SemaphorePermit;

use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, ChatRequest, Completion, Fault, Fingerprint, FinishReason, Phase,
    Policy, RawReply, RunEvent, RunState, TrialKey, TrialRef, Usd,
};
use crate::engine::clock::{Deadline, now};
use crate::engine::control::{Control, Stopped};
use crate::engine::dispatcher::Ledger;
use crate::engine::sink::{CachedCall, CallCache};
use crate::engine::world::{Earlier, Route};
use crate::plan::worst_case;

use super::budget::Reservation;
use super::retry::Backoff;

/// Hears the pieces of a streamed answer.
pub type Watcher<'a> = &'a (dyn Fn(TrialRef, &str) + Send + Sync);

/// One request that wants an answer.
pub struct CallJob<'a> {
    pub route: &'a Route,
    pub request: &'a ChatRequest,
    /// Identity of the call.
    pub fingerprint: Fingerprint,
    pub key: TrialKey,
    /// The first attempt of the call.
    pub first: AttemptRef,
    pub policy: &'a Policy,
    pub cache: &'a dyn CallCache,
    pub earlier: &'a Earlier,
    pub ledger: &'a Ledger,
    pub control: &'a Control,
    /// Told each piece of a streamed answer as it arrives.
    pub watcher: Option<Watcher<'a>>,
    pub seed: u64,
}

/// An answer and what it took.
#[derive(Debug, Clone)]
pub struct Answered {
    pub completion: Arc<Completion>,
    /// Paid for at another time: it cost nothing now.
    pub cached: bool,
    pub attempts: u32,
    /// What the answer costs in production, all attempts together; `None` where the price is unknown.
    pub cost: Option<Usd>,
    /// What was paid now.
    pub spent: Usd,
}

impl Answered {
    fn kept(call: CachedCall, cached: bool) -> Self {
        Self { completion: call.completion, cached, attempts: 0, cost: call.cost, spent: Usd::ZERO }
    }
}

#[derive(Debug, Clone)]
pub enum NoAnswer {
    Failed {
        error: CallError,
        attempts: u32,
        spent: Usd,
    },
    /// The run or the endpoint stopped first: the trial is not over, a resume takes it up.
    Left,
}

impl From<Stopped> for NoAnswer {
    fn from(Stopped: Stopped) -> Self {
        Self::Left
    }
}

/// Answers a request as production would: cache → budget → a slot at the endpoint → sent on record → the provider,
/// within its time → received on record → understood → settled → back-off, or the answer.
///
/// The guards still to come have their places in this order: sanitising before the cache and single flight after it;
/// breaker and rate limiter before the slot; fallback around the loop; validation before settling.
pub async fn call(job: &CallJob<'_>) -> Result<Answered, NoAnswer> {
    if let Some(paid) = job.paid_before().await? {
        return Ok(paid);
    }
    let mut tries = Tries::new(job);
    loop {
        job.control.gate().await?;
        let mut reservation = job.reserve(&tries).await?;
        let slot = job.slot().await.ok_or(NoAnswer::Left)?;
        if job.control.is_paused() {
            // Since it began to wait for its turn: the slot and the reservation go back.
            continue;
        }
        let attempt = tries.next_attempt();
        let (exchanged, slot) = job.exchange(attempt, &mut reservation, slot).await?;
        let result = exchanged.and_then(|reply| job.read(&reply)).map(Arc::new);
        let cost = job.settle(reservation, &result).await?;
        let retry_in = tries.after(&result, cost);
        job.record_end(attempt, &result, cost, retry_in).await?;
        match (result, retry_in) {
            (Ok(completion), _) => return Ok(tries.answered(completion)),
            (Err(_), Some(wait)) => {
                drop(slot);
                job.back_off(wait).await?;
            }
            (Err(error), None) => return Err(job.give_up(error, &tries).await?),
        }
    }
}

/// The attempts of one call.
struct Tries<'a> {
    next: AttemptRef,
    made: u32,
    spent: Usd,
    price_known: bool,
    backoff: Backoff<'a>,
    deadline: Deadline,
}

impl<'a> Tries<'a> {
    fn new(job: &CallJob<'a>) -> Self {
        Self {
            next: job.first,
            made: 0,
            spent: Usd::ZERO,
            price_known: job.route.price.is_some(),
            backoff: Backoff::new(&job.policy.retry, job.seed),
            deadline: Deadline::after(Duration::from_millis(job.policy.retry.deadline_ms)),
        }
    }

    fn next_attempt(&mut self) -> AttemptRef {
        let attempt = self.next;
        self.next.number += 1;
        self.made += 1;
        attempt
    }

    /// The wait before another attempt, or `None` when this was the last.
    fn after(&mut self, result: &Result<Arc<Completion>, CallError>, cost: Option<Usd>) -> Option<Duration> {
        self.spent += cost.unwrap_or_default();
        let error = result.as_ref().err()?;
        let wait = self.backoff.wait_after(error)?;
        self.deadline.allows(wait).then_some(wait)
    }

    fn answered(&self, completion: Arc<Completion>) -> Answered {
        let cost = self.price_known.then_some(self.spent);
        Answered { completion, cached: false, attempts: self.made, cost, spent: self.spent }
    }

    fn failed(&self, error: CallError) -> NoAnswer {
        NoAnswer::Failed { error, attempts: self.made, spent: self.spent }
    }
}

impl CallJob<'_> {
    /// An answer that needs no call: from before the run was stopped, or from the cache.
    async fn paid_before(&self) -> Result<Option<Answered>, Stopped> {
        if let Some(earlier) = self.earlier.answered.get(&self.fingerprint) {
            return Ok(Some(Answered::kept(earlier.clone(), false)));
        }
        if let Some(read) = self.read_again().await? {
            return Ok(Some(read));
        }
        let hit = self.policy.cache.on.then(|| self.cache.get(&self.fingerprint)).flatten();
        Ok(hit.map(|hit| Answered::kept(hit, true)))
    }

    /// A reply that was received and never read, since the program died between the two. The wallet holds its
    /// reservation already.
    async fn read_again(&self) -> Result<Option<Answered>, Stopped> {
        // One attempt received it, so that one trial may have it, though others ask for the same.
        let reply = self.earlier.received.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.fingerprint);
        let Some(reply) = reply else { return Ok(None) };
        let Ok(completion) = self.read(&reply).map(Arc::new) else { return Ok(None) };
        let worst = worst_case(self.request, self.route.price.as_ref(), self.route.max_output).unwrap_or_default();
        let price = self.route.price.as_ref();
        let cost = price.map(|price| completion.usage.map_or(worst, |usage| price.cost(&usage)));
        self.record_end(self.first, &Ok(completion.clone()), cost, None).await?;
        Ok(Some(Answered { completion, cached: false, attempts: 1, cost, spent: cost.unwrap_or_default() }))
    }

    async fn reserve(&self, tries: &Tries<'_>) -> Result<Reservation<'_>, NoAnswer> {
        let worst = worst_case(self.request, self.route.price.as_ref(), self.route.max_output);
        let amount = match (worst, self.control.wallet.cap()) {
            (Ok(amount), _) => amount,
            (Err(_), None) => Usd::ZERO,
            (Err(reason), Some(_)) => return Err(tries.failed(no_bound(&self.route.model.0, reason))),
        };
        let reserved = tokio::select! {
            reserved = self.control.wallet.reserve(amount) => reserved,
            () = self.control.drained() => return Err(NoAnswer::Left),
        };
        reserved.ok_or_else(|| {
            self.control.drain(RunState::BudgetReached);
            NoAnswer::Left
        })
    }

    /// A place among the endpoint's calls in flight; `None` when the endpoint or the run has stopped.
    async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            biased;
            () = self.control.drained() => None,
            slot = self.route.endpoint.slot() => slot,
        }
    }

    /// Sends and receives, both on record: *sent* before the first byte leaves, *received* before anybody parses it.
    /// The slot of an answer is free as soon as the wire is; that of a failure comes back, so that whoever waits for it
    /// learns first whether the endpoint has stopped.
    async fn exchange<'s>(
        &self,
        attempt: AttemptRef,
        reservation: &mut Reservation<'_>,
        slot: SemaphorePermit<'s>,
    ) -> Result<(Result<Arc<RawReply>, CallError>, Option<SemaphorePermit<'s>>), Stopped> {
        let reserved = self.route.price.is_some().then_some(reservation.amount());
        let sent = AttemptSent {
            attempt,
            key: self.key,
            request: self.fingerprint,
            model: self.route.model.clone(),
            reserved,
            at: now(),
        };
        self.ledger.commit(RunEvent::AttemptSent(sent)).await?;
        reservation.mark_sent();
        let total = Duration::from_millis(self.policy.timeouts.total_ms);
        let on_the_wire = self.control.call_begins();
        let on_text = |text: &str| self.watcher.into_iter().for_each(|watcher| watcher(attempt.trial, text));
        let exchanged = tokio::time::timeout(total, self.route.endpoint.provider.exchange(self.request, &on_text))
            .await
            .unwrap_or_else(|_| Err(too_long(total)))
            .map(Arc::new);
        drop(on_the_wire);
        let slot = if exchanged.as_ref().is_ok_and(|reply| reply.status < 400) { None } else { Some(slot) };
        if let Ok(reply) = &exchanged {
            self.ledger.commit(RunEvent::AttemptReceived { attempt, reply: reply.clone() }).await?;
        }
        Ok((exchanged, slot))
    }

    fn read(&self, reply: &RawReply) -> Result<Completion, CallError> {
        self.route.endpoint.provider.read(self.request, reply)
    }

    /// Books what the call cost: by the provider's own count, else at its reservation where it may be billed.
    async fn settle(
        &self,
        reservation: Reservation<'_>,
        result: &Result<Arc<Completion>, CallError>,
    ) -> Result<Option<Usd>, Stopped> {
        let reserved = reservation.amount();
        let cost = self.route.price.as_ref().map(|price| match result {
            Ok(completion) => completion.usage.map_or(reserved, |usage| price.cost(&usage)),
            Err(error) if error.may_be_billed() => reserved,
            Err(_) => Usd::ZERO,
        });
        if reservation.settle(cost.unwrap_or_default()) {
            let message = format!("The run has spent {}, past its warning mark.", self.control.wallet.spent());
            self.ledger.say(RunEvent::Notice { message }).await?;
        }
        Ok(cost)
    }

    async fn record_end(
        &self,
        attempt: AttemptRef,
        result: &Result<Arc<Completion>, CallError>,
        cost: Option<Usd>,
        retry_in: Option<Duration>,
    ) -> Result<(), Stopped> {
        let ended = AttemptEnded {
            attempt,
            request: self.fingerprint,
            result: result.clone(),
            cost,
            cacheable: result.as_ref().is_ok_and(|completion| is_whole(completion)),
            retry_in_ms: retry_in.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        };
        self.ledger.say(RunEvent::AttemptEnded(ended)).await
    }

    /// Waits without holding a slot.
    async fn back_off(&self, wait: Duration) -> Result<(), Stopped> {
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.control.drained() => Err(Stopped),
        }
    }

    /// The last attempt failed: the trial is errored, unless its endpoint stopped, which is no fault of the trial.
    async fn give_up(&self, error: CallError, tries: &Tries<'_>) -> Result<NoAnswer, Stopped> {
        let endpoint = &self.route.endpoint;
        if endpoint.failed(&error) {
            self.ledger.say(RunEvent::Notice { message: endpoint.stop_notice(&error) }).await?;
        }
        Ok(if error.fault.stops_endpoint() { NoAnswer::Left } else { tries.failed(error) })
    }
}

/// Whether an answer may stand for the same request again: cut and withheld ones may not.
fn is_whole(completion: &Completion) -> bool {
    matches!(completion.finish, FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Refusal)
}

fn too_long(total: Duration) -> CallError {
    CallError::new(
        Fault::Timeout(Phase::Total),
        format!("No whole answer within {} s, the policy's total time.", total.as_secs_f64()),
    )
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
