//! The guarded call: everything that stands between a trial and a provider, in one order, each guard in one file.

mod breaker;
mod budget;
mod call;
mod concurrency;
mod dimension;
mod endpoint;
mod latency;
mod learned;
mod limiter;
mod pause;
mod retry;
mod retry_budget;
mod users;
mod window;

pub use budget::Wallet;
pub use call::{Answered, CallJob, NoAnswer, call};
pub use endpoint::{Endpoint, EndpointHealth};
pub use users::{Refusal, UnknownZone, UserLimit, UserShare, UserTicket, Users, When};
