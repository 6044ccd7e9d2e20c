//! The call log as OpenTelemetry traces: a span for each call, a trace for each trial, in OTLP's JSON.
//!
//! Attributes follow the semantic conventions of OpenTelemetry for generative AI (`gen_ai.*`, in development there); what
//! they have no word for is under `strata.*`. No prompt, no answer and no message of an error is in a span, and no id of a
//! user or a session: those are personal data, and what was agreed to is that calls go to a collector, not who made them.

use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::jsonl::{finish, purpose};
use crate::domain::{AttemptState, CallRow, Fingerprint};
use crate::interop::run_formats::plain_json;

/// Spans in one request.
pub const BATCH: usize = 256;

/// A call to a server.
const CLIENT: u8 = 3;
const FAILED: u8 = 2;

pub(super) fn write(calls: &mut dyn Iterator<Item = io::Result<CallRow>>, out: &mut dyn Write) -> io::Result<u64> {
    let mut count = 0;
    loop {
        let batch: Vec<CallRow> = (&mut *calls).take(BATCH).collect::<io::Result<_>>()?;
        if batch.is_empty() {
            return Ok(count);
        }
        writeln!(out, "{}", plain_json(&request(&batch))?)?;
        count += batch.len() as u64;
    }
}

/// The calls as one request of OTLP (`ExportTraceServiceRequest`).
#[must_use]
pub fn request(calls: &[CallRow]) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let resource = Attributes::default().text("service.name", "strata").text("service.version", version);
    json!({"resourceSpans": [{
        "resource": {"attributes": resource.0},
        "scopeSpans": [{
            "scope": {"name": "strata", "version": version},
            "spans": calls.iter().map(span).collect::<Vec<_>>(),
        }],
    }]})
}

fn span(call: &CallRow) -> Value {
    let start = call.sent_at.as_nanosecond();
    let model = call.provider_model.as_deref().unwrap_or(call.model.as_str());
    let mut span = json!({
        "traceId": id::<16>(call, "trial", call.trial_id),
        "spanId": id::<8>(call, "call", call.id),
        "name": format!("chat {model}"),
        "kind": CLIENT,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + nanoseconds(call.latency_ms)).to_string(),
        "attributes": attributes(call, model).0,
    });
    if call.error.is_some() {
        span["status"] = json!({"code": FAILED, "message": call.word()});
    }
    span
}

#[expect(clippy::cast_possible_truncation, reason = "nanoseconds of one call")]
fn nanoseconds(ms: Option<f64>) -> i128 {
    (ms.unwrap_or_default() * 1e6) as i128
}

/// The same call has the same ids whenever it is sent: a collector may see that it has it already.
fn id<const BYTES: usize>(call: &CallRow, kind: &str, number: i64) -> String {
    let mut hash = Sha256::new();
    for part in [kind, call.run.as_str(), &number.to_string()] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    Fingerprint(hash.finalize().into()).to_string()[..BYTES * 2].to_owned()
}

fn attributes(call: &CallRow, model: &str) -> Attributes {
    let attributes = Attributes::default()
        .text("gen_ai.operation.name", "chat")
        .text("gen_ai.provider.name", provider(call))
        .text("gen_ai.request.model", model)
        .number("gen_ai.request.temperature", call.temperature)
        .maybe("gen_ai.response.model", call.answered_by.as_deref())
        .maybe("gen_ai.response.id", call.request_id.as_deref())
        .list("gen_ai.response.finish_reasons", call.finish.as_ref().map(finish))
        .number("gen_ai.response.time_to_first_chunk", call.first_token_ms.map(|ms| ms / 1000.0))
        .maybe("error.type", call.error.as_ref().map(|error| error.fault.word()))
        .whole("http.response.status_code", call.status.map(u64::from));
    let attributes = usage(attributes, call);
    own(server(attributes, call), call)
}

fn usage(attributes: Attributes, call: &CallRow) -> Attributes {
    let Some(usage) = call.usage else { return attributes };
    let some = |count: u64| (count > 0).then_some(count);
    attributes
        .whole("gen_ai.usage.input_tokens", Some(usage.input_tokens))
        .whole("gen_ai.usage.output_tokens", Some(usage.output_tokens))
        .whole("gen_ai.usage.cache_read.input_tokens", some(usage.cached_tokens))
        .whole("gen_ai.usage.cache_creation.input_tokens", some(usage.cache_write_tokens))
        .whole("gen_ai.usage.reasoning.output_tokens", some(usage.reasoning_tokens))
}

