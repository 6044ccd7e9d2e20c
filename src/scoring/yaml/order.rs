//! The order of keys in a JavaScript object: whole numbers first, ascending, then the others as they came.

use serde_json::{Map, Value};

/// The value with the keys of each of its objects in JavaScript's order.
#[must_use]
pub fn in_js_order(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(in_js_order).collect()),
        Value::Object(map) => {
            Value::Object(ordered(map.into_iter().map(|(key, value)| (key, in_js_order(value))).collect()))
        }
        other => other,
    }
}

/// One object's keys in JavaScript's order, its values as they are.
pub(super) fn ordered(map: Map<String, Value>) -> Map<String, Value> {
    if !map.keys().any(|key| array_index(key).is_some()) {
        return map;
    }
    let mut entries: Vec<(String, Value)> = map.into_iter().collect();
    entries.sort_by_key(|(key, _)| array_index(key).map_or((1, 0), |index| (0, index)));
    entries.into_iter().collect()
}

/// A key that names an index of an array, as ECMAScript defines it: the shortest digits of 0 to 2^32 - 2.
fn array_index(key: &str) -> Option<u32> {
    let shortest = key == "0" || !key.starts_with('0');
    let digits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    if shortest && digits { key.parse().ok().filter(|index| *index != u32::MAX) } else { None }
}
