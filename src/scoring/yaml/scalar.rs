//! A scalar's text becomes a value, by the rules of the core schema.

use serde_json::{Map, Number, Value};

use super::build::Reading;
use super::order::ordered;
use super::timestamp;

/// Whole numbers up to here are exact in a double: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// ISO 8601, UTC.
    Date(String),
    Bytes(Vec<u8>),
    /// The key `<<`.
    Merge,
}

impl Scalar {
    /// A scalar without quotes and without a tag.
    pub(super) fn plain(text: &str) -> Self {
        let named = match text {
            "" | "~" | "null" | "Null" | "NULL" => Some(Self::Null),
            "<<" => Some(Self::Merge),
            _ => bool_of(text).map(Self::Bool),
        };
        named
            .or_else(|| whole(text, false).or_else(|| float(text)).map(Self::Number))
            .or_else(|| timestamp::iso(text).map(Self::Date))
            .unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// A scalar with one of the standard tags, given without `tag:yaml.org,2002:`; nothing where the text is no such
    /// scalar.
    pub(super) fn tagged(tag: &str, text: &str) -> Option<Self> {
        match tag {
            "str" => Some(Self::Text(text.to_owned())),
            "null" => matches!(text, "" | "~" | "null" | "Null" | "NULL").then_some(Self::Null),
            "bool" => bool_of(text).map(Self::Bool),
            "int" => whole(text, true).map(Self::Number),
            "float" => float(text).map(Self::Number),
            "timestamp" => timestamp::iso(text).map(Self::Date),
            "binary" => bytes(text).map(Self::Bytes),
            "merge" => matches!(text, "<<" | "").then_some(Self::Merge),
            _ => None,
        }
    }

    /// As a key of a mapping; nothing for those that JavaScript holds as objects.
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Self::Null => Some("null".to_owned()),
            Self::Bool(bool) => Some(bool.to_string()),
            Self::Number(number) => Some(printed(*number)),
            Self::Text(text) => Some(text.clone()),
            Self::Date(_) | Self::Bytes(_) => None,
            Self::Merge => Some("<<".to_owned()),
        }
    }

    pub(super) fn value(self, reading: Reading) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(bool),
            Self::Number(number) => number_value(number, reading),
            Self::Text(text) => Value::String(text),
            Self::Date(text) if reading.for_json => Value::String(text),
            Self::Date(_) => Value::Object(Map::new()),
            Self::Bytes(bytes) => Value::Object(ordered(
                bytes.into_iter().enumerate().map(|(index, byte)| (index.to_string(), Value::from(byte))).collect(),
            )),
            Self::Merge => Value::String("<<".to_owned()),
        }
    }
}

fn number_value(number: f64, reading: Reading) -> Value {
    if number.is_finite() {
        return shortest(number);
    }
    if reading.for_json { Value::Null } else { Value::String(printed(number)) }
}

/// A whole number becomes an integer where a double holds it exactly.
#[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
fn shortest(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Value::from(number as i64)
    } else {
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}

/// As JavaScript prints a number.
fn printed(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    if (1e-6..1e21).contains(&number.abs()) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

fn bool_of(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// `12`, `-7`, `0o17`, `0x1F`; with a tag also `0b11`, and a sign before each.
fn whole(text: &str, tagged: bool) -> Option<f64> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = unsigned.len() < text.len();
    let prefixed = |prefix: &str| unsigned.strip_prefix(prefix).filter(|_| tagged || !signed);
    let found = if let Some(digits) = prefixed("0o") {
        of_radix(digits, 8)
    } else if let Some(digits) = prefixed("0x") {
        of_radix(digits, 16)
    } else if let Some(digits) = prefixed("0b").filter(|_| tagged) {
        of_radix(digits, 2)
    } else if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        unsigned.parse().ok()
    } else {
        None
    }?;
    found.is_finite().then_some(if negative { -found } else { found })
}

fn of_radix(digits: &str, radix: u32) -> Option<f64> {
    let start = (!digits.is_empty()).then_some(0.0)?;
    digits.chars().try_fold(start, |sum, digit| {
        let digit = digit.to_digit(radix)?;
        Some(f64::mul_add(sum, f64::from(radix), f64::from(digit)))
    })
}

/// `1.5`, `.5`, `2.`, `1e3`, `.inf`, `-.inf`, `.nan`. What overflows is no number.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !before.is_empty() || !after.is_empty();
    let has_exponent = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    if !(has_digits && digits(before) && digits(after) && has_exponent) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Base64 with padding; blanks and line ends between do not count.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let letters: Vec<u8> = text.chars().filter(|letter| !letter.is_whitespace()).map(sextet).collect::<Option<_>>()?;
    let padding = letters.iter().rev().take_while(|letter| **letter == PADDING).count();
    let data = &letters[..letters.len() - padding];
    if !letters.len().is_multiple_of(4) || padding > 2 || data.contains(&PADDING) {
        return None;
    }
    let mut found = Vec::with_capacity(data.len() * 3 / 4);
    for group in data.chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, letter| bits << 6 | u32::from(*letter)) << (6 * (4 - group.len()));
        let [_, first, second, third] = bits.to_be_bytes();
        found.extend([first, second, third].into_iter().take(group.len() - 1));
    }
    Some(found)
}

const PADDING: u8 = 64;

fn sextet(letter: char) -> Option<u8> {
    let letter = u8::try_from(letter).ok()?;
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        b'=' => Some(PADDING),
        _ => None,
    }
}
