//! Tests of the core: workspaces, plans, runs and records, without a window.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it prepared it")]

mod bundled;
mod bundled_runs;
mod chaos;
#[path = "../support/chaos.rs"]
mod chaos_runs;
mod condense;
mod desk;
mod engine;
mod graders;
mod guards;
mod patience;
mod providers;
mod semantic;
#[path = "../support/mod.rs"]
mod support;
mod tiers;
