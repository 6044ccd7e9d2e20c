//! Vectors and labels of texts: calls of their own, reserved, recorded and settled like every other, and found again in the
//! record of a run that goes on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, Completion, Fault, Fingerprint, FinishReason, Label, Phase,
    Policy, Price, RunEvent, RunState, TrialKey, Usage, Usd, exact,
};
use crate::engine::clock::now;
use crate::engine::control::{Control, Stopped};
use crate::engine::dispatcher::Ledger;
use crate::engine::sink::CachedCall;
use crate::engine::world::{Earlier, Route};
use crate::plan::{embedding_fingerprint, labels_fingerprint};
use crate::provider::within;

use super::budget::Reservation;
use super::call::Missed;
use super::endpoint::Outlook;
use super::entry::Entry;
use super::limiter::Bounds;
use super::tries::Tries;
use super::vector_text::{read_vectors, vectors_text};

/// Who is asked, for which trial.
#[derive(Clone, Copy)]
pub struct ServiceJob<'a> {
    pub route: &'a Route,
    /// The first attempt of the call.
    pub attempt: AttemptRef,
    pub key: TrialKey,
    pub policy: &'a Policy,
    pub earlier: &'a Earlier,
    pub ledger: &'a Ledger,
    pub control: &'a Control,
    /// The trial cannot do without: faults are tried again. Else it is asked once.
    pub is_needed: bool,
    pub seed: u64,
}

