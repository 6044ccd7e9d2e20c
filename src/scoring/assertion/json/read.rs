//! Text as JSON, as `JSON.parse` takes it: strict, with white space around it.

use serde::de::IgnoredAny;
use serde_json::Value;

pub(super) enum Read {
    Value(Value),
    /// It is JSON, but no value of it can be held here: nested too deep, a number beyond a double, half a character.
    Unheld(String),
    /// It is not JSON.
    Nothing(String),
}

pub(super) fn read(text: &str) -> Read {
    match serde_json::from_str(text) {
        Ok(value) => Read::Value(value),
        // Skipping neither goes down the stack nor cares for what a value must hold.
        Err(error) => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Read::Unheld(format!("The output is JSON, but could not be held to a schema: {error}.")),
            Err(error) => Read::Nothing(format!("The output is not JSON: {error}.")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_javascript_reads_it() {
        let check = |text: &str, expect: &str| {
            let got = match read(text) {
                Read::Value(_) => "value",
                Read::Unheld(_) => "unheld",
                Read::Nothing(_) => "nothing",
            };
            assert_eq!(got, expect, "{text:?}");
        };
        check(" [1, -0.5e3, \"\\u00e9\", null] \n", "value");
        check("{\"k\": 1, \"k\": 2}", "value");
        check("1e999", "unheld");
        check("\"\\ud83d\"", "unheld");
        check(&format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)), "unheld");
        for wrong in
            ["", "\u{FEFF}{}", "{'a': 1}", "[1,]", "01", ".5", "+1", "1.", "NaN", "\"a\nb\"", "{} {}", "undefined"]
        {
            check(wrong, "nothing");
        }
    }
}
