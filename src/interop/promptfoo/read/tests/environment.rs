//! What a config sees of the environment.

use serde_json::{Value, json};

use super::{config, folder, read_with, rows, suite};
use crate::interop::promptfoo::{AskKind, Process};

#[test]
fn the_environment_is_filled_in_and_keys_are_not() {
    let read = suite(&[(
        "promptfooconfig.yaml",
        "
env: {OWN: own, BASE: '{{ env.HOST }}/v1', N: 5}
prompts: ['{{env.OWN}} {{x}} {{ env.MISSING }} {{ env.OWN | upper }} {{ env.OWN | nope }}']
providers:
  - {id: echo, label: '{{ env.HOST }}', config: {a: '{{ env.OWN }}', apiKey: '{{ env.KEY }}'}}
tests: [{vars: {u: \"{{ env.BASE }}{{ env['N'] }}\", 'k{{env.OWN}}': '{{ myenv.x }}'}}]
",
    )]);
    assert_eq!(read.prompts[0].raw, "own {{x}} {{ env.MISSING }} OWN {{ env.OWN | nope }}");
    let provider = &read.providers[0];
    assert_eq!(provider.name(), "host-value");
    assert_eq!(Value::Object(provider.config.clone()), json!({"a": "own", "apiKey": "{{ env.KEY }}"}));
    assert_eq!(rows(&read), [r#"0 {"u":"host-value/v15","k{{env.OWN}}":"{{ myenv.x }}"}"#]);
    assert_eq!(read.env.get("OWN").map(String::as_str), Some("own"));
    assert_eq!(read.env.get("KEY"), None);
    let named = |text: &str| {
        let files = [("promptfooconfig.yaml", "prompts: [p]\nproviders: [echo]\ntests: t.csv"), ("t.csv", text)];
        suite(&files).env.get("HOST").cloned()
    };
    assert_eq!(named("q\n{{ env.HOST }}\n").as_deref(), Some("host-value"));
    assert_eq!(named("q\n{{ HOST }}\n"), None);
    assert_eq!(named("q\nprocess.env.HOST\n"), None);
}

/// A config that would have the process's `KEY` in every place, under names of its own.
const GREEDY: &str = "
env: {MINE: '{{ env.KEY }}', UPPER: '{{ env.KEY | upper }}', PLAIN: plain}
prompts: ['{{ env.MINE }} {{ env.KEY }}']
providers:
  - id: openai:chat:m
    config: {apiKey: '{{ env.MINE }}', organization: '{{ env.UPPER }}', user: '{{ env.MINE | upper }}', a: '{{env.PLAIN}}'}
  - {id: 'https://h.example/{{ env.KEY }}', label: h}
defaultTest:
  options: {provider: {id: openai:chat:g, config: {apiKey: '{{ env.KEY }}', headers: {X: '{{ env.MINE }}'}}}}
tests:
  - vars: {v: '{{ env.KEY }}'}
    assert: [{type: llm-rubric, value: x, provider: {text: {id: openai:chat:g, config: {apiKey: '{{ env.MINE }}'}}}}]
";

#[test]
fn a_name_of_its_own_does_not_turn_a_key_of_the_process_into_one_of_the_config() {
    let read = suite(&[("promptfooconfig.yaml", GREEDY)]);
    let config = json!({
        "apiKey": "{{ env.KEY }}",
        "organization": "{{ env.KEY | upper }}",
        "user": "{{ env.MINE | upper }}",
        "a": "plain",
    });
    assert_eq!(Value::Object(read.providers[0].config.clone()), config);
    let case = &read.rows[0].case;
    let grader =
        json!({"id": "openai:chat:g", "config": {"apiKey": "{{ env.KEY }}", "headers": {"X": "{{ env.KEY }}"}}});
    assert_eq!(case.options.grader.as_ref(), Some(&grader));
    let of_assertion = case.assertions[0].provider.as_ref().unwrap();
    assert_eq!(of_assertion["text"]["config"]["apiKey"], "{{ env.KEY }}");
}

#[test]
fn what_is_read_of_the_environment_is_asked_for_with_its_place() {
    let read = suite(&[("promptfooconfig.yaml", GREEDY)]);
    let asks: Vec<(&str, usize)> = read
        .asks
        .iter()
        .filter(|ask| ask.kind == AskKind::Environment)
        .map(|ask| (ask.subject.as_str(), ask.at.line))
        .collect();
    assert_eq!(asks, [("KEY", 2)]);
    let nothing = config("env: {OWN: x}\ntests: [{vars: {v: '{{ env.OWN }} process.env.KEY'}}]");
    assert!(nothing.asks.is_empty(), "{:?}", nothing.asks);
    assert!(nothing.env.is_empty(), "{:?}", nothing.env);
}

#[test]
fn without_a_grant_the_environment_is_not_read() {
    let folder = folder(&[("promptfooconfig.yaml", GREEDY)]);
    for process in [Process::Empty, Process::Kept] {
        let read = read_with(folder.path(), Vec::new(), process).unwrap();
        assert_eq!(read.prompts[0].raw, "{{ env.KEY }} {{ env.KEY }}");
        assert_eq!(read.rows[0].seen()["v"], "{{ env.KEY }}");
        assert_eq!(read.providers[1].id, "https://h.example/{{ env.KEY }}");
        assert!(!format!("{read:?}").contains("key-value"));
        assert!(read.asks.iter().any(|ask| ask.kind == AskKind::Environment && ask.subject == "KEY"));
    }
}

#[test]
fn what_the_process_must_give_stays_as_it_is_written_where_it_is_kept() {
    let text = "
env: {OWN: own, MINE: '{{ env.KEY }}'}
prompts: ['{{ env.OWN | upper }} {{ env.KEY | upper }} {{ env.MINE | upper }} {{ env.MINE }}']
providers: [echo]
";
    let folder = folder(&[("promptfooconfig.yaml", text)]);
    let read = |process| read_with(folder.path(), Vec::new(), process).unwrap().prompts[0].raw.clone();
    assert_eq!(read(Process::Kept), "OWN {{ env.KEY | upper }} {{ env.MINE | upper }} {{ env.KEY }}");
    assert_eq!(read(Process::Empty), "OWN  {{ ENV.KEY }} {{ env.KEY }}");
}
