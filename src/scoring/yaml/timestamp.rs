//! YAML timestamps: which texts are one, and the moment as ISO 8601 text in UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, tz::TimeZone};

/// The moment that a text names, as `2024-01-31T09:30:00.000Z`; nothing where it is no timestamp.
pub(super) fn iso(text: &str) -> Option<String> {
    let (local, offset) = match date_only(text) {
        Some(date) => (date.to_datetime(Time::midnight()), SignedDuration::ZERO),
        None => with_time(text)?,
    };
    let utc = local.to_zoned(TimeZone::UTC).ok()?.timestamp().checked_sub(offset).ok()?;
    Some(utc.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn date_only(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2 => date(year, month, day),
        _ => None,
    }
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(number(year, 4, 4)?, number(month, 1, 2)?, number(day, 1, 2)?).ok()
}

/// A date, `T` or blanks, a time with seconds, a fraction, and a zone; the last two may be absent.
fn with_time(text: &str) -> Option<(DateTime, SignedDuration)> {
    let blank = |letter: char| letter == ' ' || letter == '\t';
    let (day, rest) = text.split_once(|letter: char| blank(letter) || letter == 'T' || letter == 't')?;
    let separator = text.as_bytes().get(day.len()).copied()?;
    let rest = if blank(char::from(separator)) { rest.trim_start_matches(blank) } else { rest };
    let mut parts = day.splitn(3, '-');
    let date = date(parts.next()?, parts.next()?, parts.next()?)?;
    let clock_end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ':').unwrap_or(rest.len());
    let (clock, rest) = rest.split_at(clock_end);
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) =
        (number(parts.next()?, 1, 2)?, number(parts.next()?, 2, 2)?, number(parts.next()?, 2, 2)?);
    let (nanoseconds, rest) = fraction(rest);
    let zone = rest.trim_start_matches(blank);
    let offset = if rest.is_empty() { SignedDuration::ZERO } else { offset(zone)? };
    let time = Time::new(hour, minute, second, nanoseconds).ok()?;
    Some((date.to_datetime(time), offset))
}

/// The milliseconds of `.123`, in nanoseconds, and what follows. Further digits are dropped.
fn fraction(rest: &str) -> (i32, &str) {
    let Some(digits) = rest.strip_prefix('.') else { return (0, rest) };
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    let kept = &digits[..end.min(3)];
    let milliseconds: i32 = format!("{kept:0<3}").parse().unwrap_or_default();
    (milliseconds * 1_000_000, &digits[end..])
}

/// `Z`, `+2`, `-03:30`.
fn offset(zone: &str) -> Option<SignedDuration> {
    if zone == "Z" {
        return Some(SignedDuration::ZERO);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').map_or((rest, None), |(hours, minutes)| (hours, Some(minutes)));
    let hours: i64 = number(hours, 1, 2)?;
    let minutes: i64 = minutes.map_or(Some(0), |minutes| number(minutes, 2, 2))?;
    (hours < 24 && minutes < 60).then(|| SignedDuration::from_mins(sign * (hours * 60 + minutes)))
}

/// A number of `least` to `most` digits.
fn number<N: std::str::FromStr>(digits: &str, least: usize, most: usize) -> Option<N> {
    let fits = (least..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits { digits.parse().ok() } else { None }
}
