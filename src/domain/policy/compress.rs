//! Compression of long context by a model.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ModelId;

/// Layers of context that are long are shortened by a model before the request is made: a call of its own, cached and
/// paid like every other. It changes the prompt, so that it belongs beside the same experiment without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompressPolicy {
    /// The model of the workspace that shortens; nothing is shortened where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelId>,
    /// Layers with more tokens than this are shortened.
    pub threshold: u32,
    /// The share of the tokens that is to be left, above 0 and below 1.
    pub ratio: f64,
}

impl Default for CompressPolicy {
    fn default() -> Self {
        Self { model: None, threshold: 2_000, ratio: 0.3 }
    }
}
