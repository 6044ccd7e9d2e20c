//! What each API's config says, with the defaults that promptfoo sends.

use serde_json::{Map, Value, json};

use super::{Dialect, OLLAMA_OPTIONS, Reader, is_file, reasons};
use crate::domain::{ReasoningEffort, ResponseFormat};
use crate::interop::Fidelity;

impl Reader {
    pub(super) fn openai(&mut self, model: &str, omit_defaults: bool) {
        const TOKENS: u32 = 1024;
        let reasons = self.dialect != Dialect::OpenAiText && reasons(model);
        let temperature = self.number("temperature");
        let newer = if self.dialect == Dialect::Responses { "max_output_tokens" } else { "max_completion_tokens" };
        let (old, new) = (self.tokens("max_tokens"), self.tokens(newer));
        if reasons {
            if temperature.is_some() {
                self.tell("temperature", Fidelity::Exact, "A reasoning model takes none, and promptfoo sends none.");
            }
            if old.is_some() && new.is_none() {
                self.tell(
                    "max_tokens",
                    Fidelity::Exact,
                    "A reasoning model takes `max_completion_tokens` alone, and only that is sent.",
                );
            }
            self.params.max_tokens = new;
        } else {
            self.params.temperature = if omit_defaults { temperature } else { temperature.or(Some(0.0)) };
            let given = if self.dialect == Dialect::Responses { new.or(old) } else { old };
            self.params.max_tokens = if omit_defaults { given } else { given.or(Some(TOKENS)) };
            if self.dialect != Dialect::Responses && new.is_some() {
                self.tell(
                    newer,
                    Fidelity::Exact,
                    "promptfoo sends it to reasoning models alone, and so does the import.",
                );
            }
        }
        self.params.top_p = self.number("top_p");
        self.common();
        let effort = reasons || model.contains("gpt-oss") || self.dialect == Dialect::Responses;
        self.effort(effort);
        self.response_format();
        self.passthrough("passthrough");
    }

    pub(super) fn mistral(&mut self) {
        self.params.temperature = self.number("temperature");
        self.params.top_p = self.number("top_p").or(Some(1.0));
        self.params.max_tokens = self.tokens("max_tokens").or(Some(1024));
        self.common();
        self.effort(true);
        self.response_format();
    }

    pub(super) fn localai(&mut self) {
        self.params.temperature = self.number("temperature").filter(|warmth| *warmth != 0.0).or(Some(0.7));
        self.params.top_p = self.number("top_p");
        self.params.max_tokens = self.tokens("max_tokens");
        self.common();
        self.response_format();
        self.passthrough("passthrough");
    }

    pub(super) fn anthropic(&mut self, model: &str) {
        const TOKENS: u32 = 1024;
        const THINKING_TOKENS: u32 = 2048;
        let kind = self.left.get("thinking").and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
        let thinks = matches!(kind, Some("enabled" | "adaptive"));
        self.params.top_p = self.number("top_p");
        let temperature = self.number("temperature");
        let adaptive = samples_by_itself(model);
        if adaptive || thinks || self.params.top_p.is_some() {
            if temperature.is_some() {
                self.tell("temperature", Fidelity::Exact, "The API refuses it here, and promptfoo does not send it.");
            }
        } else {
            self.params.temperature = temperature.or(Some(0.0));
        }
        if adaptive {
            for name in ["top_p", "top_k"] {
                if self.params.top_p.take_if(|_| name == "top_p").is_some() || self.left.shift_remove(name).is_some() {
                    self.tell(name, Fidelity::Exact, "The model refuses it, and promptfoo does not send it.");
                }
            }
        }
        let usual = if thinks { THINKING_TOKENS } else { TOKENS };
        self.params.max_tokens = self.tokens("max_tokens").or(Some(usual));
        for name in ["stop_sequences", "stop"] {
            self.stops(name);
        }
        if let Some(effort) = self.left.shift_remove("effort") {
            self.extra("output_config", json!({ "effort": effort }));
        }
        if let Some(format) = self.left.shift_remove("output_format") {
            match format.get("schema").filter(|_| !is_file(&format)) {
                Some(schema) => self.schema("output_format", schema.clone()),
                None => self.unsupported("output_format", "Only an inline JSON Schema is carried over."),
            }
        }
        self.passthrough("extra_body");
    }

