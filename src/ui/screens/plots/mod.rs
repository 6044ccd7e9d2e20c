//! Success, cost and latency side by side.

mod screen;

pub(super) use screen::{State, show};
