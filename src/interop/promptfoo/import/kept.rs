//! What a config says and nothing here does anything with: it is kept, so that an export writes it again.

use serde_json::{Map, Value};

use crate::interop::promptfoo::read::CASE;
use crate::interop::promptfoo::suite::{CaseEntry, Suite};
use crate::scoring::yaml;

/// What becomes a definition of its own, or may hold keys.
const OTHERWISE: [&str; 9] =
    ["defaultTest", "description", "env", "evaluateOptions", "prompts", "providers", "scenarios", "targets", "tests"];

/// The config's other settings.
pub(super) fn of_config(suite: &Suite) -> Map<String, Value> {
    match yaml::read(&suite.text) {
        Ok(Value::Object(config)) => without(config, &OTHERWISE),
        _ => Map::new(),
    }
}

/// A test's other settings.
pub(super) fn of_case(entry: &CaseEntry) -> Map<String, Value> {
    without((*entry.authored).clone(), CASE)
}

fn without(settings: Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    let others = settings.into_iter().filter(|(name, _)| !known.contains(&name.as_str()));
    others.filter_map(|(name, value)| Some((name, harmless(value)?))).collect()
}

/// The value, or nothing where a key stands in it: keys are in no definition.
pub(super) fn harmless(value: Value) -> Option<Value> {
    let names_key = |name: &String| {
        let name = name.to_lowercase();
        ["key", "token", "secret", "password", "authorization"].iter().any(|word| name.ends_with(word))
    };
    match value {
        Value::Object(parts) if parts.keys().any(names_key) => None,
        Value::Object(parts) => parts
            .into_iter()
            .map(|(name, value)| Some((name, harmless(value)?)))
            .collect::<Option<Map<_, _>>>()
            .map(Value::Object),
        Value::Array(items) => items.into_iter().map(harmless).collect::<Option<Vec<_>>>().map(Value::Array),
        plain => Some(plain),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_names_a_key_is_not_kept() {
        assert_eq!(harmless(json!({"a": [1, {"b": "x"}]})), Some(json!({"a": [1, {"b": "x"}]})));
        assert_eq!(harmless(json!({"a": [{"apiKey": "x"}]})), None);
        assert_eq!(harmless(json!({"Authorization": "x"})), None);
    }
}
