//! What each provider would send: answers, streams and errors, as bytes.

use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    OpenAi,
    Anthropic,
    Gemini,
    Ollama,
}

/// How the usage of an answer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// 12 tokens in, 3 of them cached where the format has that, 7 out.
    Well,
    Missing,
    Negative,
}

pub const INPUT_TOKENS: u64 = 12;
pub const OUTPUT_TOKENS: u64 = 7;
/// The model version that every answer names.
pub const MODEL: &str = "loopback-1";

impl Wire {
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Ollama];

    /// By the path of a request.
    pub fn of(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or(path);
        if path.ends_with("/chat/completions") {
            Some(Self::OpenAi)
        } else if path.ends_with("/messages") {
            Some(Self::Anthropic)
        } else if path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent") {
            Some(Self::Gemini)
        } else if path.ends_with("/api/chat") {
            Some(Self::Ollama)
        } else {
            None
        }
    }

    /// The answer to a request for vectors of texts: two numbers each, the text's bytes and its vowels. `None` where the
    /// path asks for no vectors.
    pub fn vectors(path: &str, body: &[u8]) -> Option<String> {
        let asked: Value = serde_json::from_slice(body).ok()?;
        let vector = |text: &Value| {
            let text = text.as_str().unwrap_or_default();
            json!([text.len(), text.chars().filter(|c| "aeiou".contains(*c)).count()])
        };
        let input = || asked["input"].as_array().into_iter().flatten().map(vector);
        let answer = if path.ends_with("/embeddings") {
            // In the reverse order, as the format allows.
            let data = input().enumerate().map(|(index, vector)| json!({"index": index, "embedding": vector}));
            let data: Vec<Value> = data.collect::<Vec<_>>().into_iter().rev().collect();
            json!({"object": "list", "data": data, "model": MODEL, "usage": {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS}})
        } else if path.ends_with(":batchEmbedContents") {
            let requests = asked["requests"].as_array()?;
            let one = |request: &Value| json!({"values": vector(&request["content"]["parts"][0]["text"])});
            json!({"embeddings": requests.iter().map(one).collect::<Vec<_>>()})
        } else if path.ends_with("/api/embed") {
            json!({"model": MODEL, "embeddings": input().collect::<Vec<_>>(), "prompt_eval_count": INPUT_TOKENS})
        } else {
            return None;
        };
        Some(answer.to_string())
    }

    /// The answer to a request for labels of a text: by moderation, that it has `violence` where it says `kill`; by
    /// classification, as `joy` by the share of its vowels. `None` where the path asks for no labels.
    pub fn labels(path: &str, body: &[u8]) -> Option<String> {
        let asked: Value = serde_json::from_slice(body).ok()?;
        if path.ends_with("/moderations") {
            let flagged = asked["input"].as_str()?.contains("kill");
            let (has, score) = (json!({"hate": false, "violence": flagged}), if flagged { 0.9 } else { 0.1 });
            let result =
                json!({"flagged": flagged, "categories": has, "category_scores": {"hate": 0.0, "violence": score}});
            return Some(json!({"id": "modr-1", "model": MODEL, "results": [result]}).to_string());
        }
        let text = asked["inputs"].as_str().filter(|_| path.contains("/models/"))?;
        let count = |letters: usize| f64::from(u32::try_from(letters).unwrap());
        let joy = count(text.matches(['a', 'e', 'i', 'o', 'u']).count()) / count(text.len());
        Some(json!([[{"label": "joy", "score": joy}, {"label": "anger", "score": 1.0 - joy}]]).to_string())
    }

    /// By the path of a request for vectors or labels.
    pub fn of_service(path: &str) -> Option<Self> {
        let ends = [
            ("/embeddings", Self::OpenAi),
            ("/moderations", Self::OpenAi),
            (":batchEmbedContents", Self::Gemini),
            ("/api/embed", Self::Ollama),
        ];
        ends.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, wire)| wire)
    }

    pub fn stream_type(self) -> &'static str {
        if self == Self::Ollama { "application/x-ndjson" } else { "text/event-stream" }
    }

    /// A complete answer.
    pub fn whole(self, text: &str, told: Told) -> String {
        let mut answer = match self {
            Self::OpenAi => json!({"id": "chatcmpl-1", "object": "chat.completion", "model": MODEL, "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}),
            Self::Anthropic => json!({"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}),
            Self::Gemini => json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]},
                "finishReason": "STOP", "index": 0}], "modelVersion": MODEL}),
            Self::Ollama => json!({"model": MODEL, "message": {"role": "assistant", "content": text}, "done": true,
                "done_reason": "stop"}),
        };
        self.add_usage(&mut answer, told);
        answer.to_string()
    }

    /// The events of a stream, framed, the closing one last.
    pub fn events(self, text: &str, told: Told) -> Vec<String> {
        let mut events = Vec::new();
        let pieces = text.split_inclusive(' ');
        match self {
            Self::OpenAi => {
                let part = |delta: Value, reason: Option<&str>| {
                    sse(&json!({"model": MODEL, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}))
                };
                events.push(part(json!({"role": "assistant", "content": ""}), None));
                events.extend(pieces.map(|piece| part(json!({"content": piece}), None)));
                events.push(part(json!({}), Some("stop")));
                let mut usage = json!({"model": MODEL, "choices": []});
                self.add_usage(&mut usage, told);
                events.push(sse(&usage));
                events.push("data: [DONE]\n\n".to_owned());
            }
            Self::Anthropic => {
                let mut message = json!({"id": "msg_1", "role": "assistant", "model": MODEL, "content": []});
                self.add_usage(&mut message, told);
                events.push(named("message_start", json!({"message": message})));
                events.push(named(
                    "content_block_start",
                    json!({"index": 0, "content_block": {"type": "text", "text": ""}}),
                ));
                events.push(named("ping", json!({})));
                events.extend(pieces.map(|piece| {
                    named("content_block_delta", json!({"index": 0, "delta": {"type": "text_delta", "text": piece}}))
                }));
                events.push(named("content_block_stop", json!({"index": 0})));
                events.push(named("message_delta", json!({"delta": {"stop_reason": "end_turn"}})));
                events.push(named("message_stop", json!({})));
            }
            Self::Gemini => {
                let part = |text: &str| {
                    json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]},
                    "index": 0}], "modelVersion": MODEL})
                };
                events.extend(pieces.map(|piece| sse(&part(piece))));
                let mut last = part("");
                last["candidates"][0]["finishReason"] = json!("STOP");
                self.add_usage(&mut last, told);
                events.push(sse(&last));
            }
            Self::Ollama => {
                let part = |text: &str, done: bool| json!({"model": MODEL, "message": {"role": "assistant", "content": text}, "done": done});
                events.extend(pieces.map(|piece| format!("{}\n", part(piece, false))));
                let mut last = part("", true);
                last["done_reason"] = json!("stop");
                self.add_usage(&mut last, told);
                events.push(format!("{last}\n"));
            }
        }
        events
    }

    fn add_usage(self, answer: &mut Value, told: Told) {
        let (input, output) = match told {
            Told::Missing => return,
            Told::Well => (json!(INPUT_TOKENS), json!(OUTPUT_TOKENS)),
            Told::Negative => (json!(-5), json!(OUTPUT_TOKENS)),
        };
        match self {
            Self::OpenAi => {
                answer["usage"] = json!({"prompt_tokens": input, "completion_tokens": output,
                    "prompt_tokens_details": {"cached_tokens": 3}});
            }
            Self::Anthropic => {
                let fresh = input.as_u64().map_or(input, |input| json!(input - 3));
                answer["usage"] = json!({"input_tokens": fresh, "cache_read_input_tokens": 3, "output_tokens": output});
            }
            Self::Gemini => {
                answer["usageMetadata"] = json!({"promptTokenCount": input, "candidatesTokenCount": output,
                    "cachedContentTokenCount": 3});
            }
            Self::Ollama => {
                answer["prompt_eval_count"] = input;
                answer["eval_count"] = output;
            }
        }
    }

    /// An error body. `kind` is the vendor's own word for it, such as `rate_limit_error`.
    pub fn error(self, status: u16, kind: &str, message: &str) -> Value {
        match self {
            Self::OpenAi => json!({"error": {"message": message, "type": kind, "code": kind, "param": null}}),
            Self::Anthropic => json!({"type": "error", "error": {"type": kind, "message": message}}),
            Self::Gemini => json!({"error": {"code": status, "message": message, "status": kind.to_uppercase()}}),
            Self::Ollama => json!({"error": message}),
        }
    }

    /// The event with which a stream fails half-way, as a vendor that is out of capacity sends it.
    pub fn stream_error(self) -> String {
        let error = self.error(503, "overloaded_error", "The model is overloaded.");
        match self {
            Self::Anthropic => format!("event: error\ndata: {error}\n\n"),
            Self::OpenAi | Self::Gemini => sse(&error),
            Self::Ollama => format!("{error}\n"),
        }
    }
}

fn sse(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn named(kind: &str, mut data: Value) -> String {
    data["type"] = json!(kind);
    format!("event: {kind}\ndata: {data}\n\n")
}
