//! From an error that a provider told to its class: one table for all wire formats, since compatible servers mix them.

use serde_json::Value;

use super::redact::redact;
use super::retry_after::{duration_ms, retry_after_ms};
use crate::domain::{CallError, Fault, RawReply};

/// The bytes of an unreadable answer that are kept with the error.
const EXCERPT: usize = 2048;

/// The error of a reply whose status is not a success.
#[must_use]
pub fn status_failure(reply: &RawReply) -> CallError {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    let mut told = Told::new(&body);
    if told.message.is_empty() {
        told.message = excerpt_line(&reply.body);
    }
    failure(reply, &told, Some(reply.status))
}

/// The error that a reply with a success status holds all the same, whole or in the middle of a stream. `error` is
/// the value that holds it: `{"error": …}`, or what stands under `error`. A status in there decides the class, and is the
/// error's own: a gateway hands on what it was answered. Where the model had begun to write, the reply's stays.
#[must_use]
pub fn inner_failure(reply: &RawReply, error: &Value) -> CallError {
    let told = Told::new(error);
    let status = if reply.first_token_ms.is_some() { Some(reply.status) } else { told.status };
    CallError { status, ..failure(reply, &told, told.status) }
}

/// Bytes that are not what the wire format promises.
#[must_use]
pub fn protocol(reply: &RawReply, what: &str) -> CallError {
    let shown = &reply.body[..reply.body.len().min(EXCERPT)];
    let text = String::from_utf8_lossy(shown);
    let start = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let message = if shown.is_empty() {
        "The provider sent an empty answer.".to_owned()
    } else if start.starts_with('<') {
        "The provider sent a web page, not an answer: a login page or a proxy may stand between. Check the address."
            .to_owned()
    } else {
        format!("The provider's answer cannot be read: {what}. It begins: {}", excerpt_line(&reply.body))
    };
    let partial = redact(&text).into_owned().into_bytes();
    CallError { partial, ..with_reply(reply, Fault::Protocol, message) }
}

/// JSON that cannot be read. One that ends too early was cut on its way.
#[must_use]
pub fn bad_json(reply: &RawReply, error: &serde_json::Error) -> CallError {
    if error.is_eof() && !reply.body.is_empty() {
        let message = "The answer ends in the middle: its connection or its length was cut.";
        return CallError { partial: reply.body.clone(), ..with_reply(reply, Fault::Disconnected, message.to_owned()) };
    }
    protocol(reply, &error.to_string())
}

/// A stream that ended without its closing event; `text` is what came of the answer.
#[must_use]
pub fn truncated(reply: &RawReply, text: String) -> CallError {
    let message = "The stream ended before the answer did.".to_owned();
    CallError { partial: text.into_bytes(), ..with_reply(reply, Fault::Truncated, message) }
}

/// The provider's own id of the request, for its support.
#[must_use]
pub fn request_id(reply: &RawReply) -> Option<String> {
    ["x-request-id", "request-id"].iter().find_map(|name| reply.header(name)).map(str::to_owned)
}

/// What an error body says, whatever its shape.
#[derive(Debug, Default)]
struct Told {
    /// The status that stands in the body, for replies that say 200 all the same.
    status: Option<u16>,
    message: String,
    /// Type, code and the like, lower case, with blanks around each.
    words: String,
    retry_ms: Option<u64>,
}

