//! What a type must be given as its value, and what is said where it is given something else.

use serde_json::Value;

use super::{Asked, Undone};

impl<'a> Asked<'a> {
    /// The value as a text, which may be empty.
    pub(super) fn text(&self, kind: &str) -> Result<&'a str, Undone> {
        self.value.as_str().ok_or_else(|| wrong(kind, "a text", self.value))
    }

    /// The value as a text that says something.
    pub(super) fn filled_text(&self, kind: &str) -> Result<&'a str, Undone> {
        self.text(kind)
            .ok()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| wrong(kind, "a text that is not empty", self.value))
    }

    /// The value as one text or a list of texts, at least one.
    pub(super) fn texts(&self, kind: &str) -> Result<Vec<&'a str>, Undone> {
        let texts = match self.value {
            Value::String(text) => Some(vec![text.as_str()]),
            Value::Array(items) if !items.is_empty() => items.iter().map(Value::as_str).collect(),
            _ => None,
        };
        texts.ok_or_else(|| wrong(kind, "a text or a list of texts", self.value))
    }
}

/// The sentence for a value that the type cannot use.
pub(super) fn wrong(kind: &str, needs: &str, value: &Value) -> Undone {
    let given = match value {
        Value::Null => "has none",
        Value::Bool(_) => "has true or false",
        Value::Number(_) => "has a number",
        Value::String(text) if text.is_empty() => "has an empty text",
        Value::String(_) => "has another text",
        Value::Array(_) => "has a list",
        Value::Object(_) => "has an object",
    };
    Undone(format!("“{kind}” needs {needs} as its value, and this one {given}."))
}
