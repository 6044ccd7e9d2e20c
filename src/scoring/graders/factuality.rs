//! `factuality`: how the facts of the output relate to those of a reference, as one of five letters. Negation has no
//! meaning here, and is ignored.

use super::super::found::{Found, quote};
use super::material::{Material, messages};
use super::{Reply, Step, Stepped, reply, said};
use crate::domain::Completion;

/// Letter, the name of its score in `config.factuality`, its score where none is given, and what it says.
const RELATIONS: [(char, &str, f64, &str); 5] = [
    ('A', "subset", 1.0, "The output tells a part of the reference's facts and contradicts none."),
    ('B', "superset", 1.0, "The output tells all of the reference's facts and more, and contradicts none."),
    ('C', "agree", 1.0, "The output tells the reference's facts, no more and no less."),
    ('D', "disagree", 0.0, "The output contradicts the reference."),
    ('E', "differButFactual", 1.0, "The output differs from the reference in ways that do not touch its facts."),
];

pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    match said(replies, 0) {
        None => ask(material),
        Some(reply) => grade(material, reply).map(Step::Done),
    }
}

fn ask(material: &Material) -> Stepped {
    let ideal = material.wanted()?;
    let names = [
        ("input", material.question.as_str()),
        ("ideal", ideal.as_str()),
        ("rubric", ideal.as_str()),
        ("completion", material.output.as_str()),
        ("output", material.output.as_str()),
    ];
    if let Some(own) = material.own_words(&names) {
        return own.map(Step::Ask);
    }
    let letters = RELATIONS.map(|(letter, _, _, words)| format!("{letter}: {words}")).join("\n");
    let task = format!(
        "You compare the facts of an output with those of a reference that is right. Style, wording and order do not \
         matter. Choose the one relation that holds:\n{letters}\n\
         Answer with one JSON object and nothing else, the reason first:\n\
         {{\"reason\": \"<which facts decide it>\", \"category\": \"<A, B, C, D or E>\"}}"
    );
    let parts = [("QUESTION", material.question.as_str()), ("REFERENCE", &ideal), ("OUTPUT", &material.output)];
    Ok(Step::Ask(messages(&task, &parts, "Which relation holds? Answer with the JSON object only.")))
}

fn grade(material: &Material, reply: &Completion) -> Result<Found, Found> {
    let (letter, reason) = chosen(&reply.text)
        .ok_or_else(|| reply::unusable(reply, &format!("no one of the letters A to E is in {}", quote(&reply.text))))?;
    let Some((_, name, default, words)) = RELATIONS.iter().find(|relation| relation.0 == letter) else {
        return Err(reply::unusable(reply, &format!("{letter} is none of the letters A to E")));
    };
    let given = material.config.get("factuality").and_then(|scores| scores[name].as_f64());
    let score = given.unwrap_or(*default);
    let passes = score > 0.0 && material.threshold.is_none_or(|least| score >= least);
    Ok(Found::graded(passes, score, format!("{letter}. {words} {reason}").trim_end()))
}

/// The letter of the JSON object, or the one that a plain text begins with: `C`, `(C)`, `C: since …`.
fn chosen(text: &str) -> Option<(char, String)> {
    if let Ok(object) = reply::object(text, &["category"]) {
        let letter = letter_of(object["category"].as_str()?)?;
        return Some((letter, object["reason"].as_str().unwrap_or_default().trim().to_owned()));
    }
    let letter = letter_of(text)?;
    Some((letter, String::new()))
}

fn letter_of(text: &str) -> Option<char> {
    let bare = text.trim_start().trim_start_matches('(');
    let mut letters = bare.chars();
    let letter = letters.next()?;
    let ends = letters.next().is_none_or(|next| !next.is_alphanumeric() && !next.is_whitespace() || next == '\n');
    (ends && ('A'..='E').contains(&letter)).then_some(letter)
}
