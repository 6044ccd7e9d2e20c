//! One JSON object a line for each call.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::{CallRow, FinishReason, Purpose};
use crate::interop::run_formats::plain_json;

pub(super) fn write(calls: &mut dyn Iterator<Item = io::Result<CallRow>>, out: &mut dyn Write) -> io::Result<u64> {
    let mut count = 0;
    for call in calls {
        writeln!(out, "{}", plain_json(&Line::of(&call?))?)?;
        count += 1;
    }
    Ok(count)
}

/// A call as its line tells it. What is not known is `null`.
#[derive(Serialize)]
struct Line<'a> {
    sent_at: String,
    run: &'a str,
    project: &'a str,
    experiment: &'a str,
    case: Option<&'a str>,
    user: Option<&'a str>,
    session: Option<&'a str>,
    variant: Option<&'a str>,
    model: &'a str,
    provider_model: Option<&'a str>,
    origin: Option<&'a str>,
    scripted: bool,
    /// `answer` or `judge`.
    purpose: &'static str,
    /// From 1; a retry is the next one.
    attempt: u32,
    request_sha256: String,
    temperature: Option<f64>,
    state: &'static str,
    fault: Option<&'static str>,
    error: Option<&'a str>,
    status: Option<u16>,
    finish: Option<&'a str>,
    valid: Option<bool>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    latency_ms: Option<f64>,
    first_token_ms: Option<f64>,
    retry_in_ms: Option<u64>,
    cost_usd: Option<f64>,
    reserved_usd: Option<f64>,
    answered_by: Option<&'a str>,
    request_id: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of(call: &'a CallRow) -> Self {
        let usage = call.usage;
        Self {
            sent_at: call.sent_at.to_string(),
            run: call.run.as_str(),
            project: call.project.as_str(),
            experiment: call.experiment.as_str(),
            case: call.case_id.as_ref().map(crate::domain::CaseId::as_str),
            user: call.user.as_deref(),
            session: call.session.as_deref(),
            variant: call.variant.as_ref().map(crate::domain::VariantId::as_str),
            model: call.model.as_str(),
            provider_model: call.provider_model.as_deref(),
            origin: call.origin.as_deref(),
            scripted: call.scripted,
            purpose: purpose(call.attempt.purpose),
            attempt: call.attempt.number + 1,
            request_sha256: call.request.to_string(),
            temperature: call.temperature,
            state: call.state.word(),
            fault: call.error.as_ref().map(|error| error.fault.word()),
            error: call.error.as_ref().map(|error| error.message.as_str()),
            status: call.status,
            finish: call.finish.as_ref().map(finish),
            valid: call.valid,
            input_tokens: usage.map(|usage| usage.input_tokens),
            output_tokens: usage.map(|usage| usage.output_tokens),
            cached_tokens: usage.map(|usage| usage.cached_tokens),
            reasoning_tokens: usage.map(|usage| usage.reasoning_tokens),
            latency_ms: call.latency_ms,
            first_token_ms: call.first_token_ms,
            retry_in_ms: call.retry_in_ms,
            cost_usd: call.cost.map(crate::domain::Usd::dollars),
            reserved_usd: call.reserved.map(crate::domain::Usd::dollars),
            answered_by: call.answered_by.as_deref(),
            request_id: call.request_id.as_deref(),
        }
    }
}

pub(super) const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Answer => "answer",
        Purpose::Judge(_) => "judge",
        Purpose::Embedding => "embedding",
        Purpose::Compression(_) => "compression",
    }
}

/// The reason in OpenTelemetry's words, where it has one.
pub(super) fn finish(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_call",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Refusal => "refusal",
        FinishReason::Other(word) => word,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::CallFormat;
    use super::super::tests::{call, failed, text};

    #[test]
    fn each_call_is_a_line() {
        let text = text(CallFormat::Jsonl, vec![failed(2), call(1)]);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told = |line: &Value, names: &[&str]| names.iter().map(|name| line[*name].clone()).collect::<Vec<_>>();
        let names = ["state", "fault", "attempt", "latency_ms", "cost_usd", "input_tokens", "retry_in_ms"];
        let expect = json!(["failed", "rate-limited", 2, null, 0.0, null, 500]);
        assert_eq!(Value::from(told(&lines[0], &names)), expect);
        assert_eq!(Value::from(told(&lines[1], &names)), json!(["answered", null, 2, 812.5, 0.0042, 40, null]));
        let names = ["sent_at", "case", "variant", "provider_model", "finish", "valid", "temperature", "purpose"];
        let expect = json!(["2026-11-23T14:05:02.25Z", "ticket-4", "concise", "small-1", "stop", true, 0.2, "answer"]);
        assert_eq!(Value::from(told(&lines[1], &names)), expect);
        assert_eq!((lines[1]["user"].as_str(), lines[1]["session"].as_str()), (Some("ann@example.org"), Some("s-7")));
        assert_eq!(lines[1]["request_sha256"], "a7".repeat(32));
    }
}
