//! The grammar of an `__expected` cell: a type, perhaps negated, perhaps with a number, and what it is to find.

use serde_json::{Map, Value};

use super::code::language_of;
use super::text::trim;

/// The types that a cell can name, in promptfoo's order: the first that fits the whole cell is it.
const TYPES: [&str; 60] = [
    "answer-relevance",
    "bleu",
    "classifier",
    "contains",
    "contains-all",
    "contains-any",
    "contains-html",
    "contains-json",
    "contains-sql",
    "contains-xml",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "conversation-relevance",
    "cost",
    "equals",
    "factuality",
    "finish-reason",
    "g-eval",
    "gleu",
    "guardrails",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-html",
    "is-json",
    "is-refusal",
    "is-sql",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "javascript",
    "latency",
    "levenshtein",
    "llm-rubric",
    "pi",
    "meteor",
    "model-graded-closedqa",
    "model-graded-factuality",
    "moderation",
    "perplexity",
    "perplexity-score",
    "python",
    "regex",
    "rouge-n",
    "ruby",
    "similar",
    "starts-with",
    "tool-call-f1",
    "skill-used",
    "trajectory:goal-success",
    "trajectory:tool-args-match",
    "trajectory:step-count",
    "trajectory:tool-sequence",
    "trajectory:tool-used",
    "trace-error-spans",
    "trace-span-count",
    "trace-span-duration",
    "agent-rubric",
];

/// Types after those above, in the same order.
const LATER_TYPES: [&str; 3] = ["search-rubric", "webhook", "word-count"];

/// The types that take the number as their threshold, and 0.75 without one (`similar` 0.8). The others ignore it.
const WITH_THRESHOLD: [&str; 13] = [
    "answer-relevance",
    "classifier",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "cost",
    "latency",
    "levenshtein",
    "perplexity-score",
    "perplexity",
    "rouge-n",
    "similar",
    "starts-with",
];

/// The types whose value keeps its blanks: lists, which are cut at their commas later, and schemas.
const RAW: [&str; 6] = ["contains-all", "contains-any", "icontains-all", "icontains-any", "contains-json", "is-json"];

/// The assertion that a trimmed, non-empty cell stands for.
pub(super) fn assertion(cell: &str) -> Map<String, Value> {
    let file = cell.strip_prefix("file://");
    let script = ["javascript:", "fn:", "eval:"].iter().find_map(|prefix| cell.strip_prefix(prefix));
    if let Some(code) = script.or(file.filter(|file| language_of(file) == Some("javascript"))) {
        return of("javascript", Some(trim(code)), None);
    }
    if let Some(rubric) = ["grade:", "llm-rubric:"].iter().find_map(|prefix| cell.strip_prefix(prefix)) {
        return of("llm-rubric", Some(rubric), None);
    }
    let python = cell.strip_prefix("python:").or(file.filter(|file| language_of(file) == Some("python")));
    if let Some(code) = python {
        return of("python", Some(trim(code)), None);
    }
    let (negation, positive) = cell.strip_prefix("not-").map_or(("", cell), |rest| ("not-", rest));
    let found = TYPES.iter().chain(&LATER_TYPES).find_map(|kind| Some((*kind, arguments(positive, kind)?)));
    let Some((kind, (number, value))) = found else { return of("equals", Some(cell), None) };
    let value = if RAW.contains(&kind) { value } else { value.map(trim) };
    let default = if kind == "similar" { 0.8 } else { 0.75 };
    let threshold = WITH_THRESHOLD.contains(&kind).then(|| number.unwrap_or(default));
    of(&format!("{negation}{kind}"), value, threshold)
}

fn of(kind: &str, value: Option<&str>, threshold: Option<f64>) -> Map<String, Value> {
    let mut assertion = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    if let Some(value) = value {
        assertion.insert("value".to_owned(), Value::from(value));
    }
    if let Some(threshold) = threshold {
        assertion.insert("threshold".to_owned(), Value::from(threshold));
    }
    assertion
}

/// What follows the type: `(number)`, then `: value`; nothing where something else does.
fn arguments<'c>(cell: &'c str, kind: &str) -> Option<(Option<f64>, Option<&'c str>)> {
    let rest = cell.strip_prefix(kind)?;
    let (number, rest) = match rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
        Some((number, rest)) => (Some(unsigned(number)?), rest),
        None => (None, rest),
    };
    if rest.is_empty() {
        return Some((number, None));
    }
    rest.strip_prefix(':').map(|value| (number, Some(value)))
}

/// Digits, perhaps with a fraction.
fn unsigned(text: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    (digits(whole) && digits(fraction)).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_an_assertion() {
        let check = |cell: &str, expect: Value| assert_eq!(Value::Object(assertion(cell)), expect, "{cell}");
        check("Paris", json!({"type": "equals", "value": "Paris"}));
        check("equals: Paris ", json!({"type": "equals", "value": "Paris"}));
        check("contains:x", json!({"type": "contains", "value": "x"}));
        check("not-contains: a: b", json!({"type": "not-contains", "value": "a: b"}));
        check("contains(5): x", json!({"type": "contains", "value": "x"}));
        check("contains-all: a, b", json!({"type": "contains-all", "value": " a, b"}));
        check("contains-any", json!({"type": "contains-any"}));
        check("is-json", json!({"type": "is-json"}));
        check("is-json: required: [b]", json!({"type": "is-json", "value": " required: [b]"}));
        check("javascript: output.length > 1 ", json!({"type": "javascript", "value": "output.length > 1"}));
        check("fn:x", json!({"type": "javascript", "value": "x"}));
        check("eval: x", json!({"type": "javascript", "value": "x"}));
        check("file://a.js", json!({"type": "javascript", "value": "a.js"}));
        check("file://a.py", json!({"type": "python", "value": "a.py"}));
        check("file://a.txt", json!({"type": "equals", "value": "file://a.txt"}));
        check("grade: is kind", json!({"type": "llm-rubric", "value": " is kind"}));
        check("levenshtein: x", json!({"type": "levenshtein", "value": "x", "threshold": 0.75}));
        check("levenshtein(3): x", json!({"type": "levenshtein", "value": "x", "threshold": 3.0}));
        check("rouge-n(0.5): x", json!({"type": "rouge-n", "value": "x", "threshold": 0.5}));
        check("bleu(0.9): x", json!({"type": "bleu", "value": "x"}));
        check("similar(0.5): x", json!({"type": "similar", "value": "x", "threshold": 0.5}));
        check("similar:cosine: x", json!({"type": "similar", "value": "cosine: x", "threshold": 0.8}));
        check("latency(100)", json!({"type": "latency", "threshold": 100.0}));
        check("cost", json!({"type": "cost", "threshold": 0.75}));
        check("word-count: 3", json!({"type": "word-count", "value": "3"}));
        check("trajectory:tool-used: x", json!({"type": "trajectory:tool-used", "value": "x"}));
        for text in [
            "Contains: x",
            "foo: bar",
            "x(5)",
            "levenshtein(-1): x",
            "levenshtein(1.): x",
            "assert-set: x",
            "contains x",
            "not-",
            "not-not-contains: x",
            "contains-foo: x",
            "human: x",
            "select-best: x",
            "max-score",
            "rouge-l: x",
        ] {
            check(text, json!({"type": "equals", "value": text}));
        }
    }

    proptest! {
        #[test]
        fn no_cell_panics(cell in "(not-|contains|similar|latency|[a-z(:)0-9.é-]){0,8}") {
            let found = assertion(&cell);
            prop_assert!(found.contains_key("type"));
        }
    }
}
