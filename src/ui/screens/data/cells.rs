//! Cells of cases as text: reading, typing over, pasting from a spreadsheet, and changing whole columns.

use serde_json::{Map, Value};

use super::view::ColumnView;
use crate::domain::{Case, ColumnRole, Dataset, Source};
use crate::ui::visible::{Mark, visible};

/// Characters of a value that a cell of the table shows.
const BEGINNING: usize = 200;

/// A value as it is typed: text as it is, everything else as JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The whole text of a cell.
pub(super) fn text(case: &Case, column: &ColumnView) -> String {
    let field = |fields: &Map<String, Value>| fields.get(&column.name).map(text_of).unwrap_or_default();
    match column.role {
        ColumnRole::Id => case.id.to_string(),
        ColumnRole::Input => field(&case.vars),
        ColumnRole::Expected => field(&case.expected),
        ColumnRole::Tags => case.tags.join("; "),
        ColumnRole::Note => case.note.clone(),
    }
}

/// The beginning of a text in one line, with what hides in it named.
pub(super) fn beginning(text: &str) -> String {
    let cut = text.char_indices().nth(BEGINNING).map_or(text, |(at, _)| &text[..at]);
    let mut line = String::with_capacity(cut.len());
    for mark in visible(cut) {
        match mark {
            Mark::Plain(plain) => line.push_str(&plain.replace('\n', " ↵ ")),
            Mark::Hidden(name) => {
                line.push('‹');
                line.push_str(&name);
                line.push('›');
            }
        }
    }
    if cut.len() < text.len() {
        line.push('…');
    }
    line
}

/// Whether the value is typed as JSON, not as text.
pub(super) fn is_json(case: &Case, column: &ColumnView) -> bool {
    let value = match column.role {
        ColumnRole::Input => case.vars.get(&column.name),
        ColumnRole::Expected => case.expected.get(&column.name),
        _ => None,
    };
    value.is_some_and(|value| !matches!(value, Value::String(_) | Value::Null))
}

/// Puts what was typed into a cell. A value that was a number, a list or an object stays JSON.
///
/// # Errors
/// It is not JSON; the case is as it was then.
pub(super) fn put(case: &mut Case, column: &ColumnView, typed: &str) -> Result<(), String> {
    let value = if is_json(case, column) && !typed.trim().is_empty() {
        serde_json::from_str(typed).map_err(|error| format!("Not JSON yet: {error}."))?
    } else {
        Value::String(typed.to_owned())
    };
    match column.role {
        ColumnRole::Id => typed.trim().clone_into(&mut case.id.0),
        ColumnRole::Input => put_field(&mut case.vars, &column.name, value),
        ColumnRole::Expected => put_field(&mut case.expected, &column.name, value),
        ColumnRole::Tags => case.tags = tags(typed),
        ColumnRole::Note => typed.clone_into(&mut case.note),
    }
    Ok(())
}

/// What was not there and is empty stays away.
fn put_field(fields: &mut Map<String, Value>, name: &str, value: Value) {
    if fields.contains_key(name) || value != Value::String(String::new()) {
        fields.insert(name.to_owned(), value);
    }
}

fn tags(typed: &str) -> Vec<String> {
    typed.split([';', ',']).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// A case with every column of the table, empty.
pub(super) fn blank(columns: &[ColumnView]) -> Case {
    let mut case = Case::default();
    for column in columns {
        let empty = Value::String(String::new());
        match column.role {
            ColumnRole::Input => drop(case.vars.insert(column.name.clone(), empty)),
            ColumnRole::Expected => drop(case.expected.insert(column.name.clone(), empty)),
            ColumnRole::Id | ColumnRole::Tags | ColumnRole::Note => {}
        }
    }
    case
}

/// Cases out of cells that were copied from a spreadsheet. A first row that names columns says where each cell goes;
/// else cells go to the columns from the first input on.
pub(super) fn pasted(text: &str, columns: &[ColumnView]) -> Vec<Case> {
    let rows = grid(text);
    let Some(first) = rows.first() else { return Vec::new() };
    let named = |cell: &String| columns.iter().find(|column| column.full_name() == cell.trim()).cloned();
    let header: Option<Vec<ColumnView>> = first.iter().map(named).collect();
    // A dataset without columns takes them from the first row.
    let header = header.or_else(|| {
        let none = columns.iter().all(|column| !matches!(column.role, ColumnRole::Input | ColumnRole::Expected));
        let fits = first.iter().all(|cell| !cell.trim().is_empty() && cell.chars().count() <= 40);
        (none && rows.len() > 1 && fits).then(|| first.iter().map(|cell| column_named(cell.trim())).collect())
    });
    let (order, body) = match header {
        Some(header) => (header, &rows[1..]),
        None => (columns.iter().filter(|column| column.role != ColumnRole::Id).cloned().collect(), &rows[..]),
    };
    body.iter()
        .map(|row| {
            let mut case = blank(columns);
            for (cell, column) in row.iter().zip(&order) {
                // A blank case holds text only, which takes any text.
                let _ = put(&mut case, column, cell);
            }
            case
        })
        .collect()
}

fn column_named(name: &str) -> ColumnView {
    let role = super::view::role_by_name(name);
    let name = if role == ColumnRole::Expected { name.strip_prefix("expected.").unwrap_or(name) } else { name };
    ColumnView { role, name: name.to_owned(), untrusted: false }
}

/// Rows of cells separated by tabs; a cell in double quotes may hold tabs and line ends.
fn grid(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        let Some(row) = rows.last_mut() else { break };
        let Some(cell) = row.last_mut() else { break };
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            '\t' if !quoted => row.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => rows.push(vec![String::new()]),
            other => cell.push(other),
        }
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    rows
}

