//! `starts-with` and `ends-with`: how the output begins and ends.

use super::{Asked, Graded, Grading, Output};
use crate::scoring::found::quote;

/// The output begins with the text that is the value; case counts.
pub fn starts_with(asked: &Asked, output: &Output) -> Grading {
    let text = asked.filled_text("starts-with")?;
    let found = output.text.starts_with(text);
    let verb = if found { "begins" } else { "does not begin" };
    Ok(Graded::binary(found, asked.not, format!("The output {} {verb} with {}.", quote(&output.text), quote(text))))
}

/// The output ends with the text that is the value; case counts, and so do spaces and line ends.
pub fn ends_with(asked: &Asked, output: &Output) -> Grading {
    let text = asked.filled_text("ends-with")?;
    let found = output.text.ends_with(text);
    let verb = if found { "ends" } else { "does not end" };
    Ok(Graded::binary(found, asked.not, format!("The output {verb} with {}.", quote(text))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::json;

    use super::super::testing::{check, undone};
    use super::*;

    #[test]
    fn the_ends_of_an_output_are_compared_to_the_letter() {
        for (value, output, starts, ends) in [
            (json!("Dear"), json!("Dear all"), true, false),
            (json!("all"), json!("Dear all"), false, true),
            (json!("dear"), json!("Dear all"), false, false),
            (json!("Dear all"), json!("Dear all"), true, true),
            (json!("Dear all!"), json!("Dear all"), false, false),
            (json!("all"), json!("Dear all\n"), false, false),
            (json!("a"), json!(""), false, false),
            (json!("e"), json!("e\u{301}"), true, false),
            (json!("{\"a\""), json!({"a": 1}), true, false),
            (json!("1}"), json!({"a": 1.0}), false, true),
        ] {
            check(starts_with, &value, &output, starts);
            check(ends_with, &value, &output, ends);
        }
    }

    #[test]
    fn a_text_must_be_given() {
        for value in [json!(""), json!(null), json!(5), json!(true), json!(["a"]), json!({})] {
            undone(starts_with, &value);
            undone(ends_with, &value);
        }
    }

    proptest! {
        #[test]
        fn a_text_starts_and_ends_with_its_ends(start in ".+", end in ".+") {
            let whole = json!(format!("{start}{end}"));
            check(starts_with, &json!(start), &whole, true);
            check(ends_with, &json!(end), &whole, true);
        }
    }
}
