//! Whole files of evals.

use serde_json::{Value, json};

use super::{definition, registry, results, samples};
use crate::domain::{Case, Check, CheckKind, Content, Source as Rows};
use crate::interop::formats::reading::Read;
use crate::interop::formats::shown::shown;
use crate::interop::formats::source::Source;
use crate::interop::imported::Imported;

const NONE: Read = &|_| Err("There is no file.".to_owned());

fn lines(rows: &[Value]) -> String {
    rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

fn source<'t>(name: &'t str, text: &'t str) -> Source<'t> {
    Source::new(name, text).unwrap()
}

fn cases(imported: &Imported) -> Vec<Case> {
    match &imported.datasets.values().next().unwrap().source {
        Rows::Cases(cases) => cases.clone(),
        Rows::File(file) => panic!("{file}"),
    }
}

fn checks(imported: &Imported) -> Vec<Check> {
    imported.experiments.values().next().unwrap().checks.clone()
}

fn layers(imported: &Imported) -> Vec<String> {
    let layers = imported.prompts.values().next().unwrap().layers.iter();
    let layer = layers.map(|layer| match &layer.content {
        Content::Text(text) => format!("{}: {}", layer.role().word(), text.text),
        Content::History(history) => format!("<{}>", history.variable),
        other => other.kind().to_owned(),
    });
    layer.collect()
}

fn sample(system: &str, user: &str, ideal: &Value) -> Value {
    json!({"input": [{"role": "system", "content": system}, {"role": "user", "content": user}], "ideal": ideal})
}

#[test]
fn what_is_the_same_in_all_samples_is_the_prompt() {
    let text = lines(&[
        sample("Say Y or N. {x}", "as", &json!("Y")),
        sample("Say Y or N. {x}", "blorp", &json!(["N"])),
        json!({"nothing": 1}),
    ]);
    let imported = samples(source("data/words/samples.jsonl", &text)).unwrap();
    assert_eq!(layers(&imported), ["system: Say Y or N. {x}", "user: {{ input }}"]);
    let cases = cases(&imported);
    assert_eq!(Value::Object(cases[1].vars.clone()), json!({"input": "blorp"}));
    assert_eq!(Value::Object(cases[1].expected.clone()), json!({"ideal": "N"}));
    let check = CheckKind::StartsWith { value: "{{ expected.ideal }}".to_owned(), ignore_case: false };
    assert_eq!(checks(&imported), [Check::new(check)]);
    insta::assert_snapshot!(shown(&imported));
}

#[test]
fn samples_of_other_forms() {
    let check = |rows: &[Value], expect: &[&str]| {
        let text = lines(rows);
        assert_eq!(layers(&samples(source("s.jsonl", &text)).unwrap()), expect);
    };
    check(&[json!({"input": "2+2=", "ideal": "4"})], &["user: {{ input }}"]);
    check(
        &[sample("A", "x", &json!("1")), sample("B", "y", &json!("2"))],
        &["system: {{ system }}", "user: {{ user }}"],
    );
    check(&[sample("A", "x", &json!("1"))], &["system: A", "user: {{ input }}"]);
    let few_shot = json!({"input": [{"role": "system", "content": "a"}, {"role": "system", "name": "example_user", "content": "b"},
        {"role": "user", "content": "c"}], "ideal": "d"});
    check(&[few_shot], &["<messages>"]);
}

#[test]
fn a_registry_file_tells_the_grading() {
    let yaml = "words:\n  id: words.dev.v0\n  metrics: [accuracy]\nwords.dev.v0:\n  class: evals.elsuite.basic.includes:Includes\n  \
                args:\n    samples_jsonl: words/samples.jsonl\n    ignore_case: true\n    num_few_shot: 2\njson.v0:\n  class: \
                evals.elsuite.basic.json_match:JsonMatch\n  args:\n    samples_jsonl: json.jsonl\ngraded.v0:\n  class: \
                evals.elsuite.modelgraded.classify:ModelBasedClassify\n  args:\n    samples_jsonl: words/samples.jsonl\n    \
                modelgraded_spec: fact\nown.v0:\n  class: evals.mine:Mine\n  args:\n    samples_jsonl: words/samples.jsonl\n\
                away.v0:\n  class: evals.elsuite.basic.match:Match\n  args:\n    samples_jsonl: https://x.org/s.jsonl\n";
    let words = lines(&[json!({"input": "Capital?", "ideal": ["Rome", "Roma {{x}}"]})]);
    let json = lines(&[json!({"input": "JSON?", "ideal": ["{\"a\": 1}", "{\"a\": 2}"]})]);
    let fact = "prompt: |-\n  [Question]: {input}\n  [Expert]: {ideal}\n  [Submission]: {completion}\nchoice_strings: AB\n\
                choice_scores:\n  A: 1.0\n  B: 0.0\n";
    let read = |path: &str| match path {
        "../data/words/samples.jsonl" => Ok(words.clone()),
        "json.jsonl" => Ok(json.clone()),
        "../modelgraded/fact.yaml" => Ok(fact.to_owned()),
        _ => Err("There is no such file.".to_owned()),
    };
    insta::assert_snapshot!(shown(&registry(source("registry/evals/words.yaml", yaml), &read).unwrap()));
}

#[test]
fn results_are_cases_with_their_answers() {
    let text = lines(&[
        json!({"run_id": "r", "data_source_idx": 0, "item": {"q": "Why?", "ref": "So"}, "sample": {"outputs": [{"role":
            "assistant", "content": "So."}], "finish_reason": "stop"}, "grades": {"match": 1.0}, "passes": {"match": true}}),
        json!({"run_id": "r", "item": {"q": "How?"}, "sample": {"outputs": [], "error": {"message": "timeout"}}, "grades": {}}),
        json!({"run_id": "r"}),
    ]);
    insta::assert_snapshot!(shown(&results(source("results.jsonl", &text)).unwrap()));
}

#[test]
fn a_definition_has_checks() {
    let text = format!(
        "{:#}",
        json!({
            "name": "Tickets",
            "data_source_config": {"type": "custom", "item_schema": {"type": "object", "properties": {"ticket": {}, "label": {}}}},
            "testing_criteria": [
                {"type": "string_check", "name": "exact", "input": "{{ sample.output_text }}", "reference": "{{item.label}}",
                    "operation": "eq"},
                {"type": "string_check", "name": "no", "input": "{{sample.output_json.a.b}}", "reference": "x", "operation": "ne"},
                {"type": "string_check", "name": "has", "input": "{{sample.output_text}}", "reference": "{ok}", "operation": "ilike"},
                {"type": "string_check", "name": "odd", "input": "{{item.label}}", "reference": "x", "operation": "like"},
                {"type": "text_similarity", "name": "near", "input": "{{sample.output_text}}", "reference": "{{item.label}}",
                    "evaluation_metric": "bleu", "pass_threshold": 0.4},
                {"type": "text_similarity", "name": "fuzzy", "input": "{{sample.output_text}}", "reference": "x",
                    "evaluation_metric": "fuzzy_match", "pass_threshold": 0.4},
                {"type": "label_model", "name": "tone", "model": "gpt-5-mini", "labels": ["good", "bad"], "passing_labels": ["good"],
                    "input": [{"role": "user", "content": "Rate {{sample.output_text}} for {{item.ticket}}"}]},
                {"type": "score_model", "name": "score", "model": "gpt-5-mini", "range": [0, 10], "pass_threshold": 7,
                    "input": [{"role": "user", "content": {"type": "input_text", "text": "Rate it."}}]},
                {"type": "python", "name": "code", "source": "def grade(): pass"},
                {"type": "odd"},
            ],
            "data_source": {
                "type": "completions", "model": "gpt-5", "sampling_params": {"temperature": 0.3, "max_completion_tokens": 50},
                "input_messages": {"type": "template", "template": [
                    {"role": "developer", "content": "Sort it."}, {"role": "user", "content": "{{item.ticket}}"}]},
                "source": {"type": "file_content", "content": [{"item": {"ticket": "It broke", "label": "defect"}}]},
            },
            "more": 1,
        })
    );
    insta::assert_snapshot!(shown(&definition(source("tickets.json", &text), NONE).unwrap()));
}

#[test]
fn a_definition_finds_the_data_beside_it() {
    let text = json!({"testing_criteria": [{"type": "string_check", "name": "same", "input": "{{item.answer}}",
        "reference": "{{item.label}}", "operation": "eq"}],
        "data_source_config": {"type": "custom", "item_schema": {"properties": {"answer": {}, "label": {}}}}})
    .to_string();
    let data = lines(&[json!({"item": {"answer": "a", "label": "b"}})]);
    let read = |path: &str| if path == "e.jsonl" { Ok(data.clone()) } else { Err(String::new()) };
    let imported = definition(source("e.json", &text), &read).unwrap();
    assert_eq!(cases(&imported)[0].options.given, Some(json!("a")));
    assert_eq!(checks(&imported)[0].kind, CheckKind::Equals { value: "{{ label }}".to_owned(), ignore_case: false });
    assert_eq!(layers(&imported), ["user: answer: {{ answer }}\nlabel: {{ label }}\n"]);
}

#[test]
fn what_is_no_eval_is_refused() {
    let told = |result: Result<Imported, crate::interop::formats::ImportError>| result.unwrap_err().to_string();
    assert!(told(definition(source("e.json", "{}"), NONE)).contains("no list `testing_criteria`"));
    assert!(told(samples(source("s.jsonl", "{\"a\": 1}"))).contains("No line has an `input`"));
    assert!(told(results(source("r.jsonl", "{\"a\": 1}"))).contains("No line has an `item`"));
    assert!(told(registry(source("r.yaml", "a: 1"), NONE)).contains("No eval of this file has a class"));
}
