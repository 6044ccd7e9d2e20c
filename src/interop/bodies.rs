//! A prompt as request bodies that providers take. Texts keep their slots; the model's name is left to the caller.

use serde_json::{Map, Value, json};

use crate::domain::{Params, ReasoningEffort, ResponseFormat, Role, Tool};

use super::slots::Slots;

/// Stands where the caller puts the model's name.
pub const MODEL: &str = "MODEL";

/// Anthropic requires a limit; this is used where the parameters set none.
pub const ANTHROPIC_MAX_TOKENS: u32 = 4096;

/// A body of Chat Completions.
pub fn openai(slots: &Slots, params: &Params) -> Value {
    let messages =
        slots.messages.iter().map(|message| json!({"role": message.role.word(), "content": message.content}));
    let mut body = Body::new();
    body.put("model", json!(MODEL));
    body.put("messages", messages.collect());
    body.parameters(params, "max_completion_tokens");
    match response(slots, params) {
        ResponseFormat::Text => {}
        ResponseFormat::Json => body.put("response_format", json!({"type": "json_object"})),
        ResponseFormat::Schema(schema) => body.put(
            "response_format",
            json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema}}),
        ),
    }
    let function = |tool: &Tool| {
        json!({"type": "function", "function": {
            "name": tool.name, "description": tool.description, "parameters": tool.parameters,
        }})
    };
    body.list("tools", &slots.tools.iter().map(function).collect::<Vec<_>>());
    body.done()
}

/// Parameters as other tools keep them with a prompt, by their names in Chat Completions, beside the form of the answer.
pub fn settings(params: &Params) -> Map<String, Value> {
    let mut settings = Body(params.extra.clone());
    settings.parameters(params, "max_tokens");
    settings.0
}

/// A body of Messages.
pub fn anthropic(slots: &Slots, params: &Params) -> Value {
    let messages = spoken(slots).map(|(role, text)| json!({"role": role.word(), "content": text}));
    let mut body = Body::new();
    body.put("model", json!(MODEL));
    body.put("max_tokens", json!(params.max_tokens.unwrap_or(ANTHROPIC_MAX_TOKENS)));
    body.maybe("system", system(slots));
    body.put("messages", messages.collect());
    body.maybe("temperature", params.temperature);
    body.maybe("top_p", params.top_p);
    body.list("stop_sequences", &params.stop);
    if let ResponseFormat::Schema(schema) = response(slots, params) {
        body.put("output_config", json!({"format": {"type": "json_schema", "schema": schema}}));
    }
    let tool =
        |tool: &Tool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters});
    body.list("tools", &slots.tools.iter().map(tool).collect::<Vec<_>>());
    body.done()
}

