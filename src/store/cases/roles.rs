//! What each column of a file is: as the dataset says, else by its name.

use std::path::Path;

use serde_json::{Map, Value};

use crate::compose::nearest;
use crate::domain::{Case, ColumnRole, Dataset, Place, Problem};

/// Where a value of a row goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Input(String),
    Expected(String),
    Id,
    Tags,
    Note,
}

impl Target {
    pub const fn role(&self) -> ColumnRole {
        match self {
            Self::Input(_) => ColumnRole::Input,
            Self::Expected(_) => ColumnRole::Expected,
            Self::Id => ColumnRole::Id,
            Self::Tags => ColumnRole::Tags,
            Self::Note => ColumnRole::Note,
        }
    }
}

/// The role that the dataset gives a column, else the one that its name says.
pub(super) fn target(dataset: &Dataset, column: &str) -> Target {
    let plain = || column.strip_prefix("expected.").unwrap_or(column).to_owned();
    match dataset.columns.get(column).map(|known| known.role) {
        Some(ColumnRole::Expected) => Target::Expected(plain()),
        Some(ColumnRole::Id) => Target::Id,
        Some(ColumnRole::Tags) => Target::Tags,
        Some(ColumnRole::Note) => Target::Note,
        None if column == "id" => Target::Id,
        None if column == "tags" => Target::Tags,
        None if column == "expected" || column.starts_with("expected.") => Target::Expected(plain()),
        Some(ColumnRole::Input) | None => Target::Input(column.to_owned()),
    }
}

pub(super) fn is_json(dataset: &Dataset, column: &str) -> bool {
    dataset.columns.get(column).is_some_and(|known| known.json)
}

/// Puts a value where its column says.
pub(super) fn place(case: &mut Case, target: &Target, value: Value) {
    match target {
        Target::Input(name) => {
            case.vars.insert(name.clone(), value);
        }
        Target::Expected(name) => match (name.as_str(), value) {
            ("expected", Value::Object(fields)) => case.expected.extend(fields),
            (name, value) => {
                case.expected.insert(name.to_owned(), value);
            }
        },
        Target::Id => case.id = text_of(value).into(),
        Target::Tags => case.tags = tags_of(value),
        Target::Note => case.note = text_of(value),
    }
}

fn tags_of(value: Value) -> Vec<String> {
    match value {
        Value::Array(tags) => tags.into_iter().map(text_of).collect(),
        Value::Null => Vec::new(),
        other => text_of(other).split(';').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
    }
}

fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Columns that the dataset describes and the file does not have.
pub(super) fn unknown_columns(dataset: &Dataset, file: &Path, names: &[&str]) -> Vec<Problem> {
    let missing = dataset.columns.keys().filter(|column| !names.contains(&column.as_str()));
    missing
        .map(|column| {
            let hint = match nearest(column, names.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Its columns are {}.", list(names)),
            };
            Problem::error(
                Place::file(file),
                format!("The dataset describes the column `{column}`, which the file does not have."),
                hint,
            )
        })
        .collect()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Names of inputs and of what is expected, in the order of the targets.
pub(super) fn split<'t>(targets: impl IntoIterator<Item = &'t Target>) -> (Vec<String>, Vec<String>) {
    let (mut inputs, mut expected) = (Vec::new(), Vec::new());
    for target in targets {
        match target {
            Target::Input(name) => inputs.push(name.clone()),
            Target::Expected(name) => expected.push(name.clone()),
            Target::Id | Target::Tags | Target::Note => {}
        }
    }
    (inputs, expected)
}

/// `{id, vars, expected, tags, note}`, and nothing else.
pub(super) fn is_structured(object: &Map<String, Value>) -> bool {
    object.get("vars").is_some_and(Value::is_object)
        && object.keys().all(|key| matches!(key.as_str(), "id" | "vars" | "expected" | "tags" | "note"))
}
