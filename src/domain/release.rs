//! A release: a prompt frozen as a version, with the evidence that it works.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chat::Params;
use super::ids::{DatasetId, ExperimentId, ModelId, PromptId, RunId, VariantId};
use super::money::Usd;
use super::prompt::Prompt;
use super::{Fingerprint, format_one, is_default};

/// A file `releases/<prompt>-<version>.ron`. It is written once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    #[serde(default = "format_one")]
    pub format: u32,
    /// The prompt's semantic version.
    pub version: String,
    pub source: PromptId,
    pub variant: VariantId,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    pub frozen_at: Timestamp,
    /// The variant's layers as they were, overrides applied and snippets written out.
    pub prompt: Prompt,
    #[serde(default, skip_serializing_if = "is_default")]
    pub params: Params,
    /// One entry for each model that the variant was run on; empty where it was frozen without a run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub evidence: Vec<Evidence>,
}

/// What a run showed of a variant on one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub run: RunId,
    pub experiment: ExperimentId,
    pub dataset: DatasetId,
    pub dataset_fingerprint: Fingerprint,
    pub model: ModelId,
    /// The model version as the provider answered it, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    /// *Scripted, not a model*: evidence of the workspace, not of any model.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scripted: bool,
    /// What was sent is the variant's messages with a canary planted in the system message, which the release has not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub canary: bool,
    pub passed: u64,
    /// Scored trials: the denominator.
    pub scored: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub unscored: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub errored: u64,
    /// Pass rate with its 95 % interval (Wilson), each 0 to 1; `None` where nothing was scored.
    pub pass_rate: Option<Interval>,
    /// Mean cost of a trial; `None` where the price is unknown.
    pub mean_cost: Option<Usd>,
    /// Milliseconds.
    pub latency_p50_ms: Option<f64>,
    pub latency_p95_ms: Option<f64>,
    /// The pass rate that the experiment asked for, 0 to 1; `None` in releases from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<f64>,
}

impl Evidence {
    /// Whether the gate is met; `None` where it is not known.
    #[must_use]
    pub fn meets_gate(&self) -> Option<bool> {
        self.gate.map(|gate| reaches(self.passed, self.scored, gate))
    }
}

/// Whether `passed` of `scored` trials reach a pass rate of `gate` (0 to 1). Nothing scored reaches none.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
pub fn reaches(passed: u64, scored: u64, gate: f64) -> bool {
    scored > 0 && passed as f64 >= gate * scored as f64
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}
