//! JSONL files: a JSON object a line, flat or as `{id, vars, expected, tags, note}`.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::bytes::Bytes;
use super::csv::repeated;
use super::ids::{Collector, Occurrences, of_row};
use super::json::{Parsed, parse_json};
use super::open::OpenCases;
use super::roles::{Target, is_structured, place, split, target, unknown_columns};
use super::rows::{Rows, Splitter};
use crate::domain::{Case, Cases, ColumnRole, Dataset, Fingerprint, Place, Problem};

struct JsonlCases {
    rows: Rows,
    dataset: Dataset,
    ids: Occurrences,
}

pub(super) fn open(bytes: Bytes, shown: PathBuf, dataset: &Dataset) -> Result<OpenCases, Problem> {
    let dataset = Dataset { source: crate::domain::Source::Cases(Vec::new()), ..dataset.clone() };
    let mut found = Found::default();
    let mut collector = Collector::default();
    let file = shown.clone();
    let mut first = true;
    let rows = Rows::scan(bytes, shown, &mut Lines, |row, line| {
        if std::mem::take(&mut first) {
            one_document(row, &file, line)?;
        }
        match object(row) {
            Ok(parsed) => {
                found.columns(&parsed.0, &dataset);
                if !parsed.1.is_empty() {
                    found.duplicates.get_or_insert((line, parsed.1));
                }
                collector.push(&id_of(&parsed.0, row, &dataset));
            }
            Err((message, column)) => {
                found.broken += 1;
                found.first_broken.get_or_insert((line, column, message));
                collector.push(&of_row(row.trim_ascii()));
            }
        }
        Ok(true)
    })?;
    let ids = collector.finish();
    let mut problems = found.problems(rows.shown());
    problems.extend(repeated(&rows, &ids));
    if rows.len() == 0 {
        problems.push(Problem::warning(
            Place::file(rows.shown()),
            "The file has no rows.",
            "Add a JSON object on a line.",
        ));
    }
    let names: Vec<&str> = found.names.iter().map(String::as_str).collect();
    problems.extend(unknown_columns(&dataset, rows.shown(), &names));
    let (columns, expected) = split(&found.targets);
    let header = found.header;
    let cases = Arc::new(JsonlCases { rows, dataset, ids });
    Ok(OpenCases { cases, columns, expected, header, untrusted: BTreeSet::new(), problems })
}

impl Cases for JsonlCases {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn case(&self, index: usize) -> Result<Case, Problem> {
        let row = self.rows.row(index)?;
        let line = row.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match object(line) {
            Ok((object, _)) => {
                let id = id_of(&object, line, &self.dataset);
                Ok(Case { id: self.ids.id(index, id), ..case_of(object, &self.dataset) })
            }
            Err((message, column)) => {
                let place = Place::at(self.rows.shown(), self.rows.line(index), column);
                Err(Problem::error(place, message, "A row is one JSON object on one line."))
            }
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        self.rows.fingerprint()
    }
}

/// What the first pass learns.
#[derive(Default)]
struct Found {
    /// As they stand in the file.
    names: Vec<String>,
    targets: Vec<Target>,
    header: Vec<(String, ColumnRole)>,
    seen: HashSet<String>,
    broken: u64,
    first_broken: Option<(u32, u32, String)>,
    duplicates: Option<(u32, Vec<String>)>,
}

impl Found {
    fn columns(&mut self, object: &Map<String, Value>, dataset: &Dataset) {
        if is_structured(object) {
            let fields = |name: &str| object.get(name).and_then(Value::as_object).into_iter().flat_map(Map::keys);
            for name in fields("vars") {
                self.add(name, || Target::Input(name.clone()));
            }
            for name in fields("expected") {
                self.add(&format!("expected.{name}"), || Target::Expected(name.clone()));
            }
            return;
        }
        for (name, value) in object {
            match (target(dataset, name), value) {
                (Target::Expected(all), Value::Object(fields)) if all == "expected" => {
                    self.names.push(name.clone());
                    for field in fields.keys() {
                        self.add(&format!("expected.{field}"), || Target::Expected(field.clone()));
                    }
                }
                (target, _) => self.add(name, || target),
            }
        }
    }

