//! CSV as csv-parse reads it: the header names the cells, quotes are strict first and lenient where that fails.

use super::text::is_blank;
use crate::scoring::yaml;

/// A row of a file with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it begins, from 1.
    pub line: usize,
    /// By the names of the header, in JavaScript's order of keys. Of a name that is there twice, the last cell.
    pub cells: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lenience {
    /// A quote inside an unquoted cell is text.
    pub quotes: bool,
    /// Blanks around cells go.
    pub trim: bool,
    pub skip_empty_lines: bool,
}

/// The rows below the header.
///
/// # Errors
/// A sentence with the line.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, String> {
    rows_with(text, Lenience::default()).or_else(|_| rows_with(text, Lenience { quotes: true, ..Lenience::default() }))
}

pub(super) fn rows_with(text: &str, lenience: Lenience) -> Result<Vec<Row>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = records(text, lenience)?.into_iter();
    let Some((_, header)) = records.next() else { return Ok(Vec::new()) };
    let order = order_of(&header);
    records
        .map(|(line, cells)| {
            if cells.len() != header.len() {
                return Err(format!("Line {line} has {} cells; the header has {}.", cells.len(), header.len()));
            }
            Ok(Row { line, cells: order.iter().map(|at| (header[*at].clone(), cells[*at].clone())).collect() })
        })
        .collect()
}

/// The columns in JavaScript's order of keys, of each name the last, in the place of its first.
fn order_of(header: &[String]) -> Vec<usize> {
    let mut last = serde_json::Map::new();
    for (at, name) in header.iter().enumerate() {
        last.insert(name.clone(), at.into());
    }
    let serde_json::Value::Object(ordered) = yaml::in_js_order(last.into()) else { return Vec::new() };
    ordered.values().filter_map(|at| usize::try_from(at.as_u64()?).ok()).collect()
}

/// The records of a text, each with its line.
fn records(text: &str, lenience: Lenience) -> Result<Vec<(usize, Vec<String>)>, String> {
    Parser { text, lenience, records: Vec::new(), cells: Vec::new(), cell: String::new(), end: None }.run()
}

