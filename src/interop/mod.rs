//! Other tools' files, in and out.
//!
//! Runs go out: as `JUnit` XML for build servers, CSV for spreadsheets, JSON and JSONL for scripts, Markdown and a
//! table for people ([`run_formats`]). The call log goes out as JSONL, as OpenTelemetry traces, and as a table
//! ([`call_log`]). Prompts go out as request bodies of providers ([`bodies`]).
//!
//! promptfoo configs come in ([`promptfoo`]); so do prompts, datasets and evals of other tools, and prompts go out to
//! them ([`formats`]).

pub mod bodies;
pub mod call_log;
pub mod formats;
mod imported;
mod names;
pub mod promptfoo;
pub mod run_formats;
pub mod slots;

#[cfg(test)]
pub(crate) mod fixtures;

pub use imported::{Fidelity, ImportReport, Imported, ImportedPart};
pub use names::{slug, unique};
