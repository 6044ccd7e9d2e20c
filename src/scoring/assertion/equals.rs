//! `equals`: the output is this text, or JSON of this value.

use serde_json::Value;

use super::js;
use super::{Asked, Graded, Grading, Output};
use crate::scoring::found::quote;

/// A text must be the output to the letter, and so must a number or a truth as JavaScript prints it. A list, an object or
/// `null` must deep-equal what the output is as JSON, where the order of keys does not count; an output that is no JSON
/// equals none of them.
///
/// An assertion without a value compares with the text `undefined`: whoever asks gives that text.
pub fn equals(asked: &Asked, output: &Output) -> Grading {
    let expected = match asked.value {
        Value::Null | Value::Array(_) | Value::Object(_) => js::json(asked.value),
        plain => js::string(plain).into_owned(),
    };
    let equal = match asked.value {
        Value::Null | Value::Array(_) | Value::Object(_) => {
            serde_json::from_str(&output.text).is_ok_and(|parsed: Value| js::deep_equal(asked.value, &parsed))
        }
        _ => *expected == *output.text,
    };
    let verb = if equal { "equals" } else { "does not equal" };
    Ok(Graded::binary(equal, asked.not, format!("The output {} {verb} {}.", quote(&output.text), quote(&expected))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{check, passes};
    use super::*;

    #[test]
    fn texts_are_compared_to_the_letter_and_values_as_json() {
        for (value, output, expect) in [
            (json!("Lisbon"), json!("Lisbon"), true),
            (json!("Lisbon"), json!("Lisbon\n"), false),
            (json!("lisbon"), json!("Lisbon"), false),
            (json!(""), json!(""), true),
            (json!("e\u{301}"), json!("\u{e9}"), false),
            (json!(7), json!("7"), true),
            (json!(7), json!("7.0"), false),
            (json!(0.5), json!("0.5"), true),
            (json!(1e21), json!("1e+21"), true),
            (json!(0), json!("-0"), false),
            (json!(true), json!("true"), true),
            (json!(true), json!("True"), false),
            (json!(null), json!("null"), true),
            (json!(null), json!(" null\n"), true),
            (json!(null), json!("undefined"), false),
            (json!({"a": {"b": [1, 2]}}), json!("{\"a\": {\"b\": [1.0, 2e0]}}"), true),
            (json!({"a": 1}), json!({"a": 1.0}), true),
            (json!({"a": 1}), json!("{\"a\":1,\"b\":null}"), false),
            (json!([1, 2]), json!("[2,1]"), false),
            (json!([]), json!("{}"), false),
            (json!({"a": 1}), json!("a: 1"), false),
            (json!("[1,2]"), json!([1, 2]), true),
            (json!("[1, 2]"), json!([1, 2]), false),
        ] {
            check(equals, &value, &output, expect);
        }
    }

    #[test]
    fn an_output_that_is_no_json_equals_no_value_and_the_negation_passes() {
        assert!(passes(equals, true, &json!([1]), &json!("one")));
    }
}
