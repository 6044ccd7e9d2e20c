//! A prompt as `LangChain` serialises it: constructors with their arguments, `{lc, id, kwargs}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{Params, ResponseFormat, Role, SecretRef, Tool, Variable, Variant, names_credential};
use crate::interop::formats::draft::{Draft, Said};
use crate::interop::formats::endpoints::Endpoint;
use crate::interop::formats::error::ImportError;
use crate::interop::formats::names::variable;
use crate::interop::formats::params;
use crate::interop::formats::source::{Lines, Source};
use crate::interop::formats::wire;
use crate::interop::formats::words::{Words, mustache, python_format};
use crate::interop::imported::Imported;

/// A constructor: the class that it names, its arguments, and where it stands.
#[derive(Clone, Copy)]
struct Made<'v> {
    class: &'v str,
    args: &'v Map<String, Value>,
    line: Option<u32>,
}

struct Reader<'l> {
    lines: &'l Lines,
}

impl Reader<'_> {
    fn made<'v>(&self, value: &'v Value, pointer: &str) -> Option<Made<'v>> {
        let class = value.get("id")?.as_array()?.last()?.as_str()?;
        Some(Made { class, args: value.get("kwargs")?.as_object()?, line: Some(self.lines.at(pointer)) })
    }
}

/// Reads a prompt, or a prompt that is followed by a model.
pub fn read(source: Source) -> Result<Imported, ImportError> {
    let (value, lines) = source.json()?;
    let reader = Reader { lines: &lines };
    let (root, at) = match value.get("manifest") {
        Some(manifest) => (manifest, "/manifest"),
        None => (&value, ""),
    };
    let no_prompt =
        || source.error(Some(1), "This is no prompt of LangChain.", "Export the prompt's manifest as JSON.");
    let made = reader.made(root, at).ok_or_else(no_prompt)?;
    let (prompt, prompt_at, model) = if made.class == "RunnableSequence" {
        let first = made.args.get("first").ok_or_else(no_prompt)?;
        let place = format!("{at}/kwargs/first");
        (reader.made(first, &place).ok_or_else(no_prompt)?, place, made.args.get("last"))
    } else {
        (made, at.to_owned(), None)
    };
    let mut draft = Draft::new(source, source.stem());
    let partial = prompt.args.get("partial_variables").and_then(Value::as_object).cloned().unwrap_or_default();
    let said = said(&mut draft, &reader, prompt, &prompt_at).ok_or_else(no_prompt)?;
    let optional = prompt.args.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let optional = optional
        .iter()
        .filter_map(|item| item.get("kwargs"))
        .filter(|args| args.get("optional") == Some(&Value::Bool(true)));
    let optional =
        optional.filter_map(|args| Some((args.get("variable_name")?.as_str()?.to_owned(), Value::Array(Vec::new()))));
    let partial: BTreeMap<String, Value> = optional.chain(partial).collect();
    let known: BTreeMap<String, Variable> = partial
        .iter()
        .map(|(name, value)| (variable(name), Variable { default: Some(value.clone()), ..Variable::default() }))
        .collect();
    let (mut params, tools) = model.map_or_else(Default::default, |last| {
        let place = format!("{at}/kwargs/last");
        asked(&mut draft, &reader, last, &place)
    });
    if let Some(schema) =
        prompt.args.get("schema_").or_else(|| prompt.args.get("schema")).filter(|schema| schema.is_object())
    {
        params.response = ResponseFormat::Schema(schema.clone());
        draft.near("schema", prompt.line, "The form of the answer, asked of the provider itself.");
    }
    let id = draft.prompt(source.stem(), &said, tools, known, prompt.line);
    draft.variant(source.stem(), Variant { params, ..Variant::of(id) });
    Ok(draft.imported)
}

fn said(draft: &mut Draft, reader: &Reader, prompt: Made, at: &str) -> Option<Vec<Said>> {
    if prompt.args.get("template").is_some_and(Value::is_string) {
        draft.exact(prompt.class, prompt.line, "One text: a message of the user.");
        return Some(vec![Said::Words(Role::User, words(draft, prompt)?)]);
    }
    let messages = prompt.args.get("messages")?.as_array()?;
    let mut said = Vec::new();
    for (index, item) in messages.iter().enumerate() {
        let place = format!("{at}/kwargs/messages/{index}");
        match reader.made(item, &place) {
            Some(made) => said.extend(message(draft, reader, made, &format!("messages[{index}]"), &place)),
            None => {
                draft.unsupported(format!("messages[{index}]"), Some(reader.lines.at(&place)), "This is no message.");
            }
        }
    }
    Some(said)
}

fn message(draft: &mut Draft, reader: &Reader, made: Made, part: &str, at: &str) -> Option<Said> {
    let part = format!("{part} {}", made.class);
    if made.class == "MessagesPlaceholder" {
        let name = made.args.get("variable_name").and_then(Value::as_str).unwrap_or("messages");
        let variable = variable(name);
        draft.exact(part, made.line, format!("Messages from the variable `{variable}`."));
        return Some(Said::History(variable));
    }
    let role = match made.class {
        class if class.starts_with("System") => Role::System,
        class if class.starts_with("Human") => Role::User,
        class if class.starts_with("AI") => Role::Assistant,
        _ => {
            let named = made.args.get("role").and_then(Value::as_str).and_then(wire::role);
            let Some(role) = named else {
                draft.unsupported(part, made.line, "Messages of this kind are not supported; it is left out.");
                return None;
            };
            role
        }
    };
    let words = match made.args.get("prompt") {
        Some(Value::Array(parts)) => {
            let mut joined = Words::default();
            for (index, item) in parts.iter().enumerate() {
                let place = format!("{at}/kwargs/prompt/{index}");
                match reader.made(item, &place).and_then(|made| words(draft, made)) {
                    Some(words) => {
                        joined.pieces.extend(words.pieces);
                        joined.notes.extend(words.notes);
                    }
                    None => draft.unsupported(&part, made.line, "Only text goes in; a part is left out."),
                }
            }
            Some(joined)
        }
        Some(prompt) => reader.made(prompt, &format!("{at}/kwargs/prompt")).and_then(|made| words(draft, made)),
        None => made.args.get("content").and_then(Value::as_str).map(Words::literal),
    };
    let Some(words) = words else {
        draft.unsupported(part, made.line, "A message without plain text is left out.");
        return None;
    };
    draft.noted(&part, made.line, "A layer.", &words.notes);
    Some(Said::Words(role, words))
}

