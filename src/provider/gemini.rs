//! Google's Gemini API: `generateContent` and its stream.
//!
//! The key travels in a header, never in the address. Effort is `thinkingLevel`, and for the 2.5 models a budget of
//! tokens. A prompt that is blocked is an answer with [`FinishReason::ContentFilter`], not an error.

use std::borrow::Cow;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::{bad_json, inner_failure, protocol, status_failure, truncated};
use super::http::{Endpoint, Piece, Streaming};
use super::sse::{Event, Framing, each_event};
use super::wire::{self, Count, Draft, nullable};
use super::{BoxFuture, Embedded, OnText, Provider, Received, embedding};
use crate::domain::{
    CallError, ChatRequest, Completion, Fault, FinishReason, Message, Params, RawReply, ReasoningEffort,
    ResponseFormat, Role, Usage,
};

pub(super) struct Gemini {
    endpoint: Endpoint,
}

const STREAMING: Streaming = Streaming { framing: Framing::Sse, piece };

impl Gemini {
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    fn url(&self, request: &ChatRequest) -> Result<Url, CallError> {
        let method = if request.params.stream { "streamGenerateContent" } else { "generateContent" };
        let mut url = self.method(&path_of(&request.model)?, method);
        if request.params.stream {
            url.set_query(Some("alt=sse"));
        }
        Ok(url)
    }

    fn method(&self, model: &str, method: &str) -> Url {
        self.endpoint.url_under("/v1beta", &format!("/{model}:{method}"))
    }
}

/// A model as a path: `models/gemini-…`, or as it is where it has a folder.
fn path_of(model: &str) -> Result<String, CallError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@".contains(c);
    if !model.chars().all(plain) || model.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        let message = format!("`{}` is not the name of a model.", model.escape_debug());
        return Err(CallError::new(Fault::BadRequest, message));
    }
    Ok(if model.contains('/') { model.to_owned() } else { format!("models/{model}") })
}

impl Provider for Gemini {
    fn exchange<'a>(
        &'a self,
        request: &'a ChatRequest,
        on_text: OnText<'a>,
    ) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async move {
            let stream = request.params.stream.then_some(STREAMING);
            self.endpoint.post(self.url(request)?, body(request)?, stream, on_text).await
        })
    }

    fn read(&self, _request: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        read(reply)
    }

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, CallError>> {
        Box::pin(async move {
            let path = path_of(model)?;
            embedding::gemini(&self.endpoint, self.method(&path, "batchEmbedContents"), &path, texts).await
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Turn<'a>>,
    contents: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Config::is_empty")]
    generation_config: Config<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
}

#[derive(Serialize)]
struct Turn<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Words<'a>>,
}

#[derive(Serialize)]
struct Words<'a> {
    text: &'a str,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "thinkingConfig")]
    thinking: Option<Value>,
}

impl Config<'_> {
    fn is_empty(&self) -> bool {
        *self == Config::default()
    }
}

fn body(request: &ChatRequest) -> Result<Vec<u8>, CallError> {
    let params = &request.params;
    let (system, spoken): (Vec<&Message>, Vec<&Message>) =
        request.messages.iter().partition(|message| message.role == Role::System);
    let system: Vec<Words<'_>> = system.into_iter().map(words).collect();
    let body = Body {
        system_instruction: (!system.is_empty()).then_some(Turn { role: None, parts: system }),
        contents: spoken.into_iter().map(turn).collect(),
        generation_config: config(&request.model, params),
        tools: if request.tools.is_empty() { Vec::new() } else { vec![tools(&request.tools)] },
    };
    wire::body(&body, &params.extra)
}

fn words(message: &Message) -> Words<'_> {
    Words { text: &message.content }
}

fn turn(message: &Message) -> Turn<'_> {
    let role = if message.role == Role::Assistant { "model" } else { "user" };
    Turn { role: Some(role), parts: vec![words(message)] }
}

fn config<'a>(model: &str, params: &'a Params) -> Config<'a> {
    let (response_mime_type, response_json_schema) = match &params.response {
        ResponseFormat::Text => (None, None),
        ResponseFormat::Json => (Some("application/json"), None),
        ResponseFormat::Schema(schema) => (Some("application/json"), Some(schema)),
    };
    Config {
        temperature: params.temperature,
        top_p: params.top_p,
        max_output_tokens: params.max_tokens,
        stop_sequences: &params.stop,
        seed: params.seed,
        response_mime_type,
        response_json_schema,
        thinking: params.reasoning_effort.map(|effort| thinking(model, effort)),
    }
}

/// The budgets are those to which Google's own compatible endpoint maps the words.
fn thinking(model: &str, effort: ReasoningEffort) -> Value {
    if !model.contains("gemini-2.5") {
        return json!({"thinkingLevel": effort.word()});
    }
    json!({"thinkingBudget": match effort {
        ReasoningEffort::Minimal => 512,
        ReasoningEffort::Low => 1_024,
        ReasoningEffort::Medium => 8_192,
        ReasoningEffort::High => 24_576,
    }})
}

