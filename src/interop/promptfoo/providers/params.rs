//! From an entry's config to parameters, field by field, as promptfoo sends them to each API.

mod apis;
mod written;

use serde_json::{Map, Value};

use super::{Part, secrets};
use crate::domain::{Params, Price, Usd};
use crate::interop::Fidelity;

pub(super) use written::written;

/// Which fields a config may have, and what becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Echo,
    OpenAi,
    OpenAiText,
    Responses,
    Mistral,
    LocalAi,
    Anthropic,
    Gemini,
    Ollama,
    OllamaText,
    /// Embeddings and labels: nothing but texts is sent.
    Vectors,
    Http,
}

impl Dialect {
    /// Behind the address, for APIs that are described.
    pub fn path(self) -> &'static str {
        match self {
            Self::OpenAiText => "/completions",
            Self::OllamaText => "/api/generate",
            _ => "",
        }
    }

    /// Fields that go into the body as they stand.
    fn body_fields(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi | Self::OpenAiText | Self::LocalAi => &OPENAI_FIELDS,
            Self::Responses => &RESPONSES_FIELDS,
            Self::Mistral => &MISTRAL_FIELDS,
            Self::Anthropic => {
                &["top_k", "thinking", "metadata", "service_tier", "tools", "tool_choice", "system", "speed"]
            }
            Self::Gemini => &["safetySettings", "toolConfig", "tools", "cachedContent", "labels"],
            Self::Ollama => &["think", "keep_alive", "truncate", "tools"],
            Self::OllamaText => &["think", "keep_alive", "truncate", "suffix", "system", "template", "raw"],
            // Calls of tools are looked at by them.
            Self::Echo => &["tools"],
            Self::Vectors | Self::Http => &[],
        }
    }
}

const OPENAI_FIELDS: [&str; 20] = [
    "presence_penalty",
    "frequency_penalty",
    "functions",
    "function_call",
    "tools",
    "tool_choice",
    "tool_resources",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
    "modalities",
    "audio",
    "verbosity",
    "user",
    "metadata",
    "store",
    "parallel_tool_calls",
    "best_of",
];

const RESPONSES_FIELDS: [&str; 12] = [
    "tools",
    "tool_choice",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "service_tier",
    "verbosity",
    "user",
    "metadata",
    "store",
    "parallel_tool_calls",
    "functions",
];

const MISTRAL_FIELDS: [&str; 12] = [
    "frequency_penalty",
    "presence_penalty",
    "n",
    "safe_prompt",
    "random_seed",
    "prompt_mode",
    "prompt_cache_key",
    "prediction",
    "metadata",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
];

/// Members of Ollama's `options` that have no place of their own here.
const OLLAMA_OPTIONS: [&str; 16] = [
    "num_keep",
    "top_k",
    "min_p",
    "typical_p",
    "repeat_last_n",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "use_mmap",
    "num_thread",
    "mirostat",
    "tfs_z",
];

/// Keys that are read elsewhere, or that say nothing about a call.
const ELSEWHERE: [&str; 9] = [
    "apiKey",
    "apiKeyEnvar",
    "apiKeyRequired",
    "apiBaseUrl",
    "apiHost",
    "basePath",
    "omitDefaults",
    "deploymentName",
    "stream",
];

pub(super) struct Read {
    pub params: Params,
    pub price: Option<Price>,
    pub parts: Vec<Part>,
}

pub(super) fn read(config: &Map<String, Value>, dialect: Dialect, model: &str) -> Read {
    let mut left = config.clone();
    left.retain(|name, value| !ELSEWHERE.contains(&name.as_str()) && !value.is_null());
    let mut reader = Reader { left, params: Params::default(), parts: Vec::new(), dialect };
    let price = reader.price();
    match dialect {
        Dialect::Echo | Dialect::Vectors | Dialect::Http => {}
        Dialect::OpenAi | Dialect::OpenAiText | Dialect::Responses => {
            reader.openai(model, config.get("omitDefaults") == Some(&Value::Bool(true)));
        }
        Dialect::Mistral => reader.mistral(),
        Dialect::LocalAi => reader.localai(),
        Dialect::Anthropic => reader.anthropic(model),
        Dialect::Gemini => reader.gemini(),
        Dialect::Ollama | Dialect::OllamaText => reader.ollama(),
    }
    reader.body_fields();
    reader.rest();
    Read { params: reader.params, price, parts: reader.parts }
}

struct Reader {
    left: Map<String, Value>,
    params: Params,
    parts: Vec<Part>,
    dialect: Dialect,
}

impl Reader {
    fn common(&mut self) {
        self.params.seed = self.whole("seed");
        self.stops("stop");
    }

