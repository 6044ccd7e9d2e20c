//! Gathers what the Data screen shows.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::domain::{Case, Column, ColumnRole, Dataset, DatasetId, DefinitionKey, Problem, Project, Source};
use crate::session::{CasesView, MOST_EMBEDDED, Session};
use crate::ui::format;

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnView {
    pub role: ColumnRole,
    /// Of the input or the expected value; the word for the others.
    pub name: String,
    pub untrusted: bool,
}

impl ColumnView {
    /// `expected.tone`, so that it differs from an input of the same name.
    pub fn full_name(&self) -> String {
        if self.role == ColumnRole::Expected { format!("expected.{}", self.name) } else { self.name.clone() }
    }
}

/// A column as it stands in the file, or in the cases: what its role can be set for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileColumn {
    pub name: String,
    pub role: ColumnRole,
    pub untrusted: bool,
    pub json: bool,
}

/// How far the rows can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    UnderWay,
    Done,
    /// The file cannot be read at all.
    Broken,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct DataView {
    /// The folder of the workspace.
    pub root: PathBuf,
    pub key: DefinitionKey,
    pub id: DatasetId,
    /// `74 rows in tickets.csv`.
    pub place: String,
    /// The cases stand in the dataset itself and can be edited.
    pub inline: bool,
    /// The rows of the file could be taken in.
    pub can_embed: bool,
    pub rows: usize,
    pub columns: Vec<ColumnView>,
    pub header: Vec<FileColumn>,
    pub problems: Vec<Problem>,
    pub state: Reading,
}

/// Everything but the rows themselves.
pub(super) fn gather(session: &Session) -> Option<DataView> {
    let dataset = session.dataset()?;
    let (key, id) = (session.dataset_key()?, session.selection().dataset.clone()?);
    let mut view = DataView {
        root: session.workspace()?.root.clone(),
        key,
        id: id.clone(),
        place: String::new(),
        inline: false,
        can_embed: false,
        rows: 0,
        columns: Vec::new(),
        header: Vec::new(),
        problems: Vec::new(),
        state: Reading::Done,
    };
    match &dataset.source {
        Source::Cases(cases) => {
            view.inline = true;
            view.rows = cases.len();
            view.place = format!("{} in {id}.ron", counted(cases.len(), "case"));
            view.header = header_of_cases(dataset, cases);
            view.columns = columns(&view.header, true);
            if let CasesView::Ready(open) = session.cases() {
                view.problems.clone_from(&open.problems);
            }
        }
        Source::File(file) => match session.cases() {
            CasesView::Ready(open) => {
                view.rows = open.cases.len();
                view.place = format!("{} in {file}", counted(view.rows, "row"));
                view.header = open.header.iter().map(|(name, role)| file_column(dataset, name, *role)).collect();
                view.columns = columns(&view.header, false);
                view.problems.clone_from(&open.problems);
                view.can_embed = view.rows <= MOST_EMBEDDED;
            }
            CasesView::Broken(problems) => {
                view.state = Reading::Broken;
                view.place.clone_from(file);
                view.problems = problems.to_vec();
            }
            CasesView::Reading | CasesView::None => {
                view.state = Reading::UnderWay;
                view.place.clone_from(file);
            }
        },
    }
    Some(view)
}

fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", format::count(count as u64), if count == 1 { "" } else { "s" })
}

fn file_column(dataset: &Dataset, name: &str, role: ColumnRole) -> FileColumn {
    let known = dataset.columns.get(name);
    FileColumn {
        name: name.to_owned(),
        role,
        untrusted: known.is_some_and(|known| known.untrusted),
        json: known.is_some_and(|known| known.json),
    }
}

/// Inputs and expected values, in the order in which cases name them first.
fn header_of_cases(dataset: &Dataset, cases: &[Case]) -> Vec<FileColumn> {
    let mut header = Vec::new();
    for role in [ColumnRole::Input, ColumnRole::Expected] {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for case in cases {
            let fields = if role == ColumnRole::Input { &case.vars } else { &case.expected };
            for name in fields.keys().filter(|name| !seen.contains(name.as_str())).collect::<Vec<_>>() {
                seen.insert(name);
                let untrusted = dataset.columns.get(name).is_some_and(|column| column.untrusted);
                let untrusted = untrusted && role == ColumnRole::Input;
                header.push(FileColumn { name: name.clone(), role, untrusted, json: false });
            }
        }
    }
    header
}

