//! `.prompty`, version 2, of a prompt.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::domain::{Api, Params, Prompt, ProviderSpec, SecretRef};
use crate::interop::formats::outgoing::{Exported, Outgoing, response_format};
use crate::interop::slots::Slots;

use super::body::role_line;

/// Writes front matter and body. Values in the front matter are JSON, which is YAML too.
pub fn write(outgoing: &Outgoing) -> Exported {
    let slots = Slots::of(outgoing.prompt);
    let mut notes = outgoing.notes();
    let mut text = format!("---\nname: {}\n", json!(outgoing.name));
    if !outgoing.prompt.note.is_empty() {
        let _ = writeln!(text, "description: {}", json!(outgoing.prompt.note));
    }
    let mut params = outgoing.params();
    if params.response.is_text() {
        params.response = slots.response.clone();
    }
    text.push_str(&model(outgoing, &params));
    text.push_str(&inputs(outgoing.prompt, &outgoing.turns()));
    if !slots.tools.is_empty() {
        text.push_str("tools:\n");
        for tool in &slots.tools {
            let (name, description) = (json!(tool.name), json!(tool.description));
            let _ = writeln!(text, "  - name: {name}\n    kind: function\n    description: {description}");
            let _ = writeln!(text, "    parameters: {}", json!(tool.parameters));
        }
    }
    text.push_str("template:\n  format:\n    kind: jinja2\n  parser:\n    kind: prompty\n---\n");
    for message in &slots.messages {
        if outgoing.turns_of(&message.content).is_some() {
            let _ = writeln!(text, "{}\n", message.content);
            continue;
        }
        if message.content.lines().any(|line| role_line(line).is_some()) {
            notes.push("A line of a message reads like the beginning of another message; reword it.".to_owned());
        }
        let _ = writeln!(text, "{}:\n{}\n", message.role.word(), message.content);
    }
    Exported { text: format!("{}\n", text.trim_end()), notes }
}

fn model(outgoing: &Outgoing, params: &Params) -> String {
    let mut text = String::new();
    if let Some((model, provider)) = outgoing.model {
        let _ = writeln!(text, "  id: {}\n  provider: {}\n  apiType: chat", json!(model.model), vendor(provider));
        text.push_str(&connection(provider));
    }
    let options = options(params);
    if !options.is_empty() {
        text.push_str("  options:\n");
        for (name, value) in options {
            let _ = writeln!(text, "    {name}: {value}");
        }
    }
    if text.is_empty() { text } else { format!("model:\n{text}") }
}

const fn vendor(provider: &ProviderSpec) -> &'static str {
    match provider.api {
        Api::Gemini => "google",
        _ => provider.api.word(),
    }
}

fn connection(provider: &ProviderSpec) -> String {
    let mut text = String::new();
    if let Some(url) = &provider.base_url {
        let _ = writeln!(text, "    endpoint: {}", json!(url));
    }
    if let Some(SecretRef::Env(name)) = &provider.key {
        let _ = writeln!(text, "    apiKey: {}", json!(format!("${{env:{name}}}")));
    }
    if text.is_empty() { text } else { format!("  connection:\n    kind: key\n{text}") }
}

fn options(params: &Params) -> Map<String, Value> {
    let mut options = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    put("temperature", params.temperature.map(Value::from));
    put("topP", params.top_p.map(Value::from));
    put("maxOutputTokens", params.max_tokens.map(Value::from));
    put("stopSequences", (!params.stop.is_empty()).then(|| json!(params.stop)));
    put("seed", params.seed.map(Value::from));
    let mut further = params.extra.clone();
    let response = response_format(&params.response);
    let effort = params.reasoning_effort.map(|effort| json!(effort.word()));
    let stream = params.stream.then(|| json!(true));
    for (name, value) in [("response_format", response), ("reasoning_effort", effort), ("stream", stream)] {
        if let Some(value) = value {
            further.insert(name.to_owned(), value);
        }
    }
    put("additionalProperties", (!further.is_empty()).then_some(Value::Object(further)));
    options
}

fn inputs(prompt: &Prompt, turns: &[&str]) -> String {
    let mut text = String::new();
    for (name, variable) in &prompt.variables {
        let is_thread = turns.contains(&name.as_str());
        let kind = if is_thread { "thread" } else { kind(variable.default.as_ref()) };
        let _ = writeln!(text, "  - name: {}\n    kind: {kind}", json!(name));
        if !variable.note.is_empty() {
            let _ = writeln!(text, "    description: {}", json!(variable.note));
        }
        if let Some(default) = &variable.default {
            let _ = writeln!(text, "    default: {default}");
        }
    }
    if text.is_empty() { text } else { format!("inputs:\n{text}") }
}

const fn kind(default: Option<&Value>) -> &'static str {
    match default {
        Some(Value::Number(_)) => "float",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
        Some(Value::String(_) | Value::Null) | None => "string",
    }
}
