//! The output as JSON, from its first to its last character.

use serde_json::Value;

use super::found::{Found, quote};
use super::subject::Subject;

/// Larger outputs are not parsed: they would hold up everything else.
const LARGEST: usize = 16 << 20;

/// # Errors
/// A sentence that says why the text is not JSON, with a hint where it nearly is.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if text.len() > LARGEST {
        return Err(format!("The output is larger than {} MB and was not read as JSON.", LARGEST >> 20));
    }
    serde_json::from_str(text).map_err(|error| {
        let quoted = quote(text);
        if text.trim().is_empty() {
            "The output is empty, not JSON.".to_owned()
        } else if fenced(text).is_some_and(|inner| serde_json::from_str::<Value>(inner).is_ok()) {
            format!(
                "The output {quoted} is JSON inside a code fence; it must be JSON from its first to its last character."
            )
        } else {
            format!("The output {quoted} is not JSON: {error}.")
        }
    })
}

pub(super) fn check(subject: &Subject, at: Option<&str>) -> Result<Found, Found> {
    // Without a place, text that is no JSON is the plain failure, which `not` may ask for.
    if at.is_none() {
        return Ok(match subject.json() {
            Ok(_) => Found::holds(true, "The output is JSON."),
            Err(reason) => Found::holds(false, reason),
        });
    }
    subject.value(at).map(|found| Found::holds(true, format!("The output has {}.", quote(&found.to_string()))))
}

/// What stands between the first pair of code fences.
pub(super) fn fenced(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```")?;
    let (_, rest) = rest.split_once('\n')?;
    let (inner, _) = rest.split_once("```")?;
    Some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_whole_output_or_none() {
        assert!(parse(" {\"a\": [1, null]} \n").is_ok());
        let check = |text: &str, expect: &str| {
            let reason = parse(text).unwrap_err();
            assert!(reason.contains(expect), "{text}: {reason}");
        };
        check("```json\n{\"a\": 1}\n```", "inside a code fence");
        check("Sure! ```\n[1]\n``` Bye", "inside a code fence");
        check("{\"a\": 1} and more", "trailing characters");
        check("{'a': 1}", "not JSON");
        check(" \n", "empty");
        check(&"[".repeat(10_000), "recursion limit");
    }
}
