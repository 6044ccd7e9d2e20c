//! `word-count` and `character-count`: how long the output is.

use serde_json::{Map, Value};

use super::given::wrong;
use super::js;
use super::{Asked, Graded, Grading, Output, Undone};

/// The output has so many words, separated by white space: the value is a number, a text that is one, or an object with
/// `min`, `max` or both, ends included.
pub fn word_count(asked: &Asked, output: &Output) -> Grading {
    let words = output.text.split(js::is_space).filter(|word| !word.is_empty()).count();
    let holds = match asked.value {
        Value::Object(range) => within(as_double(words), &Range::of("word-count", range)?),
        Value::Number(_) | Value::String(_) if !js::number(asked.value).is_nan() => {
            as_double(words).eq(&js::number(asked.value))
        }
        other => return Err(wrong("word-count", NEEDS, other)),
    };
    Ok(counted("words", words, asked, holds))
}

/// The output has so many characters, an emoji counted as one: asked as for words, with counts that must be finite and not
/// negative, and ends of a range that must be numbers.
pub fn character_count(asked: &Asked, output: &Output) -> Grading {
    let characters = output.text.chars().count();
    let holds = match asked.value {
        Value::Object(range) => {
            let range = Range::of("character-count", range)?;
            if [range.min, range.max].into_iter().flatten().any(|end| !end.is_number() || !is_count(js::number(end))) {
                return Err(Undone("“character-count” needs ends that are numbers from 0 on.".to_owned()));
            }
            within(as_double(characters), &range)
        }
        Value::Number(_) => exactly(characters, asked.value)?,
        Value::String(text) if !js::trim(text).is_empty() => exactly(characters, asked.value)?,
        other => return Err(wrong("character-count", NEEDS, other)),
    };
    Ok(counted("characters", characters, asked, holds))
}

const NEEDS: &str = "a number, or an object with min and max,";

/// The ends that are given, at least one, in order.
struct Range<'a> {
    min: Option<&'a Value>,
    max: Option<&'a Value>,
}

impl<'a> Range<'a> {
    fn of(kind: &str, range: &'a Map<String, Value>) -> Result<Self, Undone> {
        let (min, max) = (range.get("min"), range.get("max"));
        match (min, max) {
            (None, None) => Err(Undone(format!("“{kind}” needs min, max or both in its value."))),
            (Some(min), Some(max)) if !js::at_most(min, max) => Err(Undone(format!(
                "“{kind}” has a min, {}, that is not at most its max, {}.",
                js::string(min),
                js::string(max)
            ))),
            _ => Ok(Self { min, max }),
        }
    }
}

fn within(count: f64, range: &Range) -> bool {
    range.min.is_none_or(|min| js::number(min) <= count) && range.max.is_none_or(|max| count <= js::number(max))
}

fn exactly(count: usize, value: &Value) -> Result<bool, Undone> {
    let expected = js::number(value);
    if !is_count(expected) {
        return Err(wrong("character-count", NEEDS, value));
    }
    Ok(as_double(count).eq(&expected))
}

fn is_count(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

#[expect(clippy::cast_precision_loss, reason = "a count of what one text has")]
fn as_double(count: usize) -> f64 {
    count as f64
}

fn counted(what: &str, count: usize, asked: &Asked, holds: bool) -> Graded {
    let expected = match asked.value {
        Value::Object(_) => js::json(asked.value),
        plain => js::string(plain).into_owned(),
    };
    Graded::binary(holds, asked.not, format!("The output has {count} {what}; asked is {expected}."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::json;

    use super::super::testing::{check, undone};
    use super::*;

    #[test]
    fn words_are_separated_by_white_space() {
        for (output, count) in [
            ("", 0),
            (" \n\u{feff}", 0),
            ("one", 1),
            ("  one\ttwo\r\nthree  ", 3),
            ("a\u{a0}b\u{3000}c\u{2029}d\u{feff}e", 5),
            ("a\u{200b}b a\u{85}b", 2),
            ("well-known isn't e.g. one", 4),
        ] {
            check(word_count, &json!(count), &json!(output), true);
            check(word_count, &json!(count + 1), &json!(output), false);
        }
        check(word_count, &json!(2), &json!({"a": "b c"}), true);
    }

    #[test]
    fn the_count_is_asked_as_a_number_or_a_range() {
        for (value, expect) in [
            (json!(3), true),
            (json!(3.5), false),
            (json!(-3), false),
            (json!("3"), true),
            (json!(" 3.0 "), true),
            (json!("0x3"), true),
            (json!(""), false),
            (json!({"min": 3}), true),
            (json!({"min": 4}), false),
            (json!({"max": 3}), true),
            (json!({"max": 2.5}), false),
            (json!({"min": 3, "max": 3}), true),
            (json!({"min": 1, "max": 2}), false),
            (json!({"min": "2", "max": 9}), true),
            (json!({"min": null, "max": 3}), true),
            (json!({"min": "few"}), false),
            (json!({"max": 3, "other": 1}), true),
        ] {
            check(word_count, &value, &json!("one two three"), expect);
        }
    }

    #[test]
    fn what_is_no_count_cannot_be_asked() {
        for value in [
            json!(null),
            json!(true),
            json!("three"),
            json!([3]),
            json!({}),
            json!({"least": 1}),
            json!({"min": 3, "max": 2}),
            json!({"min": "3", "max": "10"}),
            json!({"min": "x", "max": 5}),
        ] {
            undone(word_count, &value);
        }
        for value in [
            json!(null),
            json!(true),
            json!(-1),
            json!(""),
            json!(" "),
            json!("Infinity"),
            json!("-1"),
            json!("x"),
            json!([3]),
            json!({}),
            json!({"min": "1"}),
            json!({"max": -1}),
            json!({"max": null}),
            json!({"min": 3, "max": 2}),
        ] {
            undone(character_count, &value);
        }
    }

    #[test]
    fn characters_are_code_points() {
        for (value, output, expect) in [
            (json!(5), "\u{1f600} ab\n", true),
            (json!("5"), "\u{1f600} ab\n", true),
            (json!(0), "", true),
            (json!({"min": 2, "max": 3}), "e\u{301}", true),
            (json!({"min": 3}), "ab", false),
            (json!({"max": 2}), "ab", true),
        ] {
            check(character_count, &value, &json!(output), expect);
        }
    }

    proptest! {
        #[test]
        fn a_count_is_within_its_own_range(text in ".*") {
            let words = text.split(js::is_space).filter(|word| !word.is_empty()).count();
            check(word_count, &json!({"min": words, "max": words}), &json!(text), true);
            check(character_count, &json!(text.chars().count()), &json!(text), true);
        }
    }
}