fn tools(tools: &[Value]) -> Value {
    let declaration = |tool: &Value| {
        let mut declared = json!({"name": tool.get("name")});
        if let Some(description) = tool.get("description") {
            declared["description"] = description.clone();
        }
        if let Some(parameters) = tool.get("parameters") {
            declared["parametersJsonSchema"] = parameters.clone();
        }
        declared
    };
    json!({"functionDeclarations": tools.iter().map(declaration).collect::<Vec<_>>()})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    candidates: Option<Vec<Candidate>>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
    #[serde(default)]
    usage_metadata: Option<Tokens>,
    #[serde(default)]
    model_version: Option<String>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    index: u32,
    #[serde(default, deserialize_with = "nullable")]
    content: Content,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Content {
    #[serde(default, deserialize_with = "nullable")]
    parts: Vec<Spoken>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spoken {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    #[serde(default)]
    function_call: Option<Call>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    args: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    #[serde(default, rename = "promptTokenCount")]
    prompt: Count,
    #[serde(default, rename = "toolUsePromptTokenCount")]
    tool_use: Count,
    #[serde(default, rename = "candidatesTokenCount")]
    candidates: Count,
    #[serde(default, rename = "thoughtsTokenCount")]
    thoughts: Count,
    #[serde(default, rename = "cachedContentTokenCount")]
    cached: Count,
}

impl Tokens {
    /// Thoughts are counted beside the candidates here; a count of zero is left out.
    fn usage(&self) -> Option<Usage> {
        let thoughts = self.thoughts.or_zero()?;
        wire::sound(Usage {
            input_tokens: self.prompt.tokens()? + self.tool_use.or_zero()?,
            output_tokens: self.candidates.or_zero()? + thoughts,
            cached_tokens: self.cached.or_zero()?,
            cache_write_tokens: 0,
            reasoning_tokens: thoughts,
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
        reading.take(reply, answer)?;
        if !reading.said_something {
            return Err(protocol(reply, "it has no candidates"));
        }
        if reading.draft.finish.is_none() && reading.draft.text.is_empty() && reading.draft.tool_calls.is_empty() {
            // A prompt that the provider would not take leaves no candidate at all.
            reading.draft.finish = Some(FinishReason::ContentFilter);
        }
    }
    Ok(reading.draft.complete(reply))
}

#[derive(Default)]
struct Reading {
    draft: Draft,
    said_something: bool,
}

impl Reading {
    fn stream(&mut self, reply: &RawReply) -> Result<(), CallError> {
        let mut failed = None;
        let outcome = each_event(Framing::Sse, &reply.body, |event| {
            if failed.is_some() {
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
            None if reply.body.iter().all(u8::is_ascii_whitespace) => Err(protocol(reply, "it is empty")),
            // This stream has no closing event of its own: the finish reason is the end.
            None if self.draft.finish.is_none() => Err(truncated(reply, std::mem::take(&mut self.draft.text))),
            None => Ok(()),
        }
    }

    fn take(&mut self, reply: &RawReply, answer: Answer) -> Result<(), CallError> {
        if let Some(error) = answer.error.filter(|error| !error.is_null()) {
            let partial = std::mem::take(&mut self.draft.text).into_bytes();
            return Err(CallError { partial, ..inner_failure(reply, &error) });
        }
        self.said_something |=
            answer.candidates.is_some() || answer.prompt_feedback.is_some() || answer.usage_metadata.is_some();
        self.draft.model = answer.model_version.or(self.draft.model.take());
        if let Some(tokens) = answer.usage_metadata {
            self.draft.usage = tokens.usage();
        }
        if answer.prompt_feedback.is_some_and(|feedback| feedback.block_reason.is_some()) {
            self.draft.finish = Some(FinishReason::ContentFilter);
        }
        for candidate in answer.candidates.unwrap_or_default().into_iter().filter(|one| one.index == 0) {
            candidate.content.parts.into_iter().for_each(|part| self.add(part));
            if let Some(reason) = candidate.finish_reason {
                self.draft.finish = Some(finish(reason));
            }
        }
        Ok(())
    }

    fn add(&mut self, part: Spoken) {
        let text = part.text.as_deref().unwrap_or_default();
        if part.thought {
            self.draft.reasoning.push_str(text);
        } else {
            self.draft.text.push_str(text);
        }
        if let Some(Call { id, name, args }) = part.function_call {
            let arguments = args.unwrap_or_else(|| json!({}));
            self.draft.tool_calls.push(json!({"id": id, "name": name, "arguments": arguments}));
        }
    }
}

fn finish(reason: String) -> FinishReason {
    match reason.as_str() {
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
            FinishReason::ContentFilter
        }
        _ => FinishReason::Other(reason),
    }
}

fn piece(event: Event<'_>) -> Piece<'_> {
    let answer = serde_json::from_str::<Answer>(event.data).ok();
    let first = answer.and_then(|answer| answer.candidates?.into_iter().find(|one| one.index == 0));
    let mut piece = Piece::default();
    for part in first.into_iter().flat_map(|candidate| candidate.content.parts) {
        piece.token |= part.thought || part.function_call.is_some();
        if let (false, Some(text)) = (part.thought, part.text) {
            piece.text.get_or_insert(Cow::Borrowed("")).to_mut().push_str(&text);
        }
    }
    piece
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::wire::pretty;
    use super::*;

    fn request(params: Params) -> ChatRequest {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        ChatRequest {
            model: "gemini-3-flash".to_owned(),
            messages: vec![
                message(Role::System, "Be brief."),
                message(Role::User, "Hello."),
                message(Role::Assistant, "Hi."),
                message(Role::User, "Why?"),
            ],
            params,
            tools: Vec::new(),
            sample: 0,
        }
    }

    #[test]
    fn a_bare_request_holds_nothing_that_was_not_set() {
        assert_snapshot!("gemini_bare", pretty(&body(&request(Params::default())).unwrap()));
    }

    #[test]
    fn every_parameter_has_its_place() {
        let Value::Object(extra) = json!({"generationConfig": {"topK": 5}, "safetySettings": []}) else {
            unreachable!()
        };
        let params = Params {
            temperature: Some(0.0),
            top_p: Some(0.9),
            max_tokens: Some(64),
            stop: vec!["END".to_owned()],
            seed: Some(7),
            response: ResponseFormat::Schema(json!({"type": "object"})),
            reasoning_effort: Some(ReasoningEffort::High),
            stream: true,
            extra,
        };
        let mut request = request(params);
        request.messages.truncate(2);
        request.tools = vec![json!({"name": "look", "description": "Looks.", "parameters": {"type": "object"}})];
        assert_snapshot!("gemini_full", pretty(&body(&request).unwrap()));
        assert_eq!(thinking("gemini-2.5-pro", ReasoningEffort::Low), json!({"thinkingBudget": 1024}));
    }

    fn whole(body: &Value) -> Result<Completion, CallError> {
        read(&RawReply { status: 200, body: body.to_string().into_bytes(), ..RawReply::default() })
    }

    fn stream(parts: &[&Value]) -> Result<Completion, CallError> {
        let body = parts.iter().fold(String::new(), |body, part| body + &format!("data: {part}\r\n\r\n"));
        read(&RawReply { status: 200, body: body.into_bytes(), streamed: true, ..RawReply::default() })
    }

    #[test]
    fn a_whole_answer_is_read_and_its_thoughts_counted() {
        let answer = whole(&json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
            {"text": "hm", "thought": true}, {"text": "We"}, {"text": "ll."},
            {"functionCall": {"name": "look", "args": {"a": 1}}}]}}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 6,
                "cachedContentTokenCount": 3, "totalTokenCount": 20}, "modelVersion": "gemini-3-flash-001"}))
        .unwrap();
        assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), ("Well.", Some("hm")));
        assert_eq!(answer.finish, FinishReason::ToolCalls);
        assert_eq!(answer.tool_calls, [json!({"id": null, "name": "look", "arguments": {"a": 1}})]);
        let usage =
            Usage { input_tokens: 10, output_tokens: 10, cached_tokens: 3, cache_write_tokens: 0, reasoning_tokens: 6 };
        assert_eq!((answer.usage, answer.model.as_deref()), (Some(usage), Some("gemini-3-flash-001")));
    }

    #[test]
    fn blocked_prompts_and_answers_are_no_errors() {
        let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 8}});
        let check = |answer: Result<Completion, CallError>| {
            let answer = answer.unwrap();
            assert_eq!((answer.text.as_str(), answer.finish), ("", FinishReason::ContentFilter));
        };
        check(whole(&blocked));
        assert_eq!(whole(&blocked).unwrap().usage.map(|usage| (usage.input_tokens, usage.output_tokens)), Some((8, 0)));
        check(stream(&[&blocked]));
        check(whole(&json!({"usageMetadata": {"promptTokenCount": 8}})));
        check(whole(&json!({"candidates": [{"finishReason": "SAFETY"}]})));
    }

    #[test]
    fn a_stream_ends_with_a_finish_reason() {
        let part = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text}]}}]});
        let end = json!({"candidates": [{"finishReason": "MAX_TOKENS", "content": {"parts": [{"text": "!"}]}}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}});
        let answer = stream(&[&part("He"), &part("llo"), &end]).unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), ("Hello!", FinishReason::Length));
        let cut = stream(&[&part("He"), &part("llo")]).unwrap_err();
        assert_eq!((cut.fault, cut.partial.as_slice()), (Fault::Truncated, b"Hello".as_slice()));
        let error = json!({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}});
        assert_eq!(stream(&[&part("He"), &error]).unwrap_err().fault, Fault::Overloaded);
    }

    #[test]
    fn replies_that_are_no_answers_have_a_class() {
        let fault = |body: &Value| whole(body).unwrap_err().fault;
        assert_eq!(fault(&json!({})), Fault::Protocol);
        assert_eq!(
            fault(&json!({"error": {"code": 400, "message": "x", "status": "INVALID_ARGUMENT"}})),
            Fault::BadRequest
        );
        assert_eq!(stream(&[]).unwrap_err().fault, Fault::Protocol);
    }
}
