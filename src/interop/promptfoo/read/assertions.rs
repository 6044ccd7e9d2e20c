//! Assertions: what promptfoo refuses at load, and what each asks.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::suite::{AssertionEntry, Given};
use super::code;
use super::desk::{Desk, Read, refuse};
use super::external::extension;
use super::json;
use super::known;
use super::spot::Spot;
use super::text::trim;
use crate::scoring::yaml;

/// More assertions in one test are refused.
const MOST: usize = 10_000;

/// Refuses what promptfoo refuses: a list that is none, entries without a type, settings of the wrong kind, sets in sets.
pub(super) fn check_list(value: Option<&Value>, spot: &Spot) -> Read<()> {
    let Some(value) = value.filter(|value| json::truthy(Some(value))) else { return Ok(()) };
    let Value::Array(items) = value else { return Err(refuse("The assertions must be a list.", spot)) };
    let nested = |item: &Value| item.get("assert").and_then(Value::as_array).map_or(0, Vec::len);
    if items.iter().map(|item| 1 + nested(item)).sum::<usize>() > MOST {
        return Err(refuse(format!("A test has more than {MOST} assertions."), spot));
    }
    items.iter().enumerate().try_for_each(|(index, item)| check(item, &spot.then(index), false))
}

fn check(item: &Value, spot: &Spot, inside_set: bool) -> Read<()> {
    let Value::Object(map) = item else {
        return Err(refuse("An assertion must be a mapping with a `type`.", spot));
    };
    let Some(kind) = map.get("type") else {
        return Err(refuse("The assertion has no `type`. All its keys must be under the same list item.", spot));
    };
    check_settings(map, spot)?;
    if kind != "assert-set" {
        return Ok(());
    }
    if inside_set {
        return Err(refuse("An `assert-set` cannot stand inside another.", spot));
    }
    let Some(Value::Array(children)) = map.get("assert") else {
        return Err(refuse("An `assert-set` needs `assert`, a list of assertions.", spot));
    };
    let spot = spot.then("assert");
    children.iter().enumerate().try_for_each(|(index, child)| check(child, &spot.then(index), true))
}

fn check_settings(map: &Map<String, Value>, spot: &Spot) -> Read<()> {
    type Test = fn(&Value) -> bool;
    const SETTINGS: [(&str, Test, &str); 6] = [
        ("threshold", Value::is_number, "a number"),
        ("weight", Value::is_number, "a number"),
        ("metric", Value::is_string, "a text"),
        ("config", Value::is_object, "a mapping"),
        ("transform", Value::is_string, "a text"),
        ("contextTransform", Value::is_string, "a text"),
    ];
    for (name, fits, kind) in SETTINGS {
        if map.get(name).is_some_and(|value| !fits(value)) {
            return Err(refuse(format!("The `{name}` of an assertion must be {kind}."), &spot.then(name)));
        }
    }
    Ok(())
}

/// What an assertion asks. Of one that is malformed (possible in scenarios, which promptfoo does not check), that it
/// cannot be carried out.
pub(super) fn entry(item: &Value, desk: &Desk, spot: &Spot) -> AssertionEntry {
    let empty = Map::new();
    let map = item.as_object().unwrap_or(&empty);
    known::note_others(map, known::ASSERTION, desk, spot);
    let text = |name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
    let full = map.get("type").map(json::text_of).unwrap_or_default();
    let (not, type_name) = full.strip_prefix("not-").map_or((false, full.as_str()), |rest| (true, rest));
    let broken = match item {
        Value::Object(map) if map.get("type").is_some_and(Value::is_string) => None,
        Value::Object(_) => Some("The assertion has no type.".to_owned()),
        _ => Some("The assertion is no mapping.".to_owned()),
    };
    AssertionEntry {
        type_name: type_name.to_owned(),
        not,
        given: given(map, type_name, desk, &spot.then("value")),
        threshold: map.get("threshold").and_then(Value::as_f64),
        weight: map.get("weight").and_then(Value::as_f64),
        metric: text("metric"),
        config: map.get("config").and_then(Value::as_object).cloned().unwrap_or_default(),
        transform: code::of_transform(map.get("transform"), desk, &spot.then("transform")),
        context_transform: code::of_transform(map.get("contextTransform"), desk, &spot.then("contextTransform")),
        provider: map.get("provider").cloned(),
        rubric_prompt: map.get("rubricPrompt").cloned(),
        children: if full == "assert-set" { children(map, desk, &spot.then("assert")) } else { Vec::new() },
        broken,
        at: spot.location(),
        others: known::others(map, known::ASSERTION),
    }
}

fn children(map: &Map<String, Value>, desk: &Desk, spot: &Spot) -> Vec<AssertionEntry> {
    let items = map.get("assert").and_then(Value::as_array);
    let items = items.into_iter().flatten().enumerate();
    items
        .map(|(index, item)| {
            let mut child = entry(item, desk, &spot.then(index));
            child.children.clear();
            child
        })
        .collect()
}

fn given(map: &Map<String, Value>, type_name: &str, desk: &Desk, spot: &Spot) -> Given {
    let Some(value) = map.get("value") else { return Given::Absent };
    match value {
        Value::String(text) => of_text(text, desk, spot).unwrap_or_else(|| {
            if type_name == "javascript" {
                code::inline(text, desk, spot);
            }
            Given::Written(value.clone())
        }),
        Value::Array(items) => of_items(items, value, desk, spot),
        other => Given::Written(other.clone()),
    }
}

fn of_items(items: &[Value], value: &Value, desk: &Desk, spot: &Spot) -> Given {
    if !items.iter().any(|item| item.as_str().is_some_and(|text| text.starts_with("file://"))) {
        return Given::Written(value.clone());
    }
    let item = |(index, item): (usize, &Value)| {
        let loaded = item.as_str().and_then(|text| of_text(text, desk, &spot.then(index)));
        loaded.unwrap_or_else(|| Given::Written(item.clone()))
    };
    Given::Items(items.iter().enumerate().map(item).collect())
}

/// The value of a `file://` text; nothing for other texts.
fn of_text(text: &str, desk: &Desk, spot: &Spot) -> Option<Given> {
    let bare = text.strip_prefix("file://")?;
    if code::language_of(bare).is_some() {
        return Some(Given::Code(code::of_file(text, desk, spot)));
    }
    Some(read_value(bare, desk, spot).map_or_else(Given::Unreadable, Given::Loaded))
}

fn read_value(bare: &str, desk: &Desk, spot: &Spot) -> Result<Value, String> {
    let path = desk.path(bare);
    let kind = extension(Path::new(bare));
    if !["json", "yaml", "yml", "txt"].contains(&kind) {
        return Err(format!("`{bare}` is no file of values: JSON, YAML and TXT are."));
    }
    let text = desk.text(&path, spot).map_err(|fault| fault.sentence())?;
    match kind {
        "json" => json::parse(&text).map_err(|why| format!("`{bare}`: {why}")),
        "txt" => Ok(Value::from(trim(&text))),
        _ => yaml::read(&text).map_err(|error| format!("`{bare}`, {error}")),
    }
}
