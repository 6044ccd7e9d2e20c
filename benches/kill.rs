//! A thousand `kill -9` at moments that chance picks, with 1, 16 and 64 calls in flight: what was paid for is kept, and
//! is not paid again.
//!
//! `cargo bench --bench kill`. It kills the program itself, as `tests/cli/kill.rs` does, and stops where a promise is
//! broken; `cargo bench --bench kill -- 10` does a tenth of it.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is not as it prepared it")]

use std::time::Instant;

#[path = "../tests/cli/desk.rs"]
#[expect(dead_code, reason = "a bench needs a part of what tests need")]
mod desk;
#[path = "../tests/support/kill.rs"]
mod kill_runs;
#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "a bench needs a part of what tests need")]
mod support;

use kill_runs::{Shape, Tally, killed_and_resumed};

/// Kills of one run.
const KILLS: u32 = 25;
/// Calls in flight, cases of a run, and runs: 40 runs are a thousand kills.
const SHAPES: [(u32, usize, u64); 3] = [(1, 78, 14), (16, 600, 14), (64, 2_200, 12)];

fn main() {
    let parts = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_u64);
    let (mut all, mut all_kills) = (Tally::default(), 0);
    for (concurrency, cases, runs) in SHAPES {
        let (begun, mut tally) = (Instant::now(), Tally::default());
        let runs = runs.div_ceil(parts);
        for seed in 0..runs {
            tally = both(tally, killed_and_resumed(Shape { kills: KILLS, concurrency, cases, seed: 100 + seed }));
        }
        tally.keeps_the_promise(concurrency);
        let kills = runs * u64::from(KILLS);
        tell(&format!("{concurrency} in flight"), kills, tally);
        println!(
            "                 {:>6.1} s, at most {} open at a kill",
            begun.elapsed().as_secs_f64(),
            tally.most_open
        );
        (all, all_kills) = (both(all, tally), all_kills + kills);
    }
    tell("in all", all_kills, all);
    println!("the totals of every run are those of its rows, and each of its trials has ended once");
}

fn both(one: Tally, other: Tally) -> Tally {
    Tally {
        calls: one.calls + other.calls,
        lost: one.lost + other.lost,
        paid_again: one.paid_again + other.paid_again,
        ambiguous: one.ambiguous + other.ambiguous,
        most_open: one.most_open.max(other.most_open),
    }
}

fn tell(what: &str, kills: u64, tally: Tally) {
    let Tally { calls, lost, paid_again, ambiguous, .. } = tally;
    println!(
        "{what:<16} {kills:>6} kills, {calls:>6} calls: finished and lost {lost}, finished and paid again \
         {paid_again}, ambiguous {ambiguous}"
    );
}
