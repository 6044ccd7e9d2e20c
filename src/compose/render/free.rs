//! Tools: declared to the provider, not written into the text.

use serde_json::{Map, Value, json};

use crate::compose::outline::{Fill, Slot, Slots};
use crate::domain::Tools;

#[derive(Debug, Clone)]
pub(in crate::compose) struct ToolBody {
    name: Slot,
    description: Slot,
    parameters: Map<String, Value>,
}

pub(in crate::compose) fn tools(layer: &Tools, slots: &mut dyn Slots) -> Vec<ToolBody> {
    let tools = layer.tools.iter().map(|tool| ToolBody {
        name: slots.slot(&tool.name, "name"),
        description: slots.slot(&tool.description, &format!("{}.description", tool.name)),
        parameters: tool.parameters.clone(),
    });
    tools.collect()
}

impl ToolBody {
    pub(in crate::compose) fn declared(&self, fill: &mut impl Fill) -> Value {
        json!({
            "name": fill.text(&self.name),
            "description": fill.text(&self.description),
            "parameters": self.parameters,
        })
    }
}
