//! Numbers in text, and whether they are near enough.

use serde_json::Value;

use super::found::{Found, quote};
use super::subject::{Subject, place};
use crate::domain::Tolerance;

pub(super) fn check(subject: &Subject, at: Option<&str>, expected: &str, tolerance: Tolerance) -> Result<Found, Found> {
    let Some(wanted) = whole(expected) else {
        return Ok(Found::untold(format!("The expected value {} is not a number.", quote(expected))));
    };
    let text = subject.text(at)?;
    let number = match at.map(|_| subject.value(at)).transpose()? {
        Some(Value::Number(number)) => number.as_f64(),
        _ => first(&text),
    };
    let place = place(at);
    let Some(found) = number else {
        return Ok(Found::holds(false, format!("{place} {} has no number; expected {wanted}.", quote(&text))));
    };
    let holds = within(found, wanted, tolerance);
    let verb = if holds { "is within" } else { "is not within" };
    Ok(Found::holds(holds, format!("{found} {verb} {} of {wanted}.", allowed(tolerance))))
}

/// A text that is one number and nothing else.
pub(super) fn whole(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, length) = number_at(text, 0)?;
    (length == text.len()).then_some(number)
}

/// The first number in a text: `-12`, `3.14`, `1,234.50`, `6e-3`.
fn first(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let starts =
            bytes[at].is_ascii_digit() || matches!(bytes[at], b'+' | b'-' | b'.') || text[at..].starts_with('−');
        let in_word = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        // The hyphen of `GPT-4` is no sign.
        if starts
            && (bytes[at].is_ascii_digit() || !in_word)
            && let Some((number, _)) = number_at(text, at)
        {
            return Some(number);
        }
        at += 1;
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    None
}

/// The number that begins exactly at a byte, and where it ends.
fn number_at(text: &str, start: usize) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    let mut plain = String::new();
    let mut at = start;
    if text[at..].starts_with('−') {
        plain.push('-');
        at += '−'.len_utf8();
    } else if matches!(bytes.get(at), Some(b'+' | b'-')) {
        plain.push(char::from(bytes[at]));
        at += 1;
    }
    let whole = digits(bytes, at);
    plain.push_str(&text[at..at + whole]);
    at += whole;
    // Thousands: groups of exactly three digits after the first one to three.
    while (1..=3).contains(&whole) && bytes.get(at) == Some(&b',') && digits(bytes, at + 1) == 3 {
        plain.push_str(&text[at + 1..at + 4]);
        at += 4;
    }
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        fraction = digits(bytes, at + 1);
        if fraction > 0 {
            plain.push_str(&text[at..=at + fraction]);
            at += fraction + 1;
        }
    }
    if whole == 0 && fraction == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes, at + 1 + sign);
        if exponent > 0 {
            plain.push_str(&text[at..=at + sign + exponent]);
            at += 1 + sign + exponent;
        }
    }
    let number: f64 = plain.parse().ok()?;
    number.is_finite().then_some((number, at))
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Binary fractions are not exact: 0.31 is within 0.01 of 0.3, though the machine's difference is a hair more.
fn within(found: f64, wanted: f64, tolerance: Tolerance) -> bool {
    let allowed = match tolerance {
        Tolerance::Absolute(allowed) => allowed,
        Tolerance::Relative(share) => share * wanted.abs(),
    };
    let hair = 4.0 * f64::EPSILON * found.abs().max(wanted.abs()).max(allowed);
    (found - wanted).abs() <= allowed + hair
}

fn allowed(tolerance: Tolerance) -> String {
    match tolerance {
        Tolerance::Absolute(allowed) => format!("{allowed}"),
        Tolerance::Relative(share) => format!("{} %", share * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_found_in_prose() {
        let check = |text: &str, expect: Option<f64>| assert_eq!(first(text), expect, "{text}");
        check("The answer is 42.", Some(42.0));
        check("about -3.5 degrees", Some(-3.5));
        check("−7", Some(-7.0));
        check("$1,234,567.50 in total", Some(1_234_567.5));
        check("1,2345", Some(1.0));
        check("GPT-4 says 5", Some(4.0));
        check("x-5", Some(5.0));
        check("6.02e23 of them", Some(6.02e23));
        check(".5", Some(0.5));
        check("é 9", Some(9.0));
        check("none. -", None);
        check("", None);
    }

    #[test]
    fn tolerance_is_absolute_or_a_share() {
        let check = |found, wanted, tolerance, expect| assert_eq!(within(found, wanted, tolerance), expect);
        check(0.31, 0.3, Tolerance::Absolute(0.01), true);
        check(0.32, 0.3, Tolerance::Absolute(0.01), false);
        check(0.1 + 0.2, 0.3, Tolerance::Absolute(0.0), true);
        check(101.0, 100.0, Tolerance::Relative(0.01), true);
        check(-101.1, -100.0, Tolerance::Relative(0.01), false);
    }

    #[test]
    fn an_expected_value_is_a_number_and_nothing_else() {
        assert_eq!(whole(" 1,000 "), Some(1000.0));
        assert_eq!(whole("5 apples"), None);
        assert_eq!(whole("1e999"), None);
    }
}
