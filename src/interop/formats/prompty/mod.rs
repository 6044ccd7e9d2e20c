//! `.prompty` files, version 1 and 2: front matter in YAML, then messages that begin with lines such as `system:`.

mod body;
mod inputs;
mod model;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{Case, Content, Variable, Variant};
use crate::interop::imported::Imported;

use super::draft::{Draft, Said, experiment};
use super::error::ImportError;
use super::reading::Read;
use super::source::Source;
use super::words::{Words, mustache};
use super::yaml::Yaml;

use body::{Part, parts};
use inputs::Input;

pub(super) use write::write;

/// The front matter, and the text after it with the number of lines before that.
struct File<'t> {
    front: &'t str,
    body: &'t str,
    body_after: u32,
}

/// Reads a file. `read` gives the text of a file beside it.
pub(super) fn read(source: Source, read: Read) -> Result<Imported, ImportError> {
    let file = split(&source)?;
    let yaml = Yaml::read(&source, file.front, 1)?;
    let none = Map::new();
    let front = match &yaml.value {
        Value::Object(front) => front,
        Value::Null => &none,
        _ => return Err(source.error(Some(2), "The front matter is no mapping.", "Write it as `name: value` lines.")),
    };
    let title = front.get("name").and_then(Value::as_str).unwrap_or(source.stem());
    let mut draft = Draft::new(source, title);
    let inputs = inputs::read(front, &yaml, &mut draft, read);
    let said = said(&file, front, &yaml, &inputs, &mut draft);
    let tools = model::tools(front, &yaml, &mut draft);
    let mut known: BTreeMap<String, Variable> =
        inputs.iter().map(|input| (input.variable.clone(), input.declared())).collect();
    for part in &said {
        if let Said::History(variable) = part {
            let none = Variable { default: Some(Value::Array(Vec::new())), ..Variable::default() };
            known.entry(variable.clone()).or_insert(none);
        }
    }
    let prompt = draft.prompt(title, &said, tools, known, Some(file.body_after + 1));
    about(front, &yaml, &mut draft, &prompt);
    missing_is_an_error(&mut draft, &prompt);
    let params = model::params(front, &yaml, &mut draft);
    let variant = draft.variant(title, Variant { params, ..Variant::of(prompt) });
    let models = model::models(front, &yaml, &mut draft);
    if let Some(case) = case(&inputs) {
        let dataset = draft.dataset("examples", vec![case]);
        draft.exact("inputs", yaml.line(&["inputs"]), "Their examples and defaults are one case of a dataset.");
        draft.experiment(title, experiment(title, vec![variant], models, dataset, Vec::new()));
    }
    unknown(front, &yaml, &mut draft);
    Ok(draft.imported)
}

/// Front matter between two lines `---`; a file without any is all body.
fn split<'t>(source: &Source<'t>) -> Result<File<'t>, ImportError> {
    let text = source.text;
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else {
        return Ok(File { front: "", body: text, body_after: 0 });
    };
    let mut at = first.len();
    for (index, line) in (2_u32..).zip(lines) {
        if line.trim_end() == "---" {
            return Ok(File { front: &text[first.len()..at], body: &text[at + line.len()..], body_after: index });
        }
        at += line.len();
    }
    Err(source.error(Some(1), "The front matter has no end.", "Close it with a line `---`."))
}

/// The engine of the body's templates.
fn is_mustache(front: &Map<String, Value>) -> bool {
    let template = front.get("template");
    let format = template.and_then(|template| template.get("format")).or(template);
    let kind = format.and_then(|format| format.get("kind").or_else(|| format.get("type"))).or(format);
    kind.and_then(Value::as_str) == Some("mustache")
}

