//! What Settings shows, as plain values.

use crate::domain::{Manifest, Price, PriceTable, SecretRef};
use crate::session::{EndpointView, Session, bindings};

/// A model's price and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PriceRow {
    pub model: String,
    pub price: Option<Price>,
    pub from: String,
}

/// The models of the workspace with the price that each has: its own in `workspace.ron`, else the bundled table's.
pub(super) fn prices(session: &Session) -> Vec<PriceRow> {
    let Some(workspace) = session.workspace() else { return Vec::new() };
    let manifest = &workspace.manifest;
    manifest.models.keys().map(|model| price_row(manifest, model, session.pricing())).collect()
}

fn price_row(manifest: &Manifest, id: &crate::domain::ModelId, table: &PriceTable) -> PriceRow {
    let spec = &manifest.models[id];
    let own = spec.price.clone().map(|price| (price, "workspace.ron".to_owned()));
    let listed = || {
        let provider = manifest.providers.get(&spec.provider)?;
        let entry =
            table.models.iter().find(|entry| entry.provider == provider.api.word() && entry.model == spec.model)?;
        Some((entry.price.clone(), format!("bundled table of {}", table.dated)))
    };
    let found = own.or_else(listed);
    let (price, from) = found.map_or((None, "unknown".to_owned()), |(price, from)| (Some(price), from));
    PriceRow { model: id.to_string(), price, from }
}

/// Where a key is and whether it is there, in words. Nobody looks before the workspace is trusted.
pub(super) fn key_words(endpoint: &EndpointView) -> String {
    match (&endpoint.key, endpoint.key_present) {
        (None, _) => "no key".to_owned(),
        (Some(SecretRef::Env(name)), Some(true)) => format!("in the environment variable {name}"),
        (Some(SecretRef::Env(name)), None) => format!("the environment variable {name}, not looked for yet"),
        (Some(SecretRef::Keyring(name)), None) => format!("{name} in the system's keyring, not looked for yet"),
        (Some(SecretRef::Env(name)), Some(false)) => format!("not set: the environment variable {name}"),
        (Some(SecretRef::Keyring(name)), Some(true)) => format!("in the system's keyring as {name}"),
        (Some(SecretRef::Keyring(name)), Some(false)) => format!("not in the system's keyring yet: {name}"),
    }
}

/// What can be done by keyboard, each thing once with all keys that do it: its name, then `Ctrl+Shift+Z or Ctrl+Y`.
pub(super) fn shortcuts() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (keys, command) in bindings() {
        let name = command.info().name;
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = format!("{known} or {keys}"),
            None => all.push((name, keys.to_string())),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_command_stand_in_one_line() {
        let all = shortcuts();
        let keys = |name: &str| -> Vec<&str> {
            all.iter().filter(|(known, _)| known == name).map(|(_, keys)| keys.as_str()).collect()
        };
        assert_eq!(keys("Redo"), ["Ctrl+Shift+Z or Ctrl+Y"]);
        assert_eq!(keys("Undo"), ["Ctrl+Z"]);
    }
}
