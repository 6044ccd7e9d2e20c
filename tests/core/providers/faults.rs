//! The table of faults: what a server does, and the class that the call ends in, whole and streaming.

use strata::domain::{CallError, Retry, Timeouts};

use super::{ask, provider, request};
use crate::support::misdeed::ErrorBody;
use crate::support::{Misdeed, Plan, Server, Wire};

const ANSWERED: &str = "answered";

struct Row {
    name: &'static str,
    misdeed: Misdeed,
    /// The class of a whole answer, and of a stream; [`ANSWERED`] where there is an answer all the same.
    ends: [&'static str; 2],
    wires: &'static [Wire],
}

fn row(name: &'static str, misdeed: Misdeed, whole: &'static str, stream: &'static str) -> Row {
    Row { name, misdeed, ends: [whole, stream], wires: &Wire::ALL }
}

fn same(name: &'static str, misdeed: Misdeed, both: &'static str) -> Row {
    row(name, misdeed, both, both)
}

fn only(wires: &'static [Wire], row: Row) -> Row {
    Row { wires, ..row }
}

fn broken_connections() -> Vec<Row> {
    vec![
        same("reset before the first byte", Misdeed::Reset, "disconnected"),
        same("closed before the first byte", Misdeed::Close, "disconnected"),
        same("half a head", Misdeed::HalfHead, "disconnected"),
        same("reset inside the body", Misdeed::ResetInside, "disconnected"),
        same("chunked body cut", Misdeed::ChunkedCut, "disconnected"),
        same("content length too long", Misdeed::LengthTooLong, "disconnected"),
        row("content length too short", Misdeed::LengthTooShort, "disconnected", "truncated"),
        row("no closing event", Misdeed::NoEnd, "disconnected", "truncated"),
        same("silence", Misdeed::Silence, "timeout"),
        same("silence inside the body", Misdeed::SilenceInside, "timeout"),
        same("redirect to a stranger", Misdeed::Redirect("https://evil.example/v1".to_owned()), "redirect"),
        same("redirect to itself", Misdeed::Redirect("/v2".to_owned()), "redirect"),
    ]
}

fn sizes() -> Vec<Row> {
    vec![
        same("huge head", Misdeed::HugeHead, "too-large"),
        same("endless head", Misdeed::EndlessHead, "too-large"),
        // These take long where nothing is optimised, and the wire formats have no part in them.
        only(&[Wire::OpenAi], same("huge body", Misdeed::Huge(33 << 20), "too-large")),
        only(&[Wire::OpenAi], same("gzip bomb", Misdeed::GzipBomb, "too-large")),
        only(
            &[Wire::OpenAi, Wire::Ollama],
            row("endless event", Misdeed::EndlessEvent(9 << 20), "protocol", "too-large"),
        ),
    ]
}

fn bad_bodies() -> Vec<Row> {
    let json = |body: &str| Misdeed::Body { kind: "application/json", body: body.as_bytes().to_vec() };
    let events = |body: &[u8]| Misdeed::Body { kind: "text/event-stream", body: body.to_vec() };
    let html = "<!doctype html><title>Sign in</title>".as_bytes().to_vec();
    vec![
        same("malformed JSON", json("{\"choices\": nope}"), "protocol"),
        same("JSON of something else", json("[1, 2]"), "protocol"),
        same("login page", Misdeed::Body { kind: "text/html; charset=utf-8", body: html.clone() }, "protocol"),
        same("login page labelled as JSON", Misdeed::Body { kind: "application/json", body: html }, "protocol"),
        same("empty 200", Misdeed::Empty(200), "protocol"),
        same("204", Misdeed::Empty(204), "protocol"),
        same("events that are no JSON", events(b"data: \xff\xfe{\n\ndata: x\n\n"), "protocol"),
        same("gzip cut", Misdeed::GzipCut, "protocol"),
        same("deep JSON", json(&"[".repeat(100_000)), "protocol"),
        same("chunks of one byte", Misdeed::Crumbs, ANSWERED),
        same("no usage", Misdeed::NoUsage, ANSWERED),
        same("negative usage", Misdeed::NegativeUsage, ANSWERED),
        same("error inside", Misdeed::ErrorInside, "overloaded"),
    ]
}

fn statuses() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        (400, "bad-request"),
        (401, "auth"),
        (402, "quota"),
        (403, "auth"),
        (404, "bad-request"),
        (408, "server"),
        (409, "server"),
        (413, "too-large"),
        (422, "bad-request"),
        (425, "server"),
        (429, "rate-limited"),
        (500, "server"),
        (502, "server"),
        (503, "server"),
        (504, "server"),
        (529, "overloaded"),
    ]
    .into_iter()
    .flat_map(|(status, class)| {
        let html = ErrorBody::Text("<html>Bad gateway</html>".to_owned());
        [
            same("status", Misdeed::status(status), class),
            same("status with a page", Misdeed::Status { status, headers: Vec::new(), body: html }, class),
            same("status alone", Misdeed::Empty(status), class),
        ]
    })
    .collect();
    let context = "This model's maximum context length is 8 tokens, your messages have 9.";
    rows.push(same("context too long", Misdeed::told(400, "invalid_request_error", context), "context-length"));
    rows.push(same(
        "prompt too long",
        Misdeed::told(400, "x", "prompt is too long: 9 tokens > 8 maximum"),
        "context-length",
    ));
    rows.push(same("credit is gone", Misdeed::told(400, "x", "Your credit balance is too low."), "quota"));
    for word in [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    ] {
        rows.push(only(&[Wire::OpenAi], same(word, Misdeed::told(429, word, "No."), "quota")));
    }
    let limit = Misdeed::told(429, "enforced_spend_limit_reached", "No.");
    rows.push(only(&[Wire::Anthropic], same("spend limit", limit, "quota")));
    rows
}

