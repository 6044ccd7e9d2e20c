//! Money and its bounds: budgets, unknown prices, the cache, and which trials are asked for.

use std::time::Duration;

use crate::desk::{Desk, Loopback, slow_server};

fn loopback(knobs: &Loopback) -> (crate::support::Server, Desk) {
    let server = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), knobs);
    desk.trust();
    (server, desk)
}

#[test]
fn a_budget_that_is_too_small_ends_the_run_within_it() {
    let (server, desk) = loopback(&Loopback { cases: 50, ..Loopback::default() });
    let ran = desk.run(&["--budget", "0.001"]);
    assert_eq!(ran.code, Some(3), "{}", ran.out);
    let run = desk.only_run();
    assert!(run.spent.dollars() <= 0.001 && run.spent.dollars() > 0.0005, "{}", run.spent);
    assert_eq!(server.requests(), run.ended());
    let said = ran.err.lines().last().unwrap();
    assert!(
        said.starts_with("strata: The budget of $0.0010 is reached, ") && said.ends_with("a higher --budget."),
        "{said}"
    );
    let foretold = "strata: The estimate is ≈ $0.0055, the budget $0.0010. The run stops at the \
                    budget, after about 8 of 50 trials. Raise it with --budget, or run fewer cases with --limit.";
    assert!(ran.err.lines().any(|line| line == foretold), "{}", ran.err);
    let ran = desk.run(&["--resume", "--budget", "1"]);
    assert!(!ran.err.contains("the budget"), "{}", ran.err);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert_eq!(server.requests(), 50);
}

#[test]
fn a_budget_that_allows_no_call_sends_none() {
    let (server, desk) = loopback(&Loopback::default());
    let ran = desk.run(&["--budget", "0"]);
    insta::assert_snapshot!(ran.told(&desk), @r"
    exit 3
    Run [run] of words in p: budget reached
    words, 4 cases, 4 trials, $0 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  m  –  0/0  0  0  unknown  –  –  below 50 %

    Not complete (budget reached): 0 of 4 trials ended.
    --- stderr
    4 trials ≈ $0.00044
    strata: The estimate is ≈ $0.00044, the budget $0. No call is sent: one may cost up to $0.00014, and so much is set aside for it beforehand. Raise it with --budget.
    strata: The budget of $0 is reached, 4 trials are left. Go on with --resume and a higher --budget.
    ");
    assert_eq!(server.requests(), 0);
}

#[test]
fn an_unknown_price_under_a_budget_is_refused_and_without_one_is_unknown() {
    let (server, desk) = loopback(&Loopback { price: "", ..Loopback::default() });
    insta::assert_snapshot!(desk.run(&["--budget", "1"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: workspace.ron:3:33: error: The price of the model `m` is unknown, so no budget can be kept. Give it a `price`, or run without a budget.
    ");
    assert_eq!(server.requests(), 0);
    let ran = desk.run(&["--format", "csv"]);
    assert_eq!(ran.code, Some(0));
    let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
    let cost = reader.headers().unwrap().iter().position(|name| name == "cost_usd").unwrap();
    assert!(reader.records().all(|row| row.unwrap()[cost].is_empty()));
}

#[test]
fn what_was_answered_costs_nothing_the_second_time() {
    let (server, desk) = loopback(&Loopback::default());
    let spent = || desk.records().runs().unwrap()[0].spent.dollars();
    assert_eq!(desk.run(&[]).code, Some(0));
    assert_eq!((server.requests(), spent() > 0.0), (4, true));
    assert_eq!(desk.run(&[]).code, Some(0));
    assert_eq!((server.requests(), spent() > 0.0), (4, false));
    assert_eq!(desk.run(&["--no-cache"]).code, Some(0));
    assert_eq!((server.requests(), spent() > 0.0), (8, true));
}

#[test]
fn limit_takes_the_first_cases_and_repeat_tries_each_again() {
    let (server, desk) = loopback(&Loopback::default());
    let ran = desk.run(&["--limit", "2", "--repeat", "3", "--format", "csv"]);
    let mut rows: Vec<String> =
        ran.out.lines().skip(1).map(|line| line.split(",plain,m,").next().unwrap().to_owned()).collect();
    rows.dedup();
    assert_eq!((server.requests(), rows), (6, vec!["case-0".to_owned(), "case-1".to_owned()]));
    // Each repeat is a sample of its own; those that were drawn before are not drawn again.
    assert_eq!(desk.run(&["--limit", "2", "--repeat", "4"]).code, Some(0));
    assert_eq!(server.requests(), 8);
    assert_eq!(desk.run(&["--limit", "100"]).code, Some(0));
    assert_eq!(server.requests(), 10);
}

#[test]
fn jobs_bound_the_calls_in_flight() {
    let server = slow_server(Duration::from_millis(5));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 30, concurrency: 16, ..Loopback::default() });
    desk.trust();
    assert_eq!(desk.run(&["-j", "2"]).code, Some(0));
    assert!(server.connections() <= 2, "{} connections", server.connections());
}
