//! Messages: a role, and a text or its parts.

use serde_json::Value;

use crate::domain::Role;
use crate::interop::formats::draft::Said;
use crate::interop::formats::names::of_code;
use crate::interop::formats::words::{Piece, Words};

use super::{Request, words};

/// The role of this name; `None` where messages of it are not supported.
pub(in crate::interop::formats) fn role(name: &str) -> Option<Role> {
    match name.to_ascii_lowercase().as_str() {
        "system" | "developer" => Some(Role::System),
        "user" | "human" => Some(Role::User),
        "assistant" | "ai" | "model" | "bot" => Some(Role::Assistant),
        _ => None,
    }
}

impl Request {
    /// The list `name` of messages; a bare text is one message of the user.
    pub(super) fn messages(&mut self, name: &str, value: &Value) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.message(&format!("{name}[{index}]"), item);
                }
            }
            other => match words(other) {
                Some(words) => self.variable_or_text(name, words),
                None => self.unsupported(name, "This is neither a text nor a list of messages."),
            },
        }
    }

    /// A text, or the name of a variable of the program that holds the messages.
    fn variable_or_text(&mut self, name: &str, words: Words) {
        match words.only_slot() {
            Some(variable) if name == "messages" => self.turns(name, variable),
            _ => self.say(name, Role::User, words),
        }
    }

    fn turns(&mut self, part: &str, variable: &str) {
        let variable = of_code(variable);
        self.near(part, &format!("The messages in the program's variable `{variable}` go in here."));
        self.said.push(Said::History(variable));
    }

    fn message(&mut self, part: &str, item: &Value) {
        if let Some(variable) = words(item).as_ref().and_then(Words::only_slot) {
            self.turns(part, variable);
            return;
        }
        let named = item.get("role").and_then(Value::as_str).unwrap_or("user");
        let Some(role) = role(named) else {
            self.unsupported(part, &format!("Messages of the role `{named}` are not supported; it is left out."));
            return;
        };
        if item.get("tool_calls").is_some_and(|calls| !calls.is_null()) {
            self.unsupported(&format!("{part} tool_calls"), "Calls of tools in a conversation are left out.");
        }
        let content = item.get("content").or_else(|| item.get("parts"));
        match content.map(|content| self.content(part, content)) {
            Some(Some(words)) => self.say(part, role, words),
            None if item.get("type").is_some() => {
                let kind = item.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.unsupported(part, &format!("Items of the type `{kind}` are left out."));
            }
            Some(None) | None => {}
        }
    }

    pub(super) fn say(&mut self, part: &str, role: Role, words: Words) {
        for note in &words.notes {
            self.near(part, note);
        }
        if !words.pieces.is_empty() {
            self.said.push(Said::Words(role, words));
        }
    }

    /// The text of a message; its parts are joined with an empty line between them.
    pub(super) fn content(&mut self, part: &str, content: &Value) -> Option<Words> {
        let parts = match content {
            Value::Array(parts) => parts.as_slice(),
            Value::Object(fields) if !fields.contains_key(super::SLOTS) => std::slice::from_ref(content),
            other => return words(other),
        };
        let mut joined = Words::default();
        for item in parts {
            let kind = item.get("type").and_then(Value::as_str).unwrap_or("text");
            let text = words(item).or_else(|| item.get("text").and_then(words));
            match text {
                Some(text) if kind.ends_with("text") => {
                    if !joined.pieces.is_empty() {
                        joined.pieces.push(Piece::Text("\n\n".to_owned()));
                    }
                    joined.pieces.extend(text.pieces);
                    joined.notes.extend(text.notes);
                }
                _ => self.unsupported(&format!("{part} {kind}"), "Only text goes in; this part is left out."),
            }
        }
        (!joined.pieces.is_empty()).then_some(joined)
    }
}
