//! Whole flows.

use serde_json::{Value, json};

use super::read;
use crate::domain::Source as Rows;
use crate::interop::formats::shown::shown;
use crate::interop::formats::source::Source;
use crate::interop::imported::Imported;

fn imported(flow: &Value) -> Imported {
    let text = format!("{flow:#}");
    read(Source::new("flows/sizes.cforge", &text).unwrap()).unwrap()
}

fn edge(source: &str, from: &str, target: &str, to: &str) -> Value {
    json!({"source": source, "sourceHandle": from, "target": target, "targetHandle": to})
}

fn llm(name: &str, base: &str, model: &str, settings: &Value) -> Value {
    json!({"key": name, "name": name, "base_model": base, "model": model, "temp": 1, "settings": settings})
}

#[test]
fn a_flow_is_prompts_cases_and_checks() {
    let flow = json!({"flow": {
        "nodes": [
            {"id": "t", "type": "textfields", "data": {"fields": {"f0": "short", "f1": "long {x}", "f2": "hidden"},
                "fields_visibility": {"f2": false}}},
            {"id": "tab", "type": "table", "data": {"columns": [{"key": "c0", "header": "Question"}, {"key": "c1", "header": "Ideal"}],
                "rows": [{"c0": "2+2", "c1": "4", "__uid": "u"}, {"c0": "3+3", "c1": "6"}]}},
            {"id": "p", "type": "prompt", "data": {"title": "Ask", "prompt": "A {length} answer: {q} \\{ok\\}{=system_msg}", "n": 3,
                "llms": [
                    llm("GPT4", "gpt-4", "gpt-4", &json!({"system_msg": "Be kind.", "temperature": 0.5, "presence_penalty": 0, "stop": []})),
                    llm("Claude", "claude-v1", "claude-2", &json!({"temperature": 0.5, "max_tokens_to_sample": 100})),
                    llm("Own", "__custom/mine", "mine", &json!({"api_key": "sk-1"})),
                ]}},
            {"id": "s", "type": "simpleval", "data": {"title": "Right", "operation": "contains", "varSelected": true,
                "varValue": "Ideal", "varValueType": "meta", "responseFormat": "response", "textValue": "of Ideal (meta)"}},
            {"id": "s2", "type": "simpleval", "data": {"operation": "appears in", "textValue": "x"}},
            {"id": "e", "type": "evaluator", "data": {"language": "javascript", "code": "function evaluate(r) { return {{a: 1}}; }"}},
            {"id": "e2", "type": "evaluator", "data": {"code": "def evaluate(response):\n  return True"}},
            {"id": "l", "type": "llmeval", "data": {"prompt": "Is it kind?", "grader": llm("GPT4", "gpt-4", "gpt-4", &json!({}))}},
            {"id": "v", "type": "vis", "data": {}},
        ],
        "edges": [
            edge("t", "output", "p", "length"), edge("tab", "c0", "p", "q"), edge("p", "prompt", "s", "responseBatch"),
            edge("p", "prompt", "s2", "responseBatch"), edge("p", "prompt", "e", "responseBatch"),
            edge("p", "prompt", "e2", "responseBatch"), edge("p", "prompt", "l", "responseBatch"),
        ],
    }, "cache": {"p.json": {"cache_files": {}}, "p_0.json": {"A": [{"responses": ["a", "b"]}, {"responses": ["c"]}]}}});
    let imported = imported(&flow);
    assert!(!format!("{imported:?}").contains("sk-1"));
    insta::assert_snapshot!(shown(&imported));
}

#[test]
fn a_prompt_of_another_prompt_is_told() {
    let flow = json!({"flow": {
        "nodes": [
            {"id": "a", "type": "prompt", "data": {"prompt": "First."}},
            {"id": "b", "type": "prompt", "data": {"prompt": ["Then {x}", "Or {x}"]}},
        ],
        "edges": [edge("a", "prompt", "b", "x")],
    }});
    let imported = imported(&flow);
    let ids: Vec<&str> = imported.prompts.keys().map(crate::domain::PromptId::as_str).collect();
    assert_eq!(ids, ["a", "b", "b-2"]);
    assert!(imported.report.parts.iter().any(|part| part.part == "prompt b x"), "{:?}", imported.report);
}

#[test]
fn too_many_combinations_are_cut_and_told() {
    let fields: serde_json::Map<String, Value> = (0..400).map(|n| (format!("f{n}"), json!(format!("v{n}")))).collect();
    let node = |id: &str| json!({"id": id, "type": "textfields", "data": {"fields": fields}});
    let flow = json!({"flow": {
        "nodes": [node("a"), node("b"), {"id": "p", "type": "prompt", "data": {"prompt": "{a} {b}"}}],
        "edges": [edge("a", "output", "p", "a"), edge("b", "output", "p", "b")],
    }});
    let imported = imported(&flow);
    let Rows::Cases(cases) = &imported.datasets.values().next().unwrap().source else { panic!("no cases") };
    assert_eq!(cases.len(), 100_000);
    assert!(imported.report.parts.iter().any(|part| part.note.contains("160000 cases")));
}

#[test]
fn what_is_no_flow_is_refused() {
    let refused = |text: &str| read(Source::new("f.cforge", text).unwrap()).unwrap_err().to_string();
    assert!(refused("{\"flow\": 1}").contains("no flow with nodes"));
    assert!(refused("{\"flow\": {\"nodes\": []}}").contains("The flow has no prompt"));
}
