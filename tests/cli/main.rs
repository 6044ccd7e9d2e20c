//! The binary itself: what it prints, its exit codes, the files it writes, and what it survives.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it prepared it")]

mod budget;
mod desk;
mod eval;
mod formats;
mod guardrails;
mod interrupted;
mod kill;
#[path = "../support/kill.rs"]
mod kill_runs;
mod log;
mod preset;
mod refused;
mod release;
mod resumed;
#[expect(dead_code, unused_imports, reason = "these tests need only a part of it")]
#[path = "../support/mod.rs"]
mod support;
mod tiers;
mod traffic;
mod trust;
mod verbs;
