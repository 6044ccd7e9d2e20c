//! Datasets, good and bad, through the front door.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use super::{OpenCases, open_cases};
use crate::domain::{Case, Column, ColumnRole, Dataset, Problem, Source};

struct Folder {
    dir: tempfile::TempDir,
    file: String,
}

fn folder(file: &str, bytes: &[u8]) -> Folder {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("projects/p/datasets");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join(file), bytes).unwrap();
    Folder { dir, file: file.to_owned() }
}

impl Folder {
    fn open_with(&self, columns: &[(&str, Column)]) -> Result<OpenCases, Vec<Problem>> {
        let columns = columns.iter().map(|(name, column)| ((*name).to_owned(), column.clone())).collect();
        open_cases(self.dir.path(), &"p".into(), &Dataset { columns, ..Dataset::of_file(self.file.clone()) })
    }

    fn open(&self) -> OpenCases {
        self.open_with(&[]).unwrap_or_else(|problems| panic!("{problems:?}"))
    }
}

fn read(file: &str, bytes: &[u8]) -> (Vec<Result<Case, String>>, Vec<String>) {
    let opened = folder(file, bytes).open();
    let cases = (0..opened.cases.len()).map(|row| opened.cases.case(row).map_err(|problem| problem.to_string()));
    (cases.collect(), opened.problems.iter().map(ToString::to_string).collect())
}

fn refused(file: &str, bytes: &[u8], part: &str) {
    let problems = folder(file, bytes).open_with(&[]).err().unwrap_or_else(|| panic!("{part}: was accepted"));
    assert!(problems[0].to_string().contains(part), "{part}: {problems:?}");
}

fn vars(case: &Result<Case, String>) -> Value {
    Value::Object(case.as_ref().unwrap().vars.clone())
}

#[test]
fn columns_are_recognised_by_name() {
    let (cases, problems) =
        read("d.csv", b"id,question,expected,expected.tone,tags\n7,\"a, \"\"b\"\"\nc\",yes,kind,x; y\n");
    assert_eq!(problems, [] as [&str; 0]);
    let case = cases[0].as_ref().unwrap();
    assert_eq!((case.id.as_str(), case.tags.as_slice()), ("7", ["x".to_owned(), "y".to_owned()].as_slice()));
    assert_eq!(Value::Object(case.vars.clone()), json!({"question": "a, \"b\"\nc"}));
    assert_eq!(Value::Object(case.expected.clone()), json!({"expected": "yes", "tone": "kind"}));
}

#[test]
fn columns_are_what_the_dataset_says() {
    let folder = folder("d.csv", b"key,q,label,memo,n\nk1,why,yes,hm,\"[1, 2]\"\n");
    let role = |role| Column { role, ..Column::default() };
    let opened = folder
        .open_with(&[
            ("key", role(ColumnRole::Id)),
            ("q", Column { untrusted: true, ..Column::default() }),
            ("label", role(ColumnRole::Expected)),
            ("memo", role(ColumnRole::Note)),
            ("n", Column { json: true, ..Column::default() }),
        ])
        .unwrap();
    let case = opened.cases.case(0).unwrap();
    assert_eq!((case.id.as_str(), case.note.as_str()), ("k1", "hm"));
    assert_eq!(json!([case.vars, case.expected]), json!([{"q": "why", "n": [1, 2]}, {"label": "yes"}]));
    assert_eq!((opened.columns, opened.expected), (vec!["q".to_owned(), "n".to_owned()], vec!["label".to_owned()]));
    assert!(opened.untrusted.contains("q"));
}

#[test]
fn a_column_that_the_file_does_not_have_is_told() {
    let opened = folder("d.csv", b"question\nx\n").open_with(&[("qestion", Column::default())]).unwrap();
    assert!(opened.problems[0].to_string().contains("Did you mean `question`?"), "{:?}", opened.problems);
}

#[test]
fn text_stays_text() {
    let (cases, _) = read("d.csv", b"a,b,c,d\n007,1e5,TRUE,=cmd|x\n");
    assert_eq!(vars(&cases[0]), json!({"a": "007", "b": "1e5", "c": "TRUE", "d": "=cmd|x"}));
}

