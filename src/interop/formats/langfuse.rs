//! Langfuse: prompts as its API gives them, and items of datasets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{Case, Params, Role, Variant, names_credential};
use crate::interop::imported::Imported;

use super::draft::{Draft, MOST_OF_A_KIND, Said, vars};
use super::endpoints::Endpoint;
use super::error::ImportError;
use super::names::variable;
use super::params;
use super::source::{Row, Source};
use super::wire;
use super::words::double_braces;

/// How a prompt names others whose text goes in.
const DEPENDENCY: &str = "@@@langfusePrompt:";

/// Reads one prompt, or a list of them.
pub(super) fn prompts(source: Source) -> Result<Imported, ImportError> {
    let rows = source.rows()?;
    let title = rows.first().and_then(|row| row.value.get("name")?.as_str()).unwrap_or(source.stem());
    let mut draft = Draft::new(source, title);
    if rows.len() > MOST_OF_A_KIND {
        let hint = "Split it into smaller files.";
        return Err(source.error(None, format!("The file has more than {MOST_OF_A_KIND} prompts."), hint));
    }
    for row in &rows {
        prompt(&mut draft, row);
    }
    if draft.imported.prompts.is_empty() {
        return Err(source.error(Some(1), "There is no prompt with text or messages.", "Export the prompt as JSON."));
    }
    Ok(draft.imported)
}

fn prompt(draft: &mut Draft, row: &Row) {
    let line = Some(row.line);
    let name = row.value.get("name").and_then(Value::as_str).unwrap_or("prompt").to_owned();
    let said: Vec<Said> = match row.value.get("prompt") {
        Some(Value::String(text)) => {
            draft.exact(format!("{name} prompt"), line, "One text: a message of the user.");
            depends(draft, &name, text, line);
            vec![Said::Words(Role::User, double_braces(text))]
        }
        Some(Value::Array(items)) => {
            items.iter().enumerate().filter_map(|(index, item)| message(draft, &name, index, item, line)).collect()
        }
        _ => {
            draft.unsupported(name, line, "It has no text and no messages.");
            return;
        }
    };
    let (params, model, tools) = config(draft, &name, &row.value, line);
    let prompt = draft.prompt(&name, &said, tools, BTreeMap::new(), line);
    about(draft, &prompt, &name, row);
    draft.variant(&name, Variant { params, ..Variant::of(prompt) });
    if let Some(model) = model {
        let provider = draft.provider(Endpoint::of_model(&model));
        draft.model(provider, &model, Params::default());
        draft.exact(format!("{name} config.model"), line, format!("The model {model}."));
    }
}

fn message(draft: &mut Draft, name: &str, index: usize, item: &Value, line: Option<u32>) -> Option<Said> {
    let part = format!("{name} prompt[{index}]");
    if item.get("type").and_then(Value::as_str) == Some("placeholder") {
        let variable = variable(item.get("name").and_then(Value::as_str).unwrap_or("messages"));
        draft.exact(part, line, format!("Messages from the variable `{variable}`."));
        return Some(Said::History(variable));
    }
    let named = item.get("role").and_then(Value::as_str).unwrap_or("user");
    let (Some(role), Some(text)) = (wire::role(named), item.get("content").and_then(Value::as_str)) else {
        draft.unsupported(part, line, format!("A message of the role `{named}` without plain text is left out."));
        return None;
    };
    depends(draft, name, text, line);
    draft.exact(part, line, "A layer.");
    Some(Said::Words(role, double_braces(text)))
}

/// Texts of other prompts, which are not in the file.
fn depends(draft: &mut Draft, name: &str, text: &str, line: Option<u32>) {
    for (at, _) in text.match_indices(DEPENDENCY) {
        let inner = &text[at + DEPENDENCY.len()..];
        let other = inner.split("@@@").next().unwrap_or_default();
        let note = "The text of another prompt goes in here, which is not in the file: put it in, or a snippet layer.";
        draft.unsupported(format!("{name} {other}"), line, note);
    }
}

