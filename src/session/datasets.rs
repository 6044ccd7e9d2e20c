//! What is done with whole datasets: looking for a text, importing a file, making the rows of a file editable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::jobs::JobContext;
use super::state::Session;
use crate::domain::{
    Case, Column, ColumnRole, Dataset, DatasetId, Definition, DefinitionKey, Problem, ProjectId, Source,
};
use crate::store::{OpenCases, import_cases, peek_cases};

/// Rows that a search finds at most.
const FOUND: usize = 100_000;
/// Rows that are shown of a file before it is imported.
const PEEKED: usize = 12;
/// Rows of a file that can become cases of the dataset itself.
pub const MOST_EMBEDDED: usize = 5_000;

/// Rows of the chosen dataset that hold a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSearch {
    pub dataset: DatasetId,
    pub text: String,
    /// [`Session::edition`] that was searched.
    pub edition: u64,
    /// From 0, in order; `None` while they are being looked for.
    pub rows: Option<Arc<Vec<u32>>>,
    job: u64,
}

/// A file before it is imported.
#[derive(Debug, Clone)]
pub struct Peek {
    pub path: PathBuf,
    /// `None` while it is being read.
    pub seen: Option<Result<Peeked, Vec<Problem>>>,
}

/// What is in a file.
#[derive(Debug, Clone)]
pub struct Peeked {
    pub rows: usize,
    /// Its columns, with the roles that their names say.
    pub header: Vec<(String, ColumnRole)>,
    /// The first rows, each with its values in the order of the columns.
    pub first: Vec<Result<Vec<String>, String>>,
    pub problems: Vec<Problem>,
}

#[derive(Default)]
pub(super) struct Datasets {
    search: Option<CaseSearch>,
    peek: Option<Peek>,
}

impl Session {
    /// The search in the chosen dataset.
    #[must_use]
    pub fn case_search(&self) -> Option<&CaseSearch> {
        self.datasets.search.as_ref().filter(|search| Some(&search.dataset) == self.selection.dataset.as_ref())
    }

    /// The file that may be imported.
    #[must_use]
    pub const fn peek(&self) -> Option<&Peek> {
        self.datasets.peek.as_ref()
    }

    /// Looks for a text in the chosen dataset's rows; an empty one ends the search.
    pub(super) fn search_cases(&mut self, text: String) {
        if let Some(search) = self.datasets.search.take().filter(|search| search.rows.is_none()) {
            self.jobs.cancel(search.job);
        }
        let (Some(workspace), Some(project), Some(id), Some(definition)) =
            (&self.workspace, self.selection.project.clone(), self.selection.dataset.clone(), self.dataset().cloned())
        else {
            return;
        };
        if text.is_empty() {
            return;
        }
        let (root, opened, wanted) = (workspace.root.clone(), self.shelf.clone(), text.clone());
        let dataset = id.clone();
        let job = self.jobs.blocking(format!("Searching {id}"), move |context| {
            let rows = opened.open(&root, &project, &dataset, &definition).map(|open| find(&open, &wanted, context));
            Box::new(move |session| {
                let current = session.datasets.search.as_mut();
                if let Some(search) = current.filter(|search| search.dataset == dataset && search.text == wanted) {
                    search.rows = Some(Arc::new(rows.unwrap_or_default()));
                }
            })
        });
        self.datasets.search = Some(CaseSearch { dataset: id, text, edition: self.edition, rows: None, job });
    }

    /// Looks into a file that may be imported.
    pub(super) fn peek_dataset(&mut self, path: Option<PathBuf>) {
        let Some(path) = path else {
            self.datasets.peek = None;
            return;
        };
        self.datasets.peek = Some(Peek { path: path.clone(), seen: None });
        self.jobs.blocking(format!("Reading {}", path.display()), move |_| {
            let seen = look_into(&path);
            Box::new(move |session| {
                if let Some(peek) = session.datasets.peek.as_mut().filter(|peek| peek.path == path) {
                    peek.seen = Some(seen);
                }
            })
        });
    }

    /// Copies a file into the chosen project, as a dataset with these columns, and chooses it.
    pub(super) fn import_dataset(&mut self, from: PathBuf, id: DatasetId, columns: BTreeMap<String, Column>) {
        let (Some(workspace), Some(project)) = (&self.workspace, self.selection.project.clone()) else { return };
        let root = workspace.root.clone();
        self.jobs.blocking(format!("Importing {id}"), move |_| {
            let copied = import_cases(&root, &project, &id, &from);
            Box::new(move |session| match copied {
                Ok(file) => session.imported(&project, &id, Dataset { columns, ..Dataset::of_file(file) }),
                Err(problem) => session.notices.error(problem.message, problem.hint),
            })
        });
    }

    fn imported(&mut self, project: &ProjectId, id: &DatasetId, dataset: Dataset) {
        self.datasets.peek = None;
        let key = DefinitionKey::Dataset(project.clone(), id.clone());
        self.edit(key, Some(Definition::Dataset(Arc::new(dataset))), Instant::now());
        if self.selection.project.as_ref() == Some(project) {
            self.selection.dataset = Some(id.clone());
            self.selection_changed();
        }
        self.notices.success(format!("Imported as {id}."));
    }

