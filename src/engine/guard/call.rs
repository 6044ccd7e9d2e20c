//! The guarded call: the whole order, in one place.

use std::sync::Arc;

use tokio::time::Instant;

use crate::domain::{
    AttemptRef, CallError, ChatRequest, Completion, FallbackPolicy, Fingerprint, Guarded, Policy, Step, TrialKey,
    TrialRef, Usd,
};
use crate::engine::control::{Control, Stopped};
use crate::engine::dispatcher::Ledger;
use crate::engine::sink::CallCache;
use crate::engine::world::{Earlier, Route, StandInRoute};
use crate::scoring::Validation;
use crate::scoring::guardrails::Inspector;

use super::bill::Bill;
use super::fallback;
use super::leg::{Leg, land, route_is_over};
use super::output;
use super::repair;
use super::semantic::{self, Semantic};
use super::single_flight::{Boarding, Flights};
use super::tries::Tries;

/// Hears the pieces of a streamed answer.
pub type Watcher<'a> = &'a (dyn Fn(TrialRef, &str) + Send + Sync);

/// One request that wants an answer.
#[derive(Clone, Copy)]
pub struct CallJob<'a> {
    pub route: &'a Route,
    /// Who may answer when the route's own model cannot.
    pub stand_ins: &'a [StandInRoute],
    /// `None` for calls in whose place nobody may answer, such as a judge's.
    pub fallback: Option<&'a FallbackPolicy>,
    /// The canned text may stand in: there is no answer yet that it would replace.
    pub may_degrade: bool,
    pub request: &'a ChatRequest,
    /// Identity of the call, where it has been made already.
    pub call: Option<Fingerprint>,
    pub key: TrialKey,
    /// The first attempt of the call.
    pub first: AttemptRef,
    pub policy: &'a Policy,
    /// The form that answers are held to; `None` takes every answer.
    pub validation: Option<&'a Validation>,
    /// What answers are looked at for; `None` lets every answer through.
    pub inspector: Option<&'a Inspector>,
    pub cache: &'a dyn CallCache,
    pub epoch: u32,
    pub flights: &'a Flights,
    /// `None` where no answer of a similar question will do.
    pub semantic: Option<&'a Semantic>,
    pub earlier: &'a Earlier,
    pub ledger: &'a Ledger,
    pub control: &'a Control,
    /// Told each piece of a streamed answer as it arrives.
    pub watcher: Option<Watcher<'a>>,
    pub seed: u64,
}

impl CallJob<'_> {
    /// The job of asking again: only for a model's own answer to just this request.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { call: None, may_degrade: false, semantic: None, ..*self }
    }
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
    pub guarded: Guarded,
}

impl Answered {
    /// An answer that nobody was asked for: it costs nothing.
    pub fn given(completion: Arc<Completion>) -> Self {
        let (cost, spent, guarded) = (Some(Usd::ZERO), Usd::ZERO, Guarded::default());
        Self { completion, cached: false, attempts: 0, cost, spent, guarded }
    }
}

#[derive(Debug, Clone)]
pub enum NoAnswer {
    Failed(Box<Failure>),
    /// The run or the endpoint stopped first: the trial is not over, a resume takes it up.
    Left,
}

/// Why there is no answer, and what it took all the same.
#[derive(Debug, Clone)]
pub struct Failure {
    pub error: CallError,
    pub attempts: u32,
    pub spent: Usd,
    pub guarded: Guarded,
}

impl From<Stopped> for NoAnswer {
    fn from(Stopped: Stopped) -> Self {
        Self::Left
    }
}

/// Why an endpoint gave no answer.
#[derive(Debug)]
pub enum Missed {
    Failed(CallError),
    /// Every further call to it would fail the same way.
    EndpointStopped(CallError),
    /// The run stopped.
    Left,
}

impl From<Stopped> for Missed {
    fn from(Stopped: Stopped) -> Self {
        Self::Left
    }
}

