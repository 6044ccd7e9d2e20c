//! Vectors of texts from a model: a call of its own, reserved, recorded and settled like every other. It is tried once,
//! since a question without a vector is simply asked, and a check without one is unscored.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, Completion, Fault, Fingerprint, FinishReason, Phase, Policy,
    Price, RunEvent, RunState, TrialKey, Usage, Usd,
};
use crate::engine::clock::now;
use crate::engine::control::Control;
use crate::engine::dispatcher::Ledger;
use crate::engine::world::Route;
use crate::plan::embedding_fingerprint;
use crate::provider::Embedded;

use super::call::Missed;
use super::limiter::Bounds;

/// Texts that want vectors.
#[derive(Clone, Copy)]
pub struct EmbedJob<'a> {
    pub route: &'a Route,
    pub texts: &'a [String],
    pub attempt: AttemptRef,
    pub key: TrialKey,
    pub policy: &'a Policy,
    pub ledger: &'a Ledger,
    pub control: &'a Control,
}

/// What came of it.
#[derive(Debug)]
pub struct Vectors {
    /// One for each text, or why there are none.
    pub vectors: Result<Vec<Vec<f32>>, String>,
    /// What it cost; `None` where nothing was sent.
    pub paid: Option<Paid>,
}

/// `None` where the price is unknown.
pub type Paid = Option<Usd>;

impl Vectors {
    fn not_asked(why: String) -> Self {
        Self { vectors: Err(why), paid: None }
    }
}

/// The vectors of texts, in one call.
pub async fn vectors(job: &EmbedJob<'_>) -> Result<Vectors, Missed> {
    let EmbedJob { route, control, attempt, .. } = *job;
    control.gate().await?;
    let limit = Duration::from_millis(job.policy.timeouts.total_ms);
    let bound = job.texts.iter().map(|text| text.len() as u64).sum();
    let worst = match (route.price.as_ref(), control.wallet.cap()) {
        (Some(price), _) => price.cost(&input(bound)),
        (None, None) => Usd::ZERO,
        (None, Some(_)) => {
            let why = format!("the price of {} is unknown, and the run has a budget", route.model);
            return Ok(Vectors::not_asked(why));
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
        return Ok(Vectors::not_asked(format!("{} is stopped", route.endpoint.id)));
    };
    let request = fingerprint(route, job.texts);
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
    let embedded = tokio::time::timeout(limit, route.endpoint.provider.embed(&route.provider_model, job.texts)).await;
    let embedded = embedded.unwrap_or_else(|_| Err(too_long(limit)));
    drop(on_the_wire);
    entry.free_slot();
    let result = match &embedded {
        Ok(embedded) => Ok(Arc::new(without_text(embedded, began.elapsed()))),
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
    let vectors = match embedded {
        Ok(embedded) if embedded.vectors.len() == job.texts.len() => Ok(embedded.vectors),
        Ok(_) => Err("not as many vectors came as were asked for".to_owned()),
        Err(error) => {
            if route.endpoint.failed(&error) {
                job.ledger.say(RunEvent::Notice { message: route.endpoint.stop_notice(&error) }).await?;
            }
            Err(error.message)
        }
    };
    Ok(Vectors { vectors, paid: Some(cost) })
}

/// Identity of the call: of one text as it stands, of several as a list.
fn fingerprint(route: &Route, texts: &[String]) -> Fingerprint {
    let (origin, model) = (&route.endpoint.origin, &route.provider_model);
    match texts {
        [only] => embedding_fingerprint(origin, model, only),
        several => embedding_fingerprint(origin, model, &serde_json::json!(several).to_string()),
    }
}

async fn record_end(
    job: &EmbedJob<'_>,
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

/// What the record keeps of a vector: tokens and time.
fn without_text(embedded: &Embedded, took: Duration) -> Completion {
    Completion {
        text: String::new(),
        reasoning: None,
        tool_calls: Vec::new(),
        finish: FinishReason::Stop,
        usage: embedded.usage,
        model: None,
        request_id: None,
        first_token_ms: None,
        latency_ms: took.as_secs_f64() * 1000.0,
    }
}

fn too_long(total: Duration) -> CallError {
    let message = format!("No vector within {} s, the policy's total time.", total.as_secs_f64());
    CallError::new(Fault::Timeout(Phase::Total), message)
}

fn not_sent() -> CallError {
    CallError::new(Fault::Cancelled, "The run was stopped before the request left.")
}
