//! A schema compiled as strictly as draft 7 can be read, and what it says of values.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Keyword, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::super::Undone;
use super::{formats, strict};
use crate::scoring::pattern::{BACKTRACK_LIMIT, SIZE_LIMIT, guarded};

/// Schemas that nest deeper are refused, since the validator goes down level by level.
const DEEPEST: usize = 128;

/// How many mistakes a reason tells.
const TOLD: usize = 2;

pub(in super::super) struct Schema {
    validator: Validator,
}

pub(in super::super) enum Verdict {
    Obeys,
    /// With what is wrong, as a clause.
    Breaks(String),
}

impl Verdict {
    pub(in super::super) fn obeys(&self) -> bool {
        matches!(self, Self::Obeys)
    }
}

impl Schema {
    pub(in super::super) fn compile(schema: &Value) -> Result<Self, Undone> {
        Self::build(schema).map_err(|why| Undone(format!("The schema cannot be used: {why}.")))
    }

    fn build(schema: &Value) -> Result<Self, String> {
        if !matches!(schema, Value::Bool(_) | Value::Object(_)) {
            return Err("a schema is an object or a boolean".to_owned());
        }
        if deeper_than(schema, DEEPEST) {
            return Err(format!("it nests deeper than {DEEPEST} levels"));
        }
        let schema = strict::checked(schema)?;
        let built = guarded(|| {
            let options = formats::define(jsonschema::options().offline().with_draft(Draft::Draft7))
                .with_keyword("multipleOf", |_, of, _| Ok(Box::new(Multiple(of.as_f64().unwrap_or(f64::NAN)))));
            let linear = PatternOptions::regex().size_limit(SIZE_LIMIT);
            options.clone().with_pattern_options(linear).build(&schema).or_else(|_| {
                // Look-around and back-references need the other engine, with a bound.
                let bounded = PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT).size_limit(SIZE_LIMIT);
                options.with_pattern_options(bounded).build(&schema)
            })
        });
        match built {
            Ok(Ok(validator)) => Ok(Self { validator }),
            Ok(Err(error)) => Err(told(&error)),
            Err(()) => Err("it cannot be compiled".to_owned()),
        }
    }

    pub(in super::super) fn verdict(&self, value: &Value) -> Result<Verdict, Undone> {
        guarded(|| self.validate(value))
            .unwrap_or_else(|()| Err(Undone("The validator of the schema broke down on this output.".to_owned())))
    }

    fn validate(&self, value: &Value) -> Result<Verdict, Undone> {
        if self.validator.is_valid(value) {
            return Ok(Verdict::Obeys);
        }
        let mut mistakes = Vec::new();
        for error in self.validator.iter_errors(value).take(TOLD) {
            if matches!(
                error.kind(),
                ValidationErrorKind::BacktrackLimitExceeded { .. } | ValidationErrorKind::RegexEngineFailure { .. }
            ) {
                return Err(Undone(format!("A pattern of the schema gave up after {BACKTRACK_LIMIT} steps back.")));
            }
            mistakes.push(format!(
                "{} at `{}`",
                error.masked_with("the value"),
                root(&error.instance_path().to_string())
            ));
        }
        Ok(Verdict::Breaks(mistakes.join("; ")))
    }
}

/// Multiples by division of doubles, as JavaScript finds them: 0.3 is none of 0.1.
struct Multiple(f64);

impl<'i> Keyword<'i> for Multiple {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(value) { Ok(()) } else { Err(ValidationError::custom(format!("no multiple of {}", self.0))) }
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        value.as_f64().is_none_or(|number| (number / self.0).fract() == 0.0)
    }
}

fn told(error: &ValidationError<'_>) -> String {
    format!("{error} (at `{}` of the schema)", root(&error.instance_path().to_string()))
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
