//! What a project does otherwise than `strata eval` with the same config, told where it stands.

use std::collections::HashSet;

use crate::interop::{Fidelity, ImportReport};

use super::checks::{asks, cases, in_values, with_children};
use super::place;
use super::prompts::messages;
use crate::interop::promptfoo::report::Location;
use crate::interop::promptfoo::suite::Suite;

pub(super) fn report(suite: &Suite, report: &mut ImportReport) {
    environment(suite, report);
    surroundings(suite, report);
}

/// A tag that asks for the environment when it is rendered finds none.
fn environment(suite: &Suite, report: &mut ImportReport) {
    let mut tell = |part: String, at: &Location| {
        let note = "A template in it asks for `env`, and in a project there is no environment: it prints nothing. Write the \
                    value in its place.";
        report.add(Fidelity::Unsupported, part, place(at), note);
    };
    for (index, prompt) in suite.prompts.iter().enumerate().filter(|(_, prompt)| asks(&prompt.raw)) {
        tell(format!("prompts[{index}]"), &prompt.at);
    }
    let mut told = HashSet::new();
    for row in &suite.rows {
        let in_files = row.loaded.iter().any(|(_, text)| asks(text));
        let in_vars = || in_files || row.vars.values().any(|value| asks(&value.to_string()));
        if in_vars() && told.insert(std::sync::Arc::as_ptr(&row.case)) {
            tell(format!("tests[{}].vars", row.test_idx), &row.case.at);
        }
    }
    let mut told = HashSet::new();
    for (index, case) in cases(suite).enumerate() {
        let around = [case.options.prefix.as_str(), case.options.suffix.as_str()];
        if around.iter().any(|text| asks(text)) && told.insert(around) {
            tell(format!("tests[{index}].options prefix and suffix"), &case.at);
        }
    }
    let mut told = HashSet::new();
    for assertion in cases(suite).flat_map(|case| &case.assertions) {
        let asks = with_children(assertion).any(|one| in_values(&one.given));
        if asks && told.insert(std::sync::Arc::as_ptr(assertion)) {
            tell(format!("assert {}", assertion.type_name), &assertion.at);
        }
    }
}

/// Texts around a prompt that is a chat: in promptfoo, it is a chat no more.
fn surroundings(suite: &Suite, report: &mut ImportReport) {
    if !suite.prompts.iter().any(|prompt| messages(&prompt.raw).is_some()) {
        return;
    }
    let mut told = HashSet::new();
    for (index, case) in cases(suite).enumerate() {
        let (prefix, suffix) = (case.options.prefix.as_str(), case.options.suffix.as_str());
        if (!prefix.is_empty() || !suffix.is_empty()) && told.insert((prefix, suffix)) {
            let note = "promptfoo puts it around the text of a chat, which makes one message of all. Here it stands around \
                        the last message of the user.";
            let part = format!("tests[{index}].options prefix and suffix");
            report.add(Fidelity::Approximated, part, place(&case.at), note);
        }
    }
}
