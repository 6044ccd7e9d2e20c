//! The definition of an eval: its criteria, and, where they are there too, the prompt and the data of a run.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::{Case, Check, ModelId, Params, Role, Variant};
use crate::interop::formats::draft::{Draft, MOST_OF_A_KIND, Said, experiment};
use crate::interop::formats::endpoints::Endpoint;
use crate::interop::formats::error::ImportError;
use crate::interop::formats::names::{path, variable};
use crate::interop::formats::params;
use crate::interop::formats::reading::Read;
use crate::interop::formats::source::{Lines, Source};
use crate::interop::formats::words::{Piece, Words, double_braces_as};
use crate::interop::imported::Imported;

use super::criteria::{Criteria, output_column};
use super::results;

/// Reads a definition, with the data of the file of the same name in JSONL, where there is one.
pub fn read(source: Source, read: Read) -> Result<Imported, ImportError> {
    let (value, lines) = source.json()?;
    let criteria = value.get("testing_criteria").and_then(Value::as_array);
    let Some(criteria) = criteria else {
        return Err(source.error(
            Some(1),
            "The definition has no list `testing_criteria`.",
            "Choose the eval's own JSON.",
        ));
    };
    if criteria.len() > MOST_OF_A_KIND {
        return Err(source.error(None, format!("The definition has more than {MOST_OF_A_KIND} criteria."), ""));
    }
    let title = value.get("name").and_then(Value::as_str).unwrap_or(source.stem());
    let mut draft = Draft::new(source, title);
    let run = value.get("data_source").or_else(|| value.pointer("/run/data_source")).cloned().unwrap_or_default();
    let mut cases = data(&mut draft, &run, source.stem(), read);
    let given = output_column(criteria).filter(|_| cases.iter().all(|case| case.options.given.is_none()));
    if let Some(column) = &given {
        draft.near("sample", None, format!("The criteria grade the item's `{column}`, which is taken for the answer."));
        for case in &mut cases {
            case.options.given = case.vars.get(column).cloned();
        }
    }
    let mut reader = Criteria { draft: &mut draft, given: given.as_deref() };
    let checks: Vec<Check> = (0_usize..)
        .zip(criteria)
        .filter_map(|(index, criterion)| {
            let line = Some(lines.at(&format!("/testing_criteria/{index}")));
            reader.check(&format!("testing_criteria[{index}]"), criterion, line)
        })
        .collect();
    let variant = prompt(&mut draft, title, &value, &run, &lines);
    let models = model(&mut draft, &run);
    unknown(&mut draft, &value, &lines);
    if cases.is_empty() {
        draft.near("data", None, "There is no data with the definition: the dataset is empty until cases are added.");
    }
    let dataset = draft.dataset(title, cases);
    draft.experiment(title, experiment(title, vec![variant], models, dataset, checks));
    Ok(draft.imported)
}

/// What a template's `{{ item.x }}` is here.
pub(super) fn item(inner: &str) -> Option<String> {
    inner.strip_prefix("item.").and_then(path)
}

fn data(draft: &mut Draft, run: &Value, stem: &str, read: Read) -> Vec<Case> {
    if let Some(content) = run.pointer("/source/content").filter(|content| content.is_array()) {
        let text = content.to_string();
        let rows = Source::new("data", &text).and_then(|source| source.rows()).unwrap_or_default();
        return results::cases(draft, &rows);
    }
    let file = format!("{stem}.jsonl");
    let Ok(text) = read(&file) else { return Vec::new() };
    match Source::new(&file, &text).and_then(|source| source.rows()) {
        Ok(rows) => results::cases(draft, &rows),
        Err(error) => {
            draft.unsupported(file, None, error.to_string());
            Vec::new()
        }
    }
}

fn prompt(draft: &mut Draft, title: &str, definition: &Value, run: &Value, lines: &Lines) -> crate::domain::VariantId {
    let template = run.pointer("/input_messages/template").and_then(Value::as_array);
    let said: Vec<Said> = if let Some(template) = template {
        template.iter().filter_map(message).collect()
    } else {
        let note =
            "The definition holds no prompt. One that lists the item's fields stands in its place: write your own.";
        draft.near("prompt", None, note);
        fields(definition).iter().map(|name| field(name)).collect()
    };
    if template.is_some() {
        draft.exact("input_messages", None, "The prompt's layers.");
    }
    let line = lines.at("/data_source_config");
    let said = if template.is_some() { said } else { joined(said) };
    let prompt = draft.prompt(title, &said, Vec::new(), BTreeMap::new(), Some(line));
    let sampling = run.get("sampling_params").and_then(Value::as_object).cloned().unwrap_or_default();
    let read = params::Read::of(&sampling);
    for name in read.refused.iter().chain(&read.secrets) {
        draft.unsupported(format!("sampling_params.{name}"), None, "This parameter is left out.");
    }
    draft.variant(title, Variant { params: read.params, ..Variant::of(prompt) })
}

fn message(item: &Value) -> Option<Said> {
    let role = match item.get("role").and_then(Value::as_str).unwrap_or("user") {
        "system" | "developer" => Role::System,
        "assistant" => Role::Assistant,
        _ => Role::User,
    };
    let content = item.get("content")?;
    let text = content.as_str().or_else(|| content.get("text")?.as_str())?;
    Some(Said::Words(role, double_braces_as(text, self::item)))
}

fn fields(definition: &Value) -> Vec<String> {
    let schema = definition.pointer("/data_source_config/item_schema/properties").and_then(Value::as_object);
    let schema =
        schema.or_else(|| definition.pointer("/data_source_config/schema/properties/item/properties")?.as_object());
    schema.into_iter().flatten().map(|(name, _)| variable(name)).collect()
}

fn field(name: &str) -> Said {
    let pieces = vec![Piece::Text(format!("{name}: ")), Piece::Slot(name.to_owned()), Piece::Text("\n".to_owned())];
    Said::Words(Role::User, Words { pieces, notes: Vec::new() })
}

/// All parts as one text of the user.
fn joined(said: Vec<Said>) -> Vec<Said> {
    let pieces = said.into_iter().flat_map(|said| match said {
        Said::Words(_, words) => words.pieces,
        Said::History(_) => Vec::new(),
    });
    let pieces: Vec<Piece> = pieces.collect();
    if pieces.is_empty() { Vec::new() } else { vec![Said::Words(Role::User, Words { pieces, notes: Vec::new() })] }
}

fn model(draft: &mut Draft, run: &Value) -> Vec<ModelId> {
    let Some(name) = run.get("model").and_then(Value::as_str) else {
        draft.near("model", None, "The definition names no model; choose one in the experiment.");
        return Vec::new();
    };
    let provider = draft.provider(Endpoint::of_model(name));
    vec![draft.model(provider, name, Params::default())]
}

fn unknown(draft: &mut Draft, definition: &Value, lines: &Lines) {
    const KNOWN: [&str; 9] = [
        "id",
        "object",
        "name",
        "created_at",
        "data_source_config",
        "testing_criteria",
        "data_source",
        "run",
        "metadata",
    ];
    let none = Map::new();
    for name in definition.as_object().unwrap_or(&none).keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        draft.unsupported(name.clone(), Some(lines.at(&format!("/{name}"))), "This field is left out.");
    }
    let kind = definition.pointer("/data_source_config/type").and_then(Value::as_str).unwrap_or("custom");
    if kind != "custom" {
        let line = Some(lines.at("/data_source_config"));
        draft.unsupported("data_source_config", line, format!("Data of the type `{kind}` are kept by the vendor."));
    }
}
