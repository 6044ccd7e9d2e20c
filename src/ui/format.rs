//! Numbers, times and shares as people read them: with units, and no more digits than they are worth.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{Interval, RunId};

/// Waits and remaining times, rounded up.
pub use crate::domain::wait as duration;

/// `1 234 567`, with thin spaces, so that long counts can be read.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// Names of runs in a list; where several have the same, the end of each run's id stands behind it.
#[must_use]
pub fn told_apart(runs: Vec<(RunId, String)>) -> Vec<(RunId, String)> {
    let mut times: HashMap<String, u32> = HashMap::new();
    for (_, name) in &runs {
        *times.entry(name.clone()).or_default() += 1;
    }
    let named = |(id, name): (RunId, String)| {
        let end = id.as_str().rsplit('-').next().unwrap_or_default();
        let name = if times.get(&name).is_some_and(|times| *times > 1) { format!("{name} · {end}") } else { name };
        (id, name)
    };
    runs.into_iter().map(named).collect()
}

/// A share from 0 to 1 as `87.5 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if (percent - percent.round()).abs() < 0.05 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// `87.5 % (82.1–91.4)`.
#[must_use]
pub fn interval(interval: Interval) -> String {
    format!("{} ({:.1}–{:.1})", percent(interval.value), interval.low * 100.0, interval.high * 100.0)
}

/// Milliseconds as `840 ms` or `1.24 s`.
#[must_use]
pub fn seconds(ms: f64) -> String {
    match ms {
        ms if ms < 9.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms if ms < 9_995.0 => format!("{:.2} s", ms / 1e3),
        ms if ms < 99_950.0 => format!("{:.1} s", ms / 1e3),
        ms => format!("{:.0} s", ms / 1e3),
    }
}

/// `2026-11-23 14:05`, in the reader's own time zone.
#[must_use]
pub fn when(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// How long ago, coarsely: `just now`, `5 min ago`, `3 days ago`.
#[must_use]
pub fn since(time: Timestamp, now: Timestamp) -> String {
    let secs = now.as_second().saturating_sub(time.as_second());
    match secs {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", secs / 60),
        3_600..86_400 => format!("{} h ago", secs / 3_600),
        86_400..172_800 => "yesterday".to_owned(),
        _ => format!("{} days ago", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_name_have_the_end_of_their_ids() {
        let runs =
            [("20261128-204050-599a", "quick"), ("20261128-204041-2771", "quick"), ("20261128-204041-8a01", "all")];
        let told = told_apart(runs.map(|(id, name)| (id.into(), name.to_owned())).into());
        let names: Vec<&str> = told.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["quick · 599a", "quick · 2771", "all"]);
        assert_eq!(told[0].0, runs[0].0.into());
    }

    #[test]
    fn numbers_have_units_and_sensible_digits() {
        let check = |text: String, expect: &str| assert_eq!(text, expect);
        check(count(1234), "1234");
        check(count(1_234_567), "1\u{2009}234\u{2009}567");
        check(percent(0.875), "87.5 %");
        check(percent(1.0), "100 %");
        check(seconds(1240.0), "1.24 s");
        check(seconds(840.4), "840 ms");
        check(seconds(4.26), "4.3 ms");
        check(interval(Interval { value: 0.875, low: 0.821, high: 0.914 }), "87.5 % (82.1–91.4)");
    }
}
