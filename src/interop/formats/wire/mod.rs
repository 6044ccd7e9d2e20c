//! Request bodies of providers, read back: messages, tools and parameters.
//!
//! Texts come as JSON strings, in which `{{ x }}` is a slot, or as what a snippet's reader made of a text with
//! substitutions ([`with_slots`]).

mod content;
mod openai;
mod others;
mod tools;

use serde_json::{Map, Value, json};

use crate::domain::Api;
use crate::interop::imported::Fidelity;

use super::draft::Said;
use super::params;
use super::words::{Piece, Words, double_braces};
use crate::domain::Tool;

pub(super) use content::role;
pub(super) use tools::tool;

/// The field by which a text with substitutions is told from an object of a request.
pub(super) const SLOTS: &str = "$slots";

/// The most notes on one request.
const MOST_NOTES: usize = 200;

/// A request in Strata's nouns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub shape: Shape,
    pub model: Option<String>,
    pub said: Vec<Said>,
    pub tools: Vec<Tool>,
    pub read: params::Read,
    pub notes: Vec<Note>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub fidelity: Fidelity,
    pub part: String,
    pub words: String,
}

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Chat,
    Responses,
    /// A text to go on with, of the older APIs.
    Completion,
    Anthropic,
    Gemini,
    OllamaChat,
    OllamaGenerate,
}

impl Shape {
    pub const fn api(self) -> Api {
        match self {
            Self::Chat | Self::Responses | Self::Completion => Api::OpenAi,
            Self::Anthropic => Api::Anthropic,
            Self::Gemini => Api::Gemini,
            Self::OllamaChat | Self::OllamaGenerate => Api::Ollama,
        }
    }

    /// The form that these fields have.
    pub fn of(fields: &Map<String, Value>) -> Self {
        let has = |name: &str| fields.contains_key(name);
        let model = fields.get("model").and_then(Value::as_str).unwrap_or_default();
        let is_claude = model.starts_with("claude");
        let is_local = fields.get("options").is_some_and(Value::is_object) || has("keep_alive");
        match () {
            () if has("contents") => Self::Gemini,
            () if has("messages") && is_local => Self::OllamaChat,
            () if has("messages") && (has("system") || has("stop_sequences") || is_claude) => Self::Anthropic,
            () if has("messages") => Self::Chat,
            () if has("input") || has("instructions") => Self::Responses,
            () if has("prompt") && is_local => Self::OllamaGenerate,
            () => Self::Completion,
        }
    }
}

impl Request {
    /// Reads a body. What cannot be kept is in its notes.
    pub fn of(fields: &Map<String, Value>, shape: Shape) -> Self {
        let model = fields.get("model").and_then(Value::as_str).map(str::to_owned);
        let (said, tools, notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut request = Self { shape, model, said, tools, read: params::Read::default(), notes };
        if fields.get("model").is_some_and(|model| words(model).is_some_and(|model| !model.is_literal())) {
            request.model = None;
            request.near("model", "The model is a variable of the program; choose one here.");
        }
        match shape {
            Shape::Chat => request.chat(fields),
            Shape::Responses => request.responses(fields),
            Shape::Completion => request.completion(fields),
            Shape::Anthropic => request.anthropic(fields),
            Shape::Gemini => request.gemini(fields),
            Shape::OllamaChat | Shape::OllamaGenerate => request.ollama(fields),
        }
        request
    }

    fn note(&mut self, fidelity: Fidelity, part: &str, words: &str) {
        let note = Note { fidelity, part: part.to_owned(), words: words.to_owned() };
        if self.notes.len() < MOST_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn near(&mut self, part: &str, words: &str) {
        self.note(Fidelity::Approximated, part, words);
    }

    fn unsupported(&mut self, part: &str, words: &str) {
        self.note(Fidelity::Unsupported, part, words);
    }

    /// All fields but those that have been read elsewhere.
    fn settings(&mut self, fields: &Map<String, Value>, read_elsewhere: &[&str]) {
        for (name, value) in fields {
            if !read_elsewhere.contains(&name.as_str()) {
                self.read.field(name, value);
            }
        }
    }
}

impl Words {
    fn is_literal(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text(_)))
    }
}

/// A text of a request.
fn words(value: &Value) -> Option<Words> {
    if let Some(text) = value.as_str() {
        return Some(double_braces(text));
    }
    let pieces = value.get(SLOTS)?.as_array()?;
    let pieces = pieces.iter().filter_map(|piece| match piece {
        Value::String(text) => Some(Piece::Text(text.clone())),
        other => other.get("slot")?.as_str().map(|slot| Piece::Slot(slot.to_owned())),
    });
    let notes = value.get("notes").and_then(Value::as_array).into_iter().flatten();
    let notes = notes.filter_map(|note| note.as_str().map(str::to_owned));
    Some(Words { pieces: pieces.collect(), notes: notes.collect() })
}

