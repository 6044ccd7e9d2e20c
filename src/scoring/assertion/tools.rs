//! Calls of tools in an output: whether their arguments obey the declared schemas, and whether the right tools were called.

use std::collections::BTreeSet;

use serde_json::Value;

use super::json::{Schema, Verdict};
use super::{Asked, Graded, Grading, Output, Undone, space};

/// `is-valid-openai-tools-call`: every call names a tool that was given, with arguments that obey its schema. What an
/// MCP server said goes before that. Negation is not heeded, as in promptfoo.
///
/// # Errors
/// The first of the calls has no `function`.
pub fn is_valid_openai_tools_call(asked: &Asked, output: &Output) -> Grading {
    if output.text.contains("MCP Tool Error") {
        return Ok(Graded::binary(false, false, "An MCP tool failed."));
    }
    if output.text.contains("MCP Tool Result") {
        return Ok(Graded::binary(true, false, "An MCP tool gave a result."));
    }
    let calls = output.value.get("tool_calls").unwrap_or(output.value);
    let Some(calls) = calls.as_array().filter(|calls| !calls.is_empty()) else {
        return Ok(Graded::binary(false, false, "The output is no list of tool calls."));
    };
    let Some(first) = calls[0].get("function").filter(|function| !function.is_null()) else {
        return Err(Undone("The first of the tool calls has no `function`.".to_owned()));
    };
    if !first.get("name").is_some_and(Value::is_string) || !first.get("arguments").is_some_and(Value::is_string) {
        return Ok(Graded::binary(false, false, "The first of the tool calls lacks a name, or arguments as text."));
    }
    if asked.tools.is_empty() {
        return Ok(Graded::binary(false, false, "The output has tool calls, but no tools were given to the provider."));
    }
    Ok(match calls.iter().find_map(|call| complaint(call, asked.tools)) {
        Some(why) => Graded::binary(false, false, why),
        None => Graded::binary(true, false, "Every tool call obeys the schema of its tool."),
    })
}

fn complaint(call: &Value, tools: &[Value]) -> Option<String> {
    let Some(name) = call.pointer("/function/name").and_then(Value::as_str) else {
        return Some("A tool call has no name.".to_owned());
    };
    let arguments = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default();
    let Ok(arguments) = serde_json::from_str(arguments) else {
        return Some(format!("The arguments for `{name}` are not JSON."));
    };
    let parameters = tools
        .iter()
        .filter(|tool| tool.get("type").and_then(Value::as_str) == Some("function"))
        .filter_map(|tool| tool.get("function"))
        .find(|function| function.get("name").and_then(Value::as_str) == Some(name))
        .and_then(|function| function.get("parameters"))
        .filter(|parameters| !parameters.is_null());
    let Some(parameters) = parameters else {
        return Some(format!("`{name}` was called, but no tool of that name has parameters."));
    };
    match Schema::compile(parameters).and_then(|schema| schema.verdict(&arguments)) {
        Ok(Verdict::Obeys) => None,
        Ok(Verdict::Breaks(how)) => Some(format!("The arguments for `{name}` break its schema: {how}.")),
        Err(Undone(why)) => Some(format!("`{name}`: {why}")),
    }
}

/// `is-valid-function-call` and its older name `is-valid-openai-function-call`, for a provider that can look at such
/// calls: the output, or its `function_call`, names one of the provider's `functions`, with arguments that obey its
/// schema. The functions come in the assertion's view of the tools. Others fail. Negation is not heeded.
///
/// # Errors
/// None.
pub fn is_valid_function_call(asked: &Asked, output: &Output) -> Grading {
    if asked.tools.is_empty() {
        return Ok(Graded::binary(false, false, "The provider has no functions that a call could be held to."));
    }
    let call = output.value.get("function_call").unwrap_or(output.value);
    let text = |key: &str| call.get(key).is_some_and(Value::is_string);
    if !text("name") || !text("arguments") {
        return Ok(Graded::binary(false, false, "The output is no function call."));
    }
    let call = serde_json::json!({ "function": call });
    let tools: Vec<Value> = asked.tools.iter().map(as_tool).collect();
    Ok(match complaint(&call, &tools) {
        Some(why) => Graded::binary(false, false, why),
        None => Graded::binary(true, false, "The function call obeys the schema of its function."),
    })
}

/// A bare function as a tool.
fn as_tool(declared: &Value) -> Value {
    if declared.get("function").is_some() {
        declared.clone()
    } else {
        serde_json::json!({ "type": "function", "function": declared })
    }
}

/// `tool-call-f1`: the harmonic mean of precision and recall over the *set* of tool names, called against expected. It
/// passes from the threshold (1 unless given) on. The score is the mean itself, with negation too.
///
/// # Errors
/// No names are expected, or the value is neither a list nor text with commas.
pub fn tool_call_f1(asked: &Asked, output: &Output) -> Grading {
    let expected = expected_names(asked.value)?;
    let called = names(output.value);
    let shared = count(expected.intersection(&called).count());
    let precision = if called.is_empty() { 0.0 } else { shared / count(called.len()) };
    let recall = shared / count(expected.len());
    let score = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    let threshold = asked.threshold.unwrap_or(1.0);
    let called = if called.is_empty() { "none".to_owned() } else { listed(&called) };
    Ok(Graded {
        pass: (score >= threshold) != asked.not,
        score,
        reason: format!("The F1 of tool names is {score:.3}: expected {}, called {called}.", listed(&expected)),
    })
}

