//! What values weigh: so that what many rows or references copy is bounded before it is copied.

use serde_json::{Map, Value};

/// Bytes of a value beside its text, about.
const OF_ONE: usize = 32;

/// About how many bytes a copy takes.
pub(super) fn bytes(value: &Value) -> usize {
    OF_ONE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(bytes).sum(),
            Value::Object(map) => bytes_of(map),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

/// Of the pairs of a mapping.
pub(super) fn bytes_of(map: &Map<String, Value>) -> usize {
    map.iter().map(|(key, value)| OF_ONE + key.len() + bytes(value)).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_weighs_its_texts_and_something_for_each_part() {
        let weight = |value: Value| (bytes(&value) / OF_ONE, bytes(&value) % OF_ONE);
        assert_eq!(weight(json!(null)), (1, 0));
        assert_eq!(weight(json!("four")), (1, 4));
        assert_eq!(weight(json!({"key": ["a", 1, {}]})), (6, 4));
    }
}
