//! The keys that promptfoo knows, so that others are told, and the features of the whole config that are not carried out.

use serde_json::{Map, Value};

use super::super::report::NoteKind;
use super::desk::Desk;
use super::spot::Spot;

pub(super) const CONFIG: &[&str] = &[
    "$schema",
    "basePath",
    "commandLineOptions",
    "defaultTest",
    "derivedMetrics",
    "description",
    "env",
    "evaluateOptions",
    "extensions",
    "metadata",
    "nunjucksFilters",
    "outputPath",
    "plugins",
    "prompts",
    "providers",
    "redteam",
    "scenarios",
    "sharing",
    "strategies",
    "tags",
    "targets",
    "tests",
    "tracing",
    "writeLatestResults",
];
/// What a test says.
pub const CASE: &[&str] = &[
    "assert",
    "assertScoringFunction",
    "description",
    "metadata",
    "options",
    "prompts",
    "provider",
    "providerOutput",
    "providers",
    "threshold",
    "vars",
];
pub(super) const ASSERTION: &[&str] = &[
    "assert",
    "config",
    "contextTransform",
    "metric",
    "provider",
    "rubricPrompt",
    "threshold",
    "transform",
    "type",
    "value",
    "weight",
];
pub(super) const PROVIDER: &[&str] = &["config", "delay", "env", "id", "inputs", "label", "prompts", "transform"];
pub(super) const PROMPT: &[&str] = &["config", "display", "id", "label", "raw"];
pub(super) const SCENARIO: &[&str] = &["config", "description", "tests"];
pub(super) const EVALUATION: &[&str] = &[
    "cache",
    "delay",
    "filterRange",
    "generateSuggestions",
    "maxConcurrency",
    "maxEvalTimeMs",
    "repeat",
    "showProgressBar",
    "timeoutMs",
];
pub(super) const OPTIONS: &[&str] = &[
    "disableConversationVar",
    "disableDefaultAsserts",
    "disableVarExpansion",
    "factuality",
    "postprocess",
    "prefix",
    "provider",
    "repeat",
    "rubricPrompt",
    "runSerially",
    "storeOutputAs",
    "suffix",
    "transform",
    "transformVars",
];
/// Of the options of promptfoo's command line, those that are carried out here, and those that change nothing that a
/// result says.
const COMMAND_LINE: &[&str] = &[
    "cache",
    "delay",
    "description",
    "maxConcurrency",
    "progressBar",
    "repeat",
    "table",
    "tableCellMaxLength",
    "timeoutMs",
    "verbose",
    "watch",
    "write",
];
pub(super) const METRIC: &[&str] = &["description", "name", "value"];

/// Features of the whole config that are kept and not carried out.
const UNSUPPORTED: [(&str, &str); 10] = [
    ("extensions", "Hooks are programs, which are not run."),
    ("redteam", "Red teaming is not carried out; its tests are not made."),
    ("plugins", "Red teaming is not carried out; its tests are not made."),
    ("strategies", "Red teaming is not carried out; its tests are not made."),
    ("tracing", "Traces are not collected."),
    ("tags", "Tags of a whole config are kept, and do nothing here."),
    ("basePath", "Paths start at the config's folder, whatever this says."),
    ("writeLatestResults", "Results are kept in a database of Strata's own."),
    ("sharing", "Results are not shared with promptfoo's service."),
    ("outputPath", "Results go where the command says, not to the config's `outputPath`."),
];

/// Tells each key that is not among the known ones. It is kept.
pub(super) fn note_others(map: &Map<String, Value>, known: &[&str], desk: &Desk, spot: &Spot) {
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        let text = match nearest(key, known) {
            Some(meant) => {
                format!("promptfoo has no key `{key}` here. Did you mean `{meant}`? It is kept, and does nothing.")
            }
            None => format!("promptfoo has no key `{key}` here. It is kept, and does nothing."),
        };
        desk.note(NoteKind::Unknown, &spot.then(key.as_str()), text);
    }
}

/// The pairs whose keys are not among the known ones.
pub(super) fn others(map: &Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    let others = map.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    others.map(|(key, value)| (key.clone(), value.clone())).collect()
}

