//! The Chat Completions API, of `OpenAI` and of the many servers that speak it.
//!
//! `max_tokens` travels as `max_completion_tokens` to `OpenAI` itself, where the older name is retired, and for
//! reasoning models anywhere; to other servers it travels as `max_tokens`, which all of them know.

use std::borrow::Cow;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::{bad_json, inner_failure, protocol, status_failure, truncated};
use super::http::{Endpoint, Piece, Streaming};
use super::sse::{Event, Framing, each_event};
use super::wire::{self, Count, Draft, OpenText, nullable};
use super::{BoxFuture, Embedded, OnText, Provider, Received, embedding, labels};
use crate::domain::{CallError, ChatRequest, Completion, FinishReason, Label, RawReply, ResponseFormat, Usage};

pub(super) struct OpenAi {
    endpoint: Endpoint,
    url: Url,
    official: bool,
}

const STREAMING: Streaming = Streaming { framing: Framing::Sse, piece };

impl OpenAi {
    pub fn new(endpoint: Endpoint) -> Self {
        let official = endpoint.is_host("api.openai.com");
        Self { url: endpoint.url("/chat/completions"), endpoint, official }
    }
}

impl Provider for OpenAi {
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async move {
            let body = body(request, self.official)?;
            let stream = request.params.stream.then_some(STREAMING);
            self.endpoint.post(self.url.clone(), body, stream, on_text).await
        })
    }

    fn read(&self, _request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        read(reply)
    }

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, CallError>> {
        Box::pin(async move { embedding::openai(&self.endpoint, model, texts).await })
    }

    fn label<'a>(&'a self, model: &'a str, text: &'a str) -> BoxFuture<'a, Result<Vec<Label>, CallError>> {
        Box::pin(labels::openai(&self.endpoint, model, text))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: &'a Value,
}

fn body(request: &ChatRequest, official: bool) -> Result<Vec<u8>, CallError> {
    let params = &request.params;
    let new_name = official || reasons(&request.model);
    let turns = request.messages.iter().map(|message| Turn { role: message.role.word(), content: &message.content });
    let body = Body {
        model: &request.model,
        messages: turns.collect(),
        temperature: params.temperature,
        top_p: params.top_p,
        max_tokens: params.max_tokens.filter(|_| !new_name),
        max_completion_tokens: params.max_tokens.filter(|_| new_name),
        stop: &params.stop,
        seed: params.seed,
        response_format: response_format(&params.response),
        reasoning_effort: params.reasoning_effort.map(crate::domain::ReasoningEffort::word),
        tools: request.tools.iter().map(|tool| Tool { r#type: "function", function: tool }).collect(),
        stream: params.stream.then_some(true),
        stream_options: params.stream.then(|| json!({"include_usage": true})),
    };
    wire::body(&body, &params.extra)
}

/// Whether the model's family reasons, by its name: `o1`, `o3-mini`, `gpt-5…`, with or without a vendor before it.
fn reasons(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let mut letters = name.chars();
    let o_series = letters.next() == Some('o') && letters.next().is_some_and(|digit| digit.is_ascii_digit());
    o_series || name.starts_with("gpt-5")
}

fn response_format(format: &ResponseFormat) -> Option<Value> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::Json => Some(json!({"type": "json_object"})),
        ResponseFormat::Schema(schema) => Some(json!({
            "type": "json_schema",
            "json_schema": {"name": schema_name(schema), "strict": is_strict(schema), "schema": schema},
        })),
    }
}

/// The API asks for a name of letters, digits, `_` and `-`.
fn schema_name(schema: &Value) -> String {
    let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
    let name: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(64).collect();
    if name.chars().any(|c| c.is_ascii_alphanumeric()) { name } else { "answer".to_owned() }
}

