//! Vectors and labels of texts: calls of their own, reserved, recorded and settled like every other. Each is tried once,
//! since a question without a vector is simply asked, and a check without its answer is unscored.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, Completion, Fault, Fingerprint, FinishReason, Label, Phase,
    Policy, Price, RunEvent, RunState, TrialKey, Usage, Usd,
};
use crate::engine::clock::now;
use crate::engine::control::Control;
use crate::engine::dispatcher::Ledger;
use crate::engine::world::{Earlier, Route};
use crate::plan::{embedding_fingerprint, labels_fingerprint};

use super::call::Missed;
use super::limiter::Bounds;

/// Who is asked, for which trial.
#[derive(Clone, Copy)]
pub struct ServiceJob<'a> {
    pub route: &'a Route,
    pub attempt: AttemptRef,
    pub key: TrialKey,
    pub policy: &'a Policy,
    pub earlier: &'a Earlier,
    pub ledger: &'a Ledger,
    pub control: &'a Control,
}

/// What came of it.
#[derive(Debug)]
pub struct Served<T> {
    /// What was asked for, or why there is none.
    pub got: Result<T, String>,
    /// What it cost; `None` where nothing was sent.
    pub paid: Option<Paid>,
}

/// `None` where the price is unknown.
pub type Paid = Option<Usd>;

impl<T> Served<T> {
    fn not_asked(why: String) -> Self {
        Self { got: Err(why), paid: None }
    }

    fn and_then<U>(self, read: impl FnOnce(T) -> Result<U, String>) -> Served<U> {
        Served { got: self.got.and_then(read), paid: self.paid }
    }
}

/// An answer, and what the record keeps of it.
struct Told<T> {
    value: T,
    usage: Option<Usage>,
    text: String,
}

/// The vectors of texts, one for each in their order, in one call.
pub async fn vectors(job: &ServiceJob<'_>, texts: &[String]) -> Result<Served<Vec<Vec<f32>>>, Missed> {
    let route = job.route;
    let (origin, model) = (&route.endpoint.origin, &route.provider_model);
    // Of one text as it stands, of several as a list.
    let request = match texts {
        [only] => embedding_fingerprint(origin, model, only),
        several => embedding_fingerprint(origin, model, &serde_json::json!(several).to_string()),
    };
    let bytes = texts.iter().map(|text| text.len() as u64).sum();
    let asked = async {
        let embedded = route.endpoint.provider.embed(model, texts).await?;
        // A vector is of no use to a reader of the record.
        Ok(Told { value: embedded.vectors, usage: embedded.usage, text: String::new() })
    };
    let served = served(job, request, bytes, asked).await?;
    let are_whole = |vectors: Vec<Vec<f32>>| {
        let whole = vectors.len() == texts.len();
        whole.then_some(vectors).ok_or_else(|| "not as many vectors came as were asked for".to_owned())
    };
    Ok(served.and_then(are_whole))
}

/// The labels of a text; those of the run's earlier execution where it has them.
pub async fn labels(job: &ServiceJob<'_>, text: &str) -> Result<Served<Vec<Label>>, Missed> {
    let route = job.route;
    let request = labels_fingerprint(&route.endpoint.origin, &route.provider_model, text);
    if let Some(kept) = job.earlier.answered.get(&job.key, &request)
        && let Ok(labels) = serde_json::from_str(&kept.completion.text)
    {
        return Ok(Served { got: Ok(labels), paid: None });
    }
    let asked = async {
        let labels = route.endpoint.provider.label(&route.provider_model, text).await?;
        let text = serde_json::to_string(&labels).unwrap_or_default();
        Ok(Told { value: labels, usage: None, text })
    };
    served(job, request, text.len() as u64, asked).await
}

/// Asks once. `bound` is the most tokens that are sent.
async fn served<T>(
    job: &ServiceJob<'_>,
    request: Fingerprint,
    bound: u64,
    asked: impl Future<Output = Result<Told<T>, CallError>>,
) -> Result<Served<T>, Missed> {
    let ServiceJob { route, control, attempt, .. } = *job;
    control.gate().await?;
    let limit = Duration::from_millis(job.policy.timeouts.total_ms);
    let worst = match (route.price.as_ref(), control.wallet.cap()) {
        (Some(price), _) => price.cost(&input(bound)),
        (None, None) => Usd::ZERO,
        (None, Some(_)) => {
            let why = format!("the price of {} is unknown, and the run has a budget", route.model);
            return Ok(Served::not_asked(why));
        }
    };
    let reserved = tokio::select! {
        reserved = control.wallet.reserve(worst) => reserved,
        () = control.drained() => return Err(Missed::Left),
    };
    let Some(mut reservation) = reserved else {
        control.drain(RunState::BudgetReached);
        return Err(Missed::Left);
    };
    let bounds = Bounds { input_tokens: bound, output_tokens: 0 };
    let entered = tokio::select! {
        biased;
        () = control.drained() => return Err(Missed::Left),
        entered = route.endpoint.enter(&route.provider_model, bounds) => entered,
    };
    let Some(mut entry) = entered else {
        return Ok(Served::not_asked(format!("{} is stopped", route.endpoint.id)));
    };
    let reserved = route.price.is_some().then_some(worst);
    let sent = AttemptSent { attempt, key: job.key, request, model: route.model.clone(), reserved, at: now() };
    job.ledger.commit(RunEvent::AttemptSent(sent)).await?;
    if control.is_draining() {
        record_end(job, request, Err(not_sent()), reserved.map(|_| Usd::ZERO)).await?;
        return Err(Missed::Left);
    }
    reservation.mark_sent();
    entry.mark_sent(false);
    let on_the_wire = control.call_begins();
    let began = Instant::now();
    let told = tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| Err(too_long(limit)));
    drop(on_the_wire);
    entry.free_slot();
    let result = match &told {
        Ok(told) => Ok(Arc::new(kept(told, began.elapsed()))),
        Err(error) => Err(error.clone()),
    };
    let aftermath = entry.record(&result, None);
    if let Some(message) = route.endpoint.aftermath_notice(&route.provider_model, &aftermath) {
        job.ledger.say(RunEvent::Notice { message }).await?;
    }
    let cost = route.price.as_ref().map(|price| cost(price, &result, worst));
    if reservation.settle(cost.unwrap_or_default()) {
        let message = format!("The run has spent {}, past its warning mark.", control.wallet.spent());
        job.ledger.say(RunEvent::Notice { message }).await?;
    }
    record_end(job, request, result, cost).await?;
    let got = match told {
        Ok(told) => Ok(told.value),
        Err(error) => {
            if route.endpoint.failed(&error) {
                job.ledger.say(RunEvent::Notice { message: route.endpoint.stop_notice(&error) }).await?;
            }
            Err(error.message)
        }
    };
    Ok(Served { got, paid: Some(cost) })
}

async fn record_end(
    job: &ServiceJob<'_>,
    request: Fingerprint,
    result: Result<Arc<Completion>, CallError>,
    cost: Option<Usd>,
) -> Result<(), Missed> {
    let attempt = job.attempt;
    let ended = AttemptEnded { attempt, request, result, cost, cacheable: false, retry_in_ms: None };
    Ok(job.ledger.say(RunEvent::AttemptEnded(ended)).await?)
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
    let message = format!("No answer within {} s, the policy's total time.", total.as_secs_f64());
    CallError::new(Fault::Timeout(Phase::Total), message)
}

fn not_sent() -> CallError {
    CallError::new(Fault::Cancelled, "The run was stopped before the request left.")
}