pub(super) fn note_unsupported(config: &Map<String, Value>, desk: &Desk, spot: &Spot) {
    for (key, text) in UNSUPPORTED {
        if super::json::truthy(config.get(key)) {
            desk.unsupported(&spot.then(key), text);
        }
    }
}

/// Options of the evaluation and of the command line that would change what is run, and do not, or not in a project.
pub(super) fn note_options(config: &Map<String, Value>, desk: &Desk, spot: &Spot) {
    const PACE: [(&str, &str); 2] = [
        (
            "delay",
            "`strata eval` calls each model one by one, with at least this pause up to a minute. In a project, set the \
             calls in a minute of its policy.",
        ),
        (
            "timeoutMs",
            "`strata eval` gives the answer to a test this time, retries included. In a project, set the deadline of its \
             policy.",
        ),
    ];
    let evaluation = [
        ("filterRange", "All tests are run. Choose some with --filter or --limit."),
        ("generateSuggestions", "No prompts are suggested."),
        ("maxEvalTimeMs", "The evaluation as a whole has no time limit."),
    ];
    let group = |name: &str| config.get(name).and_then(Value::as_object);
    if let Some(options) = group("evaluateOptions") {
        let spot = spot.then("evaluateOptions");
        note_others(options, EVALUATION, desk, &spot);
        note_each(options, &evaluation, desk, &spot);
        note_pace(options, &PACE, desk, &spot);
    }
    if let Some(options) = group("commandLineOptions") {
        let spot = spot.then("commandLineOptions");
        note_each(options, &evaluation, desk, &spot);
        note_pace(options, &PACE, desk, &spot);
        for name in options.keys().filter(|name| !COMMAND_LINE.contains(&name.as_str())) {
            if !evaluation.iter().any(|(known, _)| known == name) {
                let text = format!("This option of promptfoo's command line is not carried out: `{name}`.");
                desk.unsupported(&spot.then(name.as_str()), text);
            }
        }
    }
}

/// Options of a test that would change what is asked or seen, and do not.
pub(super) fn note_test_options(options: &Map<String, Value>, desk: &Desk, spot: &Spot) {
    const SOME: [(&str, &str); 3] = [
        ("disableConversationVar", "Earlier turns are seen as `_conversation` all the same."),
        ("factuality", "The scores of the kinds of agreement are promptfoo's usual ones."),
        ("runSerially", "Tests that do not build on each other may run side by side."),
    ];
    note_each(options, &SOME, desk, spot);
    for name in options.keys().filter(|name| !OPTIONS.contains(&name.as_str())) {
        let text = format!("promptfoo hands `{name}` to the provider for this test alone. It is not sent.");
        desk.unsupported(&spot.then(name.as_str()), text);
    }
}

fn note_each(options: &Map<String, Value>, texts: &[(&str, &str)], desk: &Desk, spot: &Spot) {
    for (name, text) in texts {
        if super::json::truthy(options.get(*name)) {
            desk.unsupported(&spot.then(*name), *text);
        }
    }
}

fn note_pace(options: &Map<String, Value>, texts: &[(&str, &str)], desk: &Desk, spot: &Spot) {
    for (name, text) in texts {
        if super::json::truthy(options.get(*name)) {
            desk.note(NoteKind::NotInProject, &spot.then(*name), *text);
        }
    }
}

/// A known key that differs by a letter or two.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let close = known.iter().map(|known| (distance(key, known), *known)).min()?;
    (close.0 <= 2 && key.len() > 3).then_some(close.1)
}

/// Levenshtein's, of short words.
fn distance(one: &str, other: &str) -> usize {
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, known) in other.bytes().enumerate() {
            let above = row[place + 1];
            row[place + 1] = (diagonal + usize::from(letter != known)).min(above + 1).min(row[place] + 1);
            diagonal = above;
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised() {
        assert_eq!(nearest("treshold", ASSERTION), Some("threshold"));
        assert_eq!(nearest("asert", CASE), Some("assert"));
        assert_eq!(nearest("note", CASE), None);
        assert_eq!(nearest("x", CASE), None);
    }
}
