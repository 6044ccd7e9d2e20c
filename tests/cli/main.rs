//! The binary itself: what it prints, its exit codes, the files it writes, and what it survives.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it prepared it")]

mod desk;
mod kill;
mod release;
#[expect(dead_code, reason = "these tests need only a part of it")]
#[path = "../support/mod.rs"]
mod support;
