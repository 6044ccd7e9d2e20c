//! Runs a plan: the only place where trials become tasks.
//!
//! [`start`] gives the trials to the executor, each endpoint at its own pace. A trial renders its request, goes through
//! [`guard::call`], and is scored. Everything that happens is said to the dispatcher, which numbers it and hands it to
//! the sinks: **recorded before shown**, and *sent* is durable before the first byte leaves.
//!
//! Invariant: the engine does not know what a window, a file or a database is.

mod answers;
mod clock;
mod comparison;
mod control;
mod dispatcher;
mod executor;
mod grading;
mod guard;
mod memory;
mod patience;
mod sink;
mod start;
mod trial;
mod world;

pub use answers::Answers;
pub use clock::{new_run_id, now};
pub use control::RunStatus;
pub use guard::{
    Aftermath, Bounds, BreakerState, Endpoint, EndpointHealth, Entry, Found, Hit, Left, ModelHealth, Question, Refusal,
    SimilarAnswers, UnknownZone, Unsent, UserLimit, UserShare, UserTicket, Users, Visit, When, rehearse, sanitised,
};
pub use memory::Memory;
pub use sink::{CachedCall, CallCache, NoCache, RunSink, SinkError};
pub use start::{RunHandle, start};
pub use world::{Earlier, Route, StandInRoute, TextWatcher, Unread, World};