#[test]
fn line_ends_marks_and_encodings_are_accepted() {
    let expect = [json!({"a": "1", "b": "é"}), json!({"a": "2", "b": ""})];
    let utf16 = |little: bool| {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        "\u{feff}a,b\n1,é\n2,".encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let files: [&[u8]; 7] = [
        "a,b\n1,é\n2,\n".as_bytes(),
        "a,b\r\n1,é\r\n2,".as_bytes(),
        "a,b\r1,é\r2,\r".as_bytes(),
        "\n\na,b\n\r\n1,é\n\n2,\n\n".as_bytes(),
        "\u{feff}a,b\n1,é\n2,\n".as_bytes(),
        &utf16(true),
        &utf16(false),
    ];
    for file in files {
        let (cases, problems) = read("d.csv", file);
        assert_eq!(cases.iter().map(vars).collect::<Vec<_>>(), expect, "{file:?}");
        assert_eq!(problems, [] as [&str; 0]);
    }
}

#[test]
fn other_separators_are_read_and_told() {
    for (separator, word) in [(';', "`;`"), ('\t', "tabs")] {
        let (cases, problems) = read("d.csv", format!("a{separator}b\n1,5{separator}2\n").as_bytes());
        assert_eq!(vars(&cases[0]), json!({"a": "1,5", "b": "2"}));
        assert_eq!(
            problems,
            [format!(
                "projects/p/datasets/d.csv:1:1: warning: The columns are separated by {word}. The file is read so. Commas are what other programs expect."
            )]
        );
    }
}

#[test]
fn a_ragged_row_is_a_problem_of_its_own() {
    let (cases, problems) = read("d.csv", b"a,b\n1,2\n3\n4,5\n6,7,8\n");
    assert_eq!((vars(&cases[0]), vars(&cases[2])), (json!({"a": "1", "b": "2"}), json!({"a": "4", "b": "5"})));
    assert!(cases[1].as_ref().unwrap_err().starts_with("projects/p/datasets/d.csv:3:1: error: This row has 1 cells"));
    assert!(cases[3].as_ref().unwrap_err().contains("d.csv:5:1"));
    assert!(problems[0].contains("d.csv:3:1: error: 2 rows cannot be read"), "{problems:?}");
}

#[test]
fn files_that_are_no_table_are_refused() {
    refused("d.csv", b"", "The file is empty");
    refused("d.csv", b"a,b\n1,\"x\n2,y\n3,z\n", "d.csv:2:1: error: A quote opens in this line");
    refused("d.csv", b"a,a\n1,2\n", "Two columns have the name `a`");
    refused("d.csv", b"a,,b\n1,2,3\n", "Column 2 has no name");
    refused("d.csv", b"a,{{b}}\n", "cannot be the name");
    refused("d.csv", b"\x1f\x8b\x08\0", "compressed");
    refused("d.csv", b"<!DOCTYPE html><html>", "web page");
    refused("d.csv", b"PK\x03\x04", "workbook");
    refused("d.csv", b"a,\xe9\n1,2\n", "not UTF-8");
    refused("d.xyz", b"a\n", "not a `.csv` or `.jsonl` file");
    refused("d.jsonl", b"[\n{\"a\": 1}\n]\n", "one JSON document");
    refused("d.jsonl", b"{\n  \"a\": 1\n}\n", "one JSON document");
}

#[test]
fn a_cell_that_is_not_utf8_is_a_problem_of_its_row() {
    let (cases, problems) = read("d.csv", b"a\nx\n\xe9\n");
    assert!(cases[0].is_ok() && cases[1].as_ref().unwrap_err().contains("not UTF-8"));
    assert_eq!(problems.len(), 1);
}

#[test]
fn a_header_alone_is_a_warning() {
    let (cases, problems) = read("d.csv", b"a,b\n");
    assert!(cases.is_empty() && problems[0].contains("no rows"));
}

#[test]
fn rows_without_an_id_get_a_lasting_one() {
    let ids =
        |bytes: &[u8]| -> Vec<String> { read("d.csv", bytes).0.into_iter().map(|case| case.unwrap().id.0).collect() };
    let first = ids(b"a,b\n1,2\n3,4\n1,2\n");
    assert_eq!(first[2], format!("{}#2", first[0]));
    assert_eq!(ids(b"a,b\r\n3,\"4\"\r\n1,2\r\n"), [first[1].clone(), first[0].clone()]);
    assert_eq!(ids(b"id,a\nx,1\n,2\nx,3\n")[2], "x#2");
}

#[test]
fn flat_and_structured_json_lines_are_read() {
    let (cases, problems) = read(
        "d.jsonl",
        "{\"id\": 7, \"q\": \"a\", \"n\": 123456789012345678901234567890, \"expected\": {\"x\": 1}, \"tags\": [\"t\"]}\n\n\
         {\"id\": \"s\", \"vars\": {\"q\": [1]}, \"expected\": {\"x\": 2}, \"tags\": [\"u\"], \"note\": \"n\"}\r\n\
         {\"q\": \"é\", \"expected.x\": 3}"
            .as_bytes(),
    );
    assert_eq!(problems, [] as [&str; 0]);
    assert_eq!(vars(&cases[0]), json!({"q": "a", "n": "123456789012345678901234567890"}));
    let case = |at: usize| cases[at].as_ref().unwrap();
    assert_eq!(
        (case(0).id.as_str(), case(0).tags.clone(), json!(case(0).expected)),
        ("7", vec!["t".to_owned()], json!({"x": 1}))
    );
    assert_eq!((case(1).id.as_str(), vars(&cases[1]), case(1).note.as_str()), ("s", json!({"q": [1]}), "n"));
    assert_eq!((json!(case(2).expected), case(2).id.as_str().len()), (json!({"x": 3}), 16));
}

#[test]
fn bad_json_lines_are_problems_of_their_own() {
    let (cases, problems) =
        read("d.jsonl", b"{\"a\": 1}\n{\"a\": \"\\ud83d\"}\n[1]\n{\"a\": 1, \"a\": 2}\n{\"a\": 1e999}\n");
    let wrong = |at: usize, part: &str| {
        let problem = cases[at].as_ref().unwrap_err();
        assert!(problem.contains(part), "{problem}");
    };
    wrong(1, "d.jsonl:2:8: error: `\\ud83d` is half of a character.");
    wrong(2, "d.jsonl:3:1: error: The row is a list, not an object.");
    wrong(4, "d.jsonl:5:7");
    assert_eq!(vars(&cases[3]), json!({"a": 2}));
    assert!(problems[0].contains("3 rows cannot be read") && problems[1].contains("`a` stands twice"), "{problems:?}");
}

#[test]
fn a_file_that_changes_gives_a_problem_and_not_wrong_data() {
    let folder = folder("d.csv", b"a\n1\n2\n");
    let opened = folder.open();
    let path = folder.dir.path().join("projects/p/datasets/d.csv");
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"3\n").unwrap();
    assert!(opened.cases.case(0).unwrap_err().message.contains("changed since it was opened"));
    let opened = folder.open();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "a\n9\n8\n").unwrap();
    assert_eq!(json!(opened.cases.case(0).unwrap().vars), json!({"a": "1"}), "a replaced file is read as it was");
}