/// Strict mode takes only schemas whose objects are closed and require all their properties; others are sent as a
/// wish, not as a rule, instead of being refused.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            let closed = match fields.get("properties") {
                Some(Value::Object(properties)) => {
                    let required = fields.get("required").and_then(Value::as_array);
                    let is_required = |name: &String| required.is_some_and(|all| all.iter().any(|one| one == name));
                    fields.get("additionalProperties") == Some(&Value::Bool(false))
                        && properties.keys().all(is_required)
                }
                _ => fields.get("type").is_none_or(|kind| kind != "object"),
            };
            closed && fields.values().all(is_strict)
        }
        Value::Array(items) => items.iter().all(is_strict),
        _ => true,
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "nullable")]
    choices: Vec<Choice>,
    usage: Option<Tokens>,
    model: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default, deserialize_with = "nullable")]
    message: Spoken,
    /// In a stream, the next part of the message.
    #[serde(default, deserialize_with = "nullable")]
    delta: Spoken,
    finish_reason: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize, Default)]
struct Spoken {
    #[serde(default)]
    content: OpenText,
    /// Servers differ in the name, and some send both.
    #[serde(default)]
    reasoning: OpenText,
    #[serde(default)]
    reasoning_content: OpenText,
    #[serde(default)]
    refusal: OpenText,
    #[serde(default, deserialize_with = "nullable")]
    tool_calls: Vec<CallPart>,
}

impl Choice {
    fn spoken(&mut self) -> [Spoken; 2] {
        [std::mem::take(&mut self.message), std::mem::take(&mut self.delta)]
    }
}

impl Spoken {
    fn reasoning(&mut self) -> String {
        let names = [&mut self.reasoning, &mut self.reasoning_content];
        names.into_iter().find(|text| !text.0.is_empty()).map(|text| std::mem::take(&mut text.0)).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct CallPart {
    #[serde(default)]
    index: Option<usize>,
    id: Option<String>,
    #[serde(default)]
    function: FunctionPart,
}

#[derive(Deserialize, Default)]
struct FunctionPart {
    name: Option<String>,
    #[serde(default)]
    arguments: OpenText,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default, rename = "prompt_tokens")]
    prompt: Count,
    #[serde(default, rename = "completion_tokens")]
    completion: Count,
    #[serde(default, rename = "total_tokens")]
    total: Count,
    #[serde(default, deserialize_with = "nullable")]
    prompt_tokens_details: InputDetails,
    #[serde(default, deserialize_with = "nullable")]
    completion_tokens_details: OutputDetails,
}

#[derive(Deserialize, Default)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: Count,
}

#[derive(Deserialize, Default)]
struct OutputDetails {
    #[serde(default)]
    reasoning_tokens: Count,
}

impl Tokens {
    fn usage(&self) -> Option<Usage> {
        let (input, mut output) = (self.prompt.tokens()?, self.completion.tokens()?);
        let reasoning = self.completion_tokens_details.reasoning_tokens.or_zero()?;
        // Some servers count reasoning beside the completion; their total shows it.
        if reasoning > 0 && self.total.tokens() == Some(input + output + reasoning) {
            output += reasoning;
        }
        wire::sound(Usage {
            input_tokens: input,
            output_tokens: output,
            cached_tokens: self.prompt_tokens_details.cached_tokens.or_zero()?,
            cache_write_tokens: 0,
            reasoning_tokens: reasoning,
        })
    }
}

fn read(reply: &RawReply) -> Result<Completion, CallError> {
    if !(200..300).contains(&reply.status) {
        return Err(status_failure(reply));
    }
    let mut reading = Reading::default();
    if reply.streamed {
        reading.stream(reply)?;
    } else {
        let answer: Answer = serde_json::from_slice(&reply.body).map_err(|error| bad_json(reply, &error))?;
        let empty = answer.choices.is_empty();
        reading.take(reply, answer)?;
        if empty {
            return Err(protocol(reply, "it has no choices"));
        }
    }
    Ok(reading.finish().complete(reply))
}

/// An answer, whole or from the parts of a stream.
#[derive(Default)]
struct Reading {
    draft: Draft,
    refusal: String,
    calls: Vec<PartialCall>,
}