/// Ends every row's calls and compares the classes.
async fn check(rows: Vec<Row>) {
    let patient = Timeouts { first_byte_ms: 30_000, idle_ms: 30_000, ..Timeouts::default() };
    for row in rows {
        let silent = row.ends.contains(&"timeout");
        let timeouts =
            if silent { Timeouts { first_byte_ms: 50, idle_ms: 50, ..patient.clone() } } else { patient.clone() };
        let server = Server::start(Plan::always(row.misdeed));
        for wire in row.wires {
            let provider = provider(*wire, &server.url(), timeouts.clone());
            for (stream, expect) in [(false, row.ends[0]), (true, row.ends[1])] {
                let outcome = ask(&*provider, &request(stream)).await;
                let ended = outcome.as_ref().map_or_else(|error| error.fault.word(), |_| ANSWERED);
                assert_eq!(ended, expect, "{}, {wire:?}, stream {stream}: {outcome:?}", row.name);
            }
        }
        let expected = 2 * row.wires.len() as u64;
        assert_eq!(server.requests(), expected, "{}: a call is sent once, whatever happens to it", row.name);
    }
}

#[tokio::test]
async fn broken_connections_have_a_class() {
    check(broken_connections()).await;
}

#[tokio::test]
async fn answers_that_are_too_large_are_given_up() {
    check(sizes()).await;
}

#[tokio::test]
async fn bodies_that_are_no_answers_have_a_class() {
    check(bad_bodies()).await;
}

#[tokio::test]
async fn statuses_have_a_class() {
    check(statuses()).await;
}

#[tokio::test]
async fn hints_on_waiting_and_retrying_are_told() {
    let told = async |misdeed: Misdeed| -> CallError {
        let server = Server::start(Plan::always(misdeed));
        let provider = provider(Wire::OpenAi, &server.url(), Timeouts::default());
        ask(&*provider, &request(false)).await.unwrap_err()
    };
    for (value, expect) in [
        ("2", Some(2_000)),
        ("0", Some(0)),
        ("1.5", Some(1_500)),
        ("-3", None),
        ("1e999", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 10:00:30 GMT", Some(30_000)),
    ] {
        let limited =
            Misdeed::status(429).with_header("retry-after", value).with_header("date", "Mon, 23 Nov 2026 10:00:00 GMT");
        assert_eq!(told(limited).await.retry_after_ms, expect, "{value}");
    }
    let ms = Misdeed::status(429).with_header("retry-after-ms", "1200").with_header("retry-after", "9");
    assert_eq!(told(ms).await.retry_after_ms, Some(1_200));
    assert_eq!(told(Misdeed::status(500).with_header("x-should-retry", "false")).await.retry(), Retry::No);
    assert_eq!(told(Misdeed::status(400).with_header("x-should-retry", "true")).await.retry(), Retry::Yes);
}

#[tokio::test]
async fn what_came_of_a_broken_answer_is_kept() {
    for misdeed in [Misdeed::ResetInside, Misdeed::ChunkedCut, Misdeed::NoEnd, Misdeed::ErrorInside] {
        let server = Server::start(Plan::always(misdeed.clone()));
        for wire in Wire::ALL {
            let error = ask(&*provider(wire, &server.url(), Timeouts::default()), &request(true)).await.unwrap_err();
            assert!(String::from_utf8_lossy(&error.partial).contains("Four"), "{wire:?} {misdeed:?}: {error:?}");
        }
    }
}
