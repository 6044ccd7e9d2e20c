//! The order of things: parse, follow references, fill in the environment, then providers, prompts, tests and rows.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::means::Means;
use super::super::report::{Ask, AskKind, Location, NoteKind, Refused};
use super::super::suite::{Code, DerivedMetric, PromptEntry, Row, Settings, Suite};
use super::access::{Access, FileFault};
use super::assertions::check_list;
use super::cases::{self, RawCase, read_vars};
use super::code;
use super::desk::{Desk, Read, refuse};
use super::environment;
use super::expand::{Board, Expander, check_references, count, needs_order};
use super::external::placed;
use super::find::find;
use super::json::{self, truthy};
use super::known;
use super::prompts;
use super::providers;
use super::refs::dereference;
use super::scenarios;
use super::spot::{Source, Spot};
use super::unfilled;
use crate::scoring::yaml;

/// Reads the config at `path`, or the one in the folder `path`.
///
/// # Errors
/// What promptfoo refuses to load, and what cannot be read without trust.
pub fn read(path: &Path, means: &Means) -> Result<Suite, Refused> {
    let file = find(path)?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
    let text = Access::new(&folder, &means.roots)
        .text(&file)
        .or_else(|fault| link_followed(&file, fault))
        .map_err(|fault| Refused::new(fault.sentence(), Location::whole(file.as_path())))?;
    let plain = Spot::file(file.as_path());
    let (document, places) = yaml::read_with_places(&text).map_err(|error| refuse_at(&file, &error))?;
    let spot = Spot::root(Source { file: file.as_path().into(), places: Some(places) });
    let desk = Desk::new(&folder, means);
    let providers = if document.get("targets").is_some() { "targets" } else { "providers" };
    let config = prepared(document, &desk, &spot);
    let suite =
        config.and_then(|config| Loading { desk: &desk, spot: &spot, config, providers }.suite(text, plain.location()));
    let mut asks = desk.still_needed().clone();
    if asks.is_empty() {
        return suite;
    }
    let others = suite.map_or_else(|_| desk.reports().0, |suite| suite.asks);
    let is_new = |ask: &Ask| !asks.iter().any(|needed| (needed.kind, &needed.subject) == (ask.kind, &ask.subject));
    let others: Vec<Ask> = others.into_iter().filter(is_new).collect();
    asks.extend(others);
    Err(Refused::NeedsTrust(asks))
}

/// The config itself was named by the user: a link to it is followed wherever it leads.
fn link_followed(file: &Path, fault: FileFault) -> Result<String, FileFault> {
    match (fault, file.canonicalize()) {
        (FileFault::Outside(_), Ok(real)) => {
            let folder = real.parent().unwrap_or(Path::new("/"));
            Access::new(folder, &[]).text(&real)
        }
        (fault, _) => Err(fault),
    }
}

fn refuse_at(file: &Path, error: &yaml::YamlError) -> Refused {
    let at = Location { file: file.into(), line: error.line, column: error.column };
    Refused::new(error.message.clone(), at)
}

/// References followed, the environment filled in, old names put right.
fn prepared(document: Value, desk: &Desk, spot: &Spot) -> Read<Map<String, Value>> {
    let document = if document.is_null() { Value::Object(Map::new()) } else { document };
    let document = dereference(document, desk, spot)?;
    desk.environment.set_own(document.get("env"));
    let Value::Object(mut config) = desk.environment.rendered_config(document) else {
        return Err(refuse("The config must be a mapping.", spot));
    };
    known::note_others(&config, known::CONFIG, desk, spot);
    known::note_unsupported(&config, desk, spot);
    if truthy(config.get("targets")) {
        if truthy(config.get("providers")) {
            desk.warn(&spot.then("providers"), "`targets` and `providers` mean the same. The targets are taken.");
        }
        if let Some(targets) = config.remove("targets") {
            config.insert("providers".to_owned(), targets);
        }
    }
    Ok(config)
}

struct Loading<'a> {
    desk: &'a Desk<'a>,
    spot: &'a Spot,
    config: Map<String, Value>,
    /// What the config calls its providers.
    providers: &'static str,
}

