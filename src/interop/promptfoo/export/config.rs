//! The whole config.

use serde_json::{Map, Value, json};

use super::cases::{self, Names};
use super::checks::Checks;
use super::models;
use super::notes::Notes;
use super::prompts::{self, Written};
use super::yaml;
use crate::domain::{Case, Dialect, Experiment, ExperimentId, Manifest, PassRule, Project};
use crate::interop::formats::Exported;

/// Calls in flight where a config does not say.
const CONCURRENCY: u32 = 4;

/// Writes an experiment with these cases as a promptfoo config in YAML. What promptfoo has no place for is told in the
/// notes; an experiment that is not there gives an empty text.
#[must_use]
pub fn export(project: &Project, manifest: &Manifest, experiment: &ExperimentId, cases: &[Case]) -> Exported {
    let Some(definition) = project.experiments.get(experiment) else {
        return Exported { text: String::new(), notes: vec![format!("There is no experiment `{experiment}`.")] };
    };
    let mut notes = Notes::default();
    let config = Writing { project, manifest, experiment: definition, cases }.config(&mut notes);
    Exported { text: yaml::written(&Value::Object(config)), notes: notes.sentences() }
}

struct Writing<'a> {
    project: &'a Project,
    manifest: &'a Manifest,
    experiment: &'a Experiment,
    cases: &'a [Case],
}

impl Writing<'_> {
    fn config(&self, notes: &mut Notes) -> Map<String, Value> {
        let dialect = self.project.spec.dialect;
        let prompts = prompts::written(self.project, self.experiment, self.cases, notes);
        let models = models::written(self.manifest, self.experiment, &prompts, notes);
        let checks = Checks { manifest: self.manifest, dialect };
        let mut config = Map::new();
        if let Some(description) = self.description() {
            config.insert("description".to_owned(), description.into());
        }
        config.insert("prompts".to_owned(), prompts.iter().map(|prompt| prompt.entry.clone()).collect());
        config.insert("providers".to_owned(), models.iter().map(|model| model.entry.clone()).collect());
        if let Some(options) = self.options() {
            config.insert("evaluateOptions".to_owned(), options);
        }
        let defaults = self.defaults(&prompts, &checks, notes);
        if !defaults.is_empty() {
            config.insert("defaultTest".to_owned(), Value::Object(defaults));
        }
        let names = Names {
            variants: prompts.iter().map(|prompt| (prompt.variant.clone(), prompt.label.clone())).collect(),
            has_texts: prompts.iter().any(|prompt| !prompt.is_chat),
            has_chats: prompts.iter().any(|prompt| prompt.is_chat),
            models: models.iter().map(|model| (model.id.clone(), model.name.clone())).collect(),
        };
        let tests = self.cases.iter().map(|case| cases::test(case, dialect, &names, &checks, notes));
        config.insert("tests".to_owned(), tests.collect());
        self.tell_the_rest(notes);
        for (name, value) in &self.project.spec.kept {
            config.entry(name.clone()).or_insert_with(|| value.clone());
        }
        config
    }

    fn description(&self) -> Option<&str> {
        let title = self.experiment.title.as_str();
        let of_project =
            || Some(self.project.spec.title.as_str()).filter(|_| self.project.spec.dialect == Dialect::Jinja);
        Some(title).filter(|title| !title.is_empty()).or_else(of_project)
    }

    fn options(&self) -> Option<Value> {
        let mut options = Map::new();
        let models = self.experiment.models.iter().filter_map(|id| self.manifest.models.get(id));
        let least = models.filter_map(|model| Some(self.manifest.providers.get(&model.provider)?.concurrency)).min();
        if let Some(least) = least.filter(|least| *least != CONCURRENCY) {
            options.insert("maxConcurrency".to_owned(), least.into());
        }
        if self.experiment.repeats > 1 {
            options.insert("repeat".to_owned(), self.experiment.repeats.into());
        }
        (!options.is_empty()).then_some(Value::Object(options))
    }

    /// What all tests have: values for variables that a case lacks, the experiment's checks, and when a test passes.
    fn defaults(&self, prompts: &[Written], checks: &Checks, notes: &mut Notes) -> Map<String, Value> {
        let mut vars = Map::new();
        for (name, value) in prompts.iter().flat_map(|prompt| &prompt.defaults) {
            if vars.insert(name.clone(), value.clone()).is_some_and(|other| other != *value) {
                notes.add(format!("Variants have different defaults of `{name}`; the last one's stands for all."));
            }
        }
        let mut defaults = Map::new();
        if !vars.is_empty() {
            defaults.insert("vars".to_owned(), Value::Object(vars));
        }
        let assertions = checks.written(&self.experiment.checks, notes);
        if !assertions.is_empty() {
            defaults.insert("assert".to_owned(), assertions.into());
        }
        if let PassRule::Score(least) = self.experiment.pass {
            defaults.insert("threshold".to_owned(), json!(least));
        }
        defaults
    }

    fn tell_the_rest(&self, notes: &mut Notes) {
        if self.experiment.gate.is_some() {
            notes.add("The gate is not written: promptfoo exits by its own pass rate (PROMPTFOO_PASS_RATE_THRESHOLD).");
        }
        if self.experiment.policy.is_some() {
            notes.add("The policy is not written: promptfoo has no guards, stand-ins or redaction.");
        }
        if self.experiment.budget.hard.is_some() {
            notes.add("The budget is not written: promptfoo does not stop at one.");
        }
        let filter = &self.experiment.filter;
        if !filter.tags.is_empty() || filter.limit.is_some() {
            notes.add("The filter is not written: the tests are the cases that were chosen.");
        }
    }
}
