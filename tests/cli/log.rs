//! The call log: listed, written to files, summed up, and sent to a collector that the user has agreed to.

use std::fs;

use serde_json::Value;

use crate::desk::{CANARY, Desk, KEY, Loopback, slow_server};
use crate::support::misdeed::ErrorBody;
use crate::support::{Misdeed, Plan, Server};

fn status(status: u16) -> Misdeed {
    Misdeed::Status { status, headers: Vec::new(), body: ErrorBody::Text("{}".to_owned()) }
}

#[test]
fn the_log_lists_calls_and_sums_them_up() {
    let desk = Desk::quick(&["tea", "no", "cake"]);
    insta::assert_snapshot!(desk.strata(&["log", "w"]).told(&desk), @r"
    exit 0
    No call is on record.
    ");
    assert_eq!(desk.strata(&["run", "w", "--limit", "1"]).code, Some(0));
    insta::assert_snapshot!(desk.strata(&["log", "w"]).told(&desk), @r"
    exit 0
    sent (UTC)  run  model  case  for  outcome  in  out  latency  cost
    [time]  [run]  clerk  case-0  answer  answered  12  1  [ms]  $0.000014

    1 call, $0.000014 spent
    ");
    assert_eq!(desk.strata(&["run", "w", "--no-cache"]).code, Some(0));
    let newest = desk.strata(&["log", "w", "--limit", "2"]);
    assert!(newest.out.ends_with("\nThe newest 2 of 4 calls, $0.000056 spent\n"), "{}", newest.out);
    assert_eq!(newest.out.lines().count(), 5);
    insta::assert_snapshot!(desk.strata(&["log", "w", "--since", "2999-01-01"]).told(&desk), @r"
    exit 0
    No call is as asked.
    ");
}

#[test]
fn alerts_are_told_at_the_end_of_a_run_and_kept() {
    let desk = Desk::quick(&["tea", "no"]);
    assert_eq!(desk.strata(&["log", "w", "--alerts"]).out, "No alert was raised.\n");
    desk.edit("workspace.ron", "models:", "alerts: (cost_over: 0.000001), models:");
    let ran = desk.strata(&["run", "w"]);
    assert!(ran.err.contains("\nalert: Dear calls: 2 calls to clerk cost more than "), "{}", ran.err);
    let run = desk.only_run().header.id.0.clone();
    let listed = desk.strata(&["log", "w", "--alerts", "--run", &run]);
    assert_eq!((listed.code, listed.out.lines().count()), (Some(0), 1), "{}", listed.out);
    assert!(listed.out.contains(&run) && listed.out.contains("Dear calls: 2 calls to clerk"), "{}", listed.out);
    assert_eq!(desk.records().alerts().unwrap().len(), 1);
    assert_eq!(desk.strata(&["log", "w", "--alerts", "--run", "20200101-000000-0000"]).code, Some(2));
    assert_eq!(desk.strata(&["log", "w", "--alerts", "--spend"]).code, Some(2));
}

#[test]
fn names_that_were_never_called_are_told() {
    let desk = Desk::quick(&["tea"]);
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    insta::assert_snapshot!(desk.strata(&["log", "w", "--fault", "rate-limited"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: No call failed with `rate-limited`. No call has failed.
    ");
    insta::assert_snapshot!(desk.strata(&["log", "w", "--model", "clerc"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: No call was made to a model `clerc`.
    ");
    insta::assert_snapshot!(desk.strata(&["log", "w", "--run", "20200101-000000-0000"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: There is no run `[run]`. See: strata runs w
    ");
    let run = desk.only_run().header.id.0.clone();
    let found = desk.strata(&["log", "w", "--run", &run, "--model", "clerk", "--project", "p", "--since", "1h"]);
    assert!(found.code == Some(0) && found.out.contains("1 call, "), "{}{}", found.out, found.err);
}

#[test]
fn failed_calls_are_found_by_their_fault() {
    let server = Server::start(Plan::first(vec![status(503)]));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 3, retry: "base_ms: 1", ..Loopback::default() });
    desk.trust();
    assert_eq!(desk.run(&[]).code, Some(0));
    let failed = desk.strata(&["log", "w", "--fault", "server", "--format", "jsonl"]);
    let lines: Vec<Value> = failed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.len() == 3 && lines.iter().all(|line| line["status"] == 503 && line["attempt"] == 1),
        "{}",
        failed.out
    );
    let all = desk.strata(&["log", "w"]).out;
    assert!(all.contains("6 calls, 3 failed (50.0 %: 3 × server), "), "{all}");
    assert!(desk.strata(&["log", "w", "--fault", "timeout"]).err.contains("There are: `server` (3)."));
}

#[test]
fn the_log_is_written_to_files() {
    let desk = Desk::quick(&["tea", "no"]);
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    for (file, lines) in [("calls.jsonl", 2), ("traces.json", 1), ("calls.txt", 5)] {
        let ran = desk.strata(&["log", "w", "-o", file]);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
        let text = fs::read_to_string(desk.path().join(file)).unwrap();
        assert_eq!(text.lines().count(), lines, "{text}");
    }
    let traces = fs::read_to_string(desk.path().join("traces.json")).unwrap();
    let traces: Value = serde_json::from_str(&traces).unwrap();
    assert_eq!(traces["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len(), 2);
    let refused = desk.strata(&["log", "w", "-o", "/proc/calls.jsonl"]);
    assert_eq!(refused.code, Some(2));
}

#[test]
fn spend_is_told_by_day_model_and_project() {
    let desk = Desk::quick(&["tea", "no"]);
    insta::assert_snapshot!(desk.strata(&["log", "w", "--spend"]).told(&desk), @r"
    exit 0
    No call is on record.
    ");
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    let told = desk.strata(&["log", "w", "--spend"]).told(&desk);
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    insta::assert_snapshot!(told.replace(&day, "[day]"), @r"
    exit 0
    day (UTC)  calls  spent
    [day]  2  $0.000028

    model  calls  spent
    clerk  2  $0.000028

    project  calls  spent
    p  2  $0.000028
    ");
}

/// Names the collector in the workspace, with a key.
fn collect_at(desk: &Desk, url: &str) {
    let otlp = format!("(name: \"Loopback\", otlp: (endpoint: \"{url}\", key: Env(\"{KEY}\"), header: \"x-team\"),");
    desk.edit("workspace.ron", "(name: \"Loopback\",", &otlp);
}

#[test]
fn calls_go_to_the_collector_that_was_agreed_to_and_nowhere_else() {
    let (server, collector) = (slow_server(std::time::Duration::ZERO), slow_server(std::time::Duration::ZERO));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 3, ..Loopback::default() });
    desk.trust();
    assert_eq!(desk.run(&[]).code, Some(0));
    insta::assert_snapshot!(desk.strata(&["log", "w", "--send"]).told(&desk), @r#"
    exit 2
    --- stderr
    strata: This workspace names no collector. Give `otlp: (endpoint: "http://[server]")` in workspace.ron.
    "#);
    collect_at(&desk, &collector.url());
    insta::assert_snapshot!(desk.strata(&["log", "w", "--send"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: The workspace is not trusted to send the call log to http://[server], with the key from environment variable LOOPBACK_KEY. Agree to it first.
    See and grant it with: strata trust w
    ");
    // What was agreed to before knew of no collector.
    assert_eq!(desk.strata(&["log", "w", "--send", "--trust-file", "trust.ron"]).code, Some(2));
    assert_eq!(collector.requests(), 0);
    desk.trust();
    insta::assert_snapshot!(desk.strata(&["log", "w", "--send", "--trust-file", "trust.ron"]).told(&desk), @r"
    exit 0
    3 calls sent to http://[server].
    ");
    let seen = collector.seen();
    let [request] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!((request.path.as_str(), request.header("x-team")), ("/v1/traces", Some(CANARY)));
    assert_eq!((request.header("authorization"), request.header("content-type")), (None, Some("application/json")));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len(), 3);
    let text = String::from_utf8(request.body.clone()).unwrap();
    assert!(!text.contains("question-0") && !text.contains("Four is the answer"), "no prompt and no answer: {text}");
    assert!(!text.contains(CANARY));
}

#[test]
fn a_collector_that_refuses_or_redirects_is_told_and_not_followed() {
    let (server, elsewhere) = (slow_server(std::time::Duration::ZERO), slow_server(std::time::Duration::ZERO));
    let check = |misdeed: Misdeed, expect: &str| {
        let collector = Server::start(Plan::always(misdeed));
        let desk = Desk::loopback(&server.url(), &Loopback { cases: 1, ..Loopback::default() });
        collect_at(&desk, &collector.url());
        desk.trust();
        assert_eq!(desk.run(&[]).code, Some(0));
        let ran = desk.strata(&["log", "w", "--send", "--trust-file", "trust.ron"]);
        assert!(ran.code == Some(2) && ran.err.contains(expect), "{}", ran.err);
        assert!(collector.requests() == 1 && !ran.err.contains(CANARY), "{}", ran.err);
    };
    check(Misdeed::Redirect(format!("{}/v1/traces", elsewhere.url())), "Redirects are not followed");
    check(Misdeed::EchoKey(401), "Look at the collector's key.");
    check(status(404), "`/v1/traces` is added to it");
    check(status(503), "Wait, and send again.");
    check(Misdeed::Reset, "The connection broke");
    assert_eq!(elsewhere.requests(), 0);
}