/// The cases of a dataset that holds them itself.
pub(super) const fn cases_mut(dataset: &mut Dataset) -> Option<&mut Vec<Case>> {
    match &mut dataset.source {
        Source::Cases(cases) => Some(cases),
        Source::File(_) => None,
    }
}

/// Makes an input an expected value in every case, or the other way round.
pub(super) fn move_column(cases: &mut [Case], name: &str, to: ColumnRole) {
    for case in cases {
        let (from, into) = match to {
            ColumnRole::Expected => (&mut case.vars, &mut case.expected),
            _ => (&mut case.expected, &mut case.vars),
        };
        if let Some(value) = from.shift_remove(name) {
            into.insert(name.to_owned(), value);
        }
    }
}

/// Takes a column out of every case.
pub(super) fn remove_column(cases: &mut [Case], name: &str, role: ColumnRole) {
    for case in cases {
        let fields = if role == ColumnRole::Expected { &mut case.expected } else { &mut case.vars };
        fields.shift_remove(name);
    }
}

/// Gives every case an empty column.
pub(super) fn add_column(cases: &mut Vec<Case>, name: &str, role: ColumnRole) {
    if cases.is_empty() {
        cases.push(Case::default());
    }
    for case in cases {
        let fields = if role == ColumnRole::Expected { &mut case.expected } else { &mut case.vars };
        fields.entry(name).or_insert_with(|| Value::String(String::new()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(role: ColumnRole, name: &str) -> ColumnView {
        ColumnView { role, name: name.to_owned(), untrusted: false }
    }

    fn columns() -> Vec<ColumnView> {
        vec![
            column(ColumnRole::Id, "id"),
            column(ColumnRole::Input, "question"),
            column(ColumnRole::Expected, "tone"),
            column(ColumnRole::Tags, "tags"),
        ]
    }

    #[test]
    fn text_stays_text_and_json_stays_json() {
        let mut case = Case::default();
        case.vars.insert("n".to_owned(), json!([1, 2]));
        let number = column(ColumnRole::Input, "n");
        assert!(put(&mut case, &number, "[1, ").is_err());
        assert_eq!(case.vars["n"], json!([1, 2]));
        put(&mut case, &number, "[3]").unwrap();
        assert_eq!(text(&case, &number), "[3]");
        let plain = column(ColumnRole::Input, "t");
        put(&mut case, &plain, "42").unwrap();
        assert_eq!(case.vars["t"], json!("42"));
    }

    #[test]
    fn rows_of_a_spreadsheet_become_cases() {
        let cases = pasted("Why?\tkind\ta; b\r\n\"two\nlines \"\"q\"\"\"\tcurt\n", &columns());
        assert_eq!(cases.len(), 2);
        assert_eq!(cases[0].vars["question"], json!("Why?"));
        assert_eq!(cases[0].expected["tone"], json!("kind"));
        assert_eq!(cases[0].tags, ["a", "b"]);
        assert_eq!(cases[1].vars["question"], json!("two\nlines \"q\""));
    }

    #[test]
    fn a_first_row_that_names_columns_says_where_cells_go() {
        let cases = pasted("expected.tone\tid\nkind\tc-1", &columns());
        assert_eq!(cases.len(), 1);
        assert_eq!((cases[0].id.as_str(), &cases[0].expected["tone"]), ("c-1", &json!("kind")));
    }

    #[test]
    fn an_empty_dataset_takes_its_columns_from_the_first_row() {
        let cases = pasted("question\texpected.tone\nWhy?\tkind", &[column(ColumnRole::Id, "id")]);
        assert_eq!(cases[0].vars["question"], json!("Why?"));
        assert_eq!(cases[0].expected["tone"], json!("kind"));
    }

    #[test]
    fn a_column_moves_with_its_values() {
        let mut cases = vec![Case::default(), Case::default()];
        add_column(&mut cases, "a", ColumnRole::Input);
        put(&mut cases[0], &column(ColumnRole::Input, "a"), "x").unwrap();
        move_column(&mut cases, "a", ColumnRole::Expected);
        assert_eq!(cases[0].expected["a"], json!("x"));
        assert!(cases[1].vars.is_empty());
        remove_column(&mut cases, "a", ColumnRole::Expected);
        assert!(cases.iter().all(|case| case.expected.is_empty()));
    }

    #[test]
    fn a_beginning_is_one_line_with_what_hides_in_it_named() {
        assert_eq!(beginning("a\nb"), "a ↵ b");
        assert!(beginning("a\u{202e}b").contains('‹'));
        assert!(beginning(&"x".repeat(300)).ends_with('…'));
    }
}
