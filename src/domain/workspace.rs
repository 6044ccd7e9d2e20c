//! A workspace as it is held in memory: every definition by id, and the problems of the files that could not be read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::dataset::Dataset;
use super::experiment::Experiment;
use super::ids::{DatasetId, ExperimentId, ProjectId, PromptId, ReleaseId, VariantId};
use super::manifest::{Manifest, ProjectSpec};
use super::problem::Problem;
use super::prompt::Prompt;
use super::release::Release;
use super::script::Script;
use super::variant::Variant;

#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// Absolute.
    pub root: PathBuf,
    pub manifest: Arc<Manifest>,
    pub projects: BTreeMap<ProjectId, Project>,
    /// By the path that `Api::Scripted` gives.
    pub scripts: BTreeMap<String, Arc<Script>>,
    /// Files that could not be read, and references that lead nowhere. The rest of the workspace works.
    pub problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub spec: Arc<ProjectSpec>,
    pub prompts: BTreeMap<PromptId, Arc<Prompt>>,
    pub variants: BTreeMap<VariantId, Arc<Variant>>,
    pub datasets: BTreeMap<DatasetId, Arc<Dataset>>,
    pub experiments: BTreeMap<ExperimentId, Arc<Experiment>>,
    pub releases: BTreeMap<ReleaseId, Arc<Release>>,
}

/// Which definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKey {
    Manifest,
    Project(ProjectId),
    Prompt(ProjectId, PromptId),
    Variant(ProjectId, VariantId),
    Dataset(ProjectId, DatasetId),
    Experiment(ProjectId, ExperimentId),
    Release(ProjectId, ReleaseId),
}

impl DefinitionKey {
    /// The file, relative to the workspace.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let in_project = |project: &ProjectId, folder: &str, id: &str| {
            PathBuf::from("projects").join(project.as_str()).join(folder).join(format!("{id}.ron"))
        };
        match self {
            Self::Manifest => PathBuf::from("workspace.ron"),
            Self::Project(project) => PathBuf::from("projects").join(project.as_str()).join("project.ron"),
            Self::Prompt(project, id) => in_project(project, "prompts", id.as_str()),
            Self::Variant(project, id) => in_project(project, "variants", id.as_str()),
            Self::Dataset(project, id) => in_project(project, "datasets", id.as_str()),
            Self::Experiment(project, id) => in_project(project, "experiments", id.as_str()),
            Self::Release(project, id) => in_project(project, "releases", id.as_str()),
        }
    }
}

/// A definition by value; edits and undo carry these.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    Manifest(Arc<Manifest>),
    Project(Arc<ProjectSpec>),
    Prompt(Arc<Prompt>),
    Variant(Arc<Variant>),
    Dataset(Arc<Dataset>),
    Experiment(Arc<Experiment>),
    Release(Arc<Release>),
}

impl Workspace {
    /// The definition under a key, if there is one.
    #[must_use]
    pub fn get(&self, key: &DefinitionKey) -> Option<Definition> {
        let project = |id: &ProjectId| self.projects.get(id);
        match key {
            DefinitionKey::Manifest => Some(Definition::Manifest(self.manifest.clone())),
            DefinitionKey::Project(id) => project(id).map(|found| Definition::Project(found.spec.clone())),
            DefinitionKey::Prompt(id, name) => project(id)?.prompts.get(name).cloned().map(Definition::Prompt),
            DefinitionKey::Variant(id, name) => project(id)?.variants.get(name).cloned().map(Definition::Variant),
            DefinitionKey::Dataset(id, name) => project(id)?.datasets.get(name).cloned().map(Definition::Dataset),
            DefinitionKey::Experiment(id, name) => {
                project(id)?.experiments.get(name).cloned().map(Definition::Experiment)
            }
            DefinitionKey::Release(id, name) => project(id)?.releases.get(name).cloned().map(Definition::Release),
        }
    }

    /// Puts a definition under a key, or takes it away with `None`; gives back what stood there. A key of a project
    /// that is not there, or of another kind than the definition, changes nothing.
    pub fn put(&mut self, key: &DefinitionKey, definition: Option<Definition>) -> Option<Definition> {
        let before = self.get(key);
        match (key, definition) {
            (DefinitionKey::Manifest, Some(Definition::Manifest(manifest))) => self.manifest = manifest,
            (DefinitionKey::Project(id), Some(Definition::Project(spec))) => match self.projects.get_mut(id) {
                Some(project) => project.spec = spec,
                None => {
                    self.projects.insert(id.clone(), Project::new(spec));
                }
            },
            (DefinitionKey::Prompt(id, name), definition) => match (self.projects.get_mut(id), definition) {
                (Some(project), Some(Definition::Prompt(prompt))) => {
                    project.prompts.insert(name.clone(), prompt);
                }
                (Some(project), None) => {
                    project.prompts.remove(name);
                }
                _ => {}
            },
            (DefinitionKey::Variant(id, name), definition) => match (self.projects.get_mut(id), definition) {
                (Some(project), Some(Definition::Variant(variant))) => {
                    project.variants.insert(name.clone(), variant);
                }
                (Some(project), None) => {
                    project.variants.remove(name);
                }
                _ => {}
            },
            (DefinitionKey::Dataset(id, name), definition) => match (self.projects.get_mut(id), definition) {
                (Some(project), Some(Definition::Dataset(dataset))) => {
                    project.datasets.insert(name.clone(), dataset);
                }
                (Some(project), None) => {
                    project.datasets.remove(name);
                }
                _ => {}
            },
            (DefinitionKey::Experiment(id, name), definition) => match (self.projects.get_mut(id), definition) {
                (Some(project), Some(Definition::Experiment(experiment))) => {
                    project.experiments.insert(name.clone(), experiment);
                }
                (Some(project), None) => {
                    project.experiments.remove(name);
                }
                _ => {}
            },
            (DefinitionKey::Release(id, name), definition) => match (self.projects.get_mut(id), definition) {
                (Some(project), Some(Definition::Release(release))) => {
                    project.releases.insert(name.clone(), release);
                }
                (Some(project), None) => {
                    project.releases.remove(name);
                }
                _ => {}
            },
            _ => {}
        }
        before
    }
}

impl Project {
    #[must_use]
    pub fn new(spec: Arc<ProjectSpec>) -> Self {
        Self {
            spec,
            prompts: BTreeMap::new(),
            variants: BTreeMap::new(),
            datasets: BTreeMap::new(),
            experiments: BTreeMap::new(),
            releases: BTreeMap::new(),
        }
    }
}
