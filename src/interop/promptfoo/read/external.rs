//! `file://` values that stand for what the file holds.

use std::path::Path;

use serde_json::{Map, Value};

use super::code::language_of;
use super::csv;
use super::desk::{Desk, Read, refuse};
use super::globs;
use super::json;
use super::spot::{Source, Spot};
use crate::scoring::yaml;

pub(super) fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

/// A file's value: JSON and YAML parsed, CSV as rows, all else as text.
///
/// # Errors
/// A sentence.
pub(super) fn parsed(path: &Path, text: &str) -> Result<Value, String> {
    let named = |why: String| format!("`{}`: {why}", path.display());
    match extension(path) {
        "json" => json::parse(text).map_err(named),
        "yaml" | "yml" => yaml::read(text).map_err(|error| named(error.to_string())),
        "csv" => csv::rows(text).map(of_rows).map_err(named),
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// A single column gives its values, several give objects.
fn of_rows(rows: Vec<csv::Row>) -> Value {
    let single = rows.first().is_some_and(|row| row.cells.len() == 1);
    let value = |row: csv::Row| {
        let mut cells = row.cells.into_iter();
        if single {
            cells.next().map_or(Value::Null, |(_, cell)| Value::String(cell))
        } else {
            Value::Object(cells.map(|(name, cell)| (name, Value::String(cell))).collect())
        }
    };
    Value::Array(rows.into_iter().map(value).collect())
}

/// What a `file://` text stands for; every other value is itself. Wildcards give the values of all files, one after the
/// other.
pub(super) fn loaded(value: &Value, desk: &Desk, spot: &Spot) -> Read<Value> {
    Ok(placed(value, desk, spot)?.0)
}

/// Like [`loaded`], with the place that the value's parts are told from.
pub(super) fn placed(value: &Value, desk: &Desk, spot: &Spot) -> Read<(Value, Spot)> {
    let itself = || Ok((value.clone(), spot.clone()));
    let Some(reference) = value.as_str().and_then(|text| text.strip_prefix("file://")) else { return itself() };
    let reference = desk.environment.rendered(reference);
    if language_of(&reference).is_some() {
        return itself();
    }
    if !globs::has_magic(&reference) {
        return one(desk, &reference, spot);
    }
    let names = match globs::matches(desk, &desk.folder, &reference) {
        Ok(names) => names,
        Err(fault) => return desk.needed(&fault, spot).map(|()| (Value::Null, spot.clone())),
    };
    if names.is_empty() {
        return Err(refuse(format!("No file matches `{reference}`."), spot));
    }
    let mut all = Vec::new();
    for name in names {
        match one(desk, &name, spot)?.0 {
            Value::Array(items) => all.extend(items),
            Value::Null => {}
            other => all.push(other),
        }
    }
    Ok((Value::Array(all), spot.clone()))
}

fn one(desk: &Desk, reference: &str, spot: &Spot) -> Read<(Value, Spot)> {
    let path = desk.path(reference);
    let Some(text) = desk.needed_text(&path, spot)? else { return Ok((Value::Null, spot.clone())) };
    if !matches!(extension(&path), "yaml" | "yml") {
        let value = parsed(&path, &text).map_err(|why| refuse(why, spot))?;
        return Ok((value, spot.clone()));
    }
    let file = Spot::file(path.as_path());
    let (value, places) =
        yaml::read_with_places(&text).map_err(|error| refuse(error.message.clone(), &file.at_line(error.line)))?;
    Ok((value, Spot::root(Source { file: path.into(), places: Some(places) })))
}

/// All `file://` texts in a value, at any depth. Those of `vars` stay, since they are loaded for each row, and so does
/// code.
pub(super) fn loaded_inside(value: &Value, desk: &Desk, spot: &Spot) -> Read<Value> {
    match value {
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| loaded_inside(item, desk, &spot.then(index)));
            Ok(Value::Array(items.collect::<Read<_>>()?))
        }
        Value::Object(map) => {
            let mut found = Map::new();
            for (key, value) in map {
                let kept = key == "vars" || key == "provider";
                let value = if kept { value.clone() } else { loaded_inside(value, desk, &spot.then(key.as_str()))? };
                found.insert(key.clone(), value);
            }
            Ok(Value::Object(found))
        }
        other => loaded(other, desk, spot),
    }
}
