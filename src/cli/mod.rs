//! One file per verb.

use std::ffi::OsString;
use std::process::ExitCode;

/// What the arguments after the program's name ask for.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    eprintln!("strata: there is no command `{}`", arguments[0].to_string_lossy());
    ExitCode::from(2)
}

/// Says why there is no window, and what works without one.
#[must_use]
pub fn no_window(reason: &str) -> ExitCode {
    eprintln!("strata: {reason}");
    eprintln!("Without a window, run an experiment with: cargo run --release -- run workspaces/support-triage");
    ExitCode::FAILURE
}
