//! Parameters as a config writes them.

use serde_json::{Map, Number, Value, json};

use super::{Dialect, reasons};
use crate::domain::{Params, ReasoningEffort, ResponseFormat};

/// The config that says the same: fields by promptfoo's names for this API.
pub(in super::super) fn written(params: &Params, dialect: Dialect, model: &str) -> Map<String, Value> {
    let mut config = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(name.to_owned(), value);
        }
    };
    let camel = dialect == Dialect::Gemini;
    let newer = dialect == Dialect::OpenAi && reasons(model);
    let tokens = match dialect {
        Dialect::Gemini => "maxOutputTokens",
        Dialect::Ollama | Dialect::OllamaText => "num_predict",
        _ if newer => "max_completion_tokens",
        _ => "max_tokens",
    };
    set("temperature", params.temperature.map(number));
    set(if camel { "topP" } else { "top_p" }, params.top_p.map(number));
    set(tokens, params.max_tokens.map(Value::from));
    let stops = match dialect {
        Dialect::Gemini => "stopSequences",
        Dialect::Anthropic => "stop_sequences",
        _ => "stop",
    };
    set(stops, (!params.stop.is_empty()).then(|| json!(params.stop)));
    let mut extra = params.extra.clone();
    match dialect {
        Dialect::Gemini => {
            if let Some(seed) = params.seed {
                merge(&mut extra, "generationConfig", json!({ "seed": seed }));
            }
            gemini_response(&params.response, &mut extra);
        }
        _ => set("seed", params.seed.map(Value::from)),
    }
    if !camel {
        let (name, format) = response(&params.response, dialect, &mut extra);
        set(name, format);
    }
    let effort = params.reasoning_effort.map(ReasoningEffort::word);
    set(if dialect == Dialect::Anthropic { "effort" } else { "reasoning_effort" }, effort.map(Value::from));
    let defaults = params.temperature.is_none() || params.max_tokens.is_none();
    set("omitDefaults", (dialect == Dialect::OpenAi && defaults && !newer).then_some(Value::Bool(true)));
    let passthrough = if dialect == Dialect::Anthropic { "extra_body" } else { "passthrough" };
    let known = dialect.body_fields();
    let (fields, further): (Map<_, _>, Map<_, _>) =
        extra.into_iter().partition(|(name, _)| known.contains(&name.as_str()) || camel && name == "generationConfig");
    set(passthrough, (!further.is_empty()).then_some(Value::Object(further)));
    config.extend(fields);
    config
}

fn gemini_response(format: &ResponseFormat, extra: &mut Map<String, Value>) {
    match format {
        ResponseFormat::Text => {}
        ResponseFormat::Json => merge(extra, "generationConfig", json!({"responseMimeType": "application/json"})),
        ResponseFormat::Schema(schema) => {
            let asked = json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
            merge(extra, "generationConfig", asked);
        }
    }
}

fn response(
    format: &ResponseFormat,
    dialect: Dialect,
    extra: &mut Map<String, Value>,
) -> (&'static str, Option<Value>) {
    let name = match dialect {
        Dialect::Anthropic => "output_format",
        Dialect::Ollama | Dialect::OllamaText => "format",
        _ => "response_format",
    };
    let value = match (format, dialect) {
        (ResponseFormat::Json, Dialect::Ollama | Dialect::OllamaText) => Some("json".into()),
        // The Messages API has no mode for any JSON.
        (ResponseFormat::Text, _) | (ResponseFormat::Json, Dialect::Anthropic) => None,
        (ResponseFormat::Json, _) => Some(json!({"type": "json_object"})),
        (ResponseFormat::Schema(schema), Dialect::Ollama | Dialect::OllamaText) => Some(schema.clone()),
        (ResponseFormat::Schema(schema), Dialect::Anthropic) => Some(json!({"type": "json_schema", "schema": schema})),
        (ResponseFormat::Schema(schema), _) => {
            let mut named = json!({"name": "answer", "schema": schema});
            let further = extra.shift_remove("response_format");
            let further = further.as_ref().and_then(|further| further.get("json_schema")).and_then(Value::as_object);
            if let Some(named) = named.as_object_mut() {
                named.extend(further.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
            }
            Some(json!({"type": "json_schema", "json_schema": named}))
        }
    };
    (name, value)
}

fn merge(into: &mut Map<String, Value>, name: &str, value: Value) {
    match (into.get_mut(name), value) {
        (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
        (_, value) => {
            into.insert(name.to_owned(), value);
        }
    }
}

/// A whole number is written as one.
fn number(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    if number.fract() == 0.0 && number.abs() < 1e15 {
        Value::from(number as i64)
    } else {
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}
