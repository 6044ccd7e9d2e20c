//! Calls that were copied from documentation, a playground or code, and request bodies.
//!
//! A reader of literals of our own ([`literal`]) goes through the arguments; nothing is evaluated. A name that the snippet
//! gives a literal before is that literal, any other is a variable. A key is looked for only to say that it is not kept.

mod calls;
mod curl;
mod keys;
mod literal;
mod strings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{Params, SecretRef, Variant};
use crate::interop::imported::Imported;

use super::draft::Draft;
use super::endpoints::Endpoint;
use super::error::ImportError;
use super::source::Source;
use super::wire::{Request, Shape};

/// The longest snippet that is read.
const MOST_BYTES: usize = 1 << 20;

/// A call as the snippet has it.
pub struct Call {
    pub fields: Map<String, Value>,
    /// The form that the call's name or address tells.
    pub shape: Option<Shape>,
    pub url: Option<String>,
    /// The line of the call, from 1.
    pub line: u32,
    /// Further calls in the snippet.
    pub more: usize,
}

/// Reads a snippet or a request.
pub(super) fn read(source: Source) -> Result<Imported, ImportError> {
    if source.text.len() > MOST_BYTES {
        return Err(source.error(None, "A snippet is at most 1 MB.", "Paste the call alone."));
    }
    let text = source.text.trim_start();
    let call = if text.starts_with(['{', '[']) {
        body(&source)?
    } else if is_curl(text) {
        curl::read(&source)?
    } else {
        calls::read(&source)?
    };
    let shape = call.shape.unwrap_or_else(|| Shape::of(&call.fields));
    let request = Request::of(&call.fields, shape);
    if request.said.is_empty() {
        let hint = "Paste the whole call, with its messages.";
        return Err(source.error(Some(call.line), "There are no messages in this call.", hint));
    }
    Ok(imported(source, &call, &request))
}

fn is_curl(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().trim_start_matches("$ ").starts_with("curl"))
}

/// A request's JSON; a list is its messages.
fn body(source: &Source) -> Result<Call, ImportError> {
    let (value, _) = source.json()?;
    let fields = match value {
        Value::Object(fields) => fields,
        messages => Map::from_iter([("messages".to_owned(), messages)]),
    };
    // Exports of logs wrap the body.
    let fields = match fields.get("request").or_else(|| fields.get("body")).and_then(Value::as_object) {
        Some(inner) if !fields.contains_key("messages") => inner.clone(),
        _ => fields,
    };
    Ok(Call { fields, shape: None, url: None, line: 1, more: 0 })
}

fn imported(source: Source, call: &Call, request: &Request) -> Imported {
    let line = Some(call.line);
    let title = if ["", "-"].contains(&source.stem()) { "Pasted prompt" } else { source.stem() };
    let mut draft = Draft::new(source, title);
    for note in &request.notes {
        draft.add(note.fidelity, note.part.clone(), line, note.words.clone());
    }
    let parts = if request.said.len() == 1 { "One part".to_owned() } else { format!("{} parts", request.said.len()) };
    draft.exact("messages", line, format!("{parts} of a prompt."));
    settings(&mut draft, request, line);
    let prompt = draft.prompt(title, &request.said, request.tools.clone(), BTreeMap::new(), line);
    draft.variant(title, Variant { params: request.read.params.clone(), ..Variant::of(prompt) });
    model(&mut draft, call, request);
    if call.more > 0 {
        draft.unsupported(
            "further calls",
            None,
            format!("Only the first call is taken; {} more are left out.", call.more),
        );
    }
    draft.imported
}

fn settings(draft: &mut Draft, request: &Request, line: Option<u32>) {
    if request.read.params != Params::default() {
        draft.exact("parameters", line, "Parameters of the variant; fields that are not known are sent as they stand.");
    }
    for name in &request.read.refused {
        draft.unsupported(name.clone(), line, "Its value is no literal that a parameter can have; it is left out.");
    }
    for name in &request.read.secrets {
        draft.unsupported(name.clone(), line, "A key stands in the text. It is not kept.");
    }
}

fn model(draft: &mut Draft, call: &Call, request: &Request) {
    let line = Some(call.line);
    let found = keys::find(draft.source.text);
    if let Some(at) = found.literal {
        draft.unsupported("key", Some(at), "A key stands in the text. It is not kept: put it into the environment.");
    }
    let Some(name) = &request.model else {
        draft.near("model", line, "The text does not name a model; choose one in the experiment.");
        return;
    };
    let api = request.shape.api();
    let mut endpoint = call.url.as_deref().map_or_else(|| Endpoint::of_api(&api), |url| Endpoint::at(url, &api));
    if let Some(variable) = found.environment {
        endpoint.key = Some(SecretRef::Env(variable));
    }
    draft.exact("model", line, format!("The model {name}, of {}.", endpoint.id));
    let provider = draft.provider(endpoint);
    draft.model(provider, name, Params::default());
}

/// A value that is not known before a program runs: the variable of this name.
pub(super) fn unknown(name: &str) -> Value {
    super::wire::with_slots(&super::words::Words::slot(&super::names::variable(name)))
}

/// An object with one field.
fn one(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}
