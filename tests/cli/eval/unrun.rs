//! Code of languages that are not run: what it would have decided is an error and never a verdict.

use std::time::Duration;

use serde_json::Value;

use super::{INLINE, eval, json, put, with_config};
use crate::desk::slow_server;

fn rows(desk: &crate::desk::Desk) -> Vec<Value> {
    json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone()
}

fn error(row: &Value) -> &str {
    assert_eq!(row["error"], true, "{row}");
    row["reason"].as_str().unwrap_or_default()
}

#[test]
fn a_providers_transform_in_python_makes_its_trials_errors_and_asks_nobody() {
    let server = slow_server(Duration::ZERO);
    let ask = |label: &str, transform: &str| {
        format!(
            "  - id: openai:chat:loopback-1\n    label: {label}\n    config: {{apiBaseUrl: '{}/v1', apiKey: {INLINE}}}\n{transform}",
            server.url()
        )
    };
    let (foreign, plain) = (ask("python", "    transform: file://t.py\n"), ask("plain", ""));
    let desk = with_config(&format!(
        "prompts: ['{{{{q}}}}']\nproviders:\n{foreign}{plain}tests:\n  - vars: {{q: a}}\n    assert: [{{type: contains, value: Four}}]\n"
    ));
    put(&desk, "t.py", "def get_transform(output, context): return 'Five'");
    let ran = eval(&desk, &["-o", "out.json", "--no-cache"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let rows = rows(&desk);
    assert!(error(&rows[0]).contains("python, which is never run"), "{}", rows[0]);
    assert_eq!((&rows[1]["pass"], server.requests()), (&Value::Bool(true), 1), "{}", rows[1]);
}

#[test]
fn a_scoring_function_in_python_makes_its_rows_errors() {
    let desk = with_config(
        "prompts: ['{{q}}']\nproviders: [echo]\ntests:\n  \
         - {vars: {q: a}, assert: [{type: equals, value: a}], assertScoringFunction: 'file://score.py'}\n  \
         - {vars: {q: b}, assert: [{type: equals, value: b}]}\n",
    );
    put(&desk, "score.py", "def get_score(scores, context): return {'pass': False}");
    let ran = eval(&desk, &["-o", "out.json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let rows = rows(&desk);
    assert!(error(&rows[0]).contains("python, which is never run"), "{}", rows[0]);
    assert_eq!(rows[1]["pass"], true);
}
