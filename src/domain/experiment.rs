//! An experiment: which variants meet which models on which cases, how they are checked, what it may cost.

use serde::{Deserialize, Serialize};

use super::check::{Check, PassRule};
use super::ids::{DatasetId, ModelId, VariantId};
use super::policy::{Budget, Policy};
use super::{format_one, is_default};

/// A file `experiments/<id>.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    #[serde(default = "format_one")]
    pub format: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    pub variants: Vec<VariantId>,
    pub models: Vec<ModelId>,
    pub dataset: DatasetId,
    #[serde(default, skip_serializing_if = "is_default")]
    pub filter: Filter,
    /// Trials in each cell.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub repeats: u32,
    /// Pairs that are not run, though both take part.
    #[serde(default, skip_serializing_if = "is_default")]
    pub without: Vec<(VariantId, ModelId)>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub checks: Vec<Check>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub pass: PassRule,
    /// Pass rate (0 to 1) that every variant and model must reach for exit code 0; 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<f64>,
    /// The workspace's where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub budget: Budget,
}

impl Experiment {
    /// The pass rate that every variant and model must reach: all of it where none is given.
    #[must_use]
    pub fn gate_or_all(&self) -> f64 {
        self.gate.unwrap_or(1.0)
    }
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_one(repeats: &u32) -> bool {
    *repeats == 1
}

/// Which cases take part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Cases with at least one of these tags; all cases where it is empty.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
    /// The first cases that pass the other filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}