fn said(file: &File, front: &Map<String, Value>, yaml: &Yaml, inputs: &[Input], draft: &mut Draft) -> Vec<Said> {
    let threads: Vec<&str> = inputs.iter().filter(|input| input.is_thread()).map(|input| input.name.as_str()).collect();
    let mustache_known = is_mustache(front).then(|| {
        let known = inputs.iter().map(|input| (input.name.clone(), input.value().cloned().unwrap_or(Value::Null)));
        known.collect::<Map<_, _>>()
    });
    let mut said = Vec::new();
    for part in parts(file.body, &threads) {
        let line = Some(file.body_after.saturating_add(part.line()));
        match part {
            Part::Message { role, text, unknown_role, .. } => {
                let words = match &mustache_known {
                    Some(known) => mustache(text.trim(), known),
                    None => Words::ready(text.trim()),
                };
                if let Some(name) = unknown_role {
                    let note = format!("A message of the role `{name}` is sent as the user's.");
                    draft.near(format!("{name}:"), line, note);
                }
                draft.noted(&format!("{}:", role.word()), line, "A layer.", &words.notes);
                said.push(Said::Words(role, words));
            }
            Part::History { variable, .. } => {
                draft.exact(variable.clone(), line, "Earlier turns go in here, as real messages.");
                said.push(Said::History(variable));
            }
        }
    }
    if mustache_known.is_some() {
        let note =
            "Mustache became Jinja. Values go in as they are; Mustache writes `<`, `>`, `&` and `\"` as entities.";
        draft.near("template", yaml.line(&["template"]), note);
    }
    said
}

/// What says who made the prompt, and why.
fn about(front: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft, prompt: &crate::domain::PromptId) {
    let mut note: Vec<String> = Vec::new();
    if let Some(description) = front.get("description").and_then(Value::as_str) {
        note.push(description.trim().to_owned());
        draft.exact("description", yaml.line(&["description"]), "The prompt's note.");
    }
    let top = ["version", "authors", "tags"].iter().filter_map(|name| Some((*name, front.get(*name)?, vec![*name])));
    let metadata = front.get("metadata").and_then(Value::as_object).into_iter().flatten();
    let metadata = metadata.map(|(name, value)| (name.as_str(), value, vec!["metadata", name.as_str()]));
    for (name, value, keys) in top.chain(metadata) {
        note.push(format!("{name}: {}", in_words(value)));
        draft.near(keys.join("."), yaml.line(&keys), "It stands in the prompt's note.");
    }
    if let Some(prompt) = draft.imported.prompts.get_mut(prompt) {
        prompt.note = note.join("\n");
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Jinja of other tools prints nothing for what is missing.
fn missing_is_an_error(draft: &mut Draft, prompt: &crate::domain::PromptId) {
    let Some(prompt) = draft.imported.prompts.get(prompt) else { return };
    let texts =
        prompt.layers.iter().any(|layer| matches!(&layer.content, Content::Text(text) if text.text.contains('{')));
    let names: Vec<String> = prompt
        .variables
        .iter()
        .filter(|(_, variable)| variable.default.is_none())
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if texts && !names.is_empty() {
        let note = format!("A case without {} is an error here; there it prints nothing.", names.join(", "));
        draft.near("variables", None, note);
    }
}

/// One case of all examples and defaults.
fn case(inputs: &[Input]) -> Option<Case> {
    let vars: Map<String, Value> =
        inputs.iter().filter_map(|input| Some((input.variable.clone(), input.value()?.clone()))).collect();
    (!vars.is_empty()).then(|| Case { id: "example".into(), vars, ..Case::default() })
}

const KNOWN: [&str; 16] = [
    "name",
    "description",
    "version",
    "authors",
    "tags",
    "metadata",
    "model",
    "inputs",
    "inputSchema",
    "sample",
    "outputs",
    "outputSchema",
    "tools",
    "template",
    "displayName",
    "$schema",
];

fn unknown(front: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft) {
    for name in front.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        draft.unsupported(name.clone(), yaml.line(&[name]), "This field means nothing here; it is left out.");
    }
}
