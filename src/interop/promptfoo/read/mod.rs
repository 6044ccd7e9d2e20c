//! From a file to a suite, one subject per file; `load.rs` has the order.

mod access;
mod assertions;
mod cases;
mod code;
mod csv;
mod csv_cases;
mod desk;
mod environment;
mod expand;
mod expected;
mod external;
mod find;
mod globs;
mod json;
mod known;
mod load;
mod matching;
mod prompt_files;
mod prompts;
mod providers;
mod refs;
mod scenarios;
mod size;
mod spot;
mod text;
mod unfilled;
mod var_files;

#[cfg(test)]
mod tests;

pub(super) use environment::{asks_for_environment, tags};
pub use find::{is_config, is_read};
pub use known::CASE;
pub use load::read;
pub(super) use prompts::looks_like_a_path;
