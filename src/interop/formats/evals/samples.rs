//! Samples: the messages that are sent, and the ideal answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::domain::{Case, Role, Variant};
use crate::interop::formats::draft::{Draft, Said, experiment};
use crate::interop::formats::error::ImportError;
use crate::interop::formats::names::variable;
use crate::interop::formats::source::{Row, Source};
use crate::interop::formats::words::Words;
use crate::interop::imported::Imported;

use super::grading::Grading;

/// Reads a file of samples alone, which does not say how they are graded.
pub fn read(source: Source) -> Result<Imported, ImportError> {
    let rows = source.rows()?;
    let mut draft = Draft::new(source, source.stem());
    let note = "The samples do not say how they are graded. They are taken for the class Match: the output must start with the \
                ideal answer. Import the registry file to have the eval's own.";
    draft.near("class", None, note);
    add(&mut draft, source.stem(), &rows, &Grading::Match, Some(1));
    if draft.imported.datasets.is_empty() {
        return Err(source.error(
            Some(1),
            "No line has an `input` with text or messages.",
            "Choose a file of samples.",
        ));
    }
    Ok(draft.imported)
}

/// How the inputs of the samples go into a prompt.
#[derive(Debug, Clone, PartialEq)]
enum Layout {
    /// Every input is one text.
    Text,
    /// Every input has messages of these roles in this order: text that is always the same, or the variable of a column.
    Layers(Vec<(Role, Result<String, String>)>),
    /// The messages of each sample are a variable.
    Messages,
}

/// Adds an eval: a prompt, its cases, and an experiment.
pub(super) fn add(draft: &mut Draft, name: &str, rows: &[Row], grading: &Grading, line: Option<u32>) {
    let (good, bad): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| input(row).is_some());
    if !bad.is_empty() {
        let lines: Vec<u32> = bad.iter().map(|row| row.line).collect();
        let note = format!(
            "{} without an `input` of text or messages are left out: {}.",
            rows_of(lines.len()),
            listed(&lines)
        );
        draft.unsupported(format!("{name} samples"), lines.first().copied(), note);
    }
    if good.is_empty() {
        draft.unsupported(name, line, "None of its samples can be used.");
        return;
    }
    let layout = layout(&good);
    let cases: Vec<Case> = good.iter().map(|row| case(row, &layout)).collect();
    let is_single = good.iter().all(|row| ideals(row).len() == 1 && ideals(row)[0].is_string());
    let by_case = !is_single && !matches!(grading, Grading::Model { .. }) || *grading == Grading::JsonMatch;
    let cases = cases.into_iter().zip(&good).map(|(case, row)| {
        let checks = if by_case { grading.of_one(&ideals(row)) } else { Vec::new() };
        Case { checks, ..case }
    });
    let cases: Vec<Case> = cases.collect();
    draft.exact(format!("{name} samples"), line, format!("{} of a dataset.", rows_of(cases.len())));
    let prompt = draft.prompt(name, &said(&layout), Vec::new(), BTreeMap::new(), line);
    if layout == Layout::Messages {
        let note = "The samples have messages of different kinds, so each brings its own; the prompt has none.";
        draft.near(format!("{name} input"), line, note);
    }
    if good.iter().any(|row| has_names(row)) {
        draft.near(format!("{name} input"), line, "The names of speakers in the messages are left out.");
    }
    let variant = draft.variant(name, Variant::of(prompt));
    let dataset = draft.dataset(name, cases);
    let checks = if by_case { Vec::new() } else { grading.of_all(&asked_by(&layout)) };
    draft.experiment(name, experiment(name, vec![variant], Vec::new(), dataset, checks));
    draft.near(format!("{name} model"), line, "The eval names no model; choose one in the experiment.");
}

/// The variable that holds what a sample asks.
fn asked_by(layout: &Layout) -> String {
    match layout {
        Layout::Text => "input".to_owned(),
        Layout::Messages => "messages".to_owned(),
        Layout::Layers(layers) => {
            layers.iter().rev().find_map(|(_, text)| text.clone().err()).unwrap_or_else(|| "input".to_owned())
        }
    }
}

fn said(layout: &Layout) -> Vec<Said> {
    match layout {
        Layout::Text => vec![Said::Words(Role::User, Words::slot("input"))],
        Layout::Layers(layers) => {
            let said = layers.iter().map(|(role, text)| match text {
                Ok(text) => Said::Words(*role, Words::literal(text)),
                Err(column) => Said::Words(*role, Words::slot(column)),
            });
            said.collect()
        }
        Layout::Messages => vec![Said::History("messages".to_owned())],
    }
}

