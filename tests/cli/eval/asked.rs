//! Whom an evaluation asks: providers that have a test which is really run, and no other.

use std::time::Duration;

use super::{eval, json, with_config};
use crate::desk::{Desk, slow_server};
use crate::support::Server;

const VENDOR: &str = "openai:chat:gpt-5";

/// `echo`, a vendor whose key is nowhere, and a program.
fn three(tests: &str) -> String {
    format!(
        "prompts: ['{{{{w}}}}']\nproviders:\n  - echo\n  - {VENDOR}\n  - {{id: 'exec:run.sh', label: program, \
         transform: 'output + 1'}}\ntests:\n{tests}"
    )
}

#[test]
fn one_provider_needs_nothing_of_the_others() {
    let desk = with_config(&three("  - {vars: {w: tea}, assert: [{type: equals, value: tea}]}\n"));
    let ran = eval(&desk, &["--provider", "echo", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let results = json(&desk.path().join("out.json"));
    let rows = results["results"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["promptIdx"], &rows[0]["pass"]), (1, &0.into(), &true.into()), "{results}");
    let refused = eval(&desk, &[]);
    assert!(refused.code == Some(2) && refused.err.contains("OPENAI_API_KEY"), "{}", refused.err);
}

#[test]
fn tests_that_give_the_answer_ask_nobody() {
    let desk = with_config(&three("  - {vars: {w: x}, providerOutput: tea, assert: [{type: equals, value: tea}]}\n"));
    let ran = eval(&desk, &["-o", "out.json", "--provider", VENDOR]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(json(&desk.path().join("out.json"))["results"][0]["pass"], true);
}

#[test]
fn what_nobody_can_ask_errs_and_the_others_run() {
    let config = "prompts: ['{{w}}']\nproviders: ['exec:run.sh', echo]\ntests:\n  - {vars: {w: tea}}\n  - {vars: {w: x}, \
                  providerOutput: said}\n";
    let desk = with_config(config);
    let ran = eval(&desk, &["-o", "out.json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let results = json(&desk.path().join("out.json"));
    let rows = results["results"].as_array().unwrap();
    let errors: Vec<bool> = rows.iter().map(|row| row["error"].as_bool().unwrap()).collect();
    assert_eq!(errors, [true, false, false, false], "{results}");
    assert!(rows[0]["reason"].as_str().unwrap().contains("Bind it to a model"), "{results}");
    assert_eq!((&rows[1]["output"], &rows[2]["output"]), (&"tea".into(), &"said".into()));
}

#[test]
fn a_provider_that_nobody_can_ask_is_told_once_and_a_prompt_without_text_too() {
    let told = |prompts: &str| {
        let config =
            format!("prompts: {prompts}\nproviders: ['exec:run.sh', echo]\ntests:\n  - {{vars: {{w: tea}}}}\n");
        let desk = with_config(&config);
        (eval(&desk, &["--provider", "echo"]), eval(&desk, &[]))
    };
    let (ran, whole) = told("['{{w}}', '']");
    assert_eq!((whole.code, whole.err.matches(" is not supported").count()), (Some(3), 1), "{}", whole.err);
    // One that is left out is nobody's concern.
    assert_eq!((ran.code, ran.err.matches(" is not supported").count()), (Some(0), 0), "{}", ran.err);
    assert!(ran.err.contains("promptfooconfig.yaml:1:20: prompts[1]: The prompt is empty"), "{}", ran.err);
    for prompts in ["['{{w}}', ]", "['{{w}}']"] {
        assert!(!told(prompts).0.err.contains("empty"), "{prompts}");
    }
    let (refused, _) = told("['{{w}}', null]");
    assert!(refused.code == Some(2) && refused.err.contains(":1:20: This entry is empty"), "{}", refused.err);
}

/// Who can edit the experiment binds the model first: until then nothing is sent.
#[test]
fn a_project_with_a_model_that_nobody_can_ask_is_refused_before_anything_is_sent() {
    let server = slow_server(Duration::ZERO);
    let desk = imported(&server, "  - {vars: {w: tea}}\n");
    let refused = desk.strata(&["run", "w"]);
    assert_eq!((refused.code, server.requests()), (Some(2), 0), "{}", refused.err);
    assert!(
        refused.err.contains("Nobody here can ask the model") && refused.err.contains("Bind it"),
        "{}",
        refused.err
    );
    let desk = imported(&server, "  - {vars: {w: tea}, providers: [asked]}\n");
    desk.trust();
    let ran = desk.strata(&["run", "w", "--trust-file", "trust.ron"]);
    assert_eq!(server.requests(), 1, "{}{}", ran.out, ran.err);
}

fn imported(server: &Server, tests: &str) -> Desk {
    let config = format!(
        "prompts: ['{{{{w}}}}']\nproviders:\n  - {{id: openai:chat:loopback-1, label: asked, config: {{apiBaseUrl: \
         '{}/v1', apiKeyRequired: false}}}}\n  - 'exec:run.sh'\ntests:\n{tests}",
        server.url()
    );
    let desk = with_config(&config);
    let ran = desk.strata(&["import", "c", "w"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    desk
}
