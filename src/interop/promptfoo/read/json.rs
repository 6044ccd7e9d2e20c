//! JSON as `JSON.parse` and `JSON.stringify` have it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Number, Value};

use crate::scoring::yaml;

/// Whole numbers up to here are exact in a double: 2^53.
const EXACT: u64 = 1 << 53;

/// # Errors
/// A sentence with line and column.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("It is not JSON: {error}."))?;
    Ok(yaml::in_js_order(doubled(value)))
}

/// Every number as a double holds it; whole ones as integers.
fn doubled(value: Value) -> Value {
    match value {
        Value::Number(number) => double(number),
        Value::Array(items) => Value::Array(items.into_iter().map(doubled).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, doubled(value))).collect()),
        other => other,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "whole and at most 2^53")]
fn double(number: Number) -> Value {
    if number.as_i64().is_some_and(|whole| whole.unsigned_abs() <= EXACT) {
        return Value::Number(number);
    }
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() <= EXACT as f64 => Value::from(float as i64),
        Some(float) => Number::from_f64(float).map_or(Value::Null, Value::Number),
        None => Value::Number(number),
    }
}

/// Compact, with numbers as JavaScript prints them.
pub(super) fn stringify(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, JavaScript);
    if value.serialize(&mut serializer).is_err() {
        return String::new();
    }
    String::from_utf8(bytes).unwrap_or_default()
}

struct JavaScript;

impl Formatter for JavaScript {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(printed(value).as_bytes())
    }
}

/// As JavaScript prints a finite number.
pub(super) fn printed(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if (1e-6..1e21).contains(&number.abs()) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

/// `String(value)`, for values that become text on the way (names, numbers of the environment).
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => printed(float),
            _ => number.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Array(items) => items
            .iter()
            .map(|item| if item.is_null() { String::new() } else { text_of(item) })
            .collect::<Vec<_>>()
            .join(","),
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

/// The keys in the order of a JavaScript object.
pub(super) fn in_order(map: Map<String, Value>) -> Map<String, Value> {
    match yaml::in_js_order(Value::Object(map)) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Whether JavaScript takes the value for true.
pub(super) fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(bool)) => *bool,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_doubles_and_keys_in_order() {
        let check = |text: &str, expect: &str| assert_eq!(stringify(&parse(text).unwrap()), expect, "{text}");
        check("[5.0, 1e3, 1e21, 1.5e-7, -0.0, 9007199254740993]", "[5,1000,1e+21,1.5e-7,0,9007199254740992]");
        check(r#"{"b": 1, "2": 2, "1": 3, "b": 4}"#, r#"{"1":3,"2":2,"b":4}"#);
        check(r#""é\n\u0007""#, "\"é\\n\\u0007\"");
        assert!(parse("{a: 1}").unwrap_err().contains("line 1"));
    }
}
