//! Retries of machinery faults.

use serde::{Deserialize, Serialize};

/// Retries of machinery faults; the request is sent again as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// Retries after the first attempt; 0 switches them off.
    pub retries: u32,
    /// The first delay; each further one doubles.
    pub base_ms: u64,
    /// The longest delay of Strata's own.
    pub cap_ms: u64,
    /// The longest `Retry-After` that is waited for; a longer one ends the trial as errored.
    pub retry_after_cap_ms: u64,
    /// From the first attempt to the last answer, waits included.
    pub deadline_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { retries: 4, base_ms: 500, cap_ms: 30_000, retry_after_cap_ms: 120_000, deadline_ms: 900_000 }
    }
}
