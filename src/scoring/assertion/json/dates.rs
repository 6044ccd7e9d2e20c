//! Dates, times and durations of RFC 3339.

use std::sync::LazyLock;

use regex::Regex;

use super::super::space;

pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    if !shape {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (digits(&bytes[..4]), digits(&bytes[5..7]), digits(&bytes[8..])) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    let source = r"(?i-u)^([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)(z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?$";
    Regex::new(source).expect("the pattern is a constant")
});

/// A time of day, with a zone or, where it may lack, without. The second 60 is there at the end of a day in UTC.
pub(super) fn is_time(text: &str, zone: bool) -> bool {
    let Some(parts) = TIME.captures(text) else { return false };
    let number = |index: usize| parts.get(index).map_or(0, |part| part.as_str().parse::<i32>().unwrap_or(0));
    let (hour, minute, zone_hour, zone_minute) = (number(1), number(2), number(6), number(7));
    let second: f64 = parts[3].parse().unwrap_or(f64::NAN);
    if zone_hour > 23 || zone_minute > 59 || zone && parts.get(4).is_none() {
        return false;
    }
    if hour <= 23 && minute <= 59 && second < 60.0 {
        return true;
    }
    let sign = if parts.get(5).is_some_and(|sign| sign.as_str() == "-") { -1 } else { 1 };
    let utc_minute = minute - zone_minute * sign;
    let utc_hour = hour - zone_hour * sign - i32::from(utc_minute < 0);
    matches!(utc_hour, 23 | -1) && matches!(utc_minute, 59 | -1) && second < 61.0
}

/// A date and a time with a `T` or a space between them.
pub(super) fn is_moment(text: &str, zone: bool) -> bool {
    let parts: Vec<&str> =
        text.split(|character| matches!(character, 't' | 'T') || space::is_space(character)).collect();
    matches!(parts[..], [date, time] if is_date(date) && is_time(time, zone))
}

static DURATION: LazyLock<Regex> = LazyLock::new(|| {
    let source = r"^P(?:([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+S)?)?|[0-9]+W)$";
    Regex::new(source).expect("the pattern is a constant")
});

pub(super) fn is_duration(text: &str) -> bool {
    text != "P" && !text.ends_with('T') && DURATION.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_the_calendar() {
        for good in ["2000-02-29", "2023-12-31", "0001-01-01"] {
            assert!(is_date(good), "{good}");
        }
        for bad in ["2023-02-29", "1900-02-29", "2023-13-01", "2023-04-31", "2023-1-01", "23-01-01", "2023-00-10", ""] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn a_time_needs_a_zone_unless_it_may_lack() {
        let check = |text: &str, strict, lenient| {
            assert_eq!((is_time(text, true), is_time(text, false)), (strict, lenient), "{text}");
        };
        check("10:20:30Z", true, true);
        check("10:20:30.5+02:00", true, true);
        check("10:20:30-0130", true, true);
        check("10:20:30", false, true);
        check("24:00:00Z", false, false);
        check("10:60:00Z", false, false);
        check("23:59:60Z", true, true);
        check("22:59:60Z", false, false);
        check("10:20:30+24:00", false, false);
        check("10:20Z", false, false);
    }

    #[test]
    fn a_moment_is_a_date_and_a_time() {
        for good in ["2024-05-06T07:08:09Z", "2024-05-06 07:08:09+00:00", "2024-05-06t07:08:09.123z"] {
            assert!(is_moment(good, true), "{good}");
        }
        for bad in ["2024-05-06", "2024-05-06T07:08:09", "2024-05-06T", "T07:08:09Z", "2024-05-06  07:08:09Z"] {
            assert!(!is_moment(bad, true), "{bad}");
        }
    }

    #[test]
    fn durations_have_at_least_one_part() {
        for good in ["P1Y", "P1Y2M3DT4H5M6S", "PT1S", "P2W"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["P", "PT", "P1DT", "P1W2D", "1D", "PT1.5S", "P1S"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }
}
