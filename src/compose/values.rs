//! Values of variables on their way into templates.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value};
use serde_json::Value as Json;

/// The variables that the templates of one render see. A handful: a list is quicker than a map.
#[derive(Debug)]
pub(super) struct Vars(Vec<(Arc<str>, Value)>);

impl Vars {
    pub(super) fn value(vars: Vec<(Arc<str>, Value)>) -> Value {
        Value::from_object(Self(vars))
    }

    /// The variables of `vars` and one more.
    pub(super) fn beside(vars: &Value, name: &str, value: Value) -> Value {
        let known = vars.downcast_object_ref::<Self>().map(|vars| vars.0.clone()).unwrap_or_default();
        Self::value(known.into_iter().chain([(Arc::from(name), value)]).collect())
    }
}

impl Object for Vars {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| Value::from(name)).collect())
    }
}

/// A JSON value as the engine has it; order of keys and whole numbers are kept.
pub(super) fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => number_of(number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value_of).collect::<Vec<_>>()),
        Json::Object(fields) => Value::from_pairs(fields.iter().map(|(name, value)| (name.clone(), value_of(value)))),
    }
}

fn number_of(number: &serde_json::Number) -> Value {
    if let Some(whole) = number.as_i64() {
        Value::from(whole)
    } else if let Some(whole) = number.as_u64() {
        Value::from(whole)
    } else {
        number.as_f64().map_or_else(|| Value::from(number.to_string()), Value::from)
    }
}
