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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::compose::fixtures::{layer, prompt, render, text};
    use crate::compose::layer_text;
    use crate::domain::{Content, Layer, Tool, Tools};

    fn search() -> Layer {
        let parameters = json!({"type": "object", "properties": {"q": {"type": "string"}}});
        let tool = Tool {
            name: "search".to_owned(),
            description: "Searches {{ where }}.".to_owned(),
            parameters: parameters.as_object().cloned().unwrap_or_default(),
        };
        layer("tools", Content::Tools(Tools { tools: vec![tool] }))
    }

    #[test]
    fn tools_are_declared_and_not_written() {
        let rendered = render(&prompt([search(), text("a", "Go.")]), &json!({"where": "the handbook"}));
        assert_eq!(rendered.messages.len(), 1);
        let declared = json!({
            "name": "search",
            "description": "Searches the handbook.",
            "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
        });
        assert_eq!(rendered.tools, std::slice::from_ref(&declared));
        assert_eq!(rendered.layers[0].text, declared.to_string());
    }

    #[test]
    fn a_tool_is_shown_with_its_schema() {
        insta::assert_snapshot!(layer_text(&search()), @r#"
        ### search

        Searches {{ where }}.

        ```json
        {
          "type": "object",
          "properties": {
            "q": {
              "type": "string"
            }
          }
        }
        ```
        "#);
    }
}