/// Host and port of the origin; none for a script.
fn server(attributes: Attributes, call: &CallRow) -> Attributes {
    let Some((scheme, place)) = call.origin.as_deref().and_then(|origin| origin.split_once("://")) else {
        return attributes;
    };
    let usual = if scheme == "http" { 80 } else { 443 };
    let place = place.split('#').next().unwrap_or(place);
    let port = place.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = port.unwrap_or((place, usual));
    attributes.text("server.address", host.trim_matches(['[', ']'])).whole("server.port", Some(port))
}

fn own(attributes: Attributes, call: &CallRow) -> Attributes {
    attributes
        .text("strata.run", call.run.as_str())
        .text("strata.project", call.project.as_str())
        .text("strata.experiment", call.experiment.as_str())
        .maybe("strata.case", call.case_id.as_ref().map(crate::domain::CaseId::as_str))
        .maybe("strata.variant", call.variant.as_ref().map(crate::domain::VariantId::as_str))
        .text("strata.model", call.model.as_str())
        .text("strata.purpose", purpose(call.attempt.purpose))
        .whole("strata.attempt", Some(u64::from(call.attempt.number) + 1))
        .maybe("strata.state", (call.state != AttemptState::Ended).then(|| call.state.word()))
        .text("strata.request_sha256", &call.request.to_string())
        .number("strata.cost_usd", call.cost.map(crate::domain::Usd::dollars))
        .whole("strata.retry_in_ms", call.retry_in_ms)
        .truth("strata.valid", call.valid)
        .truth("strata.scripted", call.scripted.then_some(true))
}

/// The provider in OpenTelemetry's words where its host tells, else its host.
fn provider(call: &CallRow) -> &str {
    const KNOWN: [(&str, &str); 11] = [
        ("api.openai.com", "openai"),
        ("api.anthropic.com", "anthropic"),
        ("generativelanguage.googleapis.com", "gcp.gemini"),
        ("api.mistral.ai", "mistral_ai"),
        ("api.groq.com", "groq"),
        ("api.deepseek.com", "deepseek"),
        ("api.x.ai", "x_ai"),
        ("api.perplexity.ai", "perplexity"),
        ("api.cohere.com", "cohere"),
        (".openai.azure.com", "azure.ai.openai"),
        (".services.ai.azure.com", "azure.ai.inference"),
    ];
    let origin = call.origin.as_deref().unwrap_or("unknown");
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let is = |known: &str| if known.starts_with('.') { host.ends_with(known) } else { host == known };
    KNOWN.into_iter().find(|(known, _)| is(known)).map_or(host, |(_, name)| name)
}

/// Attributes as OTLP's JSON has them: 64-bit numbers are text.
#[derive(Default)]
struct Attributes(Vec<Value>);

impl Attributes {
    fn value(mut self, key: &str, value: Option<Value>) -> Self {
        self.0.extend(value.map(|value| json!({"key": key, "value": value})));
        self
    }

    fn text(self, key: &str, text: &str) -> Self {
        self.maybe(key, Some(text))
    }

    fn maybe(self, key: &str, text: Option<&str>) -> Self {
        self.value(key, text.map(|text| json!({"stringValue": text})))
    }

    fn whole(self, key: &str, number: Option<u64>) -> Self {
        self.value(key, number.map(|number| json!({"intValue": number.to_string()})))
    }

    fn number(self, key: &str, number: Option<f64>) -> Self {
        self.value(key, number.filter(|number| number.is_finite()).map(|number| json!({"doubleValue": number})))
    }

    fn truth(self, key: &str, truth: Option<bool>) -> Self {
        self.value(key, truth.map(|truth| json!({"boolValue": truth})))
    }

