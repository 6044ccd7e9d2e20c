//! Frozen versions with their evidence.

mod screen;

pub(super) use screen::{State, show};
