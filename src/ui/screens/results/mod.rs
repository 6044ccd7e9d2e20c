//! The answers of a run, cell by cell: the grid, one trial in detail, columns side by side.
//!
//! `data`, `filter`, `diff` and `attempts` gather plain values, `guards`, `run_guards` and `traffic` gather and draw; the
//! other files draw them.

mod attempts;
mod banner;
mod bar;
mod breakdown;
mod compare;
mod data;
mod detail;
mod diff;
mod filter;
mod grid;
mod guards;
mod keys;
mod run_guards;
mod screen;
mod traffic;

pub(super) use screen::{State, show};
