//! A prompt as Langfuse's API takes it.

use serde_json::{Map, Value, json};

use crate::domain::{Params, ResponseFormat, Role};
use crate::interop::bodies::settings;
use crate::interop::slots::Slots;

use crate::interop::formats::words::{Piece, Words};

use super::{Exported, Outgoing};

pub(super) fn write(outgoing: &Outgoing) -> Exported {
    let slots = Slots::of(outgoing.prompt);
    let mut notes = outgoing.notes();
    let mut messages = Vec::new();
    for message in &slots.messages {
        messages.push(match outgoing.turns_of(&message.content) {
            Some(variable) => json!({"type": "placeholder", "name": variable}),
            None => json!({"role": message.role.word(), "content": in_braces(&message.content, &mut notes)}),
        });
    }
    let is_text = slots.messages.len() == 1 && slots.messages[0].role == Role::User && outgoing.turns().is_empty();
    let prompt = if is_text { messages[0]["content"].clone() } else { Value::Array(messages) };
    let mut config = config(&outgoing.params(), &slots.response);
    if let Some((model, _)) = outgoing.model {
        config.insert("model".to_owned(), json!(model.model));
    }
    if !slots.tools.is_empty() {
        config.insert("tools".to_owned(), json!(slots.tools));
    }
    let body = json!({
        "name": outgoing.name,
        "type": if is_text { "text" } else { "chat" },
        "prompt": prompt,
        "config": config,
        "labels": [],
        "tags": [],
        "commitMessage": format!("Version {}", outgoing.prompt.version),
    });
    Exported { text: format!("{body:#}\n"), notes }
}

/// Langfuse knows `{{name}}` and nothing else of a template.
fn in_braces(template: &str, notes: &mut Vec<String>) -> String {
    let Some(words) = Words::of_template(template) else {
        let note = "Statements, filters and the like stay in the text: Langfuse fills in `{{name}}` and nothing else.";
        if !notes.iter().any(|known| known == note) {
            notes.push(note.to_owned());
        }
        return template.to_owned();
    };
    let piece = |piece: &Piece| match piece {
        Piece::Slot(expression) => format!("{{{{{expression}}}}}"),
        Piece::Text(text) | Piece::Tag(text) | Piece::Ready(text) => text.clone(),
    };
    words.pieces.iter().map(piece).collect()
}

fn config(params: &Params, response: &ResponseFormat) -> Map<String, Value> {
    let mut config = settings(params);
    let form = if params.response.is_text() { response } else { &params.response };
    config.extend(response_format(form).map(|form| ("response_format".to_owned(), form)));
    config
}

/// The form of the answer as Chat Completions asks for it.
pub(in crate::interop::formats) fn response_format(response: &ResponseFormat) -> Option<Value> {
    match response {
        ResponseFormat::Text => None,
        ResponseFormat::Json => Some(json!({"type": "json_object"})),
        ResponseFormat::Schema(schema) => {
            Some(json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}))
        }
    }
}
