//! How long a provider asks to wait, from whatever it says.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::domain::RawReply;

/// Longer waits than this are told as this.
const LONGEST_MS: f64 = 365.0 * 86_400_000.0;

/// Milliseconds from `retry-after-ms` and `retry-after` (seconds, with a unit, or a date, which is measured against
/// the reply's own `date`, since clocks differ). What is negative or no time at all is not a hint.
#[must_use]
pub fn retry_after_ms(reply: &RawReply) -> Option<u64> {
    reply.header("retry-after-ms").and_then(|text| millis(number(text)?)).or_else(|| {
        let text = reply.header("retry-after")?;
        duration_ms(text).or_else(|| until_date_ms(text, reply.header("date")?))
    })
}

/// Milliseconds of `7`, `7.5`, `7s`, `900ms`, `1m30s` or `10h17m`; a bare number is seconds.
#[must_use]
pub fn duration_ms(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Some(seconds) = number(text) {
        return millis(seconds * 1000.0);
    }
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit);
        let factor = match unit.trim() {
            "ms" => 1.0,
            "s" => 1000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return None,
        };
        total += amount.parse::<f64>().ok()? * factor;
        rest = next;
    }
    if text.is_empty() { None } else { millis(total) }
}

fn until_date_ms(text: &str, now: &str) -> Option<u64> {
    let parse = |text: &str| -> Option<Timestamp> { rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok() };
    let wait = parse(text)?.as_millisecond() - parse(now)?.as_millisecond();
    Some(u64::try_from(wait).unwrap_or(0))
}

/// Words that `f64` would read as numbers (`inf`, `nan`) are none.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if numeric { text.parse().ok() } else { None }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite, not negative and bounded")]
fn millis(ms: f64) -> Option<u64> {
    (ms >= 0.0 && ms.is_finite()).then(|| ms.min(LONGEST_MS).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], expect: Option<u64>) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(retry_after_ms(&RawReply { headers, ..RawReply::default() }), expect);
    }

    #[test]
    fn every_form_of_the_header_is_read() {
        let hint = |value, expect| check(&[("retry-after", value), ("date", "Mon, 23 Nov 2026 10:00:00 GMT")], expect);
        hint("7", Some(7_000));
        hint(" 0.5 ", Some(500));
        hint("0", Some(0));
        hint("20s", Some(20_000));
        hint("900ms", Some(900));
        hint("1m30s", Some(90_000));
        hint("10h17m", Some(37_020_000));
        hint("-5", None);
        hint("1e999", None);
        hint("inf", None);
        hint("NaN", None);
        hint("soon", None);
        hint("", None);
        hint("1e12", Some(31_536_000_000));
        hint("Mon, 23 Nov 2026 10:00:30 GMT", Some(30_000));
        hint("Mon, 23 Nov 2026 09:00:00 GMT", Some(0));
        hint("Mon, 99 Nov 2026 09:00:00 GMT", None);
    }

    #[test]
    fn milliseconds_come_before_seconds_and_a_date_needs_a_date() {
        check(&[("retry-after", "7"), ("retry-after-ms", "250.5")], Some(251));
        check(&[("retry-after", "7"), ("retry-after-ms", "soon")], Some(7_000));
        check(&[("retry-after", "Mon, 23 Nov 2026 10:00:30 GMT")], None);
        check(&[], None);
    }
}