fn config(
    draft: &mut Draft,
    name: &str,
    value: &Value,
    line: Option<u32>,
) -> (Params, Option<String>, Vec<crate::domain::Tool>) {
    let none = Map::new();
    let config = value.get("config").and_then(Value::as_object).unwrap_or(&none);
    let mut read = params::Read::default();
    for (field, value) in config.iter().filter(|(field, _)| !["model", "tools"].contains(&field.as_str())) {
        if params::is_known(field) || names_credential(field) {
            read.field(field, value);
        } else {
            draft.unsupported(
                format!("{name} config.{field}"),
                line,
                "This is no parameter of a call; it is left out.",
            );
        }
    }
    let listed = config.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let tools = listed.iter().filter_map(wire::tool).collect();
    if !config.is_empty() {
        draft.exact(format!("{name} config"), line, "Parameters of the variant.");
    }
    for field in &read.secrets {
        draft.unsupported(format!("{name} config.{field}"), line, "A key stands in the file; it is not kept.");
    }
    for field in &read.refused {
        draft.unsupported(format!("{name} config.{field}"), line, "This value cannot be a parameter; it is left out.");
    }
    (read.params, config.get("model").and_then(Value::as_str).map(str::to_owned), tools)
}

/// Version, labels, tags and the message of the commit, as the prompt's note.
fn about(draft: &mut Draft, prompt: &crate::domain::PromptId, name: &str, row: &Row) {
    let listed = |value: &Value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut note = Vec::new();
    for field in ["version", "labels", "tags", "commitMessage"] {
        let Some(words) = row.value.get(field).map(listed).filter(|words| !words.is_empty() && words != "null") else {
            continue;
        };
        draft.near(format!("{name} {field}"), Some(row.line), "It stands in the prompt's note.");
        note.push(format!("{field}: {words}"));
    }
    if let Some(prompt) = draft.imported.prompts.get_mut(prompt) {
        prompt.note = note.join("\n");
    }
}

/// Reads the items of a dataset.
pub(super) fn items(source: Source) -> Result<Imported, ImportError> {
    let rows = source.rows()?;
    let mut draft = Draft::new(source, source.stem());
    let cases: Vec<Case> = rows.iter().filter_map(|row| item(&mut draft, row)).collect();
    if cases.is_empty() {
        return Err(source.error(Some(1), "There is no item with an `input`.", "Export the dataset's items as JSON."));
    }
    draft.exact("items", None, format!("{} cases.", cases.len()));
    draft.dataset(source.stem(), cases);
    Ok(draft.imported)
}

fn item(draft: &mut Draft, row: &Row) -> Option<Case> {
    let line = Some(row.line);
    let Some(input) = row.value.get("input").filter(|input| !input.is_null()) else {
        draft.unsupported("item", line, "An item without an `input` is left out.");
        return None;
    };
    if row.value.get("status").and_then(Value::as_str) == Some("ARCHIVED") {
        draft.unsupported("item", line, "An archived item is left out.");
        return None;
    }
    let expected = row.value.get("expectedOutput").or_else(|| row.value.get("expected_output")).unwrap_or(&Value::Null);
    let id = row.value.get("id").and_then(Value::as_str).unwrap_or_default();
    let mut case =
        Case { id: id.into(), vars: vars(input, "input"), expected: vars(expected, "output"), ..Case::default() };
    if let Some(metadata) = row.value.get("metadata").and_then(Value::as_object) {
        case.options.metadata.clone_from(metadata);
    }
    Some(case)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interop::formats::shown::shown;

    fn read(value: &Value, how: impl Fn(Source) -> Result<Imported, ImportError>) -> Imported {
        let text = format!("{value:#}");
        how(Source::new("f.json", &text).unwrap()).unwrap()
    }

    #[test]
    fn a_chat_prompt_has_layers_and_a_placeholder() {
        let imported = read(
            &json!({
                "name": "movie-critic", "version": 3, "type": "chat", "labels": ["production"], "tags": [],
                "prompt": [
                    {"role": "system", "content": "You are a {{level}} critic. @@@langfusePrompt:name=base|version=1@@@"},
                    {"type": "placeholder", "name": "history"},
                    {"role": "user", "content": "Do you like {{ movie }}? {\"json\": {}}"},
                    {"role": "tool", "content": "x"},
                ],
                "config": {"model": "gpt-5", "temperature": 0.7, "supported_languages": ["en"], "apiKey": "sk-1"},
            }),
            prompts,
        );
        insta::assert_snapshot!(shown(&imported));
        assert!(!format!("{imported:?}").contains("sk-1"));
    }

    #[test]
    fn items_are_cases() {
        let imported = read(
            &json!([
                {"id": "a", "input": {"my question": "Why?"}, "expectedOutput": "So.", "metadata": {"k": 1}, "status": "ACTIVE"},
                {"id": "b", "input": "Text", "expectedOutput": null},
                {"id": "c", "input": "Old", "status": "ARCHIVED"},
                {"id": "d", "input": null},
            ]),
            items,
        );
        insta::assert_snapshot!(shown(&imported));
    }
}
