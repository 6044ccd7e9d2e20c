//! From a workspace to a run, in three steps: what is needed ([`prepare`], and what it will cost:
//! [`Prepared::estimate`]), what is left of an earlier execution ([`take_up`]), and off it goes ([`begin`], [`resume`]).
//! Whatever can be wrong is found before anything is sent.

mod able;
mod asked;
mod begin;
mod bound;
mod estimate;
mod found;
mod prepare;
mod prompts;
mod reach;
mod scripts;
mod trusted;
mod try_one;
mod users;

pub use begin::{LaunchError, Resumed, Start, begin, resume, take_up};
pub use found::refusals;
pub use prepare::{Prepared, Wish, effective_policy, plan_again, prepare, select};
pub use prompts::Bookcase;
pub use scripts::KnownScripts;
pub use trusted::{about, asked, asked_again, granted};
pub use try_one::{TRY_IT, prepare_try};
pub use users::wrong_users;

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Threads for runs and background work.
///
/// # Errors
/// The system has no thread left.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_name("strata").enable_all().build()
}
