//! Whole configs: files go in, a suite or a refusal comes out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::super::{AskKind, AssertionEntry, Code, Given, Means, NoteKind, Process, Refused, Suite};
use super::read;

/// A folder with these files, the first of them the config.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Fills in `{{ env.X }}` and `{{ env.X | upper }}`.
fn render(text: &str, env: &BTreeMap<String, String>) -> Result<String, String> {
    let inner = text.trim_start_matches("{{").trim_end_matches("}}").trim();
    let (name, filter) = inner.split_once('|').unwrap_or((inner, ""));
    let name = name.trim().trim_start_matches("env").trim_matches(['.', '[', ']', '\'']);
    let value = env.get(name).cloned().unwrap_or_default();
    match filter.trim() {
        "" => Ok(value),
        "upper" => Ok(value.to_uppercase()),
        other => Err(format!("There is no filter `{other}`.")),
    }
}

fn environment(name: &str) -> Option<String> {
    assert!(["HOST", "MISSING", "KEY"].contains(&name), "asked for {name}");
    (name != "MISSING").then(|| format!("{}-value", name.to_lowercase()))
}

fn read_folder(folder: &Path, roots: Vec<PathBuf>) -> Result<Suite, Refused> {
    read_with(folder, roots, Process::Read(&environment))
}

fn read_with(folder: &Path, roots: Vec<PathBuf>, environment: Process<'_>) -> Result<Suite, Refused> {
    let transform = |code: &Code, vars: &Map<String, Value>| match code {
        Code::Inline(text) if text == "count" => {
            Ok(Map::from_iter([("n".to_owned(), json!(vars.len())), ("a".to_owned(), json!(["x", "y"]))]))
        }
        other => Err(format!("{other:?}")),
    };
    read(folder, &Means { roots, render: &render, environment, transform_vars: Some(&transform) })
}

fn suite(files: &[(&str, &str)]) -> Suite {
    let folder = folder(files);
    read_folder(folder.path(), Vec::new()).unwrap_or_else(|refused| panic!("{files:?}: {refused}"))
}

/// A config with one prompt, `echo`, and the rest.
fn config(rest: &str) -> Suite {
    suite(&[("promptfooconfig.yaml", &format!("prompts: [p]\nproviders: [echo]\n{rest}"))])
}

fn refusal(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    match read_folder(folder.path(), Vec::new()) {
        Err(Refused::Invalid { message, at }) => {
            let name = at.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("{name}:{}:{}: {message}", at.line, at.column)
        }
        other => panic!("{files:?}: {other:?}"),
    }
}

/// `0.1 {"a":1}`: the repeat, then the variables.
fn rows(suite: &Suite) -> Vec<String> {
    let numbered: Vec<usize> = suite.rows.iter().map(|row| row.test_idx).collect();
    assert_eq!(numbered, (0..suite.rows.len()).collect::<Vec<_>>());
    suite.rows.iter().map(|row| format!("{} {}", row.repeat_index, Value::Object(Map::clone(&row.vars)))).collect()
}

fn prompts(suite: &Suite) -> Vec<(String, String)> {
    let shown = suite.folder.display().to_string();
    suite.prompts.iter().map(|prompt| (prompt.label.replace(&shown, "DIR"), prompt.raw.clone())).collect()
}

