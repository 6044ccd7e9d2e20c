//! The `javascript` assertion: what a script gives back becomes a verdict.

use std::collections::BTreeMap;

use rquickjs::{Coerced, Object, Value};

use crate::scoring::assertion::{Asked, Graded, Output, Undone};

use super::body;
use super::context::Context;
use super::cross;
use super::error::{ScriptError, Stop};
use super::file::ScriptFile;
use super::realm::Realm;
use super::sandbox::in_sandbox;

/// What came of a script that grades.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripted {
    pub graded: Graded,
    /// Metrics that the script named itself.
    pub named_scores: BTreeMap<String, f64>,
    /// What the script tells apart in its `componentResults`: to be listed after the whole, not to be counted.
    pub parts: Vec<Graded>,
}

impl Scripted {
    /// A script that could not tell has failed, negated or not.
    fn failed(reason: impl Into<String>) -> Self {
        Self::plain(false, 0.0, reason.into())
    }

    fn plain(pass: bool, score: f64, reason: String) -> Self {
        Self { graded: Graded { pass, score, reason }, named_scores: BTreeMap::new(), parts: Vec::new() }
    }
}

/// What a script may give back.
enum Given {
    Truth(bool),
    /// Also not a number, and the infinities.
    Number(f64),
    Result {
        pass: bool,
        score: f64,
        reason: String,
        named_scores: BTreeMap<String, f64>,
        parts: Vec<Graded>,
    },
}

/// Grades with the code that the assertion's value is.
///
/// - true and false are 1 and 0, after negation;
/// - a number is the score as it is, and passes if it is above 0, or reaches the threshold where there is one;
///   negation turns the verdict alone;
/// - `{pass, score, reason}` is taken at its word, and the threshold does not count;
/// - anything else, and a script that fails, is a failure with score 0, negated or not.
#[must_use]
pub fn javascript(asked: &Asked<'_>, output: &Output<'_>, context: &Context<'_>) -> Scripted {
    let Some(code) = asked.value.as_str() else {
        return Scripted::failed("The assertion's value must be the text of a script.");
    };
    match run(&body::of_assertion(code), output, context) {
        Ok(given) => verdict(given, asked),
        Err(error) => Scripted::failed(error.to_string()),
    }
}

fn run(body: &str, output: &Output<'_>, context: &Context<'_>) -> Result<Given, ScriptError> {
    let given = [cross::write(output.value)?, cross::write(context)?];
    in_sandbox(body, |realm| read(realm, &realm.run(&["output", "context"], body, &given)?))
}

/// Grades with a function that stands in a file, called with the output and the context.
///
/// What it gives back counts as for [`javascript`].
///
/// # Errors
/// The file does not load, has no such function, or the function throws.
pub fn javascript_file(
    file: ScriptFile<'_>,
    asked: &Asked<'_>,
    output: &Output<'_>,
    context: &Context<'_>,
) -> Result<Scripted, Undone> {
    let undone = |error: ScriptError| Undone(error.to_string());
    let given = [cross::write(output.value).map_err(undone)?, cross::write(context).map_err(undone)?];
    let read = in_sandbox(file.source, |realm| {
        let value = realm.call_export(file.source, file.export, &given)?;
        Ok(read(realm, &value).map_err(|stop| match stop {
            Stop::Script(ScriptError::Failed(reason)) => reason,
            _ => "The function's result cannot be read.".to_owned(),
        }))
    });
    Ok(match read.map_err(undone)? {
        Ok(given) => verdict(given, asked),
        Err(reason) => Scripted::failed(reason),
    })
}

fn verdict(given: Given, asked: &Asked<'_>) -> Scripted {
    match given {
        Given::Truth(truth) => {
            let pass = truth != asked.not;
            Scripted::plain(pass, if pass { 1.0 } else { 0.0 }, format!("The script gave back {truth}."))
        }
        Given::Number(score) => {
            let reached = asked.threshold.map_or(score > 0.0, |threshold| score >= threshold);
            Scripted::plain(reached != asked.not, score, of_number(score, asked.threshold))
        }
        Given::Result { pass, score, reason, named_scores, parts } => {
            Scripted { graded: Graded { pass: pass != asked.not, score, reason }, named_scores, parts }
        }
    }
}

