//! How long an output is, in characters, words or lines.

use super::found::Found;
use super::subject::{Subject, place};
use crate::domain::LengthUnit;

pub(super) fn check(
    subject: &Subject,
    at: Option<&str>,
    (min, max): (Option<u64>, Option<u64>),
    unit: LengthUnit,
) -> Result<Found, Found> {
    let length = measure(&subject.text(at)?, unit);
    let (place, word) = (place(at), word(unit, length));
    let expected = match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number".to_owned(),
    };
    let holds = min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max);
    Ok(Found::holds(holds, format!("{place} has {length} {word}; {expected} are expected.")))
}

fn measure(text: &str, unit: LengthUnit) -> u64 {
    let count = match unit {
        LengthUnit::Characters => text.chars().count(),
        LengthUnit::Words => text.split_whitespace().count(),
        LengthUnit::Lines => text.lines().count(),
    };
    count as u64
}

const fn word(unit: LengthUnit, count: u64) -> &'static str {
    match (unit, count) {
        (LengthUnit::Characters, 1) => "character",
        (LengthUnit::Characters, _) => "characters",
        (LengthUnit::Words, 1) => "word",
        (LengthUnit::Words, _) => "words",
        (LengthUnit::Lines, 1) => "line",
        (LengthUnit::Lines, _) => "lines",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_what_people_count() {
        let check = |text: &str, expect: [u64; 3]| {
            let units = [LengthUnit::Characters, LengthUnit::Words, LengthUnit::Lines];
            assert_eq!(units.map(|unit| measure(text, unit)), expect, "{text:?}");
        };
        check("", [0, 0, 0]);
        check("héllo wörld", [11, 2, 1]);
        check("a\r\nb\n", [5, 2, 2]);
    }
}
