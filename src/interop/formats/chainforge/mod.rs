//! Flows of `ChainForge`: prompts with their models, the values that fill them, and simple evaluators.

mod cases;
mod checks;
mod flow;
mod models;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::{Check, Content, LayerId, ModelId, Override, Role, Text, Variant, VariantId};
use crate::interop::imported::Imported;

use super::draft::{Draft, MOST_OF_A_KIND, Said, experiment};
use super::error::ImportError;
use super::source::Source;
use super::words::{Words, chainforge};

use flow::{Flow, Node};
use models::Model;

const MOST_EDGES: usize = 20_000;

/// Reads a flow. Each prompt becomes a prompt with an experiment of its own.
pub(super) fn read(source: Source) -> Result<Imported, ImportError> {
    let (value, lines) = source.json()?;
    let Some(flow) = Flow::of(&value, &lines) else {
        return Err(source.error(
            Some(1),
            "The file has no flow with nodes.",
            "Export the flow from ChainForge again.",
        ));
    };
    let mut draft = Draft::new(source, source.stem());
    let prompts: Vec<&Node> = flow.nodes.iter().filter(|node| node.is_prompt()).collect();
    if prompts.is_empty() {
        return Err(source.error(Some(1), "The flow has no prompt.", ""));
    }
    if flow.nodes.len() > MOST_OF_A_KIND || flow.edges.len() > MOST_EDGES {
        let message = format!("The flow has more than {MOST_OF_A_KIND} nodes or {MOST_EDGES} edges.");
        return Err(source.error(None, message, "Split it into smaller flows."));
    }
    for node in &prompts {
        for (index, text) in texts(node).into_iter().enumerate() {
            add(&mut draft, &flow, node, index, &text);
        }
    }
    for node in &flow.nodes {
        other(&mut draft, node);
    }
    cached(&mut draft, &value, lines.at("/cache"));
    Ok(draft.imported)
}

/// The text of a prompt, or its texts: newer flows have several in one node.
fn texts(node: &Node) -> Vec<String> {
    match node.data.get("prompt") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(texts)) => texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect(),
        _ => vec![String::new()],
    }
}

fn add(draft: &mut Draft, flow: &Flow, node: &Node, index: usize, text: &str) {
    let line = Some(node.line);
    let title = if index == 0 { node.title().to_owned() } else { format!("{} {}", node.title(), index + 1) };
    let words = chainforge(text);
    draft.noted(&node.part(), line, "A prompt.", &words.notes);
    if node.kind == "chat" {
        draft.near(
            node.part(),
            line,
            "It goes on with the answers of other prompts there; here it is a prompt of its own.",
        );
    }
    let models = models::read(draft, node);
    let systems: BTreeSet<&str> = models.iter().map(|model| model.system.as_str()).collect();
    let system = models.first().map_or("", |model| model.system.as_str());
    let mut said = Vec::new();
    if systems.iter().any(|system| !system.is_empty()) {
        said.push(Said::Words(Role::System, Words::literal(if system.is_empty() { "-" } else { system })));
    }
    said.push(Said::Words(Role::User, words));
    let prompt = draft.prompt(&title, &said, Vec::new(), BTreeMap::new(), line);
    let cases = cases::read(draft, flow, node);
    let columns: BTreeSet<String> = cases.iter().flat_map(|case| case.vars.keys().cloned()).collect();
    let checks: Vec<Check> =
        flow.fed_by(&node.id).into_iter().flat_map(|evaluator| checks::read(draft, evaluator, &columns)).collect();
    let (variants, without) = variants(draft, &title, prompt, system, &models);
    let ids: Vec<ModelId> = distinct(models.iter().map(|model| model.id.clone()));
    let dataset = draft.dataset(&title, cases);
    let repeats = node.data.get("n").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let experiment = experiment(&title, variants, ids, dataset, checks);
    let experiment = crate::domain::Experiment { repeats: repeats.unwrap_or(1), without, ..experiment };
    draft.experiment(&title, experiment);
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut found, item| {
        if !found.contains(&item) {
            found.push(item);
        }
        found
    })
}

/// One variant for all models that have the same parameters and system message; each meets its own models only.
fn variants(
    draft: &mut Draft,
    title: &str,
    prompt: crate::domain::PromptId,
    system: &str,
    models: &[Model],
) -> (Vec<VariantId>, Vec<(VariantId, ModelId)>) {
    let settings = distinct(models.iter().map(|model| (&model.params, model.system.as_str())));
    if settings.is_empty() {
        return (vec![draft.variant(title, Variant::of(prompt))], Vec::new());
    }
    let is_one = settings.len() == 1;
    let mut variants = Vec::new();
    let mut without = Vec::new();
    for (params, own) in settings {
        let (with, others): (Vec<&Model>, Vec<&Model>) =
            models.iter().partition(|model| (&model.params, model.system.as_str()) == (params, own));
        let title =
            if is_one { title.to_owned() } else { format!("{title} {}", with.first().map_or("", |model| &model.name)) };
        let mut variant = Variant { params: params.clone(), title: title.clone(), ..Variant::of(prompt.clone()) };
        if own != system || (own.is_empty() && models.iter().any(|model| !model.system.is_empty())) {
            let text = Content::Text(Text { text: Words::literal(own).template() });
            let change = if own.is_empty() { Override::Off } else { Override::Replace(text) };
            variant.layers.insert(LayerId::from("system"), change);
        }
        let id = draft.variant(&title, variant);
        let foreign = distinct(others.iter().map(|model| model.id.clone()));
        let foreign = foreign.into_iter().filter(|model| with.iter().all(|own| own.id != *model));
        without.extend(foreign.map(|model| (id.clone(), model)));
        variants.push(id);
    }
    (variants, without)
}

/// Nodes that are neither prompts nor what feeds or grades them.
fn other(draft: &mut Draft, node: &Node) {
    let words = match node.kind.as_str() {
        "vis" | "inspect" => "It shows results; here the screens of a run do.",
        "comment" => "A comment in the flow; it is left out.",
        "join" | "split" | "processor" | "selectvars" => {
            "It changes texts between other nodes, which is not done here."
        }
        "script" => "Scripts of the flow are never run.",
        "media" => "Images do not go in.",
        kind if flow::KNOWN.contains(&kind) => return,
        _ => "This kind of node is not known.",
    };
    draft.unsupported(node.part(), Some(node.line), words);
}

/// Answers that the flow has kept.
fn cached(draft: &mut Draft, value: &Value, line: u32) {
    let files = value.get("cache").and_then(Value::as_object).into_iter().flatten();
    let mut answers = 0_usize;
    for (name, file) in files {
        let is_of_answers =
            name.trim_end_matches(".json").rsplit('_').next().is_some_and(|end| end.parse::<u32>().is_ok());
        let prompts = file.as_object().filter(|_| is_of_answers).into_iter().flatten();
        answers += prompts
            .flat_map(|(_, responses)| responses.as_array().map(Vec::as_slice).unwrap_or_default())
            .map(count)
            .sum::<usize>();
    }
    if answers > 0 {
        let note = format!("The file keeps {answers} answers; they are not taken over. A run here asks anew.");
        draft.unsupported("cache", Some(line), note);
    }
}

fn count(response: &Value) -> usize {
    response.get("responses").and_then(Value::as_array).map_or(1, Vec::len)
}
