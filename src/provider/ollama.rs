//! Ollama's own API, `/api/chat`: JSON, and JSON lines where it streams.
//!
//! Effort is `think`: a word for the gpt-oss models, which know levels, and on or off for the others.

use std::borrow::Cow;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::{bad_json, inner_failure, protocol, status_failure, truncated};
use super::http::{Endpoint, Piece, Streaming};
use super::sse::{Event, Framing, each_event};
use super::wire::{self, Count, Draft, OpenText, nullable};
use super::{BoxFuture, Embedded, OnText, Provider, Received, embedding};
use crate::domain::{
    CallError, ChatRequest, Completion, FinishReason, Params, RawReply, ReasoningEffort, ResponseFormat, Usage,
};

pub(super) struct Ollama {
    endpoint: Endpoint,
    url: Url,
}

const STREAMING: Streaming = Streaming { framing: Framing::Lines, piece };

impl Ollama {
    pub fn new(endpoint: Endpoint) -> Self {
        Self { url: endpoint.url("/api/chat"), endpoint }
    }
}

impl Provider for Ollama {
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

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, CallError>> {
        Box::pin(async move { embedding::ollama(&self.endpoint, model, texts).await })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    /// The API streams unless it is told not to.
    stream: bool,
    #[serde(skip_serializing_if = "Options::is_empty")]
    options: Options<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Cow<'a, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize, Default, PartialEq)]
struct Options<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
}

impl Options<'_> {
    fn is_empty(&self) -> bool {
        *self == Options::default()
    }
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: &'a Value,
}

