//! Other tools' files, in and out.
//!
//! So far runs go out: as `JUnit` XML for build servers, CSV for spreadsheets, JSON and JSONL for scripts, Markdown and a
//! table for people ([`run_formats`]).

pub mod run_formats;
