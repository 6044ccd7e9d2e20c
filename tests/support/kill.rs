//! Runs that are killed with `kill -9` again and again, each time resumed, and what is counted meanwhile.
//!
//! Whoever takes this in has the program's desk (`tests/cli/desk.rs`) as `crate::desk`.

use std::collections::HashMap;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use strata::domain::{AttemptState, RunState, Usd};

use crate::desk::{Desk, Loopback, asked, slow_server, wait_until};
use crate::support::Server;

/// A run, and how often it is killed on its way.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub kills: u32,
    pub concurrency: u32,
    pub cases: usize,
    pub seed: u64,
}

/// What was counted over one such run.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// On record, the ambiguous ones among them.
    pub calls: u64,
    /// Answers that were on record before a kill and were not after it.
    pub lost: u64,
    /// Cases whose answer was on record and that were asked again.
    pub paid_again: u64,
    /// Calls that were open when the program died.
    pub ambiguous: u64,
    /// The most of them at one kill.
    pub most_open: u64,
}

/// Kills a run again and again, each time after some calls and a moment, resumes it to its end, and counts. The trials
/// of the run have ended once each, and its totals are those of its rows.
pub fn killed_and_resumed(shape: Shape) -> Tally {
    let Shape { kills, concurrency, cases, seed } = shape;
    let mut rng = SmallRng::seed_from_u64(seed);
    let server = slow_server(Duration::from_millis(8));
    let desk = Desk::loopback(&server.url(), &Loopback { cases, concurrency, ..Loopback::default() });
    desk.trust();
    let mut tally = Tally::default();
    let mut paid_before = HashMap::new();
    for round in 0..kills {
        let part = cases as u64 / u64::from(kills + 1);
        let (calls, moment) = (rng.random_range(0..=part), Duration::from_micros(rng.random_range(0..20_000)));
        killed_after(&desk, &server, round > 0, calls, moment);
        let (paid, open) = paid_and_open(&desk, tally.ambiguous);
        tally.ambiguous += open;
        tally.most_open = tally.most_open.max(open);
        let counts = asked(&server);
        tally.compare(&paid_before, &paid, &counts);
        paid_before = paid.into_iter().map(|case| (case, counts[&case])).collect();
    }

    let ran = desk.run(&["--resume", "--format", "csv"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let (paid, _) = paid_and_open(&desk, tally.ambiguous);
    tally.compare(&paid_before, &paid, &asked(&server));
    every_trial_once(&ran.out, cases);
    tally.calls = the_books_are_right(&desk, &server, cases, tally.ambiguous);
    tally
}

impl Tally {
    /// What was paid for is on record still, and was not asked again.
    fn compare(&mut self, paid_before: &HashMap<usize, u32>, paid: &[usize], asked: &HashMap<usize, u32>) {
        for (case, times) in paid_before {
            self.lost += u64::from(!paid.contains(case));
            self.paid_again += u64::from(asked[case] > *times);
        }
    }

    /// The promise: nothing that was paid for is lost or paid again, and what nobody knows of is what was in flight.
    pub fn keeps_the_promise(&self, concurrency: u32) {
        assert_eq!((self.lost, self.paid_again), (0, 0), "{self:?}");
        assert!(self.most_open <= u64::from(concurrency), "{self:?}");
    }
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

fn every_trial_once(csv: &str, cases: usize) {
    let mut ids: Vec<String> =
        csv::Reader::from_reader(csv.as_bytes()).into_records().map(|row| row.unwrap()[0].to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), cases);
    assert_eq!(csv.lines().count(), cases + 1);
}

/// Gives back the calls on record.
fn the_books_are_right(desk: &Desk, server: &Server, cases: usize, ambiguous: u64) -> u64 {
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
    calls.len() as u64
}
