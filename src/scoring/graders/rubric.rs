//! `llm-rubric`: the output against a rubric, with a verdict and a score. Here alone the model's own word on passing
//! counts, as the type has it; a threshold asks for its score beside.

use serde_json::Value;

use super::super::found::{Found, quote};
use super::material::{Material, messages};
use super::{Reply, Step, Stepped, reply, said, turned};
use crate::domain::Completion;

pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    match said(replies, 0) {
        None => ask(material),
        Some(reply) => grade(material, reply).map(Step::Done),
    }
}

fn ask(material: &Material) -> Stepped {
    let rubric = material.wanted()?;
    let names = [("rubric", rubric.as_str()), ("output", material.output.as_str()), ("input", &material.question)];
    if let Some(own) = material.own_words(&names) {
        return own.map(Step::Ask);
    }
    let task = "You grade one output of another system against a rubric. Only the rubric tells you what is good.\n\
        Answer with one JSON object and nothing else, the reason first:\n\
        {\"reason\": \"<one or two sentences that point to what you saw>\", \"pass\": <true where the output does what the \
        rubric asks, else false>, \"score\": <number from 0, not at all, to 1, fully>}";
    let parts = [("RUBRIC", rubric.as_str()), ("OUTPUT", &material.output)];
    Ok(Step::Ask(messages(task, &parts, "Does the output meet the rubric? Answer with the JSON object only.")))
}

fn grade(material: &Material, reply: &Completion) -> Result<Found, Found> {
    let object = reply::object(&reply.text, &["pass", "score"]).map_err(|why| reply::unusable(reply, &why))?;
    let given = score(&object["score"]).map_err(|why| reply::unusable(reply, &why))?;
    if given.is_none() && object["pass"].is_null() {
        return Err(reply::unusable(reply, &format!("there is neither verdict nor score in {}", quote(&reply.text))));
    }
    let says = passes(&object["pass"]).map_err(|why| reply::unusable(reply, &why))?;
    let score = given.unwrap_or(if says { 1.0 } else { 0.0 });
    let passes = says && material.threshold.is_none_or(|least| score >= least);
    let word = if says { "pass" } else { "fail" };
    Ok(turned(material, passes, score, &format!("The model says {word} with {score}: {}", reply::reason(&object))))
}

/// Nothing said is a pass, so that a score alone can be given.
fn passes(said: &Value) -> Result<bool, String> {
    match said {
        Value::Null => Ok(true),
        Value::Bool(pass) => Ok(*pass),
        Value::Number(number) => Ok(number.as_f64().is_some_and(|number| number != 0.0)),
        Value::String(word) => Ok(matches!(word.trim().to_lowercase().as_str(), "yes" | "true" | "pass" | "y")),
        other => Err(format!("the verdict {other} is neither yes nor no")),
    }
}

fn score(said: &Value) -> Result<Option<f64>, String> {
    let score = match said {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match score {
        Some(score) if (0.0..=1.0).contains(&score) => Ok(Some(score)),
        _ => Err(format!("the score {said} is no number from 0 to 1")),
    }
}
