//! Verdicts, row by row: configs of our own with what their rows must be, and a whole corpus where there is one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use strata::domain::{Policy, Source};
use strata::interop::promptfoo::{EVALUATION, TESTS, export};
use strata::session::{evaluation, importing};

use super::json;
use crate::desk::{CANARY, Desk};

/// Scores are the same up to the last digits of a sum.
const CLOSE: f64 = 1e-6;
/// Texts are compared by other tokenisers, by a little.
const ROUGH: f64 = 0.02;
const ROUGH_TYPES: [&str; 4] = ["rouge-n", "bleu", "gleu", "meteor"];

#[test]
fn our_own_configs_have_the_verdicts_that_their_meaning_asks_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promptfoo");
    let configs: Vec<(PathBuf, PathBuf)> =
        folders(&folder).into_iter().map(|config| (config.clone(), config.join("expected.json"))).collect();
    assert!(configs.len() >= 55, "{} configs", configs.len());
    agree(&configs);
}

/// A corpus is a folder of folders with a `promptfooconfig.yaml`, and beside each a `<name>.truth.json`.
#[test]
fn a_corpus_that_is_named_has_the_verdicts_of_its_truth() {
    let Ok(folder) = std::env::var("STRATA_PROMPTFOO_CORPUS") else { return };
    let truth = |config: PathBuf| {
        let truth = config.with_extension("truth.json");
        truth.exists().then_some((config, truth))
    };
    let configs: Vec<(PathBuf, PathBuf)> = folders(Path::new(&folder)).into_iter().filter_map(truth).collect();
    assert!(!configs.is_empty(), "there is no config in {folder}");
    agree(&configs);
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.join("promptfooconfig.yaml").exists());
    found.sort();
    found
}

/// Configs of each kind that an export can hold.
const ROUND: [&str; 10] = [
    "equals",
    "nunjucks-filters",
    "labels-filters",
    "weights-thresholds",
    "chat-prompts",
    "scenarios",
    "tests-csv",
    "conversation",
    "assert-set",
    "javascript",
];

#[test]
fn what_was_imported_and_exported_has_the_same_verdicts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promptfoo");
    let desk = Desk::empty();
    let written = |name: &&str| {
        let config = folder.join(name).join("promptfooconfig.yaml");
        let imported = importing::read(&config, false).unwrap();
        let workspace = evaluation::workspace_of(imported, Policy::default(), desk.workspace());
        let project = workspace.projects.values().next().unwrap();
        let Source::Cases(cases) = &project.datasets[&TESTS.into()].source else { panic!("{name} has no cases") };
        let exported = export(project, &workspace.manifest, &EVALUATION.into(), cases);
        assert!(exported.notes.is_empty(), "{name}: {:?}", exported.notes);
        let again = desk.path().join(name);
        fs::create_dir(&again).unwrap();
        fs::write(again.join("promptfooconfig.yaml"), exported.text).unwrap();
        (again, folder.join(name).join("expected.json"))
    };
    agree(&ROUND.iter().map(written).collect::<Vec<_>>());
}

