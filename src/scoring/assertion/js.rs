//! Values as JavaScript sees them: how it compares and separates what an assertion is given. How it prints and reads them
//! is [`crate::compose::nunjucks`]'s.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::compose::nunjucks::js::{stringify, text_of};

pub(super) use crate::compose::nunjucks::js::to_number as number;
pub(super) use crate::compose::nunjucks::number_text as print;

/// `String(value)`.
pub(super) fn string(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(text_of(other)),
    }
}

/// `JSON.stringify(value)`.
pub(super) fn json(value: &Value) -> String {
    stringify(value, 0)
}

/// All of JavaScript's numbers are doubles: whole ones beyond 2^53 lose digits.
fn double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// `smaller <= larger`: two texts in their order, anything else as numbers.
pub(super) fn at_most(smaller: &Value, larger: &Value) -> bool {
    match (smaller, larger) {
        (Value::String(smaller), Value::String(larger)) => {
            smaller.encode_utf16().cmp(larger.encode_utf16()) != Ordering::Greater
        }
        _ => number(smaller) <= number(larger),
    }
}

/// Deep strict equality of two parsed values: types differ, key order does not matter, 0 is not -0.
pub(super) fn deep_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => double(one).to_bits() == double(other).to_bits(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| deep_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| deep_equal(value, other)))
        }
        _ => one == other,
    }
}

/// JavaScript's `\s`: a byte order mark is space, the next-line control is not.
pub(super) fn is_space(letter: char) -> bool {
    letter == '\u{feff}' || (letter.is_whitespace() && letter != '\u{85}')
}

/// `text.trim()`.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_printed_as_javascript_prints_them() {
        for (value, expect) in [
            (json!(null), "null"),
            (json!(true), "true"),
            (json!(1.0), "1"),
            (json!(9_007_199_254_740_993_u64), "9007199254740992"),
            (json!([1, null, ["a", [2.5]], {}]), "1,,a,2.5,[object Object]"),
            (json!([]), ""),
            (json!([null]), ""),
            (json!({"a": 1}), "[object Object]"),
        ] {
            assert_eq!(string(&value), expect, "{value}");
        }
    }

    #[test]
    fn values_become_json_as_javascript_writes_it() {
        for (value, expect) in [
            (json!({"b": 1.0, "a": [true, null]}), r#"{"b":1,"a":[true,null]}"#),
            (json!({"b": 1, "10": 2, "9": 3, "01": 4, "-1": 5}), r#"{"9":3,"10":2,"b":1,"01":4,"-1":5}"#),
            (json!([1e21, 1e-7]), "[1e+21,1e-7]"),
            (json!("a\"\n\u{1}\u{7f}é"), "\"a\\\"\\n\\u0001\u{7f}é\""),
        ] {
            assert_eq!(json(&value), expect);
        }
    }

    #[test]
    fn texts_are_read_as_numbers() {
        for (text, expect) in [
            ("", 0.0),
            (" \u{a0}\n", 0.0),
            (" 3.0 ", 3.0),
            ("+5.", 5.0),
            (".5", 0.5),
            ("-1e3", -1000.0),
            ("0x1F", 31.0),
            ("0b101", 5.0),
            ("0o17", 15.0),
            ("017", 17.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert!((number(&json!(text)) - expect).abs() < 1e-9 || number(&json!(text)).eq(&expect), "{text}");
        }
        for text in ["abc", "3 words", "1_000", "inf", "nan", "infinity", "-0x1", "0x", "1e", ".", "1,5"] {
            assert!(number(&json!(text)).is_nan(), "{text}");
        }
        assert!(number(&json!([7])).eq(&7.0));
        assert!(number(&json!({})).is_nan());
    }

    #[test]
    fn texts_are_compared_by_letters_and_all_else_by_number() {
        assert!(at_most(&json!(3), &json!("10")));
        assert!(!at_most(&json!("3"), &json!("10")));
        assert!(at_most(&json!(null), &json!(0)));
        assert!(!at_most(&json!("x"), &json!(5)));
    }

    #[test]
    fn equality_looks_at_types_and_not_at_the_order_of_keys() {
        for (one, other, expect) in [
            (json!({"a": 1, "b": [2]}), json!({"b": [2.0], "a": 1.0}), true),
            (json!({"a": null}), json!({}), false),
            (json!([1, 2]), json!([2, 1]), false),
            (json!([]), json!({}), false),
            (json!(1), json!("1"), false),
            (json!(0), json!(-0.0), false),
            (json!(null), json!(null), true),
        ] {
            assert_eq!(deep_equal(&one, &other), expect, "{one} {other}");
        }
    }
}
