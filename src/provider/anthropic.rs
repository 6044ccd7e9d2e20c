//! Anthropic's Messages API.
//!
//! System messages go into `system`; neighbours of the same role become one message, as the API wants turns to
//! alternate. The API requires `max_tokens`: [`DEFAULT_MAX_TOKENS`] where a variant sets none, plus the thinking budget.
//! A schema goes into `output_config`. There is no mode for "any JSON" and no seed: neither is sent, so a prompt that
//! wants JSON without a schema has to say so itself. Reasoning effort is `output_config.effort` with adaptive thinking,
//! and for models before 4.6 a thinking budget; a budget that does not fit under `max_tokens` is left out.

use std::borrow::Cow;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::{bad_json, inner_failure, protocol, status_failure, truncated};
use super::http::{Endpoint, Piece, Streaming};
use super::sse::{Event, Framing, each_event};
use super::wire::{self, Count, Draft, nullable};
use super::{BoxFuture, OnText, Provider, Received};
use crate::domain::{
    CallError, ChatRequest, Completion, FinishReason, Message, Params, RawReply, ReasoningEffort, ResponseFormat, Role,
    Usage,
};

/// The most output tokens of a call that sets no limit.
pub const DEFAULT_MAX_TOKENS: u32 = 4096;

pub(super) struct Anthropic {
    endpoint: Endpoint,
    url: Url,
}

const STREAMING: Streaming = Streaming { framing: Framing::Sse, piece };

impl Anthropic {
    pub fn new(endpoint: Endpoint) -> Self {
        let endpoint = endpoint.with_header("anthropic-version", "2023-06-01");
        Self { url: endpoint.url_under("/v1", "/messages"), endpoint }
    }
}

impl Provider for Anthropic {
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async move {
            let stream = request.params.stream.then_some(STREAMING);
            self.endpoint.post(self.url.clone(), body(request)?, stream, on_text).await
        })
    }

    fn read(&self, _request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        read(reply)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    system: Cow<'a, str>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Cow<'a, str>,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    schema: &'a Value,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a Value>,
    input_schema: Option<&'a Value>,
}

fn body(request: &ChatRequest) -> Result<Vec<u8>, CallError> {
    let params = &request.params;
    let thinking = Thinking::new(&request.model, params);
    let format = match &params.response {
        ResponseFormat::Schema(schema) => Some(Format { r#type: "json_schema", schema }),
        ResponseFormat::Text | ResponseFormat::Json => None,
    };
    let body = Body {
        model: &request.model,
        max_tokens: thinking.max_tokens,
        system: joined(request.messages.iter().filter(|message| message.role == Role::System)),
        messages: turns(&request.messages),
        temperature: params.temperature,
        top_p: params.top_p,
        stop_sequences: &params.stop,
        thinking: thinking.mode,
        output_config: (thinking.effort.is_some() || format.is_some())
            .then_some(OutputConfig { effort: thinking.effort, format }),
        tools: request.tools.iter().map(tool).collect(),
        stream: params.stream.then_some(true),
    };
    wire::body(&body, &params.extra)
}

fn tool(tool: &Value) -> Tool<'_> {
    Tool { name: tool.get("name"), description: tool.get("description"), input_schema: tool.get("parameters") }
}

fn joined<'a>(messages: impl Iterator<Item = &'a Message>) -> Cow<'a, str> {
    messages.fold(Cow::Borrowed(""), |text, message| join(&text, &message.content))
}

fn join<'a>(text: &str, more: &'a str) -> Cow<'a, str> {
    if text.is_empty() { Cow::Borrowed(more) } else { Cow::Owned(format!("{text}\n\n{more}")) }
}

fn turns(messages: &[Message]) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::with_capacity(messages.len());
    for message in messages.iter().filter(|message| message.role != Role::System) {
        let role = message.role.word();
        match turns.last_mut().filter(|last| last.role == role) {
            Some(last) => last.content = join(&last.content, &message.content),
            None => turns.push(Turn { role, content: Cow::Borrowed(&message.content) }),
        }
    }
    turns
}

/// What an effort means for a model.
struct Thinking {
    max_tokens: u32,
    mode: Option<Value>,
    effort: Option<&'static str>,
}