    pub(super) fn gemini(&mut self) {
        let mut generation = match self.left.shift_remove("generationConfig") {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        for name in ["temperature", "topP", "topK", "maxOutputTokens", "stopSequences"] {
            if let Some(value) = self.left.shift_remove(name) {
                generation.entry(name).or_insert(value);
            }
        }
        let schema = self.left.shift_remove("responseSchema");
        // The fields are read from here as from the config itself.
        let outer = std::mem::replace(&mut self.left, generation);
        self.params.temperature = self.number("temperature");
        self.params.top_p = self.number("topP");
        self.params.max_tokens = self.tokens("maxOutputTokens");
        self.params.seed = self.whole("seed");
        self.stops("stopSequences");
        let mut further = std::mem::replace(&mut self.left, outer);
        if let Some(schema) = schema {
            if is_file(&schema) {
                self.unsupported("responseSchema", "The file with the schema is not read.");
            } else {
                // In Google's own dialect of schemas, so it goes as it stands.
                further.insert("response_schema".to_owned(), schema);
                further.insert("response_mime_type".to_owned(), "application/json".into());
            }
        }
        if !further.is_empty() {
            self.extra("generationConfig", Value::Object(further));
        }
        if let Some(instruction) = self.left.shift_remove("systemInstruction") {
            match instruction {
                Value::String(text) if !is_file(&Value::from(text.as_str())) => {
                    self.template("systemInstruction", &Value::from(text.as_str()));
                    self.extra("systemInstruction", json!({"parts": [{"text": text}]}));
                }
                Value::Object(parts) => self.extra("systemInstruction", Value::Object(parts)),
                _ => self.unsupported("systemInstruction", "The file with the instruction is not read."),
            }
        }
        if let Some(tier) = self.left.shift_remove("service_tier") {
            self.extra("serviceTier", tier);
        }
        self.left.shift_remove("apiVersion");
        self.passthrough("passthrough");
    }

    pub(super) fn ollama(&mut self) {
        self.params.temperature = self.number("temperature");
        self.params.top_p = self.number("top_p");
        self.params.max_tokens = self.tokens("num_predict");
        self.common();
        let mut options = Map::new();
        for name in OLLAMA_OPTIONS {
            if let Some(value) = self.left.shift_remove(name) {
                options.insert(name.to_owned(), value);
            }
        }
        if !options.is_empty() {
            self.extra("options", Value::Object(options));
        }
        match self.left.shift_remove("format") {
            Some(format) if self.dialect == Dialect::OllamaText => self.extra("format", format),
            Some(Value::String(word)) if word == "json" => self.params.response = ResponseFormat::Json,
            Some(schema @ Value::Object(_)) => self.params.response = ResponseFormat::Schema(schema),
            Some(_) => self.unsupported("format", "It is neither `json` nor a JSON Schema."),
            None => {}
        }
        self.passthrough("passthrough");
    }

    fn effort(&mut self, is_sent: bool) {
        let nested = match self.left.get("reasoning") {
            Some(Value::Object(fields)) if fields.len() == 1 && fields.contains_key("effort") => {
                self.left.shift_remove("reasoning").and_then(|reasoning| reasoning.get("effort").cloned())
            }
            _ => None,
        };
        let Some(effort) = self.left.shift_remove("reasoning_effort").or(nested) else { return };
        if !is_sent {
            return self.tell(
                "reasoning_effort",
                Fidelity::Exact,
                "promptfoo sends it to reasoning models alone, and so does the import.",
            );
        }
        match effort.as_str() {
            Some("minimal") => self.params.reasoning_effort = Some(ReasoningEffort::Minimal),
            Some("low") => self.params.reasoning_effort = Some(ReasoningEffort::Low),
            Some("medium") => self.params.reasoning_effort = Some(ReasoningEffort::Medium),
            Some("high") => self.params.reasoning_effort = Some(ReasoningEffort::High),
            Some(word) if !word.contains("{{") => self.extra("reasoning_effort", word.into()),
            _ => self.unsupported("reasoning_effort", "It is not a word."),
        }
    }

    fn response_format(&mut self) {
        let Some(format) = self.left.shift_remove("response_format") else { return };
        match format.get("type").and_then(Value::as_str) {
            Some("text") => {}
            Some("json_object") => self.params.response = ResponseFormat::Json,
            Some("json_schema") => {
                // The Responses API has the schema one level higher.
                let named = format.get("json_schema").unwrap_or(&format);
                let Some(schema @ Value::Object(_)) = named.get("schema") else {
                    return self.unsupported("response_format", "The file with the schema is not read.");
                };
                let given = named.as_object().into_iter().flatten();
                let further: Map<String, Value> = given
                    .filter(|(name, _)| ["name", "strict", "description"].contains(&name.as_str()))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                self.schema("response_format", schema.clone());
                if !further.is_empty() {
                    self.extra("response_format", json!({ "json_schema": further }));
                }
            }
            _ => self.unsupported(
                "response_format",
                "It is not one of text, json_object and json_schema, or stands in a file.",
            ),
        }
    }

    fn schema(&mut self, key: &str, schema: Value) {
        self.template(key, &schema);
        self.params.response = ResponseFormat::Schema(schema);
        self.tell(
            key,
            Fidelity::Approximated,
            "promptfoo hands JSON of a schema on as a value; here it stays the text that came.",
        );
    }
}

/// Claude models that take no temperature: Opus from 4.7 on, and all of the fifth generation.
fn samples_by_itself(model: &str) -> bool {
    const NAMES: [&str; 6] = ["opus-4-7", "opus-4-8", "opus-5", "sonnet-5", "fable", "mythos"];
    NAMES.iter().any(|name| model.contains(name))
}
