//! The tests behind `is`.

use std::cmp::Ordering;

use super::convert::{same_number, strictly_equal};
use super::error::TemplateError;
use super::run::Run;
use super::value::{Result, Val};

const NAMES: [&str; 26] = [
    "callable",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "escaped",
    "even",
    "falsy",
    "ge",
    "greaterthan",
    "gt",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "null",
    "number",
    "odd",
    "sameas",
    "string",
    "truthy",
    "undefined",
    "upper",
];

/// # Errors
/// Where there is no test of that name.
pub(super) fn known(name: &str) -> Result<()> {
    if NAMES.contains(&name) { Ok(()) } else { Err(TemplateError::new(format!("There is no test `{name}`."))) }
}

/// Whether a value passes a test; the value is the first argument.
///
/// # Errors
/// Where there is no such test, or it cannot be asked of the value.
pub(super) fn test(run: &Run<'_>, name: &str, args: &[Val]) -> Result<bool> {
    known(name)?;
    let undefined = Val::Undefined;
    let value = args.first().unwrap_or(&undefined);
    let other = args.get(1).unwrap_or(&undefined);
    let heap = &run.heap;
    let rest = |by: &Val| Ok(heap.number_of(value)? % heap.number_of(by)?);
    let compared = |fits: fn(Ordering) -> bool| Ok(heap.compared(value, other)?.is_some_and(fits));
    let in_case = |change: fn(&super::text::Text) -> super::text::Text| match value {
        Val::Str(text) => Ok(change(text) == *text),
        Val::Safe(_) => Ok(false),
        _ => Err(TemplateError::new(format!("`is {name}` asks only texts."))),
    };
    match name {
        "callable" => Ok(matches!(value, Val::Func(_))),
        "defined" => Ok(!value.is_undefined()),
        "undefined" => Ok(value.is_undefined()),
        "divisibleby" => Ok(rest(other)? == 0.0),
        "escaped" => Ok(matches!(value, Val::Safe(_))),
        "equalto" | "eq" | "sameas" => Ok(strictly_equal(value, other)),
        "ne" => Ok(!strictly_equal(value, other)),
        "even" => Ok(rest(&Val::Num(2.0))? == 0.0),
        "odd" => Ok(same_number(rest(&Val::Num(2.0))?, 1.0)),
        "falsy" => Ok(!value.is_truthy()),
        "truthy" => Ok(value.is_truthy()),
        "ge" => compared(Ordering::is_ge),
        "gt" | "greaterthan" => compared(Ordering::is_gt),
        "le" => compared(Ordering::is_le),
        "lt" | "lessthan" => compared(Ordering::is_lt),
        "lower" => in_case(super::text::Text::lower),
        "upper" => in_case(super::text::Text::upper),
        "null" => Ok(matches!(value, Val::Null)),
        "number" => Ok(matches!(value, Val::Num(_))),
        "string" => Ok(matches!(value, Val::Str(_))),
        "iterable" if value.is_nullish() => Err(TemplateError::new("`is iterable` asks no value that is nothing.")),
        "iterable" => Ok(matches!(value, Val::Str(_) | Val::Safe(_) | Val::List(_))),
        _ => Ok(matches!(value, Val::Object(_) | Val::Safe(_) | Val::Regex(_))),
    }
}
