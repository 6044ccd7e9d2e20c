//! Patterns of tables and columns that may be touched, against names like `select::null::users`: the verb, the database or
//! the table, and the table or the column. A pattern may fit anywhere in a name, in any case.

use regress::Regex;
use serde_json::Value;

use super::super::Undone;

/// Longer names fit nothing: patterns may backtrack.
const LONGEST: usize = 1_000;

#[derive(Debug)]
pub(super) struct Allowed {
    /// Nothing where a pattern is invalid or the list is no list: that allows nothing.
    patterns: Option<Vec<Regex>>,
}

impl Allowed {
    /// Nothing where no list is given, or an empty one.
    pub(super) fn tables(value: &Value) -> Option<Self> {
        let patterns = match value {
            Value::Array(items) => Some(items.iter().map(written).collect()),
            Value::String(text) => Some(text.chars().map(String::from).collect()),
            Value::Null | Value::Bool(false) => return None,
            Value::Number(number) if number.as_f64() == Some(0.0) => return None,
            _ => None,
        };
        Self::compile(patterns)
    }

    /// A column that is allowed of a table is allowed without its table too.
    pub(super) fn columns(value: &Value) -> Result<Option<Self>, Undone> {
        let patterns: Vec<String> = match value {
            Value::Array(items) => {
                items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(odd)).collect::<Result<_, _>>()?
            }
            Value::String(text) => text.chars().map(String::from).collect(),
            Value::Null | Value::Bool(false) => return Ok(None),
            Value::Number(number) if number.as_f64() == Some(0.0) => return Ok(None),
            _ => return Err(odd()),
        };
        let bare = patterns.iter().filter_map(|pattern| match pattern.split("::").collect::<Vec<_>>()[..] {
            [verb, table, column] if table != "null" => Some(format!("{verb}::null::{column}")),
            _ => None,
        });
        let bare: Vec<String> = bare.collect();
        Ok(Self::compile(Some(patterns.into_iter().chain(bare).collect())))
    }

    fn compile(patterns: Option<Vec<String>>) -> Option<Self> {
        if patterns.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let compiled =
            patterns.and_then(|patterns| patterns.iter().map(|pattern| Regex::with_flags(pattern, "i").ok()).collect());
        Some(Self { patterns: compiled })
    }

    /// The first of the names that fits no pattern.
    pub(super) fn refused<'n>(&self, names: &'n [String]) -> Option<&'n str> {
        let fits = |name: &str| {
            name.len() <= LONGEST
                && self.patterns.as_ref().is_some_and(|all| all.iter().any(|pattern| pattern.find(name).is_some()))
        };
        names.iter().map(String::as_str).find(|name| !fits(name))
    }
}

fn odd() -> Undone {
    Undone("`allowedColumns` is a list of patterns.".to_owned())
}

fn written(item: &Value) -> String {
    item.as_str().map_or_else(|| item.to_string(), str::to_owned)
}
