//! Lengths of time as people read them.

use std::time::Duration;

/// A length of time, coarsely, in the unit that fits: `250 ms`, `1.5 s`, `40 s`, `15 min`, `2 h 05 min`, `3 days`.
#[must_use]
pub fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 if time.as_millis() < 1_000 && !time.is_zero() => format!("{} ms", time.as_millis().max(1)),
        secs @ 0..10 if time.subsec_millis() >= 100 => format!("{secs}.{} s", time.subsec_millis() / 100),
        secs @ 0..90 => format!("{secs} s"),
        secs @ 90..5_400 => format!("{} min", (secs + 30) / 60),
        secs @ 5_400..172_800 => format!("{} h {:02} min", secs / 3_600, secs % 3_600 / 60),
        secs => format!("{} days", secs / 86_400),
    }
}

/// The same for a wait: never shorter than it is.
#[must_use]
pub fn wait(time: Duration) -> String {
    let secs = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    let unit = match secs {
        0..90 => 1,
        90..172_800 => 60,
        _ => 86_400,
    };
    duration(Duration::from_secs(secs.div_ceil(unit).saturating_mul(unit)))
}

/// A limit that somebody set, to the millisecond: `250 ms`, `1.5 s`, `90 s`, `2 min 30 s`, `1 h 10 min`.
#[must_use]
pub fn exact(time: Duration) -> String {
    let (secs, ms) = (time.as_secs(), time.subsec_millis());
    if secs == 0 && ms > 0 {
        return format!("{ms} ms");
    }
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    let fraction = fraction.trim_end_matches('0');
    if secs < 120 {
        return format!("{secs}{fraction} s");
    }
    let parts = [(secs / 3_600, "", "h"), (secs / 60 % 60, "", "min"), (secs % 60, fraction, "s")];
    let told = parts.iter().filter(|(count, fraction, _)| *count > 0 || !fraction.is_empty());
    told.map(|(count, fraction, unit)| format!("{count}{fraction} {unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_the_unit_that_fits() {
        let check = |ms: u64, expect: &str| assert_eq!(duration(Duration::from_millis(ms)), expect);
        check(0, "0 s");
        check(250, "250 ms");
        check(1_040, "1 s");
        check(1_500, "1.5 s");
        check(3_000, "3 s");
        check(89_999, "89 s");
        check(15 * 60_000, "15 min");
        check(16 * 60_000 - 1, "16 min");
        check(125 * 60_000, "2 h 05 min");
        check(40 * 3_600_000, "40 h 00 min");
        check(49 * 3_600_000, "2 days");
    }

    #[test]
    fn a_wait_is_never_told_shorter_than_it_is() {
        let check = |ms: u64, expect: &str| assert_eq!(wait(Duration::from_millis(ms)), expect);
        check(0, "0 s");
        check(250, "1 s");
        check(29_300, "30 s");
        check(121_000, "3 min");
        check(2 * 3_600_000 + 1, "2 h 01 min");
        check(48 * 3_600_000 - 1, "2 days");
        check(71 * 3_600_000, "3 days");
        check(72 * 3_600_000, "3 days");
        check(72 * 3_600_000 + 1, "4 days");
        assert!(wait(Duration::MAX).ends_with(" days"));
    }

    #[test]
    fn a_limit_is_told_as_it_was_set() {
        let check = |ms: u64, expect: &str| assert_eq!(exact(Duration::from_millis(ms)), expect);
        check(0, "0 s");
        check(250, "250 ms");
        check(1_500, "1.5 s");
        check(60_000, "60 s");
        check(90_000, "90 s");
        check(90_050, "90.05 s");
        check(120_000, "2 min");
        check(120_250, "2 min 0.25 s");
        check(150_000, "2 min 30 s");
        check(600_000, "10 min");
        check(4_200_000, "1 h 10 min");
        check(3_601_000, "1 h 1 s");
    }
}