fn of_number(score: f64, threshold: Option<f64>) -> String {
    match threshold {
        Some(threshold) => format!("The script gave back {score}; {threshold} is asked for."),
        None => format!("The script gave back {score}; a number above 0 passes."),
    }
}

fn read<'js>(realm: &Realm<'js>, value: &Value<'js>) -> Result<Given, Stop> {
    if let Some(truth) = value.as_bool() {
        return Ok(Given::Truth(truth));
    }
    if let Some(number) = value.as_number() {
        return Ok(Given::Number(number));
    }
    if let Some(result) = value.as_object().map(result).transpose()?.flatten() {
        return Ok(result);
    }
    let shown = realm.json(value.clone()).ok().flatten().map(|json| format!(": {}", excerpt(&json.to_string())));
    Err(ScriptError::Failed(format!(
        "it must give back true, false, a number, or an object with pass, score and reason, and gave back {}{}. A code \
         of several lines needs a return.",
        value.type_name(),
        shown.unwrap_or_default(),
    ))
    .into())
}

fn excerpt(text: &str) -> String {
    const LONGEST: usize = 200;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

/// An object whose parts all have the types of a grading result, if it is one.
fn result(object: &Object<'_>) -> rquickjs::Result<Option<Given>> {
    let (pass, score, reason): (Value<'_>, Value<'_>, Value<'_>) =
        (object.get("pass")?, object.get("score")?, object.get("reason")?);
    let (Some(pass), Some(score), Some(reason)) = (pass.as_bool(), score.as_number(), reason.as_string()) else {
        return Ok(None);
    };
    if !has_fitting_extras(object)? {
        return Ok(None);
    }
    Ok(Some(Given::Result {
        pass,
        score,
        reason: text(reason)?,
        named_scores: named_scores(object)?,
        parts: parts(object)?,
    }))
}

/// What a result may have besides is of its type or absent.
fn has_fitting_extras(object: &Object<'_>) -> rquickjs::Result<bool> {
    for name in ["namedScores", "namedScoreWeights", "tokensUsed", "assertion"] {
        let value: Value<'_> = object.get(name)?;
        if !(value.is_undefined() || value.is_null() || (value.is_object() && !value.is_function())) {
            return Ok(false);
        }
    }
    let (parts, comment): (Value<'_>, Value<'_>) = (object.get("componentResults")?, object.get("comment")?);
    Ok((parts.is_undefined() || parts.is_array()) && (comment.is_undefined() || comment.is_string()))
}

/// As JavaScript would count with them: `true` is 1, text that is no number is none.
fn named_scores(object: &Object<'_>) -> rquickjs::Result<BTreeMap<String, f64>> {
    let Some(scores) = object.get::<_, Value<'_>>("namedScores")?.into_object() else { return Ok(BTreeMap::new()) };
    scores.props::<String, Coerced<f64>>().map(|entry| entry.map(|(name, Coerced(score))| (name, score))).collect()
}

fn parts(object: &Object<'_>) -> rquickjs::Result<Vec<Graded>> {
    let Some(parts) = object.get::<_, Value<'_>>("componentResults")?.into_array() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for part in parts.iter::<Value<'_>>() {
        if let Some(part) = part?.as_object() {
            found.push(graded(part)?);
        }
    }
    Ok(found)
}

/// A part, with what it lacks taken for a failure.
fn graded(part: &Object<'_>) -> rquickjs::Result<Graded> {
    let (pass, score, reason): (Value<'_>, Value<'_>, Value<'_>) =
        (part.get("pass")?, part.get("score")?, part.get("reason")?);
    Ok(Graded {
        pass: pass.as_bool().unwrap_or(false),
        score: score.as_number().unwrap_or(0.0),
        reason: reason.as_string().map(text).transpose()?.unwrap_or_default(),
    })
}

/// With halves of surrogate pairs replaced, which no text here can hold.
fn text(text: &rquickjs::String<'_>) -> rquickjs::Result<String> {
    text.to_string().or_else(|_| {
        let json = text.ctx().json_stringify(text.clone())?.map(|json| json.to_string()).transpose()?;
        Ok(json
            .and_then(|json| cross::read(&json).ok())
            .and_then(|json| json.as_str().map(str::to_owned))
            .unwrap_or_default())
    })
}
