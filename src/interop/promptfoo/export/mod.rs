//! The way back: an experiment as a config that promptfoo runs.
//!
//! Its own assertions and options go back as they came. Strata's checks become the assertion types nearest to them, and
//! what has no place there is told in [`Exported::notes`](crate::interop::formats::Exported).

mod cases;
mod checks;
mod config;
mod models;
mod native;
mod notes;
mod prompts;
mod scripts;
#[cfg(test)]
mod tests;
mod yaml;

pub use config::export;
