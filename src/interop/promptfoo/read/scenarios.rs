//! Scenarios: each of their settings with each of their tests.

use serde_json::{Map, Value};

use super::cases::{self, RawCase, read_vars};
use super::desk::{Desk, Read, refuse};
use super::external::placed;
use super::json;
use super::known;
use super::spot::Spot;

/// The tests of all scenarios, with the defaults and the settings merged in, except the defaults' assertions.
pub(super) fn read(scenarios: &Value, defaults: &Map<String, Value>, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    let mut found = Vec::new();
    let mut number = 0;
    for (scenario, spot) in all(scenarios, desk, spot)? {
        let Value::Object(scenario) = &scenario else {
            return Err(refuse("A scenario must be a mapping with `config` and `tests`.", &spot));
        };
        known::note_others(scenario, known::SCENARIO, desk, &spot);
        let tests = tests(scenario, desk, &spot)?;
        for settings in settings(scenario, desk, &spot)? {
            found.extend(tests.iter().map(|test| merged(defaults, &settings, test, number)));
            number += 1;
        }
    }
    Ok(found)
}

/// The scenarios of a list, those of files in their places.
fn all(scenarios: &Value, desk: &Desk, spot: &Spot) -> Read<Vec<(Value, Spot)>> {
    let items: Vec<(&Value, Spot)> = match scenarios {
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (item, spot.then(index))).collect(),
        Value::Null => Vec::new(),
        other => vec![(other, spot.clone())],
    };
    let mut found = Vec::new();
    for (item, spot) in items {
        let (item, spot) = placed(item, desk, &spot)?;
        match item {
            Value::Array(inner) => {
                found.extend(inner.into_iter().enumerate().map(|(index, item)| (item, spot.then(index))));
            }
            Value::Null if !desk.still_needed().is_empty() => {}
            other => found.push((other, spot)),
        }
    }
    Ok(found)
}

fn tests(scenario: &Map<String, Value>, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    let spot = spot.then("tests");
    match scenario.get("tests") {
        Some(tests @ Value::Array(_)) => cases::read(tests.clone(), desk, &spot),
        Some(Value::String(reference)) => {
            let found = cases::read(Value::Array(vec![Value::from(reference.as_str())]), desk, &spot)?;
            if found.is_empty() && desk.still_needed().is_empty() {
                return Err(refuse(format!("There are no tests in `{reference}`."), &spot));
            }
            Ok(found)
        }
        Some(test @ Value::Object(_)) => cases::read(Value::Array(vec![test.clone()]), desk, &spot),
        _ => Err(refuse("A scenario needs `tests`.", &spot)),
    }
}

fn settings(scenario: &Map<String, Value>, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    let spot = spot.then("config");
    let (config, spot) = placed(scenario.get("config").unwrap_or(&Value::Null), desk, &spot)?;
    let items = match config {
        Value::Array(items) => items,
        Value::Null if !desk.still_needed().is_empty() => Vec::new(),
        _ => return Err(refuse("A scenario needs `config`, a list of settings for its tests.", &spot)),
    };
    let setting = |(index, item): (usize, Value)| {
        let spot = spot.then(index);
        let Value::Object(mut map) = item else {
            return Err(refuse("A setting of a scenario must be a mapping.", &spot));
        };
        read_vars(&mut map, std::slice::from_ref(&desk.folder), desk, &spot)?;
        Ok(RawCase::new(map, spot))
    };
    items.into_iter().enumerate().map(setting).collect()
}

/// Keys of the test win over those of the settings, and those over the defaults; variables, options and metadata are
/// merged key by key, assertions put after each other.
fn merged(defaults: &Map<String, Value>, settings: &RawCase, test: &RawCase, number: usize) -> RawCase {
    let layers = [defaults, &settings.map, &test.map];
    let mut map = Map::new();
    for layer in layers {
        map.extend(layer.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    for name in ["vars", "options", "metadata"] {
        map.insert(name.to_owned(), Value::Object(spread(&layers.map(|layer| layer.get(name)))));
    }
    let conversation = || Value::from(format!("__scenario_{number}__"));
    if let Some(Value::Object(metadata)) = map.get_mut("metadata")
        && metadata.get("conversationId").is_none_or(Value::is_null)
    {
        metadata.insert("conversationId".to_owned(), conversation());
    }
    let (assertions, spots) =
        settings.assertions().chain(test.assertions()).map(|(item, spot)| (item.clone(), spot)).unzip();
    map.insert("assert".to_owned(), Value::Array(assertions));
    RawCase { map, spot: test.spot.clone(), assertions: Some(spots) }
}

/// `{...one, ...other}`
pub(super) fn spread(layers: &[Option<&Value>]) -> Map<String, Value> {
    let mut merged = Map::new();
    for (key, value) in layers.iter().filter_map(|layer| layer.as_ref()?.as_object()).flatten() {
        merged.insert(key.clone(), value.clone());
    }
    if merged.keys().any(|key| key.starts_with(|letter: char| letter.is_ascii_digit())) {
        merged = json::in_order(merged);
    }
    merged
}
