//! Other models in the place of one that cannot answer.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ModelId;
use crate::domain::is_default;
use crate::domain::money::Usd;

/// The rest of the route behind every model of the experiment. Off in comparisons by default: an answer of another model
/// says nothing about the one that was asked, and is left out of its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FallbackPolicy {
    /// Asked in this order when the one before has a fault of health or of limits; never after a refusal, a wrong
    /// request or a poor answer.
    #[serde(skip_serializing_if = "is_default")]
    pub models: Vec<StandInModel>,
    /// From the first endpoint's first attempt to the last endpoint's answer, in milliseconds. It stands still while
    /// guards, the budget or a person hold the call back.
    pub deadline_ms: u64,
    /// A model whose answer may cost more than this is passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Usd>,
    /// The text that stands in when no model answers; the trial is then marked as degraded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canned: Option<String>,
    /// Count answers of other models and canned ones like the model's own.
    #[serde(skip_serializing_if = "is_default")]
    pub count_stand_ins: bool,
}

impl Default for FallbackPolicy {
    fn default() -> Self {
        Self { models: Vec::new(), deadline_ms: 300_000, max_cost: None, canned: None, count_stand_ins: false }
    }
}

impl FallbackPolicy {
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.models.is_empty() || self.canned.is_some()
    }
}

/// A model of the workspace that may answer for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandInModel {
    pub model: ModelId,
    /// The longest attempt at this model, in milliseconds; the policy's total time where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}
