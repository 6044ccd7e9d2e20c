//! JSON values as JavaScript prints, weighs and writes them.

use serde_json::{Map, Value};

use super::number::{number_of, number_text};

/// `String(value)`: null is `null`, a list its elements with commas between (null as nothing), an object
/// `[object Object]`.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number_text(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let parts: Vec<String> =
                items.iter().map(|item| if item.is_null() { String::new() } else { text_of(item) }).collect();
            parts.join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

/// Whether JavaScript takes a value for true: only null, false, 0 and the empty text are not.
pub fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0 && !number.is_nan()),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// `a == b` for two values that came from different places: lists and objects are equal to text that they print as,
/// never to each other.
pub fn loosely_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => a.is_null() && b.is_null(),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Array(_) | Value::Object(_), Value::Array(_) | Value::Object(_)) => false,
        (Value::Array(_) | Value::Object(_), _) => loosely_equal(&Value::String(text_of(a)), b),
        (_, Value::Array(_) | Value::Object(_)) => loosely_equal(a, &Value::String(text_of(b))),
        _ => super::convert::same_number(to_number(a), to_number(b)),
    }
}

/// `Number(value)`.
pub fn to_number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        _ => number_of(&text_of(value)),
    }
}

/// `JSON.stringify(value, null, indent)`; keys that are whole numbers come first and in their order, as JavaScript
/// keeps them.
pub fn stringify(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    write_json(value, indent.min(10), 0, &mut out);
    out
}

fn write_json(value: &Value, indent: usize, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            out.push_str(&if number.is_finite() { number_text(number) } else { "null".to_owned() });
        }
        Value::String(text) => write_quoted(text.encode_utf16(), out),
        Value::Array(items) => {
            let writers = items.iter().map(|item| (None, item));
            write_group(('[', ']'), writers, indent, depth, out);
        }
        Value::Object(fields) => {
            let writers = in_order(fields).into_iter().map(|(name, item)| (Some(name), item));
            write_group(('{', '}'), writers, indent, depth, out);
        }
    }
}

fn write_group<'a>(
    (open, close): (char, char),
    items: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
    indent: usize,
    depth: usize,
    out: &mut String,
) {
    out.push(open);
    let mut any = false;
    for (name, item) in items {
        if any {
            out.push(',');
        }
        any = true;
        break_line(indent, depth + 1, out);
        if let Some(name) = name {
            write_quoted(name.encode_utf16(), out);
            out.push_str(if indent > 0 { ": " } else { ":" });
        }
        write_json(item, indent, depth + 1, out);
    }
    if any {
        break_line(indent, depth, out);
    }
    out.push(close);
}

fn break_line(indent: usize, depth: usize, out: &mut String) {
    if indent > 0 {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent * depth));
    }
}

/// The fields of an object in JavaScript's order.
fn in_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let index = |name: &str| super::text::Text::from(name).as_index();
    let (mut numbered, named): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| index(name).is_some());
    numbered.sort_by_key(|(name, _)| index(name));
    numbered.into_iter().chain(named).collect()
}

/// A text in quotes as `JSON.stringify` escapes it; half a pair is `\udxxx`.
pub(super) fn write_quoted(units: impl IntoIterator<Item = u16>, out: &mut String) {
    out.push('"');
    for letter in char::decode_utf16(units) {
        match letter {
            Ok('"') => out.push_str("\\\""),
            Ok('\\') => out.push_str("\\\\"),
            Ok('\n') => out.push_str("\\n"),
            Ok('\r') => out.push_str("\\r"),
            Ok('\t') => out.push_str("\\t"),
            Ok('\u{8}') => out.push_str("\\b"),
            Ok('\u{c}') => out.push_str("\\f"),
            Ok(letter) if letter < ' ' => write_escape(u32::from(letter), out),
            Ok(letter) => out.push(letter),
            Err(half) => write_escape(u32::from(half.unpaired_surrogate()), out),
        }
    }
    out.push('"');
}

fn write_escape(unit: u32, out: &mut String) {
    out.push_str("\\u");
    out.extend([12, 8, 4, 0].into_iter().filter_map(|shift| char::from_digit((unit >> shift) & 15, 16)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_print_as_javascript_prints_them() {
        let check = |value: Value, expect: &str| assert_eq!(text_of(&value), expect, "{value}");
        check(json!(null), "null");
        check(json!([1, [2, null], "a", {"b": 1}]), "1,2,,a,[object Object]");
        check(json!(5.0), "5");
        check(json!(1e21), "1e+21");
        check(json!([]), "");
        check(json!(true), "true");
    }

    #[test]
    fn equality_converts() {
        let check = |a: Value, b: Value, expect: bool| {
            assert_eq!(loosely_equal(&a, &b), expect, "{a} == {b}");
            assert_eq!(loosely_equal(&b, &a), expect, "{b} == {a}");
        };
        check(json!("7"), json!(7), true);
        check(json!(""), json!(0), true);
        check(json!(null), json!(0), false);
        check(json!(null), json!(null), true);
        check(json!(true), json!("1"), true);
        check(json!([1]), json!(1), true);
        check(json!([1]), json!([1]), false);
        check(json!("a"), json!("A"), false);
        check(json!({}), json!("[object Object]"), true);
    }

    #[test]
    fn json_is_written_as_javascript_writes_it() {
        let check = |value: Value, indent: usize, expect: &str| assert_eq!(stringify(&value, indent), expect);
        check(json!({"b": 1, "2": [], "1": {}}), 0, r#"{"1":{},"2":[],"b":1}"#);
        check(json!([1.0, "a\u{1}\n\"é"]), 0, "[1,\"a\\u0001\\n\\\"é\"]");
        check(json!({"a": [1, {"b": null}]}), 2, "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ]\n}");
        check(json!([]), 2, "[]");
    }
}
