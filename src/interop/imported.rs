//! What an import gives: definitions that can be added to a workspace, and a report on what became of each part.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::{
    Dataset, DatasetId, Experiment, ExperimentId, ModelId, ModelSpec, Place, ProjectId, ProjectSpec, Prompt, PromptId,
    ProviderId, ProviderSpec, Variant, VariantId,
};

/// Another tool's file in Strata's own nouns. Ids are unique within it; nothing has been written.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    pub project: ProjectId,
    pub spec: ProjectSpec,
    pub providers: BTreeMap<ProviderId, ProviderSpec>,
    pub models: BTreeMap<ModelId, ModelSpec>,
    pub prompts: BTreeMap<PromptId, Prompt>,
    pub variants: BTreeMap<VariantId, Variant>,
    pub datasets: BTreeMap<DatasetId, Dataset>,
    pub experiments: BTreeMap<ExperimentId, Experiment>,
    pub report: ImportReport,
}

impl Imported {
    #[must_use]
    pub fn new(project: ProjectId, spec: ProjectSpec) -> Self {
        Self {
            project,
            spec,
            providers: BTreeMap::new(),
            models: BTreeMap::new(),
            prompts: BTreeMap::new(),
            variants: BTreeMap::new(),
            datasets: BTreeMap::new(),
            experiments: BTreeMap::new(),
            report: ImportReport::default(),
        }
    }
}

/// How much of a part is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fidelity {
    /// Means the same here as there.
    Exact,
    /// Comes near; the note says how it differs.
    Approximated,
    /// Is kept for the way back at most; it does nothing here.
    Unsupported,
}

impl fmt::Display for Fidelity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Approximated => "approximated",
            Self::Unsupported => "not supported",
        })
    }
}

/// One part of the file, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportedPart {
    pub fidelity: Fidelity,
    /// As the file calls it: `tests[2].assert[0] contains`.
    pub part: String,
    pub place: Place,
    /// What it became, or why it could not.
    pub note: String,
}

/// Every part of an imported file; nothing is dropped in silence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    pub parts: Vec<ImportedPart>,
}

impl ImportReport {
    pub fn add(&mut self, fidelity: Fidelity, part: impl Into<String>, place: Place, note: impl Into<String>) {
        self.parts.push(ImportedPart { fidelity, part: part.into(), place, note: note.into() });
    }

    /// How many parts are of this fidelity.
    #[must_use]
    pub fn count(&self, fidelity: Fidelity) -> usize {
        self.parts.iter().filter(|part| part.fidelity == fidelity).count()
    }
}
