//! Whether two answers say the same, as far as that can be told without a judge.

use serde_json::Value;

/// The same JSON value, whatever the order of its keys, or the same text but for case, white space and what stands at
/// its ends. Answers that say the same in other words are counted as different: that errs on the side of caution.
#[must_use]
pub fn same_answer(a: &str, b: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<Value>(text.trim()).ok();
    match (json(a), json(b)) {
        (Some(a), Some(b)) => a == b,
        _ => plain(a) == plain(b),
    }
}

fn plain(text: &str) -> String {
    let words = text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    words.trim_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_as_json_or_as_plain_text() {
        let check = |a: &str, b: &str, expect: bool| assert_eq!(same_answer(a, b), expect, "{a} | {b}");
        check(r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#, true);
        check(r#"{"a": 1}"#, r#"{"a": 2}"#, false);
        check("Yes.", " yes\n", true);
        check("It is\n  four", "it is four", true);
        check("It is four", "It is five", false);
        check("1", "1.", true);
        check("1", "1.5", false);
        check("", "", true);
    }
}
