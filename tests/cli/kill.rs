//! `kill -9` at any moment: what was paid for is kept, and is not paid again.

use std::collections::HashMap;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use strata::domain::{AttemptState, RunState, Usd};

use crate::desk::{Desk, Loopback, asked, slow_server, wait_until};
use crate::support::Server;

/// Kills a run `kills` times, each time after some calls and a moment, resumes it to its end, and counts.
fn check(kills: u32, concurrency: u32, cases: usize, seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let server = slow_server(Duration::from_millis(8));
    let desk = Desk::loopback(&server.url(), &Loopback { cases, concurrency, ..Loopback::default() });
    desk.trust();
    let mut ambiguous = 0;
    let mut paid_before = HashMap::new();
    for round in 0..kills {
        let share = cases as u64 / u64::from(kills + 1);
        let (calls, moment) = (rng.random_range(0..=share), Duration::from_micros(rng.random_range(0..20_000)));
        killed_after(&desk, &server, round > 0, calls, moment);
        let (paid, open) = paid_and_open(&desk, ambiguous);
        assert!(open <= u64::from(concurrency), "{open} calls were open at once");
        ambiguous += open;
        not_paid_again(&server, &paid_before);
        let counts = asked(&server);
        paid_before = paid.into_iter().map(|case| (case, counts[&case])).collect();
    }

    let ran = desk.run(&["--resume", "--format", "csv"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    not_paid_again(&server, &paid_before);
    every_trial_once(&ran.out, cases);
    the_books_are_right(&desk, &server, cases, ambiguous);
}

/// Lets the program make some calls, waits for a moment, and kills it.
fn killed_after(desk: &Desk, server: &Server, resume: bool, calls: u64, moment: Duration) {
    let before = server.requests();
    let mut running = desk.start(if resume { &["--resume"] } else { &[] });
    if calls > 0 {
        wait_until("enough is asked", || server.requests() >= before + calls || running.is_over());
    }
    std::thread::sleep(moment);
    running.kill();
    // The server's side of the broken connections: a request may still be on its way in.
    wait_until("the connections are closed", || server.open_connections() == 0);
}

/// The cases whose answer was received, and the calls that have become ambiguous now.
fn paid_and_open(desk: &Desk, ambiguous: u64) -> (Vec<usize>, u64) {
    let records = desk.records();
    let Some(run) = records.runs().unwrap().pop() else { return (Vec::new(), 0) };
    let resume = records.resume(&run.header.id).unwrap();
    drop(records);
    let paid = desk.calls().into_iter().filter(|call| call.state != AttemptState::Ambiguous);
    let paid = paid.map(|call| call.attempt.trial.case as usize).collect();
    (paid, resume.ambiguous - ambiguous)
}

/// What was paid for is not asked again.
fn not_paid_again(server: &Server, paid: &HashMap<usize, u32>) {
    let asked = asked(server);
    for (case, times) in paid {
        assert_eq!(asked[case], *times, "case {case} was answered, and asked again");
    }
}

fn every_trial_once(csv: &str, cases: usize) {
    let mut ids: Vec<String> =
        csv::Reader::from_reader(csv.as_bytes()).into_records().map(|row| row.unwrap()[0].to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), cases);
    assert_eq!(csv.lines().count(), cases + 1);
}

fn the_books_are_right(desk: &Desk, server: &Server, cases: usize, ambiguous: u64) {
    let run = desk.only_run();
    assert_eq!((run.state, run.ended(), run.ambiguous), (RunState::Completed, cases as u64, ambiguous));
    let calls = desk.calls();
    let mut attempts: HashMap<usize, u32> = HashMap::new();
    let mut answered: HashMap<usize, u32> = HashMap::new();
    for call in &calls {
        let case = call.attempt.trial.case as usize;
        *attempts.entry(case).or_default() += 1;
        match call.state {
            AttemptState::Ended => *answered.entry(case).or_default() += 1,
            state => assert_eq!(state, AttemptState::Ambiguous),
        }
    }
    // Every call that reached the wire is on record, and each trial was answered exactly once.
    for (case, times) in asked(server) {
        assert!(times <= attempts[&case], "case {case} was asked {times} times");
    }
    assert!(answered.len() == cases && answered.values().all(|times| *times == 1));
    assert_eq!(calls.len() as u64, cases as u64 + ambiguous);
    assert!(server.requests() <= cases as u64 + ambiguous);
    let booked: Usd = calls.iter().filter_map(|call| call.cost).fold(Usd::ZERO, |sum, cost| sum + cost);
    assert_eq!(run.spent, booked);
}

/// Runs that are killed again and again, each in a test of its own, so that several go on at once: 8 of them have
/// [`KILLS`] kills each, 208 in all.
const KILLS: u32 = 26;

#[test]
fn one_call_at_a_time() {
    check(KILLS, 1, 81, 1);
}

#[test]
fn one_call_at_a_time_once_more() {
    check(KILLS, 1, 81, 2);
}

#[test]
fn one_call_at_a_time_and_again() {
    check(KILLS, 1, 81, 7);
}

#[test]
fn one_call_at_a_time_a_fourth_time() {
    check(KILLS, 1, 81, 8);
}

#[test]
fn sixteen_calls_at_a_time() {
    check(KILLS, 16, 600, 3);
}

#[test]
fn sixteen_calls_at_a_time_once_more() {
    check(KILLS, 16, 600, 4);
}

#[test]
fn sixteen_calls_at_a_time_and_again() {
    check(KILLS, 16, 600, 5);
}

#[test]
fn sixty_four_calls_at_a_time() {
    check(KILLS, 64, 2_200, 6);
}
