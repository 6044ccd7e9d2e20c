//! Results that the dashboard exports: what was asked, what came, and the grades that it got.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::{Case, CaseOptions};
use crate::interop::formats::draft::{Draft, vars};
use crate::interop::formats::error::ImportError;
use crate::interop::formats::source::{Row, Source};
use crate::interop::imported::Imported;

use super::samples::{listed, rows_of};

/// Reads the results, or rows `{item, sample}`: each is a case with its answer.
pub fn read(source: Source) -> Result<Imported, ImportError> {
    let rows = source.rows()?;
    let mut draft = Draft::new(source, source.stem());
    let cases = cases(&mut draft, &rows);
    if cases.is_empty() {
        return Err(source.error(Some(1), "No line has an `item`.", "Choose the JSONL that the dashboard exports."));
    }
    grades(&mut draft, &rows);
    let title = source.stem();
    draft.dataset(title, cases);
    Ok(draft.imported)
}

/// The cases of rows that have an `item`.
pub(super) fn cases(draft: &mut Draft, rows: &[Row]) -> Vec<Case> {
    let mut without = Vec::new();
    let mut failed = Vec::new();
    let mut cases = Vec::new();
    for row in rows {
        let Some(item) = row.value.get("item").filter(|item| !item.is_null()) else {
            without.push(row.line);
            continue;
        };
        let sample = row.value.get("sample").unwrap_or(&Value::Null);
        let error = sample.get("error").filter(|error| !error.is_null());
        if error.is_some() {
            failed.push(row.line);
        }
        let options =
            CaseOptions { given: given(sample), metadata: metadata(&row.value, error), ..CaseOptions::default() };
        cases.push(Case { vars: vars(item, "item"), options, ..Case::default() });
    }
    if !without.is_empty() {
        let note = format!("{} without an `item` are left out: {}.", rows_of(without.len()), listed(&without));
        draft.unsupported("rows", without.first().copied(), note);
    }
    if !failed.is_empty() {
        let note =
            format!("{} ended in an error, which is kept beside the case: {}.", rows_of(failed.len()), listed(&failed));
        draft.near("sample.error", failed.first().copied(), note);
    }
    let answered = cases.iter().filter(|case| case.options.given.is_some()).count();
    if !cases.is_empty() {
        let verb = if cases.len() == 1 { "is a case" } else { "are cases" };
        let note = format!(
            "{} {verb}, {answered} with the answer that was given: nobody is asked there.",
            rows_of(cases.len())
        );
        draft.exact("item", None, note);
    }
    cases
}

/// The answer: the last message of the outputs, or the text.
fn given(sample: &Value) -> Option<Value> {
    let outputs = sample.get("outputs").or_else(|| sample.get("output")).and_then(Value::as_array);
    let last = outputs.and_then(|outputs| outputs.iter().rev().find_map(|output| output.get("content")));
    let last = last.or_else(|| sample.get("output_text"));
    match last? {
        Value::String(text) => Some(Value::String(text.clone())),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            (!texts.is_empty()).then(|| Value::String(texts.concat()))
        }
        _ => None,
    }
}

fn metadata(row: &Value, error: Option<&Value>) -> Map<String, Value> {
    let fields = ["run_id", "data_source_idx", "grades", "passes"];
    let mut kept: Map<String, Value> =
        fields.iter().filter_map(|name| Some(((*name).to_owned(), row.get(*name)?.clone()))).collect();
    if let Some(error) = error {
        kept.insert("error".to_owned(), error.clone());
    }
    kept
}

/// The names of the graders, whose scores are kept though how they came about is not in the file.
fn grades(draft: &mut Draft, rows: &[Row]) {
    let of = |row: &Row, field: &str| -> Vec<String> {
        row.value.get(field).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let names: BTreeSet<String> = rows.iter().flat_map(|row| [of(row, "grades"), of(row, "passes")].concat()).collect();
    for name in names {
        let note = "Its scores stand beside each case. How they are made is not in the results: import the eval's definition, or \
                    write a check.";
        draft.near(format!("grades.{name}"), None, note);
    }
}
