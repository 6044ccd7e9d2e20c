//! Checks: what an output must be, as it is declared. How each is done is in `scoring`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assertion::{Assertion, AssertionSet};
use super::ids::ModelId;
use super::is_default;
use super::money::Usd;
use super::policy::PiiKind;

/// A test of an output. Its strings are templates over the case's variables and `expected`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The metric that the check's score goes to; the kind's name where it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metric: String,
    /// Share in the case's weighted score; 0 counts for the metric only.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// The score (0 to 1) from which the check passes; 1 where it is not given, 0.5 for a judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Passes where the check would fail, and the other way round.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not: bool,
    /// What is looked at: the whole output, or a value inside it by JSON Pointer (`/category`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    pub kind: CheckKind,
}

const fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(weight: &f64) -> bool {
    (*weight - 1.0).abs() < f64::EPSILON
}

impl Check {
    #[must_use]
    pub fn new(kind: CheckKind) -> Self {
        Self { metric: String::new(), weight: 1.0, threshold: None, not: false, at: None, kind }
    }

    /// The metric's name, never empty.
    #[must_use]
    pub fn metric(&self) -> &str {
        if self.metric.is_empty() { self.kind.name() } else { &self.metric }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CheckKind {
    Equals {
        value: String,
        #[serde(default, skip_serializing_if = "is_default")]
        ignore_case: bool,
    },
    Contains {
        values: Vec<String>,
        #[serde(default, skip_serializing_if = "is_default")]
        need: Need,
        #[serde(default, skip_serializing_if = "is_default")]
        ignore_case: bool,
    },
    StartsWith {
        value: String,
        #[serde(default, skip_serializing_if = "is_default")]
        ignore_case: bool,
    },
    /// Found anywhere in the output, unless the pattern is anchored.
    Regex { pattern: String },
    /// The output is JSON, from its first to its last character.
    Json,
    /// JSON that obeys this JSON Schema (no template, no reference to other documents).
    JsonSchema { schema: Value },
    /// The first number in the output, within `tolerance` of `value`.
    Number {
        /// A number, or a template that gives one.
        value: String,
        #[serde(default, skip_serializing_if = "is_default")]
        tolerance: Tolerance,
    },
    Length {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
        #[serde(default, skip_serializing_if = "is_default")]
        unit: LengthUnit,
    },
    /// The trial's answer cost at most this; unscored where the price is unknown.
    Cost { max: Usd },
    /// The answer came within this many milliseconds.
    Latency { max_ms: f64 },
    /// A model reads the output against a rubric and returns a reason and a score.
    Judge { model: ModelId, rubric: String },
    /// No personal data and no keys but those of the messages that were sent.
    NoPii {
        /// What is looked for; empty for all kinds.
        #[serde(default, skip_serializing_if = "is_default")]
        kinds: BTreeSet<PiiKind>,
    },
    /// The system messages do not come back; unscored where there are none and no canary.
    NoLeak {
        /// A word that stands in the system messages and nowhere else; it is no template. Empty for none.
        #[serde(default, skip_serializing_if = "is_default")]
        canary: String,
        /// From this share (0 to 1) of the runs of eight words, what comes back is a leak.
        #[serde(default = "tenth", skip_serializing_if = "is_tenth")]
        share: f64,
    },
    /// Nothing in the output tries to give orders to a model that reads it next.
    NoInjection,
    /// As promptfoo declares and grades it.
    Assertion(Box<Assertion>),
    /// Checks with a score of their own (promptfoo's `assert-set`); the check's threshold is the set's.
    Set(AssertionSet),
}

const fn tenth() -> f64 {
    0.1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_tenth(share: &f64) -> bool {
    (*share - 0.1).abs() < f64::EPSILON
}

impl CheckKind {
    /// Whether it asks for the form of an answer and not for what it says.
    #[must_use]
    pub const fn is_form(&self) -> bool {
        matches!(self, Self::Json | Self::JsonSchema { .. })
    }

    /// Lower-case name, as it stands in reports and as the default metric.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Equals { .. } => "equals",
            Self::Contains { .. } => "contains",
            Self::StartsWith { .. } => "starts-with",
            Self::Regex { .. } => "regex",
            Self::Json => "json",
            Self::JsonSchema { .. } => "json-schema",
            Self::Number { .. } => "number",
            Self::Length { .. } => "length",
            Self::Cost { .. } => "cost",
            Self::Latency { .. } => "latency",
            Self::Judge { .. } => "judge",
            Self::NoPii { .. } => "no-pii",
            Self::NoLeak { .. } => "no-leak",
            Self::NoInjection => "no-injection",
            Self::Assertion(assertion) => assertion.kind.name(),
            Self::Set(_) => "assert-set",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Need {
    #[default]
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Tolerance {
    Absolute(f64),
    /// A share of the expected value: `0.01` is one percent.
    Relative(f64),
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Absolute(0.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum LengthUnit {
    /// Unicode scalar values.
    #[default]
    Characters,
    Words,
    Lines,
}

/// When a case passes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum PassRule {
    /// Every check passes.
    #[default]
    All,
    /// The weighted mean of the scores is at least this (0 to 1).
    Score(f64),
}