impl Told {
    fn new(body: &Value) -> Self {
        let body = body.get(0).unwrap_or(body);
        let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
        if let Value::String(message) = error {
            return Self { message: message.clone(), ..Self::default() };
        }
        let text = |name: &str| error.get(name).or_else(|| body.get(name)).and_then(Value::as_str).unwrap_or_default();
        let message = ["message", "detail", "error_description", "error_message"]
            .iter()
            .map(|name| text(name))
            .find(|message| !message.is_empty())
            .unwrap_or_default();
        let status = ["code", "status"].iter().find_map(|name| match error.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        });
        let mut told = Self {
            status: status.and_then(|status| u16::try_from(status).ok()).filter(|status| (300..600).contains(status)),
            message: message.to_owned(),
            words: format!(" {} {} {} ", text("type"), text("code"), text("status")).to_ascii_lowercase(),
            retry_ms: None,
        };
        if let Some(details) = error.get("details") {
            told.words.push_str(&details.to_string().to_ascii_lowercase());
            let delay = details.as_array().and_then(|all| all.iter().find_map(|one| one.get("retryDelay")?.as_str()));
            told.retry_ms = delay.and_then(duration_ms);
        }
        told
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }
}

fn failure(reply: &RawReply, told: &Told, status: Option<u16>) -> CallError {
    let fault = classify(told, status);
    let said = redact(&told.message).chars().take(600).collect::<String>();
    let said = if said.is_empty() { "no reason given".to_owned() } else { said };
    let status = status.unwrap_or(reply.status);
    let mut message = if (200..300).contains(&status) {
        format!("The provider answered with an error: {said}")
    } else {
        format!("The provider answered {status}: {said}")
    };
    if !message.ends_with(['.', '!', '?']) {
        message.push('.');
    }
    message.push_str(hint(fault));
    let mut error = with_reply(reply, fault, message);
    error.status = Some(status);
    error.retry_after_ms = retry_after_ms(reply).max(told.retry_ms);
    error.should_retry = match reply.header("x-should-retry") {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    if error.fault == Fault::Quota {
        error.should_retry = None;
    }
    error
}

fn with_reply(reply: &RawReply, fault: Fault, message: String) -> CallError {
    CallError { status: Some(reply.status), request_id: request_id(reply), ..CallError::new(fault, message) }
}

fn classify(told: &Told, status: Option<u16>) -> Fault {
    let message = told.message.to_ascii_lowercase();
    let mentions = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if status == Some(402) || told.says(&QUOTA_WORDS) || mentions(&QUOTA_PHRASES) || zero_limit(&message) {
        return Fault::Quota;
    }
    if status != Some(429) && (told.says(&CONTEXT_WORDS) || mentions(&CONTEXT_PHRASES)) {
        return Fault::ContextLength;
    }
    if status == Some(429) && mentions(&["request too large"]) {
        return Fault::TooLarge;
    }
    let by_word = || WORDS.iter().find(|(words, _)| told.says(words)).map(|(_, fault)| *fault);
    match status {
        Some(529) => Fault::Overloaded,
        Some(500..) if told.says(&["overloaded"]) || mentions(&["overloaded", "at capacity"]) => Fault::Overloaded,
        Some(429) => Fault::RateLimited,
        Some(401 | 403) => Fault::Auth,
        Some(413) => Fault::TooLarge,
        Some(408 | 409 | 425 | 500..) => Fault::Server,
        // Gemini says 400 where it means a bad key.
        Some(400) if told.says(&["api_key_invalid"]) => Fault::Auth,
        Some(400..) => Fault::BadRequest,
        _ if mentions(&["overloaded"]) => Fault::Overloaded,
        _ => by_word().unwrap_or(Fault::Server),
    }
}

/// Codes of money and quota that is used up.
const QUOTA_WORDS: [&str; 11] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "spend_limit",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "insufficient_balance",
    "insufficient_credits",
    // Gemini's quota of a day, as against that of a minute.
    "perday",
    "payment_required",
];

const QUOTA_PHRASES: [&str; 6] = [
    "credit balance is too low",
    "spend limit",
    "spending limit",
    "api usage limits",
    "insufficient balance",
    "insufficient credits",
];

const CONTEXT_WORDS: [&str; 3] = ["context_length_exceeded", "exceed_context_size", "context_window_exceeded"];

