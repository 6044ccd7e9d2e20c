//! Evaluators, as checks.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::{Assertion, AssertionKind, Check, CheckKind, Need};
use crate::interop::formats::draft::Draft;
use crate::interop::formats::names::variable;
use crate::interop::formats::words::{Words, chainforge};

use super::flow::Node;
use super::models;

/// The checks of a node that grades; none for any other. `columns` are the dataset's.
pub fn read(draft: &mut Draft, node: &Node, columns: &BTreeSet<String>) -> Vec<Check> {
    let check = match node.kind.as_str() {
        "simpleval" => simple(draft, node, columns),
        "evaluator" => code(draft, node, &node.part(), &node.data),
        "llmeval" => judge(draft, node, &node.part(), &node.data),
        "multieval" => return several(draft, node),
        _ => return Vec::new(),
    };
    check.into_iter().map(|check| Check { metric: node.title().to_owned(), ..check }).collect()
}

fn several(draft: &mut Draft, node: &Node) -> Vec<Check> {
    let listed = node.data.get("evaluators").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let empty = Map::new();
    let mut checks = Vec::new();
    for (index, evaluator) in listed.iter().enumerate() {
        let of = |name: &str| evaluator.get(name).and_then(Value::as_str).unwrap_or_default();
        let state = evaluator.get("state").and_then(Value::as_object).unwrap_or(&empty);
        let part = format!("{} evaluators[{index}] {}", node.part(), of("name"));
        let check = match of("type") {
            "llm" => judge(draft, node, &part, state),
            language => {
                let mut state = state.clone();
                state.entry("language").or_insert_with(|| language.into());
                code(draft, node, &part, &state)
            }
        };
        checks.extend(check.map(|check| Check { metric: of("name").to_owned(), ..check }));
    }
    checks
}

fn simple(draft: &mut Draft, node: &Node, columns: &BTreeSet<String>) -> Option<Check> {
    let of = |name: &str| node.data.get(name).and_then(Value::as_str).unwrap_or_default();
    let (part, line) = (node.part(), Some(node.line));
    let is_variable = node.data.get("varSelected") == Some(&Value::Bool(true));
    let value = if is_variable {
        let name = variable(of("varValue"));
        if !columns.contains(&name) {
            draft.unsupported(part, line, format!("It compares with `{}`, which no case has.", of("varValue")));
            return None;
        }
        format!("{{{{ {name} }}}}")
    } else {
        Words::literal(of("textValue")).template()
    };
    let ignore_case = of("responseFormat") == "response in lowercase";
    let operation = if of("operation").is_empty() { "contains" } else { of("operation") };
    let kind = match operation {
        "contains" => CheckKind::Contains { values: vec![value], need: Need::All, ignore_case },
        "starts with" => CheckKind::StartsWith { value, ignore_case },
        "ends with" if !ignore_case => assertion(AssertionKind::EndsWith, value),
        "equals" => CheckKind::Equals { value, ignore_case },
        _ => {
            draft.unsupported(part, line, format!("`{operation}` of this kind is not there; write it in JavaScript."));
            return None;
        }
    };
    let trims = ["starts with", "ends with"].contains(&operation);
    match (ignore_case, trims) {
        (false, false) => draft.exact(part, line, "A check."),
        (true, _) => draft.near(part, line, "Upper and lower case do not count; there only the output is lowered."),
        (false, true) => draft.near(part, line, "White space around the output counts here."),
    }
    Some(Check::new(kind))
}

fn assertion(kind: AssertionKind, value: String) -> CheckKind {
    CheckKind::Assertion(Box::new(Assertion::new(kind, Value::String(value))))
}

/// JavaScript goes into the sandbox; Python is never run.
fn code(draft: &mut Draft, node: &Node, part: &str, data: &Map<String, Value>) -> Option<Check> {
    let of = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let line = Some(node.line);
    let source = of("code");
    let is_python = of("language") == "python" || source.trim_start().starts_with("def ") || source.contains("\ndef ");
    if is_python || source.trim().is_empty() {
        draft.unsupported(part, line, "Python is never run here: write the check as a pattern or in JavaScript.");
        return None;
    }
    let call = "return evaluate({ text: output, var: context.vars, meta: context.vars, prompt: context.prompt });";
    let value = Words::literal(&format!("{source}\n{call}")).template();
    draft.near(
        part,
        line,
        "It runs in the sandbox, once the workspace is trusted; it sees the answer and the case's values.",
    );
    Some(Check::new(assertion(AssertionKind::Javascript, value)))
}

fn judge(draft: &mut Draft, node: &Node, part: &str, data: &Map<String, Value>) -> Option<Check> {
    let line = Some(node.line);
    let words = chainforge(data.get("prompt").and_then(Value::as_str).unwrap_or_default());
    let Some(model) = data.get("grader").and_then(|grader| models::model(draft, node, grader)) else {
        draft.unsupported(part, line, "It names no model that grades.");
        return None;
    };
    draft.near(part, line, "A judge grades by this text in Strata's own form of answer.");
    Some(Check::new(CheckKind::Judge { model: model.id, rubric: words.template() }))
}
