//! Variants become prompts: one text, or a chat in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::notes::Notes;
use crate::compose::nunjucks::Template;
use crate::compose::{Composer, Library};
use crate::domain::{Case, Content, DatasetId, Dialect, Experiment, Project, Prompt, Role, Source, Variant, VariantId};
use crate::interop::bodies::settings;
use crate::interop::promptfoo::read::looks_like_a_path;
use crate::interop::slots::Slots;

pub(super) struct Written {
    pub variant: VariantId,
    /// What providers and tests name it by.
    pub label: String,
    pub entry: Value,
    /// Messages in JSON, whose strings are filled in one by one.
    pub is_chat: bool,
    /// Values for variables that a case lacks.
    pub defaults: BTreeMap<String, Value>,
}

pub(super) fn written(project: &Project, experiment: &Experiment, cases: &[Case], notes: &mut Notes) -> Vec<Written> {
    let mut taken = BTreeSet::new();
    let mut found = Vec::new();
    for id in &experiment.variants {
        let Some(variant) = project.variants.get(id) else {
            notes.add(format!("The variant `{id}` is left out: it is not there."));
            continue;
        };
        match frozen(project, experiment, variant, cases) {
            Ok(prompt) => found.push(one(id, variant, &prompt, project.spec.dialect, &mut taken, notes)),
            Err(why) => notes.add(format!("The variant `{id}` is left out: {why}")),
        }
    }
    found
}

/// The prompt with its overrides, snippets and examples written out.
fn frozen(project: &Project, experiment: &Experiment, variant: &Variant, cases: &[Case]) -> Result<Prompt, String> {
    let examples = |id: &DatasetId| match &project.datasets.get(id)?.source {
        Source::Cases(cases) => Some(Arc::new(cases.clone())),
        Source::File(_) => (*id == experiment.dataset).then(|| Arc::new(cases.to_vec())),
    };
    let prompts = &project.prompts;
    let prompt = prompts.get(&variant.prompt).ok_or_else(|| format!("there is no prompt `{}`.", variant.prompt))?;
    let library = Library { dialect: project.spec.dialect, prompts, examples: &examples };
    let composer = Composer::new(prompt, variant, &library)
        .map_err(|problems| problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join(" "))?;
    Ok(composer.frozen())
}

