//! Opens the cases of a dataset.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::Bytes;
use super::{csv, inline, jsonl};
use crate::domain::{Cases, ColumnRole, Dataset, Place, Problem, ProjectId, Source};
use crate::store::files::inside;

/// Cases that can be read, and what is known of them without reading them again.
#[derive(Clone)]
pub struct OpenCases {
    pub cases: Arc<dyn Cases>,
    /// Inputs, in the order of the file.
    pub columns: Vec<String>,
    /// What checks see as `expected.<name>`.
    pub expected: Vec<String>,
    /// Every column as it stands in the file, with the role that it has; inputs and expected values of inline cases.
    pub header: Vec<(String, ColumnRole)>,
    /// Columns whose text comes from outside.
    pub untrusted: BTreeSet<String>,
    /// Warnings, and rows that cannot be read; those rows are problems again when they are asked for.
    pub problems: Vec<Problem>,
}

/// Opens the cases of a dataset. A file is read once, for its rows' places and its fingerprint; 8 bytes a row stay in
/// memory, besides one number for each row whose id stands there twice.
///
/// # Errors
/// What makes the whole file unusable: not there, outside the workspace, not text, a header that is no header.
pub fn open_cases(root: &Path, project: &ProjectId, dataset: &Dataset) -> Result<OpenCases, Vec<Problem>> {
    let folder = PathBuf::from("projects").join(project.as_str()).join("datasets");
    let opened = match &dataset.source {
        Source::Cases(cases) => inline::open(cases, &folder),
        Source::File(given) => open_file(root, &folder, given, dataset),
    };
    let mut opened = opened.map_err(|problem| vec![problem])?;
    opened.untrusted =
        dataset.columns.iter().filter(|(_, column)| column.untrusted).map(|(name, _)| name.clone()).collect();
    Ok(opened)
}

/// Opens a CSV or JSONL file wherever it is, as the dataset's columns say: a look at a file before it is imported.
///
/// # Errors
/// As [`open_cases`].
pub fn peek_cases(path: &Path, dataset: &Dataset) -> Result<OpenCases, Vec<Problem>> {
    open_rows(path, path.to_owned(), dataset).map_err(|problem| vec![problem])
}

fn open_file(root: &Path, folder: &Path, given: &str, dataset: &Dataset) -> Result<OpenCases, Problem> {
    let shown = folder.join(given);
    let path = inside(root, &root.join(folder), given)
        .map_err(|error| Problem::error(Place::file(&shown), error.message, error.hint))?;
    open_rows(&path, shown, dataset)
}

fn open_rows(path: &Path, shown: PathBuf, dataset: &Dataset) -> Result<OpenCases, Problem> {
    match path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase).as_deref() {
        Some("csv" | "tsv") => csv::open(Bytes::open(path, &shown)?, shown, dataset),
        Some("jsonl" | "ndjson") => jsonl::open(Bytes::open(path, &shown)?, shown, dataset),
        _ => Err(Problem::error(
            Place::file(shown),
            "This is not a `.csv` or `.jsonl` file.",
            "Save it as one of these first.",
        )),
    }
}
