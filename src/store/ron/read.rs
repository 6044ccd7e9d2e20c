//! Makes a typed definition of a file's bytes, or says what is wrong with them, where, and what to do.

use std::path::Path;

use ron::Options;
use ron::extensions::Extensions;
use serde::de::DeserializeOwned;

use super::explain::{bad_names, explain};
use super::syntax::{Node, Shape, Tree, locate};
use crate::domain::{FORMAT, Place, Problem};

/// A file above this is refused unread.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// A file above this is read with a warning.
pub const WARN_BYTES: u64 = 1024 * 1024;

pub(super) const BOM: &str = "\u{feff}";

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded<T> {
    /// `None` where the file has an error.
    pub value: Option<T>,
    /// Only where the file is RON.
    pub tree: Option<Tree>,
    pub problems: Vec<Problem>,
}

/// The RON of definitions: options are written without `Some`, names of newtypes are left out.
pub(super) fn options() -> Options {
    Options::default().with_default_extension(
        Extensions::IMPLICIT_SOME | Extensions::UNWRAP_NEWTYPES | Extensions::UNWRAP_VARIANT_NEWTYPES,
    )
}

/// Reads a definition. `file` is what problems name.
pub fn read<T: DeserializeOwned>(bytes: &[u8], file: &Path) -> Loaded<T> {
    let mut problems = Vec::new();
    let failed = |problems| Loaded { value: None, tree: None, problems };
    let source = match text_of(bytes, file, &mut problems) {
        Ok(source) => source,
        Err(problem) => {
            problems.push(problem);
            return failed(problems);
        }
    };
    let tree = match Tree::parse(source) {
        Ok(tree) => tree,
        Err(error) => {
            let (line, column) = locate(source, error.at);
            problems.push(Problem::error(Place::at(file, line, column), error.message, error.hint));
            return failed(problems);
        }
    };
    problems.extend(bad_names(source, &tree, file));
    if problems.iter().any(Problem::is_error) {
        return Loaded { value: None, tree: Some(tree), problems };
    }
    let newer = newer_format(&tree);
    if let Some((format, node)) = newer {
        let (line, column) = locate(source, node.span.start);
        problems.push(Problem::warning(
            Place::at(file, line, column),
            format!("This file has format {format}; this version of Strata knows format {FORMAT}."),
            "It is open for reading only. A newer Strata can change it.",
        ));
    }
    let value = match typed(source, &tree, newer.is_some()) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(explain(source, &tree, file, &error));
            None
        }
    };
    Loaded { value, tree: Some(tree), problems }
}

/// The value, without any account of what is wrong.
pub(super) fn parse_exactly<T: DeserializeOwned>(source: &str) -> Option<T> {
    let source = source.strip_prefix(BOM).unwrap_or(source);
    Tree::parse(source).ok()?;
    options().from_str(source).ok()
}

/// Fields that this version does not know are passed over in a file of a newer format, and in no other.
fn typed<T: DeserializeOwned>(source: &str, tree: &Tree, newer: bool) -> Result<T, ron::error::SpannedError> {
    let mut text = std::borrow::Cow::Borrowed(source);
    let mut tree = tree.clone();
    loop {
        let error = match options().from_str(&text) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let ron::Error::NoSuchStructField { found, .. } = &error.code else { return Err(error) };
        let blank = newer.then(|| super::explain::unknown_member(&text, &tree, &error, found)).flatten();
        let Some(span) = blank else { return Err(error) };
        let mut shorter = text.into_owned();
        let spaces: String = shorter[span.clone()].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        shorter.replace_range(span, &spaces);
        match Tree::parse(&shorter) {
            Ok(parsed) => tree = parsed,
            Err(_) => return Err(error),
        }
        text = shorter.into();
    }
}

fn newer_format(tree: &Tree) -> Option<(u64, &Node)> {
    let node = tree.find(&["format"])?;
    let Shape::Literal(number) = &node.shape else { return None };
    let format: u64 = number.parse().ok()?;
    (format > u64::from(FORMAT)).then_some((format, node))
}

