//! Tests become rows: the defaults merged in, then for each repeat each combination of the variables.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::report::AskKind;
use super::super::suite::{AssertionEntry, CaseEntry, CaseOptions, Column, FileTexts, PromptEntry, ProviderEntry, Row};
use super::assertions;
use super::cases::RawCase;
use super::code;
use super::desk::{Desk, Read, refuse};
use super::globs;
use super::json::{self, truthy};
use super::known;
use super::matching::{names_prompt, names_provider};
use super::scenarios::spread;
use super::size;
use super::spot::Spot;
use super::var_files::Contents;

/// More rows are refused.
const MOST_ROWS: usize = 1_000_000;
/// Bytes of all rows' variables, each row with its own: more are refused.
const MOST_BYTES: usize = 512 << 20;

/// What the rows are made for.
pub(super) struct Board<'a> {
    pub providers: &'a [ProviderEntry],
    pub prompts: &'a [PromptEntry],
    pub columns: &'a [Column],
    /// Of the whole config.
    pub repeat: usize,
}

/// A test's `providers` and `prompts`.
type Selection = (Option<Value>, Option<Value>);

/// Variables, what files hold that they name, and why a file cannot be read.
type Filled = (Arc<Map<String, Value>>, FileTexts, Option<String>);

pub(super) struct Expander<'a> {
    desk: &'a Desk<'a>,
    board: Board<'a>,
    defaults: RawCase,
    default_assertions: Vec<Arc<AssertionEntry>>,
    rows: Vec<Row>,
    next: usize,
    /// Of the rows so far.
    bytes: usize,
    files: Contents,
    /// The columns of a pair of selections, since most tests share one.
    selections: HashMap<Selection, Arc<[usize]>>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(desk: &'a Desk<'a>, board: Board<'a>, defaults: RawCase) -> Self {
        let default_assertions = listed(&defaults, desk);
        Self {
            desk,
            board,
            defaults,
            default_assertions,
            rows: Vec::new(),
            next: 0,
            bytes: 0,
            files: Contents::default(),
            selections: HashMap::new(),
        }
    }

    pub(super) fn rows(self) -> Vec<Row> {
        self.rows
    }

    pub(super) fn add(&mut self, case: RawCase) -> Read<()> {
        let options = spread(&[self.defaults.map.get("options"), case.map.get("options")]);
        let vars = spread(&[self.defaults.map.get("vars"), case.map.get("vars")]);
        let vars = self.transformed(vars, &case)?;
        let columns = self.columns(&case);
        let repeat = options.get("repeat").and_then(count).unwrap_or(self.board.repeat);
        let whole = truthy(options.get("disableVarExpansion"));
        let combinations = if whole { vec![vars] } else { self.combinations(vars, &case.spot)? };
        if self.next.saturating_add(combinations.len().saturating_mul(repeat)) > MOST_ROWS {
            return Err(refuse(format!("The tests make more than {MOST_ROWS} rows."), &case.spot));
        }
        let spot = case.spot.then("vars");
        let mut filled = Vec::with_capacity(combinations.len());
        for vars in combinations {
            filled.push(self.filled(vars, repeat, &spot)?);
        }
        let entry = Arc::new(self.entry(case, options));
        for repeat_index in 0..repeat {
            for (vars, loaded, vars_error) in &filled {
                self.rows.push(Row {
                    test_idx: self.next,
                    repeat_index,
                    vars: Arc::clone(vars),
                    loaded: Arc::clone(loaded),
                    vars_error: vars_error.clone(),
                    columns: Arc::clone(&columns),
                    case: Arc::clone(&entry),
                });
                self.next += 1;
            }
        }
        Ok(())
    }

    /// The variables with what their files hold, or why that cannot be read; counted for each of the repeats.
    fn filled(&mut self, vars: Map<String, Value>, repeat: usize, spot: &Spot) -> Read<Filled> {
        let (loaded, error) = match self.files.of(&vars, self.desk, spot) {
            Ok(loaded) => (loaded, None),
            Err(why) => (Arc::default(), Some(why)),
        };
        let texts: usize = loaded.iter().map(|(_, text)| text.len()).sum();
        let bytes = (size::bytes_of(&vars) + texts).saturating_mul(repeat);
        self.bytes = self.bytes.saturating_add(bytes);
        self.check_bytes(0, spot)?;
        Ok((Arc::new(vars), loaded, error))
    }

    /// Whether so many more bytes still fit.
    fn check_bytes(&self, more: usize, spot: &Spot) -> Read<()> {
        if self.bytes.saturating_add(more) <= MOST_BYTES {
            return Ok(());
        }
        let why = format!(
            "The variables of the tests come to more than {} MB, since each test has its own copy of them and of the \
             files that they name. Split the config into several, or let it name shorter files.",
            MOST_BYTES >> 20
        );
        Err(refuse(why, spot))
    }

    /// The variables after `transformVars`, the test's own or the defaults'.
    fn transformed(&self, vars: Map<String, Value>, case: &RawCase) -> Read<Map<String, Value>> {
        let transform = |map: &Map<String, Value>| {
            map.get("options")
                .and_then(|options| options.get("transformVars"))
                .filter(|code| truthy(Some(code)))
                .cloned()
        };
        let Some(value) = transform(&case.map).or_else(|| transform(&self.defaults.map)) else { return Ok(vars) };
        let spot = case.spot.then("options").then("transformVars");
        let Some(code) = code::of_transform(Some(&value), self.desk, &spot) else { return Ok(vars) };
        let Some(run) = self.desk.means.transform_vars else {
            let text =
                "It is run when the config is read, and only where it is trusted. The variables stay as they are.";
            self.desk.unsupported(&spot, text);
            return Ok(vars);
        };
        let set = run(&code, &vars).map_err(|why| refuse(format!("`transformVars` failed: {why}"), &spot))?;
        Ok(spread(&[Some(&Value::Object(vars)), Some(&Value::Object(set))]))
    }

    /// Every combination of the variables that are lists of texts or file patterns; the first varies slowest.
    fn combinations(&self, vars: Map<String, Value>, spot: &Spot) -> Read<Vec<Map<String, Value>>> {
        let mut choices = Vec::with_capacity(vars.len());
        for (name, value) in vars {
            let values = self.values(&name, value, spot)?;
            choices.push((name, values));
        }
        self.check_combinations(&choices, spot)?;
        let mut combinations = vec![Map::new()];
        for (name, values) in choices {
            if let [only] = &values[..] {
                for combination in &mut combinations {
                    combination.insert(name.clone(), only.clone());
                }
                continue;
            }
            combinations = combinations
                .iter()
                .flat_map(|combination| {
                    values.iter().map(|value| {
                        let mut longer = combination.clone();
                        longer.insert(name.clone(), value.clone());
                        longer
                    })
                })
                .collect();
        }
        Ok(combinations)
    }

    /// How many there will be, and how large, before any is made.
    fn check_combinations(&self, choices: &[(String, Vec<Value>)], spot: &Spot) -> Read<()> {
        let count = choices.iter().fold(1_usize, |count, (_, values)| count.saturating_mul(values.len()));
        if count > MOST_ROWS {
            return Err(refuse(format!("The variables make more than {MOST_ROWS} combinations."), spot));
        }
        let bytes = choices.iter().map(|(_, values)| {
            let each: usize = values.iter().map(size::bytes).sum();
            each.saturating_mul(count / values.len().max(1))
        });
        self.check_bytes(bytes.fold(0, usize::saturating_add), spot)
    }

    fn values(&self, name: &str, value: Value, spot: &Spot) -> Read<Vec<Value>> {
        match value {
            Value::Array(items) if items.first().is_some_and(Value::is_string) => Ok(items),
            Value::String(text) if text.starts_with("file://") => {
                let pattern = text.strip_prefix("file://").unwrap_or_default();
                let spot = spot.then("vars").then(name);
                match globs::matches(self.desk, &self.desk.folder, pattern) {
                    Ok(names) if names.is_empty() => {
                        Err(refuse(format!("No file matches `{pattern}`, which the variable `{name}` names."), &spot))
                    }
                    Ok(names) => Ok(names.into_iter().map(|name| Value::from(format!("file://{name}"))).collect()),
                    Err(fault) => {
                        self.desk.ask(AskKind::File, self.desk.path(pattern).display().to_string(), &spot);
                        self.desk.warn(&spot, fault.sentence());
                        Ok(vec![Value::String(text)])
                    }
                }
            }
            other => Ok(vec![other]),
        }
    }

    fn columns(&mut self, case: &RawCase) -> Arc<[usize]> {
        let chosen = |name: &str| {
            let own = case.map.get(name).filter(|value| !value.is_null());
            own.or_else(|| self.defaults.map.get(name)).filter(|value| value.is_array()).cloned()
        };
        let key = (chosen("providers"), chosen("prompts"));
        if let Some(known) = self.selections.get(&key) {
            return Arc::clone(known);
        }
        let (providers, prompts) = (names(key.0.as_ref()), names(key.1.as_ref()));
        let wanted = |column: &Column| {
            let provider = &self.board.providers[column.provider];
            let prompt = &self.board.prompts[column.prompt];
            providers.as_ref().is_none_or(|names| names.iter().any(|name| names_provider(name, provider)))
                && prompts.as_ref().is_none_or(|names| names.iter().any(|name| names_prompt(name, prompt)))
        };
        let columns = self.board.columns.iter().enumerate();
        let columns: Arc<[usize]> = columns.filter(|(_, column)| wanted(column)).map(|(index, _)| index).collect();
        self.selections.insert(key, Arc::clone(&columns));
        columns
    }

    fn entry(&self, case: RawCase, options: Map<String, Value>) -> CaseEntry {
        known::note_others(&case.map, known::CASE, self.desk, &case.spot);
        if let Some(options) = case.map.get("options").and_then(Value::as_object) {
            known::note_test_options(options, self.desk, &case.spot.then("options"));
        }
        let own = |name: &str| case.map.get(name).filter(|value| !value.is_null());
        let either = |name: &str| own(name).or_else(|| self.defaults.map.get(name)).filter(|value| !value.is_null());
        let without_defaults = case.map.get("options").and_then(|options| options.get("disableDefaultAsserts"))
            == Some(&Value::Bool(true));
        let mut assertions = if without_defaults { Vec::new() } else { self.default_assertions.clone() };
        assertions.extend(listed(&case, self.desk));
        let scoring = |map: &Map<String, Value>, spot: &Spot| {
            let value = map.get("assertScoringFunction").filter(|value| truthy(Some(value)))?;
            Some(code::of_file(value.as_str()?, self.desk, &spot.then("assertScoringFunction")))
        };
        CaseEntry {
            description: own("description").map(json::text_of),
            assertions,
            threshold: either("threshold").and_then(Value::as_f64),
            options: self.options(options, &case),
            provider: either("provider").cloned(),
            provider_output: own("providerOutput").filter(|output| truthy(Some(output))).cloned(),
            metadata: spread(&[self.defaults.map.get("metadata"), case.map.get("metadata")]),
            scoring_function: scoring(&case.map, &case.spot)
                .or_else(|| scoring(&self.defaults.map, &self.defaults.spot)),
            at: case.spot.location(),
            authored: Arc::new(case.map),
        }
    }

    fn options(&self, all: Map<String, Value>, case: &RawCase) -> CaseOptions {
        let spot = |name: &str| {
            let owned = case.map.get("options").is_some_and(|options| options.get(name).is_some());
            let holder = if owned { &case.spot } else { &self.defaults.spot };
            holder.then("options").then(name)
        };
        let defaults = self.defaults.map.get("options");
        // An empty text of the test's leaves the defaults'.
        let around = |name: &str| {
            let found = [all.get(name), defaults.and_then(|options| options.get(name))];
            found.into_iter().find(|value| truthy(*value)).flatten().map(json::text_of).unwrap_or_default()
        };
        let transform = ["transform", "postprocess"].iter().find(|name| truthy(all.get(**name))).copied();
        let present = |name: &str| all.get(name).filter(|value| !value.is_null()).cloned();
        CaseOptions {
            prefix: around("prefix"),
            suffix: around("suffix"),
            transform: transform.and_then(|name| code::of_transform(all.get(name), self.desk, &spot(name))),
            store_output_as: all.get("storeOutputAs").filter(|name| truthy(Some(name))).map(json::text_of),
            grader: present("provider"),
            rubric_prompt: present("rubricPrompt"),
            run_serially: truthy(all.get("runSerially")),
            all,
        }
    }
}

