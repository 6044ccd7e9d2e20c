//! What can be seen of a run before it begins: the first requests of each variant, and the tags that cases can be
//! chosen by. Nothing is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::launch::{Bookcase, Prepared, Wish};
use super::shelf::Shelf;
use crate::domain::{ModelId, Place, Problem, TrialRef, VariantId, Workspace};
use crate::plan::PlannedTrial;
use crate::store::OpenCases;

/// Rows that are read for their tags.
const TAG_ROWS: usize = 50_000;
/// Cases of each variant whose requests are shown.
const CASES: u32 = 3;

/// What a variant would send for the first cases.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    pub variant: VariantId,
    /// The first of the experiment's models.
    pub model: ModelId,
    pub trials: Vec<Result<PlannedTrial, Vec<Problem>>>,
}

/// Cases to choose from: the experiment's dataset.
#[derive(Clone)]
pub struct Choice {
    pub cases: Arc<OpenCases>,
    /// How many cases carry each tag, by the first 50 000 rows.
    pub tags: Arc<Vec<(String, u64)>>,
}

impl std::fmt::Debug for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Choice").field("cases", &self.cases.cases.len()).field("tags", &self.tags).finish()
    }
}

/// The first requests of each variant, for the first model.
pub(super) fn rehearse(prepared: &Prepared) -> Vec<Rehearsal> {
    let plan = &prepared.plan;
    let Some(model) = plan.header.models.first() else { return Vec::new() };
    let of = |(position, variant): (u16, &VariantId)| Rehearsal {
        variant: variant.clone(),
        model: model.id.clone(),
        trials: (0..plan.header.cases.min(CASES))
            .map(|case| plan.prepare(TrialRef { case, variant: position, model: 0, repeat: 0 }))
            .collect(),
    };
    (0..).zip(&plan.header.variants).map(of).collect()
}

/// The experiment's dataset with its tags, which are counted again only where it is another than in `known`.
pub(super) fn choice(workspace: &Workspace, shelf: &Shelf, wish: &Wish, known: Option<Choice>) -> Option<Choice> {
    let project = workspace.projects.get(&wish.project)?;
    let experiment = project.experiments.get(&wish.experiment)?;
    let bookcase = Bookcase { workspace, shelf, id: &wish.project, project };
    let cases = bookcase.cases(&experiment.dataset, &Place::default()).ok()?;
    let same = known.filter(|known| Arc::ptr_eq(&known.cases, &cases));
    Some(same.unwrap_or_else(|| Choice { tags: Arc::new(count_tags(&cases)), cases }))
}

fn count_tags(open: &OpenCases) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let rows = open.cases.len().min(TAG_ROWS);
    for case in (0..rows).filter_map(|row| open.cases.case(row).ok()) {
        for tag in case.tags {
            *counts.entry(tag).or_default() += 1;
        }
    }
    counts.into_iter().collect()
}