/// A body of `generateContent`.
pub fn gemini(slots: &Slots, params: &Params) -> Value {
    let turn = |(role, text)| {
        let role = if role == Role::Assistant { "model" } else { "user" };
        json!({"role": role, "parts": [{"text": text}]})
    };
    let mut settings = Body::new();
    settings.maybe("temperature", params.temperature);
    settings.maybe("topP", params.top_p);
    settings.maybe("maxOutputTokens", params.max_tokens);
    settings.list("stopSequences", &params.stop);
    settings.maybe("seed", params.seed);
    match response(slots, params) {
        ResponseFormat::Text => {}
        ResponseFormat::Json => settings.put("responseMimeType", json!("application/json")),
        ResponseFormat::Schema(schema) => {
            settings.put("responseMimeType", json!("application/json"));
            settings.put("responseJsonSchema", schema.clone());
        }
    }
    let mut body = Body::new();
    body.maybe("systemInstruction", system(slots).map(|text| json!({"parts": [{"text": text}]})));
    body.put("contents", spoken(slots).map(turn).collect());
    if !settings.0.is_empty() {
        body.put("generationConfig", settings.done());
    }
    let function = |tool: &Tool| json!({"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters});
    if !slots.tools.is_empty() {
        let functions: Vec<Value> = slots.tools.iter().map(function).collect();
        body.put("tools", json!([{"functionDeclarations": functions}]));
    }
    body.done()
}

/// What the parameters ask for stands before what a layer asks for.
fn response<'a>(slots: &'a Slots, params: &'a Params) -> &'a ResponseFormat {
    if params.response.is_text() { &slots.response } else { &params.response }
}

/// All system messages as one text, for providers that have a field for it.
fn system(slots: &Slots) -> Option<String> {
    let texts: Vec<&str> = slots
        .messages
        .iter()
        .filter(|message| message.role == Role::System)
        .map(|message| message.content.as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn spoken(slots: &Slots) -> impl Iterator<Item = (Role, &str)> {
    slots
        .messages
        .iter()
        .filter(|message| message.role != Role::System)
        .map(|message| (message.role, message.content.as_str()))
}

struct Body(Map<String, Value>);

impl Body {
    fn new() -> Self {
        Self(Map::new())
    }

    fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn maybe(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value.into());
        }
    }

    fn list<T: serde::Serialize>(&mut self, name: &str, values: &[T]) {
        if !values.is_empty() {
            self.put(name, json!(values));
        }
    }

    /// By the names of Chat Completions, which has had two for the most output tokens.
    fn parameters(&mut self, params: &Params, most_tokens: &str) {
        self.maybe("temperature", params.temperature);
        self.maybe("top_p", params.top_p);
        self.maybe(most_tokens, params.max_tokens);
        self.list("stop", &params.stop);
        self.maybe("seed", params.seed);
        self.maybe("reasoning_effort", params.reasoning_effort.map(ReasoningEffort::word));
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{layer, prompt};
    use super::*;
    use crate::domain::{Content, Layer, Prompt, Tools};

    fn slots(change: impl Fn(&mut Prompt)) -> Slots {
        let mut prompt = prompt();
        change(&mut prompt);
        Slots::of(&prompt)
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let slots = slots(|_| {});
        let system = "## Identity\n\n- Role: You sort support messages.";
        let ask = "Sort this: {{ message }}";
        assert_eq!(
            openai(&slots, &Params::default()),
            json!({"model": "MODEL", "messages": [
                {"role": "system", "content": system}, {"role": "user", "content": ask},
            ]})
        );
        assert_eq!(
            anthropic(&slots, &Params::default()),
            json!({"model": "MODEL", "max_tokens": 4096, "system": system, "messages": [{"role": "user", "content": ask}]})
        );
        assert_eq!(
            gemini(&slots, &Params::default()),
            json!({
                "systemInstruction": {"parts": [{"text": system}]},
                "contents": [{"role": "user", "parts": [{"text": ask}]}],
            })
        );
    }

    #[test]
    fn parameters_have_each_providers_name() {
        let params =
            Params { max_tokens: Some(300), stop: vec!["END".to_owned()], top_p: Some(0.5), ..Params::default() };
        let slots = slots(|_| {});
        let check = |body: &Value, pointers: [&str; 3]| {
            let values = [json!(300), json!(["END"]), json!(0.5)];
            for (pointer, value) in pointers.iter().zip(values) {
                assert_eq!(body.pointer(pointer), Some(&value), "{pointer} in {body}");
            }
        };
        check(&openai(&slots, &params), ["/max_completion_tokens", "/stop", "/top_p"]);
        check(&anthropic(&slots, &params), ["/max_tokens", "/stop_sequences", "/top_p"]);
        check(
            &gemini(&slots, &params),
            ["/generationConfig/maxOutputTokens", "/generationConfig/stopSequences", "/generationConfig/topP"],
        );
    }

    #[test]
    fn tools_and_schemas_take_each_providers_shape() {
        let tool = Tool { name: "find".to_owned(), description: "Finds.".to_owned(), parameters: Map::new() };
        let tools = Content::Tools(Tools { tools: vec![tool] });
        let slots = slots(|prompt| prompt.layers.push(Layer { content: tools.clone(), ..layer("tools", "") }));
        let schema = json!({"type": "object"});
        let params = Params { response: ResponseFormat::Schema(schema.clone()), ..Params::default() };
        let check = |body: Value, tool: &str, at: &str| {
            assert_eq!(body.pointer(tool), Some(&json!("find")), "{body}");
            assert_eq!(body.pointer(at), Some(&schema), "{body}");
        };
        check(openai(&slots, &params), "/tools/0/function/name", "/response_format/json_schema/schema");
        check(anthropic(&slots, &params), "/tools/0/name", "/output_config/format/schema");
        check(gemini(&slots, &params), "/tools/0/functionDeclarations/0/name", "/generationConfig/responseJsonSchema");
    }
}
