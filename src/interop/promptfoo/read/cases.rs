//! Tests, wherever they stand: in the config, in files, behind wildcards.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::csv;
use super::csv_cases::{self, describe};
use super::desk::{Desk, Read, refuse};
use super::external::{extension, loaded_inside};
use super::globs;
use super::json::{self, truthy};
use super::refs::dereference;
use super::spot::{Source, Spot};
use super::text::trim;
use super::var_files;
use crate::scoring::yaml;

/// A test as it is written, with its variables' files read and nothing merged yet.
#[derive(Debug, Clone)]
pub(super) struct RawCase {
    pub map: Map<String, Value>,
    pub spot: Spot,
    /// Where the assertions stand, if not where the test does.
    pub assertions: Option<Vec<Spot>>,
}

impl RawCase {
    pub(super) fn new(map: Map<String, Value>, spot: Spot) -> Self {
        Self { map, spot, assertions: None }
    }

    /// The assertions and where each stands.
    pub(super) fn assertions(&self) -> impl Iterator<Item = (&Value, Spot)> {
        let items = self.map.get("assert").and_then(Value::as_array).into_iter().flatten().enumerate();
        let own = self.spot.then("assert");
        items.map(move |(index, item)| {
            let known = self.assertions.as_ref().and_then(|spots| spots.get(index)).cloned();
            (item, known.unwrap_or_else(|| own.then(index)))
        })
    }
}

/// A file that must exist and is all the tests, or one of several that a list names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Alone,
    Listed,
}

/// All tests of a `tests` value.
pub(super) fn read(tests: Value, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    match tests {
        Value::Null => Ok(Vec::new()),
        Value::String(reference) if reference.ends_with("yaml") || reference.ends_with("yml") => {
            of_pattern(&reference, desk, spot)
        }
        Value::String(reference) => of_file(&reference, desk, spot),
        Value::Array(items) => {
            let mut found = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                found.extend(listed(item, desk, &spot.then(index))?);
            }
            Ok(found)
        }
        Value::Object(map) if map.contains_key("path") => generator(&map, desk, spot),
        _ => {
            desk.warn(spot, "The tests are neither a list nor a file, and are ignored.");
            Ok(Vec::new())
        }
    }
}

fn listed(item: Value, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    match item {
        Value::String(reference) => of_pattern(&reference, desk, spot),
        Value::Object(map) if map.contains_key("path") => generator(&map, desk, spot),
        Value::Object(map) => Ok(vec![one(map, &desk.folder, desk, spot)?]),
        _ => Err(refuse("A test must be a mapping or the name of a file.", spot)),
    }
}

/// `{path, config}` names a program that makes tests, or a file.
fn generator(map: &Map<String, Value>, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    match map.get("path") {
        Some(Value::String(path)) => of_file(path, desk, spot),
        _ => Err(refuse("The `path` of tests must be a text.", spot)),
    }
}

/// Sources that are not files here.
fn remote(reference: &str, desk: &Desk, spot: &Spot) -> Read<bool> {
    const SERVICES: [&str; 5] = ["http://", "https://", "huggingface://", "langfuse://", "az://"];
    if SERVICES.iter().any(|service| reference.starts_with(service)) {
        return Err(refuse(
            format!("Tests are not fetched from `{reference}`. Save them as a CSV, JSON or YAML file and name that."),
            spot,
        ));
    }
    let bare = reference.strip_prefix("file://").unwrap_or(reference);
    if let Some(language) = super::code::language_of(bare) {
        desk.unsupported(spot, format!("Tests made by a program ({language}) are left out: `{bare}`."));
        return Ok(true);
    }
    let sheet = bare.split('#').next().unwrap_or_default();
    if ["xlsx", "xls"].contains(&extension(Path::new(sheet))) {
        return Err(refuse(format!("`{bare}` is a spreadsheet. Save it as CSV and name that."), spot));
    }
    Ok(false)
}

fn of_file(reference: &str, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    if remote(reference, desk, spot)? {
        return Ok(Vec::new());
    }
    of_path(&desk.path(reference), Standing::Alone, desk, spot)
}

fn of_pattern(reference: &str, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    if remote(reference, desk, spot)? {
        return Ok(Vec::new());
    }
    let pattern = reference.strip_prefix("file://").unwrap_or(reference);
    let names = match globs::matches(desk, &desk.folder, pattern) {
        Ok(names) => names,
        Err(fault) => return desk.needed(&fault, spot).map(|()| Vec::new()),
    };
    if names.is_empty() {
        desk.warn(spot, format!("No file of tests is at `{pattern}`."));
    }
    let mut found = Vec::new();
    for name in names {
        found.extend(of_path(&desk.path(&name), Standing::Listed, desk, spot)?);
    }
    Ok(found)
}

