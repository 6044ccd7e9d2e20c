//! What a config gets of the environment: nothing, unless the user says so; and then it is told.

use std::fs;
use std::time::Duration;

use super::{json, with_config};
use crate::desk::{CANARY, Desk, KEY, files_below, slow_server};

/// Asks for the key of the desk in every place that is not a provider's.
const GREEDY: &str = "
env: {MINE: '{{ env.LOOPBACK_KEY }}', OWN: o}
prompts: ['{% if env.OWN %}{{ q }}{% endif %} {{ env.MINE }} {{ env.LOOPBACK_KEY }}']
providers: [{id: echo, label: 'l {{ env.LOOPBACK_KEY }}'}]
tests: [{vars: {q: '{{ env.MINE }}'}, assert: [{type: contains, value: 'o'}]}]
";

/// The files that hold the key.
fn with_key(desk: &Desk) -> Vec<String> {
    let holds = |bytes: Vec<u8>| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    let files = files_below(desk.path()).into_iter().filter(|file| holds(fs::read(file).unwrap()));
    files.map(|file| file.display().to_string()).collect()
}

#[test]
fn without_trust_nothing_of_it_is_read() {
    let desk = with_config(GREEDY);
    let ran = desk.strata(&["eval", "c", "-o", "out.json"]);
    assert!(ran.err.contains(KEY) && ran.err.contains("--trust"), "{}", ran.err);
    assert!(!ran.out.contains(CANARY) && !ran.err.contains(CANARY), "{}{}", ran.out, ran.err);
    assert_eq!(with_key(&desk), Vec::<String>::new());
    let row = &json(&desk.path().join("out.json"))["results"][0];
    assert_eq!(row["vars"], serde_json::json!({"q": "{{ env.LOOPBACK_KEY }}"}));
}

#[test]
fn with_trust_it_is_read_and_told() {
    let desk = with_config(GREEDY);
    let ran = desk.strata(&["eval", "c", "-o", "out.json", "--trust"]);
    assert!(ran.err.contains(&format!("read the variable {KEY} of the environment")), "{}", ran.err);
    let row = &json(&desk.path().join("out.json"))["results"][0];
    assert_eq!(row["output"], format!("{CANARY} {CANARY} {CANARY}"));
    assert_eq!(row["vars"], serde_json::json!({"q": CANARY}));
}

#[test]
fn an_import_writes_nothing_of_it() {
    let desk = with_config(GREEDY);
    let ran = desk.strata(&["import", "c/promptfooconfig.yaml", "w", "--trust"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(with_key(&desk), Vec::<String>::new());
    assert!(format!("{}{}", ran.out, ran.err).contains(KEY), "{}{}", ran.out, ran.err);
}

#[test]
fn what_is_read_as_empty_is_told_and_no_provider_is_asked_for_an_empty_name() {
    let server = slow_server(Duration::ZERO);
    let address = format!("config: {{apiBaseUrl: '{}/v1'}}", server.url());
    let of_text = "prompts: ['Hi {{ env.LOOPBACK_KEY }}{{ q }}']\ntests: [{vars: {q: x}}]\n";
    let errors = |providers: &str| {
        let desk = with_config(&format!("{of_text}providers: [{providers}]"));
        let ran = desk.strata(&["eval", "c", "-o", "out.json"]);
        assert_eq!(ran.code, Some(3), "{}{}", ran.out, ran.err);
        assert_eq!(server.requests(), 0, "{providers}");
        ran.err
    };
    for name in ["{{ env.MODEL }}", "{{ env.MODEL | upper }}"] {
        let told = errors(&format!("{{id: 'openai:chat:{name}', {address}}}"));
        let why = "asks for a variable of the environment that has no value here. Set it and grant it with --trust";
        assert!(told.contains(&format!("Its id `openai:chat:{name}` {why}")), "{told}");
        assert!(told.contains("Nobody here can ask"), "{told}");
        assert!(told.contains(&format!("Not granted, and so read as empty: the variable {KEY} of the env")), "{told}");
    }
    let setting = format!("config: {{apiBaseUrl: '{}/v1', passthrough: {{tag: '{{{{ env.TAG }}}}'}}}}", server.url());
    let told = errors(&format!("{{id: 'openai:chat:m', {setting}}}"));
    assert!(told.contains("Its setting `tag` asks for a variable of the environment"), "{told}");
    // A text is read as empty, and a default is a value.
    let desk = with_config(&format!(
        "{of_text}providers: [{{id: 'openai:chat:{{{{ env.MODEL | default(\"m\") }}}}', {address}}}]"
    ));
    let ran = desk.strata(&["eval", "c", "-o", "out.json"]);
    assert_eq!((ran.code, server.requests()), (Some(0), 1), "{}{}", ran.out, ran.err);
}

#[test]
fn a_variable_that_no_test_gives_is_told_with_the_prompt_that_prints_it() {
    let told = |prompts: &str, tests: &str| {
        let desk = with_config(&format!("prompts: [{prompts}]\nproviders: [echo]\n{tests}"));
        let ran = desk.strata(&["eval", "c", "-o", "out.json"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        let told = ran.err.lines().filter(|line| line.contains("No test gives the variable"));
        (
            told.map(str::to_owned).collect::<Vec<_>>(),
            json(&desk.path().join("out.json"))["results"][0]["output"].clone(),
        )
    };
    let (lines, output) = told("'Hello {{nam}}!'", "tests: [{vars: {name: Ann}}]");
    assert_eq!(output, "Hello !");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let text =
        "prompts[0]: No test gives the variable `nam`, so that nothing is printed in its place. Did you mean `name`?";
    assert!(lines[0].ends_with(text) && lines[0].contains("promptfooconfig.yaml:1:"), "{lines:?}");
    let nothing =
        |prompts: &str, tests: &str| assert_eq!(told(prompts, tests).0, Vec::<String>::new(), "{prompts} {tests}");
    nothing("'Hello {{name}}!'", "tests: [{vars: {name: Ann}}, {vars: {}}]");
    nothing("'Hello {{name}}!'", "defaultTest: {vars: {name: Ann}}\ntests: [{vars: {q: 1}}]");
    nothing("'{% if nam %}{{nam}}{% endif %} {{ nam2 | default(1) }}'", "tests: [{vars: {name: Ann}}]");
    nothing("'{{ kept }}'", "tests: [{options: {storeOutputAs: kept}}]");
}
