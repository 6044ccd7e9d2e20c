//! The table of faults, call by call: the class that each call ends in, whole and streaming, in every wire format.

use std::time::Duration;

use strata::domain::{CallError, Retry, Timeouts};

use super::{ask, provider, request};
use crate::support::faults::{
    ANSWERED, Row, bad_bodies, broken_connections, hints, sizes, statuses, words_of_statuses,
};
use crate::support::{Misdeed, Plan, Server, Wire};

/// Patient, but for the limit that ends this row.
pub fn timeouts(row: &Row) -> Timeouts {
    let limits = row.limits(Duration::from_millis(50), Duration::from_secs(30));
    let [first_byte_ms, idle_ms] = limits.map(|limit| u64::try_from(limit.as_millis()).unwrap());
    Timeouts { first_byte_ms, idle_ms, ..Timeouts::default() }
}

/// Ends every row's calls and compares the classes.
async fn check(rows: Vec<Row>) {
    for row in rows {
        let timeouts = timeouts(&row);
        let server = Server::start(Plan::always(row.misdeed.clone()));
        for wire in row.wires {
            let provider = provider(*wire, &server.url(), timeouts.clone());
            for stream in [false, true] {
                let outcome = ask(&*provider, &request(stream)).await;
                let ended = outcome.as_ref().map_or_else(|error| error.fault.word(), |_| ANSWERED);
                assert_eq!(ended, row.end(stream).class, "{}, {wire:?}, stream {stream}: {outcome:?}", row.name);
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
async fn statuses_whose_words_or_headers_say_more_have_a_class() {
    check([words_of_statuses(), hints()].concat()).await;
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
