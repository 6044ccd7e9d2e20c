//! The values that fill a prompt: each row of a table, combined with each text of every other source.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::domain::Case;
use crate::interop::formats::draft::Draft;
use crate::interop::formats::names::variable;

use super::flow::{Flow, Node};

/// The most cases that are made of one prompt.
const MOST_CASES: usize = 100_000;

type Row = Map<String, Value>;

/// The cases of a prompt.
pub fn read(draft: &mut Draft, flow: &Flow, node: &Node) -> Vec<Case> {
    let mut tables: Vec<(&Node, Vec<(String, String)>)> = Vec::new();
    let mut sources: Vec<Vec<Row>> = Vec::new();
    for edge in flow.edges.iter().filter(|edge| edge.target == node.id && !edge.target_handle.starts_with("__")) {
        let Some(from) = flow.node(&edge.source) else { continue };
        let column = edge.target_handle.trim_start_matches('#');
        match from.kind.as_str() {
            "table" => {
                let bound = (edge.source_handle.clone(), variable(column));
                match tables.iter_mut().find(|(table, _)| table.id == from.id) {
                    Some((_, columns)) => columns.push(bound),
                    None => tables.push((from, vec![bound])),
                }
            }
            "textfields" | "csv" => {
                let rows: Vec<Row> = texts(draft, flow, from).into_iter().map(|text| row(column, text)).collect();
                draft.exact(from.part(), Some(from.line), format!("{} values of `{}`.", rows.len(), variable(column)));
                sources.push(rows);
            }
            kind => {
                let words = format!("`{column}` comes from a node of the kind {kind}; give it values in the dataset.");
                draft.unsupported(format!("{} {column}", node.part()), Some(node.line), words);
            }
        }
    }
    for (table, columns) in tables {
        let rows = rows(table, &columns);
        draft.exact(table.part(), Some(table.line), format!("{} rows.", rows.len()));
        sources.push(rows);
    }
    product(draft, node, &sources)
}

fn row(column: &str, text: String) -> Row {
    Map::from_iter([(variable(column), Value::String(text))])
}

/// The texts of a node of fields or items.
fn texts(draft: &mut Draft, flow: &Flow, node: &Node) -> Vec<String> {
    let hidden = node.data.get("fields_visibility").or_else(|| node.data.get("fieldVisibility"));
    let is_shown = |name: &str| hidden.and_then(|hidden| hidden.get(name)) != Some(&Value::Bool(false));
    let texts: Vec<String> = match node.data.get("fields") {
        Some(Value::Object(fields)) => {
            fields.iter().filter(|(name, _)| is_shown(name)).filter_map(|(_, value)| text(value)).collect()
        }
        Some(Value::Array(fields)) => fields.iter().filter_map(text).collect(),
        _ => {
            let items = node.data.get("text").and_then(Value::as_str).unwrap_or_default();
            items
                .split([',', '\n'])
                .map(|item| item.trim().trim_matches('"').to_owned())
                .filter(|item| !item.is_empty())
                .collect()
        }
    };
    if flow.edges.iter().any(|edge| edge.target == node.id) {
        let words = "Its texts have slots that other nodes fill; here they stay as they are.";
        draft.unsupported(node.part(), Some(node.line), words);
    }
    texts
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| value.get("text")?.as_str())?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A table's rows: columns that fill a slot under its name, the others under their own.
fn rows(table: &Node, bound: &[(String, String)]) -> Vec<Row> {
    let columns = table.data.get("columns").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let headers: HashMap<&str, &str> = columns
        .iter()
        .filter_map(|column| Some((column.get("key")?.as_str()?, column.get("header")?.as_str()?)))
        .collect();
    let rows = table.data.get("rows").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let row = |row: &Value| {
        let mut vars = Row::new();
        for (key, value) in row.as_object().into_iter().flatten().filter(|(key, _)| !key.starts_with("__")) {
            let header = headers.get(key.as_str()).copied().unwrap_or(key);
            vars.insert(variable(header), value.clone());
            for (_, name) in bound.iter().filter(|(handle, _)| handle == key || handle == header) {
                vars.insert(name.clone(), value.clone());
            }
        }
        vars
    };
    rows.iter().map(row).filter(|vars| !vars.is_empty()).collect()
}

/// Every combination of the sources' rows.
fn product(draft: &mut Draft, node: &Node, sources: &[Vec<Row>]) -> Vec<Case> {
    let all: usize = sources.iter().map(Vec::len).fold(1, usize::saturating_mul);
    if all > MOST_CASES {
        let words = format!("Its values combine to {all} cases; the first {MOST_CASES} are taken.");
        draft.unsupported(node.part(), Some(node.line), words);
    }
    if sources.is_empty() {
        return vec![Case::default()];
    }
    let case = |mut index: usize| {
        let mut vars = Row::new();
        for rows in sources.iter().rev() {
            let row = &rows[index % rows.len()];
            index /= rows.len();
            let own = row
                .iter()
                .filter(|(name, _)| !vars.contains_key(*name))
                .map(|(name, value)| (name.clone(), value.clone()));
            let own: Vec<(String, Value)> = own.collect();
            vars.extend(own);
        }
        Case { vars, ..Case::default() }
    };
    (0..all.min(MOST_CASES)).map(case).collect()
}
