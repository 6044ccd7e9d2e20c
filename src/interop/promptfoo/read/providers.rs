//! Providers in all their forms, and which prompts each is for.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::providers::response_code;
use super::super::report::AskKind;
use super::super::suite::{Column, PromptEntry, ProviderEntry};
use super::code;
use super::desk::{Desk, Read, refuse};
use super::external::{self, loaded_inside};
use super::json::{self, truthy};
use super::known;
use super::matching::names_prompt;
use super::spot::Spot;

/// Settings of a provider that name a server.
const ADDRESSES: [&str; 5] = ["apiBaseUrl", "apiHost", "baseUrl", "baseURL", "url"];

/// Of a provider's id or label, the prompts that are named for it; `None` is all.
type Selections = HashMap<String, Option<Vec<String>>>;

/// All providers, and what each is for.
pub(super) struct Providers {
    pub entries: Vec<ProviderEntry>,
    selections: Selections,
}

pub(super) fn read(providers: &Value, desk: &Desk, spot: &Spot) -> Read<Providers> {
    let none = || refuse("There must be at least one provider.", spot);
    let items = match providers {
        Value::String(id) if !id.is_empty() => vec![(providers.clone(), spot.clone())],
        Value::Array(items) if items.iter().any(|item| truthy(Some(item))) => distinct(items, spot),
        _ => return Err(none()),
    };
    let mut found = Providers { entries: Vec::new(), selections: Selections::new() };
    for (item, spot) in items {
        for (item, spot) in of_file(item, desk, &spot)? {
            found.add(&item, desk, &spot)?;
        }
    }
    if found.entries.is_empty() && desk.still_needed().is_empty() {
        return Err(none());
    }
    Ok(found)
}

/// A provider that is there twice, written alike, counts once.
fn distinct(items: &[Value], spot: &Spot) -> Vec<(Value, Spot)> {
    let mut seen = HashSet::new();
    let numbered = items.iter().enumerate();
    numbered
        .filter(|(_, item)| seen.insert(item.to_string()))
        .map(|(index, item)| (item.clone(), spot.then(index)))
        .collect()
}

/// `file://providers.yaml` holds one or several.
fn of_file(item: Value, desk: &Desk, spot: &Spot) -> Read<Vec<(Value, Spot)>> {
    let file = item.as_str().and_then(|text| text.strip_prefix("file://"));
    let Some(reference) = file.filter(|file| [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end))) else {
        return Ok(vec![(item, spot.clone())]);
    };
    let path = desk.path(reference);
    let Some(text) = desk.needed_text(&path, spot)? else { return Ok(Vec::new()) };
    let inner = Spot::file(path.as_path());
    let document = external::parsed(&path, &text).map_err(|why| refuse(why, &inner))?;
    let document = desk.environment.provider_file(loaded_inside(&document, desk, &inner)?);
    match document {
        Value::Array(items) => {
            Ok(items.into_iter().enumerate().map(|(index, item)| (item, inner.then(index))).collect())
        }
        Value::Object(map) => Ok(vec![(Value::Object(map), inner)]),
        _ => Err(refuse("The file holds no provider.", &inner)),
    }
}

impl Providers {
    fn add(&mut self, item: &Value, desk: &Desk, spot: &Spot) -> Read<()> {
        let invalid = || {
            refuse("A provider must be a text, a mapping with an `id`, or a mapping from its id to its settings.", spot)
        };
        match item {
            Value::String(id) if !id.is_empty() => self.entries.push(named(id, desk, spot)),
            Value::Object(map) if truthy(map.get("id")) => {
                let id = map.get("id").and_then(Value::as_str).ok_or_else(invalid)?;
                let entry = of_settings(id, map, desk, spot);
                self.select(&entry, map, true);
                self.entries.push(entry);
            }
            Value::Object(map) => {
                let (key, settings) = map.iter().next().ok_or_else(invalid)?;
                let settings = settings.as_object().ok_or_else(invalid)?;
                let id = settings.get("id").and_then(Value::as_str).unwrap_or(key);
                let entry = of_settings(id, settings, desk, &spot.then(key.as_str()));
                self.select(&entry, settings, false);
                self.entries.push(entry);
            }
            _ => return Err(invalid()),
        }
        Ok(())
    }