/// The file as text, its byte order mark left out.
fn text_of<'b>(bytes: &'b [u8], file: &Path, problems: &mut Vec<Problem>) -> Result<&'b str, Problem> {
    let refuse = |message: &str, hint: &str| Err(Problem::error(Place::file(file), message, hint));
    let size = bytes.len() as u64;
    if size > MAX_BYTES {
        return refuse("The file is larger than 16 MB.", "Put cases into a CSV or JSONL file beside it.");
    }
    if size > WARN_BYTES {
        problems.push(Problem::warning(
            Place::file(file),
            format!("The file is {:.1} MB large.", megabytes(size)),
            "Cases are read faster from a CSV or JSONL file.",
        ));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || looks_like_utf16(bytes) {
        return refuse("The file is UTF-16.", "Save it as UTF-8.");
    }
    let source = match std::str::from_utf8(bytes) {
        Ok(source) => source,
        Err(error) => return Err(not_utf8(bytes, error.valid_up_to(), file)),
    };
    let source = match source.strip_prefix(BOM) {
        Some(rest) => {
            problems.push(Problem::warning(
                Place::at(file, 1, 1),
                "The file begins with a byte order mark.",
                "It was passed over. Save the file as UTF-8 without BOM.",
            ));
            rest
        }
        None => source,
    };
    if source.trim().is_empty() {
        return refuse("The file is empty.", "Restore it from git or from `.strata/backups`, or remove it.");
    }
    match merge_marker(source) {
        Some(line) => Err(Problem::error(
            Place::at(file, line, 1),
            "A merge was left unfinished here: the file holds both sides.",
            "Keep one side and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`.",
        )),
        None => Ok(source),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

fn looks_like_utf16(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(64)];
    let (pairs, _) = start.as_chunks::<2>();
    let halves = pairs.iter().filter(|pair| pair.contains(&0)).count();
    pairs.len() >= 2 && halves * 3 > pairs.len() * 2
}

fn not_utf8(bytes: &[u8], offset: usize, file: &Path) -> Problem {
    let before = String::from_utf8_lossy(&bytes[..offset]);
    let (line, column) = locate(&before, before.len());
    let latin = bytes[offset..].iter().take(1).all(|byte| *byte >= 0xa0)
        && bytes[offset..].windows(2).take(1).all(|pair| pair[1].is_ascii());
    let guess = if latin { " It looks like Latin-1 (Windows-1252)." } else { "" };
    Problem::error(
        Place::at(file, line, column),
        format!("The file is not UTF-8: byte {offset} is 0x{:02x}.{guess}", bytes[offset]),
        "Save it as UTF-8.",
    )
}

/// The line of a conflict marker, if all kinds of marker are there.
fn merge_marker(source: &str) -> Option<u32> {
    let line = |marker: &str| source.lines().position(|line| line.starts_with(marker));
    let first = line("<<<<<<<")?;
    line("=======")?;
    u32::try_from(first + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Experiment, Manifest, Prompt, Severity, Variant};

    fn problems<T: DeserializeOwned>(bytes: &[u8]) -> Vec<Problem> {
        read::<T>(bytes, Path::new("f.ron")).problems
    }

    /// The one problem: its place and its words.
    fn wrong<T: DeserializeOwned>(source: &str, expect: &str) {
        let found = problems::<T>(source.as_bytes()).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(found, expect, "{source}");
    }

    #[test]
    fn misspelt_fields_and_choices_name_the_nearest() {
        wrong::<Prompt>(
            "(title: \"a\",\n  verson: \"1\")",
            "f.ron:2:3: error: The field `verson` is not known here. Did you mean `version`? The fields are `format`, \
             `title`, `note`, `version`, `variables`, `layers`.",
        );
        wrong::<Prompt>(
            "(layers: [(id: \"a\", content: Foundatoin())])",
            "f.ron:1:30: error: `Foundatoin` is not one of the choices. Did you mean `Foundation`? The choices are \
             `Foundation`, `Context`, `Task`, `Text`, `Examples`, `Snippet`, `Tools`, `History`.",
        );
    }

    #[test]
    fn missing_and_mistyped_values_are_told() {
        wrong::<Variant>("(title: \"x\")", "f.ron:1:1: error: The field `prompt` is missing here. Add `prompt: …`.");
        wrong::<Prompt>(
            "(\n  layers: [(\n    id: \"a\",\n  )],\n)",
            "f.ron:2:12: error: The field `content` is missing here. Add `content: …`.",
        );
        wrong::<Prompt>(
            "(title: 3)",
            "f.ron:1:9: error: Text is expected here. Text stands in double quotes, or in r#\"…\"# over several lines.",
        );
        wrong::<Variant>(
            "(prompt: \"a\", params: (max_tokens: \"9\"))",
            "f.ron:1:36: error: A whole number is expected here. It is written without quotes.",
        );
        wrong::<Variant>(
            "(prompt: \"a\", params: (max_tokens: 99999999999))",
            "f.ron:1:36: error: This number is too large or too small for the field.",
        );
        wrong::<Experiment>(
            "(variants: \"a\", models: [], dataset: \"d\")",
            "f.ron:1:12: error: A list is expected here. A list stands in square brackets: `[…]`.",
        );
        wrong::<Manifest>(
            "(name: \"w\", models: {\"m\": (provider: \"p\", model: \"x\", price: (input: -1, output: 2))})",
            "f.ron:1:70: error: `-1` is not an amount of US dollars (0 or more).",
        );
    }

    #[test]
    fn duplicates_are_refused() {
        wrong::<Prompt>(
            "(variables: {\"a\": (), \"a\": ()})",
            "f.ron:1:23: error: The key `a` stands here twice. Keep one of them; the other would be lost.",
        );
        wrong::<Prompt>(
            "(title: \"a\", title: \"b\")",
            "f.ron:1:14: error: The field `title` stands here twice. Keep one of them; the other would be lost.",
        );
    }

    #[test]
    fn bytes_that_are_no_definition_are_named() {
        let check = |bytes: &[u8], part: &str| {
            let found = problems::<Prompt>(bytes);
            assert!(found.iter().any(|problem| problem.to_string().contains(part)), "{part}: {found:?}");
        };
        check(b"", "f.ron: error: The file is empty.");
        check(b" \n\t", "The file is empty.");
        check(b"\xff\xfe(\0)\0", "UTF-16");
        check(b"(\0t\0i\0t\0l\0e\0", "UTF-16");
        check(
            b"(\n title: \"caf\xe9 \")",
            "f.ron:2:13: error: The file is not UTF-8: byte 14 is 0xe9. It looks like Latin-1",
        );
        check(
            b"(\n<<<<<<< HEAD\ntitle: \"a\",\n=======\ntitle: \"b\",\n>>>>>>> x\n)",
            "f.ron:2:1: error: A merge was left",
        );
        check(b"(title: \"a\") extra", "f.ron:1:14: error: There is text after the end");
        check("[".repeat(100_000).as_bytes(), "nested deeper");
        check(b"(variables: {\"a\\0b\": ()})", "f.ron:1:14: error: This name holds the invisible character NUL");
        check(&vec![b' '; usize::try_from(MAX_BYTES).unwrap() + 1], "larger than 16 MB");
    }

    #[test]
    fn a_byte_order_mark_and_a_large_file_are_warnings() {
        let marked = read::<Prompt>("\u{feff}(title: \"a\")".as_bytes(), Path::new("f.ron"));
        assert!(marked.value.is_some());
        assert_eq!(marked.problems[0].severity, Severity::Warning);
        let large = format!("(title: \"{}\")", "x".repeat(1024 * 1024));
        let large = read::<Prompt>(large.as_bytes(), Path::new("f.ron"));
        assert!(large.value.is_some() && large.problems.len() == 1);
    }

    #[test]
    fn a_newer_format_is_read_with_its_unknown_fields_passed_over() {
        let source = "(format: 2, title: \"a\", colour: (red: [1]), layers: [(id: \"l\", shiny: \"x\", content: Text(text: \"t\"))])";
        let loaded = read::<Prompt>(source.as_bytes(), Path::new("f.ron"));
        let prompt = loaded.value.unwrap();
        assert_eq!((prompt.format, prompt.title.as_str(), prompt.layers.len()), (2, "a", 1));
        assert_eq!(loaded.problems.len(), 1);
        assert!(loaded.problems[0].message.contains("format 2"));
        wrong::<Prompt>(
            "(format: 1, colour: 1)",
            "f.ron:1:13: error: The field `colour` is not known here. The fields are `format`, `title`, `note`, \
             `version`, `variables`, `layers`.",
        );
    }

    #[test]
    fn options_stand_with_and_without_some() {
        let limit =
            |source: &str| read::<Experiment>(source.as_bytes(), Path::new("f.ron")).value.unwrap().filter.limit;
        assert_eq!(limit("(variants: [], models: [], dataset: \"d\", filter: (limit: 3))"), Some(3));
        assert_eq!(limit("(variants: [], models: [], dataset: \"d\", filter: (limit: Some(3)))"), Some(3));
    }

    #[test]
    fn a_file_cut_anywhere_is_a_problem_and_never_a_panic() {
        let source = include_str!("by_hand.ron");
        let end = source.trim_end().len();
        for (at, _) in source.char_indices().filter(|(at, _)| *at < end) {
            assert!(problems::<Prompt>(&source.as_bytes()[..at]).iter().any(Problem::is_error), "{at}");
        }
    }
}
