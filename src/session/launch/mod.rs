//! From a workspace to a run, in three steps: what is needed ([`prepare`]), what is left of an earlier execution
//! ([`take_up`]), and off it goes ([`begin`], [`resume`]). Whatever can be wrong is found before anything is sent.

mod begin;
mod prepare;
mod prompts;
mod reach;

pub use begin::{LaunchError, Resumed, Start, begin, resume, take_up};
pub use prepare::{Prepared, Wish, prepare};
pub use prompts::Bookcase;
