//! `levenshtein`: how many letters must be changed, added or left out to make the value of the output.

use super::js;
use super::{Asked, Graded, Grading, Output};
use crate::scoring::found::quote;

/// The most changes where no threshold is given.
const THRESHOLD: f64 = 5.0;

/// The output is at most `threshold` changes away from the value, a text. Letters are UTF-16 code units, as JavaScript
/// counts them: an emoji has two.
pub fn levenshtein(asked: &Asked, output: &Output) -> Grading {
    let expected = asked.text("levenshtein")?;
    let threshold = asked.threshold.unwrap_or(THRESHOLD);
    let distance = distance(&output.text, expected);
    #[expect(clippy::cast_precision_loss, reason = "a distance is no longer than a text")]
    let near = distance as f64 <= threshold;
    let reason = format!(
        "The output is {distance} changes away from {}; {} are allowed.",
        quote(expected),
        js::print(threshold)
    );
    Ok(Graded::binary(near, asked.not, reason))
}

/// The edit distance of Levenshtein in UTF-16 code units, by the bit-parallel method of Myers (1999, JACM 46(3)) in the
/// block form of Hyyrö (2003): 64 cells of the table in a step, so that two long texts take no noticeable time.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<u16> = one.encode_utf16().collect();
    let other: Vec<u16> = other.encode_utf16().collect();
    // The horizontal steps of a row of the table; along its top each costs one.
    let mut steps = vec![Step::Rise; other.len()];
    let mut rows_of = vec![0_u64; LETTERS];
    for block in one.chunks(64) {
        for (row, letter) in block.iter().enumerate() {
            rows_of[usize::from(*letter)] |= 1 << row;
        }
        let last_row = 1 << (block.len() - 1);
        let mut column = Column { rises: u64::MAX, falls: 0 };
        for (letter, step) in other.iter().zip(&mut steps) {
            *step = column.advance(rows_of[usize::from(*letter)], *step, last_row);
        }
        for letter in block {
            rows_of[usize::from(*letter)] = 0;
        }
    }
    let count = |wanted| steps.iter().filter(|step| **step == wanted).count();
    one.len() + count(Step::Rise) - count(Step::Fall)
}

/// So many UTF-16 code units there are.
const LETTERS: usize = 1 << 16;

/// How the table's values differ from a cell to the next.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Rise,
    Level,
    Fall,
}

/// 64 cells of a column of the table, as differences from each to the next below.
#[derive(Clone, Copy)]
struct Column {
    rises: u64,
    falls: u64,
}

impl Column {
    /// Moves a column to the right, with the horizontal step above it, and gives that of the row whose bit is `last`.
    fn advance(&mut self, matches: u64, above: Step, last: u64) -> Step {
        let falls_above = u64::from(above == Step::Fall);
        let vertical = matches | self.falls;
        let matches = matches | falls_above;
        let diagonal = (((matches & self.rises).wrapping_add(self.rises)) ^ self.rises) | matches;
        let rises = self.falls | !(diagonal | self.rises);
        let falls = self.rises & diagonal;
        let step = if rises & last != 0 {
            Step::Rise
        } else if falls & last != 0 {
            Step::Fall
        } else {
            Step::Level
        };
        let rises = (rises << 1) | u64::from(above == Step::Rise);
        let falls = (falls << 1) | falls_above;
        self.rises = falls | !(vertical | rises);
        self.falls = rises & vertical;
        step
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::json;

    use super::super::testing::{check_with, undone};
    use super::*;

    #[test]
    fn outputs_within_the_threshold_pass() {
        for (value, output, threshold, expect) in [
            ("kitten", json!("sitting"), Some(3.0), true),
            ("kitten", json!("sitting"), Some(2.0), false),
            ("kitten", json!("sitting"), Some(2.9), false),
            ("kitten", json!("sitting"), None, true),
            ("", json!("12345"), None, true),
            ("", json!("123456"), None, false),
            ("Case", json!("case"), Some(0.0), false),
            ("same", json!("same"), Some(0.0), true),
            ("same", json!("same"), Some(-1.0), false),
            ("\u{1f600}", json!(""), Some(1.0), false),
            ("\u{1f600}", json!(""), Some(2.0), true),
            ("\u{1f600}", json!("\u{1f601}"), Some(1.0), true),
            ("{\"a\":1}", json!({"a": 1}), Some(0.0), true),
        ] {
            check_with(levenshtein, threshold, &json!(value), &output, expect);
        }
    }

    #[test]
    fn a_text_must_be_given() {
        for value in [json!(null), json!(5), json!(true), json!(["a"]), json!({})] {
            undone(levenshtein, &value);
        }
    }

    #[test]
    fn long_texts_take_no_time() {
        let (one, other) = ("ab".repeat(10_000), "ba".repeat(10_000));
        assert_eq!(distance(&one, &other), 2);
    }

    /// Row by row, as it is defined.
    fn by_definition(one: &str, other: &str) -> usize {
        let (one, other): (Vec<u16>, Vec<u16>) = (one.encode_utf16().collect(), other.encode_utf16().collect());
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (i, letter) in one.iter().enumerate() {
            let mut diagonal = i;
            row[0] = i + 1;
            for (j, with) in other.iter().enumerate() {
                let changed = diagonal + usize::from(letter != with);
                diagonal = row[j + 1];
                row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[other.len()]
    }

    proptest! {
        #[test]
        fn it_is_what_the_definition_gives(one in "[abc\u{1f600}]{0,200}", other in "[abc\u{1f600}]{0,200}") {
            assert_eq!(distance(&one, &other), by_definition(&one, &other));
        }

        #[test]
        fn it_is_a_distance(one in ".{0,90}", other in ".{0,90}", third in ".{0,90}") {
            assert_eq!(distance(&one, &one), 0);
            assert_eq!(distance(&one, &other), distance(&other, &one));
            assert!(distance(&one, &third) <= distance(&one, &other) + distance(&other, &third));
        }
    }
}
