//! What needs the user's trust.

use std::path::Path;

use super::{folder, read_folder, suite};
use crate::interop::promptfoo::{AskKind, Refused};

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
