//! Strata's own checks, as the assertions that come nearest.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::checks::typed;
use super::notes::Notes;
use crate::domain::{Check, CheckKind, LengthUnit, Need, Tolerance};

/// The output as text, whatever a transform made of it.
const TEXT: &str = "const text = typeof output === \"string\" ? output : JSON.stringify(output);";

/// The assertion of a check; nothing for those that promptfoo has nothing like.
pub(super) fn written(check: &Check, notes: &mut Notes) -> Option<Map<String, Value>> {
    let (kind, value) = meant(&check.kind, notes)?;
    let mut written = typed(kind, check.not);
    let is_limit = matches!(check.kind, CheckKind::Cost { .. } | CheckKind::Latency { .. });
    if !value.is_null() {
        written.insert(if is_limit { "threshold" } else { "value" }.to_owned(), value);
    }
    if let Some(pointer) = &check.at {
        written.insert("transform".to_owned(), json!(at(pointer)));
    }
    Some(written)
}

/// Type and value.
fn meant(kind: &CheckKind, notes: &mut Notes) -> Option<(&'static str, Value)> {
    Some(match kind {
        CheckKind::Equals { value, ignore_case: false } => ("equals", json!(value)),
        CheckKind::Equals { value, ignore_case: true } => {
            ("javascript", caseless(value, "text.toLowerCase() === wanted.toLowerCase()", notes)?)
        }
        CheckKind::Contains { values, need, ignore_case } => contains(values, *need, *ignore_case),
        CheckKind::StartsWith { value, ignore_case: false } => ("starts-with", json!(value)),
        CheckKind::StartsWith { value, ignore_case: true } => {
            ("javascript", caseless(value, "text.toLowerCase().startsWith(wanted.toLowerCase())", notes)?)
        }
        CheckKind::Regex { pattern } => {
            if pattern.contains("(?i") || pattern.contains("(?m") || pattern.contains("(?s") || pattern.contains("(?x")
            {
                notes.add(format!("The pattern `{pattern}` sets flags inside, which JavaScript does not know."));
            }
            ("regex", json!(pattern))
        }
        CheckKind::Json => ("is-json", Value::Null),
        CheckKind::JsonSchema { schema } => ("is-json", schema.clone()),
        CheckKind::Number { value, tolerance } => ("javascript", json!(near(value, *tolerance))),
        CheckKind::Length { min, max, unit: LengthUnit::Words } => ("word-count", bounds(*min, *max)),
        CheckKind::Length { min, max, unit } => ("javascript", json!(length(*min, *max, *unit))),
        CheckKind::Cost { max } => ("cost", json!(max.dollars())),
        CheckKind::Latency { max_ms } => ("latency", json!(max_ms)),
        CheckKind::NoPii { .. } | CheckKind::NoLeak { .. } | CheckKind::NoInjection => {
            notes.add(format!("The check `{}` is left out: promptfoo has no assertion like it.", kind.name()));
            return None;
        }
        CheckKind::Judge { .. } | CheckKind::Assertion(_) | CheckKind::Set(_) => return None,
    })
}

fn contains(values: &[String], need: Need, ignore_case: bool) -> (&'static str, Value) {
    match (values, need, ignore_case) {
        ([value], _, false) => ("contains", json!(value)),
        ([value], _, true) => ("icontains", json!(value)),
        (values, Need::All, false) => ("contains-all", json!(values)),
        (values, Need::All, true) => ("icontains-all", json!(values)),
        (values, Need::Any, false) => ("contains-any", json!(values)),
        (values, Need::Any, true) => ("icontains-any", json!(values)),
    }
}

/// Compares without regard to capitals. A template goes in as JavaScript's own text, quotes and all.
fn caseless(value: &str, comparison: &str, notes: &mut Notes) -> Option<Value> {
    let wanted = match value.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
        Some(inner) if !inner.contains("{{") => format!("{{{{ ({inner}) | string | dump | safe }}}}"),
        None if !["{{", "{%", "{#"].iter().any(|tag| value.contains(tag)) => json!(value).to_string(),
        _ => {
            notes.add(format!(
                "The check for `{value}` without regard to capitals is left out: it is more than one variable."
            ));
            return None;
        }
    };
    Some(json!(format!("{TEXT}\nconst wanted = {wanted};\nreturn {comparison};")))
}

/// The first number, within the tolerance.
fn near(value: &str, tolerance: Tolerance) -> String {
    let allowed = match tolerance {
        Tolerance::Absolute(allowed) => format!("{allowed}"),
        Tolerance::Relative(share) => format!("{share} * Math.abs(wanted)"),
    };
    format!(
        "{TEXT}\nconst found = text.replaceAll(\",\", \"\").match(/[-+]?\\d*\\.?\\d+(e[-+]?\\d+)?/i);\nconst wanted = Number(\"{value}\");\n\
         return found !== null && Math.abs(Number(found[0]) - wanted) <= {allowed};"
    )
}

fn bounds(min: Option<u64>, max: Option<u64>) -> Value {
    let pairs = [("min", min), ("max", max)];
    Value::Object(pairs.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), json!(bound?)))).collect())
}

fn length(min: Option<u64>, max: Option<u64>, unit: LengthUnit) -> String {
    let count = match unit {
        LengthUnit::Characters => "[...text].length",
        LengthUnit::Words => "text.split(/\\s+/).filter(Boolean).length",
        LengthUnit::Lines => "text.replace(/\\n$/, \"\").split(\"\\n\").length - (text === \"\" ? 1 : 0)",
    };
    let (min, max) = (min.unwrap_or(0), max.map_or("Infinity".to_owned(), |max| max.to_string()));
    format!("{TEXT}\nconst length = {count};\nreturn length >= {min} && length <= {max};")
}

/// The value at a JSON Pointer, as code of one line.
fn at(pointer: &str) -> String {
    let mut steps = String::new();
    for step in pointer.split('/').skip(1) {
        let name = json!(step.replace("~1", "/").replace("~0", "~"));
        let _ = write!(steps, "[{name}]");
    }
    format!("(typeof output === \"string\" ? JSON.parse(output) : output){steps}")
}