#[test]
fn the_fingerprint_follows_the_bytes() {
    let print = |bytes: &[u8]| folder("d.csv", bytes).open().cases.fingerprint();
    assert_eq!(print(b"a\n1\n"), print(b"a\n1\n"));
    assert_ne!(print(b"a\n1\n"), print(b"a\n2\n"));
}

#[test]
fn paths_out_of_the_workspace_are_not_opened() {
    let folder = folder("d.csv", b"a\n1\n");
    for given in ["../../../d.csv", "/etc/passwd", "~/d.csv", "d.csv/../../d.csv"] {
        let dataset = Dataset::of_file(given.to_owned());
        assert!(open_cases(folder.dir.path(), &"p".into(), &dataset).is_err(), "{given}");
    }
}

#[test]
fn inline_cases_get_ids() {
    let case = |q: &str| Case {
        vars: BTreeMap::from([("q", q)]).iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect(),
        ..Case::default()
    };
    let dataset =
        Dataset { source: Source::Cases(vec![case("a"), case("b"), case("a")]), ..Dataset::of_file(String::new()) };
    let dir = tempfile::tempdir().unwrap();
    let opened = open_cases(dir.path(), &"p".into(), &dataset).unwrap();
    let ids: Vec<String> = (0..3).map(|at| opened.cases.case(at).unwrap().id.0).collect();
    assert_eq!(ids[2], format!("{}#2", ids[0]));
    assert_eq!(opened.columns, ["q"]);
    assert!(opened.cases.case(3).is_err());
}

#[test]
fn many_rows_are_found_by_index_with_their_lines() {
    let rows = (0..20_000).map(|row| format!("r{row},\"line one\nline two of {row}\"\n"));
    let mut text: String = std::iter::once("id,q\n".to_owned()).chain(rows).collect();
    text.push_str("bad\n");
    let opened = folder("d.csv", text.as_bytes()).open();
    assert_eq!(opened.cases.len(), 20_001);
    for row in [0, 1, 255, 256, 257, 9_999, 19_999] {
        let case = opened.cases.case(row).unwrap();
        assert_eq!(
            (case.id.0, case.vars["q"].clone()),
            (format!("r{row}"), json!(format!("line one\nline two of {row}")))
        );
    }
    assert_eq!(opened.cases.case(20_000).unwrap_err().place.line, Some(40_002));
}