impl ServiceJob<'_> {
    /// What becomes of the trials when it cannot be asked.
    const fn outlook(&self) -> Outlook {
        if self.is_needed { Outlook::Left } else { Outlook::NoVectors }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Served<T> {
    /// What was asked for, or why there is none.
    pub got: Result<T, String>,
    pub attempts: u32,
    /// What it costs in production, all attempts together; `None` where the price is unknown.
    pub cost: Option<Usd>,
    /// What was paid now.
    pub spent: Usd,
}

impl<T> Served<T> {
    /// Paid for before the run went on.
    fn kept(value: T, cost: Option<Usd>) -> Self {
        Self { got: Ok(value), attempts: 0, cost, spent: Usd::ZERO }
    }

    fn and_then<U>(self, read: impl FnOnce(T) -> Result<U, String>) -> Served<U> {
        let Self { got, attempts, cost, spent } = self;
        Served { got: got.and_then(read), attempts, cost, spent }
    }
}

/// An answer, and what the record keeps of it.
struct Told<T> {
    value: T,
    usage: Option<Usage>,
    text: String,
}

/// What is asked: its identity, and the most tokens that are sent.
#[derive(Clone, Copy)]
struct Wish {
    request: Fingerprint,
    bound: u64,
    /// The answer may answer the same request again, whichever trial has it.
    is_shared: bool,
}

/// The vectors of texts, one for each in their order, in one call; those of the run's earlier execution where it has them.
pub async fn vectors(job: &ServiceJob<'_>, texts: &[String]) -> Result<Served<Vec<Vec<f32>>>, Missed> {
    let route = job.route;
    let (origin, model) = (&route.endpoint.origin, &route.provider_model);
    // Of one text as it stands, of several as a list.
    let request = match texts {
        [only] => embedding_fingerprint(origin, model, only),
        several => embedding_fingerprint(origin, model, &serde_json::json!(several).to_string()),
    };
    let are_whole = |vectors: &Vec<Vec<f32>>| vectors.len() == texts.len();
    if let Some(CachedCall { completion, cost }) = job.earlier.vectors.as_ref().and_then(|paid| paid.get(&request))
        && let Some(vectors) = read_vectors(&completion.text).filter(are_whole)
    {
        return Ok(Served::kept(vectors, cost));
    }
    let ask = async || {
        let embedded = route.endpoint.provider.embed(model, texts).await?;
        let text = vectors_text(&embedded.vectors);
        Ok(Told { value: embedded.vectors, usage: embedded.usage, text })
    };
    let bound = texts.iter().map(|text| text.len() as u64).sum();
    let served = served(job, Wish { request, bound, is_shared: true }, ask).await?;
    let whole = |vectors| {
        are_whole(&vectors).then_some(vectors).ok_or_else(|| "not as many vectors came as were asked for".to_owned())
    };
    Ok(served.and_then(whole))
}

/// The labels of a text; those of the run's earlier execution where it has them.
pub async fn labels(job: &ServiceJob<'_>, text: &str) -> Result<Served<Vec<Label>>, Missed> {
    let route = job.route;
    let request = labels_fingerprint(&route.endpoint.origin, &route.provider_model, text);
    if let Some(CachedCall { completion, cost }) = job.earlier.answered.get(&job.key, &request)
        && let Ok(labels) = serde_json::from_str(&completion.text)
    {
        return Ok(Served::kept(labels, *cost));
    }
    let ask = async || {
        let labels = route.endpoint.provider.label(&route.provider_model, text).await?;
        let text = serde_json::to_string(&labels).unwrap_or_default();
        Ok(Told { value: labels, usage: None, text })
    };
    served(job, Wish { request, bound: text.len() as u64, is_shared: false }, ask).await
}

/// Asks, again after faults where the answer is needed.
async fn served<T, F: Future<Output = Result<Told<T>, CallError>>>(
    job: &ServiceJob<'_>,
    wish: Wish,
    ask: impl Fn() -> F,
) -> Result<Served<T>, Missed> {
    let mut tries = Tries::new(&job.policy.retry, job.seed, false);
    let (mut attempts, mut cost, mut spent) = (0, Some(Usd::ZERO), Usd::ZERO);
    loop {
        let asked = Instant::now();
        let (reservation, entry) = match admitted(job, wish.bound).await {
            Ok(admitted) => admitted,
            Err(Missed::Failed(error)) => return Ok(Served { got: Err(error.message), attempts, cost, spent }),
            Err(missed) => return Err(missed),
        };
        // There is one endpoint, and so no route whose time could be over.
        let _ = tries.begin(asked.elapsed(), None);
        let attempt = AttemptRef { number: job.attempt.number + attempts, ..job.attempt };
        let Tried { told, paid, retry_in } = tried(job, wish, attempt, (reservation, entry), &mut tries, ask()).await?;
        attempts += 1;
        cost = cost.zip(paid).map(|(sum, paid)| sum + paid);
        spent += paid.unwrap_or_default();
        match (told, retry_in) {
            (Ok(value), _) => return Ok(Served { got: Ok(value), attempts, cost, spent }),
            (Err(_), Some(wait)) => job.control.sleep(wait).await?,
            (Err(error), None) if error.fault.stops_endpoint() => return Err(Missed::EndpointStopped(error)),
            (Err(error), None) => return Ok(Served { got: Err(error.message), attempts, cost, spent }),
        }
    }
}

/// Waits for the money and the place of one call; not for a breaker or a long wait that the provider asked for, where the
/// trial can do without.
async fn admitted<'a>(job: &ServiceJob<'a>, bound: u64) -> Result<(Reservation<'a>, Entry<'a>), Missed> {
    let ServiceJob { route, control, .. } = *job;
    let (endpoint, model) = (&route.endpoint, &route.provider_model);
    loop {
        control.gate().await?;
        let worst = match (route.price.as_ref(), control.wallet.cap()) {
            (Some(price), _) => price.cost(&input(bound)),
            (None, None) => Usd::ZERO,
            (None, Some(_)) => return Err(Missed::Failed(no_price(&route.model.0))),
        };
        let reserved = tokio::select! {
            reserved = control.wallet.reserve(worst) => reserved,
            () = control.drained() => return Err(Missed::Left),
        };
        let Some(reservation) = reserved else {
            control.drain(RunState::BudgetReached);
            return Err(Missed::Left);
        };
        let bounds = Bounds { input_tokens: bound, output_tokens: 0 };
        let entered = tokio::select! {
            biased;
            () = control.drained() => return Err(Missed::Left),
            why = endpoint.held_back(model), if !job.is_needed => {
                return Err(Missed::Failed(endpoint.not_asked(model, why)));
            }
            entered = endpoint.enter(model, bounds) => entered,
        };
        let Some(entry) = entered else { return Err(Missed::EndpointStopped(endpoint.why_stopped())) };
        // Where the run was paused since it began to wait, all that it took goes back.
        if !control.is_paused() {
            return Ok((reservation, entry));
        }
    }
}

/// What one try came to.
struct Tried<T> {
    told: Result<T, CallError>,
    /// `None` where the price is unknown.
    paid: Option<Usd>,
    retry_in: Option<Duration>,
}