impl Thinking {
    fn new(model: &str, params: &Params) -> Self {
        const LEAST: u32 = 1024;
        let plain = Self { max_tokens: params.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS), mode: None, effort: None };
        let Some(effort) = params.reasoning_effort else { return plain };
        if !thinks_by_budget(model) {
            return match effort {
                ReasoningEffort::Minimal => Self { effort: Some("low"), ..plain },
                effort => Self { mode: Some(json!({"type": "adaptive"})), effort: Some(effort.word()), ..plain },
            };
        }
        let wanted = match effort {
            ReasoningEffort::Minimal => return plain,
            ReasoningEffort::Low => 2 * LEAST,
            ReasoningEffort::Medium => 8 * LEAST,
            ReasoningEffort::High => 16 * LEAST,
        };
        // The budget counts towards the limit, and the answer needs room beside it.
        let (budget, max_tokens) = match params.max_tokens {
            Some(most) => (wanted.min(most.saturating_sub(LEAST)), most),
            None => (wanted, wanted + DEFAULT_MAX_TOKENS),
        };
        let mode = (budget >= LEAST).then(|| json!({"type": "enabled", "budget_tokens": budget}));
        Self { max_tokens, mode, effort: None }
    }
}

/// Models before 4.6 take a budget of tokens; later ones refuse it.
fn thinks_by_budget(model: &str) -> bool {
    let numbers: Vec<u32> = model.split(['-', '.', '@', ':']).filter_map(|part| part.parse().ok()).collect();
    let version = match numbers[..] {
        // A long number is a date, not a minor version.
        [major, minor, ..] if minor < 100 => (major, minor),
        [major, ..] => (major, 0),
        [] => return false,
    };
    version < (4, 6)
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "nullable")]
    content: Vec<Block>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    usage: Tokens,
}

#[derive(Deserialize, Default)]
struct Block {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    partial_json: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    input: Option<Value>,
}

#[derive(Deserialize, Default, Clone, Copy)]
struct Tokens {
    #[serde(default, rename = "input_tokens")]
    input: Count,
    #[serde(default, rename = "output_tokens")]
    output: Count,
    #[serde(default, rename = "cache_read_input_tokens")]
    cache_read: Count,
    #[serde(default, rename = "cache_creation_input_tokens")]
    cache_write: Count,
}

impl Tokens {
    /// The counts of a later event stand for those of an earlier one.
    fn update(&mut self, later: Self) {
        let newer = |now: &mut Count, later: Count| {
            if !later.is_missing() {
                *now = later;
            }
        };
        newer(&mut self.input, later.input);
        newer(&mut self.output, later.output);
        newer(&mut self.cache_read, later.cache_read);
        newer(&mut self.cache_write, later.cache_write);
    }

    /// Here `input_tokens` leaves out what came from and went to the cache.
    fn usage(self) -> Option<Usage> {
        let (cached, written) = (self.cache_read.or_zero()?, self.cache_write.or_zero()?);
        wire::sound(Usage {
            input_tokens: self.input.tokens()? + cached + written,
            output_tokens: self.output.tokens()?,
            cached_tokens: cached,
            cache_write_tokens: written,
            reasoning_tokens: 0,
        })
    }
}

fn read(reply: &RawReply) -> Result<Completion, CallError> {
    if !(200..300).contains(&reply.status) {
        return Err(status_failure(reply));
    }
    if reply.streamed {
        return stream(reply);
    }
    let value: Value = serde_json::from_slice(&reply.body).map_err(|error| bad_json(reply, &error))?;
    if value.get("error").is_some_and(|error| !error.is_null()) {
        return Err(inner_failure(reply, &value));
    }
    if !value.get("content").is_some_and(Value::is_array) {
        return Err(protocol(reply, "it has no content"));
    }
    let answer: Answer = serde_json::from_value(value).map_err(|error| protocol(reply, &error.to_string()))?;
    let mut reading = Reading::default();
    reading.draft.model = answer.model;
    reading.draft.finish = answer.stop_reason.map(finish);
    reading.tokens = answer.usage;
    answer.content.into_iter().enumerate().for_each(|(at, block)| reading.start(at, block));
    Ok(reading.finish().complete(reply))
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    index: usize,
    message: Option<Answer>,
    content_block: Option<Block>,
    delta: Option<Delta>,
    usage: Option<Tokens>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(flatten)]
    block: Block,
    stop_reason: Option<String>,
}

fn stream(reply: &RawReply) -> Result<Completion, CallError> {
    let mut reading = Reading::default();
    let (mut done, mut failed) = (false, None);
    let outcome = each_event(Framing::Sse, &reply.body, |event| {
        if done || failed.is_some() {
            return;
        }
        match serde_json::from_str::<Part>(event.data) {
            Ok(part) if part.r#type == "message_stop" => done = true,
            Ok(Part { error: Some(error), .. }) => {
                let partial = reading.draft.text.clone().into_bytes();
                failed = Some(CallError { partial, ..inner_failure(reply, &error) });
            }
            Ok(part) => reading.take(part),
            // A last event that is cut only shows that the stream is.
            Err(_) if event.cut => {}
            Err(error) => failed = Some(protocol(reply, &error.to_string())),
        }
    });
    outcome.map_err(|error| protocol(reply, &error.to_string()))?;
    match failed {
        Some(error) => Err(error),
        None if !done && reply.body.iter().all(u8::is_ascii_whitespace) => Err(protocol(reply, "it is empty")),
        None if !done => Err(truncated(reply, reading.draft.text)),
        None => Ok(reading.finish().complete(reply)),
    }
}

