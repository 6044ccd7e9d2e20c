//! Tools that a request declares.

use serde_json::{Map, Value};

use crate::domain::Tool;

use super::Request;

impl Request {
    pub(super) fn tools(&mut self, tools: Option<&Value>) {
        for (index, item) in tools.and_then(Value::as_array).into_iter().flatten().enumerate() {
            if let Some(tool) = tool(item) {
                self.tools.push(tool);
            } else {
                let kind = item.get("type").and_then(Value::as_str).unwrap_or("tool");
                let part = format!("tools[{index}] {kind}");
                self.unsupported(&part, "Only functions with a name can be declared; this tool is left out.");
            }
        }
    }
}

/// A function, in the form of any provider: `{name, description, parameters | input_schema}`, or that under `function`.
pub(in crate::interop::formats) fn tool(item: &Value) -> Option<Tool> {
    let item = item.get("function").unwrap_or(item);
    let name = item.get("name")?.as_str()?.to_owned();
    let description = item.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let schema =
        ["parameters", "input_schema", "parametersJsonSchema", "inputSchema"].iter().find_map(|name| item.get(*name));
    let is_hosted =
        item.get("type").and_then(Value::as_str).is_some_and(|kind| !["function", "custom"].contains(&kind));
    if is_hosted && schema.is_none() {
        return None;
    }
    let parameters = schema.and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    Some(Tool { name, description, parameters })
}