/// Evaluates each config, and names each difference.
fn agree(configs: &[(PathBuf, PathBuf)]) {
    let share = configs.len().div_ceil(4).max(1);
    let found: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = configs
            .chunks(share)
            .map(|part| {
                scope
                    .spawn(move || part.iter().flat_map(|(config, truth)| of_config(config, truth)).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

fn of_config(config: &Path, truth: &Path) -> Vec<String> {
    let desk = Desk::empty();
    let name = config.file_name().unwrap().to_string_lossy();
    let ran = desk.strata(&["eval", config.to_str().unwrap(), "-o", "out.json", "--trust"]);
    let out = desk.path().join("out.json");
    if !out.exists() {
        return vec![format!("{name}: no results, {}", ran.err)];
    }
    differences(&json(truth), &json(&out)).into_iter().map(|what| format!("{name} {what}")).collect()
}

fn differences(truth: &Value, ours: &Value) -> Vec<String> {
    let rows = ours["results"].as_array().unwrap();
    if truth.get("load_error").is_some() {
        let refused = rows.is_empty() && ours["load_error"].is_string();
        return if refused { Vec::new() } else { vec![format!("is not refused: {} rows", rows.len())] };
    }
    let expected = truth["results"].as_array().unwrap();
    let key = |row: &Value| [row["testIdx"].clone(), row["promptIdx"].clone(), row["provider"].clone()];
    let dropped: Vec<Value> = truth["dropped"].as_array().cloned().unwrap_or_default();
    let kept = |row: &&Value| !dropped.contains(&Value::Array(key(row).to_vec()));
    let (left, right): (Vec<_>, Vec<_>) =
        (expected.iter().map(key).collect(), rows.iter().filter(kept).map(key).collect());
    if left != right {
        return vec![format!("has other rows: {left:?} and {right:?}")];
    }
    let pairs = expected.iter().zip(rows.iter().filter(kept));
    pairs.flat_map(|(expected, row)| of_row(expected, row)).collect()
}

fn of_row(expected: &Value, row: &Value) -> Vec<String> {
    let (kinds, is_error) = (assertions(expected), expected["error"] == true);
    let is_rough = kinds.iter().any(rough);
    let tolerance = if is_rough { ROUGH } else { CLOSE };
    let mut found = Vec::new();
    let mut note = |what: &str, expected: &Value, row: &Value| {
        found.push(format!("{what}: {expected} is expected, it is {row}"));
    };
    for exact in ["pass", "error"] {
        if expected[exact] != row[exact] {
            note(exact, &expected[exact], &row[exact]);
        }
    }
    if !close(&expected["score"], &row["score"], tolerance) {
        note("score", &expected["score"], &row["score"]);
    }
    if !is_error {
        if expected["prompt_rendered"] != row["prompt_rendered"] {
            note("prompt", &expected["prompt_rendered"], &row["prompt_rendered"]);
        }
        if !same(&expected["output"], &row["output"]) {
            note("output", &expected["output"], &row["output"]);
        }
        let (left, right) = (metrics(expected), metrics(row));
        let agree = left.len() == right.len()
            && left.iter().all(|(name, score)| close(score, &row["namedScores"][name], tolerance));
        if !agree {
            note("metrics", &expected["namedScores"], &row["namedScores"]);
        }
        let graded = assertions(row);
        if kinds.len() != graded.len() {
            note("assertions", &expected["assertions"], &row["assertions"]);
        }
        for (index, (left, right)) in kinds.iter().zip(&graded).enumerate() {
            let loose = rough(left) || (is_rough && left["type"] == "assert-set");
            let tolerance = if loose { ROUGH } else { CLOSE };
            let typed = left["type"] == right["type"] || left["type"].is_null();
            if !typed || left["pass"] != right["pass"] || !close(&left["score"], &right["score"], tolerance) {
                note(&format!("assertion {index}"), left, right);
            }
        }
    }
    let place = format!("test {} column {}", expected["testIdx"], expected["promptIdx"]);
    found.into_iter().map(|what| format!("{place} {what}")).collect()
}

fn assertions(row: &Value) -> Vec<Value> {
    row["assertions"].as_array().cloned().unwrap_or_default()
}

fn metrics(row: &Value) -> serde_json::Map<String, Value> {
    row["namedScores"].as_object().cloned().unwrap_or_default()
}

fn rough(assertion: &Value) -> bool {
    let kind = assertion["type"].as_str().unwrap_or_default();
    ROUGH_TYPES.contains(&kind.strip_prefix("not-").unwrap_or(kind))
}

/// What is not a number is `null` on both sides.
fn close(left: &Value, right: &Value, tolerance: f64) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => (left - right).abs() <= tolerance,
        (left, right) => left.is_none() && right.is_none(),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            (left - right).abs() <= 1e-9 * left.abs().max(1.0)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        (left, right) => left == right,
    }
}

#[test]
fn a_difference_is_named() {
    let row = |pass: bool, score: f64, output: &str| {
        serde_json::json!({"results": [{"testIdx": 0, "promptIdx": 0, "provider": "echo", "prompt_rendered": "x", "output": output,
            "pass": pass, "score": score, "namedScores": {}, "error": false,
            "assertions": [{"type": "contains", "pass": pass, "score": score}]}]})
    };
    let truth = row(true, 1.0, "x");
    assert!(differences(&truth, &row(true, 1.0 - 1e-9, "x")).is_empty());
    let found = differences(&truth, &row(false, 0.0, "y"));
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(differences(&truth, &serde_json::json!({"results": []})).len(), 1);
    assert_eq!(differences(&serde_json::json!({"results": [], "load_error": "why"}), &truth).len(), 1);
}

/// Whatever a config prints, the environment's secrets are printed only where it names them.
#[test]
fn the_environment_is_read_by_name_only() {
    let desk = super::with_config("prompts: ['{{ env | dump }}']\nproviders: [echo]\ntests: [{vars: {x: 1}}]\n");
    assert_eq!(super::eval(&desk, &["-o", "out.json"]).code, Some(0));
    let text = fs::read_to_string(desk.path().join("out.json")).unwrap();
    assert!(!text.contains(CANARY), "{text}");
}
