//! Strata: a workbench for prompts that go to production.
//!
//! The modules stand here from bedrock to surface. **A module imports only what is listed above it**, so there are no
//! circles; `tests/architecture.rs` holds this and the other invariants.

pub mod domain;

pub mod compose;

pub mod plan;

pub mod provider;

pub mod scoring;

pub mod engine;

pub mod analysis;

pub mod store;

pub mod interop;

pub mod publish;

pub mod session;

pub mod cli;

#[cfg(feature = "gui")]
pub mod ui;
