//! The table of faults: what a server does, and what becomes of the call, whole and streaming.

use std::time::Duration;

use super::Wire;
use super::misdeed::{ErrorBody, Misdeed};

/// The class of a call that is answered all the same.
pub const ANSWERED: &str = "answered";

/// How often a call is made that ends so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// As often as the policy allows.
    Always,
    /// One more time.
    Once,
    /// Never; other calls go on.
    Never,
    /// Never, and no other call is made either: all of them would end so.
    Stops,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The word of the fault, or [`ANSWERED`].
    pub class: &'static str,
    pub again: Again,
    /// The provider may bill it, so it is booked.
    pub billed: bool,
}

/// One fault.
#[derive(Clone)]
pub struct Row {
    pub name: &'static str,
    pub misdeed: Misdeed,
    /// Of a whole answer, and of a stream.
    ends: [End; 2],
    pub wires: &'static [Wire],
    /// Megabytes go over the wire: a few trials take long.
    pub heavy: bool,
}

impl Row {
    pub fn end(&self, stream: bool) -> End {
        self.ends[usize::from(stream)]
    }

    /// Time limits until the first byte and between two chunks. The one that ends it is short, all else is long, so that
    /// a busy machine meets no other.
    pub fn limits(&self, short: Duration, long: Duration) -> [Duration; 2] {
        match self.ends.iter().find(|end| end.class == "timeout").map(|end| end.again) {
            None => [long, long],
            Some(Again::Always) => [short, long],
            Some(_) => [long, short],
        }
    }
}

/// The whole table.
pub fn table() -> Vec<Row> {
    [broken_connections(), sizes(), bad_bodies(), statuses(), words_of_statuses(), hints()].concat()
}

const fn end(class: &'static str, again: Again, billed: bool) -> End {
    End { class, again, billed }
}

const OK: End = end(ANSWERED, Again::Never, true);
const DISCONNECTED: End = end("disconnected", Again::Always, true);
const TRUNCATED: End = end("truncated", Again::Once, true);
const PROTOCOL: End = end("protocol", Again::Once, true);
const NO_FIRST_BYTE: End = end("timeout", Again::Always, true);
const IDLE: End = end("timeout", Again::Once, true);
const REDIRECT: End = end("redirect", Again::Stops, false);
/// An answer that is too large has been written, and may be billed; a request that is too large is not.
const ANSWER_TOO_LARGE: End = end("too-large", Again::Never, true);
const REQUEST_TOO_LARGE: End = end("too-large", Again::Never, false);
const RATE_LIMITED: End = end("rate-limited", Again::Always, false);
const QUOTA: End = end("quota", Again::Stops, false);
const AUTH: End = end("auth", Again::Stops, false);
const SERVER: End = end("server", Again::Always, false);
const OVERLOADED: End = end("overloaded", Again::Always, false);
/// The model had begun to write.
const OVERLOADED_INSIDE: End = end("overloaded", Again::Always, true);
const BAD_REQUEST: End = end("bad-request", Again::Never, false);
const CONTEXT_LENGTH: End = end("context-length", Again::Never, false);

fn row(name: &'static str, misdeed: Misdeed, whole: End, stream: End) -> Row {
    Row { name, misdeed, ends: [whole, stream], wires: &Wire::ALL, heavy: false }
}

fn same(name: &'static str, misdeed: Misdeed, both: End) -> Row {
    row(name, misdeed, both, both)
}

fn only(wires: &'static [Wire], row: Row) -> Row {
    Row { wires, ..row }
}

/// These take long where nothing is optimised, and the wire formats have no part in them.
fn heavy(wires: &'static [Wire], row: Row) -> Row {
    Row { wires, heavy: true, ..row }
}

pub fn broken_connections() -> Vec<Row> {
    vec![
        same("reset before the first byte", Misdeed::Reset, DISCONNECTED),
        same("closed before the first byte", Misdeed::Close, DISCONNECTED),
        same("half a head", Misdeed::HalfHead, DISCONNECTED),
        same("reset inside the body", Misdeed::ResetInside, DISCONNECTED),
        same("chunked body cut", Misdeed::ChunkedCut, DISCONNECTED),
        same("content length too long", Misdeed::LengthTooLong, DISCONNECTED),
        row("content length too short", Misdeed::LengthTooShort, DISCONNECTED, TRUNCATED),
        row("no closing event", Misdeed::NoEnd, DISCONNECTED, TRUNCATED),
        same("silence", Misdeed::Silence, NO_FIRST_BYTE),
        same("silence inside the body", Misdeed::SilenceInside, IDLE),
        same("redirect to a stranger", Misdeed::Redirect("https://evil.example/v1".to_owned()), REDIRECT),
        same("redirect to itself", Misdeed::Redirect("/v2".to_owned()), REDIRECT),
    ]
}

