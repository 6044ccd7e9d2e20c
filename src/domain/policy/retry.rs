//! Retries of machinery faults.

use serde::{Deserialize, Serialize};

use crate::domain::is_default;

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
    /// The delays themselves, in the place of the doubling ones; the last one stands for all that follow. They are
    /// spread at random as the doubling ones are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delays_ms: Vec<u64>,
    /// The longest `Retry-After` that is waited for; a longer one ends the trial as errored, unless it pauses the whole
    /// endpoint.
    pub retry_after_cap_ms: u64,
    /// From the first attempt to the last answer, waits included.
    pub deadline_ms: u64,
    /// What all calls of an endpoint together may spend on retries.
    #[serde(skip_serializing_if = "is_default")]
    pub budget: RetryBudget,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 4,
            base_ms: 500,
            cap_ms: 30_000,
            delays_ms: Vec::new(),
            retry_after_cap_ms: 120_000,
            deadline_ms: 900_000,
            budget: RetryBudget::default(),
        }
    }
}

/// A bound on the retries of an endpoint, so that a provider in trouble is not asked several times as much as before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryBudget {
    /// Off: each call retries as often as it may by itself.
    pub on: bool,
    /// Retries that each first attempt allows, 0 to 1: 0.1 is one retry for ten calls.
    pub share: f64,
    /// Retries that each second allows besides.
    pub per_second: f64,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { on: false, share: 0.1, per_second: 1.0 }
    }
}
