//! Validate, then ask again in other words.

use serde::{Deserialize, Serialize};

/// An answer that breaks the form which the prompt asks for is asked for again, reformulated. Machinery faults are not
/// its business: they are retried as they are, and take none of these attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RepairPolicy {
    pub on: bool,
    /// One for each further attempt, in this order. Each starts from the original prompt.
    pub strategies: Vec<Strategy>,
    /// JSON inside a code fence is as good as JSON.
    pub accept_fenced: bool,
}

impl Default for RepairPolicy {
    fn default() -> Self {
        Self { on: false, strategies: vec![Strategy::ExplicitFormat], accept_fenced: false }
    }
}

/// How an answer is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// With what was wrong in words, and an example made from the schema.
    AddExample,
    /// Without examples and history, and only for what the form requires.
    SimplifyRequest,
    /// With what was wrong in words, and the rules of the format spelled out.
    ExplicitFormat,
    /// A request for each top-level field of the schema; the answers are put together.
    BreakDownTask,
}

impl Strategy {
    pub const ALL: [Self; 4] = [Self::AddExample, Self::SimplifyRequest, Self::ExplicitFormat, Self::BreakDownTask];

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AddExample => "with an example",
            Self::SimplifyRequest => "simplified",
            Self::ExplicitFormat => "with the format spelled out",
            Self::BreakDownTask => "field by field",
        }
    }
}