    /// Takes the rows of the chosen dataset's file into the dataset itself, where they can be edited.
    pub(super) fn embed_cases(&mut self) {
        let (Some(workspace), Some(project), Some(id), Some(definition), Some(key)) = (
            &self.workspace,
            self.selection.project.clone(),
            self.selection.dataset.clone(),
            self.dataset().cloned(),
            self.dataset_key(),
        ) else {
            return;
        };
        let (root, opened) = (workspace.root.clone(), self.shelf.clone());
        self.jobs.blocking(format!("Taking in the rows of {id}"), move |_| {
            let read = opened.open(&root, &project, &id, &definition).and_then(|open| all_rows(&open));
            Box::new(move |session| match read {
                Ok(cases) => {
                    let dataset = embedded(&definition, cases);
                    session.edit(key, Some(Definition::Dataset(Arc::new(dataset))), Instant::now());
                }
                Err(problems) => {
                    let hint = problems.first().map(ToString::to_string).unwrap_or_default();
                    session.notices.error("The rows were not taken in: some cannot be read.", hint);
                }
            })
        });
    }
}

/// The dataset with its rows in itself. Roles are settled by then; what is untrusted stays so.
fn embedded(dataset: &Dataset, cases: Vec<Case>) -> Dataset {
    let untrusted = dataset.columns.iter().filter(|(_, column)| column.untrusted && column.role == ColumnRole::Input);
    let columns = untrusted.map(|(name, _)| (name.clone(), Column { untrusted: true, ..Column::default() })).collect();
    Dataset { columns, source: Source::Cases(cases), ..dataset.clone() }
}

fn all_rows(open: &OpenCases) -> Result<Vec<Case>, Vec<Problem>> {
    let rows = open.cases.len();
    if rows > MOST_EMBEDDED {
        let message = format!("The file has {rows} rows; at most {MOST_EMBEDDED} can be edited here.");
        return Err(vec![Problem::error(crate::domain::Place::default(), message, "Edit the file itself.")]);
    }
    (0..rows).map(|row| open.cases.case(row).map_err(|problem| vec![problem])).collect()
}

/// The rows that hold the text anywhere, whatever its case.
fn find(open: &OpenCases, text: &str, context: &JobContext) -> Vec<u32> {
    let wanted = text.to_lowercase();
    let rows = open.cases.len();
    let mut found = Vec::new();
    for row in 0..rows {
        if row.is_multiple_of(4096) {
            context.progress(row as u64, rows as u64);
            if context.cancelled() {
                break;
            }
        }
        if found.len() >= FOUND {
            break;
        }
        if open.cases.case(row).is_ok_and(|case| holds(&case, &wanted)) {
            found.extend(u32::try_from(row));
        }
    }
    found
}

/// Whether a case holds a text that is in lower case.
fn holds(case: &Case, wanted: &str) -> bool {
    let texts = [case.id.as_str(), case.note.as_str()].into_iter().chain(case.tags.iter().map(String::as_str));
    let mut texts = texts.map(std::borrow::Cow::Borrowed);
    let values = case.vars.values().chain(case.expected.values()).map(|value| match value {
        serde_json::Value::String(text) => std::borrow::Cow::Borrowed(text.as_str()),
        other => std::borrow::Cow::Owned(other.to_string()),
    });
    texts.by_ref().chain(values).any(|text| text.to_lowercase().contains(wanted))
}

/// Reads the file with every column as an input, so that the first rows show what is in it.
fn look_into(path: &Path) -> Result<Peeked, Vec<Problem>> {
    let named = peek_cases(path, &Dataset::of_file(String::new()))?;
    let inputs = named.header.iter().map(|(name, _)| (name.clone(), Column::default()));
    let plain = Dataset { columns: inputs.collect(), ..Dataset::of_file(String::new()) };
    let open = peek_cases(path, &plain)?;
    let row = |case: Case| {
        let value = |name: &String| match case.vars.get(name).or_else(|| case.expected.get(name)) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None if name == "id" => case.id.to_string(),
            None if name == "tags" => case.tags.join("; "),
            None => String::new(),
        };
        named.header.iter().map(|(name, _)| value(name)).collect()
    };
    let first = (0..open.cases.len().min(PEEKED))
        .map(|index| open.cases.case(index).map(row).map_err(|problem| problem.message))
        .collect();
    Ok(Peeked { rows: open.cases.len(), header: named.header, first, problems: named.problems })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_looked_into_with_the_roles_that_its_names_say() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, "id,question,expected.tone,tags\n1,Why?,kind,a;b\n2,How?\n").unwrap();
        let seen = look_into(&path).unwrap();
        assert_eq!(seen.rows, 2);
        let roles: Vec<_> = seen.header.iter().map(|(_, role)| *role).collect();
        assert_eq!(roles, [ColumnRole::Id, ColumnRole::Input, ColumnRole::Expected, ColumnRole::Tags]);
        assert_eq!(seen.first[0].as_ref().unwrap()[1], "Why?");
        assert!(seen.first[1].is_err());
        assert_eq!(seen.problems.len(), 1);
    }

    #[test]
    fn a_text_is_found_anywhere_in_a_case_whatever_its_letters() {
        let case = Case {
            id: "c-1".into(),
            vars: serde_json::from_str(r#"{"question": "Where is ÖREBRO?", "count": 42}"#).unwrap(),
            tags: vec!["map".to_owned()],
            ..Case::default()
        };
        for (text, expect) in [("örebro", true), ("42", true), ("map", true), ("c-1", true), ("lund", false)] {
            assert_eq!(holds(&case, text), expect, "{text}");
        }
    }
}