#[derive(Default)]
struct Reading {
    draft: Draft,
    tokens: Tokens,
    /// The calls by the index of their block.
    calls: Vec<(usize, Call)>,
}

#[derive(Default)]
struct Call {
    id: Option<String>,
    name: String,
    input: Option<Value>,
    written: String,
}

impl Reading {
    fn take(&mut self, part: Part) {
        if let Some(message) = part.message {
            self.draft.model = message.model;
            self.tokens.update(message.usage);
        }
        if let Some(tokens) = part.usage {
            self.tokens.update(tokens);
        }
        if let Some(block) = part.content_block {
            self.start(part.index, block);
        }
        if let Some(delta) = part.delta {
            if let Some(reason) = delta.stop_reason {
                self.draft.finish = Some(finish(reason));
            }
            self.add(part.index, delta.block);
        }
    }

    fn start(&mut self, at: usize, mut block: Block) {
        if block.r#type == "tool_use" {
            let (id, name) = (block.id.take(), block.name.take().unwrap_or_default());
            self.calls.push((at, Call { id, name, input: block.input.take(), written: String::new() }));
        }
        self.add(at, block);
    }

    fn add(&mut self, at: usize, block: Block) {
        self.draft.text.push_str(block.text.as_deref().unwrap_or_default());
        self.draft.reasoning.push_str(block.thinking.as_deref().unwrap_or_default());
        if let Some(json) = block.partial_json
            && let Some((_, call)) = self.calls.iter_mut().find(|(index, _)| *index == at)
        {
            call.written.push_str(&json);
        }
    }

    fn finish(mut self) -> Draft {
        self.draft.usage = self.tokens.usage();
        let call = |(_, call): (usize, Call)| match call.input {
            Some(input) if call.written.is_empty() => json!({"id": call.id, "name": call.name, "arguments": input}),
            _ => wire::tool_call(call.id.as_deref(), &call.name, &call.written),
        };
        self.draft.tool_calls = self.calls.into_iter().map(call).collect();
        self.draft
    }
}

fn finish(reason: String) -> FinishReason {
    match reason.as_str() {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::Refusal,
        _ => FinishReason::Other(reason),
    }
}