    fn list(self, key: &str, text: Option<&str>) -> Self {
        self.value(key, text.map(|text| json!({"arrayValue": {"values": [{"stringValue": text}]}})))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::CallFormat;
    use super::super::tests::{call, failed, text};
    use super::*;

    fn told(span: &Value) -> BTreeMap<String, Value> {
        let attributes = span["attributes"].as_array().unwrap().iter();
        let plain = |value: &Value| value.as_object().unwrap().values().next().unwrap().clone();
        attributes.map(|one| (one["key"].as_str().unwrap().to_owned(), plain(&one["value"]))).collect()
    }

    fn spans(request: &Value) -> &[Value] {
        request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap()
    }

    #[test]
    fn who_asked_stays_here() {
        let text = request(&[call(1), failed(2)]).to_string();
        assert!(!text.contains("ann@example.org") && !text.contains("s-7"), "{text}");
    }

    #[test]
    fn an_answered_call_is_a_span_with_the_attributes_of_the_conventions() {
        let request = request(&[call(1)]);
        let span = &spans(&request)[0];
        assert_eq!((&span["name"], &span["kind"], &span["status"]), (&json!("chat small-1"), &json!(3), &Value::Null));
        assert_eq!(span["startTimeUnixNano"], "1795442702250000000");
        assert_eq!(span["endTimeUnixNano"], "1795442703062500000");
        let told = told(span);
        for (key, expect) in [
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.provider.name", json!("openai")),
            ("gen_ai.request.model", json!("small-1")),
            ("gen_ai.request.temperature", json!(0.2)),
            ("gen_ai.response.model", json!("small-1-2026")),
            ("gen_ai.response.id", json!("req_1")),
            ("gen_ai.response.finish_reasons", json!({"values": [{"stringValue": "stop"}]})),
            ("gen_ai.response.time_to_first_chunk", json!(0.25)),
            ("gen_ai.usage.input_tokens", json!("40")),
            ("gen_ai.usage.output_tokens", json!("3")),
            ("gen_ai.usage.cache_read.input_tokens", json!("30")),
            ("server.address", json!("api.openai.com")),
            ("server.port", json!("443")),
            ("strata.cost_usd", json!(0.0042)),
            ("strata.attempt", json!("2")),
        ] {
            assert_eq!(told.get(key), Some(&expect), "{key}");
        }
        assert!(!told.contains_key("error.type") && !told.contains_key("gen_ai.usage.reasoning.output_tokens"));
    }

    #[test]
    fn a_failed_call_says_its_class_and_not_its_message() {
        let request = request(&[failed(1)]);
        let span = &spans(&request)[0];
        assert_eq!(span["status"], json!({"code": 2, "message": "rate-limited"}));
        assert_eq!(told(span)["error.type"], "rate-limited");
        assert!(!request.to_string().contains("Too many"), "{request}");
    }

    #[test]
    fn calls_of_a_trial_share_a_trace_and_have_spans_of_their_own() {
        let request = request(&[call(1), failed(2), CallRow { trial_id: 10, ..call(3) }]);
        let ids =
            |name: &str| spans(&request).iter().map(|span| span[name].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let (traces, spans) = (ids("traceId"), ids("spanId"));
        assert!(traces[0] == traces[1] && traces[0] != traces[2]);
        assert!(traces.iter().all(|id| id.len() == 32) && spans.iter().all(|id| id.len() == 16));
        assert!(spans[0] != spans[1] && spans[1] != spans[2]);
    }

    #[test]
    fn hosts_and_ports_come_out_of_origins() {
        let check = |origin: &str, provider_name: &str, place: Option<(&str, &str)>| {
            let row = CallRow { origin: Some(origin.to_owned()), ..call(1) };
            let request = request(&[row]);
            let told = told(&spans(&request)[0]);
            assert_eq!(told["gen_ai.provider.name"], provider_name, "{origin}");
            let text = |key: &str| told.get(key).and_then(Value::as_str);
            assert_eq!(text("server.address").zip(text("server.port")), place, "{origin}");
        };
        check("http://127.0.0.1:11434", "127.0.0.1:11434", Some(("127.0.0.1", "11434")));
        check("http://[::1]:8080", "[::1]:8080", Some(("::1", "8080")));
        check("https://team.openai.azure.com", "azure.ai.openai", Some(("team.openai.azure.com", "443")));
        check("scripted", "scripted", None);
    }

    #[test]
    fn a_long_log_is_several_requests_a_line_each() {
        let text = text(CallFormat::Otlp, (0..300).map(call).collect());
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().map(|line| spans(line).len()).collect::<Vec<_>>(), [256, 44]);
    }
}