fn one(
    id: &VariantId,
    variant: &Variant,
    prompt: &Prompt,
    dialect: Dialect,
    taken: &mut BTreeSet<String>,
    notes: &mut Notes,
) -> Written {
    let raw = text(id, prompt, dialect, notes);
    tell(id, variant, prompt, notes);
    let titles = [&variant.title, &prompt.title].into_iter().find(|title| !title.is_empty());
    let label = match titles {
        Some(title) => title.clone(),
        None if dialect == Dialect::Nunjucks => raw.clone(),
        None => id.0.clone(),
    };
    let label = if taken.contains(&label) { id.0.clone() } else { label };
    taken.insert(label.clone());
    let mut entry = Map::from_iter([("raw".to_owned(), json!(raw)), ("label".to_owned(), json!(label))]);
    // Parameters of the variant's own, which promptfoo hands to the provider with the prompt.
    let mut config = settings(&variant.params);
    if let Some(Value::Object(kept)) = variant.kept.get("config") {
        for (name, value) in kept {
            config.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    if !config.is_empty() {
        entry.insert("config".to_owned(), Value::Object(config));
    }
    for (name, value) in &variant.kept {
        entry.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let is_plain = label == raw && entry.len() == 2;
    let defaults =
        prompt.variables.iter().filter_map(|(name, variable)| Some((name.clone(), variable.default.clone()?)));
    let defaults = defaults.collect();
    Written {
        variant: id.clone(),
        label,
        is_chat: serde_json::from_str::<Value>(&raw).is_ok(),
        entry: if is_plain { json!(raw) } else { Value::Object(entry) },
        defaults,
    }
}

/// The text that promptfoo fills in.
fn text(id: &VariantId, prompt: &Prompt, dialect: Dialect, notes: &mut Notes) -> String {
    if let Some(text) = only_text(prompt).filter(|_| dialect == Dialect::Nunjucks) {
        return no_path(id, text, notes);
    }
    let slots = Slots::of(prompt);
    if dialect == Dialect::Jinja {
        slots.messages.iter().for_each(|message| check_template(id, &message.content, notes));
    }
    if !slots.tools.is_empty() {
        notes.add(format!("The tools of `{id}` are not written: put them into the providers' `config.tools`."));
    }
    if !slots.response.is_text() {
        notes.add(format!(
            "The schema that `{id}` asks of the provider is not written: put it into the providers' `config.response_format`."
        ));
    }
    match &slots.messages[..] {
        [message] if message.role == Role::User && !has_roles(prompt) => no_path(id, &message.content, notes),
        messages => {
            let chat: Vec<Value> =
                messages.iter().map(|said| json!({ "role": said.role.word(), "content": said.content })).collect();
            format!("{:#}", Value::Array(chat))
        }
    }
}

/// A role that is written stands for a message, also where it is the only one.
fn has_roles(prompt: &Prompt) -> bool {
    prompt.layers.iter().any(|layer| layer.on && layer.role.is_some())
}

/// The text of a prompt that is one plain layer, as it stands.
fn only_text(prompt: &Prompt) -> Option<&str> {
    let mut on = prompt.layers.iter().filter(|layer| layer.on);
    let layer = on.next().filter(|_| on.next().is_none())?;
    match &layer.content {
        Content::Text(text) if layer.role.is_none() => Some(&text.text),
        Content::Task(task) => {
            let is_plain = task.inputs.is_empty() && task.examples.is_empty() && task.constraints.is_empty();
            (is_plain && task.output_schema.is_none() && layer.role.is_none()).then_some(task.action.as_str())
        }
        _ => None,
    }
}

/// promptfoo takes some texts of one line for the names of files. A line end that renders to nothing tells them apart.
fn no_path(id: &VariantId, text: &str, notes: &mut Notes) -> String {
    if !looks_like_a_path(text) {
        return text.to_owned();
    }
    if !text.ends_with(char::is_whitespace) {
        return format!("{text}\n{{%- if true %}}{{% endif %}}");
    }
    if !text.starts_with(char::is_whitespace) {
        return format!("{{% if true %}}{{% endif -%}}\n{text}");
    }
    notes.add(format!(
        "promptfoo may take the text of `{id}` for the name of a file, since it is one line with a slash or a dot."
    ));
    text.to_owned()
}

/// What Jinja has and Nunjucks does not.
fn check_template(id: &VariantId, text: &str, notes: &mut Notes) {
    const ONLY_JINJA: [&str; 15] = [
        "tojson",
        "| items",
        "|items",
        "namespace(",
        "is mapping",
        "is sequence",
        "is iterable",
        "{% do ",
        "{% break",
        "{% continue",
        "loop.previtem",
        "loop.nextitem",
        "loop.changed",
        "[:",
        ":]",
    ];
    let tags = tags(text);
    for found in ONLY_JINJA.iter().filter(|only| tags.iter().any(|tag| tag.contains(**only))) {
        notes.add(format!("`{id}` uses `{}`, which Nunjucks does not have: promptfoo will stop at it.", found.trim()));
    }
    if let Err(error) = Template::parse(text) {
        notes.add(format!("`{id}` is no template of Nunjucks, so promptfoo will stop at it: {error}"));
    }
}

/// The tags of a template, brackets and all.
fn tags(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = ["{{", "{%"].iter().filter_map(|open| rest.find(open)).min() {
        let close = if rest[start..].starts_with("{{") { "}}" } else { "%}" };
        let Some(length) = rest[start..].find(close) else { break };
        found.push(&rest[start..start + length]);
        rest = &rest[start + length..];
    }
    found
}

fn tell(id: &VariantId, variant: &Variant, prompt: &Prompt, notes: &mut Notes) {
    if prompt.variables.values().any(|variable| variable.untrusted) {
        notes.add("Untrusted variables are not fenced there: that is this program's doing.");
    }
    if prompt.layers.iter().any(|layer| !layer.on) {
        notes.add(format!("Layers of `{id}` that are off are left out."));
    }
    if variant.tiers.is_some() {
        notes.add(format!("The cheaper models of `{id}` are left out: promptfoo asks one provider for each test."));
    }
    let whole = |content: &Content| match content {
        Content::History(history) => Some(history.variable.clone()),
        Content::Context(context) => {
            let turns = context.history.as_ref().map(|window| window.variable.clone());
            turns.or_else(|| context.retrieved.as_ref().map(|found| found.variable.clone()))
        }
        _ => None,
    };
    for variable in prompt.layers.iter().filter(|layer| layer.on).filter_map(|layer| whole(&layer.content)) {
        notes.add(format!(
            "`{variable}` holds turns or documents, which promptfoo prints as `[object Object]`: give it as text."
        ));
    }
}
