//! Runs under every fault, 32 calls in flight: each trial ends as the table says, is tried again and booked as it says,
//! no run hangs, and no connection is left.

use std::sync::Arc;
use std::time::Duration;

use crate::chaos_runs::{Knobs, all_end, all_meet, each_meets_its_own, run};
use crate::support::faults::{
    Again, End, Row, bad_bodies, broken_connections, hints, sizes, statuses, table, words_of_statuses,
};
use crate::support::{Plan, Server, Wire};

/// Trials under each fault, whole and streaming. `benches/chaos.rs` has a thousand.
const TRIALS: u32 = 33;
/// As long as nothing here takes.
const PATIENT: Duration = Duration::from_secs(30);
/// Where megabytes go over the wire.
const HEAVY_TRIALS: u32 = 3;

/// Each row whole and streaming; the wire formats take turns.
fn check(rows: &[Row]) {
    for (number, row) in rows.iter().enumerate() {
        for stream in [false, true] {
            let wire = row.wires[(number + usize::from(stream)) % row.wires.len()];
            let trials = if row.heavy { HEAVY_TRIALS } else { TRIALS };
            let limits = row.limits(Duration::from_millis(80), PATIENT);
            all_meet(row, Knobs { wire, stream, trials, limits });
        }
    }
}

#[test]
fn broken_connections_end_in_their_class() {
    check(&broken_connections());
}

#[test]
fn answers_that_are_too_large_end_in_their_class() {
    check(&sizes());
}

#[test]
fn bodies_that_are_no_answers_end_in_their_class() {
    check(&bad_bodies());
}

#[test]
fn statuses_end_in_their_class() {
    check(&statuses());
}

#[test]
fn statuses_whose_words_or_headers_say_more_end_in_their_class() {
    check(&[words_of_statuses(), hints()].concat());
}

#[test]
fn faults_that_chance_deals_end_each_in_its_own_class() {
    for (seed, wire) in (1..).zip(Wire::ALL) {
        let stands = |row: &Row| row.wires.contains(&wire) && !row.heavy && row.end(false).again != Again::Stops;
        let rows: Arc<[Row]> = table().into_iter().filter(stands).collect();
        let knobs = Knobs { wire, stream: seed % 2 == 0, trials: 120, limits: [Duration::from_secs(1); 2] };
        each_meets_its_own(&rows, seed, knobs);
    }
}

#[test]
fn nobody_who_listens_is_tried_again_and_costs_nothing() {
    let server = Server::start(Plan::default());
    let gone = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    for wire in Wire::ALL {
        let knobs = Knobs { wire, stream: false, trials: TRIALS, limits: [PATIENT; 2] };
        let ran = run(&server, &format!("http://{gone}"), knobs);
        let end = End { class: "connect", again: Again::Always, billed: false };
        all_end(&ran, "nobody listens", end, knobs);
    }
}