#[expect(clippy::cast_precision_loss, reason = "there are never so many names")]
fn count(names: usize) -> f64 {
    names as f64
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn expected_names(value: &Value) -> Result<BTreeSet<String>, Undone> {
    let names: BTreeSet<String> = match value {
        Value::Array(items) => items.iter().map(printed).collect(),
        Value::String(text) => text.split(',').map(|name| space::trim(name).to_owned()).collect(),
        _ => return Err(Undone("tool-call-f1 takes the names of tools, as a list or as text with commas.".to_owned())),
    };
    if names.is_empty() {
        return Err(Undone("tool-call-f1 expects no tools, so that there is nothing to measure.".to_owned()));
    }
    Ok(names)
}

fn printed(item: &Value) -> String {
    match item {
        Value::String(text) => text.clone(),
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Array(items) => items.iter().map(printed).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The names in an output of any of the usual shapes; text is read as JSON, or line by line where it is prose.
fn names(output: &Value) -> BTreeSet<String> {
    let Value::String(text) = output else { return of_value(output).into_iter().map(str::to_owned).collect() };
    if let Ok(parsed) = serde_json::from_str::<Value>(text) {
        // Text in text is unpacked as often as it is nested.
        return names(&parsed);
    }
    text.split('\n')
        .map(space::trim)
        .filter(|line| line.starts_with(['{', '[']))
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .flat_map(|value| of_value(&value).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn of_value(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(blocks) => blocks.iter().filter_map(of_block).collect(),
        Value::Object(_) => of_object(value),
        _ => Vec::new(),
    }
}

fn of_object(value: &Value) -> Vec<&str> {
    if let Some(Value::Array(calls)) = value.get("tool_calls") {
        return calls.iter().flat_map(|call| [call.get("function").and_then(name), name(call)]).flatten().collect();
    }
    if matches!(kind(value), Some("tool_use" | "function_call")) && name(value).is_some() {
        return name(value).into_iter().collect();
    }
    if let Some(call) = value.get("functionCall").filter(|call| is_thing(call)) {
        return name(call).into_iter().collect();
    }
    match value.get("toolCall").filter(|call| is_thing(call)).and_then(|call| call.get("functionCalls")) {
        Some(Value::Array(calls)) => calls.iter().filter_map(name).collect(),
        _ => Vec::new(),
    }
}

fn of_block(block: &Value) -> Option<&str> {
    if kind(block) == Some("tool_use") && name(block).is_some() {
        return name(block);
    }
    ["functionCall", "function"]
        .into_iter()
        .find_map(|key| block.get(key).filter(|call| is_thing(call)))
        .map_or_else(|| name(block), name)
}

fn name(value: &Value) -> Option<&str> {
    value.get("name").and_then(Value::as_str)
}

fn kind(value: &Value) -> Option<&str> {
    value.get("type").and_then(Value::as_str)
}

fn is_thing(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn asked<'a>(value: &'a Value, config: &'a Map<String, Value>, tools: &'a [Value], not: bool) -> Asked<'a> {
        Asked { not, value, threshold: None, config, tools }
    }

    fn tools() -> Vec<Value> {
        let parameters = json!({ "type": "object", "required": ["to"], "properties": { "to": { "type": "string" } } });
        let odd = json!({ "type": "object", "unknown": 1 });
        vec![
            json!({ "type": "function", "function": { "name": "send", "parameters": parameters } }),
            json!({ "type": "function", "function": { "name": "odd", "parameters": odd } }),
            json!({ "type": "function", "function": { "name": "bare" } }),
            json!({ "type": "web_search" }),
        ]
    }

    fn call(name: &str, arguments: &str) -> Value {
        json!({ "type": "function", "function": { "name": name, "arguments": arguments } })
    }

    #[test]
    fn calls_are_held_to_the_schemas_of_their_tools() {
        let (config, tools) = (Map::new(), tools());
        let check = |output: Value, expect: Option<bool>| {
            for not in [false, true] {
                let got = is_valid_openai_tools_call(&asked(&Value::Null, &config, &tools, not), &Output::new(&output));
                assert_eq!(got.ok().map(|graded| graded.pass), expect, "{output}");
            }
        };
        check(json!({ "tool_calls": [call("send", "{\"to\": \"ann\"}")] }), Some(true));
        check(json!([call("send", "{\"to\": \"ann\"}"), call("send", "{\"to\": \"bob\"}")]), Some(true));
        check(json!([call("send", "{\"to\": \"ann\"}"), call("send", "{}")]), Some(false));
        check(json!([call("send", "{}")]), Some(false));
        check(json!([call("send", "not json")]), Some(false));
        check(json!([call("other", "{}")]), Some(false));
        check(json!([call("bare", "{}")]), Some(false));
        check(json!([call("odd", "{}")]), Some(false));
        check(json!([]), Some(false));
        check(json!({ "tool_calls": "text" }), Some(false));
        check(json!("[]"), Some(false));
        check(json!([{ "function": { "name": "send" } }]), Some(false));
        check(json!([call("send", "{\"to\": \"ann\"}"), { "name": "send" }]), Some(false));
        check(json!([{ "name": "send" }]), None);
        check(json!([null]), None);
        check(json!("MCP Tool Result (x): fine"), Some(true));
        check(json!({ "text": "MCP Tool Error (x): MCP Tool Result" }), Some(false));
    }

    #[test]
    fn without_tools_no_call_is_valid() {
        let config = Map::new();
        let output = json!([call("send", "{}")]);
        let asked = asked(&Value::Null, &config, &[], true);
        assert!(!is_valid_openai_tools_call(&asked, &Output::new(&output)).unwrap().pass);
        assert!(!is_valid_function_call(&asked, &Output::new(&json!("x"))).unwrap().pass);
    }

    #[test]
    fn a_function_call_stands_alone_or_in_a_message() {
        let (config, tools) = (Map::new(), tools());
        let bare = [json!({ "name": "send", "parameters": { "type": "object" } })];
        let check = |tools: &[Value], output: Value, expect| {
            let got = is_valid_function_call(&asked(&Value::Null, &config, tools, false), &Output::new(&output));
            assert_eq!(got.unwrap().pass, expect, "{output}");
        };
        check(&tools, json!({ "name": "send", "arguments": "{\"to\": \"ann\"}" }), true);
        check(&tools, json!({ "function_call": { "name": "send", "arguments": "{\"to\": \"ann\"}" } }), true);
        check(&tools, json!({ "name": "send", "arguments": "{}" }), false);
        check(&tools, json!({ "name": "send", "arguments": { "to": "ann" } }), false);
        check(&bare, json!({ "name": "send", "arguments": "{}" }), true);
        check(&tools, json!("text"), false);
    }

    #[test]
    fn names_are_found_in_every_usual_shape() {
        let check = |output: Value, expect: &[&str]| {
            assert_eq!(names(&output).into_iter().collect::<Vec<_>>(), expect, "{output}");
        };
        check(
            json!({ "tool_calls": [{ "function": { "name": "a" }, "name": "b" }, { "name": 1 }, null] }),
            &["a", "b"],
        );
        check(
            json!([{ "function": { "name": "a" } }, { "name": "b" }, { "functionCall": { "name": "c" } }]),
            &["a", "b", "c"],
        );
        check(json!([{ "type": "text" }, { "type": "tool_use", "name": "a" }, 5]), &["a"]);
        check(json!({ "type": "tool_use", "name": "a" }), &["a"]);
        check(json!({ "functionCall": { "name": "a" } }), &["a"]);
        check(json!({ "toolCall": { "functionCalls": [{ "name": "a" }, { "name": "a" }] } }), &["a"]);
        check(json!({ "name": "a" }), &[]);
        check(json!({ "function": { "name": "a" } }), &[]);
        check(json!("{\"tool_calls\": [{\"name\": \"a\"}]}"), &["a"]);
        check(json!("I call:\n [{\"name\": \"a\"}] \n{\"name\": \"b\"}\n{broken"), &["a"]);
        check(json!("plain"), &[]);
        check(json!(null), &[]);
    }

    #[test]
    fn the_score_is_f1_and_negation_turns_only_the_verdict() {
        let config = Map::new();
        let check = |value: Value, threshold, output: Value, not, pass: bool, score: f64| {
            let asked = Asked { not, value: &value, threshold, config: &config, tools: &[] };
            let graded = tool_call_f1(&asked, &Output::new(&output)).unwrap();
            assert_eq!((graded.pass, graded.score), (pass, score), "{value} {output}");
        };
        let called = || json!([{ "name": "a" }, { "name": "b" }]);
        check(json!(["a", "b"]), None, called(), false, true, 1.0);
        check(json!("b , a"), None, called(), false, true, 1.0);
        check(json!(["a"]), None, called(), false, false, 2.0 / 3.0);
        check(json!(["a"]), Some(0.5), called(), false, true, 2.0 / 3.0);
        check(json!(["a"]), Some(0.5), called(), true, false, 2.0 / 3.0);
        check(json!(["c"]), None, called(), true, true, 0.0);
        check(json!(["c"]), None, json!(""), false, false, 0.0);
        check(json!(["c"]), Some(0.0), json!(""), false, true, 0.0);
        for wrong in [json!([]), json!(null), json!(5), json!({ "a": 1 })] {
            assert!(tool_call_f1(&asked(&wrong, &config, &[], false), &Output::new(&called())).is_err(), "{wrong}");
        }
    }
}
