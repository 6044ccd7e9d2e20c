//! The answers of a run, cell by cell.

mod screen;

pub(super) use screen::{State, show};
