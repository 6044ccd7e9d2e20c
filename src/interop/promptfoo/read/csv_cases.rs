//! A row of a CSV file becomes a test: special columns say what it expects, the others are its variables.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::csv::Row;
use super::desk::{Desk, Read, refuse};
use super::expected;
use super::spot::Spot;
use super::text::{leading_number, trim};
use crate::scoring::yaml;

const SPECIAL: [&str; 9] =
    ["expected", "prefix", "suffix", "description", "providerOutput", "metric", "threshold", "metadata", "config"];

#[derive(Default)]
struct Test {
    vars: Map<String, Value>,
    assertions: Vec<Map<String, Value>>,
    options: Map<String, Value>,
    metadata: Map<String, Value>,
    /// By the place of the assertion among those that the row has.
    thresholds: HashMap<usize, f64>,
    metric: Option<String>,
    rest: Map<String, Value>,
}

/// The test of a row; `number` counts the rows from 1.
pub(super) fn case(row: &Row, number: usize, desk: &Desk, spot: &Spot) -> Read<Map<String, Value>> {
    let mut test = Test::default();
    for (name, cell) in &row.cells {
        let name = trim(name);
        if number == 1 {
            warn_of_one_underscore(name, desk, spot);
        }
        test.take(name, cell, desk, spot)?;
    }
    Ok(test.finish(number))
}

fn warn_of_one_underscore(name: &str, desk: &Desk, spot: &Spot) {
    let special = |rest: &str| SPECIAL.iter().any(|word| rest.starts_with(word));
    if name.strip_prefix('_').is_some_and(|rest| !rest.starts_with('_') && special(rest)) {
        desk.warn(spot, format!("The column `{name}` is a variable. Special columns begin with two underscores."));
    }
}

impl Test {
    fn take(&mut self, name: &str, cell: &str, desk: &Desk, spot: &Spot) -> Read<()> {
        let text = || Value::from(cell);
        match name {
            _ if name.starts_with("__expected") => {
                if !trim(cell).is_empty() {
                    self.assertions.push(expected::assertion(trim(cell)));
                }
            }
            "__prefix" => _ = self.options.insert("prefix".to_owned(), text()),
            "__suffix" => _ = self.options.insert("suffix".to_owned(), text()),
            "__description" => _ = self.rest.insert("description".to_owned(), text()),
            "__providerOutput" if cell.is_empty() => {}
            "__providerOutput" => _ = self.rest.insert("providerOutput".to_owned(), text()),
            "__metric" => self.metric = Some(cell.to_owned()),
            "__threshold" => {
                if let Some(threshold) = whole_number(cell) {
                    self.rest.insert("threshold".to_owned(), Value::from(threshold));
                }
            }
            "__metadata" => desk.warn(spot, "The column `__metadata` needs a key, like `__metadata:topic`."),
            _ => match (name.strip_prefix("__metadata:"), name.strip_prefix("__config:")) {
                (Some(key), _) => self.take_metadata(key, cell),
                (_, Some(rest)) => self.take_config(name, rest, cell, desk, spot)?,
                _ => _ = self.vars.insert(name.to_owned(), text()),
            },
        }
        Ok(())
    }

    fn take_metadata(&mut self, key: &str, cell: &str) {
        if trim(cell).is_empty() {
            return;
        }
        match key.strip_suffix("[]") {
            Some(key) => _ = self.metadata.insert(key.to_owned(), Value::from(list(cell))),
            None => _ = self.metadata.insert(key.to_owned(), Value::from(cell)),
        }
    }

    /// `__config:__expected2:threshold`
    fn take_config(&mut self, name: &str, rest: &str, cell: &str, desk: &Desk, spot: &Spot) -> Read<()> {
        let parts: Vec<&str> = rest.split(':').collect();
        let [target, key] = parts[..] else {
            desk.warn(spot, format!("The column `{name}` is ignored: it must read `__config:__expected:threshold`."));
            return Ok(());
        };
        let number =
            target.strip_prefix("__expected").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(number) = number else {
            return Err(refuse(format!("The column `{name}` must name `__expected` or `__expected2`."), spot));
        };
        if key != "threshold" {
            return Err(refuse(format!("The column `{name}` sets `{key}`; only `threshold` can be set."), spot));
        }
        let Some(threshold) = leading_number(cell) else {
            return Err(refuse(format!("The cell of `{name}` must be a number, not `{cell}`."), spot));
        };
        let place =
            if number.is_empty() { Some(0) } else { number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)) };
        if let Some(place) = place {
            self.thresholds.insert(place, threshold);
        }
        Ok(())
    }

    fn finish(mut self, number: usize) -> Map<String, Value> {
        for (place, assertion) in self.assertions.iter_mut().enumerate() {
            if let Some(metric) = &self.metric {
                assertion.insert("metric".to_owned(), Value::from(metric.as_str()));
            }
            if let Some(threshold) = self.thresholds.get(&place) {
                assertion.insert("threshold".to_owned(), Value::from(*threshold));
                let whole = threshold.to_string().parse().map_or(Value::Null, Value::Number);
                self.metadata.insert("threshold".to_owned(), whole);
            }
        }
        let assertions: Vec<Value> = self.assertions.into_iter().map(Value::Object).collect();
        let mut test = Map::from_iter([
            ("vars".to_owned(), yaml::in_js_order(Value::Object(self.vars))),
            ("assert".to_owned(), Value::Array(assertions)),
            ("options".to_owned(), Value::Object(self.options)),
        ]);
        test.extend(self.rest);
        if !self.metadata.is_empty() {
            test.insert("metadata".to_owned(), Value::Object(self.metadata));
        }
        describe(&mut test, number);
        test
    }
}

/// A test of a file goes by its row where it has no description.
pub(super) fn describe(test: &mut Map<String, Value>, number: usize) {
    if !super::json::truthy(test.get("description")) {
        test.insert("description".to_owned(), Value::from(format!("Row #{number}")));
    }
}

/// A number from the first to the last character.
fn whole_number(cell: &str) -> Option<f64> {
    let cell = trim(cell);
    let plain = cell.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    plain.then(|| cell.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}

/// Cut at commas, except behind a backslash.
fn list(cell: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut previous = ' ';
    for letter in cell.chars() {
        match items.last_mut() {
            Some(item) if letter != ',' || previous == '\\' => item.push(letter),
            _ => items.push(String::new()),
        }
        previous = letter;
    }
    items.iter().map(|item| trim(item).replacen("\\,", ",", 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_at_commas() {
        assert_eq!(list("a, b ,c"), ["a", "b", "c"]);
        assert_eq!(list("a\\,b,c"), ["a,b", "c"]);
        assert_eq!(list(""), [""]);
    }

    #[test]
    fn a_threshold_is_a_whole_literal() {
        let check = |cell: &str, expect: Option<f64>| assert_eq!(whole_number(cell), expect, "{cell}");
        check("0", Some(0.0));
        check(" 1e-3 ", Some(0.001));
        check("0.5x", None);
        check("", None);
        check("inf", None);
    }
}