/// The messages of a sample: a text is one message of the user.
fn input(row: &Row) -> Option<Vec<(Role, &str)>> {
    match row.value.get("input")? {
        Value::String(text) => Some(vec![(Role::User, text)]),
        Value::Array(items) if !items.is_empty() => items.iter().map(message).collect(),
        _ => None,
    }
}

fn message(item: &Value) -> Option<(Role, &str)> {
    let role = match item.get("role")?.as_str()? {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return None,
    };
    Some((role, item.get("content")?.as_str()?))
}

fn has_names(row: &Row) -> bool {
    let items = row.value.get("input").and_then(Value::as_array).into_iter().flatten();
    items.into_iter().any(|item| item.get("name").is_some())
}

fn ideals(row: &Row) -> Vec<Value> {
    match row.value.get("ideal") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
    }
}

/// The most messages that become layers of their own.
const MOST_LAYERS: usize = 12;

fn layout(rows: &[&Row]) -> Layout {
    if rows.iter().all(|row| row.value.get("input").is_some_and(Value::is_string)) {
        return Layout::Text;
    }
    let first = input(rows[0]).unwrap_or_default();
    let roles: Vec<Role> = first.iter().map(|(role, _)| *role).collect();
    let has_neighbours = roles.windows(2).any(|pair| pair[0] == pair[1]);
    if has_neighbours || roles.len() > MOST_LAYERS {
        return Layout::Messages;
    }
    let mut same: Vec<bool> = vec![true; roles.len()];
    for row in &rows[1..] {
        let messages = input(row).unwrap_or_default();
        if messages.iter().map(|(role, _)| *role).ne(roles.iter().copied()) {
            return Layout::Messages;
        }
        for (index, (_, text)) in messages.iter().enumerate() {
            same[index] &= *text == first[index].1;
        }
    }
    if rows.len() == 1 {
        // What of a single sample varies cannot be seen: its last message is the question.
        same.last_mut().into_iter().for_each(|last| *last = false);
    }
    Layout::Layers(columns(&first, &same))
}

/// A name for each column: `input` where there is one, else the role.
fn columns(first: &[(Role, &str)], same: &[bool]) -> Vec<(Role, Result<String, String>)> {
    let one = same.iter().filter(|same| !**same).count() == 1;
    let mut taken = BTreeSet::new();
    let columns = first.iter().zip(same).map(|((role, text), same)| {
        if *same {
            return (*role, Ok((*text).to_owned()));
        }
        let stem = if one { "input" } else { role.word() };
        let names = std::iter::once(stem.to_owned()).chain((2..).map(|number| format!("{stem}_{number}")));
        let name = names.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(name.clone());
        (*role, Err(name))
    });
    columns.collect()
}

fn case(row: &Row, layout: &Layout) -> Case {
    let messages = input(row).unwrap_or_default();
    let mut vars = Map::new();
    match layout {
        Layout::Text => {
            vars.insert("input".to_owned(), json!(messages.first().map_or("", |(_, text)| text)));
        }
        Layout::Layers(layers) => {
            for ((_, text), (_, column)) in messages.iter().zip(layers) {
                if let Err(column) = column {
                    vars.insert(column.clone(), json!(text));
                }
            }
        }
        Layout::Messages => {
            let turns = messages.iter().map(|(role, text)| json!({"role": role.word(), "content": text}));
            vars.insert("messages".to_owned(), turns.collect());
        }
    }
    let further =
        row.value.as_object().into_iter().flatten().filter(|(name, _)| !["input", "ideal"].contains(&name.as_str()));
    let mut expected: Map<String, Value> = further.map(|(name, value)| (variable(name), value.clone())).collect();
    let ideals = ideals(row);
    if let Some(first) = ideals.first() {
        let ideal = if ideals.len() == 1 { first.clone() } else { Value::Array(ideals) };
        expected.insert("ideal".to_owned(), ideal);
    }
    Case { vars, expected, ..Case::default() }
}

pub(super) fn rows_of(count: usize) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// The first lines of a list.
pub(super) fn listed(lines: &[u32]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = lines.iter().take(SHOWN).map(|line| format!("line {line}")).collect();
    let more = if lines.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