/// One try: sent on record → the provider, within its time → settled → its end on record.
async fn tried<T>(
    job: &ServiceJob<'_>,
    wish: Wish,
    attempt: AttemptRef,
    (mut reservation, mut entry): (Reservation<'_>, Entry<'_>),
    tries: &mut Tries<'_>,
    asked: impl Future<Output = Result<Told<T>, CallError>>,
) -> Result<Tried<T>, Missed> {
    let ServiceJob { route, control, .. } = *job;
    let end = End { job, attempt, wish };
    let worst = reservation.amount();
    let reserved = route.price.is_some().then_some(worst);
    let (key, request, model) = (job.key, wish.request, route.model.clone());
    job.ledger.commit(RunEvent::AttemptSent(AttemptSent { attempt, key, request, model, reserved, at: now() })).await?;
    if control.is_draining() {
        end.record(Err(not_sent()), reserved.map(|_| Usd::ZERO), None).await?;
        return Err(Missed::Left);
    }
    reservation.mark_sent();
    entry.mark_sent(tries.is_retry());
    let limit = Duration::from_millis(job.policy.timeouts.total_ms);
    let on_the_wire = control.call_begins();
    let began = Instant::now();
    let told = within(limit, asked).await.unwrap_or_else(|| Err(too_long(limit)));
    drop(on_the_wire);
    if told.is_ok() {
        // That of a failure stays, so that whoever waits for it learns first whether the endpoint has stopped.
        entry.free_slot();
    }
    let result = match &told {
        Ok(told) => Ok(Arc::new(kept(told, began.elapsed()))),
        Err(error) => Err(error.clone()),
    };
    let aftermath = entry.record(&result, None);
    if let Some(message) = route.endpoint.aftermath_notice(&route.provider_model, &aftermath, job.outlook()) {
        job.ledger.say(RunEvent::Notice { message }).await?;
    }
    let paid = route.price.as_ref().map(|price| cost(price, &result, worst));
    if reservation.settle(paid.unwrap_or_default()) {
        let message = format!("The run has spent {}, past its warning mark.", control.wallet.spent());
        job.ledger.say(RunEvent::Notice { message }).await?;
    }
    let retry_in = if job.is_needed { tries.after(&result, &aftermath, &route.endpoint) } else { None };
    end.record(result, paid, retry_in).await?;
    if let (Err(error), None) = (&told, retry_in) {
        give_up(job, error).await?;
    }
    Ok(Tried { told: told.map(|told| told.value), paid, retry_in })
}

/// The last try failed: says so where the endpoint stops by it.
async fn give_up(job: &ServiceJob<'_>, error: &CallError) -> Result<(), Stopped> {
    let endpoint = &job.route.endpoint;
    if !endpoint.failed(error) {
        return Ok(());
    }
    job.ledger.say(RunEvent::Notice { message: endpoint.stop_notice(error, job.outlook()) }).await
}

/// Whose end is to be recorded.
struct End<'a> {
    job: &'a ServiceJob<'a>,
    attempt: AttemptRef,
    wish: Wish,
}

impl End<'_> {
    async fn record(
        &self,
        result: Result<Arc<Completion>, CallError>,
        cost: Option<Usd>,
        retry_in: Option<Duration>,
    ) -> Result<(), Stopped> {
        let ended = AttemptEnded {
            attempt: self.attempt,
            request: self.wish.request,
            cacheable: self.wish.is_shared && result.is_ok(),
            result,
            cost,
            retry_in_ms: retry_in.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        };
        self.job.ledger.say(RunEvent::AttemptEnded(ended)).await
    }
}

fn cost(price: &Price, result: &Result<Arc<Completion>, CallError>, worst: Usd) -> Usd {
    match result {
        Ok(answer) => answer.usage.map_or(worst, |usage| price.cost(&usage)),
        Err(error) if error.may_be_billed() => worst,
        Err(_) => Usd::ZERO,
    }
}

fn input(tokens: u64) -> Usage {
    Usage { input_tokens: tokens, ..Usage::default() }
}

/// What the record keeps of an answer: tokens, time, and its text where a person can read it.
fn kept<T>(told: &Told<T>, took: Duration) -> Completion {
    Completion {
        text: told.text.clone(),
        reasoning: None,
        tool_calls: Vec::new(),
        finish: FinishReason::Stop,
        usage: told.usage,
        model: None,
        request_id: None,
        first_token_ms: None,
        latency_ms: took.as_secs_f64() * 1000.0,
    }
}

fn too_long(total: Duration) -> CallError {
    let message = format!("No answer within {}, the policy's total time.", exact(total));
    CallError::new(Fault::Timeout(Phase::Total), message)
}

fn not_sent() -> CallError {
    CallError::new(Fault::Cancelled, "The run was stopped before the request left.")
}

fn no_price(model: &str) -> CallError {
    CallError::new(Fault::BadRequest, format!("the price of {model} is unknown, and the run has a budget"))
}
