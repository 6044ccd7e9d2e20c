//! Small prompts, cases and libraries for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::domain::{Case, Content, DatasetId, Layer, Problem, Prompt, PromptId, Role, Text, Variable, Variant};

use super::composer::{Composer, Library, Rendered};

pub fn layer(id: &str, content: Content) -> Layer {
    Layer { id: id.into(), title: String::new(), note: String::new(), on: true, role: None, content }
}

pub fn text(id: &str, text: &str) -> Layer {
    layer(id, Content::Text(Text { text: text.to_owned() }))
}

pub fn system(id: &str, words: &str) -> Layer {
    Layer { role: Some(Role::System), ..text(id, words) }
}

pub fn prompt(layers: impl IntoIterator<Item = Layer>) -> Prompt {
    Prompt { layers: layers.into_iter().collect(), ..Prompt::default() }
}

/// Declares variables without defaults.
pub fn declaring(names: &[&str], mut prompt: Prompt) -> Prompt {
    prompt.variables.extend(names.iter().map(|name| ((*name).to_owned(), Variable::default())));
    prompt
}

pub fn case(vars: &Value) -> Case {
    Case { id: "1".into(), vars: vars.as_object().cloned().unwrap_or_default(), ..Case::default() }
}

pub fn columns(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Prompts and one dataset, `shots`.
#[derive(Default)]
pub struct Shelf {
    pub prompts: BTreeMap<PromptId, Arc<Prompt>>,
    pub shots: Vec<Case>,
}

impl Shelf {
    pub fn with(mut self, id: &str, prompt: Prompt) -> Self {
        self.prompts.insert(id.into(), Arc::new(prompt));
        self
    }

    pub fn compose(&self, prompt: &Prompt, variant: &Variant) -> Result<Composer, Vec<Problem>> {
        let shots = Arc::new(self.shots.clone());
        let examples = move |id: &DatasetId| (id.as_str() == "shots").then(|| Arc::clone(&shots));
        Composer::new(
            prompt,
            variant,
            &Library { dialect: crate::domain::Dialect::Jinja, prompts: &self.prompts, examples: &examples },
        )
    }
}

pub fn compose(prompt: &Prompt) -> Composer {
    try_compose(prompt).expect("a prompt without problems")
}

pub fn try_compose(prompt: &Prompt) -> Result<Composer, Vec<Problem>> {
    Shelf::default().compose(prompt, &Variant::of("p".into()))
}

pub fn render(prompt: &Prompt, vars: &Value) -> Rendered {
    compose(prompt).render(&case(vars), &BTreeSet::new(), 0).expect("a case without problems")
}

/// Messages as `role: content`.
pub fn messages(rendered: &Rendered) -> String {
    let lines = rendered.messages.iter().map(|message| format!("[{}]\n{}", message.role.word(), message.content));
    lines.collect::<Vec<_>>().join("\n\n")
}

pub fn sentences(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}
