//! What a config says and nothing here does anything with: it is kept, so that an export writes it again.

use serde_json::{Map, Value};

use crate::interop::Fidelity;
use crate::interop::promptfoo::providers::{self, Part, key_in_field, key_in_text};
use crate::interop::promptfoo::read::CASE;
use crate::interop::promptfoo::suite::{CaseEntry, Code, PromptEntry, ProviderEntry, Suite};
use crate::provider::redact;
use crate::scoring::yaml;

/// What becomes a definition of its own, or may hold keys.
const OTHERWISE: [&str; 9] =
    ["defaultTest", "description", "env", "evaluateOptions", "prompts", "providers", "scenarios", "targets", "tests"];

/// The name under which the id of a provider is kept that nothing here can call.
pub(in crate::interop::promptfoo) const ID: &str = "id";

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

/// What is kept of a provider.
pub(super) struct Provider {
    pub settings: Map<String, Value>,
    /// Paths of what is not, since it may be a key: `config.headers.x-pass`.
    pub dropped: Vec<String>,
}

/// What a provider says beside what became a model: of its config, that which is not carried over, as its parts tell;
/// all of it where there are none, since nothing here can call it. Its environment is not kept: keys are handed over in it.
pub(super) fn of_provider(entry: &ProviderEntry, parts: Option<&[Part]>) -> Provider {
    let is_left = |name: &str| {
        let is_it = |part: &Part| {
            let key = part.key.strip_prefix("config.").unwrap_or_default();
            part.fidelity == Fidelity::Unsupported && key.split(['.', '[']).next() == Some(name)
        };
        parts.is_none_or(|parts| parts.iter().any(is_it))
    };
    let mut dropped = Vec::new();
    let mut settings = pruned(entry.others.clone(), "", &mut dropped);
    if parts.is_none() {
        settings.insert(ID.to_owned(), Value::from(id_of(entry)));
        dropped.extend(entry.env.keys().map(|name| format!("env.{name}")));
    }
    let config: Map<String, Value> = entry.config.clone().into_iter().filter(|(name, _)| is_left(name)).collect();
    let (config, keys) = providers::without_keys(config);
    dropped.extend(keys.iter().map(|key| format!("config.{key}")));
    let config = pruned(config, "config.", &mut dropped);
    if !config.is_empty() {
        settings.insert("config".to_owned(), Value::Object(config));
    }
    if let Some(reference) = transform_of(entry, parts) {
        settings.insert("transform".to_owned(), Value::from(reference));
    }
    Provider { settings, dropped }
}

/// The name of a transform's file, where the code is not the model's own.
fn transform_of(entry: &ProviderEntry, parts: Option<&[Part]>) -> Option<String> {
    let is_told = || parts.is_some_and(|parts| parts.iter().any(|part| part.key == "transform"));
    match entry.transform.as_ref()? {
        Code::Foreign { reference, .. } | Code::Unreadable { reference, .. } => Some(reference.clone()),
        Code::File { path, export, .. } if is_told() => Some(providers::reference(path, export.as_deref())),
        _ => None,
    }
}

/// The entry's id without what may be a key in it: an address is shown without its user, and without its query where a key
/// stands in that.
pub(super) fn id_of(entry: &ProviderEntry) -> String {
    let Some((scheme, address)) = entry.id.split_once("://") else { return redact(&entry.id).into_owned() };
    let server = address.split(['/', '?', '#']).next().unwrap_or_default();
    let start = server.rfind('@').map_or(0, |at| at + 1);
    let has_key = key_in_text(&entry.id) || providers::has_key_in_query(address);
    let query = address.find(['?', '#']).filter(|_| has_key);
    redact(&format!("{scheme}://{}", &address[start..query.unwrap_or(address.len())])).into_owned()
}

/// What the config calls the entry, as [`id_of`].
pub(super) fn name_of(entry: &ProviderEntry) -> String {
    entry.label.clone().unwrap_or_else(|| id_of(entry))
}

