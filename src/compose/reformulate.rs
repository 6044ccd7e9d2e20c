//! A request in other words, after an answer that broke the form. Each strategy starts from the original request, so that
//! reformulations do not pile up; the answer that was wrong goes in as the model's own turn, so that it sees what it said.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::domain::{ChatRequest, Message, OutputFormat, OutputSpec, ResponseFormat, Role, Strategy};

/// Characters of a wrong answer that are shown to the model again.
const SHOWN: usize = 4_000;

/// How deep an example is made from a schema.
const DEPTH: usize = 6;

/// What was wrong with an answer.
#[derive(Debug, Clone, Copy)]
pub struct Wrong<'a> {
    pub answer: &'a str,
    /// A sentence.
    pub reason: &'a str,
}

/// The original request, reformulated. [`Strategy::BreakDownTask`] is no one request: see [`field_request`]; asked for it
/// here, the format is spelled out.
#[must_use]
pub fn reformulated(original: &ChatRequest, strategy: Strategy, spec: &OutputSpec, wrong: Wrong<'_>) -> ChatRequest {
    let mut request = original.clone();
    if strategy == Strategy::SimplifyRequest {
        request.messages = simplified(&original.messages);
        request.messages.push(message(Role::User, simple_demand(spec, wrong.reason)));
        return request;
    }
    let demand = match strategy {
        Strategy::AddExample => example_demand(spec),
        Strategy::ExplicitFormat | Strategy::BreakDownTask | Strategy::SimplifyRequest => rules(spec),
    };
    if !wrong.answer.trim().is_empty() {
        request.messages.push(message(Role::Assistant, shown(wrong.answer)));
    }
    let text =
        format!("That answer cannot be used. {}\n\n{demand}\n\nAnswer the original request again.", wrong.reason);
    request.messages.push(message(Role::User, text));
    request
}

/// The original request, asking again without what the last answer held and must not.
#[must_use]
pub fn asked_without(original: &ChatRequest, reason: &str) -> ChatRequest {
    let mut request = original.clone();
    let text = format!(
        "An earlier answer was not let through. {reason} Answer the request again, in full, without it and without \
         mentioning it."
    );
    request.messages.push(message(Role::User, text));
    request
}

/// The original request, asking for one top-level field alone.
#[must_use]
pub fn field_request(original: &ChatRequest, field: &str, schema: &Value) -> ChatRequest {
    let mut request = original.clone();
    let text = format!(
        "Do not give the whole answer now. Give only the value of its field `{field}`, as JSON that obeys this schema, \
         and nothing else:\n\n{}",
        pretty(schema)
    );
    request.messages.push(message(Role::User, text));
    // The provider's own structured output would ask for the whole.
    request.params.response = ResponseFormat::Text;
    request
}

fn message(role: Role, content: String) -> Message {
    Message { role, content }
}

fn shown(answer: &str) -> String {
    match answer.char_indices().nth(SHOWN) {
        None => answer.to_owned(),
        Some((end, _)) => format!("{}…", &answer[..end]),
    }
}

/// Instructions and the question; earlier turns and examples in turns are left out.
fn simplified(messages: &[Message]) -> Vec<Message> {
    let question = messages.iter().rposition(|message| message.role == Role::User);
    let keep = |(index, message): &(usize, &Message)| message.role == Role::System || Some(*index) == question;
    messages.iter().enumerate().filter(keep).map(|(_, message)| message.clone()).collect()
}

fn simple_demand(spec: &OutputSpec, reason: &str) -> String {
    let mut text = format!("An earlier answer could not be used. {reason} Give the simplest answer that is correct.");
    let required = spec.schema.as_ref().map(required).unwrap_or_default();
    if !required.is_empty() {
        let _ = write!(text, " Give only these fields: {}.", required.join(", "));
    }
    let _ = write!(text, "\n\n{}", rules(spec));
    text
}

fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The rules of the format, whichever it is.
fn rules(spec: &OutputSpec) -> String {
    let mut rules = Vec::new();
    match (&spec.schema, spec.format) {
        (Some(schema), _) => {
            rules.push(json_rules());
            rules.push(format!("It obeys this JSON Schema:\n\n{}\n", pretty(schema)));
        }
        (None, Some(OutputFormat::Json)) => rules.push(json_rules()),
        (None, Some(OutputFormat::Markdown)) => {
            rules.push("Write Markdown: headings with #, lists with -, no HTML, no fence around the whole.".to_owned());
        }
        (None, Some(OutputFormat::Plain)) => {
            rules.push("Write plain text: no Markdown marks, no HTML, no code fence.".to_owned());
        }
        (None, None) => {}
    }
    if !spec.required_sections.is_empty() {
        let headings: Vec<String> = spec.required_sections.iter().map(|section| format!("`{section}`")).collect();
        rules.push(format!("Write each of these headings on a line of its own: {}.", headings.join(", ")));
    }
    if let Some(most) = spec.max_length {
        rules.push(format!("The whole answer has at most {most} characters."));
    }
    let lines: Vec<String> = rules.iter().map(|rule| format!("- {rule}")).collect();
    format!("The rules of the answer's form:\n{}", lines.join("\n"))
}

fn json_rules() -> String {
    "The answer is one JSON value from its first to its last character: no code fence, no words before or after it, \
     double quotes around names and texts, no comma before a closing bracket."
        .to_owned()
}

