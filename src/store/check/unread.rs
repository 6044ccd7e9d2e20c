//! Definitions whose files are there and cannot be read: what refers to them is not wrong for that, and what they alone
//! would use is not unused.

use std::collections::BTreeSet;

use crate::domain::{Content, DefinitionKey, Override, Problem, Project, ProjectId, Prompt, Variant, Workspace};
use crate::store::definitions::key_of;

pub(super) struct Unread(BTreeSet<DefinitionKey>);

impl Unread {
    /// Those of a workspace, by the errors that opening it has found.
    pub fn of(workspace: &Workspace) -> Self {
        let errors = workspace.problems.iter().filter(|problem| Problem::is_error(problem));
        let keys = errors.filter_map(|problem| key_of(&problem.place.file));
        // There is a manifest always: an empty one stands for one that cannot be read.
        Self(keys.filter(|key| *key == DefinitionKey::Manifest || workspace.get(key).is_none()).collect())
    }

    /// Models and providers are not known.
    pub fn manifest(&self) -> bool {
        self.has(&DefinitionKey::Manifest)
    }

    pub fn has(&self, key: &DefinitionKey) -> bool {
        self.0.contains(key)
    }

    /// An experiment of the project.
    pub fn experiments(&self, id: &ProjectId) -> bool {
        self.any(|key| matches!(key, DefinitionKey::Experiment(of, _) if of == id))
    }

    /// A prompt or a variant of the project.
    pub fn layers(&self, id: &ProjectId) -> bool {
        self.any(|key| matches!(key, DefinitionKey::Prompt(of, _) | DefinitionKey::Variant(of, _) if of == id))
    }

    /// Something that may ask a model.
    pub fn may_name_models(&self) -> bool {
        self.any(|key| {
            matches!(
                key,
                DefinitionKey::Manifest
                    | DefinitionKey::Variant(..)
                    | DefinitionKey::Dataset(..)
                    | DefinitionKey::Experiment(..)
            )
        })
    }

    /// Whether any definition is unread for which this holds.
    pub fn any(&self, which: impl Fn(&DefinitionKey) -> bool) -> bool {
        self.0.iter().any(which)
    }

    /// Whether a variant of the project takes a prompt's layer or examples from what is unread.
    pub fn is_part_of(&self, id: &ProjectId, project: &Project, (prompt, variant): (&Prompt, &Variant)) -> bool {
        if !self.any(|key| matches!(key, DefinitionKey::Prompt(of, _) | DefinitionKey::Dataset(of, _) if of == id)) {
            return false;
        }
        let replaced = variant.layers.values().filter_map(|change| match change {
            Override::Replace(content) => Some(content),
            Override::On | Override::Off => None,
        });
        // Snippets may have snippets of their own.
        let of_others = project.prompts.values().flat_map(|prompt| &prompt.layers).map(|layer| &layer.content);
        let own: Vec<&Content> = prompt.layers.iter().map(|layer| &layer.content).chain(replaced).collect();
        let has_snippets = own.iter().any(|content| matches!(content, Content::Snippet(_)));
        let leads_to = |content: &Content| match content {
            Content::Snippet(snippet) => self.has(&DefinitionKey::Prompt(id.clone(), snippet.prompt.clone())),
            Content::Examples(examples) => self.has(&DefinitionKey::Dataset(id.clone(), examples.dataset.clone())),
            _ => false,
        };
        own.into_iter().any(leads_to) || (has_snippets && of_others.into_iter().any(leads_to))
    }
}
