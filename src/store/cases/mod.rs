//! Cases of a dataset: inline in RON, or rows of a CSV or JSONL file that are read one by one when they are asked for.

mod bytes;
mod csv;
mod ids;
mod inline;
mod json;
mod jsonl;
mod open;
mod roles;
mod rows;
#[cfg(test)]
mod tests;

pub use json::parse_json;
pub use open::{OpenCases, open_cases, peek_cases};
pub(super) use rows::MAX_ROW;