struct Parser<'t> {
    text: &'t str,
    lenience: Lenience,
    records: Vec<(usize, Vec<String>)>,
    cells: Vec<String>,
    cell: String,
    /// What ends a record: the first line end that is met outside of quotes.
    end: Option<&'static str>,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Vec<(usize, Vec<String>)>, String> {
        let (mut at, mut line, mut begins) = (0, 1, 1);
        let (mut quoting, mut was_quoted) = (false, false);
        while let Some(letter) = self.text[at..].chars().next() {
            let rest = &self.text[at..];
            if letter == '\n' {
                line += 1;
            }
            if !quoting && self.end.is_none() {
                self.end = ["\r\n", "\n", "\r"].into_iter().find(|end| rest.starts_with(end));
            }
            let after = &rest[letter.len_utf8()..];
            if letter == '"' && quoting {
                if after.starts_with('"') {
                    self.cell.push('"');
                    at += 2;
                    continue;
                }
                quoting = false;
                was_quoted = true;
                if self.closes(after) {
                    at += 1;
                    continue;
                }
                if !self.lenience.quotes {
                    return Err(format!("Line {line} has text after a closing quote."));
                }
                self.cell.insert(0, '"');
            } else if letter == '"' && self.cell.is_empty() && !was_quoted {
                quoting = true;
                at += 1;
                continue;
            } else if letter == '"' && !quoting && !self.lenience.quotes {
                return Err(format!("Line {line} has a quote inside a cell that is not quoted."));
            }
            if !quoting {
                if let Some(end) = self.end.filter(|end| rest.starts_with(end)) {
                    let empty = self.cells.is_empty() && self.cell.is_empty() && !was_quoted;
                    if !(self.lenience.skip_empty_lines && empty) {
                        self.end_cell(was_quoted);
                        self.records.push((begins, std::mem::take(&mut self.cells)));
                    }
                    if end == "\r\n" || end == "\r" {
                        line += 1;
                    }
                    at += end.len();
                    begins = line;
                    was_quoted = false;
                    continue;
                }
                if letter == ',' {
                    self.end_cell(was_quoted);
                    was_quoted = false;
                    at += 1;
                    continue;
                }
            }
            let dropped = self.lenience.trim && !quoting && is_blank(letter) && (self.cell.is_empty() || was_quoted);
            if !dropped {
                self.cell.push(letter);
            }
            at += letter.len_utf8();
        }
        if quoting {
            return Err(format!("The quote that opens in the record of line {begins} is never closed."));
        }
        if was_quoted || !self.cells.is_empty() || !self.cell.is_empty() {
            self.end_cell(was_quoted);
            self.records.push((begins, std::mem::take(&mut self.cells)));
        }
        Ok(self.records)
    }

    /// Whether a quote that stands before this text ends its cell.
    fn closes(&self, after: &str) -> bool {
        let ends = ["\r\n", "\n", "\r"];
        let line_ends = match self.end {
            Some(end) => after.starts_with(end),
            None => ends.iter().any(|end| after.starts_with(end)),
        };
        let blank = self.lenience.trim && after.starts_with(is_blank);
        after.is_empty() || after.starts_with(',') || line_ends || blank
    }

    fn end_cell(&mut self, was_quoted: bool) {
        let cell = std::mem::take(&mut self.cell);
        let trimmed = self.lenience.trim && !was_quoted;
        self.cells.push(if trimmed { cell.trim_end_matches(is_blank).to_owned() } else { cell });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells_of(text: &str) -> Result<Vec<Vec<String>>, String> {
        Ok(rows(text)?.into_iter().map(|row| row.cells.into_iter().map(|(_, cell)| cell).collect()).collect())
    }

    #[test]
    fn cells_are_read_as_csv_parse_reads_them() {
        let check = |text: &str, expect: &[&[&str]]| {
            let expect: Vec<Vec<String>> =
                expect.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
            assert_eq!(cells_of(text), Ok(expect), "{text:?}");
        };
        check("a,b\n1,2\n", &[&["1", "2"]]);
        check("a,b\r\n1,\"x\r\ny\"\r\n", &[&["1", "x\r\ny"]]);
        check("\u{feff}a,b\n 1 ,\n,\n", &[&[" 1 ", ""], &["", ""]]);
        check("a\n\"he said \"\"hi\"\"\"\n", &[&["he said \"hi\""]]);
        check("a,b\n\"\",\"\"", &[&["", ""]]);
        check("a\n1\n\n2", &[&["1"], &[""], &["2"]]);
        // Lenient where strict fails, and then for the whole file.
        check("a,b\nx \"y\" z,2", &[&["x \"y\" z", "2"]]);
        check("a,b\n\"x\"y,2", &[&["\"x\"y", "2"]]);
        check("a,b\n1, \"2\"", &[&["1", " \"2\""]]);
        // Of a name that is there twice, the last.
        check("a,a\n1,2", &[&["2"]]);
        // The first line end decides.
        check("a,b\n1,2\r\n3,4", &[&["1", "2\r"], &["3", "4"]]);
        check("", &[]);
        check("a,b", &[]);
    }

    #[test]
    fn numbers_as_names_come_first() {
        let row = rows("b,2,1\nx,y,z").unwrap().remove(0);
        let pairs: Vec<(&str, &str)> = row.cells.iter().map(|(name, cell)| (name.as_str(), cell.as_str())).collect();
        assert_eq!(pairs, [("1", "z"), ("2", "y"), ("b", "x")]);
        assert_eq!(row.line, 2);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let check = |text: &str, words: &str| {
            let error = rows(text).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        };
        check("a,b\n1,2\n3", "Line 3 has 1 cells; the header has 2.");
        check("a,b\n1,2\n\n", "Line 3 has 1 cells");
        check("a\n\"x", "never closed");
    }

    #[test]
    fn prompts_are_read_more_leniently() {
        let lenience = Lenience { quotes: true, trim: true, skip_empty_lines: true };
        let rows = rows_with("prompt,label\n\n  \"a, b\" , x \n c ,\n", lenience).unwrap();
        let cells: Vec<Vec<&str>> =
            rows.iter().map(|row| row.cells.iter().map(|(_, cell)| cell.as_str()).collect()).collect();
        assert_eq!(cells, [["a, b", "x"], ["c", ""]]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([a-c,\"\r\n é]|\"\"|\r\n){0,40}") {
            let _ = rows(&text);
            let _ = rows_with(&text, Lenience { quotes: true, trim: true, skip_empty_lines: true });
        }

        #[test]
        fn quoted_cells_are_read_back(cells in prop::collection::vec("[a-z,\"\n\r ]{0,6}", 1..4)) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let header: Vec<String> = (0..cells.len()).map(|at| format!("h{at}")).collect();
            let text = format!("{}\n{}\n", header.join(","), cells.iter().map(quoted).collect::<Vec<_>>().join(","));
            prop_assert_eq!(cells_of(&text), Ok(vec![cells]));
        }
    }
}