fn example_demand(spec: &OutputSpec) -> String {
    match &spec.schema {
        Some(schema) => {
            let example = pretty(&example(schema, schema, DEPTH));
            format!(
                "An answer of the right form looks like this (its values are made up, use the true ones):\n\n{example}"
            )
        }
        None => rules(spec),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A value that a schema describes: its own example, default or first choice where it has one. Patterns and combined
/// schemas are followed as far as their first alternative.
fn example(schema: &Value, root: &Value, depth: usize) -> Value {
    let own = ["const", "default"].iter().find_map(|name| schema.get(*name));
    let listed = ["examples", "enum"].iter().find_map(|name| schema[*name].as_array()?.first());
    if let Some(given) = own.or(listed) {
        return given.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| root.pointer(reference.strip_prefix('#')?)) {
        return example(target, root, depth - 1);
    }
    if let Some(first) = ["oneOf", "anyOf", "allOf"].iter().find_map(|name| schema[*name].as_array()?.first()) {
        return example(first, root, depth - 1);
    }
    match kind(schema) {
        "object" => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let filled = fields.map(|(name, field)| (name.clone(), example(field, root, depth - 1)));
            Value::Object(filled.collect::<Map<String, Value>>())
        }
        "array" => json!([example(&schema["items"], root, depth - 1)]),
        "string" => json!(text_example(schema)),
        "integer" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "number" => schema.get("minimum").cloned().unwrap_or(json!(0.5)),
        "boolean" => json!(true),
        _ => Value::Null,
    }
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or("null"),
        _ if schema["properties"].is_object() => "object",
        _ => "string",
    }
}

fn text_example(schema: &Value) -> &str {
    match schema["format"].as_str() {
        Some("date") => "2026-01-31",
        Some("date-time") => "2026-01-31T09:30:00Z",
        Some("email") => "name@example.com",
        Some("uri") => "https://example.com/",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Params;

    fn original() -> ChatRequest {
        let turn = |role, content: &str| message(role, content.to_owned());
        ChatRequest {
            model: "m".to_owned(),
            messages: vec![
                turn(Role::System, "Rules."),
                turn(Role::User, "Example in"),
                turn(Role::Assistant, "Example out"),
                turn(Role::User, "The question"),
            ],
            params: Params { response: ResponseFormat::Json, ..Params::default() },
            tools: Vec::new(),
            sample: 0,
        }
    }

    fn spec() -> OutputSpec {
        let schema = json!({
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"enum": ["bug", "wish"]},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
                "due": {"type": "string", "format": "date"},
            },
            "$defs": {"line": {"type": "integer", "minimum": 3}},
        });
        OutputSpec { schema: Some(schema), ..OutputSpec::default() }
    }

    fn texts(request: &ChatRequest) -> Vec<String> {
        request.messages.iter().map(|message| format!("{}: {}", message.role.word(), message.content)).collect()
    }

    fn wrong() -> Wrong<'static> {
        Wrong { answer: "It is a bug.", reason: "The output is not JSON." }
    }

    #[test]
    fn an_example_is_made_from_the_schema() {
        let made = example(spec().schema.as_ref().unwrap(), spec().schema.as_ref().unwrap(), DEPTH);
        assert_eq!(made, json!({"kind": "bug", "lines": [3], "due": "2026-01-31"}));
        let circle = json!({"$ref": "#"});
        assert_eq!(example(&circle, &circle, DEPTH), Value::Null);
    }

    #[test]
    fn the_original_stays_and_the_wrong_answer_is_shown_as_the_models_own() {
        let request = reformulated(&original(), Strategy::AddExample, &spec(), wrong());
        assert_eq!(request.messages[..4], original().messages[..]);
        assert_eq!(texts(&request)[4], "assistant: It is a bug.");
        let demand = &texts(&request)[5];
        assert!(demand.contains("The output is not JSON.") && demand.contains("\"kind\": \"bug\""), "{demand}");
        let empty = Wrong { answer: " ", ..wrong() };
        assert_eq!(reformulated(&original(), Strategy::AddExample, &spec(), empty).messages.len(), 5);
    }

    #[test]
    fn every_format_has_rules_of_its_own() {
        let check = |spec: &OutputSpec, expect: &str| {
            let request = reformulated(&original(), Strategy::ExplicitFormat, spec, wrong());
            let demand = &request.messages[5].content;
            assert!(demand.contains(expect), "{demand}");
        };
        let format = |format| OutputSpec { format: Some(format), ..OutputSpec::default() };
        check(&spec(), "obeys this JSON Schema");
        check(&format(OutputFormat::Json), "one JSON value");
        check(&format(OutputFormat::Markdown), "Write Markdown");
        check(&format(OutputFormat::Plain), "no Markdown");
        check(&OutputSpec { required_sections: vec!["A".to_owned()], ..OutputSpec::default() }, "`A`");
        check(&OutputSpec { max_length: Some(9), ..OutputSpec::default() }, "at most 9 characters");
    }

    #[test]
    fn a_simple_request_leaves_earlier_turns_out() {
        let request = reformulated(&original(), Strategy::SimplifyRequest, &spec(), wrong());
        let texts = texts(&request);
        assert_eq!(texts[..2], ["system: Rules.".to_owned(), "user: The question".to_owned()]);
        assert!(texts[2].contains("only these fields: kind"), "{}", texts[2]);
    }

    #[test]
    fn a_field_is_asked_for_alone_and_without_the_providers_own_form() {
        let request = field_request(&original(), "due", &json!({"type": "string"}));
        assert!(request.messages[4].content.contains("only the value of its field `due`"));
        assert_eq!(request.params.response, ResponseFormat::Text);
    }
}
