//! Personal data and keys: all of them, each with a check of its own, except those that stand in the input.

mod email;
mod find;
mod iban;
mod ip;
mod keys;
mod numbers;

pub(super) use find::{find, known};
