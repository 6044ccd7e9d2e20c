//! What the tests of the types share: asking one, with and without negation.

use serde_json::{Map, Value};

use super::{Asked, Graded, Grading, Output};

/// A type that looks at the output.
pub(super) type Kind = fn(&Asked, &Output) -> Grading;

pub(super) fn grade(kind: Kind, not: bool, threshold: Option<f64>, value: &Value, output: &Value) -> Grading {
    kind(&Asked { not, value, threshold, config: &Map::new(), tools: &[] }, &Output::new(output))
}

pub(super) fn passes(kind: Kind, not: bool, value: &Value, output: &Value) -> bool {
    grade(kind, not, None, value, output).unwrap().pass
}

/// The verdict of a type that is true or false, and that its negation turns verdict and score.
pub(super) fn check(kind: Kind, value: &Value, output: &Value, expect: bool) {
    check_with(kind, None, value, output, expect);
}

pub(super) fn check_with(kind: Kind, threshold: Option<f64>, value: &Value, output: &Value, expect: bool) {
    for not in [false, true] {
        let Graded { pass, score, reason } = grade(kind, not, threshold, value, output).unwrap();
        assert_eq!(pass, expect != not, "{value} with {output}, not: {not}: {reason}");
        assert!(score.eq(if pass { &1.0 } else { &0.0 }), "{value} with {output}: {score}");
        assert!(reason.ends_with('.'), "{reason}");
    }
}

/// It cannot be done with this value, negated or not.
pub(super) fn undone(kind: Kind, value: &Value) {
    for not in [false, true] {
        let grading = grade(kind, not, None, value, &Value::from("some text"));
        assert!(grading.as_ref().is_err_and(|undone| undone.0.ends_with('.')), "{value}: {grading:?}");
    }
}
