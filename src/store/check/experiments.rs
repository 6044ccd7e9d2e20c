//! Checks of experiments, variants and prompts: what they refer to and which numbers they give.

use std::collections::BTreeSet;

use crate::domain::{
    CheckKind, Content, DatasetId, DefinitionKey, Experiment, ExperimentId, ModelId, Override, Params, Project,
    ProjectId, Prompt, PromptId, Variant, VariantId,
};
use crate::scoring::models_asked;

use super::Checker;
use super::manifest::meant;

impl Checker<'_> {
    pub(super) fn project(&mut self, id: &ProjectId, project: &Project) {
        for (name, prompt) in &project.prompts {
            self.prompt(&DefinitionKey::Prompt(id.clone(), name.clone()), (id, project), prompt);
        }
        for (name, variant) in &project.variants {
            self.variant(&DefinitionKey::Variant(id.clone(), name.clone()), (id, project), variant);
        }
        for (name, experiment) in &project.experiments {
            self.experiment(id, name, project, experiment);
        }
        self.compositions(id, project);
    }

    fn prompt(&mut self, key: &DefinitionKey, of: (&ProjectId, &Project), prompt: &Prompt) {
        for (index, layer) in prompt.layers.iter().enumerate() {
            let index = index.to_string();
            self.content(key, &["layers", &index, "content"], of, &layer.content);
            if layer.id.as_str().is_empty() {
                self.wrong(key, &["layers", &index, "id"], "The layer has no id.".to_owned(), "Give it a short name.");
            }
        }
    }

    /// Datasets of examples; prompts and layers of snippets are followed when the variant is composed.
    fn content(
        &mut self,
        key: &DefinitionKey,
        path: &[&str],
        (id, project): (&ProjectId, &Project),
        content: &Content,
    ) {
        if let Content::Examples(examples) = content
            && !project.datasets.contains_key(&examples.dataset)
            && !self.unread.has(&DefinitionKey::Dataset(id.clone(), examples.dataset.clone()))
        {
            let hint = meant(examples.dataset.as_str(), project.datasets.keys().map(DatasetId::as_str));
            let path: Vec<&str> = path.iter().copied().chain(["dataset"]).collect();
            self.wrong(key, &path, format!("The dataset `{}` is not there.", examples.dataset), &hint);
        }
    }

    fn variant(&mut self, key: &DefinitionKey, (id, project): (&ProjectId, &Project), variant: &Variant) {
        let prompt = || DefinitionKey::Prompt(id.clone(), variant.prompt.clone());
        if !project.prompts.contains_key(&variant.prompt) && !self.unread.has(&prompt()) {
            let hint = meant(variant.prompt.as_str(), project.prompts.keys().map(PromptId::as_str));
            self.wrong(key, &["prompt"], format!("The prompt `{}` is not there.", variant.prompt), &hint);
        }
        for (layer, change) in &variant.layers {
            if let Override::Replace(content) = change {
                self.content(key, &["layers", layer.as_str()], (id, project), content);
            }
        }
        self.params(key, &variant.params);
        if let Some(tiers) = &variant.tiers {
            self.tiers(key, tiers);
        }
    }

    fn params(&mut self, key: &DefinitionKey, params: &Params) {
        if params.max_tokens == Some(0) {
            let message = "`max_tokens` is 0, so that no answer can be given.".to_owned();
            self.wrong(key, &["params", "max_tokens"], message, "Give a number from 1, or leave it out.");
        }
        if let Some(temperature) = params.temperature
            && !(0.0..=2.0).contains(&temperature)
        {
            let message = format!("The temperature is {temperature}.");
            self.wrong(key, &["params", "temperature"], message, "Give a number from 0 to 2.");
        }
        if let Some(top_p) = params.top_p
            && !(0.0..=1.0).contains(&top_p)
        {
            self.wrong(key, &["params", "top_p"], format!("`top_p` is {top_p}."), "Give a number from 0 to 1.");
        }
    }

    fn experiment(&mut self, project_id: &ProjectId, id: &ExperimentId, project: &Project, experiment: &Experiment) {
        let key = &DefinitionKey::Experiment(project_id.clone(), id.clone());
        let (variants, models) = (&project.variants, &self.workspace.manifest.models);
        let names = experiment.variants.iter().map(VariantId::as_str);
        let unread = |name: &str| DefinitionKey::Variant(project_id.clone(), name.into());
        self.listed(key, "variant", names, (&variants.keys().map(VariantId::as_str), &unread));
        let names = experiment.models.iter().map(ModelId::as_str);
        self.listed(key, "model", names, (&models.keys().map(ModelId::as_str), &|_| DefinitionKey::Manifest));
        let dataset = DefinitionKey::Dataset(project_id.clone(), experiment.dataset.clone());
        if !project.datasets.contains_key(&experiment.dataset) && !self.unread.has(&dataset) {
            let hint = meant(experiment.dataset.as_str(), project.datasets.keys().map(DatasetId::as_str));
            self.wrong(key, &["dataset"], format!("The dataset `{}` is not there.", experiment.dataset), &hint);
        }
        self.left_out(key, (project_id, project), &experiment.without);
        for (index, check) in experiment.checks.iter().enumerate() {
            let asked: BTreeSet<ModelId> = models_asked(std::slice::from_ref(check)).into_iter().collect();
            for model in asked.iter().filter(|model| self.lacks_model(model)).collect::<Vec<_>>() {
                let hint = meant(model.as_str(), models.keys().map(ModelId::as_str));
                let message = format!("The judge's model `{model}` is not there.");
                let index = index.to_string();
                let place: &[&str] = match check.kind {
                    CheckKind::Judge { .. } => &["checks", &index, "kind", "model"],
                    _ => &["checks", &index],
                };
                self.wrong(key, place, message, &hint);
            }
        }
        self.numbers(key, experiment);
        if let Some(policy) = &experiment.policy {
            self.policy(key, policy);
        }
    }

    /// Pairs that are left out must be of variants and models that are there.
    fn left_out(&mut self, key: &DefinitionKey, (id, project): (&ProjectId, &Project), pairs: &[(VariantId, ModelId)]) {
        let models = &self.workspace.manifest.models;
        for (index, (variant, model)) in pairs.iter().enumerate() {
            let index = index.to_string();
            let unread = DefinitionKey::Variant(id.clone(), variant.clone());
            if !project.variants.contains_key(variant) && !self.unread.has(&unread) {
                let hint = meant(variant.as_str(), project.variants.keys().map(VariantId::as_str));
                let message = format!("The variant `{variant}` of a pair that is left out is not there.");
                self.wrong(key, &["without", &index, "0"], message, &hint);
            }
            if self.lacks_model(model) {
                let hint = meant(model.as_str(), models.keys().map(ModelId::as_str));
                let message = format!("The model `{model}` of a pair that is left out is not there.");
                self.wrong(key, &["without", &index, "1"], message, &hint);
            }
        }
    }

    /// Names in a list must be there, and once; those whose definition cannot be read may be there.
    fn listed<'n>(
        &mut self,
        key: &DefinitionKey,
        what: &str,
        names: impl ExactSizeIterator<Item = &'n str>,
        (known, unread): (&(impl Iterator<Item = &'n str> + Clone), &dyn Fn(&str) -> DefinitionKey),
    ) {
        let field = format!("{what}s");
        if names.len() == 0 {
            self.wrong(key, &[&field], format!("The experiment has no {what}."), "Name at least one.");
        }
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            let index = index.to_string();
            if !known.clone().any(|known| known == name) && !self.unread.has(&unread(name)) {
                self.wrong(
                    key,
                    &[&field, &index],
                    format!("The {what} `{name}` is not there."),
                    &meant(name, known.clone()),
                );
            } else if !seen.insert(name) {
                let message = format!("The {what} `{name}` stands in the list twice.");
                self.wrong(key, &[&field, &index], message, "Remove one of them; `repeats` asks for further trials.");
            }
        }
    }

    fn numbers(&mut self, key: &DefinitionKey, experiment: &Experiment) {
        let share = |number: f64| (0.0..=1.0).contains(&number);
        if experiment.repeats == 0 {
            let message = "`repeats` is 0, so that nothing is tried.".to_owned();
            self.wrong(key, &["repeats"], message, "Give a number from 1.");
        }
        if experiment.filter.limit == Some(0) {
            let message = "The filter lets no case through.".to_owned();
            self.wrong(key, &["filter", "limit"], message, "Give a number from 1, or leave it out.");
        }
        if let Some(gate) = experiment.gate.filter(|gate| !share(*gate)) {
            self.wrong(key, &["gate"], format!("The gate is {gate}."), "A pass rate goes from 0 to 1.");
        }
        if let (Some(hard), Some(warn)) = (experiment.budget.hard, experiment.budget.warn)
            && warn > hard
        {
            let message = format!("The budget warns at {warn}, after it has stopped at {hard}.");
            self.warn(key, &["budget", "warn"], message, "Warn at less than the hard limit.");
        }
    }
}
