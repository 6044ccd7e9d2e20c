//! What goes to a model and what comes back, whatever the provider.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::money::Usage;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Role {
    System,
    #[default]
    User,
    Assistant,
}

impl Role {
    /// The lower-case word that most wire formats use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub content: String,
}

/// The form that the answer must have, asked of the provider itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum ResponseFormat {
    #[default]
    Text,
    /// Any JSON value.
    Json,
    /// JSON that obeys this JSON Schema.
    Schema(Value),
}

impl ResponseFormat {
    #[must_use]
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

/// How much a reasoning model thinks before it answers, where the provider has such a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReasoningEffort {
    Minimal,
    Low,
    Medium,
    High,
}

impl ReasoningEffort {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Parameters of a call. What is not set is not sent, so that the provider's own default holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most output tokens that the model may write (and bill).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    #[serde(default, skip_serializing_if = "ResponseFormat::is_text")]
    pub response: ResponseFormat,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Ask for a stream, so that time to first token is measured.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// Further fields of the provider's own request body, sent as they stand.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl Params {
    /// These, and `below` where these say nothing. Fields of the request's body are taken one by one.
    #[must_use]
    pub fn over(self, below: &Self) -> Self {
        let mut extra = below.extra.clone();
        extra.extend(self.extra);
        Self {
            temperature: self.temperature.or(below.temperature),
            top_p: self.top_p.or(below.top_p),
            max_tokens: self.max_tokens.or(below.max_tokens),
            stop: if self.stop.is_empty() { below.stop.clone() } else { self.stop },
            seed: self.seed.or(below.seed),
            response: if self.response.is_text() { below.response.clone() } else { self.response },
            reasoning_effort: self.reasoning_effort.or(below.reasoning_effort),
            stream: self.stream || below.stream,
            extra,
        }
    }
}

/// One request to one model, as the engine hands it to a provider. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The provider's own name of the model.
    pub model: String,
    pub messages: Vec<Message>,
    pub params: Params,
    /// Tool definitions: `{name, description, parameters}` objects, `parameters` being a JSON Schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Value>,
    /// Which repeat of its cell the trial is, from 0: repeats are separate samples for caches and scripts.
    pub sample: u32,
}

impl ChatRequest {
    /// The tools that the model may call: the request's own, or those that stand in its further fields as they are sent.
    #[must_use]
    pub fn declared_tools(&self) -> &[Value] {
        let further = self.params.extra.get("tools").and_then(Value::as_array);
        if self.tools.is_empty() { further.map_or(&[], Vec::as_slice) } else { &self.tools }
    }

    /// An upper bound of the input tokens: no tokenizer in use makes more than one token of a byte.
    #[must_use]
    pub fn input_token_bound(&self) -> u64 {
        const PER_MESSAGE: usize = 16;
        let messages: usize = self.messages.iter().map(|message| message.content.len() + PER_MESSAGE).sum();
        let tools: usize = self.tools.iter().map(|tool| tool.to_string().len()).sum();
        let schema = match &self.params.response {
            ResponseFormat::Schema(schema) => schema.to_string().len(),
            ResponseFormat::Text | ResponseFormat::Json => 0,
        };
        let extra: usize = self.params.extra.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        (messages + tools + schema + extra) as u64
    }
}

/// Why the model stopped. None of these is an error: each is scored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FinishReason {
    Stop,
    /// Cut at `max_tokens` or at the end of the context.
    Length,
    ToolCalls,
    /// Withheld or blocked by the provider's filter, prompts that it would not take included.
    ContentFilter,
    /// The model declined to answer.
    Refusal,
    Other(String),
}

/// An answer, parsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    pub text: String,
    /// The model's visible reasoning, where the provider returns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Calls of tools as `{id, name, arguments}` objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<Value>,
    pub finish: FinishReason,
    /// `None` where the provider sent no usable count; the cost is then the reservation, and flagged.
    pub usage: Option<Usage>,
    /// The model version as the provider answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Milliseconds from the first byte sent to the first token read; streams only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<f64>,
    /// Milliseconds from the first byte sent to the last byte read; the wait for a slot is not in it.
    pub latency_ms: f64,
}

impl Completion {
    /// An answer that nobody was asked for.
    #[must_use]
    pub const fn given(text: String) -> Self {
        Self {
            text,
            reasoning: None,
            tool_calls: Vec::new(),
            finish: FinishReason::Stop,
            usage: None,
            model: None,
            request_id: None,
            first_token_ms: None,
            latency_ms: 0.0,
        }
    }
}

/// What came over the wire, before anybody has tried to understand it. It is recorded first and parsed after.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RawReply {
    /// The HTTP status; 200 for providers that are not reached by HTTP.
    pub status: u16,
    /// Lower-case header names that parsing and retrying read; never a credential.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body is a stream of events (SSE or NDJSON).
    pub streamed: bool,
    pub first_token_ms: Option<f64>,
    pub latency_ms: f64,
}

impl RawReply {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
