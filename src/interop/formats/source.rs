//! The text of a file: how much of it is taken, and its JSON with the lines on which the parts stand.

use std::collections::HashMap;

use serde_json::Value;

use crate::domain::Place;

use super::error::ImportError;

/// The largest file that is read.
pub const MOST_BYTES: usize = 64 << 20;

/// The most rows of a file that become cases.
pub(super) const MOST_ROWS: usize = 1_000_000;

/// A file's name and text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'t> {
    pub name: &'t str,
    pub text: &'t str,
}

/// A row of a file, and its line, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub line: u32,
    pub value: Value,
}

impl<'t> Source<'t> {
    /// The text without a byte-order mark.
    pub fn new(name: &'t str, text: &'t str) -> Result<Self, ImportError> {
        let source = Self { name, text: text.trim_start_matches('\u{feff}') };
        if text.len() > MOST_BYTES {
            return Err(source.error(None, "The file is larger than 64 MB.", "Split it into smaller files."));
        }
        if source.text.trim().is_empty() {
            return Err(source.error(None, "The file is empty.", ""));
        }
        Ok(source)
    }

    pub fn place(&self, line: Option<u32>) -> Place {
        Place { line, ..Place::file(self.name) }
    }

    pub fn error(&self, line: Option<u32>, message: impl Into<String>, hint: impl Into<String>) -> ImportError {
        ImportError { place: self.place(line), message: message.into(), hint: hint.into() }
    }

    /// The file's name without folder and extension.
    pub fn stem(&self) -> &'t str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or(self.name);
        file.rsplit_once('.').map_or(file, |(stem, _)| stem)
    }

    /// The whole text as one JSON value.
    pub fn json(&self) -> Result<(Value, Lines), ImportError> {
        let value = serde_json::from_str(self.text).map_err(|error| self.no_json(&error, 0))?;
        Ok((value, Lines::of(self.text)))
    }

    /// The rows of JSONL, of a JSON list, or of the list `data` of an object; one object is one row.
    pub fn rows(&self) -> Result<Vec<Row>, ImportError> {
        let rows = match self.whole_list() {
            Some(rows) => rows,
            None => self.json_lines()?,
        };
        if rows.len() > MOST_ROWS {
            return Err(self.error(None, "The file has more than 1,000,000 rows.", "Split it into smaller files."));
        }
        Ok(rows)
    }

    fn whole_list(&self) -> Option<Vec<Row>> {
        let value: Value = serde_json::from_str(self.text).ok()?;
        let lines = Lines::of(self.text);
        let (items, under) = match value {
            Value::Array(items) => (items, ""),
            Value::Object(mut fields) if fields.get("data").is_some_and(Value::is_array) => match fields.remove("data")
            {
                Some(Value::Array(items)) => (items, "/data"),
                _ => return None,
            },
            other => (vec![other], "-"),
        };
        let row = |(index, value)| Row { line: lines.at(&format!("{under}/{index}")), value };
        Some(items.into_iter().enumerate().map(row).collect())
    }

    fn json_lines(&self) -> Result<Vec<Row>, ImportError> {
        let lines = (1_u32..).zip(self.text.lines()).filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(line, text)| {
                let value = serde_json::from_str(text).map_err(|error| self.no_json(&error, line.saturating_sub(1)))?;
                Ok(Row { line, value })
            })
            .collect()
    }

    fn no_json(&self, error: &serde_json::Error, lines_before: u32) -> ImportError {
        let told = error.to_string();
        let reason = told.split(" at line ").next().unwrap_or(&told);
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).saturating_add(lines_before);
        let column = u32::try_from(error.column()).unwrap_or(u32::MAX);
        ImportError {
            place: Place::file(self.name).line(line.max(1), column.max(1)),
            message: format!("This is not JSON: {reason}."),
            hint: "Export the file again, or mend it there.".to_owned(),
        }
    }
}

/// The lines on which the parts of a JSON text stand, by JSON Pointer without escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lines(HashMap<String, u32>);

/// Parts deeper than this have the line of the part that they are in.
const DEEPEST: usize = 6;
const MOST_PARTS: usize = 200_000;

