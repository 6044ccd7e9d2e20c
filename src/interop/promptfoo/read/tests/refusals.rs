//! What is refused, and what is told.

use proptest::prelude::*;

use super::{config, folder, read_folder, refusal, suite};
use crate::interop::promptfoo::NoteKind;

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
fn an_empty_entry_among_the_prompts_is_told() {
    let of = |prompts: &str| format!("prompts: {prompts}\nproviders: [echo]\n");
    let refused = refusal(&[("promptfooconfig.yaml", &of("[p, null]"))]);
    assert!(refused.starts_with("promptfooconfig.yaml:1:14: This entry is empty"), "{refused}");
    let told = |prompts: &str| {
        let notes = suite(&[("promptfooconfig.yaml", &of(prompts))]).notes;
        notes.into_iter().map(|note| (note.kind, note.path, note.text.contains("empty"))).collect::<Vec<_>>()
    };
    for prompts in ["[p, '']", "[p, ' ']", "[p, {raw: '', label: x}]"] {
        assert_eq!(told(prompts), [(NoteKind::Warning, "prompts[1]".to_owned(), true)], "{prompts}");
    }
    assert_eq!(told("[p, q]"), []);
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
