//! Every format can be read again, whatever cases and answers hold; files are replaced whole, or not at all.

use std::fs;

use serde_json::Value;

use crate::desk::{Desk, files_below};

/// Words that mean something to CSV, XML, Markdown, terminals and spreadsheets.
fn hostile() -> Desk {
    let desk = Desk::quick(&[]);
    desk.edit("desk.ron", "text: \"no\"", r#"text: "=cmd|'<b>&\"]]>\u{1b}[31m|`\n,;\u{202e}no""#);
    desk.write("projects/p/datasets/words.csv", "id,word\n\"a,\"\"b\"\"<&>|\",no\n=1+1,tea\n\"two\nlines\",no\n");
    desk
}

#[test]
fn each_format_is_read_back() {
    let desk = hostile();
    let id = {
        assert_eq!(desk.strata(&["run", "w"]).code, Some(1));
        desk.only_run().header.id.0.clone()
    };
    let show = |format: &str| {
        let ran = desk.strata(&["show", "w", &id, "--format", format]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{format}");
        assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'), "{format}: {}", ran.out);
        ran.out
    };

    let json: Value = serde_json::from_str(&show("json")).unwrap();
    assert_eq!((&json["run"]["state"], &json["run"]["ended"]), (&Value::from("completed"), &Value::from(3)));
    assert_eq!(json["trials"].as_array().unwrap().len(), 3);
    assert_eq!(json["trials"][0]["case"], "a,\"b\"<&>|");

    let lines: Vec<Value> = show("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line["outcome"] == "fail").count(), 2);

    let csv = show("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let case = reader.headers().unwrap().iter().position(|name| name == "case").unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '@'])), "{csv}");
    assert_eq!(&rows[0][case], "a,\"b\"<&>|");

    let junit = show("junit");
    assert_eq!(elements(&junit, "testcase"), 3);
    assert_eq!(elements(&junit, "failure"), 2);
    well_formed(&junit);

    let md = show("md");
    assert!(md.contains("### Not passed"), "{md}");
    let table: Vec<_> = md.lines().filter(|line| line.starts_with('|')).collect();
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    assert!(
        table.iter().all(|line| cells(line) == cells(table[0]) || cells(line) == cells(table.last().unwrap())),
        "{md}"
    );
}

fn elements(xml: &str, name: &str) -> usize {
    xml.matches(&format!("<{name} ")).count()
}

/// Tags open and close in order, quotes are closed, and `&` begins an entity: what a parser would choke on.
fn well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).unwrap().1;
    while let Some((text, after)) = rest.split_once('<') {
        entities(text);
        let mut quoted = false;
        let end = after.find(|letter| {
            quoted ^= letter == '"';
            letter == '>' && !quoted
        });
        let (tag, after) = after.split_at(end.expect(after));
        rest = &after[1..];
        entities(tag);
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
}

fn entities(text: &str) {
    for after in text.split('&').skip(1) {
        let name = after.split(';').next().unwrap();
        assert!(["lt", "gt", "amp", "quot", "apos"].contains(&name) || name.starts_with('#'), "&{after}");
    }
}

#[test]
fn a_file_is_replaced_whole_and_its_name_tells_the_format() {
    let desk = Desk::quick(&["tea"]);
    for (name, begins) in [
        ("out.json", "{"),
        ("out.jsonl", "{"),
        ("out.xml", "<?xml"),
        ("out.csv", "case,"),
        ("out.md", "#"),
        ("out.txt", "Run "),
    ] {
        fs::write(desk.path().join(name), "old").unwrap();
        let ran = desk.strata(&["run", "w", "-o", name]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.err);
        let told = ran.out.starts_with("Run ") && ran.out.ends_with(&format!("\nWritten to {name}.\n"));
        assert!(told, "{name}: {}", ran.out);
        let text = fs::read_to_string(desk.path().join(name)).unwrap();
        assert!(text.starts_with(begins), "{name}: {text}");
    }
    let left = files_below(desk.path()).into_iter().filter(|path| path.parent() == Some(desk.path())).count();
    assert_eq!(left, 6, "a temporary file stays");
    let dash = desk.strata(&["run", "w", "-o", "-", "--format", "json"]);
    assert!(dash.out.starts_with('{'));
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_anything_runs() {
    let desk = Desk::quick(&["tea"]);
    fs::create_dir(desk.path().join("folder.json")).unwrap();
    insta::assert_snapshot!(desk.strata(&["run", "w", "-o", "nowhere/out.json"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: nowhere/out.json cannot be written: No such file or directory (os error 2).
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w", "-o", "folder.json"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: folder.json cannot be written: it is there, and is no file.
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w", "-o", "/dev/null"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: /dev/null cannot be written: it is there, and is no file.
    ");
    assert!(!desk.workspace().join(".strata").exists(), "a run began");
}
