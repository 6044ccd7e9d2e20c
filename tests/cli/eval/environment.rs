//! What a config gets of the environment: nothing, unless the user says so; and then it is told.

use std::fs;

use super::{json, with_config};
use crate::desk::{CANARY, Desk, KEY, files_below};

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
