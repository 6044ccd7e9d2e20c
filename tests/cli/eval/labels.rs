//! Moderation and classifiers, asked of a server on this machine.

use serde_json::Value;

use super::{INLINE, eval, json, with_config};
use crate::support::{Plan, Server};

#[test]
fn services_for_labels_are_asked_about_outputs() {
    let server = Server::start(Plan { keep: true, ..Plan::default() });
    let url = server.url();
    let desk = with_config(&format!(
        "prompts: ['{{{{q}}}}']\nproviders: [echo]\ndefaultTest:\n  options:\n    provider:\n      \
         moderation: {{id: 'openai:moderation:omni-moderation-latest', config: {{apiBaseUrl: '{url}/v1', apiKey: {INLINE}}}}}\n      \
         classification: {{id: 'huggingface:text-classification:team/moods', config: {{apiEndpoint: '{url}/models/team/moods'}}}}\n  \
         assert: [{{type: moderation, value: [violence]}}]\ntests:\n  \
         - {{vars: {{q: hello there}}}}\n  \
         - {{vars: {{q: I could kill it}}}}\n  \
         - {{vars: {{q: aeix}}, assert: [{{type: classifier, value: joy, threshold: 0.7}}]}}\n"
    ));
    let ran = eval(&desk, &["-o", "out.json"]);
    let results = json(&desk.path().join("out.json"));
    let passes: Vec<&Value> = results["results"].as_array().unwrap().iter().map(|row| &row["pass"]).collect();
    assert_eq!(passes, [true, false, true], "{results}\n{}", ran.err);
    let reason = results["results"][1]["assertions"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "Flagged as violence.");
    let mut paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    paths.sort();
    assert_eq!(paths, ["/models/team/moods", "/v1/moderations", "/v1/moderations", "/v1/moderations"]);
}

/// Nobody named a grader: a person without its key, or without trust, has all other verdicts.
#[test]
fn a_moderation_for_which_no_grader_is_named_stops_no_evaluation() {
    for trust in [&[][..], &["--trust"]] {
        let desk = with_config(
            "prompts: ['{{q}}']\nproviders: [echo]\ntests:\n  - {vars: {q: tea}, assert: [{type: contains, value: tea}]}\n  \
             - {vars: {q: tea}, assert: [{type: contains, value: tea}, {type: moderation}]}\n",
        );
        let ran = eval(&desk, &[&["-o", "out.json"], trust].concat());
        let results = json(&desk.path().join("out.json"));
        let rows = results["results"].as_array().unwrap();
        assert_eq!((rows.len(), &rows[0]["pass"]), (2, &Value::Bool(true)), "{results}\n{}", ran.err);
        assert_eq!(rows[1]["unscored"], true, "{results}");
        assert!(ran.err.contains("with --trust and OPENAI_API_KEY"), "{}", ran.err);
    }
}