    /// Providers of one id share the selection of the last that has one; a label of its own has its own.
    fn select(&mut self, entry: &ProviderEntry, settings: &Map<String, Value>, by_label: bool) {
        let selection = if truthy(settings.get("prompts")) { entry.prompts.clone() } else { None };
        self.selections.insert(entry.id.clone(), selection.clone());
        if let Some(label) = entry.label.clone().filter(|_| by_label) {
            self.selections.insert(label, selection);
        }
    }

    fn selection(&self, entry: &ProviderEntry) -> Option<&Vec<String>> {
        let by_label = entry.label.as_ref().and_then(|label| self.selections.get(label));
        by_label.or_else(|| self.selections.get(&entry.id)).and_then(Option::as_ref)
    }

    /// Provider by provider, the prompts that it is for.
    pub(super) fn columns(&self, prompts: &[PromptEntry]) -> Vec<Column> {
        let mut columns = Vec::new();
        for (provider, entry) in self.entries.iter().enumerate() {
            let selection = self.selection(entry);
            for (prompt, candidate) in prompts.iter().enumerate() {
                let named = |names: &Vec<String>| names.iter().any(|name| names_prompt(name, candidate));
                if selection.is_none_or(named) {
                    columns.push(Column { provider, prompt });
                }
            }
        }
        columns
    }
}

fn named(id: &str, desk: &Desk, spot: &Spot) -> ProviderEntry {
    ask_for_address(id, desk, spot);
    ProviderEntry {
        id: id.to_owned(),
        label: None,
        config: Map::new(),
        prompts: None,
        transform: None,
        delay_ms: None,
        env: Map::new(),
        path: spot.path(),
        at: spot.location(),
        others: Map::new(),
    }
}

fn of_settings(id: &str, settings: &Map<String, Value>, desk: &Desk, spot: &Spot) -> ProviderEntry {
    known::note_others(settings, known::PROVIDER, desk, spot);
    if truthy(settings.get("delay")) {
        desk.unsupported(&spot.then("delay"), "Calls are not held back between each other.");
    }
    if truthy(settings.get("inputs")) {
        desk.unsupported(&spot.then("inputs"), "Inputs of a target are for red teaming, which is not carried out.");
    }
    let mapping = |name: &str| settings.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let config = mapping("config");
    for address in ADDRESSES.iter().filter_map(|name| config.get(*name)?.as_str()) {
        ask_for_address(address, desk, &spot.then("config"));
    }
    if let Some((name, code)) = response_code(id, &config) {
        code::inline(code, desk, &spot.then("config").then(name));
    }
    let mut others = known::others(settings, known::PROVIDER);
    for idle in ["delay", "inputs"] {
        others.extend(settings.get(idle).map(|value| (idle.to_owned(), value.clone())));
    }
    let prompts = settings.get("prompts").and_then(Value::as_array);
    let label = settings.get("label").filter(|label| truthy(Some(label))).map(json::text_of);
    ProviderEntry {
        label,
        config,
        prompts: prompts.map(|prompts| prompts.iter().map(json::text_of).collect()),
        transform: code::of_transform(settings.get("transform"), desk, &spot.then("transform")),
        delay_ms: settings.get("delay").and_then(Value::as_f64),
        env: mapping("env"),
        others,
        ..named(id, desk, spot)
    }
}

/// An address on this machine needs no trust.
fn ask_for_address(address: &str, desk: &Desk, spot: &Spot) {
    let Some((scheme, rest)) = address.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme))
    else {
        return;
    };
    let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let server = server.rsplit('@').next().unwrap_or_default();
    let host = match server.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => server.split(':').next().unwrap_or_default(),
    };
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !loopback {
        desk.ask(AskKind::Origin, format!("{scheme}://{server}"), spot);
    }
}
