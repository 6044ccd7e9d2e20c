//! The policy: as production would run it. Each guard is a few numbers with defaults.

use serde::{Deserialize, Serialize};

use super::is_default;
use super::money::Usd;

/// How the calls of an experiment are guarded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    #[serde(skip_serializing_if = "is_default")]
    pub retry: RetryPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub timeouts: Timeouts,
    #[serde(skip_serializing_if = "is_default")]
    pub cache: CachePolicy,
}

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

/// Time limits of one attempt, by phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    pub connect_ms: u64,
    pub first_byte_ms: u64,
    /// Between two chunks of the body.
    pub idle_ms: u64,
    pub total_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 10_000, first_byte_ms: 120_000, idle_ms: 60_000, total_ms: 600_000 }
    }
}

/// The exact cache: the same request, sample number included, is paid once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CachePolicy {
    pub on: bool,
    /// Part of the key: another epoch asks everything anew and keeps the old answers.
    pub epoch: u32,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self { on: true, epoch: 0 }
    }
}

/// What a run may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Nothing is sent that could take the run past this; `None` is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hard: Option<Usd>,
    /// Past this a notice is raised once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<Usd>,
}
