//! JSON Schema, without references to other documents: a schema fetches nothing and reads no file.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::found::{Found, quote};
use super::pattern::{BACKTRACK_LIMIT, SIZE_LIMIT, guarded};
use super::subject::Subject;

/// Schemas that nest deeper are refused, since the validator goes down level by level.
const DEPTH: usize = 128;

/// How many mistakes a reason tells.
const TOLD: usize = 2;

/// # Errors
/// A clause that says what is wrong with the schema.
pub(super) fn compile(schema: &Value) -> Result<Validator, String> {
    if deeper_than(schema, DEPTH) {
        return Err(format!("the schema nests deeper than {DEPTH} levels"));
    }
    if let Some(reference) = foreign_reference(schema) {
        return Err(format!("`$ref` to {} is refused: a schema may only refer to itself (`#/…`)", quote(reference)));
    }
    let linear = PatternOptions::regex().size_limit(SIZE_LIMIT);
    let built = guarded(|| {
        let options = jsonschema::options().offline();
        options.clone().with_pattern_options(linear).build(schema).or_else(|_| {
            // Look-around and back-references need the other engine, with a bound.
            let bounded = PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT).size_limit(SIZE_LIMIT);
            options.with_pattern_options(bounded).build(schema)
        })
    });
    match built {
        Ok(Ok(validator)) => Ok(validator),
        Ok(Err(error)) => Err(format!("{error} (at `{}` of the schema)", root(&error.instance_path().to_string()))),
        Err(()) => Err("the schema cannot be compiled".to_owned()),
    }
}

pub(super) fn check(subject: &Subject, at: Option<&str>, validator: &Validator) -> Result<Found, Found> {
    subject.value(at).map(|value| found(validator, value))
}

/// What a schema says of a value.
pub(super) fn found(validator: &Validator, value: &Value) -> Found {
    guarded(|| validate(validator, value))
        .unwrap_or_else(|()| Found::untold("The schema's validator broke down on this output."))
}

fn validate(validator: &Validator, value: &Value) -> Found {
    if validator.is_valid(value) {
        return Found::holds(true, "The output obeys the schema.");
    }
    let mut told = Vec::new();
    let mut more = 0;
    for error in validator.iter_errors(value) {
        if matches!(
            error.kind(),
            ValidationErrorKind::BacktrackLimitExceeded { .. } | ValidationErrorKind::RegexEngineFailure { .. }
        ) {
            return Found::untold(format!("A pattern of the schema gave up after {BACKTRACK_LIMIT} steps back."));
        }
        if told.len() < TOLD {
            told.push(format!("{} at `{}`", error.masked_with("the value"), root(&error.instance_path().to_string())));
        } else {
            more += 1;
        }
    }
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Found::holds(
        false,
        format!("The output {} breaks the schema: {}{more}.", quote(&value.to_string()), told.join("; ")),
    )
}

fn root(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| deeper_than(item, levels - 1)),
        Value::Object(fields) => levels == 0 || fields.values().any(|field| deeper_than(field, levels - 1)),
        _ => false,
    }
}

/// The first reference that leads out of the document. The published drafts of JSON Schema itself are built in.
fn foreign_reference(schema: &Value) -> Option<&str> {
    match schema {
        Value::Array(items) => items.iter().find_map(foreign_reference),
        Value::Object(fields) => fields.iter().find_map(|(key, value)| match value {
            Value::String(target) if key.ends_with("$ref") || key.ends_with("Ref") && key.starts_with('$') => {
                is_foreign(target).then_some(target.as_str())
            }
            value => foreign_reference(value),
        }),
        _ => None,
    }
}

fn is_foreign(target: &str) -> bool {
    let drafts = ["http://json-schema.org/draft-", "https://json-schema.org/draft/"];
    target.contains(':') && !target.starts_with('#') && !drafts.iter().any(|draft| target.starts_with(draft))
        || target.starts_with("//")
}
