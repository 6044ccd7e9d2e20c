//! Keys that stand in a config where a definition would keep them in clear.

use serde_json::Value;

use crate::provider::redact;

/// Words in the name of a field that holds a key, written without what parts them.
const PARTS: [&str; 13] = [
    "apikey",
    "accesskey",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "privatekey",
    "subscriptionkey",
    "authkey",
    "accesstoken",
    "authtoken",
    "apitoken",
];
/// Names that say as much alone.
const WHOLE: [&str; 8] =
    ["token", "auth", "authorization", "bearer", "sig", "signature", "sessiontoken", "refreshtoken"];

/// The field of a body that holds a key: its path, or an empty one for the value itself. A template holds none.
pub(super) fn in_body(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => looks_like_key(text).then(String::new),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| in_body(item).map(|inner| join(&index.to_string(), &inner)))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| in_field(name, value)),
        _ => None,
    }
}

/// The same for a field with its name.
pub(in crate::interop::promptfoo) fn in_field(name: &str, value: &Value) -> Option<String> {
    let is_text = value.as_str().is_some_and(is_literal);
    if is_text && names_key(name) {
        return Some(name.to_owned());
    }
    in_body(value).map(|inner| join(name, &inner))
}

/// The same for `name=value` of an address or a form, where `key` is a key as well.
pub(super) fn in_pair(name: &str, value: &str) -> bool {
    let ends = plain(name);
    is_literal(value) && (names_key(name) || ends.ends_with("key") || looks_like_key(value))
}

/// The same for a form that is written as one text.
pub(super) fn in_form(text: &str) -> Option<String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.map(|(name, value)| (name.trim(), value)).find(|(name, value)| in_pair(name, value));
    found.map(|(name, _)| name.to_owned()).or_else(|| looks_like_key(text).then(String::new))
}

/// Whether a key stands in a text of any kind: an address, a form, a raw request, JSON with templates in it.
pub(in crate::interop::promptfoo) fn in_text(text: &str) -> bool {
    let mut signs = text.char_indices().filter(|(_, sign)| matches!(sign, '=' | ':'));
    let is_pair = |(at, sign): (usize, char)| {
        let quotes = ['"', '\'', '\\', ' '];
        let before = text[..at].trim_end_matches(quotes);
        let name = before.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.[]%".contains(letter)).next();
        let value = text[at + 1..].trim_start_matches(quotes).split(['&', '"', '\'', '\n']).next().unwrap_or_default();
        let name = name.unwrap_or_default();
        if sign == '=' { in_pair(name, value) } else { is_literal(value) && names_key(name) }
    };
    in_form(text).is_some() || names_user(text) || signs.any(is_pair)
}

/// Whether an address in the text has a user before its server, and so perhaps a password.
fn names_user(text: &str) -> bool {
    let mut servers = text.split("://").skip(1).filter_map(|rest| rest.split(['/', '?', '#', '"', ' ']).next());
    servers.any(|server| server.contains('@') && is_literal(server))
}

/// Whether a key stands in the text, as far as its looks tell.
pub(super) fn looks_like_key(text: &str) -> bool {
    redact(text) != text
}

fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains("{{")
}

fn names_key(name: &str) -> bool {
    let name = plain(name);
    WHOLE.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part))
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn join(name: &str, inner: &str) -> String {
    if inner.is_empty() { name.to_owned() } else { format!("{name}.{inner}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_found_by_their_names_and_their_looks() {
        let check = |value: Value, expect: Option<&str>| assert_eq!(in_body(&value).as_deref(), expect, "{value}");
        check(json!({"a": {"api_key": "x1"}}), Some("a.api_key"));
        check(json!({"list": [{"x": 1}, {"clientSecret": "x1"}]}), Some("list.1.clientSecret"));
        check(json!({"note": "sk-canary-123456"}), Some("note"));
        check(json!({"token": "x1"}), Some("token"));
        check(json!({"max_tokens": 5, "eos_token": "</s>", "prompt_cache_key": "team"}), None);
        check(json!({"api_key": "{{ env.X }}", "tags": [{"key": "team", "value": "a"}]}), None);
        check(json!({"properties": {"password": {"type": "string"}}}), None);
    }

    #[test]
    fn in_addresses_and_forms_a_key_is_a_key() {
        assert!(in_pair("key", "abc") && in_pair("api_key", "abc") && in_pair("q", "sk-canary-123456"));
        assert!(!in_pair("key", "{{prompt}}") && !in_pair("q", "abc") && !in_pair("max_tokens", "5"));
        assert_eq!(in_form("q={{prompt}}&api_key=abc").as_deref(), Some("api_key"));
        assert_eq!(in_form("q={{prompt}}&n=1"), None);
    }
}
