//! `is-json` and `contains-json`: the output is JSON, or has an object in it, and that obeys a schema if one is given.

mod checks;
mod dates;
mod formats;
mod objects;
mod read;
mod schema;
mod strict;

pub use checks::{contains_json, is_json};
pub(super) use schema::{Schema, Verdict};