impl Loading<'_> {
    fn suite(mut self, text: String, at: Location) -> Read<Suite> {
        let prompts = self.prompts()?;
        let providers = providers::read(self.value("providers"), self.desk, &self.spot.then(self.providers))?;
        let columns = providers.columns(&prompts);
        let defaults = self.defaults()?;
        let board = Board {
            providers: &providers.entries,
            prompts: &prompts,
            columns: &columns,
            repeat: self.option("repeat").and_then(count).unwrap_or(1),
        };
        self.mention(&prompts);
        let tests = self.config.remove("tests").unwrap_or_default();
        let rows = self.rows(tests, board, &defaults)?;
        unfilled::note(&prompts, &columns, &rows, self.desk);
        let env = self.desk.environment.of_templates();
        let settings = self.settings(&rows, &prompts);
        let filters = self.filters();
        let derived_metrics = self.derived_metrics();
        self.ask_for_variables(&text);
        let (asks, notes) = self.desk.reports();
        Ok(Suite {
            file: at.file,
            folder: self.desk.folder.clone(),
            description: self.config.get("description").filter(|text| truthy(Some(text))).map(json::text_of),
            providers: providers.entries,
            prompts,
            columns,
            rows,
            derived_metrics,
            settings,
            env,
            filters,
            asks,
            notes,
            text,
        })
    }

    fn value(&self, name: &str) -> &Value {
        self.config.get(name).unwrap_or(&Value::Null)
    }

    /// An option of the command line wins over one of the evaluation.
    fn option(&self, name: &str) -> Option<&Value> {
        let of = |group: &str| self.value(group).get(name).filter(|value| !value.is_null());
        of("commandLineOptions").or_else(|| of("evaluateOptions"))
    }

    fn prompts(&self) -> Read<Vec<PromptEntry>> {
        let spot = self.spot.then("prompts");
        if truthy(self.config.get("prompts")) {
            prompts::read(self.value("prompts"), self.desk, &spot)
        } else {
            prompts::read(&Value::from("{{prompt}}"), self.desk, &spot)
        }
    }

    /// What all tests have: `defaultTest`, perhaps from a file.
    fn defaults(&self) -> Read<RawCase> {
        let spot = self.spot.then("defaultTest");
        let value = self.value("defaultTest");
        let (value, spot) = match value {
            Value::String(text) if !text.is_empty() && !text.starts_with("file://") => {
                placed(&Value::from(format!("file://{text}")), self.desk, &spot)?
            }
            other => placed(other, self.desk, &spot)?,
        };
        let mut map = match value {
            Value::Object(map) => map,
            _ => Map::from_iter(self.config.get("metadata").map(|metadata| ("metadata".to_owned(), metadata.clone()))),
        };
        read_vars(&mut map, std::slice::from_ref(&self.desk.folder), self.desk, &spot)?;
        known::note_others(&map, known::CASE, self.desk, &spot);
        if let Some(options) = map.get("options").and_then(Value::as_object) {
            known::note_test_options(options, self.desk, &spot.then("options"));
        }
        check_list(map.get("assert"), &spot.then("assert"))?;
        Ok(RawCase::new(map, spot))
    }

    fn rows(&self, tests: Value, board: Board, defaults: &RawCase) -> Read<Vec<Row>> {
        let (providers, prompts) = (board.providers, board.prompts);
        check_references(defaults, providers, Some(prompts))?;
        let mut tests = cases::read(tests, self.desk, &self.spot.then("tests"))?;
        for test in &tests {
            check_list(test.map.get("assert"), &test.spot.then("assert"))?;
            check_references(test, providers, Some(prompts))?;
        }
        let spot = self.spot.then("scenarios");
        let scenarios = self.value("scenarios");
        if truthy(Some(scenarios)) {
            let played = scenarios::read(scenarios, &defaults.map, self.desk, &spot)?;
            played.iter().try_for_each(|test| check_references(test, providers, None))?;
            tests.extend(played);
        } else if tests.is_empty() {
            tests.push(RawCase::new(Map::new(), self.spot.clone()));
        }
        let mut expander = Expander::new(self.desk, board, defaults.clone());
        for test in tests {
            expander.add(test)?;
        }
        Ok(expander.rows())
    }

    fn settings(&self, rows: &[Row], prompts: &[PromptEntry]) -> Settings {
        known::note_options(&self.config, self.desk, self.spot);
        let delay_ms = self.option("delay").and_then(Value::as_f64).filter(|delay| *delay > 0.0);
        Settings {
            max_concurrency: self.option("maxConcurrency").and_then(count),
            delay_ms,
            sequential: delay_ms.is_some() || needs_order(rows, prompts),
            cache: self.option("cache") != Some(&Value::Bool(false)),
            timeout_ms: self.option("timeoutMs").and_then(Value::as_f64).filter(|limit| *limit > 0.0),
        }
    }

    fn filters(&self) -> Vec<(String, Code)> {
        let filters = self.value("nunjucksFilters").as_object().into_iter().flatten();
        let spot = self.spot.then("nunjucksFilters");
        let filter = |(name, file): (&String, &Value)| {
            let spot = spot.then(name.as_str());
            let text = "Filters of one's own are not run; a template that uses one makes its trial an error.";
            self.desk.unsupported(&spot, text);
            Some((name.clone(), code::of_file(file.as_str()?, self.desk, &spot)))
        };
        filters.filter_map(filter).collect()
    }

    fn derived_metrics(&self) -> Vec<DerivedMetric> {
        let spot = self.spot.then("derivedMetrics");
        let metrics = self.value("derivedMetrics").as_array().into_iter().flatten().enumerate();
        metrics
            .filter_map(|(index, metric)| {
                let map = metric.as_object()?;
                known::note_others(map, known::METRIC, self.desk, &spot.then(index));
                let name = map.get("name").map(json::text_of)?;
                let text = format!("`{name}` is computed by `strata eval`, and not in a project.");
                self.desk.note(NoteKind::NotInProject, &spot.then(index), text);
                Some(DerivedMetric { name, value: map.get("value").cloned().unwrap_or_default() })
            })
            .collect()
    }

    fn ask_for_variables(&self, text: &str) {
        let lines = environment::lines(text);
        let plain = Spot::file(self.spot.location().file);
        for name in self.desk.environment.asked() {
            let spot = lines.get(name.as_str()).map_or_else(|| plain.clone(), |line| plain.at_line(*line));
            self.desk.ask(AskKind::Environment, name, &spot);
        }
    }

    /// The texts that mention the environment, outside of the providers.
    fn mention(&self, prompts: &[PromptEntry]) {
        for (_, value) in self.config.iter().filter(|(key, _)| *key != "providers") {
            gather(value, self.desk);
        }
        for prompt in prompts {
            self.desk.environment.mention(&prompt.raw);
        }
    }
}

fn gather(value: &Value, desk: &Desk) {
    match value {
        Value::String(text) => desk.environment.mention(text),
        Value::Array(items) => items.iter().for_each(|item| gather(item, desk)),
        Value::Object(map) => map.values().for_each(|value| gather(value, desk)),
        _ => {}
    }
}
