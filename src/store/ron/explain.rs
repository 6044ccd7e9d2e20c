//! Turns the deserialiser's errors into sentences with a place and a hint.

use std::path::Path;

use ron::Error;
use ron::error::SpannedError;

use super::syntax::{Group, Member, Node, Shape, Span, Tree, locate};
use crate::compose::nearest;
use crate::domain::{Place, Problem};

/// Fields that hold names: text that ends in file names, reports and other programs' hands.
const NAMES: [&str; 11] =
    ["id", "name", "title", "version", "prompt", "layer", "dataset", "provider", "model", "metric", "variable"];

pub(super) fn explain(source: &str, tree: &Tree, file: &Path, error: &SpannedError) -> Problem {
    let at = offset(source, error);
    let (at, message, hint) = sentence(tree, at, &error.code);
    let (line, column) = locate(source, at);
    Problem::error(Place::at(file, line, column), message, hint)
}

/// NUL in names and keys.
pub(super) fn bad_names(source: &str, tree: &Tree, file: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut check = |node: &Node| {
        if let Shape::Text(text) = &node.shape
            && text.contains('\0')
        {
            let (line, column) = locate(source, node.span.start);
            problems.push(Problem::error(
                Place::at(file, line, column),
                "This name holds the invisible character NUL (U+0000).",
                "Remove it.",
            ));
        }
    };
    tree.walk(&mut |node| {
        for member in node.group().map(|group| group.members.as_slice()).unwrap_or_default() {
            match &member.key {
                Some(key) if matches!(key.shape, Shape::Text(_)) => check(key),
                Some(key) if key.name().is_some_and(|name| NAMES.contains(&name)) => check(&member.value),
                _ => {}
            }
        }
    });
    problems
}

/// The member that the error is about, its comma included.
pub(super) fn unknown_member(source: &str, tree: &Tree, error: &SpannedError, field: &str) -> Option<Span> {
    let member = nearest_member(tree, offset(source, error), field)?;
    Some(member.start()..member.comma.map_or(member.value.span.end, |comma| comma + 1))
}

fn sentence(tree: &Tree, at: usize, error: &Error) -> (usize, String, String) {
    match error {
        Error::NoSuchStructField { expected, found, .. } => {
            let at = nearest_member(tree, at, found).map_or(at, Member::start);
            (at, format!("The field `{found}` is not known here."), closest(found, expected, "The fields are"))
        }
        Error::NoSuchEnumVariant { expected, found, .. } => {
            let at = nearest_name(tree, at, found).unwrap_or(at);
            (at, format!("`{found}` is not one of the choices."), closest(found, expected, "The choices are"))
        }
        Error::MissingStructField { field, .. } => {
            let group = tree.enclosing(at.saturating_sub(1));
            (group.span.start, format!("The field `{field}` is missing here."), format!("Add `{field}: …`."))
        }
        Error::DuplicateStructField { field, .. } => {
            (at, format!("The field `{field}` stands here twice."), "Keep one of them.".to_owned())
        }
        Error::ExpectedDifferentStructName { expected, found } => (
            at,
            format!("`{found}` stands where {expected} is expected."),
            "Write the brackets without a name.".to_owned(),
        ),
        Error::InvalidValueForType { expected, found } => {
            (value_at(tree, at), format!("{found} stands where {expected} is expected."), String::new())
        }
        Error::Message(message) => {
            let mut message = message.trim_end_matches('.').to_owned();
            message.push('.');
            (value_at(tree, at), capital(&message), String::new())
        }
        Error::ExceededRecursionLimit => (at, "The brackets are nested too deep.".to_owned(), String::new()),
        other => {
            let (what, hint) = expected(other);
            (value_at(tree, at), what, hint)
        }
    }
}

