//! When calls to a model that is out of health are held back.

use serde::{Deserialize, Serialize};

/// The circuit breaker of each model at each endpoint. Only faults of the provider's health count: 5xx, overload, no
/// connection, a time limit, a stall, a connection that broke. An open breaker holds calls back, it never fails them.
///
/// Two rules open it. Where the window holds `min_calls` or more, the failure rate alone decides; before that, while
/// there are too few calls for a rate, a row of `consecutive` failures does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerPolicy {
    /// Off: every call goes through.
    pub on: bool,
    /// The most calls that the window holds; older ones leave it.
    pub window_calls: u32,
    /// How long a call stays in the window.
    pub window_ms: u64,
    /// The fewest calls that make a rate.
    pub min_calls: u32,
    /// The share of failures, above 0 and up to 1, that opens the breaker.
    pub failure_rate: f64,
    /// So many failures in a row open the breaker while the window holds fewer than `min_calls`; `None` waits for a
    /// rate.
    pub consecutive: Option<u32>,
    /// How long the breaker stays open the first time; twice as long each time that a probe fails, less up to a quarter
    /// at random.
    pub open_ms: u64,
    /// The longest time that it stays open before it lets a probe through.
    pub open_cap_ms: u64,
    /// Calls that may be on the wire at once to see whether the provider is well again, 1 to 3.
    pub probes: u32,
    /// A probe that has not ended by then gives its place to another.
    pub probe_deadline_ms: u64,
    /// So many probes have to succeed before all calls go through again.
    pub close_after: u32,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            on: false,
            window_calls: 20,
            window_ms: 60_000,
            min_calls: 10,
            failure_rate: 0.5,
            consecutive: Some(5),
            open_ms: 5_000,
            open_cap_ms: 60_000,
            probes: 1,
            probe_deadline_ms: 60_000,
            close_after: 1,
        }
    }
}
