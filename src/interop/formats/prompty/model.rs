//! The model, how it is reached, and its parameters. A key is never taken from a file; where it is found, is.

use serde_json::{Map, Value, json};

use crate::domain::{Api, ModelId, Params, ResponseFormat, SecretRef, Tool, names_credential};
use crate::interop::formats::draft::Draft;
use crate::interop::formats::endpoints::Endpoint;
use crate::interop::formats::params;
use crate::interop::formats::wire;
use crate::interop::formats::yaml::Yaml;

/// Sections of `model` that tell how it is reached.
const CONNECTIONS: [&str; 2] = ["configuration", "connection"];
/// Sections of `model` that hold parameters.
const OPTIONS: [&str; 2] = ["parameters", "options"];

fn sections<'a>(front: &'a Map<String, Value>, names: &[&'static str]) -> Vec<(&'static str, &'a Map<String, Value>)> {
    let Some(model) = front.get("model") else { return Vec::new() };
    names.iter().filter_map(|name| Some((*name, model.get(*name)?.as_object()?))).collect()
}

/// The model as the project has it; none where the file names none.
pub fn models(front: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft) -> Vec<ModelId> {
    let Some(model) = front.get("model") else { return Vec::new() };
    let line = yaml.line(&["model"]);
    let connections = sections(front, &CONNECTIONS);
    let of = |names: &[&str]| {
        let maps = model.as_object().into_iter().chain(connections.iter().map(|(_, fields)| *fields));
        maps.flat_map(|fields| names.iter().filter_map(|name| fields.get(*name)?.as_str())).next().map(str::to_owned)
    };
    let name =
        model.as_str().map(str::to_owned).or_else(|| of(&["id", "azure_deployment", "name", "model", "deployment"]));
    if let Some(api) =
        of(&["apiType", "api"]).filter(|api| !["chat", "responses", "completion"].contains(&api.as_str()))
    {
        draft.unsupported("model.api", line, format!("Only chats are run; this prompt is for `{api}`."));
    }
    let Some(name) = name.filter(|name| !name.contains("${")) else {
        draft.near("model", line, "The file does not name a model; choose one in the experiment.");
        return Vec::new();
    };
    let vendor = of(&["provider", "type"]);
    let mut endpoint = match vendor.as_deref().map(Endpoint::named) {
        Some(Some(endpoint)) => endpoint,
        Some(None) => {
            let vendor = vendor.unwrap_or_default();
            let note = format!("`{vendor}` is not known here; give its model another provider in the workspace.");
            draft.unsupported("model.provider", line, note);
            Endpoint::unmapped(&vendor)
        }
        None => Endpoint::of_model(&name),
    };
    for (section, fields) in &connections {
        connect(&mut endpoint, section, fields, yaml, draft);
    }
    draft.exact("model", line, format!("{name}, of {}.", endpoint.id));
    if let Some(note) = &endpoint.note {
        draft.near("model.connection", line, note.clone());
    }
    let provider = draft.provider(endpoint);
    vec![draft.model(provider, &name, Params::default())]
}

/// Reads where the key is found, and the address.
fn connect(endpoint: &mut Endpoint, section: &str, fields: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft) {
    for (name, value) in fields {
        let part = format!("model.{section}.{name}");
        let line = yaml.line(&["model", section, name]);
        let text = value.as_str().unwrap_or_default();
        match name.as_str() {
            _ if names_credential(name) => match environment(text) {
                Some(variable) => {
                    draft.exact(part, line, format!("The key is found in the environment variable {variable}."));
                    endpoint.key = Some(SecretRef::Env(variable));
                }
                None => draft.unsupported(part, line, no_key(endpoint)),
            },
            "azure_endpoint" | "endpoint" | "base_url" | "baseUrl" if !text.is_empty() => match environment(text) {
                Some(variable) => {
                    draft.near(part, line, format!("Write the address that {variable} has into the workspace."));
                }
                None => address(endpoint, text, &part, line, draft),
            },
            "type" | "kind" | "name" | "azure_deployment" | "deployment" | "model" => {}
            _ => draft.unsupported(part, line, "This is not needed to reach the model here; it is left out."),
        }
    }
}

fn no_key(endpoint: &Endpoint) -> String {
    let place = endpoint.key.as_ref().map_or_else(|| "the keyring".to_owned(), |key| format!("the {key}"));
    format!("A key stands in the file. It is not kept: put it into {place}.")
}

fn address(endpoint: &mut Endpoint, text: &str, part: &str, line: Option<u32>, draft: &mut Draft) {
    let is_azure = endpoint.id == "azure";
    let host = text.split_once("://").map_or(text, |(_, rest)| rest).split('/').next().unwrap_or_default();
    if !text.starts_with("http") || host.contains('@') {
        draft.unsupported(part, line, "This is no address that can be used.");
        return;
    }
    let base = text.trim_end_matches('/');
    endpoint.base_url =
        Some(if is_azure && !base.contains("/openai") { format!("{base}/openai/v1") } else { base.to_owned() });
    endpoint.note = None;
    if endpoint.api == Api::Unmapped {
        endpoint.api = Api::OpenAi;
        draft.near(part, line, "The provider's address; the server is taken for compatible with OpenAI.");
    } else {
        draft.exact(part, line, "The provider's address.");
    }
}

