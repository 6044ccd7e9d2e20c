//! Success, cost and latency side by side.

mod chart;
mod data;
mod draw;
mod files;
mod marker;
mod save;
mod screen;
mod sweep;

pub(super) use screen::{State, show};