/// What a prompt says beside its text and its label.
pub(super) fn of_prompt(entry: &PromptEntry) -> Map<String, Value> {
    let config = entry.config.clone().map(|config| ("config".to_owned(), config));
    without(entry.others.clone().into_iter().chain(config).collect(), &[])
}

/// The settings but for those that are known and those that may be keys.
pub(super) fn without(settings: Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    let others = settings.into_iter().filter(|(name, _)| !known.contains(&name.as_str()));
    pruned(others.collect(), "", &mut Vec::new())
}

/// The fields that hold no key, at every depth: keys are in no definition. The others are named by their paths.
fn pruned(fields: Map<String, Value>, path: &str, dropped: &mut Vec<String>) -> Map<String, Value> {
    let mut left = Map::new();
    for (name, value) in fields {
        let at = format!("{path}{name}");
        match value {
            _ if is_named_so(&name) => dropped.push(at),
            Value::Object(inner) => {
                left.insert(name, Value::Object(pruned(inner, &format!("{at}."), dropped)));
            }
            Value::Array(items) => {
                left.insert(name, Value::Array(items_of(items, &at, dropped)));
            }
            plain if is_key(&name, &plain) => dropped.push(at),
            plain => {
                left.insert(name, plain);
            }
        }
    }
    left
}

fn items_of(items: Vec<Value>, path: &str, dropped: &mut Vec<String>) -> Vec<Value> {
    let mut left = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let at = format!("{path}[{index}]");
        match item {
            Value::Object(inner) => left.push(Value::Object(pruned(inner, &format!("{at}."), dropped))),
            Value::Array(inner) => left.push(Value::Array(items_of(inner, &at, dropped))),
            plain if is_key("", &plain) => dropped.push(at),
            plain => left.push(plain),
        }
    }
    left
}

fn is_named_so(name: &str) -> bool {
    let words = ["key", "token", "secret", "password", "authorization", "cookie"];
    let lower = name.to_lowercase();
    words.iter().any(|word| lower.ends_with(word))
}

/// Whether the value is a key, or may be one: by its name, or by its looks.
fn is_key(name: &str, value: &Value) -> bool {
    key_in_field(name, value).is_some() || value.as_str().is_some_and(key_in_text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(settings: Value, kept: &Value, paths: &[&str]) {
        let Value::Object(settings) = settings else { panic!("no settings") };
        let mut dropped = Vec::new();
        assert_eq!(&Value::Object(pruned(settings, "", &mut dropped)), kept);
        assert_eq!(dropped, paths);
    }

    #[test]
    fn what_names_a_key_is_not_kept_and_what_stands_beside_it_is() {
        check(json!({"a": [1, {"b": "x"}]}), &json!({"a": [1, {"b": "x"}]}), &[]);
        check(json!({"a": [{"apiKey": "x", "b": 1}]}), &json!({"a": [{"b": 1}]}), &["a[0].apiKey"]);
        check(
            json!({"h": {"Authorization": "x", "accept": "y"}}),
            &json!({"h": {"accept": "y"}}),
            &["h.Authorization"],
        );
        check(json!({"note": "sk-canary-123456", "n": 1}), &json!({"n": 1}), &["note"]);
        check(json!({"x-secret-id": "x"}), &json!({}), &["x-secret-id"]);
        check(json!({"address": "https://a.example/x?key=abc"}), &json!({}), &["address"]);
        check(json!({"form": "q={{prompt}}&token=abc"}), &json!({}), &["form"]);
        check(json!({"raw": "X-Auth-Token: abc", "json": "{\"token\": \"abc\"}"}), &json!({}), &["raw", "json"]);
        check(json!({"apiKey": {"value": "x"}}), &json!({}), &["apiKey"]);
        let plain = json!({"address": "https://a.example:80/x?q={{prompt}}&key={{env.K}}", "note": "a: b = c"});
        check(plain.clone(), &plain, &[]);
    }
}
