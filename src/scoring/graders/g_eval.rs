//! `g-eval`: criteria become steps, and the steps a grade from 0 to 10. After G-Eval (Liu et al. 2023, EMNLP), without
//! its weighing by the likelihood of tokens, which few providers tell. Several criteria are graded one by one, and the
//! score is their mean.

use serde_json::Value;

use super::super::found::{Found, quote};
use super::material::{Material, messages, text};
use super::sentences::numbered;
use super::{Reply, Step, Stepped, by_threshold, reply, said};
use crate::domain::Completion;

const THRESHOLD: f64 = 0.7;
const MOST: f64 = 10.0;

/// Two calls for each criterion: its steps, then its grade.
pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    let criteria = criteria(material)?;
    let mut grades = Vec::with_capacity(criteria.len());
    for (place, criterion) in criteria.iter().enumerate() {
        let Some(steps) = said(replies, 2 * place) else { return Ok(Step::Ask(ask_steps(criterion))) };
        let steps = steps_of(steps)?;
        let Some(grade) = said(replies, 2 * place + 1) else { return ask_grade(material, criterion, &steps) };
        grades.push(grade_of(grade)?);
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of criteria")]
    let mean = grades.iter().map(|(score, _)| score).sum::<f64>() / grades.len() as f64;
    let reasons: Vec<&str> = grades.iter().map(|(_, reason)| reason.as_str()).collect();
    Ok(Step::Done(by_threshold(material, THRESHOLD, mean, &format!("The model gave {mean:.2}: {}", reasons.join(" ")))))
}

fn criteria(material: &Material) -> Result<Vec<String>, Found> {
    match &material.value {
        Value::Array(items) => {
            let criteria: Vec<String> = items.iter().map(text).filter(|text| !text.trim().is_empty()).collect();
            if criteria.is_empty() { material.wanted().map(|only| vec![only]) } else { Ok(criteria) }
        }
        _ => Ok(vec![material.wanted()?]),
    }
}

fn ask_steps(criterion: &str) -> Vec<crate::domain::Message> {
    let task = "You plan how an output of another system is evaluated. From the criteria, write three to five short steps \
        that an evaluator follows to find out how well an output meets them.\n\
        Answer with one JSON object and nothing else: {\"steps\": [\"<step>\", …]}";
    messages(task, &[("CRITERIA", criterion)], "Write the steps. Answer with the JSON object only.")
}

fn steps_of(reply: &Completion) -> Result<Vec<String>, Found> {
    let steps = reply::texts(reply, "steps")?;
    if steps.is_empty() { Err(reply::unusable(reply, "it has no steps")) } else { Ok(steps) }
}

fn ask_grade(material: &Material, criterion: &str, steps: &[String]) -> Stepped {
    let steps = numbered(steps);
    let names = [
        ("criteria", criterion),
        ("rubric", criterion),
        ("steps", steps.as_str()),
        ("input", material.question.as_str()),
        ("output", material.output.as_str()),
        ("maxScore", "10"),
    ];
    if let Some(own) = material.own_words(&names) {
        return own.map(Step::Ask);
    }
    let task = "You evaluate one output of another system. Go through the steps, and look at nothing but the criteria.\n\
        Answer with one JSON object and nothing else, the reason first:\n\
        {\"reason\": \"<what decided it>\", \"score\": <whole number from 0, criteria missed, to 10, criteria fully met>}";
    let parts =
        [("CRITERIA", criterion), ("STEPS", &steps), ("QUESTION", &material.question), ("OUTPUT", &material.output)];
    Ok(Step::Ask(messages(task, &parts, "Evaluate the output. Answer with the JSON object only.")))
}

/// The grade, 0 to 1, and its reason.
fn grade_of(reply: &Completion) -> Result<(f64, String), Found> {
    let object = reply::with_key(reply, "score")?;
    match object["score"].as_f64() {
        Some(score) if (0.0..=MOST).contains(&score) => Ok((score / MOST, reply::reason(&object))),
        _ => Err(reply::unusable(reply, &format!("there is no score from 0 to 10 in {}", quote(&reply.text)))),
    }
}
