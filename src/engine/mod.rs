//! Runs a plan: the only place where trials become tasks.

mod sink;

pub use sink::{CachedCall, CallCache, NoCache, RunSink, SinkError};
