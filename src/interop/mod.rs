//! Other tools' files, in and out.
//!
//! So far runs go out: as `JUnit` XML for build servers, CSV for spreadsheets, JSON and JSONL for scripts, Markdown and a
//! table for people ([`run_formats`]). The call log goes out as JSONL, as OpenTelemetry traces, and as a table
//! ([`call_log`]).

pub mod call_log;
pub mod run_formats;
