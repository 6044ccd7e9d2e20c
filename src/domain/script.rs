//! The script of a scripted provider: rules that answer in the place of a model, so that a workspace works offline.
//! What it says is always labelled *scripted, not a model*.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chat::{FinishReason, Role};
use super::{format_one, is_default};

/// The file that `Api::Scripted` names.
///
/// A request is answered in two steps. First each fact gets its value from the first entry of its name whose
/// conditions hold. Then the first rule whose conditions hold gives a reply, in which `<<name>>` stands for a fact.
/// Where there are several choices one is drawn by weight; the draw depends on the seed, the messages and the sample
/// number alone, so a run repeats exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default = "format_one")]
    pub format: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    #[serde(default)]
    pub seed: u64,
    /// By the provider's own name of the model.
    pub models: BTreeMap<String, ScriptedModel>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub facts: Vec<Fact>,
    pub rules: Vec<Rule>,
}

/// How a scripted model behaves in time and under load.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScriptedModel {
    /// Latency is log-normal with this median, in milliseconds.
    pub median_ms: f64,
    /// The 95th percentile of the latency, in milliseconds; the median where it is not above it.
    pub p95_ms: f64,
    /// Share of the latency (0 to 1) that passes before the first token.
    pub first_token: f64,
    pub faults: FaultRates,
}

/// Share (0 to 1) of the attempts that end in each fault. A retry draws anew.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultRates {
    #[serde(skip_serializing_if = "is_default")]
    pub rate_limited: f64,
    #[serde(skip_serializing_if = "is_default")]
    pub server: f64,
    #[serde(skip_serializing_if = "is_default")]
    pub disconnected: f64,
    #[serde(skip_serializing_if = "is_default")]
    pub truncated: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub when: Vec<Condition>,
    pub pick: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub value: String,
    #[serde(default = "one")]
    pub weight: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(default, skip_serializing_if = "is_default")]
    pub when: Vec<Condition>,
    pub replies: Vec<Reply>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    pub text: String,
    #[serde(default = "one")]
    pub weight: f64,
    #[serde(default = "stop")]
    pub finish: FinishReason,
    /// Counted by the tokenizer where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Further output tokens, as reasoning.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reasoning_tokens: u64,
}

const fn one() -> f64 {
    1.0
}

const fn stop() -> FinishReason {
    FinishReason::Stop
}

/// What must hold of a request. All conditions of a list must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// The model is one of these.
    Model(Vec<String>),
    /// The regular expression is found in a message (of that role, where one is given). Named groups become facts.
    Match {
        pattern: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    Not(Box<Condition>),
    Any(Vec<Condition>),
}
