//! What an import has so far: definitions with ids of their own, and the report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::compose::TemplateSet;
use crate::domain::{
    Case, Check, Content, Dataset, DatasetId, Dialect, Experiment, ExperimentId, FORMAT, History, Layer, LayerId,
    ModelId, ModelSpec, Params, Prompt, PromptId, ProviderId, ProviderSpec, Role, Source as Rows, Text, Tool, Tools,
    Variable, Variant, VariantId,
};
use crate::interop::imported::{Fidelity, Imported};
use crate::interop::names::{slug, unique};

use super::endpoints::Endpoint;
use super::source::Source;
use super::words::Words;

/// Turns of an imported conversation that go in: all of them.
pub(super) const ALL_TURNS: u32 = 1_000;

/// The most parts that a report tells of.
const MOST_PARTS: usize = 10_000;

/// The most messages of a prompt, and the most prompts, evals, criteria and models of a file.
pub(super) const MOST_OF_A_KIND: usize = 1_000;

/// One part of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Words(Role, Words),
    /// Messages from a variable.
    History(String),
}

pub(super) struct Draft<'t> {
    pub source: Source<'t>,
    pub imported: Imported,
}

impl<'t> Draft<'t> {
    /// An empty project that is called `title`.
    pub fn new(source: Source<'t>, title: &str) -> Self {
        let title = if title.trim().is_empty() { source.stem() } else { title.trim() };
        let title: String = title.chars().filter(|letter| !letter.is_control()).take(200).collect();
        let spec = crate::domain::ProjectSpec {
            format: FORMAT,
            title: title.clone(),
            owner: String::new(),
            note: String::new(),
            dialect: Dialect::Jinja,
            kept: Map::new(),
        };
        Self { source, imported: Imported::new(slug(&title, "imported").into(), spec) }
    }

    pub fn exact(&mut self, part: impl Into<String>, line: Option<u32>, note: impl Into<String>) {
        self.add(Fidelity::Exact, part, line, note);
    }

    pub fn near(&mut self, part: impl Into<String>, line: Option<u32>, note: impl Into<String>) {
        self.add(Fidelity::Approximated, part, line, note);
    }

    pub fn unsupported(&mut self, part: impl Into<String>, line: Option<u32>, note: impl Into<String>) {
        self.add(Fidelity::Unsupported, part, line, note);
    }

    pub fn add(&mut self, fidelity: Fidelity, part: impl Into<String>, line: Option<u32>, note: impl Into<String>) {
        let report = &mut self.imported.report;
        match report.parts.len() {
            MOST_PARTS => {
                let note = format!("The report ends after {MOST_PARTS} parts; there are more.");
                report.add(Fidelity::Unsupported, "report", self.source.place(line), note);
            }
            parts if parts < MOST_PARTS => report.add(fidelity, part, self.source.place(line), note),
            _ => {}
        }
    }

    /// Exact where there is nothing to say of it, else approximated with these notes.
    pub fn noted(&mut self, part: &str, line: Option<u32>, note: &str, notes: &[String]) {
        if notes.is_empty() {
            self.exact(part, line, note);
        } else {
            self.near(part, line, notes.join(" "));
        }
    }

    pub fn provider(&mut self, endpoint: Endpoint) -> ProviderId {
        let spec = ProviderSpec {
            api: endpoint.api,
            base_url: endpoint.base_url,
            key: endpoint.key,
            concurrency: 8,
            note: endpoint.note.unwrap_or_default(),
        };
        if let Some((id, _)) = self.imported.providers.iter().find(|(_, known)| **known == spec) {
            return id.clone();
        }
        let id = unique(slug(&endpoint.id, "provider"), |id| self.imported.providers.contains_key(&id.into()));
        let id = ProviderId(id);
        self.imported.providers.insert(id.clone(), spec);
        id
    }

    /// A model of the provider; the same model with the same parameters is there once.
    pub fn model(&mut self, provider: ProviderId, name: &str, params: Params) -> ModelId {
        let spec = ModelSpec {
            provider,
            model: name.to_owned(),
            price: None,
            context: None,
            max_output: None,
            params,
            transform: None,
            note: String::new(),
            kept: Map::new(),
        };
        if let Some((id, _)) = self.imported.models.iter().find(|(_, known)| **known == spec) {
            return id.clone();
        }
        let id = ModelId(unique(slug(name, "model"), |id| self.imported.models.contains_key(&id.into())));
        self.imported.models.insert(id.clone(), spec);
        id
    }

    /// A prompt of these parts. Every variable that they use is declared, with what is known of it.
    pub fn prompt(
        &mut self,
        title: &str,
        said: &[Said],
        tools: Vec<Tool>,
        known: BTreeMap<String, Variable>,
        line: Option<u32>,
    ) -> PromptId {
        let mut prompt = Prompt { title: title.to_owned(), variables: known, ..Prompt::default() };
        prompt.layers = self.layers(said, tools, line);
        self.declare(&mut prompt, line);
        let id = PromptId(unique(slug(title, "prompt"), |id| self.imported.prompts.contains_key(&id.into())));
        self.imported.prompts.insert(id.clone(), prompt);
        id
    }

