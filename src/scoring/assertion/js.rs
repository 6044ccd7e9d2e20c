//! Values as JavaScript sees them: how it prints, reads, compares and separates what an assertion is given.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

/// `String(value)`.
pub(super) fn string(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("null"),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(number) => Cow::Owned(print(double(number))),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(items) => Cow::Owned(items.iter().map(item).collect::<Vec<_>>().join(",")),
        Value::Object(_) => Cow::Borrowed("[object Object]"),
    }
}

/// An item of a printed list: what is nothing prints nothing.
fn item(value: &Value) -> Cow<'_, str> {
    if value.is_null() { Cow::Borrowed("") } else { string(value) }
}

/// `JSON.stringify(value)`: compact, numbers as JavaScript prints them, keys that are whole numbers first.
pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text);
    text
}

fn write_json(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => text.push_str(&print(double(number))),
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_json(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            // Stable: the other keys keep the order in which they were written.
            members.sort_by_key(|(key, _)| index(key).unwrap_or(u64::MAX));
            text.push('{');
            for (place, (key, value)) in members.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_json(value, text);
            }
            text.push('}');
        }
        other => text.push_str(&other.to_string()),
    }
}

/// A key that JavaScript takes for a place in a list.
fn index(key: &str) -> Option<u64> {
    let number: u32 = key.parse().ok()?;
    (number < u32::MAX && number.to_string() == key).then_some(u64::from(number))
}

/// All of JavaScript's numbers are doubles: whole ones beyond 2^53 lose digits.
pub(super) fn double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// `String(number)`: the shortest digits that read back as the same number, with an exponent from 1e21 and below 1e-6.
pub(super) fn print(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}Infinity");
    }
    let (digits, exponent) = shortest(number.abs());
    format!("{sign}{}", place_point(&digits, exponent))
}

/// The digits of a positive number without zeros around them, and the exponent of the first. Of two shortest spellings
/// that are equally near the even one, which is JSON's here and not that of Rust's own formatter.
fn shortest(number: f64) -> (String, i32) {
    let spelling = Number::from_f64(number).map(|number| number.to_string()).unwrap_or_default();
    let (mantissa, exponent) = spelling.split_once('e').unwrap_or((&spelling, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let first = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(digits.len() - significant.len()).unwrap_or(0);
    (significant.trim_end_matches('0').to_owned(), exponent + first - 1)
}

/// `exponent` is that of the first digit.
fn place_point(digits: &str, exponent: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    match exponent + 1 {
        whole @ 1..=21 if whole >= count => format!("{digits}{}", zeros(whole - count)),
        whole @ 1..=21 => {
            let (before, after) = digits.split_at(usize::try_from(whole).unwrap_or(0));
            format!("{before}.{after}")
        }
        whole @ -5..=0 => format!("0.{}{digits}", zeros(-whole)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{first}{point}{rest}e{exponent:+}")
        }
    }
}

/// `Number(value)`; `NaN` for what is none.
pub(super) fn number(value: &Value) -> f64 {
    match value {
        Value::Null | Value::Bool(false) => 0.0,
        Value::Bool(true) => 1.0,
        Value::Number(number) => double(number),
        Value::String(text) => read(text),
        Value::Array(_) => read(&string(value)),
        Value::Object(_) => f64::NAN,
    }
}

/// `Number(text)`: blank is 0, hexadecimal, octal and binary are read, anything after the number makes it none.
fn read(text: &str) -> f64 {
    let text = trim(text);
    match text {
        "" => return 0.0,
        "Infinity" | "+Infinity" => return f64::INFINITY,
        "-Infinity" => return f64::NEG_INFINITY,
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return read_whole(digits, radix);
        }
    }
    // Rust reads "inf" and "nan" as well.
    if !text.chars().all(|letter| matches!(letter, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')) {
        return f64::NAN;
    }
    text.parse().unwrap_or(f64::NAN)
}

fn read_whole(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() {
        return f64::NAN;
    }
    digits
        .chars()
        .try_fold(0.0, |sum, digit| digit.to_digit(radix).map(|digit| sum * f64::from(radix) + f64::from(digit)))
        .unwrap_or(f64::NAN)
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
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_printed_as_javascript_prints_them() {
        for (number, expect) in [
            (5.0, "5"),
            (-7.0, "-7"),
            (-0.0, "0"),
            (3.25, "3.25"),
            (1000.0, "1000"),
            (0.1 + 0.2, "0.30000000000000004"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e21, "1.5e+21"),
            (-2.5e300, "-2.5e+300"),
            (1e-6, "0.000001"),
            (1.25e-6, "0.00000125"),
            (1e-7, "1e-7"),
            (1.25e-7, "1.25e-7"),
            (5e-324, "5e-324"),
            (-1_195_030_244_605_537.0 / 8.0, "-149378780575692.12"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(print(number), expect);
        }
        assert_eq!(string(&json!(9_007_199_254_740_993_u64)), "9007199254740992");
    }

    #[test]
    fn values_are_printed_as_javascript_prints_them() {
        for (value, expect) in [
            (json!(null), "null"),
            (json!(true), "true"),
            (json!(1.0), "1"),
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

    proptest! {
        #[test]
        fn a_printed_number_reads_back_as_itself(number in any::<f64>()) {
            if !number.is_nan() {
                let back = read(&print(number));
                assert!(back.eq(&number), "{number:e} {back:e}");
            }
        }
    }
}
