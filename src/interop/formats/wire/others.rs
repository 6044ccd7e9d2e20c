//! Bodies of Anthropic, Gemini and Ollama.

use serde_json::{Map, Value, json};

use crate::domain::{ResponseFormat, Role};

use super::{Request, Shape, words};

/// Fields of a body of Gemini that are read elsewhere.
const BODY: [&str; 8] = [
    "model",
    "contents",
    "systemInstruction",
    "system_instruction",
    "tools",
    "generationConfig",
    "generation_config",
    "config",
];

/// Fields of its configuration that are read elsewhere.
const CONFIG: [&str; 9] = [
    "systemInstruction",
    "system_instruction",
    "tools",
    "responseJsonSchema",
    "response_json_schema",
    "responseSchema",
    "response_schema",
    "responseMimeType",
    "response_mime_type",
];

impl Request {
    pub(super) fn anthropic(&mut self, fields: &Map<String, Value>) {
        self.system("system", fields.get("system"));
        if let Some(messages) = fields.get("messages") {
            self.messages("messages", messages);
        }
        self.tools(fields.get("tools"));
        let format = fields.get("output_config").and_then(|config| config.get("format"));
        if let Some(schema) = format.or_else(|| fields.get("output_format")).and_then(|format| format.get("schema")) {
            self.read.params.response = ResponseFormat::Schema(schema.clone());
        }
        let elsewhere = ["model", "system", "messages", "tools", "output_config", "output_format", "betas"];
        self.settings(fields, &elsewhere);
    }

    pub(super) fn gemini(&mut self, fields: &Map<String, Value>) {
        let config = ["generationConfig", "generation_config", "config"].iter().find_map(|name| fields.get(*name));
        let config = config.and_then(Value::as_object).cloned().unwrap_or_default();
        for place in [fields, &config] {
            for name in ["systemInstruction", "system_instruction"] {
                self.system(name, place.get(name));
            }
        }
        if let Some(contents) = fields.get("contents") {
            self.messages("contents", contents);
        }
        for tools in [fields.get("tools"), config.get("tools")].into_iter().flatten() {
            let lists = tools.as_array().map_or(std::slice::from_ref(tools), Vec::as_slice);
            for list in lists {
                let functions = list.get("functionDeclarations").or_else(|| list.get("function_declarations"));
                self.tools(functions.or(Some(&json!([list]))));
            }
        }
        self.gemini_settings(&config);
        self.settings(fields, &BODY);
    }

    fn gemini_settings(&mut self, config: &Map<String, Value>) {
        let of = |names: [&str; 2]| names.iter().find_map(|name| config.get(*name));
        let schema =
            of(["responseJsonSchema", "response_json_schema"]).or_else(|| of(["responseSchema", "response_schema"]));
        if let Some(schema) = schema.filter(|schema| schema.is_object()) {
            self.read.params.response = ResponseFormat::Schema(schema.clone());
        } else if of(["responseMimeType", "response_mime_type"]).is_some_and(|kind| kind == "application/json") {
            self.read.params.response = ResponseFormat::Json;
        }
        self.settings(config, &CONFIG);
    }

    pub(super) fn ollama(&mut self, fields: &Map<String, Value>) {
        self.system("system", fields.get("system"));
        let turns = if self.shape == Shape::OllamaChat { "messages" } else { "prompt" };
        if let Some(messages) = fields.get(turns) {
            self.messages(turns, messages);
        }
        self.tools(fields.get("tools"));
        if let Some(options) = fields.get("options").and_then(Value::as_object) {
            self.settings(options, &[]);
        }
        match fields.get("format") {
            Some(Value::String(format)) if format == "json" => self.read.params.response = ResponseFormat::Json,
            Some(schema) if schema.is_object() => self.read.params.response = ResponseFormat::Schema(schema.clone()),
            _ => {}
        }
        self.settings(fields, &["model", "system", "messages", "prompt", "tools", "options", "format"]);
    }

    /// A system text that has a field for itself: a text, parts, or `{parts}`.
    fn system(&mut self, part: &str, value: Option<&Value>) {
        let Some(value) = value else { return };
        let content = value.get("parts").unwrap_or(value);
        if let Some(words) = words(value).or_else(|| self.content(part, content)) {
            self.say(part, Role::System, words);
        }
    }
}
