//! What is chosen. A choice that has gone (a file was deleted) falls to the first of its kind.

use crate::domain::{DatasetId, ExperimentId, Project, ProjectId, PromptId, RunId, TrialRef, VariantId, Workspace};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    pub project: Option<ProjectId>,
    pub prompt: Option<PromptId>,
    pub variant: Option<VariantId>,
    pub dataset: Option<DatasetId>,
    pub experiment: Option<ExperimentId>,
    pub run: Option<RunId>,
    pub trial: Option<TrialRef>,
}

impl Selection {
    /// Chooses a project; what was chosen in another one is let go.
    pub(super) fn choose_project(&mut self, id: ProjectId) {
        if self.project.as_ref() != Some(&id) {
            *self = Self { project: Some(id), ..Self::default() };
        }
    }

    /// Chooses a prompt and a variant of it.
    pub(super) fn choose_prompt(&mut self, id: PromptId, project: Option<&Project>) {
        let fits = |variant: &VariantId| {
            project.and_then(|project| project.variants.get(variant)).is_some_and(|found| found.prompt == id)
        };
        if !self.variant.as_ref().is_some_and(fits) {
            self.variant = project
                .and_then(|project| project.variants.iter().find(|(_, variant)| variant.prompt == id))
                .map(|(variant, _)| variant.clone());
        }
        self.prompt = Some(id);
    }

    /// Makes every choice one that exists.
    pub(super) fn settle(&mut self, workspace: &Workspace) {
        keep(&mut self.project, &workspace.projects);
        let Some(project) = self.project.as_ref().and_then(|id| workspace.projects.get(id)) else {
            *self = Self::default();
            return;
        };
        if self.experiment.as_ref().is_none_or(|id| !project.experiments.contains_key(id)) {
            self.experiment = self.project.as_ref().and_then(|id| project.main_experiment(id)).cloned();
        }
        keep(&mut self.experiment, &project.experiments);
        let experiment = self.experiment.as_ref().and_then(|id| project.experiments.get(id));
        if self.dataset.is_none() {
            self.dataset = experiment.map(|experiment| experiment.dataset.clone());
        }
        keep(&mut self.dataset, &project.datasets);
        if self.variant.is_none() && self.prompt.is_none() {
            self.variant = experiment.and_then(|experiment| experiment.variants.first().cloned());
            self.prompt =
                self.variant.as_ref().and_then(|id| project.variants.get(id)).map(|variant| variant.prompt.clone());
        }
        keep(&mut self.prompt, &project.prompts);
        if self.variant.as_ref().is_some_and(|id| !project.variants.contains_key(id)) {
            self.variant = None;
        }
    }
}

/// Lets go of an id that is not there any more, for the first that is.
fn keep<Id: Ord + Clone, T>(id: &mut Option<Id>, all: &std::collections::BTreeMap<Id, T>) {
    if id.as_ref().is_none_or(|id| !all.contains_key(id)) {
        *id = all.keys().next().cloned();
    }
}
