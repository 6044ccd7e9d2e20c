//! Vectors of texts: what the APIs that have them are asked, and what they answer.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::Received;
use super::failure::{bad_json, protocol, status_failure};
use super::http::Endpoint;
use super::wire::{self, Count};
use crate::domain::{CallError, Fault, RawReply, Usage};

/// Vectors of texts, in the order of the texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// All of one length, of finite numbers.
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens alone; `None` where the provider did not count.
    pub usage: Option<Usage>,
}

/// What an API without embeddings says.
pub(super) fn no_embeddings() -> CallError {
    CallError::new(Fault::BadRequest, "This API has no embeddings. Name a model of another provider as the embedder.")
}

/// `/embeddings`, of `OpenAI` and of every compatible server.
pub(super) async fn openai(endpoint: &Endpoint, model: &str, texts: &[String]) -> Result<Embedded, CallError> {
    #[derive(Serialize)]
    struct Body<'a> {
        model: &'a str,
        input: &'a [String],
        encoding_format: &'static str,
    }
    #[derive(Deserialize)]
    struct Answer {
        data: Vec<Item>,
        #[serde(default)]
        usage: Counted,
    }
    #[derive(Deserialize)]
    struct Item {
        #[serde(default)]
        index: usize,
        embedding: Vec<f32>,
    }
    #[derive(Deserialize, Default)]
    struct Counted {
        #[serde(default)]
        prompt_tokens: Count,
    }
    let body = Body { model, input: texts, encoding_format: "float" };
    let (mut answer, reply) = ask::<Answer>(endpoint, endpoint.url("/embeddings"), &body).await?;
    answer.data.sort_by_key(|item| item.index);
    let vectors = answer.data.into_iter().map(|item| item.embedding).collect();
    sound(vectors, answer.usage.prompt_tokens, texts, &reply)
}

/// Gemini's `batchEmbedContents`; `url` is the method's.
pub(super) async fn gemini(
    endpoint: &Endpoint,
    url: Url,
    model: &str,
    texts: &[String],
) -> Result<Embedded, CallError> {
    #[derive(Serialize)]
    struct Body<'a> {
        requests: Vec<One<'a>>,
    }
    #[derive(Serialize)]
    struct One<'a> {
        model: &'a str,
        content: Content<'a>,
    }
    #[derive(Serialize)]
    struct Content<'a> {
        parts: [Part<'a>; 1],
    }
    #[derive(Serialize)]
    struct Part<'a> {
        text: &'a str,
    }
    #[derive(Deserialize)]
    struct Answer {
        embeddings: Vec<Item>,
        #[serde(default, rename = "usageMetadata")]
        usage: Counted,
    }
    #[derive(Deserialize)]
    struct Item {
        values: Vec<f32>,
    }
    #[derive(Deserialize, Default)]
    struct Counted {
        #[serde(default, rename = "promptTokenCount")]
        tokens: Count,
    }
    let content = texts.iter().map(|text| Content { parts: [Part { text }] });
    let body = Body { requests: content.map(|content| One { model, content }).collect() };
    let (answer, reply) = ask::<Answer>(endpoint, url, &body).await?;
    let vectors = answer.embeddings.into_iter().map(|item| item.values).collect();
    sound(vectors, answer.usage.tokens, texts, &reply)
}

/// Ollama's `/api/embed`.
pub(super) async fn ollama(endpoint: &Endpoint, model: &str, texts: &[String]) -> Result<Embedded, CallError> {
    #[derive(Serialize)]
    struct Body<'a> {
        model: &'a str,
        input: &'a [String],
        /// A text that does not fit is an error and not a vector of its beginning.
        truncate: bool,
    }
    #[derive(Deserialize)]
    struct Answer {
        embeddings: Vec<Vec<f32>>,
        #[serde(default)]
        prompt_eval_count: Count,
    }
    let body = Body { model, input: texts, truncate: false };
    let (answer, reply) = ask::<Answer>(endpoint, endpoint.url("/api/embed"), &body).await?;
    sound(answer.embeddings, answer.prompt_eval_count, texts, &reply)
}

/// Sends JSON and reads JSON.
pub(super) async fn ask<A: for<'de> Deserialize<'de>>(
    endpoint: &Endpoint,
    url: Url,
    body: &impl Serialize,
) -> Result<(A, Received), CallError> {
    let body = wire::body(body, &serde_json::Map::new())?;
    let reply = endpoint.post(url, body, None, &|_| {}).await?;
    if !(200..300).contains(&reply.status) {
        return Err(status_failure(&reply));
    }
    match serde_json::from_slice(&reply.body) {
        Ok(answer) => Ok((answer, reply)),
        Err(error) => Err(bad_json(&reply, &error)),
    }
}

/// One vector for each text, all of one length; anything else is no answer.
fn sound(vectors: Vec<Vec<f32>>, tokens: Count, texts: &[String], reply: &RawReply) -> Result<Embedded, CallError> {
    if vectors.len() != texts.len() {
        return Err(protocol(reply, &format!("{} vectors came for {} texts", vectors.len(), texts.len())));
    }
    let length = vectors.first().map_or(0, Vec::len);
    let is_sound =
        |vector: &Vec<f32>| vector.len() == length && length > 0 && vector.iter().all(|part| part.is_finite());
    if !vectors.iter().all(is_sound) {
        return Err(protocol(reply, "a vector is empty, broken or of another length than the others"));
    }
    let usage = tokens.tokens().map(|input_tokens| Usage { input_tokens, ..Usage::default() });
    Ok(Embedded { vectors, usage })
}
