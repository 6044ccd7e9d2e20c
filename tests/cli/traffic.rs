//! `strata traffic`: a recorded run under the limits of its users, and who asked in the call log.

use std::fmt::Write as _;

use serde_json::Value;
use strata::domain::Usd;

use crate::desk::Desk;

const LIMITED: &str = "(name: \"Limited\", providers: {\"desk\": (api: Scripted(\"desk.ron\"))},
    models: {\"clerk\": (provider: \"desk\", model: \"clerk\", price: (input: 1.0, output: 2.0), max_output: 128000)},
    policy: (users: (on: true)))";

/// Twelve requests of one user within twelve seconds, and one of another who pays.
fn desk(users: &str, arrivals: bool) -> Desk {
    let desk = Desk::quick(&[]);
    desk.write("workspace.ron", LIMITED);
    let mut rows = format!("id,word,{users},plan,session_id{}\n", if arrivals { ",arrived_at" } else { "" });
    for row in 0..13 {
        let (user, plan) = if row == 12 { ("bob", "pro") } else { ("ann", "free") };
        let arrival = if arrivals { format!(",2026-11-23T14:05:{row:02}Z") } else { String::new() };
        writeln!(rows, "case-{row},tea,{user},{plan},s-{row}{arrival}").unwrap();
    }
    desk.write("projects/p/datasets/words.csv", &rows);
    desk
}

fn ran(desk: &Desk) -> String {
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    desk.only_run().header.id.0.clone()
}

#[test]
fn a_run_is_let_in_as_its_users_traffic() {
    let desk = desk("user_id", true);
    let run = ran(&desk);
    let told = desk.strata(&["traffic", "w", &run]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{}", told.out);
    assert!(told.out.contains("at the times that the dataset gives"), "{}", told.out);
    let words = |start: &str| -> Vec<String> {
        let line = told.out.lines().find(|line| line.starts_with(start)).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    };
    // Ten a minute; without a column `tier`, everybody is of the default tier.
    assert_eq!(words("free")[..9], ["free", "13", "11", "2", "2", "0", "0", "2", "1"]);
    assert_eq!(words("all")[1..9], words("free")[1..9]);
    assert!(told.out.contains("retry after: p50 50 s, p95 50 s"), "{}", told.out);
    assert_eq!(desk.strata(&["traffic", "w", &run]).out, told.out, "the same again");

    desk.edit("workspace.ron", "users: (on: true)", "users: (on: true, columns: (tier: \"plan\"))");
    let json = desk.strata(&["traffic", "w", &run, "--format", "json"]);
    let read: Value = serde_json::from_str(&json.out).unwrap();
    let traffic = &read["columns"][0]["traffic"];
    assert_eq!(traffic["tiers"]["free"]["refused"]["requests_per_minute"], 2);
    assert_eq!((&traffic["tiers"]["pro"]["served"], &traffic["total"]["users"]), (&1.into(), &2.into()));
    let spent = |name: &str| traffic["total"][name].as_f64().unwrap();
    let calls: f64 = desk.calls().iter().filter_map(|call| call.cost).map(Usd::dollars).sum();
    assert!(
        (spent("spent") + spent("not_spent") - calls * 13.0).abs() < 1e-9,
        "one call is paid, the others are its copies"
    );
}

#[test]
fn without_a_column_of_arrivals_requests_come_evenly() {
    let desk = desk("who", false);
    desk.edit("workspace.ron", "on: true", "on: true, arrivals_per_minute: 6, columns: (user: \"who\")");
    let run = ran(&desk);
    let told = desk.strata(&["traffic", "w", &run]);
    assert!(told.out.contains("evenly, 6 a minute"), "{}", told.out);
    assert!(told.out.lines().any(|line| line.starts_with("all") && line.contains(" 13      13")), "{}", told.out);
}

#[test]
fn limits_that_are_off_and_columns_that_are_not_there_are_told() {
    let desk = desk("who", false);
    let check = desk.strata(&["check", "w"]).out;
    assert!(check.contains("the dataset `words` does not say who asks"), "{check}");
    let run = ran(&desk);
    let nameless = desk.strata(&["traffic", "w", &run]).out;
    assert!(nameless.contains("13 requests without a user, counted as one user's"), "{nameless}");
    desk.edit("workspace.ron", "users: (on: true)", "users: (columns: (user: \"whom\"))");
    let check = desk.strata(&["check", "w"]);
    assert!(check.out.contains("The dataset `words` has no column `whom`, which is to say the user."), "{}", check.out);
    let off = desk.strata(&["traffic", "w", &run]);
    assert_eq!(off.code, Some(2));
    assert!(off.err.contains("does not limit users"), "{}", off.err);
    desk.edit("workspace.ron", "columns: (user: \"whom\")", "on: true, columns: (user: \"whom\")");
    for arguments in [&["check", "w"][..], &["run", "w"], &["traffic", "w", &run]] {
        let ran = desk.strata(arguments);
        let told = format!("{}{}", ran.out, ran.err);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {told}");
        let words = "has no column `whom`, which is to say the user. Did you mean `who`?";
        assert_eq!(told.matches(words).count(), 1, "{arguments:?}: {told}");
    }
    assert_eq!(desk.strata(&["traffic", "w", &run, "--format", "csv"]).code, Some(2));
    assert_eq!(desk.strata(&["traffic", "w", "20200101-000000-0000"]).code, Some(2));
}

#[test]
fn a_time_that_is_none_is_told_with_its_case() {
    let desk = desk("user_id", true);
    desk.edit("projects/p/datasets/words.csv", "2026-11-23T14:05:07Z", "seven");
    let run = ran(&desk);
    let told = desk.strata(&["traffic", "w", &run]);
    assert_eq!(told.code, Some(2));
    assert!(told.err.contains("The case `case-7` arrives at `seven`, which is no instant."), "{}", told.err);
}

#[test]
fn the_call_log_says_who_asked_and_the_collectors_form_does_not() {
    let desk = desk("user_id", true);
    ran(&desk);
    let lines = desk.strata(&["log", "w", "--format", "jsonl"]).out;
    let first: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let session = first["session"].as_str().unwrap().to_owned();
    assert!(first["user"] == "ann" || first["user"] == "bob", "{first}");
    let spans = desk.strata(&["log", "w", "--format", "otlp"]).out;
    assert!(!spans.contains(&format!("\"{session}\"")) && !spans.contains("\"ann\""), "{spans}");
}