fn assertions(suite: &Suite, row: usize) -> Vec<String> {
    let shown = |one: &AssertionEntry| {
        let given = match &one.given {
            Given::Absent => "-".to_owned(),
            Given::Written(value) => value.to_string(),
            other => format!("{other:?}"),
        };
        format!("{}{} {given}", if one.not { "not-" } else { "" }, one.type_name)
    };
    suite.rows[row].case.assertions.iter().map(|one| shown(one)).collect()
}

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
fn providers_come_in_many_forms() {
    let suite = suite(&[
        (
            "promptfooconfig.yaml",
            "
prompts: [p]
targets:
  - file://more.yaml
  - {id: 'openai:chat:gpt', label: L, config: {temperature: 0, apiBaseUrl: 'https://api.example.com/v1'}, transform: 'output.x', delay: 5}
  - {'anthropic:messages:c': {config: {max_tokens: 9}, lable: x}}
  - 'python:p.py'
  - {id: http, config: {url: 'http://127.0.0.1:8080/x'}}
",
        ),
        ("more.yaml", "- {id: echo, label: one}\n- {id: echo, label: two}\n"),
    ]);
    let names: Vec<&str> = suite.providers.iter().map(super::super::ProviderEntry::name).collect();
    assert_eq!(names, ["one", "two", "L", "anthropic:messages:c", "python:p.py", "http"]);
    assert_eq!(suite.providers[3].config["max_tokens"], 9);
    assert_eq!(suite.providers[2].delay_ms, Some(5.0));
    let origins: Vec<&str> =
        suite.asks.iter().filter(|ask| ask.kind == AskKind::Origin).map(|ask| ask.subject.as_str()).collect();
    assert_eq!(origins, ["https://api.example.com"]);
    let scripts: Vec<usize> =
        suite.asks.iter().filter(|ask| ask.kind == AskKind::Script).map(|ask| ask.at.line).collect();
    assert_eq!(scripts, [5]);
    let notes: Vec<(NoteKind, &str)> = suite.notes.iter().map(|note| (note.kind, note.path.as_str())).collect();
    assert_eq!(
        notes,
        [
            (NoteKind::Unsupported, "targets[1].delay"),
            (NoteKind::Unknown, "targets[2].anthropic:messages:c.lable"),
            (NoteKind::Unsupported, "targets[3]"),
        ]
    );
}

#[test]
fn prompts_come_from_texts_files_and_patterns() {
    let check = |prompts_value: &str, files: &[(&str, &str)], expect: &[(&str, &str)]| {
        let config = format!("prompts: {prompts_value}\nproviders: [echo]");
        let files: Vec<(&str, &str)> =
            std::iter::once(("promptfooconfig.yaml", config.as_str())).chain(files.iter().copied()).collect();
        let expect: Vec<(String, String)> =
            expect.iter().map(|(label, raw)| ((*label).to_owned(), (*raw).to_owned())).collect();
        assert_eq!(prompts(&suite(&files)), expect, "{prompts_value}");
    };
    check("one", &[], &[("one", "one")]);
    check(
        "[a, b, a, {raw: a, label: L}, {raw: a, label: L}, {id: q, raw: z}]",
        &[],
        &[("a", "a"), ("b", "b"), ("L", "a"), ("L", "a"), ("z", "z")],
    );
    check("{x: X, file://p.txt: P}", &[("p.txt", "t")], &[("X", "x"), ("P: DIR/p.txt: t", "t")]);
    check(
        "[file://p.txt, file://./p.txt]",
        &[("p.txt", " a\r\nb \n --- \n\n---\nc\n")],
        &[("DIR/p.txt: a\nb", "a\nb"), ("DIR/p.txt: c", "c")],
    );
    check(
        "[p.md, p.j2]",
        &[("p.md", "# T\n---\n"), ("p.j2", "{{x}}\n")],
        &[("DIR/p.md: # T\n---\n...", "# T\n---\n"), ("DIR/p.j2: {{x}}\n...", "{{x}}\n")],
    );
    check(
        "[p.json]",
        &[("p.json", "[ {\"b\": 1.0, \"f\": \"file://t.txt\"} ]"), ("t.txt", "text\n")],
        &[("DIR/p.json: [{\"b\":1,\"f\":\"text\\n\"}]", "[{\"b\":1,\"f\":\"text\\n\"}]")],
    );
    check("[p.json]", &[("p.json", "[{{x}}]")], &[("DIR/p.json: [{{x}}]", "[{{x}}]")]);
    check(
        "[{id: p.yaml, label: Y}]",
        &[("p.yaml", "- {role: user, n: 017, d: 2024-01-01}")],
        &[("Y", "[{\"role\":\"user\",\"n\":17,\"d\":\"2024-01-01T00:00:00.000Z\"}]")],
    );
    check(
        "[p.jsonl, q.jsonl]",
        &[("p.jsonl", "[1]\n\n[2]\r\n"), ("q.jsonl", "[3]")],
        &[("DIR/p.jsonl: [1]", "[1]"), ("DIR/p.jsonl: [2]", "[2]"), ("DIR/q.jsonl", "[3]")],
    );
    check(
        "[p.csv, q.csv]",
        &[("p.csv", "prompt,label\n\"a, b\",L\n\nc,\n"), ("q.csv", "Prompt\none\n two\n")],
        &[("L", "a, b"), ("Prompt 2 - c", "c"), ("Prompt 1 - one", "one"), ("Prompt 2 -  two", " two")],
    );
    let many = [("p/10.txt", "10"), ("p/2.txt", "2"), ("p/x.txt", "x"), ("p/.h.txt", "h"), ("p/s/y.txt", "y")];
    check("['p/*.txt']", &many, &[("DIR/p/x.txt: x", "x"), ("DIR/p/2.txt: 2", "2"), ("DIR/p/10.txt: 10", "10")]);
    check(
        "['p/**/*.txt']",
        &many,
        &[("DIR/p/x.txt: x", "x"), ("DIR/p/2.txt: 2", "2"), ("DIR/p/10.txt: 10", "10"), ("DIR/p/s/y.txt: y", "y")],
    );
    check(
        "[{id: 'p/?.txt', label: L}]",
        &many,
        &[("L: p/x.txt: DIR/p/x.txt: x", "x"), ("L: p/2.txt: DIR/p/2.txt: 2", "2")],
    );
    check(
        "['star * {{v}}', 'has / slash', \"a\\n---\\nb\"]",
        &[],
        &[("star * {{v}}", "star * {{v}}"), ("has / slash", "has / slash"), ("a\n---\nb", "a\n---\nb")],
    );
}

