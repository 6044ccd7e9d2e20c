//! Cases become tests.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::checks::Checks;
use super::notes::Notes;
use super::scripts;
use crate::domain::{Case, Dialect, ModelId, PassRule, VariantId};
use crate::interop::promptfoo::import::test_index;

/// Variables that an import adds and promptfoo has by itself.
const OWN: [&str; 2] = ["__repeatIndex", "env"];

/// What the config calls prompts and providers.
pub(super) struct Names {
    pub variants: BTreeMap<VariantId, String>,
    pub models: BTreeMap<ModelId, String>,
    /// Some prompts are texts, in which promptfoo fills in variables that are templates themselves.
    pub has_texts: bool,
    /// Some prompts are chats in JSON, in which it does not.
    pub has_chats: bool,
}

pub(super) fn test(case: &Case, dialect: Dialect, names: &Names, checks: &Checks, notes: &mut Notes) -> Value {
    let mut test = Map::new();
    let description = match case.note.as_str() {
        "" if test_index(&case.id).is_none() => case.id.as_str(),
        note => note,
    };
    if !description.is_empty() {
        test.insert("description".to_owned(), description.into());
    }
    let vars = vars(case, dialect, names, notes);
    let options = options(case, &vars, notes);
    test.insert("vars".to_owned(), Value::Object(vars));
    let assertions = checks.written(&case.checks, notes);
    if !assertions.is_empty() {
        test.insert("assert".to_owned(), assertions.into());
    }
    match case.pass {
        Some(PassRule::Score(least)) => _ = test.insert("threshold".to_owned(), json!(least)),
        Some(PassRule::All) => {
            notes.add("That all checks of a case must pass is not written where the experiment has a score.");
        }
        None => {}
    }
    if let Some(given) = &case.options.given {
        test.insert("providerOutput".to_owned(), given.clone());
    }
    if !options.is_empty() {
        test.insert("options".to_owned(), Value::Object(options));
    }
    let metadata = metadata(case);
    if !metadata.is_empty() {
        test.insert("metadata".to_owned(), Value::Object(metadata));
    }
    test.extend(case.options.kept.clone());
    chosen(case, names, &mut test);
    tell(case, notes);
    Value::Object(test)
}

fn vars(case: &Case, dialect: Dialect, names: &Names, notes: &mut Notes) -> Map<String, Value> {
    let kept = case.vars.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let mut vars: Map<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    if dialect == Dialect::Jinja {
        vars.values_mut().for_each(|value| as_data(value, names, notes));
        if !case.expected.is_empty() {
            vars.insert("expected".to_owned(), Value::Object(case.expected.clone()));
        }
    }
    if vars.values().any(|value| value.as_str().is_some_and(|text| text.starts_with("file://"))) {
        notes.add("A variable begins with file://, so promptfoo will read that file in its place.");
    }
    vars
}

/// promptfoo fills in variables that are templates, and takes a line end off; Strata takes them as they are.
fn as_data(value: &mut Value, names: &Names, notes: &mut Notes) {
    let Value::String(text) = value else { return };
    if ["{{", "{%", "{#"].iter().any(|tag| text.contains(tag)) {
        if names.has_chats && names.has_texts || text.contains("endraw") {
            notes.add("A variable has template tags in it, which promptfoo may fill in.");
        } else if names.has_texts {
            *text = format!("{{% raw %}}{text}{{% endraw %}}");
        }
    }
    if text.ends_with('\n') {
        text.push('\n');
    }
}

fn options(case: &Case, vars: &Map<String, Value>, notes: &mut Notes) -> Map<String, Value> {
    let mut options = Map::new();
    for (name, text) in [("prefix", &case.options.prefix), ("suffix", &case.options.suffix)] {
        if !text.is_empty() {
            options.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(code) = case.options.transform.as_ref().and_then(|code| scripts::written(code, notes)) {
        options.insert("transform".to_owned(), code.into());
    }
    if let Some(name) = &case.options.store_as {
        options.insert("storeOutputAs".to_owned(), json!(name));
    }
    // A list that begins with a text would become a test for each of its items.
    if vars.values().any(|value| value.as_array().is_some_and(|items| items.first().is_some_and(Value::is_string))) {
        options.insert("disableVarExpansion".to_owned(), true.into());
    }
    options
}

fn metadata(case: &Case) -> Map<String, Value> {
    let mut metadata = case.options.metadata.clone();
    if let Some(conversation) = &case.options.conversation {
        metadata.entry("conversationId").or_insert_with(|| json!(conversation));
    }
    if !case.tags.is_empty() {
        metadata.insert("tags".to_owned(), json!(case.tags));
    }
    metadata
}

/// The only providers and prompts of the case.
fn chosen(case: &Case, names: &Names, test: &mut Map<String, Value>) {
    if let Some(models) = &case.options.models {
        let known: Vec<&String> = models.iter().filter_map(|id| names.models.get(id)).collect();
        test.insert("providers".to_owned(), json!(known));
    }
    if let Some(variants) = &case.options.variants {
        let known: Vec<&String> = variants.iter().filter_map(|id| names.variants.get(id)).collect();
        test.insert("prompts".to_owned(), json!(known));
    }
}

fn tell(case: &Case, notes: &mut Notes) {
    if case.options.repetition > 0 {
        notes.add("Repetitions stand as tests of their own, and promptfoo may answer them from its cache.");
    }
    if case.options.scoring.is_some() {
        notes.add(
            "A function that makes a test's verdict is left out: put it beside the config as `assertScoringFunction`.",
        );
    }
    if let Some(why) = &case.options.broken {
        notes.add(format!(
            "A test that could not be read when it was imported is written without what was wrong: {why}"
        ));
    }
}
