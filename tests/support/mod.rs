//! Help for tests and benches: a server on loopback that speaks the wire formats of all providers, well or badly.
//!
//! A test binary takes it in with `#[path = "../support/mod.rs"] mod support;`.
//!
//! - [`Server::start`] runs on a thread of its own; [`Server::here`] in the runtime of the test, so that paused time
//!   holds for both sides; [`ServerProcess`] in a process of its own, so that a bench measures the client alone.
//! - A [`Plan`] says what happens to each request: an answer, after a while, or a [`Misdeed`].
//! - [`faults`] is the table of misdeeds and of what becomes of the call.

pub mod faults;
pub mod misdeed;
pub mod process;
pub mod server;
pub mod wire;

pub use misdeed::Misdeed;
pub use process::{Orders, ServerProcess};
pub use server::{Counts, Plan, Server};
pub use wire::Wire;
