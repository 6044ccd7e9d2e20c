//! Parameters of a call by the names that providers and tools have for them.

use serde_json::{Map, Value};

use crate::domain::{Params, ReasoningEffort, ResponseFormat, names_credential};

/// Fields of request bodies, beside those that have a name of their own here.
const FURTHER: [&str; 16] = [
    "frequency_penalty",
    "presence_penalty",
    "top_k",
    "topK",
    "min_p",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "tool_choice",
    "parallel_tool_calls",
    "thinking",
    "verbosity",
    "service_tier",
    "n",
    "metadata",
];

/// Fields that [`Read::field`] gives a parameter of its own.
const OWN: [&str; 16] = [
    "temperature",
    "top_p",
    "topP",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "maxOutputTokens",
    "num_predict",
    "stop",
    "stop_sequences",
    "stopSequences",
    "seed",
    "reasoning_effort",
    "response_format",
    "responseFormat",
    "stream",
];

/// Whether a field of this name is a parameter of a call.
pub(super) fn is_known(name: &str) -> bool {
    OWN.contains(&name) || FURTHER.contains(&name)
}

/// Parameters, and what of the fields could not be taken.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Read {
    pub params: Params,
    /// Fields that hold no value that a parameter can have.
    pub refused: Vec<String>,
    /// Fields that hold credentials; their values are nowhere.
    pub secrets: Vec<String>,
}

impl Read {
    /// Reads fields of a request, or of a tool's settings. What has no name here is kept as a further field.
    pub fn of(fields: &Map<String, Value>) -> Self {
        let mut read = Self::default();
        for (name, value) in fields {
            read.field(name, value);
        }
        read
    }

    pub fn field(&mut self, name: &str, value: &Value) {
        if names_credential(name) {
            self.secrets.push(name.to_owned());
            return;
        }
        if value.is_null() || is_empty(value) {
            return;
        }
        let params = &mut self.params;
        let taken = match name {
            "temperature" => put(&mut params.temperature, value.as_f64()),
            "top_p" | "topP" => put(&mut params.top_p, value.as_f64()),
            "max_tokens"
            | "max_completion_tokens"
            | "max_output_tokens"
            | "maxOutputTokens"
            | "num_predict"
            | "max_tokens_to_sample" => put(&mut params.max_tokens, count(value)),
            "stop" | "stop_sequences" | "stopSequences" => match texts(value) {
                Some(stop) => {
                    params.stop = stop;
                    true
                }
                None => false,
            },
            "seed" => put(&mut params.seed, value.as_i64()),
            "reasoning_effort" | "reasoningEffort" => put(&mut params.reasoning_effort, effort(value)),
            "response_format" | "responseFormat" => match response(value) {
                Some(response) => {
                    params.response = response;
                    true
                }
                None => false,
            },
            "stream" => match value.as_bool() {
                Some(stream) => {
                    params.stream = stream;
                    true
                }
                None => false,
            },
            _ => {
                is_plain(value) && {
                    params.extra.insert(name.to_owned(), without_secrets(value, &mut self.secrets));
                    true
                }
            }
        };
        if !taken {
            self.refused.push(name.to_owned());
        }
    }
}

fn put<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let found = value.is_some();
    if found {
        *slot = value;
    }
    found
}

/// Tools write empty fields for what is not set.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn effort(value: &Value) -> Option<ReasoningEffort> {
    match value.as_str()? {
        "minimal" | "none" => Some(ReasoningEffort::Minimal),
        "low" => Some(ReasoningEffort::Low),
        "medium" => Some(ReasoningEffort::Medium),
        "high" => Some(ReasoningEffort::High),
        _ => None,
    }
}

/// `json`, `{type: json_object}`, `{type: json_schema, json_schema: {schema}}`, or the same with the schema beside.
pub(super) fn response(value: &Value) -> Option<ResponseFormat> {
    let kind = value.as_str().or_else(|| value.get("type")?.as_str())?;
    match kind {
        "text" => Some(ResponseFormat::Text),
        "json" | "json_object" => Some(ResponseFormat::Json),
        "json_schema" => {
            let schema = value.pointer("/json_schema/schema").or_else(|| value.get("schema"))?;
            schema.is_object().then(|| ResponseFormat::Schema(schema.clone()))
        }
        _ => None,
    }
}

/// Whether a value has no slot in it: what is not known until a program runs cannot be sent.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.contains_key(super::wire::SLOTS) && fields.values().all(is_plain),
        Value::Array(items) => items.iter().all(is_plain),
        _ => true,
    }
}

fn without_secrets(value: &Value, secrets: &mut Vec<String>) -> Value {
    match value {
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                if names_credential(name) {
                    secrets.push(name.clone());
                } else {
                    kept.insert(name.clone(), without_secrets(value, secrets));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| without_secrets(item, secrets)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_tool_has_its_names() {
        let read = Read::of(
            json!({
                "temperature": 0.5, "topP": 0.9, "maxOutputTokens": 300, "stop": "END", "seed": 7,
                "reasoning_effort": "low", "response_format": {"type": "json_object"}, "top_k": 40, "functions": [],
                "api_key": "sk-x", "tool_choice": {"apiKey": "sk-y", "type": "auto"}, "n": null,
            })
            .as_object()
            .unwrap(),
        );
        let expect = Params {
            temperature: Some(0.5),
            top_p: Some(0.9),
            max_tokens: Some(300),
            stop: vec!["END".to_owned()],
            seed: Some(7),
            response: ResponseFormat::Json,
            reasoning_effort: Some(ReasoningEffort::Low),
            stream: false,
            extra: json!({"top_k": 40, "tool_choice": {"type": "auto"}}).as_object().unwrap().clone(),
        };
        assert_eq!(read.params, expect);
        assert_eq!(read.secrets, ["api_key", "apiKey"]);
        assert!(read.refused.is_empty());
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        let fields = json!({"temperature": "hot", "max_tokens": 1e12, "response_format": 3, "stop": [1]});
        let read = Read::of(fields.as_object().unwrap());
        assert_eq!(read.params, Params::default());
        assert_eq!(read.refused, ["temperature", "max_tokens", "response_format", "stop"]);
    }
}
