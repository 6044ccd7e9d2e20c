//! The policy: as production would run it. Each guard is a few numbers with defaults, in a file of its own.

mod budget;
mod cache;
mod retry;
mod timeouts;

use serde::{Deserialize, Serialize};

use super::is_default;

pub use budget::Budget;
pub use cache::CachePolicy;
pub use retry::RetryPolicy;
pub use timeouts::Timeouts;

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
