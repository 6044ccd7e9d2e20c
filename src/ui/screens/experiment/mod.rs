//! Which variants meet which models on which cases, and what that costs.

mod screen;

pub(super) use screen::{State, show};
