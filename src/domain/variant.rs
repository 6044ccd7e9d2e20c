//! A variant: what is compared. A prompt, with some layers changed, under given parameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::chat::Params;
use super::ids::{LayerId, PromptId};
use super::policy::TierPolicy;
use super::prompt::Content;
use super::{format_one, is_default};

/// A file `variants/<id>.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    #[serde(default = "format_one")]
    pub format: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    pub prompt: PromptId,
    /// Changes by layer; a layer that the prompt does not have is a problem.
    #[serde(default, skip_serializing_if = "is_default")]
    pub layers: BTreeMap<LayerId, Override>,
    /// Values that stand for a variable's default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub variables: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub params: Params,
    /// Cheaper models for easier requests; every request goes to the experiment's model where they are not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiers: Option<TierPolicy>,
    /// What the imported file says of its prompt and nothing here does anything with, for the way back.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
}

impl Variant {
    /// The prompt as it is.
    #[must_use]
    pub fn of(prompt: PromptId) -> Self {
        Self {
            format: format_one(),
            title: String::new(),
            note: String::new(),
            prompt,
            layers: BTreeMap::new(),
            variables: BTreeMap::new(),
            params: Params::default(),
            tiers: None,
            kept: Map::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Override {
    On,
    Off,
    Replace(Content),
}
