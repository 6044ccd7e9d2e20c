//! How fast an endpoint may be called.

use serde::{Deserialize, Serialize};

/// Rate limits of each model at each endpoint, and what is learned of them from the provider. With nothing set, calls
/// are held back by the number of them in flight alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitPolicy {
    /// The most calls in any 60 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// The most input tokens in any 60 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_minute: Option<u64>,
    /// The most output tokens in any 60 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_minute: Option<u64>,
    /// The share of a minute's limit, 0 to 1, that may go at once after a rest; the others follow evenly.
    pub burst: f64,
    /// Obeys the limits that the provider's answers tell (`x-ratelimit-…`, `anthropic-ratelimit-…`) where they are
    /// tighter than those above.
    pub learn: bool,
    /// Fewer calls in flight after each refusal for load, slowly more again while calls succeed, up to the endpoint's
    /// own limit.
    pub adaptive: bool,
    /// A wait that the provider asks for (`Retry-After`) holds back all calls of the endpoint, however long it is, and
    /// not only the call that was told.
    pub pause: bool,
}

impl Default for LimitPolicy {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            input_tokens_per_minute: None,
            output_tokens_per_minute: None,
            burst: 0.02,
            learn: false,
            adaptive: false,
            pause: false,
        }
    }
}
