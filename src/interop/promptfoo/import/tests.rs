//! The report: whatever is not carried out as promptfoo does is told, with the line on which it stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Layers, Usual, import};
use crate::interop::promptfoo::{Means, Process, Refused, Suite, read};
use crate::interop::{Fidelity, ImportedPart};

/// Stands on the line that a report must name.
const MARK: &str = "# here";

fn folder(config: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let files = [
        ("promptfooconfig.yaml", config),
        ("make.js", "module.exports = () => 'x';"),
        ("make.py", "print()"),
        ("make.rb", "puts"),
        ("make.sh", "echo"),
        ("doc.pdf", "%PDF"),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn suite(folder: &Path) -> Result<Suite, Refused> {
    let render = |_: &str, _: &BTreeMap<String, String>| Ok("filled".to_owned());
    read(folder, &Means { roots: Vec::new(), render: &render, environment: Process::Empty, transform_vars: None })
}

/// What the report says that is not exact.
fn inexact(config: &str) -> Vec<ImportedPart> {
    let folder = folder(config);
    let suite = suite(folder.path()).unwrap_or_else(|refused| panic!("{config}\n{refused}"));
    let mut parts = import(&suite, Layers::ByRole, Usual::LeftOut).0.report.parts;
    parts.retain(|part| part.fidelity != Fidelity::Exact);
    parts
}

/// The config has one mark; a part of this fidelity is told on its line, with these words.
fn told(config: &str, fidelity: Fidelity, words: &str) {
    let line = config.lines().position(|line| line.contains(MARK)).unwrap() + 1;
    let parts = inexact(config);
    let fits = |part: &&ImportedPart| {
        let is_here = part.place.line.is_some_and(|at| at as usize == line);
        is_here && part.fidelity == fidelity && format!("{} {}", part.part, part.note).contains(words)
    };
    assert!(parts.iter().any(|part| fits(&part)), "{words:?} is not told on line {line} of\n{config}\n{parts:#?}");
}

const BEGIN: &str = "prompts: ['{{a}}']\nproviders: [echo]\n";

/// A part of a config beside one prompt and `echo`.
fn beside(rest: &str, fidelity: Fidelity, words: &str) {
    told(&format!("{BEGIN}{rest}\n"), fidelity, words);
}

/// An assertion of a test.
fn assertion(text: &str, fidelity: Fidelity, words: &str) {
    beside(&format!("tests:\n  - vars: {{a: x}}\n    assert:\n      - {text} {MARK}"), fidelity, words);
}

use Fidelity::{Approximated as Near, Unsupported as Not};

#[test]
fn a_plain_config_is_exact() {
    let plain = format!(
        "{BEGIN}description: d\nenv: {{A: b}}\nevaluateOptions: {{maxConcurrency: 2, cache: false, repeat: 1}}\n\
         commandLineOptions: {{verbose: true}}\ndefaultTest: {{options: {{prefix: x, disableVarExpansion: true}}}}\n\
         tests:\n  - vars: {{a: x}}\n    metadata: {{k: 1}}\n    threshold: 0.5\n    options: {{transform: output}}\n\
         \x20   assert: [{{type: contains, value: x, weight: 2, metric: m}}, {{type: javascript, value: 'true'}}]\n"
    );
    assert_eq!(inexact(&plain), []);
}

#[test]
fn assertions_that_nothing_here_runs_are_told() {
    for (kind, words) in [
        ("python", "never run"),
        ("ruby", "never run"),
        ("webhook", "Nothing but models is called"),
        ("human", "People judge"),
        ("no-such-type", "no such type"),
        ("pi", "no such type"),
        ("not-python", "never run"),
        ("trace-span-count", "no traces"),
        ("trajectory:tool-used", "no traces"),
    ] {
        assertion(&format!("{{type: '{kind}', value: x}}"), Not, words);
    }
    assertion("{type: javascript, value: file://make.py}", Not, "python");
    assertion("{type: python, value: file://make.py}", Not, "python");
    assertion("{type: equals, value: file://make.rb}", Not, "ruby");
    assertion("{type: equals, value: file://make.js}", Not, "function");
    assertion("{type: contains, value: file://nowhere.txt}", Not, "nowhere.txt");
    assertion("{type: equals, value: x, transform: file://make.py}", Not, "python");
    assertion("{type: context-recall, value: x, contextTransform: output.x}", Not, "contextTransform");
    assertion("{type: llm-rubric, value: x, provider: 'exec:judge'}", Not, "cannot be asked");
    assertion("{type: llm-rubric, value: x, provider: file://make.py}", Not, "cannot be asked");
    assertion("{type: assert-set, assert: [{type: python, value: x}]}", Not, "never run");
}

#[test]
fn assertions_that_come_near_are_told() {
    for kind in ["is-sql", "contains-sql", "meteor", "llm-rubric", "g-eval", "factuality", "similar", "select-best"] {
        assertion(&format!("{{type: {kind}, value: x}}"), Near, kind);
    }
}

#[test]
fn prompts_that_are_no_texts_are_told() {
    for (prompt, words) in [
        ("exec:make.sh", "program"),
        ("file://make.sh", "program"),
        ("file://make.py", "python"),
        ("file://make.py:name", "python"),
        ("file://make.js", "function"),
        ("langfuse://name:3:text", "services"),
        ("portkey://id", "services"),
    ] {
        told(&format!("prompts:\n  - '{prompt}' {MARK}\nproviders: [echo]\n"), Not, words);
    }
    told(
        &format!(
            "prompts:\n  - {{raw: '{{{{a}}}}', label: l, config: {{temperature: 1}}}} {MARK}\nproviders: [echo]\n"
        ),
        Not,
        "config",
    );
    told(&format!("prompts:\n  - {{raw: a, label: l, display: d}} {MARK}\nproviders: [echo]\n"), Near, "display");
    told(&format!("prompts:\n  - has / slash {MARK}\nproviders: [echo]\n"), Near, "looks like a path");
}

#[test]
fn providers_that_cannot_be_called_are_told() {
    for provider in [
        "exec:run.sh",
        "python:make.py",
        "file://make.py",
        "file://make.js",
        "golang:main.go",
        "bedrock:some.model",
        "vertex:gemini-pro",
        "webhook:https://example.com",
        "promptfoo:redteam:iterative",
        "no-such-vendor:model",
    ] {
        told(&format!("prompts: [a]\nproviders:\n  - {provider} {MARK}\n"), Not, provider);
    }
    let entry = |text: &str| format!("prompts: [a]\nproviders:\n  - {text} {MARK}\n");
    told(&entry("{id: echo, delay: 100}"), Not, "held back");
    told(&entry("{id: echo, inputs: {a: b}}"), Not, "red teaming");
    told(&entry("{id: echo, transform: file://make.py}"), Not, "python");
    told(&entry("{id: 'openai:chat:gpt-5', env: {OTHER: x}}"), Not, "environment");
    told(&entry("{id: 'openai:chat:gpt-5', config: {apiEndpoint: 'https://a.example'}}"), Not, "apiEndpoint");
    told(&entry("{id: 'bedrock:some.model', env: {OTHER: x}}"), Not, "may hold a key");
    told(&entry("{id: 'openai:chat:gpt-5', config: {apiKey: sk-1}}"), Near, "stands in the config");
}

#[test]
fn what_is_left_out_of_a_test_is_told() {
    let test = |text: &str, words: &str| beside(&format!("tests:\n  - {text} {MARK}"), Not, words);
    test("{vars: {a: x}, provider: 'openai:chat:gpt-5'}", "own provider");
    test("{vars: {a: file://make.js}}", "program");
    test("{vars: {a: file://make.py}}", "program");
    test("{vars: {a: file://doc.pdf}}", "PDF");
    test("{vars: {a: x}, options: {transform: file://make.py}}", "python");
    test("{vars: {a: x}, options: {transformVars: '({a: 1})'}}", "only where it is trusted");
    test("{vars: {a: x}, options: {transformVars: file://make.py}}", "python");
    test("{vars: {a: x}, options: {temperature: 0.5}}", "temperature");
    test("{vars: {a: x}, options: {runSerially: true}}", "side by side");
    test("{vars: {a: x}, options: {disableConversationVar: true}}", "_conversation");
    test("{vars: {a: x}, assertScoringFunction: file://make.py}", "python");
    test("file://make.py", "program");
    test("{path: file://make.js, config: {n: 1}}", "program");
    beside(
        &format!("defaultTest: {{provider: 'openai:chat:gpt-5'}}\ntests: [{{vars: {{a: x}}}}] {MARK}"),
        Not,
        "own provider",
    );
    beside(&format!("defaultTest: {{options: {{top_p: 1}}}} {MARK}\ntests: [{{vars: {{a: x}}}}]"), Not, "top_p");
}

#[test]
fn features_of_the_whole_config_are_told() {
    for (text, words) in [
        ("extensions: [file://make.py:hook]", "Hooks"),
        ("redteam: {plugins: [harmful]}", "Red teaming"),
        ("plugins: [harmful]", "Red teaming"),
        ("strategies: [jailbreak]", "Red teaming"),
        ("tracing: {enabled: true}", "Traces"),
        ("sharing: true", "shared"),
        ("outputPath: out.html", "outputPath"),
        ("tags: {team: a}", "Tags"),
        ("basePath: x", "basePath"),
        ("nunjucksFilters: {shout: ./make.js}", "Filters of one's own"),
        ("nunjucksFilters: {shout: ./make.py}", "python"),
        ("evaluateOptions: {maxEvalTimeMs: 100}", "time limit"),
        ("evaluateOptions: {filterRange: '0:3'}", "--filter"),
        ("evaluateOptions: {generateSuggestions: true}", "suggested"),
        ("commandLineOptions: {filterFirstN: 3}", "filterFirstN"),
        ("commandLineOptions: {envFile: .env}", "envFile"),
        ("commandLineOptions: {promptPrefix: x}", "promptPrefix"),
        ("commandLineOptions: {vars: more.csv}", "vars"),
        ("commandLineOptions: {grader: 'openai:gpt-5'}", "grader"),
    ] {
        beside(&format!("{text} {MARK}"), Not, words);
    }
}

#[test]
fn what_only_an_evaluation_keeps_to_is_told() {
    for (text, words) in [
        ("evaluateOptions: {delay: 100}", "pause"),
        ("commandLineOptions: {delay: 100}", "pause"),
        ("evaluateOptions: {timeoutMs: 100}", "deadline"),
    ] {
        beside(&format!("{text} {MARK}"), Near, words);
    }
}

/// In a project there is no environment, and a chat is no one text.
#[test]
fn what_prompts_and_tests_do_otherwise_in_a_project_is_told() {
    let asks = "{% if env.K %}x{% endif %}";
    told(&format!("env: {{K: v}}\nprompts:\n  - '{asks}' {MARK}\nproviders: [echo]\n"), Not, "no environment");
    beside(&format!("env: {{K: v}}\ntests:\n  - {{vars: {{a: '{asks}'}}}} {MARK}"), Not, "no environment");
    beside(&format!("env: {{K: v}}\ntests:\n  - {{vars: {{a: [x, {{b: '{asks}'}}]}}}} {MARK}"), Not, "no environment");
    let around = format!("tests:\n  - {{vars: {{a: x}}, options: {{suffix: '{asks}'}}}} {MARK}");
    beside(&format!("env: {{K: v}}\n{around}"), Not, "no environment");
    let chat = r#"'[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{a}}"}]'"#;
    let config = format!(
        "prompts: [{chat}]\nproviders: [echo]\ntests:\n  - {{vars: {{a: x}}, options: {{prefix: p}}}} {MARK}\n"
    );
    told(&config, Near, "last message");
}

#[test]
fn metrics_of_metrics_are_for_an_evaluation_alone() {
    beside(&format!("derivedMetrics: [{{name: f1, value: a * b}}] {MARK}"), Near, "f1");
}

#[test]
fn keys_that_promptfoo_does_not_know_are_told_at_every_level() {
    for text in [
        "unheard: 1",
        "evaluateOptions: {unheard: 1}",
        "commandLineOptions: {unheard: 1}",
        "defaultTest: {unheard: 1}",
        "defaultTest: {options: {unheard: 1}}",
        "defaultTest: {assert: [{type: contains, value: x, unheard: 1}]}",
        "tests: [{vars: {a: x}, unheard: 1}]",
        "tests: [{vars: {a: x}, options: {unheard: 1}}]",
        "tests: [{vars: {a: x}, assert: [{type: contains, value: x, unheard: 1}]}]",
        "tests: [{vars: {a: x}, assert: [{type: assert-set, assert: [{type: contains, value: x, unheard: 1}]}]}]",
        "scenarios: [{config: [{vars: {b: 1}}], tests: [{vars: {a: x}}], unheard: 1}]",
        "scenarios: [{config: [{vars: {b: 1}, unheard: 1}], tests: [{vars: {a: x}}]}]",
        "derivedMetrics: [{name: a, value: b, unheard: 1}]",
    ] {
        beside(&format!("{text} {MARK}"), Not, "unheard");
    }
    told(&format!("prompts: [a]\nproviders:\n  - {{id: echo, unheard: 1}} {MARK}\n"), Not, "unheard");
    told(&format!("providers: [echo]\nprompts:\n  - {{raw: a, label: b, unheard: 1}} {MARK}\n"), Not, "unheard");
    told(
        &format!("prompts: [a]\nproviders:\n  - {{id: 'openai:chat:gpt-5', config: {{unheard: 1}}}} {MARK}\n"),
        Not,
        "unheard",
    );
}

/// Without its tests or its prompts, an evaluation would say something else: these configs are refused.
#[test]
fn what_an_evaluation_cannot_be_without_is_refused_with_its_line() {
    for (rest, words) in [
        ("tests: https://docs.google.com/spreadsheets/d/abc", "CSV"),
        ("tests: huggingface://datasets/org/name", "CSV"),
        ("tests: [huggingface://datasets/org/name]", "CSV"),
        ("tests: langfuse://name", "CSV"),
        ("tests: file://cases.xlsx", "CSV"),
    ] {
        let folder = folder(&format!("{BEGIN}{rest}\n"));
        let Err(Refused::Invalid { message, at }) = suite(folder.path()) else { panic!("{rest} is not refused") };
        assert!(message.contains(words) && at.line == 3, "{rest}: {at}: {message}");
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("promptfooconfig.js"), "module.exports = {};").unwrap();
    let Err(refused) = suite(folder.path()) else { panic!("a program is not refused") };
    assert!(refused.to_string().contains("promptfooconfig.js` is a program"), "{refused}");
}
