//! The guarded call: everything that stands between a trial and a provider, in one order, each guard in one file.

mod breaker;
mod budget;
mod call;
mod endpoint;
mod retry;
mod retry_budget;

pub use budget::Wallet;
pub use call::{Answered, CallJob, NoAnswer, call};
pub use endpoint::{Endpoint, EndpointHealth};
