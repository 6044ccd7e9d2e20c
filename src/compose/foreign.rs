//! Prompts of imported projects: rendered as promptfoo renders them.
//!
//! A prompt that is one text is rendered as one, so that what is sent is the same to the byte; where the text is a chat in
//! JSON, its messages are sent. A prompt of several layers is rendered layer by layer.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{Case, Content, Message, Problem, Prompt, Role};

use super::composer::{Composer, Rendered, RenderedLayer};
use super::nunjucks::{self, PromptTemplate};

/// The environment that templates see: none, since what a config names of it was filled in when it was imported.
static NO_ENVIRONMENT: BTreeMap<String, String> = BTreeMap::new();

/// The only layer's text, where the prompt is one plain text.
pub(super) fn whole(prompt: &Prompt) -> Option<&str> {
    let mut on = prompt.layers.iter().filter(|layer| layer.on);
    let layer = on.next().filter(|_| on.next().is_none())?;
    match &layer.content {
        Content::Text(text) => Some(&text.text),
        Content::Task(task) => {
            let is_plain = task.inputs.is_empty() && task.examples.is_empty() && task.constraints.is_empty();
            (is_plain && task.output_schema.is_none()).then_some(&task.action)
        }
        _ => None,
    }
}

impl Composer {
    /// A prompt that is one text.
    pub(super) fn render_whole(&self, whole: &PromptTemplate, case: &Case) -> Result<Rendered, Vec<Problem>> {
        let vars = self.foreign_vars(case);
        let options = &case.options;
        let rendered = if options.prefix.is_empty() && options.suffix.is_empty() {
            whole.render(&vars, &NO_ENVIRONMENT)
        } else {
            let text = self::whole(&self.prompt).unwrap_or_default();
            nunjucks::render_prompt(&format!("{}{text}{}", options.prefix, options.suffix), &vars, &NO_ENVIRONMENT)
        };
        let rendered = rendered.map_err(|error| vec![self.foreign_problem(&error)])?;
        let layers = self.layers.iter().map(|layer| RenderedLayer {
            id: layer.id.clone(),
            kind: layer.kind,
            name: layer.name.clone(),
            role: layer.role,
            text: rendered.clone(),
        });
        Ok(Rendered {
            messages: chat(&rendered).unwrap_or_else(|| vec![Message { role: Role::User, content: rendered.clone() }]),
            layers: layers.collect(),
            text: Some(rendered),
            ..Rendered::default()
        })
    }

    /// The case's variables, and the defaults of those that it lacks.
    pub(super) fn foreign_vars(&self, case: &Case) -> Map<String, Value> {
        let mut vars = case.vars.clone();
        for (name, variable) in &self.prompt.variables {
            if let Some(default) = variable.default.as_ref().filter(|_| !vars.contains_key(name)) {
                vars.insert(name.clone(), default.clone());
            }
        }
        vars
    }

    fn foreign_problem(&self, error: &nunjucks::TemplateError) -> Problem {
        let place = self.layers.first().map_or_else(|| self.place.clone(), |layer| layer.place.clone());
        Problem::error(place, error.to_string(), "")
    }
}

/// One text of a layer, with a case's variables.
pub(super) fn text(source: &str, vars: &Map<String, Value>) -> Result<String, nunjucks::TemplateError> {
    nunjucks::render(source, vars, &NO_ENVIRONMENT)
}

/// A value of an assertion, filled in: strings, and strings in a list.
///
/// # Errors
/// A template in it is wrong.
pub fn render_assertion_value(value: &Value, vars: &Map<String, Value>) -> Result<Value, nunjucks::TemplateError> {
    nunjucks::render_value(value, vars, &NO_ENVIRONMENT)
}

/// The messages of a chat in JSON, where the text is one.
fn chat(text: &str) -> Option<Vec<Message>> {
    let text = text.trim_start();
    if !text.starts_with('[') {
        return None;
    }
    let Value::Array(items) = serde_json::from_str(text).ok()? else { return None };
    let message = |item: &Value| {
        let role = match item["role"].as_str()? {
            "system" | "developer" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return None,
        };
        Some(Message { role, content: content(&item["content"])? })
    };
    let messages: Option<Vec<Message>> = items.iter().map(message).collect();
    messages.filter(|messages| !messages.is_empty())
}

/// Text, or the texts of a message in parts.
fn content(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Option<Vec<&str>> = parts.iter().map(|part| part["text"].as_str()).collect();
            Some(texts?.join("\n"))
        }
        _ => None,
    }
}