fn of_path(path: &Path, standing: Standing, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    let kind = extension(path).to_owned();
    let known = ["csv", "json", "jsonl", "yaml", "yml"].contains(&kind.as_str());
    if !known && standing == Standing::Alone {
        desk.warn(spot, format!("`{}` is no file of tests that is known, and is ignored.", path.display()));
        return Ok(Vec::new());
    }
    if !known {
        return Err(refuse(format!("`{}` is no file of tests that is known.", path.display()), spot));
    }
    let Some(text) = desk.needed_text(path, spot)? else { return Ok(Vec::new()) };
    desk.environment.mention(&text);
    let folder = path.parent().map_or_else(|| desk.folder.clone(), Path::to_owned);
    let plain = Spot::file(path);
    match kind.as_str() {
        "csv" => of_csv(&text, &folder, desk, &plain),
        "jsonl" => of_lines(&text, standing, &folder, desk, &plain),
        "json" if standing == Standing::Listed => {
            let document = json::parse(&text).map_err(|why| refuse(why, &plain))?;
            of_document(document, standing, &folder, desk, &plain)
        }
        _ => {
            let (document, places) = yaml::read_with_places(&text)
                .map_err(|error| refuse(error.message.clone(), &plain.at_line(error.line)))?;
            let spot = Spot::root(Source { file: path.into(), places: Some(places) });
            of_document(document, standing, &folder, desk, &spot)
        }
    }
}

fn of_csv(text: &str, folder: &Path, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    let rows = csv::rows(text).map_err(|why| refuse(why, spot))?;
    let cases = rows.iter().zip(1..).map(|(row, number)| {
        let spot = spot.at_line(row.line);
        one(csv_cases::case(row, number, desk, &spot)?, folder, desk, &spot)
    });
    cases.collect()
}

fn of_lines(text: &str, standing: Standing, folder: &Path, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    let lines = text.split('\n').zip(1..).filter(|(line, _)| !trim(line).is_empty());
    let mut found = Vec::new();
    for ((line, number), row) in lines.zip(1..) {
        let spot = spot.at_line(number);
        let value = json::parse(line).map_err(|why| refuse(why, &spot))?;
        let value = prepared(value, standing, desk, &spot)?;
        let mut map = mapping(value, &spot)?;
        if standing == Standing::Alone {
            map.insert("description".to_owned(), Value::from(format!("Row #{row}")));
        }
        found.push(one(map, folder, desk, &spot)?);
    }
    Ok(found)
}

fn of_document(document: Value, standing: Standing, folder: &Path, desk: &Desk, spot: &Spot) -> Read<Vec<RawCase>> {
    let (items, single) = match prepared(document, standing, desk, spot)? {
        Value::Array(items) => (items, false),
        Value::Null if standing == Standing::Listed => (Vec::new(), false),
        other => (vec![other], true),
    };
    let mut found = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let spot = if single { spot.clone() } else { spot.then(index) };
        let mut map = mapping(item, &spot)?;
        if standing == Standing::Alone {
            describe(&mut map, index + 1);
        }
        found.push(one(map, folder, desk, &spot)?);
    }
    Ok(found)
}

/// Files inside a listed file are read in with it, and its references followed.
fn prepared(value: Value, standing: Standing, desk: &Desk, spot: &Spot) -> Read<Value> {
    if standing == Standing::Alone {
        return Ok(value);
    }
    dereference(loaded_inside(&value, desk, spot)?, desk, spot)
}

fn mapping(value: Value, spot: &Spot) -> Read<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(refuse("A test must be a mapping.", spot)),
    }
}

/// One test: its variables' files read, and something to do in it.
fn one(mut map: Map<String, Value>, folder: &Path, desk: &Desk, spot: &Spot) -> Read<RawCase> {
    read_vars(&mut map, &[folder.to_owned(), desk.folder.clone()], desk, spot)?;
    if is_empty(&map) {
        return Err(refuse(
            "A test must have one of `assert`, `vars`, `options`, `metadata`, `provider`, `providerOutput` and `threshold`.",
            spot,
        ));
    }
    Ok(RawCase::new(map, spot.clone()))
}

fn is_empty(map: &Map<String, Value>) -> bool {
    let named = ["assert", "vars", "options", "metadata", "provider", "providerOutput"];
    !named.iter().any(|name| truthy(map.get(*name))) && !map.get("threshold").is_some_and(Value::is_number)
}

/// `vars: file.yaml` becomes what the file holds.
pub(super) fn read_vars(map: &mut Map<String, Value>, folders: &[PathBuf], desk: &Desk, spot: &Spot) -> Read<()> {
    let Some(vars) = map.get("vars").filter(|vars| vars.is_string() || vars.is_array()) else { return Ok(()) };
    let read = var_files::merged(vars, folders, desk, &spot.then("vars"))?;
    map.insert("vars".to_owned(), Value::Object(read));
    Ok(())
}