/// What should have stood there, in words.
fn expected(error: &Error) -> (String, String) {
    let say = |what: &str, hint: &str| (format!("{what} is expected here."), hint.to_owned());
    match error {
        Error::ExpectedString => say("Text", "Text stands in double quotes, or in r#\"…\"# over several lines."),
        Error::ExpectedBoolean => say("`true` or `false`", ""),
        Error::ExpectedInteger | Error::InvalidIntegerDigit { .. } => {
            say("A whole number", "It is written without quotes.")
        }
        Error::ExpectedFloat => say("A number", "It is written without quotes."),
        Error::IntegerOutOfBounds => ("This number is too large or too small for the field.".to_owned(), String::new()),
        Error::ExpectedArray => say("A list", "A list stands in square brackets: `[…]`."),
        Error::ExpectedMap => say("A map", "A map stands in braces: `{\"key\": value}`."),
        Error::ExpectedStructLike | Error::ExpectedNamedStructLike(_) => {
            say("A group of fields", "Fields stand in round brackets: `(name: value)`.")
        }
        Error::ExpectedOption => say("A value or `None`", ""),
        Error::ExpectedUnit => say("`()`", ""),
        Error::ExpectedIdentifier => say("A name", "Names of fields and choices are written without quotes."),
        Error::ExpectedStructLikeEnd => {
            say("A closing `)`", "The fields of a choice stand directly in its brackets: `Text(text: \"…\")`.")
        }
        other => (format!("{}.", capital(&other.to_string())), String::new()),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn closest(found: &str, known: &[&str], list: &str) -> String {
    let near = nearest(found, known.iter().copied());
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (near, known.is_empty()) {
        (Some(name), _) => format!("Did you mean `{name}`? {list} {all}."),
        (None, false) => format!("{list} {all}."),
        (None, true) => String::new(),
    }
}

/// The byte offset of the end of the error's span; the deserialiser stops behind what it did not understand.
fn offset(source: &str, error: &SpannedError) -> usize {
    let position = error.span.start;
    let line_start: usize = source.split_inclusive('\n').take(position.line.saturating_sub(1)).map(str::len).sum();
    let rest = &source[line_start..];
    line_start + rest.char_indices().nth(position.col.saturating_sub(1)).map_or(rest.len(), |(index, _)| index)
}

/// The value that ends at the offset or holds it.
fn value_at(tree: &Tree, at: usize) -> usize {
    let mut best = None;
    let mut next: Option<usize> = None;
    tree.walk(&mut |node| {
        if node.span.start >= at && next.is_none_or(|start| node.span.start < start) {
            next = Some(node.span.start);
        }
        if matches!(node.shape, Shape::Group(_)) {
            if node.span.start == at {
                best = Some(at);
            }
        } else if node.span.start <= at && at <= node.span.end && best.is_none_or(|start| start < node.span.start) {
            best = Some(node.span.start);
        }
    });
    best.or(next).unwrap_or(at)
}

/// The member of that name nearest to the offset.
fn nearest_member<'t>(tree: &'t Tree, at: usize, name: &str) -> Option<&'t Member> {
    let mut best: Option<&'t Member> = None;
    let distance = |member: &Member| member.start().abs_diff(at);
    tree.walk(&mut |node| {
        let members = node.group().map(|group: &'t Group| group.members.iter()).into_iter().flatten();
        for member in members.filter(|member| member.named(name)) {
            if best.is_none_or(|known| distance(member) < distance(known)) {
                best = Some(member);
            }
        }
    });
    best
}

/// The start of the word or named group of that name nearest to the offset.
fn nearest_name(tree: &Tree, at: usize, name: &str) -> Option<usize> {
    let mut best: Option<usize> = None;
    tree.walk(&mut |node| {
        let own = match &node.shape {
            Shape::Group(group) => group.name.as_deref(),
            _ => node.name(),
        };
        let start = node.span.start;
        if own == Some(name) && best.is_none_or(|known| start.abs_diff(at) < known.abs_diff(at)) {
            best = Some(start);
        }
    });
    best
}