fn body(request: &ChatRequest) -> Result<Vec<u8>, CallError> {
    let params = &request.params;
    let turns = request.messages.iter().map(|message| Turn { role: message.role.word(), content: &message.content });
    let body = Body {
        model: &request.model,
        messages: turns.collect(),
        stream: params.stream,
        options: options(params),
        format: match &params.response {
            ResponseFormat::Text => None,
            ResponseFormat::Json => Some(Cow::Owned(Value::from("json"))),
            ResponseFormat::Schema(schema) => Some(Cow::Borrowed(schema)),
        },
        think: params.reasoning_effort.map(|effort| think(&request.model, effort)),
        tools: request.tools.iter().map(|tool| Tool { r#type: "function", function: tool }).collect(),
    };
    wire::body(&body, &params.extra)
}

fn options(params: &Params) -> Options<'_> {
    Options {
        temperature: params.temperature,
        top_p: params.top_p,
        num_predict: params.max_tokens,
        stop: &params.stop,
        seed: params.seed,
    }
}

fn think(model: &str, effort: ReasoningEffort) -> Value {
    match effort {
        ReasoningEffort::Minimal if model.contains("gpt-oss") => json!("low"),
        effort if model.contains("gpt-oss") => json!(effort.word()),
        effort => json!(effort != ReasoningEffort::Minimal),
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    model: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    message: Option<Spoken>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: Count,
    #[serde(default)]
    eval_count: Count,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Spoken {
    #[serde(default)]
    content: OpenText,
    #[serde(default)]
    thinking: OpenText,
    #[serde(default, deserialize_with = "nullable")]
    tool_calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
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
        reading.take(reply, answer)?;
        if !reading.spoke {
            return Err(protocol(reply, "it has no message"));
        }
    }
    if !reading.done {
        return Err(truncated(reply, reading.draft.text));
    }
    Ok(reading.draft.complete(reply))
}

#[derive(Default)]
struct Reading {
    draft: Draft,
    spoke: bool,
    done: bool,
}

impl Reading {
    fn stream(&mut self, reply: &RawReply) -> Result<(), CallError> {
        let mut failed = None;
        let outcome = each_event(Framing::Lines, &reply.body, |event| {
            if failed.is_some() || self.done {
                return;
            }
            failed = match serde_json::from_str::<Answer>(event.data) {
                Ok(part) => self.take(reply, part).err(),
                // A last line that is cut only shows that the stream is.
                Err(error) if event.cut && error.is_eof() && self.spoke => None,
                Err(error) => Some(protocol(reply, &error.to_string())),
            };
        });
        outcome.map_err(|error| protocol(reply, &error.to_string()))?;
        match failed {
            Some(error) => Err(error),
            None if !self.spoke && !self.done => Err(protocol(reply, "it has no message")),
            None => Ok(()),
        }
    }

    fn take(&mut self, reply: &RawReply, answer: Answer) -> Result<(), CallError> {
        if let Some(error) = answer.error.filter(|error| !error.is_null()) {
            let partial = std::mem::take(&mut self.draft.text).into_bytes();
            return Err(CallError { partial, ..inner_failure(reply, &json!({"error": error})) });
        }
        self.draft.model = answer.model.or(self.draft.model.take());
        if let Some(spoken) = answer.message {
            self.spoke = true;
            self.draft.text.push_str(&spoken.content.0);
            self.draft.reasoning.push_str(&spoken.thinking.0);
            for Call { id, function: Function { name, arguments } } in spoken.tool_calls {
                self.draft.tool_calls.push(json!({"id": id, "name": name, "arguments": arguments}));
            }
        }
        if answer.done {
            self.done = true;
            self.draft.finish = answer.done_reason.map(finish);
            self.draft.usage = usage(answer.prompt_eval_count, answer.eval_count);
        }
        Ok(())
    }
}

/// The server leaves out the count of a prompt that it had in memory whole: there is no usable count then.
fn usage(prompt: Count, answer: Count) -> Option<Usage> {
    Some(Usage { input_tokens: prompt.tokens()?, output_tokens: answer.tokens()?, ..Usage::default() })
}

fn finish(reason: String) -> FinishReason {
    match reason.as_str() {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        _ => FinishReason::Other(reason),
    }
}

fn piece(event: Event<'_>) -> Piece<'_> {
    let answer = serde_json::from_str::<Answer>(event.data).ok();
    let Some(spoken) = answer.and_then(|answer| answer.message) else { return Piece::default() };
    let token = !spoken.thinking.0.is_empty() || !spoken.tool_calls.is_empty();
    Piece { token, text: Some(Cow::Owned(spoken.content.0)) }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::wire::pretty;
    use super::*;
    use crate::domain::{Fault, Message, Role};

    fn request(params: Params) -> ChatRequest {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        ChatRequest {
            model: "llama4".to_owned(),
            messages: vec![message(Role::System, "Be brief."), message(Role::User, "Hello.")],
            params,
            tools: Vec::new(),
            sample: 0,
        }
    }

    #[test]
    fn a_bare_request_holds_nothing_that_was_not_set() {
        assert_snapshot!("ollama_bare", pretty(&body(&request(Params::default())).unwrap()));
    }

    #[test]
    fn every_parameter_has_its_place() {
        let Value::Object(extra) = json!({"options": {"num_ctx": 8192}, "keep_alive": "5m"}) else { unreachable!() };
        let params = Params {
            temperature: Some(0.5),
            top_p: Some(0.9),
            max_tokens: Some(64),
            stop: vec!["END".to_owned()],
            seed: Some(7),
            response: ResponseFormat::Schema(json!({"type": "object"})),
            reasoning_effort: Some(ReasoningEffort::Low),
            stream: true,
            extra,
        };
        let mut request = request(params);
        request.tools = vec![json!({"name": "look", "description": "Looks.", "parameters": {"type": "object"}})];
        assert_snapshot!("ollama_full", pretty(&body(&request).unwrap()));
        assert_eq!(think("gpt-oss:20b", ReasoningEffort::High), json!("high"));
        assert_eq!(think("qwen3", ReasoningEffort::Minimal), json!(false));
    }

    fn reply(body: &str, streamed: bool) -> Result<Completion, CallError> {
        read(&RawReply { status: 200, body: body.as_bytes().to_vec(), streamed, ..RawReply::default() })
    }

    const END: &str = r#"{"model":"llama4","message":{"content":""},"done":true,"done_reason":"length","prompt_eval_count":5,"eval_count":2}"#;

    #[test]
    fn answers_are_read_whole_and_streamed() {
        let whole = json!({"model": "llama4", "message": {"content": "Hello", "thinking": "hm", "tool_calls":
            [{"function": {"name": "look", "arguments": {"a": 1}}}]}, "done": true, "done_reason": "stop",
            "prompt_eval_count": 5, "eval_count": 2});
        let answer = reply(&whole.to_string(), false).unwrap();
        assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), ("Hello", Some("hm")));
        assert_eq!(answer.tool_calls, [json!({"id": null, "name": "look", "arguments": {"a": 1}})]);
        assert_eq!(answer.usage.map(|usage| (usage.input_tokens, usage.output_tokens)), Some((5, 2)));
        let parts = "{\"message\":{\"content\":\"He\"},\"done\":false}\n{\"message\":{\"content\":\"llo\"}}\n";
        let answer = reply(&format!("{parts}{END}\n"), true).unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), ("Hello", FinishReason::Length));
        assert_eq!(reply(&format!("{parts}{END}"), true).unwrap().text, "Hello", "the last line end may be missing");
    }

    #[test]
    fn replies_that_are_no_answers_have_a_class() {
        let part = "{\"message\":{\"content\":\"He\"},\"done\":false}\n";
        let check =
            |body: &str, streamed, expect| assert_eq!(reply(body, streamed).unwrap_err().fault, expect, "{body}");
        check(part, true, Fault::Truncated);
        check(&format!("{part}{{\"mess"), true, Fault::Truncated);
        check(&format!("{part}{{\"error\":\"the model runner stopped\"}}\n"), true, Fault::Server);
        check("{\"error\":\"model requires more memory\"}", false, Fault::Server);
        check("", true, Fault::Protocol);
        check("", false, Fault::Protocol);
        check("{}", false, Fault::Protocol);
        check("{\"mess", false, Fault::Disconnected);
        check(&format!("{part}nonsense\n{END}\n"), true, Fault::Protocol);
        check("<html>\n<body>\n", true, Fault::Protocol);
    }

    #[test]
    fn a_prompt_from_memory_has_no_usable_count() {
        let body = r#"{"message":{"content":"x"},"done":true,"done_reason":"stop","eval_count":2}"#;
        assert_eq!(reply(body, false).unwrap().usage, None);
    }
}
