//! An evaluation that was cut off goes on; and only a part of it is run where a part is asked for.

use std::time::Duration;

use super::{asking, eval, json, with_config};
use crate::desk::{Desk, Running, asked, slow_server, wait_until};

#[test]
fn what_was_answered_before_a_kill_is_not_asked_again() {
    let server = slow_server(Duration::from_millis(20));
    let desk = with_config(&asking(&server, 24, 2));
    let mut running = start(&desk);
    wait_until("some are asked", || server.requests() >= 7 || running.is_over());
    running.kill();
    wait_until("the connections are closed", || server.open_connections() == 0);
    let before = asked(&server);
    assert!(before.len() < 24);
    let ran = eval(&desk, &["--resume", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains(" trials kept, "), "{}", ran.err);
    all_rows(&desk, 24);
    // A call that was open at the kill may have to be asked again, and no other: two may be open at once.
    let twice = asked(&server).values().filter(|times| **times > 1).count();
    assert!(twice <= 2, "{:?}", asked(&server));
    assert!(asked(&server).len() == 24 && server.requests() <= 26);
}

#[test]
fn what_was_answered_before_an_interrupt_is_not_asked_again() {
    let server = slow_server(Duration::from_millis(20));
    let desk = with_config(&asking(&server, 24, 2));
    let mut running = start(&desk);
    wait_until("some are asked", || server.requests() >= 5 || running.is_over());
    running.signal("INT");
    let ran = running.end();
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(asked(&server).len() < 24);
    let ran = eval(&desk, &["--resume", "--no-cache", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    all_rows(&desk, 24);
    assert!(asked(&server).values().all(|times| *times == 1), "{:?}", asked(&server));
}

#[test]
fn without_an_earlier_run_there_is_a_new_one() {
    let desk = with_config("prompts: ['{{x}}']\nproviders: [echo]\ntests: [{vars: {x: a}}]\n");
    let ran = eval(&desk, &["--resume", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("No run of this config is on record: a new one begins."), "{}", ran.err);
}

fn start(desk: &Desk) -> Running {
    Running::of(desk.command(&["eval", "c", "-o", "out.json"]))
}

fn all_rows(desk: &Desk, count: usize) {
    let results = json(&desk.path().join("out.json"));
    let rows = results["results"].as_array().unwrap();
    assert!(rows.iter().zip(0..).all(|(row, index)| row["testIdx"] == index && row["pass"] == true), "{results}");
    assert_eq!(rows.len(), count);
}

const WORDS: &str = "prompts: ['{{w}}', 'the {{w}}']
providers: [echo, {id: echo, label: second}]
tests:
  - {description: A hot drink, vars: {w: tea}}
  - {vars: {w: coffee}}
  - {vars: {w: iced TEA}}
  - {vars: {w: water}}
";

#[test]
fn a_part_keeps_the_numbers_of_the_whole() {
    let desk = with_config(WORDS);
    let keys = |arguments: &[&str]| {
        let ran = eval(&desk, &[&["-o", "out.json"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| (row["testIdx"].as_u64().unwrap(), row["promptIdx"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&["--filter", "tea"]), [0, 2].map(|test| [0, 1, 2, 3].map(|column| (test, column))).concat());
    assert_eq!(keys(&["--filter", "hot", "--provider", "second"]), [(0, 2), (0, 3)]);
    assert_eq!(keys(&["--limit", "1"]), [(0, 0), (0, 1), (0, 2), (0, 3)]);
    assert_eq!(keys(&["--filter", "TEA", "--limit", "2", "--provider", "second"]), [(0, 2), (0, 3), (2, 2), (2, 3)]);
    assert_eq!(keys(&[]).len(), 16);
    for (arguments, why) in
        [(["--filter", "nothing like it"], "No case takes part"), (["--provider", "third"], "no provider `third`")]
    {
        let ran = eval(&desk, &arguments);
        assert!(ran.code == Some(2) && ran.err.contains(why), "{}", ran.err);
    }
}

#[test]
fn no_more_calls_are_in_flight_than_asked_for() {
    let server = slow_server(Duration::from_millis(5));
    let desk = with_config(&asking(&server, 12, 6));
    assert_eq!(eval(&desk, &["-j", "1"]).code, Some(0));
    assert_eq!((server.requests(), server.connections()), (12, 1));
}