fn piece(event: Event<'_>) -> Piece<'_> {
    #[derive(Deserialize)]
    struct Part {
        delta: Block,
    }
    // Most events of a stream are deltas; the others need no parsing to be told apart.
    if event.kind != "content_block_delta" {
        return Piece::default();
    }
    let Ok(Part { delta }) = serde_json::from_str(event.data) else { return Piece::default() };
    let token = delta.thinking.is_some() || delta.partial_json.is_some();
    Piece { token, text: delta.text.map(Cow::Owned) }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::wire::pretty;
    use super::*;
    use crate::domain::Fault;

    fn request(params: Params) -> ChatRequest {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        ChatRequest {
            model: "claude-sonnet-4-5".to_owned(),
            messages: vec![
                message(Role::System, "Be brief."),
                message(Role::System, "Be kind."),
                message(Role::User, "Hello."),
                message(Role::User, "How are you?"),
                message(Role::Assistant, "Well."),
                message(Role::User, "Why?"),
            ],
            params,
            tools: Vec::new(),
            sample: 0,
        }
    }

    #[test]
    fn system_messages_stand_apart_and_turns_alternate() {
        assert_snapshot!("anthropic_bare", pretty(&body(&request(Params::default())).unwrap()));
    }

    #[test]
    fn every_parameter_has_its_place() {
        let Value::Object(extra) = json!({"metadata": {"user_id": "u"}}) else { unreachable!() };
        let params = Params {
            temperature: Some(1.0),
            top_p: Some(0.9),
            max_tokens: Some(9_000),
            stop: vec!["END".to_owned()],
            seed: Some(7),
            response: ResponseFormat::Schema(json!({"type": "object"})),
            reasoning_effort: Some(ReasoningEffort::Medium),
            stream: true,
            extra,
        };
        let mut request = request(params);
        request.messages.truncate(3);
        request.tools = vec![json!({"name": "look", "description": "Looks.", "parameters": {"type": "object"}})];
        assert_snapshot!("anthropic_full", pretty(&body(&request).unwrap()));
    }

    #[test]
    fn effort_is_what_the_model_understands() {
        use ReasoningEffort::{High, Low, Minimal};
        let check = |model: &str, effort, max_tokens, expect: (u32, Value, Option<&str>)| {
            let params = Params { reasoning_effort: Some(effort), max_tokens, ..Params::default() };
            let thinking = Thinking::new(model, &params);
            let (limit, effort) = (thinking.max_tokens, thinking.effort);
            assert_eq!((limit, thinking.mode.unwrap_or_default(), effort), expect, "{model}");
        };
        let budget = |tokens: u32| json!({"type": "enabled", "budget_tokens": tokens});
        check("claude-3-7-sonnet-20250219", Low, None, (2048 + 4096, budget(2048), None));
        check("claude-opus-4-20250514", High, Some(8000), (8000, budget(6976), None));
        check("claude-haiku-4-5", High, Some(1500), (1500, Value::Null, None));
        check("claude-haiku-4-5", Minimal, None, (4096, Value::Null, None));
        check("claude-opus-4-6", High, None, (4096, json!({"type": "adaptive"}), Some("high")));
        check("claude-opus-5", Minimal, None, (4096, Value::Null, Some("low")));
    }

    fn whole(body: &Value) -> Result<Completion, CallError> {
        read(&RawReply { status: 200, body: body.to_string().into_bytes(), ..RawReply::default() })
    }

    #[test]
    fn a_whole_answer_is_read_and_its_cache_counted() {
        let answer = whole(&json!({"type": "message", "model": "claude-x", "stop_reason": "tool_use", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Well."},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}}],
            "usage": {"input_tokens": 3, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20,
                "output_tokens": 7}}))
        .unwrap();
        assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), ("Well.", Some("hm")));
        assert_eq!(answer.tool_calls, [json!({"id": "t1", "name": "look", "arguments": {"a": 1}})]);
        assert_eq!(answer.finish, FinishReason::ToolCalls);
        let usage = Usage {
            input_tokens: 123,
            output_tokens: 7,
            cached_tokens: 100,
            cache_write_tokens: 20,
            reasoning_tokens: 0,
        };
        assert_eq!(answer.usage, Some(usage));
        let refused = whole(&json!({"content": [], "stop_reason": "refusal"})).unwrap();
        assert_eq!((refused.finish, refused.usage), (FinishReason::Refusal, None));
    }

    const START: &str = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\",",
        "\"content\":[],\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":1,\"output_tokens\":1}}}\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,",
        "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,",
        "\"delta\":{\"type\":\"text_delta\",\"text\":\"He\"}}\n\n",
    );

    fn stream(rest: &str) -> Result<Completion, CallError> {
        let body = format!("{START}{rest}").into_bytes();
        read(&RawReply { status: 200, body, streamed: true, ..RawReply::default() })
    }

    #[test]
    fn a_stream_is_put_together() {
        let answer = stream(concat!(
            "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"llo\"}}\n\n",
            "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",",
            "\"name\":\"look\",\"input\":{}}}\n\n",
            "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",",
            "\"partial_json\":\"{\\\"a\\\"\"}}\n\n",
            "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",",
            "\"partial_json\":\": 1}\"}}\n\n",
            "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":15}}\n\n",
            "data: {\"type\":\"message_stop\"}\n\n",
        ))
        .unwrap();
        assert_eq!((answer.text.as_str(), answer.model.as_deref()), ("Hello", Some("claude-x")));
        assert_eq!(answer.tool_calls, [json!({"id": "t", "name": "look", "arguments": {"a": 1}})]);
        let usage = answer.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), (10, 1, 15));
    }

    #[test]
    fn replies_that_are_no_answers_have_a_class() {
        let check = |outcome: Result<Completion, CallError>, expect| assert_eq!(outcome.unwrap_err().fault, expect);
        check(stream(""), Fault::Truncated);
        check(stream("event: content_block_delta\ndata: {\"type\":\"cont"), Fault::Truncated);
        check(stream("data: nonsense\n\n"), Fault::Protocol);
        check(
            whole(&json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}})),
            Fault::Overloaded,
        );
        check(whole(&json!({"id": "x"})), Fault::Protocol);
        check(whole(&json!([1])), Fault::Protocol);
        let error = stream(
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n",
        )
        .unwrap_err();
        assert_eq!((error.fault, error.partial.as_slice()), (Fault::Overloaded, b"He".as_slice()));
    }
}
