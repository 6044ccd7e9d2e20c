//! Assertions about traces, which promptfoo takes from OpenTelemetry while it runs. Here nothing is traced, so none of
//! them can be done: `trace-span-count`, `trace-span-duration`, `trace-error-spans`, `trajectory:tool-used`,
//! `trajectory:tool-args-match`, `trajectory:tool-sequence`, `trajectory:step-count` and `skill-used`.

use super::{Asked, Grading, Output, Undone};

/// # Errors
/// Always: there is no trace.
pub fn without_trace(_: &Asked, _: &Output) -> Grading {
    Err(Undone("No trace was recorded for this answer, so an assertion about it cannot be done.".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn nothing_is_said_of_a_trace_that_is_not_there() {
        let config = Map::new();
        for not in [false, true] {
            let asked = Asked { not, value: &Value::Null, threshold: None, config: &config, tools: &[] };
            let Undone(why) = without_trace(&asked, &Output::new(&Value::Null)).unwrap_err();
            assert!(why.contains("No trace"), "{why}");
        }
    }
}
