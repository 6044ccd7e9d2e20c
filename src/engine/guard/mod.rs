//! The guarded call: everything that stands between a trial and a provider, in one order, each guard in one file.

mod bill;
mod breaker;
mod budget;
mod call;
mod concurrency;
mod condense;
mod dimension;
mod endpoint;
mod entry;
mod fallback;
mod lane;
mod latency;
mod learned;
mod leg;
mod limiter;
mod output;
mod pause;
mod repair;
mod retry;
mod retry_budget;
mod sanitise;
mod semantic;
mod service;
mod similar;
mod single_flight;
mod traffic;
mod tries;
mod under_way;
mod users;
mod vector_text;
mod window;

#[cfg(test)]
mod tests;

pub use breaker::BreakerState;
pub use budget::Wallet;
pub use call::{Answered, CallJob, Failure, NoAnswer, call};
pub use condense::{Condensed, condense};
pub use endpoint::{Endpoint, EndpointHealth, ModelHealth};
pub use entry::{Aftermath, Entry};
pub use limiter::{Bounds, Left};
pub use sanitise::{Unsent, sanitised};
pub use semantic::Semantic;
pub use service::{Served, ServiceJob, labels, vectors};
pub use similar::{Found, Hit, Question, SimilarAnswers};
pub use single_flight::Flights;
pub use traffic::{Visit, rehearse};
pub use users::{Refusal, UnknownZone, UserLimit, UserShare, UserTicket, Users, When};
