//! Datasets: the cases that a prompt is tried on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::CaseId;
use super::problem::Problem;
use super::{Fingerprint, format_one, is_default};

/// A file `datasets/<id>.ron`. A CSV or JSONL file without a RON file of its stem is a dataset with default columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    #[serde(default = "format_one")]
    pub format: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    /// What a column is, by its name; a column that is not named here is an input.
    #[serde(default, skip_serializing_if = "is_default")]
    pub columns: BTreeMap<String, Column>,
    pub source: Source,
}

impl Dataset {
    /// A dataset that is only a CSV or JSONL file.
    #[must_use]
    pub fn of_file(file: String) -> Self {
        Self {
            format: format_one(),
            title: String::new(),
            note: String::new(),
            columns: BTreeMap::new(),
            source: Source::File(file),
        }
    }
}

/// Where the cases are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// A `.csv` or `.jsonl` file beside the RON file.
    File(String),
    Cases(Vec<Case>),
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: ColumnRole,
    /// Text from outside: fenced in delimiters that it cannot forge.
    #[serde(default, skip_serializing_if = "is_default")]
    pub untrusted: bool,
    /// Cells of a CSV file hold JSON (numbers, lists, objects), not text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ColumnRole {
    /// A variable of the prompt.
    #[default]
    Input,
    /// What is right: checks see it as `expected.<column>`, prompts never see it.
    Expected,
    /// The case's id.
    Id,
    /// Tags, separated by `;` or as a list.
    Tags,
    /// Shown to people only.
    Note,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(default, skip_serializing_if = "is_default")]
    pub id: CaseId,
    #[serde(default)]
    pub vars: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub expected: Map<String, Value>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
}

/// Cases by index, without all of them in memory: a list, or a file that is read row by row.
pub trait Cases: Send + Sync {
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The case at `index` (from 0), with its id.
    ///
    /// # Errors
    /// A row that cannot be read (ragged, bad JSON) is a problem with file and line; the other rows can be read.
    fn case(&self, index: usize) -> Result<Case, Problem>;

    /// SHA-256 of the rows as they were when the dataset was opened.
    fn fingerprint(&self) -> Fingerprint;
}
