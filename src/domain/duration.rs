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
    duration(Duration::from_secs(if secs < 90 { secs } else { secs.next_multiple_of(60) }))
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
    }
}