/// Answers a request as production would: asked through the route → validated → asked again in other words, as often as
/// there are strategies → let through by the output guard. The input was sanitised when the request was made.
pub async fn call(job: &CallJob<'_>) -> Result<Answered, NoAnswer> {
    let mut bill = Bill::new(job.first);
    let mut answer = ask(job, job.request, &mut bill).await?;
    for strategy in repair::strategies(job) {
        let Some(reason) = repair::wrong(job, &answer) else { break };
        bill.note(Step::Repaired { strategy, reason: reason.clone() });
        match repair::again(job, strategy, &answer.text, &reason, &mut bill).await {
            Ok(better) => answer = better,
            Err(NoAnswer::Left) => return Err(NoAnswer::Left),
            Err(NoAnswer::Failed(_)) => break,
        }
    }
    let answer = output::guarded(job, answer, &mut bill).await?;
    if let Some(reason) = repair::wrong(job, &answer) {
        bill.note(Step::Invalid { reason });
    }
    Ok(bill.answered(answer))
}

/// One request through the route: each endpoint in turn, until one answers.
pub(super) async fn ask(
    job: &CallJob<'_>,
    request: &ChatRequest,
    bill: &mut Bill,
) -> Result<Arc<Completion>, NoAnswer> {
    let mut missed = Vec::new();
    let legs = fallback::legs(job, request, bill);
    bill.route_begins(fallback::time(job).filter(|_| legs.len() > 1));
    for leg in legs {
        if let Some((model, reason)) = missed.last().map(fallback::reason) {
            bill.note(Step::FellBack { from: model, to: leg.route.model.clone(), reason });
        }
        match semantic::through(job, &leg, bill).await {
            Ok(completion) => {
                bill.answered_by(&leg);
                return Ok(completion);
            }
            Err(Missed::Left) => return Err(NoAnswer::Left),
            Err(why) => {
                let next_may_answer = fallback::falls_through(&why);
                missed.push((leg.route.model.clone(), why));
                if !next_may_answer {
                    break;
                }
            }
        }
    }
    fallback::nobody_answered(job, missed, bill)
}

/// One endpoint: single flight → cache → budget → breaker, limits and a slot → sent on record → the provider, within its
/// time → received on record → understood → settled → back-off, or the answer.
pub(super) async fn attempts(job: &CallJob<'_>, leg: &Leg<'_>, bill: &mut Bill) -> Result<Arc<Completion>, Missed> {
    let flight = match leg.board().await? {
        Boarding::Shared(call) => return Ok(bill.shared(call)),
        Boarding::Own(flight) => flight,
    };
    if let Some(paid) = leg.paid_before(bill).await? {
        return Ok(paid);
    }
    let mut tries = Tries::new(&job.policy.retry, job.seed, leg.others_follow);
    let mut asked = Instant::now();
    loop {
        job.control.gate().await?;
        let mut reservation = leg.reserve().await?;
        let mut entry = leg.enter().await?;
        if job.control.is_paused() {
            // Since it began to wait for its turn: all that it took goes back.
            continue;
        }
        let held_back = asked.elapsed();
        if !tries.begin(held_back, bill.route_goes_on(held_back)) {
            return Err(Missed::Failed(route_is_over()));
        }
        let attempt = bill.next_attempt(tries.is_retry());
        let received = leg.exchange(attempt, &mut reservation, &mut entry, &tries).await?;
        let result = leg.read(&received);
        let aftermath = entry.record(&result, received.as_deref().ok());
        leg.tell(&result, &aftermath).await?;
        let cost = leg.settle(reservation, &result).await?;
        bill.pay(cost);
        let retry_in = tries.after(&result, &aftermath, &leg.route.endpoint);
        let recorded = leg.record_end(attempt, &result, cost, retry_in).await?;
        drop(received);
        match (result, retry_in) {
            (Ok(completion), _) => {
                land(flight, &completion, cost, recorded);
                return Ok(completion);
            }
            (Err(_), Some(wait)) => {
                drop(entry);
                job.control.sleep(wait).await?;
                asked = Instant::now();
            }
            (Err(error), None) => return Err(leg.give_up(error).await?),
        }
    }
}
