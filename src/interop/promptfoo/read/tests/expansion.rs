//! Which columns and rows there are.

use serde_json::{Value, json};

use super::{assertions, config, prompts, refusal, rows, suite};
use crate::interop::promptfoo::Code;

#[test]
fn lists_of_texts_expand_and_the_first_variable_varies_slowest() {
    let check = |vars: &str, expect: &[&str]| {
        assert_eq!(rows(&config(&format!("tests: [{{vars: {vars}}}]"))), expect, "{vars}");
    };
    check(
        "{a: [x, y], b: ['1', '2']}",
        &[r#"0 {"a":"x","b":"1"}"#, r#"0 {"a":"x","b":"2"}"#, r#"0 {"a":"y","b":"1"}"#, r#"0 {"a":"y","b":"2"}"#],
    );
    check("{a: [s, 1, null]}", &[r#"0 {"a":"s"}"#, r#"0 {"a":1}"#, r#"0 {"a":null}"#]);
    check("{a: [1, s]}", &[r#"0 {"a":[1,"s"]}"#]);
    check("{a: [], b: [[x]], c: [{k: 1}], d: [null, x]}", &[r#"0 {"a":[],"b":[["x"]],"c":[{"k":1}],"d":[null,"x"]}"#]);
    check("{b: x, '2': y, '1': z}", &[r#"0 {"1":"z","2":"y","b":"x"}"#]);
    check("{a: dup}", &[r#"0 {"a":"dup"}"#]);
    let whole = config("tests: [{vars: {a: [x, y]}, options: {disableVarExpansion: true}}]");
    assert_eq!(rows(&whole), [r#"0 {"a":["x","y"]}"#]);
}

#[test]
fn repeats_are_outside_of_combinations() {
    let check = |rest: &str, expect: &[&str]| assert_eq!(rows(&config(rest)), expect, "{rest}");
    let two = [r#"0 {"a":"x"}"#, r#"0 {"a":"y"}"#, r#"1 {"a":"x"}"#, r#"1 {"a":"y"}"#];
    check("evaluateOptions: {repeat: 2}\ntests: [{vars: {a: [x, y]}}]", &two);
    check("commandLineOptions: {repeat: 2}\nevaluateOptions: {repeat: 9}\ntests: [{vars: {a: [x, y]}}]", &two);
    check("tests: [{vars: {a: [x, y]}, options: {repeat: 2}}]", &two);
    check("defaultTest: {options: {repeat: 2}}\ntests: [{vars: {a: [x, y]}}]", &two);
    check("evaluateOptions: {repeat: 0}\ntests: [{vars: {a: x}, options: {repeat: -1}}]", &[r#"0 {"a":"x"}"#]);
    check(
        "evaluateOptions: {repeat: 2}\ntests: [{vars: {a: x}, options: {repeat: 1.5}}]",
        &[r#"0 {"a":"x"}"#, r#"1 {"a":"x"}"#],
    );
}

#[test]
fn the_defaults_are_merged_into_each_test() {
    let suite = config(
        "
defaultTest:
  vars: {a: 1, o: {x: 1, y: 2}}
  assert: [{type: contains, value: d}]
  options: {prefix: '<', suffix: '>', transform: up, temperature: 1}
  metadata: {m: 1}
  threshold: 0.5
tests:
  - vars: {z: 0, o: {x: 5}}
    assert: [{type: equals, value: t}]
    options: {prefix: '', suffix: '!', storeOutputAs: reg}
    metadata: {m: 2, k: 3}
  - {vars: {a: 2}, threshold: 0, options: {disableDefaultAsserts: true}, providerOutput: given}
  - {vars: {}, threshold: null, providerOutput: ''}
",
    );
    let case = |row: usize| &*suite.rows[row].case;
    assert_eq!(rows(&suite)[0], r#"0 {"a":1,"o":{"x":5},"z":0}"#);
    assert_eq!(assertions(&suite, 0), [r#"contains "d""#, r#"equals "t""#]);
    let options = &case(0).options;
    assert_eq!((options.prefix.as_str(), options.suffix.as_str()), ("<", "!"));
    assert_eq!(options.store_output_as.as_deref(), Some("reg"));
    assert_eq!(options.transform, Some(Code::Inline("up".to_owned())));
    assert_eq!(options.all["temperature"], 1);
    assert_eq!(Value::Object(case(0).metadata.clone()), json!({"m": 2, "k": 3}));
    let thresholds: Vec<Option<f64>> = (0..3).map(|row| case(row).threshold).collect();
    assert_eq!(thresholds, [Some(0.5), Some(0.0), Some(0.5)]);
    assert!(assertions(&suite, 1).is_empty());
    assert_eq!(case(1).provider_output, Some(json!("given")));
    assert_eq!(case(2).provider_output, None);
    assert!(suite.settings.sequential);
}

#[test]
fn the_defaults_may_stand_in_a_file() {
    for reference in ["file://d.yaml", "d.yaml"] {
        let suite = suite(&[
            ("promptfooconfig.yaml", &format!("prompts: [p]\nproviders: [echo]\ndefaultTest: {reference}")),
            ("d.yaml", "vars: v.yaml\nassert: [{type: is-json}]"),
            ("v.yaml", "a: 1"),
        ]);
        assert_eq!(rows(&suite), [r#"0 {"a":1}"#]);
        assert_eq!(assertions(&suite, 0), ["is-json -"]);
    }
}

#[test]
fn without_tests_there_is_one_and_without_prompts_too() {
    let suite = suite(&[("promptfooconfig.yaml", "providers: echo")]);
    assert_eq!(rows(&suite), ["0 {}"]);
    assert_eq!(prompts(&suite), [("{{prompt}}".to_owned(), "{{prompt}}".to_owned())]);
    assert_eq!(rows(&config("tests: []")), ["0 {}"]);
    assert_eq!(rows(&config("tests: 'file://nothing.yaml'")), ["0 {}"]);
    assert_eq!(rows(&config("scenarios: [{config: [], tests: [{vars: {a: 1}}]}]")), [""; 0]);
}

#[test]
fn columns_are_providers_by_prompts_and_tests_choose_among_them() {
    let suite = suite(&[(
        "promptfooconfig.yaml",
        "
prompts: [{raw: X, label: 'g:x'}, {raw: Y, label: y, id: yid}]
providers: [{id: echo, label: fast-1}, {id: echo, label: slow, prompts: [g]}, {'openai:gpt': {prompts: [yid]}}]
defaultTest: {providers: ['fast*']}
tests:
  - vars: {v: 1}
  - {vars: {v: 1}, providers: [slow, openai]}
  - {vars: {v: 1}, prompts: []}
  - {vars: {v: 1}, providers: []}
  - {vars: {v: 1}, providers: ['*'], prompts: [y]}
",
    )]);
    let columns: Vec<(&str, &str)> = suite
        .columns
        .iter()
        .map(|column| (suite.providers[column.provider].name(), suite.prompts[column.prompt].raw.as_str()))
        .collect();
    assert_eq!(columns, [("fast-1", "X"), ("fast-1", "Y"), ("slow", "X"), ("openai:gpt", "Y")]);
    let chosen: Vec<&[usize]> = suite.rows.iter().map(|row| &*row.columns).collect();
    assert_eq!(chosen, [&[0, 1][..], &[2, 3], &[], &[], &[1, 3]]);
}

#[test]
fn providers_of_one_id_share_the_last_selection() {
    let suite = suite(&[(
        "promptfooconfig.yaml",
        "prompts: [a, b]\nproviders: [echo, {id: echo, prompts: [a]}, {id: echo, label: l, prompts: [b]}, echo]",
    )]);
    let columns: Vec<(usize, usize)> = suite.columns.iter().map(|column| (column.provider, column.prompt)).collect();
    assert_eq!(columns, [(0, 1), (1, 1), (2, 1)]);
}

#[test]
fn scenarios_are_settings_by_tests() {
    let suite = suite(&[
        (
            "promptfooconfig.yaml",
            "
prompts: [p]
providers: [echo]
defaultTest: {vars: {d: 0, x: 0}, assert: [{type: contains, value: d}], options: {prefix: D, suffix: D}}
tests: [{vars: {q: first}}]
scenarios:
  - file://s.yaml
  - {description: more, config: [{description: c}], tests: file://t.yaml}
",
        ),
        (
            "s.yaml",
            "
config:
  - {vars: {x: 1}, assert: [{type: contains, value: c}], options: {prefix: C}, metadata: {k: c}}
  - {vars: {x: 2, q: over}}
tests:
  - {vars: {q: [a, b]}, assert: [{type: contains, value: t}], options: {suffix: T}, metadata: {conversationId: own}}
",
        ),
        ("t.yaml", "- {vars: {q: z}}"),
    ]);
    assert_eq!(
        rows(&suite),
        [
            r#"0 {"d":0,"x":0,"q":"first"}"#,
            r#"0 {"d":0,"x":1,"q":"a"}"#,
            r#"0 {"d":0,"x":1,"q":"b"}"#,
            r#"0 {"d":0,"x":2,"q":"a"}"#,
            r#"0 {"d":0,"x":2,"q":"b"}"#,
            r#"0 {"d":0,"x":0,"q":"z"}"#,
        ]
    );
    assert_eq!(assertions(&suite, 1), [r#"contains "d""#, r#"contains "c""#, r#"contains "t""#]);
    let options = &suite.rows[1].case.options;
    assert_eq!((options.prefix.as_str(), options.suffix.as_str()), ("C", "T"));
    assert_eq!(suite.rows[1].case.metadata["conversationId"], "own");
    let lines: Vec<usize> = suite.rows[1].case.assertions.iter().map(|one| one.at.line).collect();
    assert_eq!(lines, [4, 3, 6]);
    assert_eq!(suite.rows[5].case.metadata["conversationId"], "__scenario_2__");
    assert_eq!(suite.rows[5].case.description.as_deref(), Some("c"));
}

#[test]
fn transform_vars_comes_before_the_expansion() {
    let suite = config("tests: [{vars: {b: 1}, options: {transformVars: count}}]");
    assert_eq!(rows(&suite), [r#"0 {"b":1,"n":1,"a":"x"}"#, r#"0 {"b":1,"n":1,"a":"y"}"#]);
    let message = refusal(&[(
        "promptfooconfig.yaml",
        "prompts: [p]\nproviders: [echo]\ntests: [{vars: {b: 1}, options: {transformVars: other}}]",
    )]);
    assert!(message.contains("`transformVars` failed"), "{message}");
}

#[test]
fn rows_share_the_texts_of_the_files_that_they_name() {
    let suite = suite(&[
        (
            "promptfooconfig.yaml",
            "prompts: [p]\nproviders: [echo]\ndefaultTest: {vars: {doc: 'file://doc.txt'}}\n\
             tests: [{vars: {q: x}}, {vars: {q: y}, options: {repeat: 2}}, {vars: {doc: own}}]",
        ),
        ("doc.txt", "text"),
    ]);
    let texts: Vec<_> = suite.rows.iter().flat_map(|row| row.loaded.iter()).map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 3);
    assert!(texts.iter().all(|text| std::sync::Arc::ptr_eq(text, texts[0])));
    let seen: Vec<String> = suite.rows.iter().map(|row| row.seen()["doc"].to_string()).collect();
    assert_eq!(seen, [r#""text""#, r#""text""#, r#""text""#, r#""own""#]);
}
