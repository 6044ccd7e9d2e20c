//! What came of a trial: scored, unscored or errored; never one for another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::CallError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    Pass,
    Fail,
    /// Could not be told (a judge gave no usable answer): shown, and not in the denominator.
    Unscored,
}

/// What one check said of one output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    pub metric: String,
    pub verdict: Verdict,
    /// 0 to 1; `None` where unscored.
    pub score: Option<f64>,
    pub weight: f64,
    /// Why, in a sentence that quotes what was found and what was expected.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    Scored(Score),
    /// At least one check that the verdict hangs on could not be told.
    Unscored(Score),
    /// Machinery failed: no answer, or none that can be judged. Shown, and not in the denominator.
    Errored(CallError),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub verdict: Verdict,
    /// Weighted mean of the checks' scores, 0 to 1; any number where scripts grade, and not a number where they say so.
    pub score: f64,
    pub checks: Vec<CheckResult>,
    /// How assertions of an imported project came to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Box<Breakdown>>,
}

impl Score {
    #[must_use]
    pub const fn new(verdict: Verdict, score: f64, checks: Vec<CheckResult>) -> Self {
        Self { verdict, score, checks, breakdown: None }
    }
}

/// What the verdict of an imported project's trial is made of, as promptfoo reports it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Breakdown {
    /// The prompt as one text, as it was sent; `None` where it is the answer's own text, as an echo's is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What was looked at, where a transform made it of the answer, or the case gave it as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The trial's score by metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, f64>,
    /// The weight behind each metric, where it is not 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
    /// Every assertion in order; those of a set directly after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<AssertionResult>,
}

/// What one assertion said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssertionResult {
    /// The type, with `not-` where it is negated.
    pub kind: String,
    pub pass: bool,
    /// `None` where a script gave something that is not a number.
    pub score: Option<f64>,
    pub reason: String,
}

impl Outcome {
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Scored(score) | Self::Unscored(score) => Some(score.verdict),
            Self::Errored(_) => None,
        }
    }

    #[must_use]
    pub fn checks(&self) -> &[CheckResult] {
        match self {
            Self::Scored(score) | Self::Unscored(score) => &score.checks,
            Self::Errored(_) => &[],
        }
    }
}