    fn layers(&mut self, said: &[Said], tools: Vec<Tool>, line: Option<u32>) -> Vec<Layer> {
        let mut layers: Vec<Layer> = Vec::new();
        let mut last = None;
        let mut merged = 0;
        if said.len() > MOST_OF_A_KIND {
            let note = format!("Of {} messages the first {MOST_OF_A_KIND} are taken.", said.len());
            self.unsupported("messages", line, note);
        }
        for part in said.iter().take(MOST_OF_A_KIND) {
            let (stem, role, content) = match part {
                Said::Words(role, words) => (role.word(), Some(*role), Content::Text(Text { text: words.template() })),
                Said::History(variable) => {
                    let history = History { variable: variable.clone(), last: ALL_TURNS, max_tokens: None };
                    ("history", None, Content::History(history))
                }
            };
            merged += usize::from(role.is_some() && role == last);
            last = role;
            layers.push(layer(stem, role, content, &layers));
        }
        if merged > 0 {
            let note = "Neighbouring messages of one role are sent as one message, with an empty line between them.";
            self.near("messages of one role", line, note);
        }
        if !tools.is_empty() {
            layers.push(layer("tools", None, Content::Tools(Tools { tools }), &layers));
        }
        layers
    }

    fn declare(&mut self, prompt: &mut Prompt, line: Option<u32>) {
        let mut needs = BTreeSet::new();
        let mut wrong = Vec::new();
        for layer in &prompt.layers {
            match &layer.content {
                Content::Text(text) => match TemplateSet::new([text.text.as_str()]) {
                    Ok(set) => needs.extend(set.needs(0).map(str::to_owned)),
                    Err(mistakes) => wrong.extend(mistakes.into_iter().map(|(_, told)| (layer.id.clone(), told))),
                },
                Content::History(history) => {
                    needs.insert(history.variable.clone());
                }
                _ => {}
            }
        }
        for name in needs {
            prompt.variables.entry(name).or_default();
        }
        for (layer, told) in wrong {
            self.unsupported(format!("layer {layer}"), line, format!("Its template cannot be read here: {told}"));
        }
    }

    pub fn variant(&mut self, title: &str, variant: Variant) -> VariantId {
        let id = VariantId(unique(slug(title, "variant"), |id| self.imported.variants.contains_key(&id.into())));
        self.imported.variants.insert(id.clone(), variant);
        id
    }

    /// A dataset of these cases; ids that are there twice are left to the rows themselves.
    pub fn dataset(&mut self, title: &str, mut cases: Vec<Case>) -> DatasetId {
        let mut seen = BTreeSet::new();
        for case in &mut cases {
            if !case.id.as_str().is_empty() && !seen.insert(case.id.clone()) {
                case.id = String::new().into();
            }
        }
        let dataset = Dataset {
            format: FORMAT,
            title: title.to_owned(),
            note: String::new(),
            columns: BTreeMap::new(),
            source: Rows::Cases(cases),
        };
        let id = DatasetId(unique(slug(title, "cases"), |id| self.imported.datasets.contains_key(&id.into())));
        self.imported.datasets.insert(id.clone(), dataset);
        id
    }

    pub fn experiment(&mut self, title: &str, experiment: Experiment) -> ExperimentId {
        let is_taken = |id: &str| self.imported.experiments.contains_key(&id.into());
        let id = ExperimentId(unique(slug(title, "experiment"), is_taken));
        self.imported.experiments.insert(id.clone(), experiment);
        id
    }
}

/// An experiment of these parts, with everything else as it is by default.
pub(super) fn experiment(
    title: &str,
    variants: Vec<VariantId>,
    models: Vec<ModelId>,
    dataset: DatasetId,
    checks: Vec<Check>,
) -> Experiment {
    Experiment {
        format: FORMAT,
        title: title.to_owned(),
        note: String::new(),
        variants,
        models,
        dataset,
        filter: crate::domain::Filter::default(),
        repeats: 1,
        without: Vec::new(),
        checks,
        pass: crate::domain::PassRule::default(),
        gate: None,
        policy: None,
        budget: crate::domain::Budget::default(),
    }
}

fn layer(stem: &str, role: Option<Role>, content: Content, before: &[Layer]) -> Layer {
    let id = unique(stem.to_owned(), |id| before.iter().any(|layer| layer.id.as_str() == id));
    Layer { id: LayerId(id), title: String::new(), note: String::new(), on: true, role, content }
}

/// An object's fields under names that templates can say; any other value under `name`.
pub(super) fn vars(value: &Value, name: &str) -> Map<String, Value> {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (super::names::variable(name), value.clone())).collect()
        }
        Value::Null => Map::new(),
        other => Map::from_iter([(name.to_owned(), other.clone())]),
    }
}