#[derive(Default)]
struct PartialCall {
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Reading {
    fn stream(&mut self, reply: &RawReply) -> Result<(), CallError> {
        let (mut done, mut failed) = (false, None);
        let outcome = each_event(Framing::Sse, &reply.body, |event| {
            if done || failed.is_some() {
                return;
            }
            if event.data.trim() == "[DONE]" {
                done = true;
                return;
            }
            failed = match serde_json::from_str::<Answer>(event.data) {
                Ok(part) => self.take(reply, part).err(),
                // A last event that is cut only shows that the stream is.
                Err(_) if event.cut => None,
                Err(error) => Some(protocol(reply, &error.to_string())),
            };
        });
        outcome.map_err(|error| protocol(reply, &error.to_string()))?;
        match failed {
            Some(error) => Err(error),
            None if !done && reply.body.iter().all(u8::is_ascii_whitespace) => Err(protocol(reply, "it is empty")),
            None if !done => Err(truncated(reply, std::mem::take(&mut self.draft.text))),
            None => Ok(()),
        }
    }

    fn take(&mut self, reply: &RawReply, answer: Answer) -> Result<(), CallError> {
        let inner = answer.choices.iter().find_map(|choice| choice.error.as_ref());
        if let Some(error) = answer.error.as_ref().or(inner).filter(|error| !error.is_null()) {
            let partial = std::mem::take(&mut self.draft.text).into_bytes();
            return Err(CallError { partial, ..inner_failure(reply, error) });
        }
        if answer.model.as_deref().is_some_and(|model| !model.is_empty()) {
            self.draft.model = answer.model;
        }
        if let Some(tokens) = answer.usage {
            self.draft.usage = tokens.usage();
        }
        for mut choice in answer.choices.into_iter().filter(|choice| choice.index == 0) {
            for mut spoken in choice.spoken() {
                append(&mut self.draft.reasoning, spoken.reasoning());
                append(&mut self.draft.text, spoken.content.0);
                append(&mut self.refusal, spoken.refusal.0);
                for part in spoken.tool_calls {
                    self.take_call(part);
                }
            }
            if let Some(reason) = choice.finish_reason {
                self.draft.finish = Some(finish(reason));
            }
        }
        Ok(())
    }

    fn take_call(&mut self, part: CallPart) {
        // Without an index each part is a call of its own.
        let at = part.index.map_or(self.calls.len(), |index| index.min(self.calls.len()));
        if at == self.calls.len() {
            self.calls.push(PartialCall::default());
        }
        let call = &mut self.calls[at];
        call.id = call.id.take().or(part.id);
        call.name.push_str(part.function.name.as_deref().unwrap_or_default());
        call.arguments.push_str(&part.function.arguments.0);
    }

    fn finish(mut self) -> Draft {
        let calls = self.calls.iter();
        self.draft.tool_calls =
            calls.map(|call| wire::tool_call(call.id.as_deref(), &call.name, &call.arguments)).collect();
        if !self.refusal.is_empty() {
            append(&mut self.draft.text, self.refusal);
            self.draft.finish = Some(FinishReason::Refusal);
        }
        self.draft
    }
}

/// The first part moves in; only further ones are copied.
fn append(text: &mut String, part: String) {
    if text.is_empty() {
        *text = part;
    } else {
        text.push_str(&part);
    }
}

fn finish(reason: String) -> FinishReason {
    match reason.as_str() {
        "stop" | "eos" | "" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        "refusal" => FinishReason::Refusal,
        _ => FinishReason::Other(reason),
    }
}

fn piece(event: Event<'_>) -> Piece<'_> {
    #[derive(Deserialize)]
    struct Part {
        #[serde(default)]
        choices: Vec<Choice>,
    }
    let part = serde_json::from_str::<Part>(event.data).ok();
    let Some(choice) = part.and_then(|part| part.choices.into_iter().find(|choice| choice.index == 0)) else {
        return Piece::default();
    };
    let mut spoken = choice.delta;
    Piece {
        token: !spoken.reasoning().is_empty() || !spoken.tool_calls.is_empty() || !spoken.refusal.0.is_empty(),
        text: Some(Cow::Owned(spoken.content.0)),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::wire::pretty;
    use super::*;
    use crate::domain::{Fault, Message, Params, ReasoningEffort, Role};

    fn request(params: Params) -> ChatRequest {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        ChatRequest {
            model: "gpt-4.1-mini".to_owned(),
            messages: vec![message(Role::System, "Be brief."), message(Role::User, "How are you? é\n\"x\"")],
            params,
            tools: Vec::new(),
            sample: 3,
        }
    }

    #[test]
    fn a_bare_request_holds_nothing_that_was_not_set() {
        assert_snapshot!(pretty(&body(&request(Params::default()), true).unwrap()), @r#"
        {
          "model": "gpt-4.1-mini",
          "messages": [
            {
              "role": "system",
              "content": "Be brief."
            },
            {
              "role": "user",
              "content": "How are you? é\n\"x\""
            }
          ]
        }
        "#);
    }

    #[test]
    fn every_parameter_has_its_place() {
        let Value::Object(extra) = json!({"logprobs": true, "stream_options": {"x": 1}}) else { unreachable!() };
        let params = Params {
            temperature: Some(0.2),
            top_p: Some(0.9),
            max_tokens: Some(64),
            stop: vec!["END".to_owned()],
            seed: Some(7),
            response: ResponseFormat::Schema(json!({"title": "My answer!", "type": "object",
                "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false})),
            reasoning_effort: Some(ReasoningEffort::Low),
            stream: true,
            extra,
        };
        let mut request = request(params);
        request.messages.remove(0);
        request.tools = vec![json!({"name": "look", "description": "Looks.", "parameters": {"type": "object"}})];
        assert_snapshot!("openai_full", pretty(&body(&request, false).unwrap()));
    }

    #[test]
    fn the_token_limit_has_the_name_that_the_server_knows() {
        let check = |model: &str, official, expect: &str| {
            let mut request = request(Params { max_tokens: Some(9), ..Params::default() });
            request.model = model.to_owned();
            let body: Value = serde_json::from_slice(&body(&request, official).unwrap()).unwrap();
            let names: Vec<_> = body.as_object().unwrap().keys().filter(|key| key.contains("max")).cloned().collect();
            assert_eq!(names, [expect], "{model}");
        };
        check("gpt-4.1", true, "max_completion_tokens");
        check("llama-4", false, "max_tokens");
        check("openai/o3-mini", false, "max_completion_tokens");
        check("gpt-5-nano", false, "max_completion_tokens");
        check("olmo-2", false, "max_tokens");
    }

    #[test]
    fn open_schemas_are_not_sent_as_strict() {
        let check = |schema: Value, expect| assert_eq!(is_strict(&schema), expect, "{schema}");
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
            "additionalProperties": false});
        check(closed.clone(), true);
        check(json!({"type": "array", "items": closed}), true);
        check(json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}), false);
        check(json!({"type": "object", "properties": {}, "required": []}), false);
        check(json!({"type": "object"}), false);
    }

    fn whole(body: &Value) -> Result<Completion, CallError> {
        read(&RawReply { status: 200, body: body.to_string().into_bytes(), latency_ms: 5.0, ..RawReply::default() })
    }

    fn stream(body: &str) -> Result<Completion, CallError> {
        read(&RawReply { status: 200, body: body.as_bytes().to_vec(), streamed: true, ..RawReply::default() })
    }

    #[test]
    fn a_whole_answer_is_read() {
        let answer = whole(&json!({
            "model": "gpt-4.1-mini-2025", "system_fingerprint": "fp", "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Well.", "refusal": null, "tool_calls": null}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17,
                "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 5}}}))
        .unwrap();
        assert_eq!((answer.text.as_str(), &answer.finish), ("Well.", &FinishReason::Stop));
        assert_eq!(answer.model.as_deref(), Some("gpt-4.1-mini-2025"));
        let usage =
            Usage { input_tokens: 10, output_tokens: 7, cached_tokens: 4, cache_write_tokens: 0, reasoning_tokens: 5 };
        assert_eq!(answer.usage, Some(usage));
    }

    #[test]
    fn usage_that_cannot_be_is_none() {
        let check = |usage: Value, expect: Option<(u64, u64)>| {
            let answer = whole(&json!({"choices": [{"message": {"content": "x"}}], "usage": usage})).unwrap();
            assert_eq!(answer.usage.map(|usage| (usage.input_tokens, usage.output_tokens)), expect, "{usage}");
        };
        check(Value::Null, None);
        check(json!({}), None);
        check(json!({"prompt_tokens": -1, "completion_tokens": 2}), None);
        check(json!({"prompt_tokens": 1, "completion_tokens": 1e18}), None);
        check(json!({"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}}), None);
        check(json!({"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": null}), Some((1, 2)));
        check(
            json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 8,
            "completion_tokens_details": {"reasoning_tokens": 5}}),
            Some((1, 7)),
        );
    }

    #[test]
    fn refusals_filters_and_tool_calls_are_answers() {
        let finish = |choice: Value| whole(&json!({"choices": [choice]})).unwrap();
        let refused = finish(json!({"message": {"content": null, "refusal": "I can't."}, "finish_reason": "stop"}));
        assert_eq!((refused.text.as_str(), refused.finish), ("I can't.", FinishReason::Refusal));
        let filtered = finish(json!({"message": {"content": ""}, "finish_reason": "content_filter"}));
        assert_eq!(filtered.finish, FinishReason::ContentFilter);
        let call = json!({"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"a\":1}"}});
        let called = finish(json!({"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}));
        assert_eq!(called.finish, FinishReason::ToolCalls);
        assert_eq!(called.tool_calls, [json!({"id": "c1", "name": "look", "arguments": {"a": 1}})]);
    }

    #[test]
    fn a_stream_is_put_together() {
        let answer = stream(concat!(
            "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
            ": keep-alive\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"He\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"llo\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",",
            "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,",
            "\"function\":{\"arguments\":\":1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
            "data: [DONE]\n\n",
        ))
        .unwrap();
        assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), ("Hello", Some("hm")));
        assert_eq!(answer.tool_calls, [json!({"id": "c", "name": "f", "arguments": {"a": 1}})]);
        assert_eq!(answer.usage.unwrap().input_tokens, 3);
    }

    #[test]
    fn replies_that_are_no_answers_have_a_class() {
        let check = |outcome: Result<Completion, CallError>, expect| assert_eq!(outcome.unwrap_err().fault, expect);
        let error = json!({"error": {"code": "rate_limit_exceeded", "message": "slow down", "type": "requests"}});
        check(whole(&error), Fault::RateLimited);
        check(whole(&json!({"choices": []})), Fault::Protocol);
        check(whole(&json!([])), Fault::Protocol);
        check(read(&RawReply { status: 200, ..RawReply::default() }), Fault::Protocol);
        check(
            read(&RawReply { status: 200, body: b"{\"choices\": [".to_vec(), ..RawReply::default() }),
            Fault::Disconnected,
        );
        let part = "data: {\"choices\":[{\"delta\":{\"content\":\"He\"}}]}\n\n";
        check(stream(part), Fault::Truncated);
        check(stream(&format!("{part}data: {{\"choi")), Fault::Truncated);
        check(stream(&format!("{part}data: {{\"choi\n\ndata: [DONE]\n\n")), Fault::Protocol);
        check(stream(""), Fault::Protocol);
        let broken = stream(&format!("{part}data: {error}\n\n")).unwrap_err();
        assert_eq!((broken.fault, broken.partial.as_slice()), (Fault::RateLimited, b"He".as_slice()));
    }

    #[test]
    fn pieces_of_a_stream_are_told_as_they_come() {
        let check = |data: &str, token, text: Option<&str>| {
            let piece = piece(Event { kind: "", data, cut: false });
            assert_eq!((piece.token, piece.text.as_deref()), (token, text), "{data}");
        };
        check(r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#, false, Some("a"));
        check(r#"{"choices":[{"index":0,"delta":{"reasoning":"a"}}]}"#, true, Some(""));
        check(r#"{"choices":[],"usage":{}}"#, false, None);
        check("[DONE]", false, None);
        check("{", false, None);
    }
}