/// The variable of `${env:NAME}` or `${env:NAME:default}`.
fn environment(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    let (_, name) = inner.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("env"))?;
    let name = name.split(':').next()?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Parameters of the call, from all sections that have any, and the form of the answer.
pub fn params(front: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft) -> Params {
    let mut read = params::Read::default();
    for (section, fields) in sections(front, &OPTIONS) {
        for (name, value) in fields {
            let further = (name == "additionalProperties").then(|| value.as_object()).flatten();
            match further {
                Some(further) => further.iter().for_each(|(name, value)| read.field(name, value)),
                None if name == "tools" || name == "model" => {}
                None => read.field(&snake(name), value),
            }
        }
        draft.exact(format!("model.{section}"), yaml.line(&["model", section]), "Parameters of the variant.");
    }
    for name in &read.secrets {
        draft.unsupported(name.clone(), yaml.line(&["model"]), "A key stands among the parameters; it is not kept.");
    }
    for name in &read.refused {
        draft.unsupported(name.clone(), yaml.line(&["model"]), "This value cannot be a parameter; it is left out.");
    }
    if let Some(schema) = ["outputs", "outputSchema"].iter().find_map(|name| schema(front.get(*name)?)) {
        read.params.response = ResponseFormat::Schema(schema);
        draft.near("outputs", yaml.line(&["outputs"]), "They are a JSON Schema that the answer must obey.");
    }
    read.params
}

/// `frequencyPenalty` becomes `frequency_penalty`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    if snake == "allow_multiple_tool_calls" { "parallel_tool_calls".to_owned() } else { snake }
}

/// The JSON Schema of a list or mapping of properties.
fn schema(declared: &Value) -> Option<Value> {
    properties(declared, 0).filter(|schema| schema["properties"].as_object().is_some_and(|fields| !fields.is_empty()))
}

fn properties(declared: &Value, depth: usize) -> Option<Value> {
    let declared = declared.get("properties").unwrap_or(declared);
    let named: Vec<(String, &Value)> = match declared {
        Value::Array(items) => {
            items.iter().filter_map(|item| Some((item.get("name")?.as_str()?.to_owned(), item))).collect()
        }
        Value::Object(fields) => fields.iter().map(|(name, item)| (name.clone(), item)).collect(),
        _ => return None,
    };
    let mut fields = Map::new();
    let mut required = Vec::new();
    for (name, item) in named {
        if item.get("required").and_then(Value::as_bool).unwrap_or(false) {
            required.push(json!(name));
        }
        fields.insert(name, property(item, depth + 1));
    }
    let mut schema = json!({"type": "object", "properties": fields});
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    Some(schema)
}

fn property(item: &Value, depth: usize) -> Value {
    const DEEPEST: usize = 16;
    let kind = item.get("kind").or_else(|| item.get("type")).and_then(Value::as_str).unwrap_or("string");
    let mut schema = match kind {
        "object" if depth < DEEPEST => properties(item, depth).unwrap_or_else(|| json!({"type": "object"})),
        "array" if depth < DEEPEST => match item.get("items") {
            Some(items) => json!({"type": "array", "items": property(items, depth + 1)}),
            None => json!({"type": "array"}),
        },
        "float" => json!({"type": "number"}),
        "integer" | "number" | "boolean" | "object" | "array" => json!({"type": kind}),
        _ => json!({"type": "string"}),
    };
    for (from, to) in [("description", "description"), ("enumValues", "enum"), ("enum", "enum")] {
        if let Some(value) = item.get(from) {
            schema[to] = value.clone();
        }
    }
    schema
}

/// Functions of version 2, and those that version 1 has among its parameters.
pub fn tools(front: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft) -> Vec<Tool> {
    let mut tools = Vec::new();
    for (index, item) in front.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let line = yaml.line(&["tools", &format!("#{index}")]);
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
        let kind = item.get("kind").or_else(|| item.get("type")).and_then(Value::as_str).unwrap_or("function");
        if kind == "function" && !name.is_empty() {
            let description = item.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
            tools.push(Tool { name: name.to_owned(), description, parameters: parameters(item.get("parameters")) });
            draft.exact(format!("tools.{name}"), line, "A tool that is declared to the model; nothing runs it.");
        } else {
            draft.unsupported(
                format!("tools[{index}] {name}"),
                line,
                format!("Tools of the kind `{kind}` are left out."),
            );
        }
    }
    for (section, fields) in sections(front, &OPTIONS) {
        let listed = fields.get("tools").and_then(Value::as_array).into_iter().flatten();
        tools.extend(listed.filter_map(wire::tool));
        if fields.contains_key("tools") {
            draft.exact(
                format!("model.{section}.tools"),
                yaml.line(&["model", section, "tools"]),
                "Tools of the prompt.",
            );
        }
    }
    tools
}

/// A JSON Schema as it is, or one that is made of a list of properties.
fn parameters(declared: Option<&Value>) -> Map<String, Value> {
    let schema = match declared {
        Some(Value::Object(fields)) if fields.get("type").is_some_and(|kind| kind == "object") => {
            Some(Value::Object(fields.clone()))
        }
        Some(declared) => properties(declared, 0),
        None => None,
    };
    match schema {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
