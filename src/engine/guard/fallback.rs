//! Fallback: who else may answer, when, and what is said when nobody did.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{CallError, ChatRequest, Completion, Fault, FinishReason, ModelId, StandIn, Step, Usage};
use crate::plan::worst_case;

use super::bill::Bill;
use super::call::{CallJob, Missed, NoAnswer};
use super::leg::Leg;

/// The endpoints of a request in order: the model's own, then those of the route that may answer it. A model that is
/// passed over is noted.
pub fn legs<'a>(job: &'a CallJob<'a>, request: &'a ChatRequest, bill: &mut Bill) -> Vec<Leg<'a>> {
    let mut legs = vec![Leg::own(job, request)];
    let Some(policy) = job.fallback.filter(|_| !job.stand_ins.is_empty()) else { return legs };
    for stand_in in job.stand_ins.iter().filter(|stand_in| stand_in.route.model != job.route.model) {
        let route = &stand_in.route;
        let asked = ChatRequest { model: route.provider_model.clone(), ..request.clone() };
        let too_dear = policy.max_cost.and_then(|limit| {
            let worst = worst_case(&asked, route.price.as_ref(), route.max_output);
            worst.map_or_else(
                |why| Some(format!("{why}, and the route has a limit")),
                |cost| (cost > limit).then(|| format!("it may cost {cost}, more than {limit}")),
            )
        });
        match too_dear {
            Some(reason) => bill.note(Step::PassedOver { model: route.model.clone(), reason }),
            None => legs.push(Leg::stand_in(job, stand_in, asked)),
        }
    }
    for followed in legs.iter_mut().rev().skip(1) {
        followed.others_follow = true;
    }
    legs
}

/// How long the whole route may take.
pub fn time(job: &CallJob<'_>) -> Option<Duration> {
    job.fallback.map(|policy| Duration::from_millis(policy.deadline_ms))
}

/// Faults of health and of limits let the next endpoint answer. A wrong request, a refused key or a poor answer is no
/// reason to ask another model.
pub const fn falls_through(missed: &Missed) -> bool {
    match missed {
        Missed::Failed(error) | Missed::EndpointStopped(error) => lets_others_answer(error),
        Missed::Left => false,
    }
}

/// As [`falls_through`], for an endpoint's own error.
pub const fn lets_others_answer(error: &CallError) -> bool {
    matches!(
        error.fault,
        Fault::Connect
            | Fault::Tls
            | Fault::Disconnected
            | Fault::Timeout(_)
            | Fault::Stalled
            | Fault::RateLimited
            | Fault::Quota
            | Fault::Server
            | Fault::Overloaded
            | Fault::Truncated
    )
}

/// Whose fault and what it was.
pub fn reason((model, missed): &(ModelId, Missed)) -> (ModelId, String) {
    (model.clone(), words(missed).to_owned())
}

fn words(missed: &Missed) -> &str {
    match missed {
        Missed::Failed(error) | Missed::EndpointStopped(error) => &error.message,
        Missed::Left => "the run stopped",
    }
}

/// What comes of a request that no endpoint answered: the canned text, or an error with each endpoint's own reason. Where
/// the model's own endpoint stopped and nobody else was asked, the trial is left for a resume.
pub fn nobody_answered(
    job: &CallJob<'_>,
    missed: Vec<(ModelId, Missed)>,
    bill: &mut Bill,
) -> Result<Arc<Completion>, NoAnswer> {
    let reasons: Vec<String> = missed.iter().map(|(model, why)| format!("{model}: {}", words(why))).collect();
    let healthy_reason = missed.last().is_some_and(|(_, why)| !falls_through(why));
    let canned = job.fallback.and_then(|policy| Some((policy, policy.canned.as_ref()?)));
    if let Some((policy, text)) = canned.filter(|_| job.may_degrade && !healthy_reason) {
        bill.note(Step::Degraded { reason: reasons.join(" ") });
        bill.stand_in(StandIn::Canned, !policy.count_stand_ins);
        return Ok(Arc::new(canned_completion(text)));
    }
    let alone = missed.len() == 1;
    match missed.into_iter().next() {
        None | Some((_, Missed::Left | Missed::EndpointStopped(_))) if alone || reasons.is_empty() => {
            Err(NoAnswer::Left)
        }
        Some((_, Missed::Failed(error))) if alone => Err(bill.failed(error)),
        Some((_, Missed::Failed(error) | Missed::EndpointStopped(error))) => {
            let message = format!("No model of the route could answer. {}", reasons.join(" "));
            Err(bill.failed(CallError { message, ..error }))
        }
        None | Some((_, Missed::Left)) => Err(NoAnswer::Left),
    }
}

fn canned_completion(text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        reasoning: None,
        tool_calls: Vec::new(),
        finish: FinishReason::Stop,
        usage: Some(Usage::default()),
        model: None,
        request_id: None,
        first_token_ms: None,
        latency_ms: 0.0,
    }
}
