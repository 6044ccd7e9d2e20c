//! Inputs: what a case must give, with defaults and examples.

use serde_json::{Map, Value};

use crate::domain::Variable;
use crate::interop::formats::draft::Draft;
use crate::interop::formats::names::variable;
use crate::interop::formats::reading::Read;
use crate::interop::formats::yaml::Yaml;

#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub name: String,
    /// The name that templates can say.
    pub variable: String,
    kind: String,
    note: String,
    default: Option<Value>,
    example: Option<Value>,
    /// The keys that lead to it in the front matter.
    keys: Vec<String>,
}

impl Input {
    pub fn is_thread(&self) -> bool {
        self.kind == "thread"
    }

    pub fn declared(&self) -> Variable {
        let default = if self.is_thread() && self.default.is_none() {
            Some(Value::Array(Vec::new()))
        } else {
            self.default.clone()
        };
        Variable { note: self.note.clone(), default, untrusted: false }
    }

    /// What a case has for it.
    pub fn value(&self) -> Option<&Value> {
        self.example.as_ref().or(self.default.as_ref())
    }

    fn of(name: &str, value: &Value) -> Self {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let of = |fields: &[&str]| {
            fields.iter().find_map(|field| value.get(*field)).filter(|value| !value.is_null()).cloned()
        };
        let is_declaration = value.as_object().is_some_and(|fields| {
            ["kind", "type", "default", "sample", "example", "description", "required"]
                .iter()
                .any(|key| fields.contains_key(*key))
        });
        let (name, variable) = (name.to_owned(), variable(name));
        if !is_declaration {
            let default = Some(value.clone()).filter(|value| !value.is_null());
            return Self {
                name,
                variable,
                kind: String::new(),
                note: String::new(),
                default,
                example: None,
                keys: Vec::new(),
            };
        }
        let kind = if value.get("kind").is_some() { text("kind") } else { text("type") };
        Self {
            name,
            variable,
            kind,
            note: text("description"),
            default: of(&["default"]),
            example: of(&["example", "sample"]),
            keys: Vec::new(),
        }
    }
}

/// All inputs, in the file's order.
pub fn read(front: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft, read: Read) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for field in ["inputs", "inputSchema"] {
        let Some(declared) = front.get(field) else { continue };
        let inner = declared.get("properties").filter(|list| list.is_array() || list.is_object());
        let above = if inner.is_some() { vec![field, "properties"] } else { vec![field] };
        let keys = |key: String| above.iter().map(|key| (*key).to_owned()).chain([key]).collect::<Vec<_>>();
        match inner.unwrap_or(declared) {
            Value::Object(fields) => {
                inputs.extend(
                    fields.iter().map(|(name, value)| Input { keys: keys(name.clone()), ..Input::of(name, value) }),
                );
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let keys = keys(format!("#{index}"));
                    if let Some(name) = item.get("name").and_then(Value::as_str) {
                        inputs.push(Input { keys, ..Input::of(name, item) });
                    } else {
                        let line = yaml.line(&[field, &format!("#{index}")]);
                        draft.unsupported(format!("{field}[{index}]"), line, "An input without a name is left out.");
                    }
                }
            }
            _ => draft.unsupported(field, yaml.line(&[field]), "This is neither a list nor a mapping of inputs."),
        }
    }
    sample(front, yaml, draft, &mut inputs, read);
    for input in &inputs {
        told(input, yaml, draft);
    }
    inputs
}

fn told(input: &Input, yaml: &Yaml, draft: &mut Draft) {
    let part = format!("inputs.{}", input.name);
    let keys: Vec<&str> = input.keys.iter().map(String::as_str).collect();
    let line = if keys.is_empty() { yaml.line(&["sample"]) } else { yaml.line(&keys) };
    if ["image", "file", "audio"].contains(&input.kind.as_str()) {
        draft.unsupported(part, line, format!("An input of the kind `{}` goes in as text only.", input.kind));
    } else if input.variable == input.name {
        draft.exact(part, line, "A variable of the prompt.");
    } else {
        draft.near(part, line, format!("Its name is `{}` here.", input.variable));
    }
}

/// Version 1 has examples of all inputs in one field, or in a file.
fn sample(front: &Map<String, Value>, yaml: &Yaml, draft: &mut Draft, inputs: &mut Vec<Input>, read: Read) {
    let Some(sample) = front.get("sample") else { return };
    let line = yaml.line(&["sample"]);
    let loaded = match sample.as_str().and_then(|text| text.strip_prefix("${file:")?.strip_suffix('}')) {
        Some(path) => {
            match read(path).and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())) {
                Ok(loaded) => loaded,
                Err(reason) => {
                    draft.unsupported("sample", line, format!("The file {path} cannot be read: {reason}"));
                    return;
                }
            }
        }
        None => sample.clone(),
    };
    let Value::Object(fields) = loaded else {
        draft.unsupported("sample", line, "This is no mapping of inputs to examples.");
        return;
    };
    for (name, value) in fields {
        match inputs.iter_mut().find(|input| input.name == name) {
            Some(input) => input.example = Some(value),
            None => inputs.push(Input { example: Some(value), default: None, ..Input::of(&name, &Value::Null) }),
        }
    }
    draft.exact("sample", line, "The values of a case.");
}