impl Lines {
    /// The lines of a text that is JSON.
    fn of(text: &str) -> Self {
        let mut walk = Walk { text, at: 0, line: 1, found: HashMap::new() };
        walk.value(&mut String::new(), 0);
        Self(walk.found)
    }

    /// The line of the part, from 1; that of the nearest part around it where it is not known.
    pub fn at(&self, pointer: &str) -> u32 {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.0.get(pointer) {
                return *line;
            }
            match pointer.rsplit_once('/') {
                Some((around, _)) => pointer = around,
                None => return 1,
            }
        }
    }
}

/// Goes once through a text that is known to be JSON, at most 128 deep.
struct Walk<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    found: HashMap<String, u32>,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek().filter(u8::is_ascii_whitespace) {
            self.line = self.line.saturating_add(u32::from(byte == b'\n'));
            self.at += 1;
        }
    }

    fn value(&mut self, path: &mut String, depth: usize) {
        self.space();
        if depth <= DEEPEST && self.found.len() < MOST_PARTS {
            self.found.insert(path.clone(), self.line);
        }
        match self.peek() {
            Some(b'{') => self.parts(path, depth, b'}'),
            Some(b'[') => self.parts(path, depth, b']'),
            Some(b'"') => {
                self.string();
            }
            _ => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let end = rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
                self.at += end.max(1);
            }
        }
    }

    fn parts(&mut self, path: &mut String, depth: usize, close: u8) {
        self.at += 1;
        let mut index = 0_usize;
        loop {
            self.space();
            match self.peek() {
                None => return,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return;
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    let name = if close == b'}' { self.key() } else { index.to_string() };
                    let length = path.len();
                    if depth < DEEPEST {
                        path.push('/');
                        path.push_str(&name);
                    }
                    self.value(path, depth + 1);
                    path.truncate(length);
                    index += 1;
                }
            }
        }
    }

    /// A key, and the colon after it.
    fn key(&mut self) -> String {
        let name = self.string();
        self.space();
        self.at += 1;
        name
    }

    fn string(&mut self) -> String {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => break,
                _ => {}
            }
        }
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(quoted).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rows(text: &str) -> Result<Vec<(u32, Value)>, String> {
        let source = Source::new("f.jsonl", text).map_err(|error| error.to_string())?;
        let rows = source.rows().map_err(|error| error.to_string())?;
        Ok(rows.into_iter().map(|row| (row.line, row.value)).collect())
    }

    #[test]
    fn rows_are_lines_or_a_list_or_its_data() {
        let expect = |lines: [u32; 2]| Ok(vec![(lines[0], json!({"a": 1})), (lines[1], json!({"a": 2}))]);
        assert_eq!(rows("{\"a\": 1}\n\n{\"a\": 2}\n"), expect([1, 3]));
        assert_eq!(rows("[\n{\"a\": 1},\n{\"a\": 2}]"), expect([2, 3]));
        assert_eq!(rows("{\"data\": [\n{\"a\": 1},\n{\"a\": 2}]}"), expect([2, 3]));
        assert_eq!(rows("{\n\"a\": 1}"), Ok(vec![(1, json!({"a": 1}))]));
    }

    #[test]
    fn what_is_no_json_has_its_line() {
        let told = |text: &str| rows(text).unwrap_err();
        assert!(told("{\"a\": 1}\n{\"a\": }").starts_with("f.jsonl:2:7: This is not JSON: expected value."));
        assert_eq!(told(" \n"), "f.jsonl: The file is empty.");
        assert!(told(&"[".repeat(5000)).contains("recursion limit exceeded"));
    }

    #[test]
    fn parts_have_lines() {
        let text = "{\n \"a\": {\"b\\\"\": [1,\n 2, {\"c\": \"}\"}]},\n \"d\": null}";
        let (_, lines) = Source::new("f", text).unwrap().json().unwrap();
        let at = ["", "/a", "/a/b\"", "/a/b\"/1", "/a/b\"/2/c", "/d", "/d/none", "/x"].map(|part| lines.at(part));
        assert_eq!(at, [1, 2, 2, 3, 3, 4, 4, 1]);
    }

    proptest! {
        #[test]
        fn any_text_is_rows_or_an_error(text in ".{0,200}") {
            let _ = rows(&text);
            Lines::of(&text);
        }
    }
}
