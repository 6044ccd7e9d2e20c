//! The forms in which an evaluation is written.

use std::fs;

use super::{eval, json, with_config};

const CONFIG: &str = "description: Drinks
prompts: ['{{w}}']
providers: [echo]
defaultTest: {assert: [{type: contains, value: t}]}
tests:
  - vars: {w: tea}
  - vars: {w: 'a <b> & \"cola\"'}
  - vars: {w: milk}
    assert: [{type: no-such-type}]
";

#[test]
fn the_files_name_or_the_option_tells_the_form() {
    let desk = with_config(CONFIG);
    for (arguments, begins) in [
        (&["-o", "out.json"][..], "{\"results\":["),
        (&["-o", "out.xml"], "<?xml"),
        (&["-o", "out.csv"], "case,"),
        (&["-o", "out.html"], "<!doctype html>"),
        (&["-o", "out.txt"], "Run "),
        (&["-o", "other", "--format", "junit"], "<?xml"),
    ] {
        let ran = eval(&desk, arguments);
        // One test fails and one is an error.
        assert_eq!(ran.code, Some(3), "{arguments:?}: {}", ran.err);
        let text = fs::read_to_string(desk.path().join(arguments[1])).unwrap();
        assert!(text.to_lowercase().starts_with(&begins.to_lowercase()), "{arguments:?}: {text}");
    }
    let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().len();
    let csv = fs::read_to_string(desk.path().join("out.csv")).unwrap();
    let in_csv = csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap).count();
    let junit = fs::read_to_string(desk.path().join("out.xml")).unwrap();
    assert_eq!((rows, in_csv, junit.matches("<testcase ").count()), (3, 3, 3));
    assert!(!junit.contains("<b>"), "{junit}");
}

#[test]
fn without_a_file_there_is_a_table() {
    let desk = with_config(CONFIG);
    insta::assert_snapshot!(eval(&desk, &[]).told(&desk), @r"
    exit 3
    Run [run] of evaluation in c: completed
    tests, 3 cases, 3 trials, $0 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    w  echo*  50.0 % (9.5–90.5)  1/2  0  1  $0  [ms]  [ms]  below 100 %

    * scripted, not a model

    Not passed: 1 failed, 1 errored
      failed  test-2 · echo: contains: The output does not have “t”.
      errored  test-3 · echo: There is no assertion of the type “no-such-type”.
    --- stderr
    strata: [dir]/c/promptfooconfig.yaml:9:14: tests[2].assert no-such-type is not supported: There is no such type here: the trial is an error.
    3 trials ≈ $0
    strata: test-3 errored: There is no assertion of the type “no-such-type”.
    strata: 1 trial errored, and will again until the cause is mended.
    ");
    let piped = eval(&desk, &["--format", "json"]);
    let results: serde_json::Value = serde_json::from_str(&piped.out).unwrap();
    assert_eq!(results["results"][0]["pass"], true);
}

#[test]
fn a_config_that_is_refused_says_where_and_why() {
    let desk =
        with_config("prompts: [a]\nproviders: [echo]\ntests:\n  - vars: {a: 1}\n    assert:\n      - {value: x}\n");
    let ran = eval(&desk, &["-o", "out.json"]);
    insta::assert_snapshot!(ran.told(&desk), @r"
    exit 2
    --- stderr
    strata: [dir]/c/promptfooconfig.yaml:6:9: The assertion has no `type`. All its keys must be under the same list item.
    ");
    let results = json(&desk.path().join("out.json"));
    assert_eq!(results["results"].as_array().unwrap().len(), 0);
    assert!(results["load_error"].as_str().unwrap().contains("promptfooconfig.yaml:6:9"), "{results}");
}
