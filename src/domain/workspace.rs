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
        use Definition as Is;
        use DefinitionKey as Key;
        let before = self.get(key);
        let projects = &mut self.projects;
        match (key, definition) {
            (Key::Manifest, Some(Is::Manifest(manifest))) => self.manifest = manifest,
            (Key::Project(id), Some(Is::Project(spec))) => match projects.get_mut(id) {
                Some(project) => project.spec = spec,
                None => drop(projects.insert(id.clone(), Project::new(spec))),
            },
            (Key::Prompt(id, name), Some(Is::Prompt(value))) => {
                set(projects.get_mut(id).map(|to| &mut to.prompts), name, value);
            }
            (Key::Variant(id, name), Some(Is::Variant(value))) => {
                set(projects.get_mut(id).map(|to| &mut to.variants), name, value);
            }
            (Key::Dataset(id, name), Some(Is::Dataset(value))) => {
                set(projects.get_mut(id).map(|to| &mut to.datasets), name, value);
            }
            (Key::Experiment(id, name), Some(Is::Experiment(value))) => {
                set(projects.get_mut(id).map(|to| &mut to.experiments), name, value);
            }
            (Key::Release(id, name), Some(Is::Release(value))) => {
                set(projects.get_mut(id).map(|to| &mut to.releases), name, value);
            }
            (Key::Prompt(id, name), None) => drop(projects.get_mut(id).and_then(|from| from.prompts.remove(name))),
            (Key::Variant(id, name), None) => drop(projects.get_mut(id).and_then(|from| from.variants.remove(name))),
            (Key::Dataset(id, name), None) => drop(projects.get_mut(id).and_then(|from| from.datasets.remove(name))),
            (Key::Experiment(id, name), None) => {
                drop(projects.get_mut(id).and_then(|from| from.experiments.remove(name)));
            }
            (Key::Release(id, name), None) => drop(projects.get_mut(id).and_then(|from| from.releases.remove(name))),
            // A workspace keeps its manifest and its projects; a definition of another kind has no place here.
            _ => {}
        }
        before
    }
}

fn set<K: Ord + Clone, V>(to: Option<&mut BTreeMap<K, V>>, name: &K, value: V) {
    if let Some(to) = to {
        to.insert(name.clone(), value);
    }
}

impl Project {
    /// The experiment that is meant where none is named: the one that has the project's name, or the only one.
    #[must_use]
    pub fn main_experiment(&self, id: &ProjectId) -> Option<&ExperimentId> {
        let mut ids = self.experiments.keys();
        let named = self.experiments.keys().find(|experiment| experiment.0 == id.0);
        named.or_else(|| ids.next().filter(|_| self.experiments.len() == 1))
    }

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
