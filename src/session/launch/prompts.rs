//! Variants made ready to render, with what they refer to: other prompts, and rows of datasets as examples.

use std::fmt::Display;
use std::sync::Arc;

use crate::compose::{Composer, Library};
use crate::domain::{Case, DatasetId, Experiment, Place, Problem, Project, ProjectId, Variant, Workspace};
use crate::plan::PlanVariant;
use crate::session::shelf::Shelf;
use crate::store::{OpenCases, Places};

/// Rows of a dataset that may become examples of a prompt.
const EXAMPLE_ROWS: usize = 10_000;

/// A project with its datasets at hand.
#[derive(Clone, Copy)]
pub struct Bookcase<'a> {
    pub workspace: &'a Workspace,
    pub shelf: &'a Shelf,
    pub id: &'a ProjectId,
    pub project: &'a Project,
}

impl Bookcase<'_> {
    /// Opens a dataset that something at this place names.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn cases(&self, dataset: &DatasetId, at: &Place) -> Result<Arc<OpenCases>, Vec<Problem>> {
        let definition = self.project.datasets.get(dataset).ok_or_else(|| {
            let hint = known("Datasets", self.project.datasets.keys());
            vec![Problem::error(at.clone(), format!("There is no dataset `{dataset}`."), hint)]
        })?;
        self.shelf.open(&self.workspace.root, self.id, dataset, definition)
    }

    /// A variant made ready to render.
    ///
    /// # Errors
    /// Its prompt, layers or snippets are not there, or a template is wrong.
    pub fn composer(&self, variant: &Variant) -> Result<Composer, Vec<Problem>> {
        let prompts = &self.project.prompts;
        let prompt = prompts.get(&variant.prompt).ok_or_else(|| {
            let hint = known("Prompts", prompts.keys());
            vec![Problem::error(Place::default(), format!("There is no prompt `{}`.", variant.prompt), hint)]
        })?;
        let examples = |dataset: &DatasetId| self.examples(dataset);
        Composer::new(prompt, variant, &Library { dialect: self.project.spec.dialect, prompts, examples: &examples })
    }

    fn examples(&self, dataset: &DatasetId) -> Option<Arc<Vec<Case>>> {
        let open = self.cases(dataset, &Place::default()).ok()?;
        let rows = open.cases.len().min(EXAMPLE_ROWS);
        Some(Arc::new((0..rows).filter_map(|row| open.cases.case(row).ok()).collect()))
    }

    /// All variants of an experiment that can be made ready; the problems tell the others.
    pub(super) fn variants(
        &self,
        experiment: &Experiment,
        cases: &OpenCases,
        at: &Place,
        problems: &mut Vec<Problem>,
    ) -> Vec<PlanVariant> {
        if experiment.variants.is_empty() {
            let hint = known("Variants", self.project.variants.keys());
            problems.push(Problem::error(at.clone(), "The experiment has no variant.", hint));
        }
        let columns = cases.columns.iter().cloned().collect();
        let mut places = Places::new(&self.workspace.root);
        let mut ready = Vec::new();
        for id in &experiment.variants {
            let Some(variant) = self.project.variants.get(id) else {
                let hint = known("Variants", self.project.variants.keys());
                problems.push(Problem::error(at.clone(), format!("There is no variant `{id}`."), hint));
                continue;
            };
            let attempt = self.composer(variant);
            let wrong = match &attempt {
                Ok(composer) => composer.lint(Some(&columns)),
                Err(found) => found.clone(),
            };
            problems.extend(places.in_files(self.id, self.project, id, wrong));
            ready.extend(attempt.ok().map(|composer| PlanVariant {
                id: id.clone(),
                composer: Arc::new(composer),
                params: variant.params.clone(),
                tiers: None,
            }));
        }
        ready
    }
}

/// What there is to choose from, as a hint.
pub(super) fn known<T: Display>(what: &str, ids: impl Iterator<Item = T>) -> String {
    let ids = ids.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    if ids.is_empty() { format!("{what}: none yet.") } else { format!("{what}: {ids}.") }
}