/// The table's columns: id, inputs, expected values, tags, note. Tags and notes of a file only where it has them.
fn columns(header: &[FileColumn], inline: bool) -> Vec<ColumnView> {
    let word = |role, name: &str| ColumnView { role, name: name.to_owned(), untrusted: false };
    let mut columns = vec![word(ColumnRole::Id, "id")];
    for role in [ColumnRole::Input, ColumnRole::Expected] {
        columns.extend(header.iter().filter(|column| column.role == role).map(|column| ColumnView {
            role,
            name: match role {
                ColumnRole::Expected => column.name.strip_prefix("expected.").unwrap_or(&column.name).to_owned(),
                _ => column.name.clone(),
            },
            untrusted: column.untrusted,
        }));
    }
    for (role, name) in [(ColumnRole::Tags, "tags"), (ColumnRole::Note, "note")] {
        if inline || header.iter().any(|column| column.role == role) {
            columns.push(word(role, name));
        }
    }
    columns
}

pub(super) const fn role_word(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Input => "Input",
        ColumnRole::Expected => "Expected",
        ColumnRole::Id => "Id",
        ColumnRole::Tags => "Tags",
        ColumnRole::Note => "Note",
    }
}

/// What a role means, as a sentence.
pub(super) const fn role_help(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Input => "A variable of the prompt.",
        ColumnRole::Expected => "What is right: checks see it, prompts never do.",
        ColumnRole::Id => "The name of the case.",
        ColumnRole::Tags => "Words that cases can be chosen by.",
        ColumnRole::Note => "For people only.",
    }
}

/// The role that a column of a file has by its name alone.
pub(super) fn role_by_name(name: &str) -> ColumnRole {
    match name {
        "id" => ColumnRole::Id,
        "tags" => ColumnRole::Tags,
        "expected" => ColumnRole::Expected,
        name if name.starts_with("expected.") => ColumnRole::Expected,
        _ => ColumnRole::Input,
    }
}

/// Changes what a column of a file is; what its name says already is not written down.
pub(super) fn set_column(dataset: &mut Dataset, name: &str, to: Column) {
    if to.role == role_by_name(name) && !to.untrusted && !to.json {
        dataset.columns.remove(name);
    } else {
        dataset.columns.insert(name.to_owned(), to);
    }
}

/// Why a text cannot be the id of a new dataset.
pub(super) fn wrong_id(project: &Project, id: &str) -> Option<&'static str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if id.is_empty() {
        Some("It needs a name.")
    } else if !id.chars().all(fits) || id.starts_with('.') {
        Some("Letters, digits, - and _ only: it is the name of a file.")
    } else if project.datasets.contains_key(&DatasetId::from(id)) {
        Some("There is one of this name already.")
    } else {
        None
    }
}

/// The stem of a file's name as an id.
pub(super) fn id_from(stem: &str) -> String {
    let mut id = String::new();
    for letter in stem.chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            id.push(letter.to_ascii_lowercase());
        } else if !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
    }
    id.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(columns: &[ColumnView]) -> Vec<String> {
        columns.iter().map(ColumnView::full_name).collect()
    }

    #[test]
    fn the_columns_of_cases_are_those_that_they_have() {
        let case = |text: &str| ron::from_str::<Case>(text).unwrap();
        let cases =
            [case(r#"(vars: {"a": "1"}, expected: {"x": "2"})"#), case(r#"(vars: {"b": "1", "a": "2"}, tags: ["t"])"#)];
        let mut dataset = Dataset { source: Source::Cases(Vec::new()), ..Dataset::of_file(String::new()) };
        dataset.columns.insert("b".to_owned(), Column { untrusted: true, ..Column::default() });
        let header = header_of_cases(&dataset, &cases);
        assert_eq!(names(&columns(&header, true)), ["id", "a", "b", "expected.x", "tags", "note"]);
        assert!(header[1].untrusted && !header[0].untrusted);
    }

    #[test]
    fn what_the_name_says_is_not_written_down() {
        let mut dataset = Dataset::of_file("a.csv".to_owned());
        set_column(&mut dataset, "tags", Column { role: ColumnRole::Input, ..Column::default() });
        assert_eq!(dataset.columns["tags"].role, ColumnRole::Input);
        set_column(&mut dataset, "tags", Column { role: ColumnRole::Tags, ..Column::default() });
        assert!(dataset.columns.is_empty());
        set_column(&mut dataset, "body", Column { untrusted: true, ..Column::default() });
        assert!(dataset.columns["body"].untrusted);
    }

    #[test]
    fn a_files_name_becomes_an_id() {
        for (stem, expect) in [("My cases (2)", "my-cases-2"), ("ålder", "lder"), ("a_b", "a_b"), ("--", "")] {
            assert_eq!(id_from(stem), expect);
        }
    }
}