const CONTEXT_PHRASES: [&str; 9] = [
    "maximum context length",
    "context window",
    "context length",
    "context size",
    "context limit",
    "prompt is too long",
    "input is too long",
    "exceeds the maximum number of tokens",
    "reduce the length of the messages",
];

/// For errors that come without a status of their own, such as those in the middle of a stream.
const WORDS: [(&[&str], Fault); 6] = [
    (&["overloaded"], Fault::Overloaded),
    (&["rate_limit", "resource_exhausted", "too_many_requests"], Fault::RateLimited),
    (&["authentication", "permission", "invalid_api_key", "unauthenticated"], Fault::Auth),
    (&["too_large"], Fault::TooLarge),
    (&["api_error", "server_error", "internal", "unavailable", "timeout", "deadline_exceeded"], Fault::Server),
    (&["invalid_request", "invalid_argument", "not_found", "failed_precondition"], Fault::BadRequest),
];

/// Gemini's way to say that a plan has none of a model at all.
fn zero_limit(message: &str) -> bool {
    message.match_indices("limit: 0").any(|(at, found)| {
        !message[at + found.len()..].starts_with(|next: char| next.is_ascii_digit() || next == '.')
            || message[at + found.len()..].starts_with(". ")
    })
}

const fn hint(fault: Fault) -> &'static str {
    match fault {
        Fault::Auth => " Check the key, and what it is allowed to do.",
        Fault::Quota => " Waiting does not help: look at the provider's billing or quota page.",
        Fault::ContextLength => " Shorten the prompt or choose a model with a larger context.",
        _ => "",
    }
}