fn listed(case: &RawCase, desk: &Desk) -> Vec<Arc<AssertionEntry>> {
    case.assertions().map(|(item, spot)| Arc::new(assertions::entry(item, desk, &spot))).collect()
}

fn names(value: Option<&Value>) -> Option<Vec<String>> {
    Some(value?.as_array()?.iter().map(json::text_of).collect())
}

/// A whole number from 1.
pub(super) fn count(value: &Value) -> Option<usize> {
    value.as_u64().filter(|count| *count > 0).and_then(|count| usize::try_from(count).ok())
}

/// Names that match nothing are refused, as promptfoo refuses them.
pub(super) fn check_references(
    case: &RawCase,
    providers: &[ProviderEntry],
    prompts: Option<&[PromptEntry]>,
) -> Read<()> {
    if let Some(value) = case.map.get("providers").filter(|value| truthy(Some(value))) {
        let spot = case.spot.then("providers");
        let Value::Array(_) = value else { return Err(refuse("`providers` must be a list.", &spot)) };
        for name in names(Some(value)).unwrap_or_default() {
            if !providers.iter().any(|provider| names_provider(&name, provider)) {
                return Err(refuse(format!("There is no provider `{name}`."), &spot));
            }
        }
    }
    let Some(prompts) = prompts else { return Ok(()) };
    for name in names(case.map.get("prompts")).unwrap_or_default() {
        if !prompts.iter().any(|prompt| names_prompt(&name, prompt)) {
            return Err(refuse(format!("There is no prompt `{name}`."), &case.spot.then("prompts")));
        }
    }
    Ok(())
}

/// Whether rows build on the answers of earlier ones.
pub(super) fn needs_order(rows: &[Row], prompts: &[PromptEntry]) -> bool {
    let conversation = prompts.iter().any(|prompt| prompt.raw.contains("_conversation"));
    conversation || rows.iter().any(|row| row.case.options.store_output_as.is_some())
}