    fn add(&mut self, name: &str, target: impl FnOnce() -> Target) {
        if !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
            self.names.push(name.to_owned());
            let target = target();
            self.header.push((name.to_owned(), target.role()));
            self.targets.push(target);
        }
    }

    fn problems(&self, file: &Path) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some((line, column, message)) = &self.first_broken {
            let rows = if self.broken == 1 { "1 row".to_owned() } else { format!("{} rows", self.broken) };
            let message = format!("{rows} cannot be read. The first: {message}");
            problems.push(Problem::error(
                Place::at(file, *line, *column),
                message,
                "A row is one JSON object on one line.",
            ));
        }
        if let Some((line, keys)) = &self.duplicates {
            problems.push(Problem::warning(
                Place::at(file, *line, 1),
                format!("The key `{}` stands twice in one object.", keys.first().map_or("", String::as_str)),
                "The last value is used.",
            ));
        }
        problems
    }
}

/// A row as an object, and the keys that stand in it twice.
type Row = (Map<String, Value>, Vec<String>);

/// A row as an object, with the keys that stand in it twice; or what is wrong, with the column.
fn object(row: &[u8]) -> Result<Row, (String, u32)> {
    let row = row.trim_ascii_end();
    let text = std::str::from_utf8(row).map_err(|error| {
        let column = String::from_utf8_lossy(&row[..error.valid_up_to()]).chars().count() + 1;
        ("The row is not UTF-8.".to_owned(), u32::try_from(column).unwrap_or(u32::MAX))
    })?;
    let Parsed { value, duplicates } = parse_json(text).map_err(|error| (format!("{error}."), error.column))?;
    match value {
        Value::Object(object) => Ok((object, duplicates)),
        other => Err((format!("The row is {}, not an object.", kind(&other)), 1)),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "`true` or `false`",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn case_of(object: Map<String, Value>, dataset: &Dataset) -> Case {
    let mut case = Case::default();
    if is_structured(&object) {
        for (name, value) in object {
            match (name.as_str(), value) {
                ("vars", Value::Object(vars)) => case.vars = vars,
                ("expected", value) => place(&mut case, &Target::Expected("expected".to_owned()), value),
                ("tags", value) => place(&mut case, &Target::Tags, value),
                ("note", value) => place(&mut case, &Target::Note, value),
                _ => {}
            }
        }
    } else {
        for (name, value) in object {
            place(&mut case, &target(dataset, &name), value);
        }
    }
    case
}

fn id_of(object: &Map<String, Value>, row: &[u8], dataset: &Dataset) -> String {
    let own = if is_structured(object) {
        object.get("id")
    } else {
        object.iter().find(|(name, _)| target(dataset, name) == Target::Id).map(|(_, value)| value)
    };
    match own {
        Some(Value::String(id)) if !id.trim().is_empty() => id.trim().to_owned(),
        Some(Value::Number(id)) => id.to_string(),
        _ => of_row(row.trim_ascii()),
    }
}

/// A document over several lines, or one list, is not JSONL.
fn one_document(first: &[u8], file: &Path, line: u32) -> Result<(), Problem> {
    let start = first.trim_ascii();
    let opens = start.starts_with(b"[") || start == b"{";
    if !opens {
        return Ok(());
    }
    Err(Problem::error(
        Place::at(file, line, 1),
        "The file is one JSON document, not a JSON object a line.",
        "Write each object on one line, without `[`, `]` and the commas between them.",
    ))
}

struct Lines;

impl Splitter for Lines {
    fn push(&mut self, byte: u8) -> bool {
        byte == b'\n'
    }
}
