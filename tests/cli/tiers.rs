//! `strata tiers`: thresholds from a run, and a run with them.

use serde_json::Value;

use crate::desk::Desk;

const MODELS: &str = "(name: \"Two\", providers: {\"desk\": (api: Scripted(\"desk.ron\"))}, models: {
    \"small\": (provider: \"desk\", model: \"small\", price: (input: 1.0, output: 2.0), max_output: 100),
    \"large\": (provider: \"desk\", model: \"large\", price: (input: 10.0, output: 20.0), max_output: 100)})";

/// The small model fails where reasons are asked for.
const SCRIPT: &str = "(models: {\"small\": (), \"large\": ()}, rules: [
    (when: [Model([\"small\"]), Match(pattern: \"why\")], replies: [(text: \"no\")]),
    (replies: [(text: \"yes\")])])";

fn experiment(variant: &str, models: &str) -> String {
    format!(
        "(title: \"Words\", variants: [\"{variant}\"], models: [{models}], dataset: \"words\",
          checks: [(kind: Equals(value: \"yes\"))], gate: 0.5)"
    )
}

fn two_models() -> Desk {
    let desk = Desk::quick(&[]);
    desk.write("workspace.ron", MODELS);
    desk.write("desk.ron", SCRIPT);
    desk.write("projects/p/experiments/words.ron", &experiment("plain", "\"small\", \"large\""));
    desk.words("word", (0..40).map(|row| if row % 2 == 0 { "tea".to_owned() } else { "why".to_owned() }));
    desk
}

#[test]
fn tiers_are_fitted_to_a_run_and_then_save_what_they_promised() {
    let desk = two_models();
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    let run = desk.only_run().header.id.0.clone();
    let told = desk.strata(&["tiers", "w", &run]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{}", told.out);
    assert!(told.out.contains("plain:\n  40 cases.\n"), "{}", told.out);
    let line = told.out.lines().find_map(|line| line.trim().strip_prefix("tiers: ")).unwrap();
    assert_eq!(line, "(tiers: [(model: \"small\", up_to: 0.150)])");
    assert!(told.out.lines().any(|line| line.contains("Held out:") && line.contains("100.0 % pass")), "{}", told.out);
    let json = desk.strata(&["tiers", "w", &run, "--format", "json"]);
    let read: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&read[0]["variant"], &read[0]["cases"]), (&"plain".into(), &40.into()));
    assert_eq!((&read[0]["calibration"]["verdict"], &read[0]["tiers"][0]["up_to"]), (&"Kept".into(), &0.15.into()));
    assert_eq!(desk.strata(&["tiers", "w", &run, "--format", "csv"]).code, Some(2));

    desk.write("projects/p/variants/tiered.ron", &format!("(title: \"Tiered\", prompt: \"ask\", tiers: {line})"));
    desk.write("projects/p/experiments/words.ron", &experiment("tiered", "\"large\""));
    let check = desk.strata(&["check", "w"]).out;
    assert!(check.contains("0 errors, 1 warning.") && check.contains("the variant `plain`"), "{check}");
    let tiered = desk.strata(&["run", "w"]);
    assert_eq!(tiered.code, Some(0), "{}", tiered.err);
    let runs = desk.records().runs().unwrap();
    let with_tiers = runs.iter().find(|summary| summary.header.id.0 != run).unwrap();
    assert_eq!((with_tiers.passed, with_tiers.failed), (40, 0));
    let by_model = |name: &str| {
        desk.calls().iter().filter(|call| call.run == with_tiers.header.id && call.model.0 == name).count()
    };
    assert_eq!((by_model("small"), by_model("large")), (0, 0), "all of it was in the cache");
}

#[test]
fn a_small_model_that_does_as_well_gets_every_request() {
    let desk = two_models();
    desk.words("word", (0..40).map(|row| format!("tea {row}")));
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    let run = desk.only_run().header.id.0.clone();
    let told = desk.strata(&["tiers", "w", &run]).out;
    assert!(told.contains("small answers every request, and large none.") && told.contains("up_to: 1.000"), "{told}");
    assert!(!told.contains("refute") && !told.contains("bear"), "{told}");
}

#[test]
fn a_run_of_one_model_has_no_tiers() {
    let desk = Desk::quick(&["tea"]);
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    let run = desk.only_run().header.id.0.clone();
    let told = desk.strata(&["tiers", "w", &run]);
    assert_eq!(told.code, Some(2));
    assert!(told.err.contains("has 1 models. Tiers are fitted to a run of two to four models."), "{}", told.err);
    assert_eq!(desk.strata(&["tiers", "w", &run, "--margin", "2"]).code, Some(2));
    assert_eq!(desk.strata(&["tiers", "w", "20200101-000000-0000"]).code, Some(2));
}
