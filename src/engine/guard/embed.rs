//! A vector of a question from a model: a call of its own, reserved, recorded and settled like every other. It is tried
//! once, since a question without a vector is simply asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, Completion, Fault, Fingerprint, FinishReason, Phase, Price,
    RunEvent, RunState, Usage, Usd,
};
use crate::engine::clock::now;
use crate::engine::world::Route;
use crate::plan::embedding_fingerprint;
use crate::provider::Embedded;

use super::bill::Bill;
use super::call::{CallJob, Missed};
use super::limiter::Bounds;

/// The vector of a text; the inner error says why there is none.
pub async fn vector(
    job: &CallJob<'_>,
    route: &Route,
    text: &str,
    bill: &mut Bill,
) -> Result<Result<Vec<f32>, String>, Missed> {
    let control = job.control;
    control.gate().await?;
    let limit = Duration::from_millis(job.policy.timeouts.total_ms);
    let worst = match (route.price.as_ref(), control.wallet.cap()) {
        (Some(price), _) => price.cost(&input(text.len() as u64)),
        (None, None) => Usd::ZERO,
        (None, Some(_)) => {
            return Ok(Err(format!("the price of {} is unknown, and the run has a budget", route.model)));
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
    let bounds = Bounds { input_tokens: text.len() as u64, output_tokens: 0 };
    let entered = tokio::select! {
        biased;
        () = control.drained() => return Err(Missed::Left),
        entered = route.endpoint.enter(&route.provider_model, bounds) => entered,
    };
    let Some(mut entry) = entered else { return Ok(Err(format!("{} is stopped", route.endpoint.id))) };
    let attempt = bill.next_embedding();
    let request = embedding_fingerprint(&route.endpoint.origin, &route.provider_model, text);
    let reserved = route.price.is_some().then_some(worst);
    let sent = AttemptSent { attempt, key: job.key, request, model: route.model.clone(), reserved, at: now() };
    job.ledger.commit(RunEvent::AttemptSent(sent)).await?;
    if control.is_draining() {
        record_end(job, attempt, request, Err(not_sent()), reserved.map(|_| Usd::ZERO)).await?;
        return Err(Missed::Left);
    }
    reservation.mark_sent();
    entry.mark_sent(false);
    let on_the_wire = control.call_begins();
    let began = Instant::now();
    let texts = [text.to_owned()];
    let embedded = tokio::time::timeout(limit, route.endpoint.provider.embed(&route.provider_model, &texts)).await;
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
    bill.pay_embedding(cost, job.policy.semantic.mode);
    record_end(job, attempt, request, result, cost).await?;
    match embedded {
        Ok(embedded) => Ok(embedded.vectors.into_iter().next().ok_or_else(|| "no vector came".to_owned())),
        Err(error) => {
            if route.endpoint.failed(&error) {
                job.ledger.say(RunEvent::Notice { message: route.endpoint.stop_notice(&error) }).await?;
            }
            Ok(Err(error.message))
        }
    }
}

async fn record_end(
    job: &CallJob<'_>,
    attempt: AttemptRef,
    request: Fingerprint,
    result: Result<Arc<Completion>, CallError>,
    cost: Option<Usd>,
) -> Result<(), Missed> {
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
