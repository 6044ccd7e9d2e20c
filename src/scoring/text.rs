//! Checks of text: equals, contains, starts with.

use std::fmt::Write as _;

use serde_json::Value;

use super::found::{Found, quote};
use super::subject::{Subject, place};
use crate::domain::Need;

/// The same text, character by character. A value found by JSON Pointer that is no string is compared as JSON, so that
/// neither the order of keys nor white space counts.
pub(super) fn equals(subject: &Subject, at: Option<&str>, expected: &str, ignore_case: bool) -> Result<Found, Found> {
    if let Some(found) = same_json(subject, at, expected)? {
        return Ok(found);
    }
    let found = subject.text(at)?;
    let same = if ignore_case { fold(&found) == fold(expected) } else { found == expected };
    let place = place(at);
    if same {
        return Ok(Found::holds(true, format!("{place} is {}.", quote(&found))));
    }
    let hint = near_miss(&found, expected, ignore_case);
    Ok(Found::holds(false, format!("{place} is {}, expected {}.{hint}", quote(&found), quote(expected))))
}

/// Looks for each of the texts. The score is the share that was found where all are needed.
pub(super) fn contains(
    subject: &Subject,
    at: Option<&str>,
    wanted: &[String],
    need: Need,
    ignore_case: bool,
) -> Result<Found, Found> {
    if wanted.iter().any(String::is_empty) {
        return Ok(Found::untold("The text to look for is empty in this case, and an empty text is in every output."));
    }
    let found = subject.text(at)?;
    let folded = ignore_case.then(|| fold(&found));
    let haystack = folded.as_deref().unwrap_or(&found);
    let is_in = |text: &String| {
        if ignore_case { haystack.contains(&fold(text)) } else { haystack.contains(text.as_str()) }
    };
    let (present, missing): (Vec<_>, Vec<_>) = wanted.iter().partition(|text| is_in(text));
    let place = place(at);
    Ok(match need {
        Need::Any if present.is_empty() => {
            Found::holds(false, format!("{place} {} has none of {}.", quote(&found), list(&missing)))
        }
        Need::Any => Found::holds(true, format!("{place} has {}.", list(&present))),
        Need::All if missing.is_empty() => Found::holds(true, format!("{place} has {}.", list(&present))),
        Need::All => Found::scored(
            share(present.len(), wanted.len()),
            format!("{place} {} lacks {}.", quote(&found), list(&missing)),
        ),
    })
}

pub(super) fn starts_with(subject: &Subject, at: Option<&str>, start: &str, ignore_case: bool) -> Result<Found, Found> {
    if start.is_empty() {
        return Ok(Found::untold(
            "The start to look for is empty in this case, and every output starts with an empty text.",
        ));
    }
    let found = subject.text(at)?;
    let holds = if ignore_case { fold(&found).starts_with(&fold(start)) } else { found.starts_with(start) };
    let (place, verb) = (place(at), if holds { "starts with" } else { "does not start with" });
    Ok(Found::holds(holds, format!("{place} {} {verb} {}.", quote(&found), quote(start))))
}

/// Caseless form for matching: upper case, then lower case, letter by letter, so that `ß` meets `SS` and both sigmas meet.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

fn same_json(subject: &Subject, at: Option<&str>, expected: &str) -> Result<Option<Found>, Found> {
    if at.is_none() {
        return Ok(None);
    }
    let found = subject.value(at)?;
    if found.is_string() {
        return Ok(None);
    }
    let Ok(wanted) = serde_json::from_str::<Value>(expected) else { return Ok(None) };
    let same = same_value(found, &wanted);
    let verb = if same { "is" } else { "is not" };
    let (found, place) = (found.to_string(), place(at));
    Ok(Some(Found::holds(same, format!("{place} {} {verb} the expected {}.", quote(&found), quote(expected)))))
}

/// Equal as JSON, where `1` and `1.0` are the same number.
fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same_value(a, b)))
        }
        _ => a == b,
    }
}

fn near_miss(found: &str, expected: &str, ignore_case: bool) -> &'static str {
    if found.trim() == expected.trim() {
        " They differ only in white space at the ends."
    } else if !ignore_case && fold(found.trim()) == fold(expected.trim()) {
        " They differ only in upper and lower case."
    } else {
        ""
    }
}

fn list(texts: &[&String]) -> String {
    const SHOWN: usize = 3;
    let mut list = texts.iter().take(SHOWN).map(|text| quote(text)).collect::<Vec<_>>().join(", ");
    if texts.len() > SHOWN {
        let _ = write!(list, " and {} more", texts.len() - SHOWN);
    }
    list
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts in a check are small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
