//! Which items of an answer's list are right, by the items that the case expects.

use serde_json::Value;

use super::confidence::{confidence_of, is_critical, list_of};
use crate::domain::{Case, ConfidencePolicy};

/// The items of one answer against those that its case expects.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RightItems {
    pub items: Vec<FoundItem>,
    /// For each expected item that was not found: whether it is critical.
    pub missed: Vec<bool>,
}

/// An item that a model found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundItem {
    /// The model's own, 0 to 1; `None` where it gave none that can be used.
    pub confidence: Option<f64>,
    pub critical: bool,
    pub right: bool,
}

/// The items that a case expects: the list in the column that the policy names, or in the first expected column with
/// one. A text that is a JSON list is one. `None` where the case is not labelled.
#[must_use]
pub fn expected_items(case: &Case, policy: &ConfidencePolicy) -> Option<Vec<Value>> {
    if policy.expected.is_empty() {
        return case.expected.values().find_map(as_list);
    }
    as_list(case.expected.get(&policy.expected)?)
}

fn as_list(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items.clone()),
        Value::String(text) if text.trim_start().starts_with('[') => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// Compares a list with what is expected. An item is right where an expected item says the same: the same field by field
/// as far as the expected item has fields (confidence and severity apart), or, where that is a text or a number, as the
/// item itself or as one of its fields. Each expected item makes one item right: the second of the same is a wrong one.
///
/// # Errors
/// A sentence that says why there is no list in the answer.
pub fn right_items(answer: &str, expected: &[Value], policy: &ConfidencePolicy) -> Result<RightItems, String> {
    let (_, items) = list_of(answer, policy)?;
    let mut left: Vec<&Value> = expected.iter().collect();
    let items = items.iter().map(|item| {
        let place = left.iter().position(|wanted| says(item, wanted, policy));
        let wanted = place.map(|place| left.remove(place));
        // Whether an item is critical is the filter's question, and the filter sees the answer alone.
        FoundItem {
            confidence: confidence_of(item, policy),
            critical: is_critical(item, policy),
            right: wanted.is_some(),
        }
    });
    let items = items.collect();
    Ok(RightItems { items, missed: left.into_iter().map(|wanted| is_critical(wanted, policy)).collect() })
}

fn says(item: &Value, wanted: &Value, policy: &ConfidencePolicy) -> bool {
    let judged = |field: &str| field == policy.confidence || field == policy.severity;
    match (wanted, item) {
        (Value::Object(wanted), item) => {
            let mut fields = wanted.iter().filter(|(field, _)| !judged(field)).peekable();
            fields.peek().is_some() && fields.all(|(field, value)| item.get(field).is_some_and(|own| same(own, value)))
        }
        (wanted, Value::Object(item)) => item.iter().any(|(field, value)| !judged(field) && same(value, wanted)),
        (wanted, item) => same(item, wanted),
    }
}

/// Texts are the same whatever their capitals and the blanks around them.
fn same(own: &Value, wanted: &Value) -> bool {
    match (own, wanted) {
        (Value::String(own), Value::String(wanted)) => own.trim().to_lowercase() == wanted.trim().to_lowercase(),
        (Value::Number(own), Value::Number(wanted)) => own.as_f64() == wanted.as_f64(),
        _ => own == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(answer: &Value, expected: &Value) -> (Vec<bool>, usize) {
        let expected = expected.as_array().unwrap();
        let found = right_items(&answer.to_string(), expected, &ConfidencePolicy::default()).unwrap();
        (found.items.iter().map(|item| item.right).collect(), found.missed.len())
    }

    #[test]
    fn an_item_is_right_where_an_expected_one_says_the_same() {
        let check = |item: Value, wanted: Value, right: bool| {
            let (items, missed) = found(&json!([item]), &json!([wanted]));
            assert_eq!((items, missed), (vec![right], usize::from(!right)), "{item} {wanted}");
        };
        check(json!({"issue": " SQL injection ", "confidence": 0.9}), json!("sql injection"), true);
        check(json!({"issue": "typo"}), json!("sql injection"), false);
        check(
            json!({"line": 7, "issue": "leak", "severity": "minor"}),
            json!({"line": 7.0, "severity": "major"}),
            true,
        );
        check(json!({"line": 8}), json!({"line": 7}), false);
        check(json!({"line": 7}), json!({"confidence": 0.5}), false);
        check(json!({"severity": "leak"}), json!("leak"), false);
        check(json!("leak"), json!("Leak"), true);
        check(json!("leak"), json!({"issue": "leak"}), false);
    }

    #[test]
    fn the_second_of_the_same_is_wrong_and_what_was_not_found_is_missed() {
        let answer = json!([{"issue": "a"}, {"issue": "a"}]);
        assert_eq!(found(&answer, &json!(["a", "b", "c"])), (vec![true, false], 2));
        let policy = ConfidencePolicy::default();
        let missed = right_items("[]", &[json!({"issue": "a", "severity": "Critical"})], &policy).unwrap().missed;
        assert_eq!(missed, [true]);
        assert!(right_items("{}", &[], &policy).is_err());
    }

    #[test]
    fn labels_are_the_named_column_or_the_first_list() {
        let case = |expected: Value| serde_json::from_value::<Case>(json!({ "expected": expected })).unwrap();
        let items = |expected: Value, column: &str| {
            let policy = ConfidencePolicy { expected: column.to_owned(), ..ConfidencePolicy::default() };
            expected_items(&case(expected), &policy).map(|items| items.len())
        };
        assert_eq!(items(json!({"a": "x", "b": [1, 2]}), ""), Some(2));
        assert_eq!(items(json!({"a": "[1]", "b": [1, 2]}), ""), Some(1));
        assert_eq!(items(json!({"a": [1], "b": [1, 2]}), "b"), Some(2));
        assert_eq!(items(json!({"a": "[oh", "b": 7}), ""), None);
        assert_eq!(items(json!({"a": [1]}), "b"), None);
    }
}
