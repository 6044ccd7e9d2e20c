//! What a person learns of tests that did not pass: by name, with a reason, wherever the results go.

use std::fs;

use super::{eval, json, with_config};

const CONFIG: &str = "prompts: ['{{w}}']
providers: [echo]
defaultTest: {assert: [{type: contains, value: t}]}
tests:
  - vars: {w: tea}
  - {description: Cola is found, vars: {w: cola}}
  - vars: {w: milk}
    assert: [{type: no-such-type}]
  - {description: Water is kind, vars: {w: water}, assert: [{type: llm-rubric, value: Is kind}]}
";

#[test]
fn tests_that_did_not_pass_are_named_with_their_first_reason() {
    let desk = with_config(CONFIG);
    let told = eval(&desk, &[]).told(&desk);
    insta::assert_snapshot!(told.split("--- stderr").next().unwrap().split("a model\n").nth(1).unwrap(), @r"

    Not passed: 1 failed, 1 errored, 1 unscored
      failed  test-2 Cola is found · echo: contains: The output does not have “t”.
      errored  test-3 · echo: There is no assertion of the type “no-such-type”.
      unscored  test-4 Water is kind · echo: llm-rubric: No model grades yet. Choose the model that grades (`provider` in a promptfoo config).
    ");
}

#[test]
fn a_file_of_results_leaves_the_table_on_standard_output() {
    let desk = with_config(CONFIG);
    let told = |arguments: &[&str]| {
        let out = eval(&desk, arguments).told(&desk);
        out.split("--- stderr").next().unwrap().to_owned()
    };
    let plain = told(&[]);
    for file in ["out.json", "out.xml", "out.csv", "out.html", "out.txt", "out.md"] {
        assert_eq!(told(&["-o", file]), format!("{plain}\nWritten to {file}.\n"));
    }
    // What is asked for on standard output stands there alone.
    let results: serde_json::Value = serde_json::from_str(&eval(&desk, &["--format", "json"]).out).unwrap();
    assert_eq!(results["results"].as_array().unwrap().len(), 4);
}

#[test]
fn each_form_of_results_has_the_descriptions() {
    let desk = with_config(CONFIG);
    let written = |name: &str| {
        eval(&desk, &["-o", name]);
        fs::read_to_string(desk.path().join(name)).unwrap()
    };
    written("out.json");
    let rows = json(&desk.path().join("out.json"))["results"].clone();
    assert_eq!((&rows[1]["description"], rows[0].get("description")), (&"Cola is found".into(), None));
    let csv = written("out.csv");
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(csv.headers().unwrap().iter().next_back(), Some("description"));
    let described: Vec<String> = csv.records().map(|row| row.unwrap().iter().next_back().unwrap().to_owned()).collect();
    assert_eq!(described, ["", "Cola is found", "", "Water is kind"]);
    assert!(written("out.xml").contains("name=\"test-2 Cola is found\""));
    assert!(written("out.html").contains("<td>test-2 Cola is found</td>"));
    assert!(written("out.md").contains("| test-2 Cola is found |"));
    assert!(written("out.jsonl").contains(r#""case":"test-2","description":"Cola is found""#));
}

#[test]
fn what_is_too_much_for_a_screen_is_counted_and_where_it_all_is_is_told() {
    let tests = "  - {vars: {w: milk}}\n".repeat(25);
    let desk = with_config(&format!(
        "prompts: ['{{{{w}}}}']\nproviders: [echo]\ndefaultTest: {{assert: [{{type: contains, value: t}}]}}\ntests:\n{tests}"
    ));
    let ran = eval(&desk, &["-o", "out.json"]);
    assert_eq!((ran.code, ran.out.matches("\n  failed    test-").count()), (Some(1), 20), "{}", ran.out);
    assert!(ran.out.contains("… and 5 more; all are in out.json\n"), "{}", ran.out);
}
