//! Frozen versions with their evidence: what is released, what would be next, and its way into git.

mod data;
mod diff;
mod draft;
mod evidence;
mod export;
mod screen;

pub(super) use screen::{State, show};
