//! Arguments go to the command line; without any, the window opens. Errors become exit codes; nothing else is here.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if arguments.is_empty() { window() } else { strata::cli::main(&arguments) }
}

#[cfg(feature = "gui")]
fn window() -> ExitCode {
    match strata::ui::open_window(Vec::new()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => strata::cli::no_window(&error.to_string()),
    }
}

#[cfg(not(feature = "gui"))]
fn window() -> ExitCode {
    strata::cli::no_window("This program was built without its window.")
}
