//! Trust, endpoints and keys, prices, and how the window looks.

mod data;
mod screen;

pub(super) use screen::{State, show};