    /// Every token's price: `cost` for both ways, or each its own.
    fn price(&mut self) -> Option<Price> {
        const MILLION: f64 = 1e6;
        let mut per_million = |name: &str| {
            let dollars = self.number(name)?;
            let price = Usd::from_dollars(dollars * MILLION);
            if price.is_none() {
                self.unsupported(name, "It is no price.");
            }
            price
        };
        let both = per_million("cost");
        let (input, output) = (per_million("inputCost").or(both), per_million("outputCost").or(both));
        match (input, output) {
            (Some(input), Some(output)) => Some(Price { input, output, ..Price::FREE }),
            (None, None) => None,
            _ => {
                self.unsupported("inputCost", "Only one of the two prices is there.");
                None
            }
        }
    }

    /// Fields that the user adds to the body; they stand before all others.
    fn passthrough(&mut self, key: &str) {
        match self.left.shift_remove(key) {
            Some(Value::Object(fields)) => {
                self.template(key, &Value::Object(fields.clone()));
                for (name, value) in fields {
                    self.extra(&name, value);
                }
            }
            Some(_) => self.unsupported(key, "It is not a set of fields."),
            None => {}
        }
    }

    fn body_fields(&mut self) {
        for name in self.dialect.body_fields() {
            let Some(value) = self.left.shift_remove(*name) else { continue };
            if is_file(&value) {
                self.unsupported(name, "The file that it names is not read, so nothing is sent for it.");
                continue;
            }
            self.template(name, &value);
            // A field of `passthrough` stands before it.
            if !self.params.extra.contains_key(*name) {
                self.extra(name, value);
            }
        }
    }

    /// What is left is told, each with what is known of it.
    fn rest(&mut self) {
        for (name, value) in std::mem::take(&mut self.left) {
            let note = match name.as_str() {
                "headers" | "organization" | "apiVersion" => "Headers and versions of one's own are not sent.",
                "functionToolCallbacks" => "Callbacks are code that is never run: a call of a tool is the answer.",
                "mcp" => "Tool servers are not reached.",
                "showThinking" if value == Value::Bool(false) => continue,
                "showThinking" => "A model's reasoning is kept apart and never written before its answer.",
                "maxRetries" => "How often a call is repeated is said by the policy.",
                "model" if self.dialect != Dialect::Http => continue,
                _ => "It is not a field that is sent; it is kept for the way back.",
            };
            self.unsupported(&name, note);
        }
    }

    fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.left.shift_remove(name)?;
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number| number.is_finite());
        if number.is_none() {
            self.unsupported(name, "It is not a number.");
        }
        number
    }

    fn tokens(&mut self, name: &str) -> Option<u32> {
        let tokens = self.whole(name)?;
        let fits = u32::try_from(tokens).ok();
        if fits.is_none() {
            self.unsupported(name, "It is not a number of tokens.");
        }
        fits
    }

    fn whole(&mut self, name: &str) -> Option<i64> {
        let value = self.left.shift_remove(name)?;
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        if number.is_none() {
            self.unsupported(name, "It is not a whole number.");
        }
        number
    }

    fn stops(&mut self, name: &str) {
        match self.left.shift_remove(name) {
            Some(Value::String(stop)) => self.params.stop = vec![stop],
            Some(Value::Array(stops)) if stops.iter().all(Value::is_string) => {
                self.params.stop = stops.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            Some(_) => self.unsupported(name, "It is neither a text nor a list of texts."),
            None => {}
        }
    }

    /// Adds to the body, object by object.
    fn extra(&mut self, name: &str, value: Value) {
        if let Some(place) = secrets::in_field(name, &value) {
            self.unsupported(&place, "A key stands there, where it would be written to files, so it is not sent.");
            return;
        }
        match (self.params.extra.get_mut(name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
            (_, value) => {
                self.params.extra.insert(name.to_owned(), value);
            }
        }
    }

    fn template(&mut self, name: &str, value: &Value) {
        if holds_template(value) {
            self.tell(
                name,
                Fidelity::Approximated,
                "The templates in it are sent as they stand, not filled in for each test.",
            );
        }
    }

    fn unsupported(&mut self, name: &str, note: &str) {
        self.tell(name, Fidelity::Unsupported, note);
    }

    fn tell(&mut self, name: &str, fidelity: Fidelity, note: &str) {
        self.parts.push(Part::new(&format!("config.{name}"), fidelity, note));
    }
}

/// As promptfoo tells reasoning models by their names.
pub(super) fn reasons(model: &str) -> bool {
    let model = model.replacen("ft:", "", 1);
    let o_series = ["o1", "o3", "o4"].iter().any(|name| model.starts_with(name) || model.contains(&format!("/{name}")));
    o_series || ["gpt-5", "gpt-6"].iter().any(|name| model.starts_with(name) || model.contains(&format!("/{name}")))
}

fn is_file(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("file://"))
}

fn holds_template(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(holds_template),
        Value::Object(fields) => fields.values().any(holds_template),
        _ => false,
    }
}
