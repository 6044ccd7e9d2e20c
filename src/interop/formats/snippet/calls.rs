//! Calls of SDKs in Python and JavaScript, and requests that are posted by hand.

use serde_json::{Map, Value};

use crate::interop::formats::error::ImportError;
use crate::interop::formats::source::Source;
use crate::interop::formats::wire::{SLOTS, Shape};

use super::literal::{Args, Reader, Wrong};
use super::{Call, one};

/// Calls by the end of their names. Longer names stand first.
const CALLS: [(&str, Shape); 16] = [
    (".chat.completions.create(", Shape::Chat),
    (".chat.completions.parse(", Shape::Chat),
    (".chat.completions.stream(", Shape::Chat),
    (".responses.create(", Shape::Responses),
    (".responses.parse(", Shape::Responses),
    (".responses.stream(", Shape::Responses),
    (".messages.create(", Shape::Anthropic),
    (".messages.stream(", Shape::Anthropic),
    (".completions.create(", Shape::Completion),
    ("generate_content_stream(", Shape::Gemini),
    ("generate_content(", Shape::Gemini),
    ("generateContentStream(", Shape::Gemini),
    ("generateContent(", Shape::Gemini),
    ("ollama.chat(", Shape::OllamaChat),
    ("ollama.generate(", Shape::OllamaGenerate),
    ("client.chat(", Shape::OllamaChat),
];

/// Posts by hand: the call, and the argument that holds the body.
const POSTS: [&str; 4] = ["requests.post(", "httpx.post(", "fetch(", "axios.post("];

pub fn read(source: &Source) -> Result<Call, ImportError> {
    let text = source.text;
    let found = CALLS.iter().filter_map(|(name, shape)| Some((text.find(name)?, name.len(), *shape)));
    let first = found.min_by_key(|(at, length, _)| (*at, usize::MAX - length));
    match first {
        Some((at, length, shape)) => sdk(source, at, length, shape),
        None => post(source),
    }
}

fn sdk(source: &Source, at: usize, length: usize, shape: Shape) -> Result<Call, ImportError> {
    let text = source.text;
    let line = line_of(text, at);
    let args = Reader::at(text, at + length).args().map_err(|wrong| told(source, &wrong))?;
    let first = args.listed.first().cloned();
    let mut fields = args.fields();
    if shape == Shape::Gemini {
        if let Some(contents) = first.filter(|first| !first.is_object() || first.get(SLOTS).is_some()) {
            fields.entry("contents").or_insert(contents);
        }
        for (name, value) in gemini_model(text) {
            fields.entry(name).or_insert(value);
        }
    }
    let names = CALLS
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !CALLS.iter().any(|(other, _)| other != *name && other.ends_with(*name)));
    let all: usize = names.map(|name| text.matches(name).count()).sum();
    Ok(Call { fields, shape: Some(shape), url: base_url(text), line, more: all.saturating_sub(1) })
}

/// The model of `GenerativeModel("…", system_instruction=…)`, which stands before the call.
fn gemini_model(text: &str) -> Map<String, Value> {
    const MAKERS: [&str; 2] = ["GenerativeModel(", "getGenerativeModel("];
    let Some(at) = MAKERS.iter().find_map(|maker| Some(text.find(maker)? + maker.len())) else { return Map::new() };
    let args = Reader::at(text, at).args().unwrap_or_default();
    let name = args.listed.first().filter(|first| first.is_string()).cloned();
    let mut fields = args.fields();
    if let Some(name) = name.or_else(|| fields.get("model_name").cloned()) {
        fields.insert("model".to_owned(), name);
    }
    fields.remove("model_name");
    fields
}

/// The address that a client is made with.
fn base_url(text: &str) -> Option<String> {
    const NAMES: [&str; 4] = ["base_url", "baseURL", "baseUrl", "api_base"];
    NAMES.iter().find_map(|name| {
        let after = text[text.find(name)? + name.len()..].trim_start();
        let after = after.strip_prefix(['=', ':'])?;
        let value = Reader::at(after, 0).value().ok()?;
        value.as_str().filter(|url| url.contains("://")).map(str::to_owned)
    })
}

fn post(source: &Source) -> Result<Call, ImportError> {
    let text = source.text;
    let found = POSTS.iter().filter_map(|name| Some((text.find(name)?, name.len()))).min();
    let Some((at, length)) = found else {
        let hint = "Paste a curl command, a call such as `client.chat.completions.create(…)`, or a request's JSON.";
        return Err(source.error(None, "No call of a model is found in this text.", hint));
    };
    let args = Reader::at(text, at + length).args().map_err(|wrong| told(source, &wrong))?;
    let url = args.listed.first().and_then(Value::as_str).map(str::to_owned);
    let line = line_of(text, at);
    let Some(Value::Object(fields)) = body_of(&args) else {
        return Err(source.error(
            Some(line),
            "The request has no body that can be read.",
            "Paste the request's JSON alone.",
        ));
    };
    Ok(Call { shape: url.as_deref().and_then(|url| shape_at(url, &fields)), fields, url, line, more: 0 })
}

/// `json=…`, `data=…`, or `body` of the options that stand second.
fn body_of(args: &Args) -> Option<Value> {
    let options = args.listed.get(1);
    let value =
        ["json", "data"].iter().find_map(|name| args.named.get(*name)).or_else(|| options?.get("body")).or(options)?;
    match value {
        Value::String(text) => Reader::at(text, 0).value().ok(),
        other => Some(other.clone()),
    }
}

/// The form that is spoken at an address.
pub fn shape_at(url: &str, fields: &Map<String, Value>) -> Option<Shape> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let ends = |end: &str| path.ends_with(end);
    match () {
        () if ends("/chat/completions") => Some(Shape::Chat),
        () if ends("/responses") => Some(Shape::Responses),
        () if ends("/messages") => Some(Shape::Anthropic),
        () if ends("/completions") => Some(Shape::Completion),
        () if path.contains(":generateContent") || path.contains(":streamGenerateContent") => Some(Shape::Gemini),
        () if ends("/api/chat") => Some(Shape::OllamaChat),
        () if ends("/api/generate") => Some(Shape::OllamaGenerate),
        () if fields.is_empty() => None,
        () => Some(Shape::of(fields)),
    }
}

/// The model that an address of Gemini names.
pub fn model_at(url: &str) -> Map<String, Value> {
    let model = url.split_once("/models/").and_then(|(_, rest)| rest.split_once(':')).map(|(model, _)| model);
    model.map_or_else(Map::new, |model| one("model", Value::from(model)))
}

pub fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
}

pub fn told(source: &Source, wrong: &Wrong) -> ImportError {
    let line = line_of(source.text, wrong.at);
    source.error(Some(line), wrong.message.clone(), "Paste the whole call, as it stands in the code.")
}