/// The value that [`Request::of`] reads as this text.
pub(super) fn with_slots(words: &Words) -> Value {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Ready(text) | Piece::Tag(text) => json!(text),
        Piece::Slot(slot) => json!({"slot": slot}),
    };
    match words.pieces.as_slice() {
        [] => json!(""),
        pieces => json!({SLOTS: pieces.iter().map(piece).collect::<Vec<_>>(), "notes": words.notes}),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Params, ResponseFormat, Role};

    fn read(body: &Value) -> Request {
        let fields = body.as_object().unwrap();
        Request::of(fields, Shape::of(fields))
    }

    fn said(request: &Request) -> Vec<(Role, String)> {
        let said = request.said.iter().map(|said| match said {
            Said::Words(role, words) => (*role, words.template()),
            Said::History(variable) => (Role::User, format!("<{variable}>")),
        });
        said.collect()
    }

    fn turn(role: Role, text: &str) -> (Role, String) {
        (role, text.to_owned())
    }

    #[test]
    fn chat_completions() {
        let request = read(&json!({
            "model": "gpt-5", "temperature": 0, "max_completion_tokens": 9,
            "messages": [
                {"role": "developer", "content": "Sort {\"a\": {{x}}}."},
                {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]},
                {"role": "assistant", "content": null, "tool_calls": [{}]},
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
            ],
            "tools": [{"type": "function", "function": {"name": "find", "description": "Finds.",
                "parameters": {"type": "object"}}}, {"type": "web_search"}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
        }));
        assert_eq!(request.shape, Shape::Chat);
        assert_eq!(said(&request), [turn(Role::System, "Sort {\"a\": {{ x }}}."), turn(Role::User, "One\n\nTwo")]);
        assert_eq!(request.tools.len(), 1);
        let params = Params {
            temperature: Some(0.0),
            max_tokens: Some(9),
            response: ResponseFormat::Schema(json!({"type": "object"})),
            ..Params::default()
        };
        assert_eq!(request.read.params, params);
        let parts: Vec<&str> = request.notes.iter().map(|note| note.part.as_str()).collect();
        assert_eq!(parts, ["messages[2] tool_calls", "messages[3] image_url", "tools[1] web_search"]);
    }

    #[test]
    fn responses() {
        let request = read(&json!({
            "model": "gpt-5", "instructions": "Be kind.", "max_output_tokens": 5, "reasoning": {"effort": "high"},
            "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
            "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}},
            "tools": [{"type": "function", "name": "find", "parameters": {"type": "object"}}],
        }));
        assert_eq!(said(&request), [turn(Role::System, "Be kind."), turn(Role::User, "Hi")]);
        assert_eq!(request.read.params.max_tokens, Some(5));
        assert_eq!(request.read.params.response, ResponseFormat::Schema(json!({"type": "object"})));
        assert_eq!(request.tools[0].name, "find");
        assert_eq!(said(&read(&json!({"model": "m", "input": "Hi"}))), [turn(Role::User, "Hi")]);
    }

    #[test]
    fn anthropic_gemini_and_ollama() {
        let request = read(&json!({
            "model": "claude-x", "max_tokens": 5, "system": [{"type": "text", "text": "Be kind."}],
            "messages": [{"role": "user", "content": "Hi {{name}}"}, {"role": "assistant", "content": "{"}],
            "tools": [{"name": "find", "description": "", "input_schema": {"type": "object"}}],
        }));
        assert_eq!(request.shape.api(), Api::Anthropic);
        let expect = [turn(Role::System, "Be kind."), turn(Role::User, "Hi {{ name }}"), turn(Role::Assistant, "{")];
        assert_eq!(said(&request), expect);
        assert_eq!(request.tools[0].parameters["type"], "object");

        let request = read(&json!({
            "contents": [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [{"text": "Yes?"}]}],
            "system_instruction": {"parts": {"text": "Be kind."}},
            "generationConfig": {"topP": 0.5, "responseMimeType": "application/json"},
            "tools": [{"functionDeclarations": [{"name": "find"}]}],
        }));
        assert_eq!(request.shape.api(), Api::Gemini);
        let expect = [turn(Role::System, "Be kind."), turn(Role::User, "Hi"), turn(Role::Assistant, "Yes?")];
        assert_eq!(said(&request), expect);
        assert_eq!((request.read.params.top_p, request.tools.len()), (Some(0.5), 1));
        assert_eq!(request.read.params.response, ResponseFormat::Json);

        let request = read(&json!({
            "model": "llama", "messages": [{"role": "user", "content": "Hi"}], "options": {"num_predict": 4}, "format": "json",
        }));
        assert_eq!((request.shape.api(), request.read.params.max_tokens), (Api::Ollama, Some(4)));
        assert_eq!(request.read.params.response, ResponseFormat::Json);
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z{}$]{0,6}".prop_map(Value::from)
        ];
        let name = prop::sample::select(vec![
            "role",
            "content",
            "text",
            "type",
            "parts",
            "messages",
            "system",
            "tools",
            "contents",
            "input",
            "function",
            "options",
            SLOTS,
            "model",
            "prompt",
            "parameters",
            "name",
        ]);
        leaf.prop_recursive(4, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..5)
                    .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_body_is_read(body in anything()) {
            if let Value::Object(fields) = &body {
                for shape in [Shape::of(fields), Shape::Chat, Shape::Anthropic, Shape::Gemini, Shape::Responses, Shape::OllamaChat] {
                    let _ = said(&Request::of(fields, shape));
                }
            }
        }
    }
}
