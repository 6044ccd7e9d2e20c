//! Tiered selection: which of several models answers, by how complex a request is.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ModelId;
use crate::domain::is_default;
use crate::domain::money::Usd;

/// Cheaper models for easier requests. Requests above the last tier go to the model that the experiment asks, so that
/// beside the same variant without tiers both the saving and the loss of quality are measured, case by case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TierPolicy {
    /// From the easiest requests on.
    pub tiers: Vec<ModelTier>,
    #[serde(skip_serializing_if = "is_default")]
    pub weights: ComplexityWeights,
    /// Input tokens above which a request counts as long.
    pub long_context: u32,
    /// A request that may cost more goes to the nearest tier below that may not; words in a case cannot make it dearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Usd>,
}

impl Default for TierPolicy {
    fn default() -> Self {
        Self { tiers: Vec::new(), weights: ComplexityWeights::default(), long_context: 4_000, max_cost: None }
    }
}

impl TierPolicy {
    /// Where the first two tiers end when it is not given.
    pub const THRESHOLDS: [f64; 2] = [0.4, 0.7];

    /// The complexity up to which the tier at this position answers; 1 for further ones that do not say.
    #[must_use]
    pub fn threshold(&self, tier: usize) -> f64 {
        let own = self.tiers.get(tier).and_then(|tier| tier.up_to);
        own.unwrap_or_else(|| Self::THRESHOLDS.get(tier).copied().unwrap_or(1.0))
    }
}

/// A model and the requests that are easy enough for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelTier {
    pub model: ModelId,
    /// Up to this complexity, 0 to 1; 0.4 for the first tier and 0.7 for the second where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<f64>,
}

/// What each factor adds to a complexity, which is at most 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplexityWeights {
    pub reasoning: f64,
    pub creativity: f64,
    pub accuracy: f64,
    pub long_context: f64,
    pub complex_output: f64,
}

impl Default for ComplexityWeights {
    fn default() -> Self {
        Self { reasoning: 0.3, creativity: 0.2, accuracy: 0.3, long_context: 0.1, complex_output: 0.1 }
    }
}

impl ComplexityWeights {
    /// By name, in the order of the factors.
    #[must_use]
    pub const fn all(&self) -> [(&'static str, f64); 5] {
        [
            ("reasoning", self.reasoning),
            ("creativity", self.creativity),
            ("accuracy", self.accuracy),
            ("long_context", self.long_context),
            ("complex_output", self.complex_output),
        ]
    }
}

/// The file `assets/complexity.ron`: words and phrases that speak for a factor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplexityWords {
    pub reasoning: Vec<String>,
    pub creativity: Vec<String>,
    pub accuracy: Vec<String>,
    pub complex_output: Vec<String>,
}
