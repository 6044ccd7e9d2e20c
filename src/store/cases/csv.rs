//! CSV files: a header, then a row a case. Cells are text unless the dataset says that they hold JSON.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::ByteRecord;
use serde_json::Value;

use super::bytes::Bytes;
use super::ids::{Collector, Occurrences, of_row};
use super::json::parse_json;
use super::open::OpenCases;
use super::roles::{Target, is_json, place, split, target, unknown_columns};
use super::rows::{Rows, Splitter};
use crate::domain::{Case, Cases, Dataset, Fingerprint, Place, Problem};

/// More columns than this are a mistake.
const MAX_COLUMNS: usize = 4096;

struct Column {
    name: String,
    target: Target,
    json: bool,
}

struct CsvCases {
    rows: Rows,
    columns: Vec<Column>,
    separator: u8,
    ids: Occurrences,
}

pub(super) fn open(bytes: Bytes, shown: PathBuf, dataset: &Dataset) -> Result<OpenCases, Problem> {
    let separator = separator(&first_line(&bytes, &shown)?);
    let mut problems = Vec::new();
    if separator != b',' {
        problems.push(Problem::warning(
            Place::at(&shown, 1, 1),
            format!("The columns are separated by {}.", if separator == b';' { "`;`" } else { "tabs" }),
            "The file is read so. Commas are what other programs expect.",
        ));
    }
    let mut columns: Option<Vec<Column>> = None;
    let mut collector = Collector::default();
    let mut faults = Faults::default();
    let mut splitter = Quotes::new(separator, shown.clone());
    let file = shown.clone();
    let rows = Rows::scan(bytes, shown, &mut splitter, |row, line| {
        let record = record(row, separator);
        match &columns {
            None => {
                columns = Some(header(&record, dataset, &file, line)?);
                Ok(false)
            }
            Some(columns) => {
                faults.look(&record, columns.len(), row, line);
                collector.push(&id_of(&record, columns));
                Ok(true)
            }
        }
    })?;
    let Some(columns) = columns else {
        return Err(Problem::error(
            Place::file(rows.shown()),
            "The file is empty.",
            "The first row names the columns.",
        ));
    };
    let ids = collector.finish();
    problems.extend(faults.problems(rows.shown(), columns.len()));
    problems.extend(repeated(&rows, &ids));
    if rows.len() == 0 {
        problems.push(Problem::warning(Place::file(rows.shown()), "The file has a header and no rows.", "Add a row."));
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    problems.extend(unknown_columns(dataset, rows.shown(), &names));
    let (inputs, expected) = split(columns.iter().map(|column| &column.target));
    let header = columns.iter().map(|column| (column.name.clone(), column.target.role())).collect();
    let cases = Arc::new(CsvCases { rows, columns, separator, ids });
    Ok(OpenCases { cases, columns: inputs, expected, header, untrusted: BTreeSet::new(), problems })
}

impl Cases for CsvCases {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn case(&self, index: usize) -> Result<Case, Problem> {
        let bytes = self.rows.row(index)?;
        let record = record(&bytes, self.separator);
        let wrong = |message: String, hint: &str| {
            Err(Problem::error(Place::at(self.rows.shown(), self.rows.line(index), 1), message, hint))
        };
        if record.len() != self.columns.len() {
            let message = format!("This row has {} cells; the header has {}.", record.len(), self.columns.len());
            return wrong(message, "Put text with the separator or a line break in it into double quotes.");
        }
        let mut case = Case::default();
        for (column, cell) in self.columns.iter().zip(&record) {
            let Ok(text) = std::str::from_utf8(cell) else {
                return wrong(format!("The cell of `{}` is not UTF-8.", column.name), "Save the file as UTF-8.");
            };
            let value = if column.json && !text.trim().is_empty() {
                match parse_json(text) {
                    Ok(parsed) => parsed.value,
                    Err(error) => return wrong(format!("The cell of `{}` is not JSON: {error}.", column.name), ""),
                }
            } else if column.json {
                Value::Null
            } else {
                Value::String(text.to_owned())
            };
            place(&mut case, &column.target, value);
        }
        case.id = self.ids.id(index, id_of(&record, &self.columns));
        Ok(case)
    }

    fn fingerprint(&self) -> Fingerprint {
        self.rows.fingerprint()
    }
}

/// The id that the row has, or one made of its cells, however they are quoted.
fn id_of(record: &ByteRecord, columns: &[Column]) -> String {
    let own = columns.iter().zip(record).find(|(column, _)| column.target == Target::Id).map(|(_, cell)| cell);
    match own.map(String::from_utf8_lossy) {
        Some(id) if !id.trim().is_empty() => id.trim().to_owned(),
        _ => {
            let mut cells = Vec::new();
            for cell in record {
                cells.extend_from_slice(&(cell.len() as u64).to_le_bytes());
                cells.extend_from_slice(cell);
            }
            of_row(&cells)
        }
    }
}

/// The cells of the first row in `row`, by the rules of the CSV crate, whose reader is too dear to set up for each row.
fn record(row: &[u8], separator: u8) -> ByteRecord {
    let mut record = ByteRecord::new();
    let mut cell = Vec::new();
    let mut state = State::CellStart;
    for byte in row.iter().copied() {
        let next = state.after(byte, separator);
        match (state, next) {
            (State::Quoted, State::Quote) | (State::CellStart, State::Quoted) | (_, State::Ended) => {}
            (_, State::CellStart) => {
                record.push_field(&cell);
                cell.clear();
            }
            _ => cell.push(byte),
        }
        state = next;
        if state == State::Ended {
            break;
        }
    }
    record.push_field(&cell);
    record
}

fn header(record: &ByteRecord, dataset: &Dataset, file: &Path, line: u32) -> Result<Vec<Column>, Problem> {
    let refuse = |message: String, hint: &str| Err(Problem::error(Place::at(file, line, 1), message, hint));
    if record.len() > MAX_COLUMNS {
        return refuse(format!("The header has {} columns.", record.len()), "At most 4096 are read.");
    }
    let mut columns = Vec::with_capacity(record.len());
    let mut seen = HashSet::new();
    for (index, cell) in record.iter().enumerate() {
        let Ok(name) = std::str::from_utf8(cell).map(str::trim) else {
            return refuse(format!("The name of column {} is not UTF-8.", index + 1), "Save the file as UTF-8.");
        };
        if name.is_empty() {
            return refuse(format!("Column {} has no name.", index + 1), "Name it in the first row, or remove it.");
        }
        if name.contains(['{', '}', '\n', '\r', '\0']) {
            return refuse(format!("`{}` cannot be the name of a column.", name.escape_debug()), "Use a plain word.");
        }
        if !seen.insert(name.to_owned()) {
            return refuse(format!("Two columns have the name `{name}`."), "Rename one of them in the first row.");
        }
        columns.push(Column { name: name.to_owned(), target: target(dataset, name), json: is_json(dataset, name) });
    }
    Ok(columns)
}

/// Rows that will be problems when they are asked for: how many, and the first.
#[derive(Default)]
struct Faults {
    ragged: (u64, u32, usize),
    not_utf8: (u64, u32),
    nul: (u64, u32),
}

impl Faults {
    fn look(&mut self, record: &ByteRecord, columns: usize, row: &[u8], line: u32) {
        if record.len() != columns {
            if self.ragged.0 == 0 {
                (self.ragged.1, self.ragged.2) = (line, record.len());
            }
            self.ragged.0 += 1;
        }
        let note = |fault: &mut (u64, u32)| {
            if fault.0 == 0 {
                fault.1 = line;
            }
            fault.0 += 1;
        };
        if std::str::from_utf8(row).is_err() {
            note(&mut self.not_utf8);
        }
        if row.contains(&0) {
            note(&mut self.nul);
        }
    }

    fn problems(&self, file: &Path, columns: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
        if self.ragged.0 > 0 {
            problems.push(Problem::error(
                Place::at(file, self.ragged.1, 1),
                format!(
                    "{} cannot be read: this one has {} cells, the header has {columns}.",
                    rows(self.ragged.0),
                    self.ragged.2
                ),
                "Put text with the separator or a line break in it into double quotes.",
            ));
        }
        if self.not_utf8.0 > 0 {
            let message = format!("{} cannot be read: the text is not UTF-8.", rows(self.not_utf8.0));
            problems.push(Problem::error(Place::at(file, self.not_utf8.1, 1), message, "Save the file as UTF-8."));
        }
        if self.nul.0 > 0 {
            let message = format!("{} hold the invisible character NUL.", rows(self.nul.0));
            problems.push(Problem::warning(Place::at(file, self.nul.1, 1), message, "Look how the file was made."));
        }
        problems
    }
}

pub(super) fn repeated(rows: &Rows, ids: &Occurrences) -> Option<Problem> {
    let (first, second) = ids.first()?;
    let count = ids.repeated();
    Some(Problem::warning(
        Place::at(rows.shown(), rows.line(second), 1),
        format!(
            "{count} row(s) repeat an earlier id or are repeated whole; the first repeats line {}.",
            rows.line(first)
        ),
        "They are kept as cases of their own, with a number behind the id.",
    ))
}

/// The first row that is not blank, up to a limit.
fn first_line(bytes: &Bytes, shown: &Path) -> Result<Vec<u8>, Problem> {
    let mut start = vec![0; 64 * 1024];
    let count = bytes
        .read_at(0, &mut start)
        .map_err(|error| Problem::error(Place::file(shown), crate::store::files::cannot("read", &error), ""))?;
    start.truncate(count);
    let line = start.split(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.trim_ascii().is_empty());
    Ok(line.unwrap_or_default().to_vec())
}

/// The separator that stands most often in the header outside of quotes; a comma where none does.
fn separator(header: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    for byte in header {
        quoted ^= *byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| separator == byte && !quoted) {
            *count += 1;
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts.iter().find(|(_, count)| *count == most).map_or(b',', |(separator, _)| *separator)
}

/// Finds the ends of rows outside of quotes, as the CSV reader does: a quote opens at the start of a cell only.
struct Quotes {
    separator: u8,
    file: PathBuf,
    state: State,
    line: u32,
    opened: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end, or the first of two.
    Quote,
    /// After the end of the row.
    Ended,
}

impl State {
    const fn after(self, byte: u8, separator: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) | (Self::CellStart | Self::Ended | Self::Quote, b'"') => Self::Quoted,
            (_, b'\n' | b'\r') => Self::Ended,
            (_, byte) if byte == separator => Self::CellStart,
            _ => Self::Plain,
        }
    }
}

impl Quotes {
    const fn new(separator: u8, file: PathBuf) -> Self {
        Self { separator, file, state: State::Ended, line: 1, opened: 0 }
    }
}

impl Splitter for Quotes {
    fn push(&mut self, byte: u8) -> bool {
        if byte == b'\n' {
            self.line += 1;
        }
        let next = self.state.after(byte, self.separator);
        if next == State::Quoted && !matches!(self.state, State::Quoted | State::Quote) {
            self.opened = self.line;
        }
        self.state = next;
        next == State::Ended
    }

    fn unfinished(&self) -> Option<Problem> {
        (self.state == State::Quoted).then(|| {
            Problem::error(
                Place::at(&self.file, self.opened, 1),
                "A quote opens in this line and is not closed.",
                "Close it; a quote inside quoted text is written twice.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_are_those_of_the_csv_crate(row in "[a\",;\n\r é]{0,24}") {
            prop_assume!(!row.trim_start_matches(['\n', '\r']).is_empty() && !row.starts_with(['\n', '\r']));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(row.as_bytes());
            let mut theirs = ByteRecord::new();
            reader.read_byte_record(&mut theirs).unwrap();
            prop_assert_eq!(record(row.as_bytes(), b','), theirs);
        }
    }
}