/// The text of a template, in the way in which it is written.
fn words(draft: &mut Draft, made: Made) -> Option<Words> {
    let text = made.args.get("template")?.as_str()?;
    Some(match made.args.get("template_format").and_then(Value::as_str).unwrap_or("f-string") {
        "mustache" => mustache(text, &Map::new()),
        "jinja2" => {
            draft.near(
                "template_format",
                made.line,
                "Jinja stays as it is; a variable without a value is an error here.",
            );
            Words::ready(text)
        }
        _ => python_format(text),
    })
}

/// The model that a prompt is followed by: its parameters and tools.
fn asked(draft: &mut Draft, reader: &Reader, last: &Value, at: &str) -> (Params, Vec<Tool>) {
    let Some(made) = reader.made(last, at) else { return Default::default() };
    let (bound, more) = match made.args.get("bound").and_then(|bound| reader.made(bound, &format!("{at}/kwargs/bound")))
    {
        Some(bound) => (bound, made.args.get("kwargs").and_then(Value::as_object)),
        None => (made, None),
    };
    let name = ["model", "model_name", "modelName", "model_id"].iter().find_map(|name| bound.args.get(*name)?.as_str());
    let Some(name) = name else {
        draft.unsupported(bound.class, bound.line, "It names no model; choose one in the experiment.");
        return Default::default();
    };
    let mut endpoint = Endpoint::named(bound.class).unwrap_or_else(|| Endpoint::unmapped(bound.class));
    let mut read = params::Read::default();
    for (field, value) in bound
        .args
        .iter()
        .filter(|(field, _)| !["model", "model_name", "modelName", "model_id"].contains(&field.as_str()))
    {
        if let Some(secret) = secret(value) {
            endpoint.key = Some(SecretRef::Env(secret));
        } else if names_credential(field) {
            draft.unsupported(field.clone(), bound.line, "A key stands in the file; it is not kept.");
        } else if ["temperature", "top_p", "max_tokens", "stop", "seed", "model_kwargs"].contains(&field.as_str()) {
            match value.as_object() {
                Some(fields) => fields.iter().for_each(|(name, value)| read.field(name, value)),
                None => read.field(field, value),
            }
        } else if !value.is_null() {
            draft.unsupported(format!("{} {field}", bound.class), bound.line, "This setting is left out.");
        }
    }
    let tools = more.and_then(|more| more.get("tools")?.as_array()).map(Vec::as_slice).unwrap_or_default();
    draft.exact(bound.class, bound.line, format!("The model {name}, of {}.", endpoint.id));
    let provider = draft.provider(endpoint);
    draft.model(provider, name, Params::default());
    (read.params, tools.iter().filter_map(wire::tool).collect())
}

/// The environment variable of `{lc, type: secret, id: [NAME]}`.
fn secret(value: &Value) -> Option<String> {
    if value.get("type")?.as_str()? != "secret" {
        return None;
    }
    Some(value.get("id")?.get(0)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interop::formats::shown::shown;

    fn made(class: &str, args: &Value) -> Value {
        json!({"lc": 1, "type": "constructor", "id": ["langchain", class], "kwargs": args})
    }

    fn template(text: &str, format: &str) -> Value {
        made("PromptTemplate", &json!({"template": text, "template_format": format}))
    }

    #[test]
    fn a_chat_prompt_and_its_model() {
        let messages = json!([
            made("SystemMessagePromptTemplate", &json!({"prompt": template("Be {mood}. {{\"a\": 1}}", "f-string")})),
            made("MessagesPlaceholder", &json!({"variable_name": "history", "optional": true})),
            made(
                "HumanMessagePromptTemplate",
                &json!({"prompt": [template("{{#docs}}{{.}}{{/docs}} {{q}}", "mustache")]})
            ),
            made("ToolMessage", &json!({"content": "x"})),
        ]);
        let chat = made("ChatPromptTemplate", &json!({"messages": messages, "partial_variables": {"mood": "kind"}}));
        let secret = json!({"lc": 1, "type": "secret", "id": ["MY_OPENAI_KEY"]});
        let model = made("ChatOpenAI", &json!({"model": "gpt-5", "temperature": 0, "openai_api_key": secret, "n": 1}));
        let tools =
            json!({"tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]});
        let last = made("RunnableBinding", &json!({"bound": model, "kwargs": tools}));
        let text = format!("{:#}", made("RunnableSequence", &json!({"first": chat, "last": last})));
        insta::assert_snapshot!(shown(&read(Source::new("hub/critic.json", &text).unwrap()).unwrap()));
    }

    #[test]
    fn what_is_no_prompt_is_refused() {
        let refused = |text: &str| read(Source::new("f.json", text).unwrap()).unwrap_err().to_string();
        assert_eq!(
            refused("{\"lc\": 1}"),
            "f.json:1: This is no prompt of LangChain. Export the prompt's manifest as JSON."
        );
    }
}
