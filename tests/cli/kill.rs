//! `kill -9` at any moment: what was paid for is kept, and is not paid again. `benches/kill.rs` has a thousand of them.

use crate::kill_runs::{Shape, killed_and_resumed};

/// Runs that are killed again and again, each in a test of its own, so that several go on at once: 8 of them have
/// [`KILLS`] kills each, 208 in all.
const KILLS: u32 = 26;

fn check(concurrency: u32, cases: usize, seed: u64) {
    killed_and_resumed(Shape { kills: KILLS, concurrency, cases, seed }).keeps_the_promise(concurrency);
}

#[test]
fn one_call_at_a_time() {
    check(1, 81, 1);
}

#[test]
fn one_call_at_a_time_once_more() {
    check(1, 81, 2);
}

#[test]
fn one_call_at_a_time_and_again() {
    check(1, 81, 7);
}

#[test]
fn one_call_at_a_time_a_fourth_time() {
    check(1, 81, 8);
}

#[test]
fn sixteen_calls_at_a_time() {
    check(16, 600, 3);
}

#[test]
fn sixteen_calls_at_a_time_once_more() {
    check(16, 600, 4);
}

#[test]
fn sixteen_calls_at_a_time_and_again() {
    check(16, 600, 5);
}

#[test]
fn sixty_four_calls_at_a_time() {
    check(64, 2_200, 6);
}
