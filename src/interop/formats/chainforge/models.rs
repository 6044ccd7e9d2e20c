//! The models that a prompt asks, with their settings.

use serde_json::{Map, Value};

use crate::domain::{ModelId, Params};
use crate::interop::formats::draft::Draft;
use crate::interop::formats::endpoints::Endpoint;
use crate::interop::formats::params::Read;

use super::flow::Node;

pub struct Model {
    pub id: ModelId,
    /// As the flow calls it.
    pub name: String,
    pub params: Params,
    pub system: String,
}

/// The most models of one prompt.
const MOST_MODELS: usize = 100;

pub fn read(draft: &mut Draft, node: &Node) -> Vec<Model> {
    let listed = node.data.get("llms").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let models: Vec<Model> = listed.iter().take(MOST_MODELS).filter_map(|llm| model(draft, node, llm)).collect();
    if listed.len() > MOST_MODELS {
        draft.unsupported(
            node.part(),
            Some(node.line),
            format!("Of its {} models the first {MOST_MODELS} are taken.", listed.len()),
        );
    }
    if models.is_empty() {
        draft.near(node.part(), Some(node.line), "The prompt asks no model; choose one in the experiment.");
    }
    models
}

/// Settings that are no parameters of the call.
const OTHERS: [&str; 6] = ["system_msg", "shortname", "model", "customModel", "custom_model", "emoji"];

pub fn model(draft: &mut Draft, node: &Node, llm: &Value) -> Option<Model> {
    let of = |name: &str| llm.get(name).and_then(Value::as_str).unwrap_or_default();
    let empty = Map::new();
    let settings = llm.get("settings").and_then(Value::as_object).unwrap_or(&empty);
    let (base, line) = (of("base_model"), Some(node.line));
    let model = [of("model"), base].into_iter().find(|name| !name.is_empty())?;
    let name = if of("name").is_empty() { model } else { of("name") };
    let part = format!("{} {name}", node.part());
    let endpoint = Endpoint::named(base).or_else(|| Endpoint::named(model));
    match &endpoint {
        Some(endpoint) => draft.exact(&part, line, format!("The model {model}, of {}.", endpoint.id)),
        None => {
            draft.unsupported(
                &part,
                line,
                format!("The provider of `{base}` is not known here; set it in the workspace."),
            );
        }
    }
    let endpoint = endpoint.unwrap_or_else(|| Endpoint::unmapped(base));
    let mut read = Read::default();
    for (name, value) in settings.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str())) {
        let is_default = name.ends_with("_penalty") && value.as_f64() == Some(0.0);
        if !is_default {
            read.field(name, value);
        }
    }
    for field in &read.secrets {
        draft.unsupported(format!("{part} {field}"), line, "A key stands in the settings; it is not kept.");
    }
    for field in &read.refused {
        draft.unsupported(format!("{part} {field}"), line, "This setting is left out.");
    }
    let provider = draft.provider(endpoint);
    let id = draft.model(provider, model, Params::default());
    let system = settings.get("system_msg").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    Some(Model { id, name: name.to_owned(), params: read.params, system })
}
