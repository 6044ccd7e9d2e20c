//! One file per verb.

use std::ffi::OsString;
use std::process::ExitCode;

/// What the arguments after the program's name ask for.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let first = arguments.first().map(|first| first.to_string_lossy()).unwrap_or_default();
    eprintln!("strata: there is no command `{first}`");
    ExitCode::from(2)
}

/// Says why there is no window, and what works without one.
#[must_use]
pub fn no_window(reason: &str) -> ExitCode {
    eprintln!("strata: {reason}");
    eprintln!("Without a window, run an experiment with: cargo run --release -- run workspaces/support-triage");
    ExitCode::FAILURE
}