fn excerpt_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
    let line: String = redact(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(status: u16, body: &Value) -> RawReply {
        RawReply { status, body: body.to_string().into_bytes(), ..RawReply::default() }
    }

    fn check(status: u16, body: &Value, expect: Fault) {
        let reply = reply(status, body);
        let error = if (200..300).contains(&status) { inner_failure(&reply, body) } else { status_failure(&reply) };
        assert_eq!(error.fault, expect, "{status} {body}: {}", error.message);
    }

    #[test]
    fn statuses_have_a_class_each() {
        let plain = json!({"error": {"message": "no"}});
        for (statuses, fault) in [
            (&[408, 409, 425, 500, 502, 503, 504, 520][..], Fault::Server),
            (&[529], Fault::Overloaded),
            (&[401, 403], Fault::Auth),
            (&[400, 404, 405, 422], Fault::BadRequest),
            (&[413], Fault::TooLarge),
            (&[402], Fault::Quota),
            (&[429], Fault::RateLimited),
        ] {
            for status in statuses {
                check(*status, &plain, fault);
                check(*status, &json!("<html>"), fault);
            }
        }
    }

    #[test]
    fn used_up_quota_is_told_from_too_many_requests() {
        let openai = |code: &str| json!({"error": {"message": "x", "type": code, "code": code}});
        for code in [
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
        ] {
            check(429, &openai(code), Fault::Quota);
        }
        check(429, &openai("rate_limit_exceeded"), Fault::RateLimited);
        check(429, &json!({"type": "error", "error": {"type": "enforced_spend_limit_reached"}}), Fault::Quota);
        check(
            400,
            &json!({"error": {"type": "invalid_request_error",
            "message": "Your credit balance is too low to access the API."}}),
            Fault::Quota,
        );
        check(
            400,
            &json!({"error": {"type": "invalid_request_error",
            "message": "You have reached your specified API usage limits."}}),
            Fault::Quota,
        );
        let gemini = |quota: &str, message: &str| {
            json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
            "message": message, "details": [{"violations": [{"quotaId": quota}]}, {"retryDelay": "34.5s"}]}})
        };
        check(429, &gemini("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "x"), Fault::Quota);
        check(429, &gemini("GenerateRequestsPerMinutePerProject", "limit: 0, model: pro"), Fault::Quota);
        check(
            429,
            &gemini("GenerateRequestsPerMinutePerProject", "You exceeded your current quota, limit: 0.5"),
            Fault::RateLimited,
        );
        let error = status_failure(&reply(429, &gemini("PerMinute", "limit: 15")));
        assert_eq!((error.fault, error.retry_after_ms), (Fault::RateLimited, Some(34_500)));
    }

    #[test]
    fn prompts_that_do_not_fit_are_told_apart() {
        let said = |message: &str| json!({"error": {"message": message}});
        check(400, &json!({"error": {"code": "context_length_exceeded", "message": "x"}}), Fault::ContextLength);
        check(400, &said("This model's maximum context length is 8192 tokens."), Fault::ContextLength);
        check(400, &said("prompt is too long: 210000 tokens > 200000 maximum"), Fault::ContextLength);
        check(
            400,
            &said("The input token count (9) exceeds the maximum number of tokens allowed (8)."),
            Fault::ContextLength,
        );
        check(500, &json!({"error": "the request exceeds the available context size"}), Fault::ContextLength);
        check(429, &said("Request too large for gpt on tokens per min (TPM): Limit 10, Requested 20"), Fault::TooLarge);
    }

    #[test]
    fn errors_inside_a_success_have_the_class_of_what_they_say() {
        let kind = |kind: &str| json!({"type": "error", "error": {"type": kind, "message": "x"}});
        check(200, &kind("overloaded_error"), Fault::Overloaded);
        check(200, &kind("rate_limit_error"), Fault::RateLimited);
        check(200, &kind("api_error"), Fault::Server);
        check(200, &kind("authentication_error"), Fault::Auth);
        check(200, &kind("invalid_request_error"), Fault::BadRequest);
        check(200, &json!({"error": {"code": 429, "message": "slow down"}}), Fault::RateLimited);
        check(200, &json!({"error": {"code": "502", "message": "upstream"}}), Fault::Server);
        check(200, &json!({"error": "llama runner process has terminated"}), Fault::Server);
        let error = json!({"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}});
        let nothing = inner_failure(&reply(200, &error), &error);
        assert_eq!((nothing.status, nothing.may_be_billed()), (Some(503), false), "nothing was written");
        assert_eq!(nothing.message, "The provider answered 503: Busy.");
        let begun = inner_failure(&RawReply { first_token_ms: Some(3.0), ..reply(200, &error) }, &error);
        assert_eq!((begun.status, begun.may_be_billed()), (Some(200), true), "the answer had begun");
        let of_words = kind("overloaded_error");
        assert!(!inner_failure(&reply(200, &of_words), &of_words).may_be_billed(), "its class says so");
        check(
            200,
            &json!([{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}]),
            Fault::Overloaded,
        );
    }

    #[test]
    fn hints_and_ids_come_from_the_headers() {
        let headers = [("x-should-retry", "false"), ("retry-after", "2"), ("x-request-id", "req_1")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let error = status_failure(&RawReply { headers, ..reply(503, &json!({"error": {"message": "busy"}})) });
        assert_eq!((error.should_retry, error.retry_after_ms), (Some(false), Some(2_000)));
        assert_eq!((error.status, error.request_id.as_deref()), (Some(503), Some("req_1")));
        assert_eq!(error.message, "The provider answered 503: busy.");
    }

    #[test]
    fn keys_do_not_stand_in_messages() {
        let error = status_failure(&reply(401, &json!({"error": {"message": "bad key sk-abcdefgh12345678"}})));
        assert_eq!(
            error.message,
            "The provider answered 401: bad key [key]. Check the key, and what it is allowed to do."
        );
        let html = RawReply { status: 200, body: b"<html>sk-abcdefgh12345678".to_vec(), ..RawReply::default() };
        let error = protocol(&html, "x");
        assert_eq!(error.partial, b"<html>[key]");
        assert!(error.message.contains("web page"), "{}", error.message);
    }
}
