//! The cases that a prompt is tried on.

mod screen;

pub(super) use screen::{State, show};
