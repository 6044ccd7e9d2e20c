//! The command line: `strata run` and its kin, for CI and for machines without a screen.
//!
//! [`args`] says what can be typed; each verb has a file of its own; [`crate::interop::run_formats`] writes runs out. This is the
//! only module that prints and that decides on exit codes.

mod args;
mod check;
mod chosen;
mod conduct;
mod eval;
mod exit;
mod export;
mod guardrails;
mod import;
mod init;
mod log;
mod release;
mod run;
mod runs;
mod tiers;
mod traffic;
mod trust;
mod write;

use std::ffi::OsString;
use std::process::ExitCode;

pub use args::{
    Arguments, CheckArgs, EvalArgs, EvalFormat, ExportArgs, ExportTarget, Frozen, GuardrailsArgs, ImportArgs, InitArgs,
    LogArgs, LogTask, Output, ReleaseArgs, RunArgs, RunsArgs, ShowArgs, Since, TiersArgs, TrafficArgs, TrustArgs,
    UsageError, Verb, VersionChoice, parse,
};
pub use exit::Exit;

/// Does what the arguments after the program's name ask for.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let line = std::iter::once(OsString::from("strata")).chain(arguments.iter().cloned());
    let verb = match parse(line) {
        Ok(Arguments { verb: Some(verb) }) => verb,
        Ok(Arguments { verb: None }) => return no_window("There is no command."),
        Err(UsageError(error)) => {
            // Help and version go to standard output and are no mistake; a closed pipe cannot be told.
            drop(error.print());
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Passed };
            return exit.code().into();
        }
    };
    perform(&verb).code().into()
}

fn perform(verb: &Verb) -> Exit {
    match verb {
        Verb::Check(arguments) => check::check(arguments),
        Verb::Run(arguments) => run::run(arguments),
        Verb::Runs(arguments) => runs::runs(arguments),
        Verb::Show(arguments) => runs::show(arguments),
        Verb::Tiers(arguments) => tiers::tiers(arguments),
        Verb::Traffic(arguments) => traffic::traffic(arguments),
        Verb::Init(arguments) => init::init(arguments),
        Verb::Trust(arguments) => trust::trust(arguments),
        Verb::Release(arguments) => release::release(arguments),
        Verb::Guardrails(arguments) => guardrails::guardrails(arguments),
        Verb::Log(arguments) => log::log(arguments),
        Verb::Eval(arguments) => eval::eval(arguments),
        Verb::Import(arguments) => import::import(arguments),
        Verb::Export(arguments) => export::export(arguments),
    }
}

/// Says why there is no window, and what works without one.
#[must_use]
pub fn no_window(reason: &str) -> ExitCode {
    chosen::complain(reason);
    chosen::note("Without a window, run an experiment with: cargo run --release -- run workspaces/support-triage");
    Exit::Usage.code().into()
}
