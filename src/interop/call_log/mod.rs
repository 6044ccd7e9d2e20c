//! The call log as text: a table for people, a JSON object a line, and OpenTelemetry traces. Calls are written as they are
//! read, so that a log of any length needs no memory. No prompt and no answer is in any of them.

mod jsonl;
mod otel;
mod table;

use std::io::{self, Write};
use std::path::Path;

use crate::domain::CallRow;

pub use otel::{BATCH, request};

/// How the call log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallFormat {
    /// For people: one line for each call.
    Table,
    /// One JSON object a line for each call.
    Jsonl,
    /// OTLP traces as JSON, one request a line, as OpenTelemetry's file exporters write them.
    Otlp,
}

impl CallFormat {
    /// The format that a file's name asks for.
    #[must_use]
    pub fn of_file(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" => Some(Self::Jsonl),
            "json" => Some(Self::Otlp),
            _ => None,
        }
    }

    /// The ending of a file of this format.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Table => "txt",
            Self::Jsonl => "jsonl",
            Self::Otlp => "json",
        }
    }
}

/// Writes calls in the order in which they come; returns how many.
///
/// # Errors
/// The writer's own, a closed pipe included, and those of reading the calls.
pub fn write_calls(
    format: CallFormat,
    calls: &mut dyn Iterator<Item = io::Result<CallRow>>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    match format {
        CallFormat::Table => table::write(calls, out),
        CallFormat::Jsonl => jsonl::write(calls, out),
        CallFormat::Otlp => otel::write(calls, out),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{
        AttemptRef, AttemptState, CallError, Fault, Fingerprint, FinishReason, Purpose, TrialRef, Usage, Usd,
    };

    pub fn call(id: i64) -> CallRow {
        let trial = TrialRef { case: 3, variant: 1, model: 0, repeat: 0 };
        CallRow {
            id,
            run: "20261123-140501-7f3a".into(),
            project: "triage".into(),
            experiment: "main".into(),
            case_id: Some("ticket-4".to_owned().into()),
            user: Some("ann@example.org".to_owned()),
            session: Some("s-7".to_owned()),
            trial: Some(trial),
            variant: Some("concise".into()),
            model: "small".into(),
            provider_model: Some("small-1".to_owned()),
            origin: Some("https://api.openai.com".to_owned()),
            scripted: false,
            trial_id: 9,
            attempt: AttemptRef { trial, purpose: Purpose::Answer, number: 1 },
            request: Fingerprint([0xa7; 32]),
            temperature: Some(0.2),
            state: AttemptState::Ended,
            sent_at: "2026-11-23T14:05:02.25Z".parse::<Timestamp>().unwrap(),
            reserved: Usd::from_dollars(0.01),
            cost: Usd::from_dollars(0.0042),
            status: Some(200),
            usage: Some(Usage { input_tokens: 40, output_tokens: 3, cached_tokens: 30, ..Usage::default() }),
            finish: Some(FinishReason::Stop),
            answered_by: Some("small-1-2026".to_owned()),
            request_id: Some("req_1".to_owned()),
            first_token_ms: Some(250.0),
            latency_ms: Some(812.5),
            retry_in_ms: None,
            error: None,
            valid: Some(true),
        }
    }

    pub fn failed(id: i64) -> CallRow {
        CallRow {
            state: AttemptState::Failed,
            cost: Some(Usd::ZERO),
            status: Some(429),
            usage: None,
            finish: None,
            answered_by: None,
            first_token_ms: None,
            latency_ms: None,
            retry_in_ms: Some(500),
            error: Some(CallError::new(Fault::RateLimited, "Too many requests: \u{1b}[31mslow down.")),
            valid: None,
            ..call(id)
        }
    }

    pub fn text(format: CallFormat, calls: Vec<CallRow>) -> String {
        let mut out = Vec::new();
        let count = calls.len() as u64;
        assert_eq!(write_calls(format, &mut calls.into_iter().map(Ok), &mut out).unwrap(), count);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_format_passes_on_what_terminals_act_on() {
        let hostile = CallRow { case_id: Some("\u{1b}[2J\u{202e}".to_owned().into()), ..failed(1) };
        for format in [CallFormat::Table, CallFormat::Jsonl, CallFormat::Otlp] {
            let text = text(format, vec![hostile.clone()]);
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{format:?}: {text}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_writing() {
        for format in [CallFormat::Table, CallFormat::Jsonl, CallFormat::Otlp] {
            let mut calls = [Ok(call(1)), Err(io::Error::other("The records are damaged."))].into_iter();
            let failed = write_calls(format, &mut calls, &mut Vec::new());
            assert_eq!(failed.unwrap_err().to_string(), "The records are damaged.", "{format:?}");
        }
    }
}
