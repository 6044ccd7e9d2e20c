//! `model-graded-closedqa`: whether the output meets a criterion, yes or no. Negation has no meaning here, and is
//! ignored.

use super::super::found::{Found, quote};
use super::material::{Material, messages};
use super::{Reply, Step, Stepped, reply, said};
use crate::domain::Completion;

pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    match said(replies, 0) {
        None => ask(material),
        Some(reply) => grade(reply).map(Step::Done),
    }
}

fn ask(material: &Material) -> Stepped {
    let criterion = material.wanted()?;
    let names = [
        ("input", material.question.as_str()),
        ("criteria", criterion.as_str()),
        ("rubric", criterion.as_str()),
        ("completion", material.output.as_str()),
        ("output", material.output.as_str()),
    ];
    if let Some(own) = material.own_words(&names) {
        return own.map(Step::Ask);
    }
    let task = "You decide whether an output meets a criterion. Think it through in a few short sentences first. Then \
        write one last line that holds a single letter and nothing else: Y where the output meets the criterion, N \
        where it does not.";
    let parts = [("QUESTION", material.question.as_str()), ("CRITERION", &criterion), ("OUTPUT", &material.output)];
    Ok(Step::Ask(messages(task, &parts, "Does the output meet the criterion? End with the line Y or N.")))
}

/// The reply's last word decides: `Y` or `yes`, `N` or `no`.
fn grade(reply: &Completion) -> Result<Found, Found> {
    let mut words = reply.text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let passes = match words.next_back().map(str::to_lowercase).as_deref() {
        Some("y" | "yes") => true,
        Some("n" | "no") => false,
        _ => return Err(reply::unusable(reply, &format!("{} ends with neither Y nor N", quote(&reply.text)))),
    };
    let score = if passes { 1.0 } else { 0.0 };
    Ok(Found::graded(
        passes,
        score,
        format!("The model says {}: {}", if passes { "yes" } else { "no" }, quote(&reply.text)),
    ))
}
