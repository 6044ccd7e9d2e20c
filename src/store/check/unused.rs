//! Definitions that nothing refers to: warnings, since they may be work in progress. Where a file cannot be read that may
//! refer to them, they are not told.

use std::collections::BTreeSet;

use crate::domain::{Content, DefinitionKey, Override, Policy, Project, ProjectId, Source};
use crate::scoring::models_asked;

use super::Checker;

impl Checker<'_> {
    pub(super) fn unused(&mut self) {
        let workspace = self.workspace;
        for (id, project) in &workspace.projects {
            self.unused_of(id, project);
        }
        let experiments = || workspace.projects.values().flat_map(|project| project.experiments.values());
        let mut models: BTreeSet<_> = experiments().flat_map(|experiment| &experiment.models).collect();
        let of_checks = experiments().flat_map(|experiment| models_asked(&experiment.checks));
        let datasets = workspace.projects.values().flat_map(|project| project.datasets.values());
        let cases = datasets.filter_map(|dataset| match &dataset.source {
            Source::Cases(cases) => Some(cases),
            Source::File(_) => None,
        });
        let graders: BTreeSet<_> =
            of_checks.chain(cases.flatten().flat_map(|case| models_asked(&case.checks))).collect();
        models.extend(&graders);
        let manifest = &workspace.manifest;
        let policies = experiments().filter_map(|experiment| experiment.policy.as_ref()).chain([&manifest.policy]);
        models.extend(policies.flat_map(Policy::models));
        let variants = workspace.projects.values().flat_map(|project| project.variants.values());
        let tiers = variants.filter_map(|variant| variant.tiers.as_ref()).flat_map(|policy| &policy.tiers);
        models.extend(tiers.map(|tier| &tier.model));
        let may_be_used = self.unread.may_name_models();
        for id in manifest.models.keys().filter(|id| !may_be_used && !models.contains(id)) {
            let message = format!("No experiment uses the model `{id}`.");
            self.warn(&DefinitionKey::Manifest, &["models", id.as_str()], message, "");
        }
        let providers: BTreeSet<_> = manifest.models.values().map(|model| &model.provider).collect();
        for id in manifest.providers.keys().filter(|id| !providers.contains(id)) {
            let message = format!("No model uses the provider `{id}`.");
            self.warn(&DefinitionKey::Manifest, &["providers", id.as_str()], message, "");
        }
    }

    fn unused_of(&mut self, id: &ProjectId, project: &Project) {
        let contents = || {
            let layers = project.prompts.values().flat_map(|prompt| &prompt.layers).map(|layer| &layer.content);
            let replaced = project.variants.values().flat_map(|variant| variant.layers.values());
            layers.chain(replaced.filter_map(|change| match change {
                Override::Replace(content) => Some(content),
                Override::On | Override::Off => None,
            }))
        };
        let mut prompts: BTreeSet<_> = project.variants.values().map(|variant| &variant.prompt).collect();
        let mut datasets: BTreeSet<_> = project.experiments.values().map(|experiment| &experiment.dataset).collect();
        for content in contents() {
            match content {
                Content::Snippet(snippet) => drop(prompts.insert(&snippet.prompt)),
                Content::Examples(examples) => drop(datasets.insert(&examples.dataset)),
                _ => {}
            }
        }
        let variants: BTreeSet<_> = project.experiments.values().flat_map(|experiment| &experiment.variants).collect();
        let (in_layers, in_experiments) = (self.unread.layers(id), self.unread.experiments(id));
        for name in project.prompts.keys().filter(|name| !in_layers && !prompts.contains(name)) {
            let key = DefinitionKey::Prompt(id.clone(), name.clone());
            self.warn(&key, &[], format!("No variant uses the prompt `{name}`."), "");
        }
        for name in project.variants.keys().filter(|name| !in_experiments && !variants.contains(name)) {
            let key = DefinitionKey::Variant(id.clone(), name.clone());
            self.warn(&key, &[], format!("No experiment uses the variant `{name}`."), "");
        }
        for name in project.datasets.keys().filter(|name| !in_layers && !in_experiments && !datasets.contains(name)) {
            let key = DefinitionKey::Dataset(id.clone(), name.clone());
            self.warn(&key, &[], format!("No experiment uses the dataset `{name}`."), "");
        }
    }
}
