//! A prompt out of layers.

mod screen;

pub(super) use screen::{State, show};
