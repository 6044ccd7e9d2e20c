//! Asking again in other words, after an answer that broke the prompt's form.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::compose::{Wrong, field_request, reformulated};
use crate::domain::{CallError, Completion, Fault, FinishReason, Strategy, Usage};
use crate::scoring::{field_value, schema_of_field};

use super::bill::Bill;
use super::call::{CallJob, NoAnswer, ask};

/// The strategies that are left after the first answer.
pub fn strategies(job: &CallJob<'_>) -> impl Iterator<Item = Strategy> + use<> {
    let strategies = if job.validation.is_some() { job.policy.repair.strategies.clone() } else { Vec::new() };
    strategies.into_iter()
}

/// What is wrong with an answer's form. Refusals and blocked answers have no form to be held to, and calls of tools are
/// no answer yet.
pub fn wrong(job: &CallJob<'_>, answer: &Completion) -> Option<String> {
    let is_answer = matches!(answer.finish, FinishReason::Stop | FinishReason::Length | FinishReason::Other(_));
    let validation = job.validation.filter(|_| is_answer && answer.tool_calls.is_empty())?;
    validation.check(&answer.text).err()
}

/// Asks again with a strategy; the original request is the base each time.
pub async fn again(
    job: &CallJob<'_>,
    strategy: Strategy,
    answer: &str,
    reason: &str,
    bill: &mut Bill,
) -> Result<Arc<Completion>, NoAnswer> {
    let job = &job.again();
    let Some(validation) = job.validation else { return Err(NoAnswer::Left) };
    let spec = validation.spec();
    let properties = spec.schema.as_ref().and_then(|schema| Some((schema, schema["properties"].as_object()?)));
    match (strategy, properties) {
        (Strategy::BreakDownTask, Some((schema, properties))) => field_by_field(job, schema, properties, bill).await,
        _ => ask(job, &reformulated(job.request, strategy, spec, Wrong { answer, reason }), bill).await,
    }
}

/// A request for each top-level field; the answer is put together from the replies. A field whose reply cannot be used is
/// left out, and the whole is then held to the schema like any other answer.
async fn field_by_field(
    job: &CallJob<'_>,
    schema: &Value,
    properties: &Map<String, Value>,
    bill: &mut Bill,
) -> Result<Arc<Completion>, NoAnswer> {
    let mut whole = Map::new();
    let mut parts = Vec::new();
    for name in properties.keys() {
        let Some(own) = schema_of_field(schema, name) else { continue };
        let part = ask(job, &field_request(job.request, name, &own), bill).await?;
        if let Ok(value) = field_value(&own, &part.text) {
            whole.insert(name.clone(), value);
        }
        parts.push(part);
    }
    let text = Value::Object(whole).to_string();
    let assembled = assembled(text, &parts);
    assembled.map(Arc::new).ok_or_else(|| bill.failed(CallError::new(Fault::Internal, "The schema has no field.")))
}

/// One answer made of several: their tokens and times together.
fn assembled(text: String, parts: &[Arc<Completion>]) -> Option<Completion> {
    let last = parts.last()?;
    let usage = parts.iter().map(|part| part.usage).collect::<Option<Vec<Usage>>>();
    Some(Completion {
        text,
        reasoning: None,
        usage: usage.map(|usages| usages.into_iter().fold(Usage::default(), |sum, usage| sum + usage)),
        first_token_ms: None,
        latency_ms: parts.iter().map(|part| part.latency_ms).sum(),
        ..(**last).clone()
    })
}