#[test]
fn tests_come_from_files_of_each_kind() {
    let check = |tests: &str, files: &[(&str, &str)], expect: &[(&str, Option<&str>)]| {
        let config = format!("prompts: [p]\nproviders: [echo]\ntests: {tests}");
        let files: Vec<(&str, &str)> =
            std::iter::once(("promptfooconfig.yaml", config.as_str())).chain(files.iter().copied()).collect();
        let suite = suite(&files);
        let found: Vec<(String, Option<String>)> = rows(&suite)
            .into_iter()
            .zip(&suite.rows)
            .map(|(row, entry)| (row, entry.case.description.clone()))
            .collect();
        let expect: Vec<(String, Option<String>)> =
            expect.iter().map(|(row, text)| (format!("0 {row}"), text.map(str::to_owned))).collect();
        assert_eq!(found, expect, "{tests}");
    };
    let csv = [("t.csv", "q, __description\n1,first\n 2 ,\n")];
    let of_csv = [(r#"{"q":"1"}"#, Some("first")), (r#"{"q":" 2 "}"#, Some("Row #2"))];
    check("file://t.csv", &csv, &of_csv);
    check("[t.csv]", &csv, &of_csv);
    check("{path: file://t.csv}", &csv, &of_csv);
    let json = [("t.json", r#"[{"vars": {"q": 5.0}}, {"description": "d", "vars": {"q": ["a", "b"]}}]"#)];
    check("t.json", &json, &[(r#"{"q":5}"#, Some("Row #1")), (r#"{"q":"a"}"#, Some("d")), (r#"{"q":"b"}"#, Some("d"))]);
    check("[file://t.json]", &json, &[(r#"{"q":5}"#, None), (r#"{"q":"a"}"#, Some("d")), (r#"{"q":"b"}"#, Some("d"))]);
    check("t.json", &[("t.json", "{\"vars\": {\"q\": 1}}")], &[(r#"{"q":1}"#, Some("Row #1"))]);
    let lines = [("t.jsonl", "{\"vars\": {\"q\": 1}, \"description\": \"d\"}\n\n{\"vars\": {\"q\": 2}}\r\n")];
    check("t.jsonl", &lines, &[(r#"{"q":1}"#, Some("Row #1")), (r#"{"q":2}"#, Some("Row #2"))]);
    check("['t.jsonl']", &lines, &[(r#"{"q":1}"#, Some("d")), (r#"{"q":2}"#, None)]);
    let yaml = [("t.yaml", "- &a {vars: {q: yes}}\n- *a\n- {$ref: '#/0', description: r}")];
    let of_yaml = [(r#"{"q":"yes"}"#, None), (r#"{"q":"yes"}"#, None), (r#"{"q":"yes"}"#, Some("r"))];
    check("t.yaml", &yaml, &of_yaml);
    check("['t.y*ml', {vars: {q: 1}}]", &yaml, &[of_yaml[0], of_yaml[1], of_yaml[2], (r#"{"q":1}"#, None)]);
    let several = [("t/a.yaml", "[{vars: {q: a}}]"), ("t/b.json", "{\"vars\": {\"q\": \"b\"}}")];
    check("['t/*.{json,yaml}']", &several, &[(r#"{"q":"b"}"#, None), (r#"{"q":"a"}"#, None)]);
}

#[test]
fn variables_come_from_files_next_to_their_tests() {
    let suite = suite(&[
        (
            "promptfooconfig.yaml",
            "prompts: [p]\nproviders: [echo]\ntests: [{vars: v.yaml}, {vars: [v.yaml, 'file://w.json']}, 'sub/t.yaml']",
        ),
        ("v.yaml", "a: 1\nb: file://t.txt"),
        ("w.json", "{\"b\": 2}"),
        ("t.txt", "text "),
        ("sub/t.yaml", "vars: own.yaml"),
        ("sub/own.yaml", "c: sub"),
    ]);
    assert_eq!(rows(&suite), [r#"0 {"a":1,"b":"text "}"#, r#"0 {"a":1,"b":2}"#, r#"0 {"c":"sub"}"#]);
}

#[test]
fn a_variable_that_is_a_file_has_its_text() {
    let suite = suite(&[
        (
            "promptfooconfig.yaml",
            "prompts: [p]\nproviders: [echo]\ntests: [{vars: {d: 'file://d/*', q: [x, y]}}, {vars: {d: ['file://d/a.txt', 'file://no.txt']}}]",
        ),
        ("d/a.txt", "\n alpha\n"),
        ("d/b.yaml", "k: [1.0, .inf]\nd: 2024-01-01"),
        ("d/c.json", "{ \"k\": 1.0 }\n"),
        ("d/p.png", "png"),
    ]);
    assert_eq!(
        rows(&suite)[..3],
        [
            r#"0 {"d":"file://d/p.png","q":"x"}"#,
            r#"0 {"d":"file://d/p.png","q":"y"}"#,
            r#"0 {"d":"file://d/c.json","q":"x"}"#,
        ]
    );
    let seen = |row: usize| suite.rows[row].seen()["d"].as_str().unwrap().to_owned();
    assert_eq!(seen(0), "data:image/png;base64,cG5n");
    assert_eq!(seen(2), "{ \"k\": 1.0 }");
    assert_eq!(seen(4), r#"{"k":[1,null],"d":"2024-01-01T00:00:00.000Z"}"#);
    assert_eq!(seen(6), "alpha");
    assert_eq!(seen(8), "alpha");
    assert!(suite.rows[9].vars_error.as_deref().unwrap().contains("There is no file"));
}

#[test]
fn csv_columns_say_what_a_row_expects() {
    let suite = suite(&[
        ("promptfooconfig.yaml", "prompts: [p]\nproviders: [echo]\ntests: t.csv"),
        (
            "t.csv",
            "q,__expected,__expected2,__prefix,__suffix,__metric,__threshold,__providerOutput,__metadata:t,__metadata:l[],__config:__expected2:threshold,_prefix\n\
             a,contains: x,,P,S,m,0.5,out,topic,\"x, y\\,z\",3,u\n\
             b, ,levenshtein: y,,,,bad,,,,0.1x,u\n",
        ),
    ]);
    assert_eq!(rows(&suite), [r#"0 {"q":"a","_prefix":"u"}"#, r#"0 {"q":"b","_prefix":"u"}"#]);
    let case = &suite.rows[0].case;
    assert_eq!(assertions(&suite, 0), [r#"contains "x""#]);
    assert_eq!((case.options.prefix.as_str(), case.options.suffix.as_str()), ("P", "S"));
    assert_eq!((case.threshold, &case.provider_output), (Some(0.5), &Some(json!("out"))));
    assert_eq!(case.assertions[0].metric.as_deref(), Some("m"));
    assert_eq!(Value::Object(case.metadata.clone()), json!({"t": "topic", "l": ["x", "y,z"]}));
    let case = &suite.rows[1].case;
    assert_eq!((case.threshold, case.provider_output.is_none()), (None, true));
    // The second column's number is for a second assertion, and the row has one.
    assert_eq!(case.assertions[0].threshold, Some(0.75));
    let warned: Vec<&str> = suite.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(warned, ["The column `_prefix` is a variable. Special columns begin with two underscores."]);
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
fn assertions_keep_their_templates_and_load_their_files() {
    let suite = suite(&[
        (
            "promptfooconfig.yaml",
            "
prompts: [p]
providers: [echo]
tests:
  - assert:
      - {type: not-contains, value: '{{x}}', weight: 2, metric: '{{m}}', extra: 1}
      - {type: is-json, value: file://s.json}
      - {type: equals, value: file://t.txt}
      - {type: contains-any, value: [a, file://t.txt]}
      - {type: equals, value: file://missing.json}
      - {type: equals, value: file://t.md}
      - {type: javascript, value: 'file://check.js:fn'}
      - {type: python, value: file://check.py}
      - {type: equals, value: null}
      - {type: assert-set, threshold: 0.5, assert: [{type: contains, value: x}, {type: is-xml}]}
      - {type: javascript, value: output.length > 1, transform: output.x}
",
        ),
        ("s.json", "{\"type\": \"object\"}"),
        ("t.txt", " text\n"),
        ("t.md", "x"),
        ("check.js", "module.exports = 1"),
    ]);
    let entries = &suite.rows[0].case.assertions;
    assert_eq!(Value::Object(entries[0].others.clone()), json!({"extra": 1}));
    let given = |index: usize| &entries[index].given;
    assert_eq!((entries[0].not, entries[0].weight, entries[0].metric.as_deref()), (true, Some(2.0), Some("{{m}}")));
    assert_eq!(*given(0), Given::Written(json!("{{x}}")));
    assert_eq!(*given(1), Given::Loaded(json!({"type": "object"})));
    assert_eq!(*given(2), Given::Loaded(json!("text")));
    assert_eq!(*given(3), Given::Items(vec![Given::Written(json!("a")), Given::Loaded(json!("text"))]));
    assert!(matches!(given(4), Given::Unreadable(why) if why.contains("There is no file")));
    assert!(matches!(given(5), Given::Unreadable(why) if why.contains("no file of values")));
    let Given::Code(Code::File { export, source, .. }) = given(6) else { panic!("{:?}", given(6)) };
    assert_eq!((export.as_deref(), &**source), (Some("fn"), "module.exports = 1"));
    assert!(matches!(given(7), Given::Code(Code::Foreign { language, .. }) if language == "python"));
    assert_eq!(*given(8), Given::Written(Value::Null));
    assert_eq!(entries[9].children.len(), 2);
    assert_eq!(entries[9].children[1].at.line, 15);
    let scripts = suite.asks.iter().filter(|ask| ask.kind == AskKind::Script).count();
    assert_eq!(scripts, 3);
    let notes: Vec<(&str, usize)> = suite.notes.iter().map(|note| (note.path.as_str(), note.at.line)).collect();
    assert_eq!(notes, [("tests[0].assert[0].extra", 6), ("tests[0].assert[7].value", 13)]);
}

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

#[test]
fn references_are_followed_inside_the_folder() {
    let suite = suite(&[
        (
            "promptfooconfig.yaml",
            "
prompts: [p]
providers:
  - {id: echo, config: {tools: [{function: {name: f, parameters: {$ref: '#/definitions/x'}}}]}}
templates: {a: {type: contains, value: x}, b: {$ref: '#/templates/a'}}
tests:
  - assert: [{$ref: '#/templates/b', value: mine}, {$ref: 'defs.yaml#/list/0'}]
",
        ),
        ("defs.yaml", "list: [{type: equals, value: {$ref: '#/other'}}]\nother: o"),
    ]);
    assert_eq!(assertions(&suite, 0), [r#"contains "mine""#, r#"equals "o""#]);
    let parameters = &suite.providers[0].config["tools"][0]["function"]["parameters"];
    assert_eq!(*parameters, json!({"$ref": "#/definitions/x"}));
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
fn what_promptfoo_refuses_is_refused_with_its_place() {
    let check = |rest: &str, expect: &str| {
        let message = refusal(&[("promptfooconfig.yaml", &format!("prompts: [p]\nproviders: [echo]\n{rest}"))]);
        assert!(message.contains(expect), "{rest}: {message}");
    };
    check("tests: [{assert: [{value: x}]}]", "promptfooconfig.yaml:3:19: The assertion has no `type`");
    check("tests: [{assert: [x]}]", "An assertion must be a mapping");
    check("tests: [{assert: {type: contains}}]", "must be a list");
    check("defaultTest: {assert: [x]}", "An assertion must be a mapping");
    check("tests: [{assert: [{type: assert-set}]}]", "needs `assert`");
    check("tests: [{assert: [{type: assert-set, assert: [{type: assert-set, assert: []}]}]}]", "cannot stand inside");
    check(
        "tests: [{assert: [{type: equals, threshold: '0.5'}]}]",
        "3:34: The `threshold` of an assertion must be a number",
    );
    check("tests: [{assert: [{type: equals, metric: 5}]}]", "must be a text");
    check("tests: [{description: only}]", "A test must have one of");
    check("tests: [5]", "A test must be a mapping");
    check("tests: [{vars: {a: 1}, providers: [nope]}]", "There is no provider `nope`");
    check("tests: [{vars: {a: 1}, providers: echo}]", "must be a list");
    check("tests: [{vars: {a: 1}, prompts: [nope]}]", "There is no prompt `nope`");
    check("defaultTest: {providers: [nope]}", "There is no provider `nope`");
    check("tests: [{vars: {a: 'file://no/*.txt'}}]", "No file matches `no/*.txt`");
    check("tests: file://missing.csv", "There is no file");
    check("tests: 'https://docs.google.com/spreadsheets/x'", "not fetched");
    check("scenarios: [{tests: [{vars: {a: 1}}]}]", "needs `config`");
    check("scenarios: [{config: [{}]}]", "needs `tests`");
    check("scenarios: ['file://missing.yaml']", "There is no file");
    check("defaultTest: file://missing.yaml", "There is no file");
    check("tests: [{vars: {a: 1}}]\ntests: []", "4:1: The key `tests` is there twice");
    check("x: {$ref: '#/nowhere'}", "leads nowhere");
    check("x: {$ref: '#/x'}", "leads back to itself");
    let whole = |text: &str, expect: &str| {
        let message = refusal(&[("promptfooconfig.yaml", text)]);
        assert!(message.contains(expect), "{text}: {message}");
    };
    whole("prompts: []\nproviders: [echo]", "at least one prompt");
    whole("prompts: ['']\nproviders: [echo]", "at least one prompt");
    whole("prompts: [file://missing.txt]\nproviders: [echo]", "1:11: There is no file");
    whole("prompts: [prompts/missing.txt]\nproviders: [echo]", "There is no file");
    whole("prompts: [{raw: x}]\nproviders: [echo]", "A prompt needs");
    whole("prompts: [5]\nproviders: [echo]", "A prompt must be");
    whole("prompts: [p]", "at least one provider");
    whole("prompts: [p]\nproviders: []", "at least one provider");
    whole("prompts: [p]\nproviders: [5]", "A provider must be");
    whole("[1]", "must be a mapping");
    whole("a: [", "promptfooconfig.yaml:");
    let csv = |text: &str, expect: &str| {
        let message =
            refusal(&[("promptfooconfig.yaml", "prompts: [p]\nproviders: [echo]\ntests: t.csv"), ("t.csv", text)]);
        assert!(message.contains(expect), "{text}: {message}");
    };
    csv("q,__config:__expected:bogus\nx,1", "t.csv:2:1: The column `__config:__expected:bogus` sets `bogus`");
    csv("q,__config:__expected:threshold\nx,", "must be a number");
    csv("q,__config:__expectedX:threshold\nx,1", "must name `__expected`");
    csv("q,r\nx", "Line 2 has 1 cells");
}

#[test]
fn what_would_take_more_memory_than_there_is_is_refused_before_it_does() {
    let megabyte = "x".repeat(1 << 20);
    let check = |text: &str, expect: &str| {
        let text = format!("prompts: [p]\nproviders: [echo]\n{text}");
        let message = refusal(&[("promptfooconfig.yaml", &text), ("doc.txt", &megabyte)]);
        assert!(message.contains(expect), "{}: {message}", &text[..text.len().min(200)]);
    };
    check(&format!("tests: '{}x.yaml'", "{a,b}".repeat(800)), "more than 1000 alternatives");
    check(&format!("tests: '{}x.yaml'", "**/".repeat(20_000)), "longer than 4096 bytes");
    check(&format!("big: {megabyte}\nlist: [{}]", "{$ref: '#/big'}, ".repeat(100)), "more of the config");
    check(&format!("big: {{{megabyte}: 1}}\nlist: [{}]", "{$ref: '#/big'}, ".repeat(100)), "more of the config");
    let many = "{vars: {q: x}}, ".repeat(600);
    check(&format!("defaultTest: {{vars: {{doc: 'file://doc.txt'}}}}\ntests: [{many}]"), "more than 512 MB");
    check(&format!("defaultTest: {{vars: {{doc: {megabyte}}}}}\ntests: [{many}]"), "more than 512 MB");
    check(&format!("tests: [{{vars: {{doc: {megabyte}}}, options: {{repeat: 600}}}}]"), "more than 512 MB");
    let list = "x, ".repeat(1000);
    check(&format!("tests: [{{vars: {{doc: {megabyte}, a: [{list}], b: [{list}]}}}}]"), "more than 512 MB");
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

#[test]
fn a_folder_must_hold_a_config_that_can_be_read() {
    let check = |files: &[(&str, &str)], expect: &str| {
        let message = refusal(files);
        assert!(message.contains(expect), "{message}");
    };
    check(&[("x.yaml", "")], "holds no `promptfooconfig.yaml`");
    check(&[("promptfooconfig.js", "")], "is a program");
    let json = suite(&[("promptfooconfig.json", "{\"prompts\": [\"p\"], \"providers\": [\"echo\"]}")]);
    assert_eq!(json.prompts.len(), 1);
}

#[test]
fn files_outside_the_folder_need_a_grant() {
    let outer = folder(&[
        (
            "config/promptfooconfig.yaml",
            "prompts: [file://../p.txt]\nproviders: [echo]\ntests: [../t.csv, {vars: {a: 'file://../v.txt'}, assert: [{type: equals, value: 'file://../e.txt'}]}]",
        ),
        ("p.txt", "prompt"),
        ("t.csv", "q\n1\n"),
        ("v.txt", "v"),
        ("e.txt", "e"),
    ]);
    let config = outer.path().join("config");
    let Err(Refused::NeedsTrust(asks)) = read_folder(&config, Vec::new()) else { panic!("not refused") };
    let names: Vec<String> =
        asks.iter().map(|ask| Path::new(&ask.subject).file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["p.txt", "t.csv", "v.txt", "e.txt"]);
    let granted = read_folder(&config, vec![outer.path().to_owned()]).unwrap();
    let mut files: Vec<&str> =
        granted.asks.iter().filter(|ask| ask.kind == AskKind::File).map(|ask| &*ask.subject).collect();
    files.sort_unstable();
    let real = outer.path().canonicalize().unwrap();
    assert_eq!(files, ["e.txt", "p.txt", "t.csv", "v.txt"].map(|name| real.join(name).display().to_string()));
    assert_eq!(granted.rows.len(), 2);
    assert_eq!(granted.rows[1].seen()["a"], "v");
    let some = read_folder(&config, vec![outer.path().join("p.txt"), outer.path().join("t.csv")]).unwrap();
    assert!(some.rows[1].vars_error.as_deref().unwrap().contains("needs trust"));
    assert_eq!(some.asks.iter().filter(|ask| ask.kind == AskKind::File).count(), 4);
}

#[test]
fn a_refusal_for_files_tells_of_all_else_that_is_asked_for() {
    let outer = folder(&[
        (
            "config/promptfooconfig.yaml",
            "prompts: [file://../p.txt]\nproviders: [{id: openai:m, config: {apiBaseUrl: 'https://h.example/v1'}}]\ndefaultTest: {options: {transform: output.trim()}}\ntests: [{vars: {i: 'file://../i.png'}}]",
        ),
        ("p.txt", "prompt"),
        ("i.png", "x"),
    ]);
    let config = outer.path().join("config");
    let Err(Refused::NeedsTrust(asks)) = read_folder(&config, Vec::new()) else { panic!("not refused") };
    let kinds: Vec<AskKind> = asks.iter().map(|ask| ask.kind).collect();
    for kind in [AskKind::File, AskKind::Script, AskKind::Origin] {
        assert!(kinds.contains(&kind), "{kind:?} is not among {asks:?}");
    }
    let granted = read_folder(&config, vec![outer.path().to_owned()]).unwrap();
    assert!(granted.asks.iter().any(|ask| ask.subject.ends_with("i.png")), "{:?}", granted.asks);
}

#[test]
fn code_that_is_run_on_responses_is_asked_for() {
    let scripts = |config: &str| {
        let text = format!("prompts: [p]\nproviders: [{{id: 'http://127.0.0.1:9/a', config: {config}}}]");
        let asks = suite(&[("promptfooconfig.yaml", &text)]).asks;
        asks.iter().filter(|ask| ask.kind == AskKind::Script).count()
    };
    assert_eq!(scripts("{body: {}, transformResponse: 'json.a.trim()'}"), 1);
    assert_eq!(scripts("{body: {}, responseParser: 'json.a || text'}"), 1);
    assert_eq!(scripts("{body: {}, transformResponse: 'json.a[0]'}"), 0);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_outside() {
    let outer =
        folder(&[("config/promptfooconfig.yaml", "prompts: [file://p.txt]\nproviders: [echo]"), ("secret", "s")]);
    std::os::unix::fs::symlink(outer.path().join("secret"), outer.path().join("config/p.txt")).unwrap();
    assert!(matches!(read_folder(&outer.path().join("config"), Vec::new()), Err(Refused::NeedsTrust(_))));
    let granted = read_folder(&outer.path().join("config"), vec![outer.path().to_owned()]).unwrap();
    assert!(granted.asks.iter().any(|ask| ask.subject.ends_with("secret")), "where it leads: {:?}", granted.asks);
}

#[test]
fn unknown_keys_and_features_are_told_with_their_places() {
    let suite = config(
        "promts: x\nredteam: {plugins: []}\nevaluateOptions: {maxConcurency: 2}\ntests: [{vars: {a: 1}, asert: []}]",
    );
    let notes: Vec<(NoteKind, &str, usize)> =
        suite.notes.iter().map(|note| (note.kind, note.path.as_str(), note.at.line)).collect();
    assert_eq!(
        notes,
        [
            (NoteKind::Unknown, "promts", 3),
            (NoteKind::Unsupported, "redteam", 4),
            (NoteKind::Unknown, "tests[0].asert", 6),
            (NoteKind::Unknown, "evaluateOptions.maxConcurency", 5),
        ]
    );
    assert!(suite.notes[2].text.contains("Did you mean `assert`?"));
    assert!(suite.text.contains("promts: x"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_config_panics(text in "(prompts|providers|tests|vars|assert|type|scenarios|config|defaultTest|options|repeat|env|\\$ref|file://|echo|[a-c0-9]|[-:?,\\[\\]{}#&*!|>'\"/. \n]|: |\n  |\n- ){0,60}") {
        let text = format!("prompts: [p]\nproviders: [echo]\n{text}");
        let folder = folder(&[("promptfooconfig.yaml", text.as_str())]);
        let _ = read_folder(folder.path(), Vec::new());
    }
}
