//! Where the parts of a config come from.

use serde_json::{Value, json};

use super::{assertions, prompts, rows, suite};
use crate::interop::promptfoo::{AskKind, Code, Given, NoteKind, ProviderEntry};

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
    let names: Vec<&str> = suite.providers.iter().map(ProviderEntry::name).collect();
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
        [(NoteKind::Unsupported, "targets[1].delay"), (NoteKind::Unknown, "targets[2].anthropic:messages:c.lable"),]
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
