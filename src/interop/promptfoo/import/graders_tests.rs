//! Which model is asked what, and what the report says of it.

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use super::{Layers, Usual, import};
use crate::domain::{Assertion, CheckKind, Source};
use crate::interop::promptfoo::{Means, Process, read};
use crate::interop::{Fidelity, Imported};

/// A config whose one test has this assertion and these options.
fn imported(assertion: &str, options: &str, usual: Usual) -> Imported {
    let folder = TempDir::new().unwrap();
    let config = format!(
        "prompts: ['{{{{a}}}}']\nproviders: [echo]\ntests:\n  - vars: {{a: x}}\n    options: {{{options}}}\n    \
         assert:\n      - {{{assertion}}}\n"
    );
    fs::write(folder.path().join("promptfooconfig.yaml"), config).unwrap();
    let render = |_: &str, _: &BTreeMap<String, String>| Ok(String::new());
    let means = Means { roots: Vec::new(), render: &render, environment: Process::Empty, transform_vars: None };
    import(&read(folder.path(), &means).unwrap(), Layers::Whole, usual).0
}

/// The provider's own names of the model that grades and of the one that makes vectors, `-` for none; how near the verdict
/// comes, and why.
fn graded(assertion: &str, options: &str, usual: Usual) -> (String, Fidelity, String) {
    let imported = imported(assertion, options, usual);
    let Source::Cases(cases) = &imported.datasets.values().next().unwrap().source else { panic!("a file") };
    let CheckKind::Assertion(made) = &cases[0].checks[0].kind else { panic!("{cases:?}") };
    let name = |id: &Option<_>| id.as_ref().map_or("-".to_owned(), |id| imported.models[id].model.clone());
    let Assertion { model, embedder, .. } = &**made;
    let part = imported.report.parts.iter().find(|part| part.part.starts_with("tests[0].assert")).unwrap();
    (format!("{} {}", name(model), name(embedder)), part.fidelity, part.note.clone())
}

#[track_caller]
fn check(assertion: &str, options: &str, models: &str, fidelity: Fidelity, words: &str) {
    let (asked, near, note) = graded(assertion, options, Usual::Asked);
    assert_eq!((asked.as_str(), near), (models, fidelity), "{assertion} {options}: {note}");
    assert!(note.contains(words), "{assertion} {options}: {note}");
}

use Fidelity::{Approximated as Near, Exact, Unsupported as Not};

const BY_KIND: &str = "provider: {text: 'openai:chat:gpt-5', embedding: 'openai:embedding:small', \
                       moderation: 'openai:moderation:omni-2', classification: 'huggingface:text-classification:a/b'}";

#[test]
fn each_kind_of_question_goes_to_its_own_grader() {
    check("type: llm-rubric, value: x", BY_KIND, "gpt-5 -", Near, "other words");
    check("type: similar, value: x", BY_KIND, "- small", Exact, "");
    check("type: 'similar:dot', value: x", BY_KIND, "- small", Exact, "");
    check("type: answer-relevance", BY_KIND, "gpt-5 small", Near, "other words");
    check("type: moderation", BY_KIND, "omni-2 -", Exact, "same service");
    check("type: classifier, value: x", BY_KIND, "a/b -", Exact, "same service");
    // An assertion's own stands before its test's.
    check(&format!("type: similar, value: x, {BY_KIND}"), "provider: 'openai:gpt-4'", "- small", Exact, "");
}

#[test]
fn a_grader_for_all_is_asked_what_it_can_give() {
    let words = "provider: 'openai:chat:gpt-5'";
    check("type: llm-rubric, value: x", words, "gpt-5 -", Near, "other words");
    check("type: similar, value: x", words, "- -", Near, "makes no vectors here. Letters and words");
    check("type: answer-relevance", words, "gpt-5 -", Near, "Letters and words");
    check("type: classifier, value: x", words, "- -", Not, "cannot be asked for labels here. Choose the model");
    check("type: moderation", words, "omni-moderation-latest -", Near, "OpenAI's is asked");
    let vectors = "provider: {id: 'ollama:embeddings:nomic', config: {apiBaseUrl: 'http://127.0.0.1:9'}}";
    check("type: similar, value: x", vectors, "- nomic", Exact, "");
}

#[test]
fn without_a_grader_the_report_says_what_is_done_instead() {
    check("type: llm-rubric, value: x", "", "- -", Near, "Choose the model that grades");
    check("type: similar, value: x", "", "- -", Near, "Letters and words");
    check("type: answer-relevance", "", "- -", Near, "Choose the model that grades");
    check("type: classifier, value: x", "", "- -", Not, "Choose the model that gives labels");
    check("type: moderation", "", "omni-moderation-latest -", Near, "No grader that moderates is named");
    check("type: moderation", "provider: {moderation: 'replicate:x'}", "- -", Not, "cannot be asked for labels");
    let only_words = "provider: {text: 'openai:chat:gpt-5'}";
    check("type: similar, value: x", only_words, "- -", Near, "makes no vectors");
}

/// Nobody's provider is added where no grader is named, and a named one is asked.
#[test]
fn where_the_usual_grader_is_not_asked_there_is_no_model_of_it() {
    let (models, near, note) = graded("type: moderation", "", Usual::LeftOut);
    assert_eq!((models.as_str(), near), ("- -", Not), "{note}");
    assert!(note.contains("with --trust and OPENAI_API_KEY"), "{note}");
    let models = imported("type: moderation", "", Usual::LeftOut).models;
    assert_eq!(models.len(), 1, "{models:?}");
    assert_eq!(graded("type: moderation", BY_KIND, Usual::LeftOut).0, "omni-2 -");
}