pub fn sizes() -> Vec<Row> {
    vec![
        same("huge head", Misdeed::HugeHead, ANSWER_TOO_LARGE),
        same("endless head", Misdeed::EndlessHead, ANSWER_TOO_LARGE),
        same("huge body", Misdeed::Huge(33 << 20), ANSWER_TOO_LARGE),
        same("promise of a huge body", Misdeed::HugePromise(33 << 20), ANSWER_TOO_LARGE),
        heavy(&[Wire::OpenAi], same("huge body in chunks", Misdeed::HugeInChunks(33 << 20), ANSWER_TOO_LARGE)),
        heavy(&[Wire::OpenAi], same("gzip bomb", Misdeed::GzipBomb, ANSWER_TOO_LARGE)),
        heavy(
            &[Wire::OpenAi, Wire::Ollama],
            row("endless event", Misdeed::EndlessEvent(9 << 20), PROTOCOL, ANSWER_TOO_LARGE),
        ),
    ]
}

pub fn bad_bodies() -> Vec<Row> {
    let json = |body: &str| Misdeed::Body { kind: "application/json", body: body.as_bytes().to_vec() };
    let events = |body: &[u8]| Misdeed::Body { kind: "text/event-stream", body: body.to_vec() };
    let html = "<!doctype html><title>Sign in</title>".as_bytes().to_vec();
    vec![
        same("malformed JSON", json("{\"choices\": nope}"), PROTOCOL),
        same("JSON of something else", json("[1, 2]"), PROTOCOL),
        same("login page", Misdeed::Body { kind: "text/html; charset=utf-8", body: html.clone() }, PROTOCOL),
        same("login page labelled as JSON", Misdeed::Body { kind: "application/json", body: html }, PROTOCOL),
        same("empty 200", Misdeed::Empty(200), PROTOCOL),
        same("204", Misdeed::Empty(204), PROTOCOL),
        same("events that are no JSON", events(b"data: \xff\xfe{\n\ndata: x\n\n"), PROTOCOL),
        same("gzip cut", Misdeed::GzipCut, PROTOCOL),
        same("deep JSON", json(&"[".repeat(100_000)), PROTOCOL),
        same("chunks of one byte", Misdeed::Crumbs, OK),
        same("no usage", Misdeed::NoUsage, OK),
        same("negative usage", Misdeed::NegativeUsage, OK),
        // A whole answer that is nothing but an error counts as begun too, whatever status stands in it.
        row("error inside", Misdeed::ErrorInside, OVERLOADED, OVERLOADED_INSIDE),
    ]
}

pub fn statuses() -> Vec<Row> {
    [
        (400, BAD_REQUEST),
        (401, AUTH),
        (402, QUOTA),
        (403, AUTH),
        (404, BAD_REQUEST),
        (408, SERVER),
        (409, SERVER),
        (413, REQUEST_TOO_LARGE),
        (422, BAD_REQUEST),
        (425, SERVER),
        (429, RATE_LIMITED),
        (500, SERVER),
        (502, SERVER),
        (503, SERVER),
        (504, SERVER),
        (529, OVERLOADED),
    ]
    .into_iter()
    .flat_map(|(status, end)| {
        let html = ErrorBody::Text("<html>Bad gateway</html>".to_owned());
        [
            same("status", Misdeed::status(status), end),
            same("status with a page", Misdeed::Status { status, headers: Vec::new(), body: html }, end),
            same("status alone", Misdeed::Empty(status), end),
        ]
    })
    .collect()
}

/// Errors whose words say more than their status.
pub fn words_of_statuses() -> Vec<Row> {
    let context = "This model's maximum context length is 8 tokens, your messages have 9.";
    let long = "prompt is too long: 9 tokens > 8 maximum";
    let limit = Misdeed::told(429, "enforced_spend_limit_reached", "No.");
    let mut rows = vec![
        same("context too long", Misdeed::told(400, "invalid_request_error", context), CONTEXT_LENGTH),
        same("prompt too long", Misdeed::told(400, "x", long), CONTEXT_LENGTH),
        same("credit is gone", Misdeed::told(400, "x", "Your credit balance is too low."), QUOTA),
        only(&[Wire::Anthropic], same("spend limit", limit, QUOTA)),
    ];
    for word in [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    ] {
        rows.push(only(&[Wire::OpenAi], same(word, Misdeed::told(429, word, "No."), QUOTA)));
    }
    rows
}

/// Errors whose headers say what to do.
pub fn hints() -> Vec<Row> {
    let hint = |status, name, value: &str| Misdeed::status(status).with_header(name, value);
    let mut rows = vec![
        same("wait in milliseconds", hint(429, "retry-after-ms", "5"), RATE_LIMITED),
        same("wait of ten hours", hint(429, "retry-after", "36000"), End { again: Again::Never, ..RATE_LIMITED }),
        same("do not retry", hint(500, "x-should-retry", "false"), End { again: Again::Never, ..SERVER }),
        same("do retry", hint(400, "x-should-retry", "true"), End { again: Again::Always, ..BAD_REQUEST }),
    ];
    for value in ["0", "0.004", "-3", "1e999", "soon", "Mon, 23 Nov 2020 10:00:00 GMT"] {
        rows.push(same(value, hint(429, "retry-after", value), RATE_LIMITED));
    }
    rows
}
