//! The cases that a prompt is tried on.

mod cells;
mod columns;
mod detail;
mod import;
mod own;
mod screen;
mod table;
mod view;
mod widths;

pub(super) use screen::{State, show};
