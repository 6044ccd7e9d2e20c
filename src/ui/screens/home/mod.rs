//! Where one begins: workspaces to open, and what the open one has done last.

mod data;
mod import;
mod screen;

pub(super) use screen::{State, show};
