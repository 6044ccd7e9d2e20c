//! Where an entry's key is found.

use secrecy::SecretString;
use serde_json::Value;

use super::{Part, is_loopback, place_id};
use crate::domain::SecretRef;
use crate::interop::promptfoo::suite::ProviderEntry;
use crate::provider::vendor_bound;

#[derive(Debug, Default)]
pub(super) struct Key {
    /// For the definition.
    pub named: Option<SecretRef>,
    /// Where the config holds it.
    pub inline: Option<Inline>,
}

/// A key that stands in the config.
#[derive(Debug, Clone)]
pub struct Inline {
    /// `config.apiKey`.
    pub place: String,
    pub secret: SecretString,
}

impl Inline {
    /// What its user is told where a written project looks for it in `variable`.
    pub fn note(variable: &str) -> String {
        format!("The key itself stands in the config. It is written to no file: set {variable} to it.")
    }
}

/// The variable of a server's own key.
pub(super) fn variable_of(origin: &str) -> String {
    let place = place_id(origin).replace('-', "_").to_uppercase();
    // No shell has a variable that begins with a digit.
    let before = if place.starts_with(|first: char| first.is_ascii_digit()) { "HOST_" } else { "" };
    format!("{before}{place}_API_KEY")
}

/// Looks in the config, in the entry's environment, and at last at the vendor's usual variable, which goes to the
/// vendor's own hosts only.
pub(super) fn find(entry: &ProviderEntry, usual: Option<&str>, origin: Option<&str>, parts: &mut Vec<Part>) -> Key {
    let Some(origin) = origin else { return Key::default() };
    let text = |name: &str| entry.config.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let known = usual.filter(|name| vendor_bound(&SecretRef::Env((*name).to_owned()), origin) != Some(false));
    if let Some(given) = text("apiKey") {
        return written("config.apiKey", given, text("apiKeyEnvar").or(known), origin, parts);
    }
    if let Some(variable) = text("apiKeyEnvar") {
        return Key { named: Some(SecretRef::Env(variable.to_owned())), inline: None };
    }
    if entry.config.get("apiKeyRequired") == Some(&Value::Bool(false)) {
        return Key::default();
    }
    let Some(known) = known else {
        if let Some(usual) = usual.filter(|_| !is_loopback(origin)) {
            parts.push(Part::approximated("config.apiBaseUrl", not_lent(usual, origin)));
        }
        return Key::default();
    };
    match entry.env.get(known).and_then(Value::as_str).filter(|given| !given.is_empty()) {
        Some(given) => written(&format!("env.{known}"), given, Some(known), origin, parts),
        None if is_loopback(origin) => Key::default(),
        None => Key { named: Some(SecretRef::Env(known.to_owned())), inline: None },
    }
}

fn not_lent(usual: &str, origin: &str) -> String {
    format!(
        "{usual} is not sent to {origin}, which is not its vendor's, so calls go out without a key. Name the server's \
         own with `apiKeyEnvar`."
    )
}

/// A key as the config writes it: the name of a variable in a template, or the key itself. The key itself never goes
/// under a `known` name, since that is where the user's own key is.
pub(super) fn written(place: &str, given: &str, known: Option<&str>, origin: &str, parts: &mut Vec<Part>) -> Key {
    if let Some(name) = environment_name(given) {
        return Key { named: Some(SecretRef::Env(name.to_owned())), inline: None };
    }
    if given.contains("{{") {
        parts.push(Part::unsupported(place, "The key is a template that is more than the name of a variable."));
        let variable = known.map_or_else(|| variable_of(origin), str::to_owned);
        return Key { named: Some(SecretRef::Env(variable)), inline: None };
    }
    let inline = Inline { place: place.to_owned(), secret: SecretString::from(given) };
    Key { named: Some(SecretRef::Env(variable_of(origin))), inline: Some(inline) }
}

/// `X` of `{{ env.X }}` and `{{ env['X'] }}`.
pub(in crate::interop::promptfoo) fn environment_name(template: &str) -> Option<&str> {
    let inside = template.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim_matches('-').trim();
    let name = match inside.strip_prefix("env.") {
        Some(name) => name,
        None => inside.strip_prefix("env[")?.strip_suffix(']')?.trim().trim_matches(['\'', '"']),
    };
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then_some(name)
}
