//! Models become providers, each for the prompts that it meets.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::notes::Notes;
use super::prompts::Written as Prompt;
use super::scripts;
use crate::domain::{Api, Code, Experiment, Manifest, ModelId};
use crate::interop::promptfoo::import;
use crate::interop::promptfoo::providers::config_for;

/// What an entry calls the settings of its calls.
const CONFIG: &str = "config";
/// What a config calls the transform of a response.
const RESPONSE: [&str; 2] = ["transformResponse", "responseParser"];

pub(super) struct Written {
    pub id: ModelId,
    /// What tests name it by.
    pub name: String,
    pub entry: Value,
}

struct Draft<'a> {
    id: &'a ModelId,
    provider: String,
    config: Value,
    /// Labels of the only prompts that it is for.
    prompts: Option<Vec<&'a str>>,
}

pub(super) fn written(
    manifest: &Manifest,
    experiment: &Experiment,
    prompts: &[Prompt],
    notes: &mut Notes,
) -> Vec<Written> {
    let drafts: Vec<Draft> =
        experiment.models.iter().filter_map(|id| draft(id, manifest, experiment, prompts, notes)).collect();
    // Entries of one id share their choice of prompts, unless each has a label.
    let chosen: BTreeSet<&str> =
        drafts.iter().filter(|draft| draft.prompts.is_some()).map(|draft| draft.provider.as_str()).collect();
    if drafts.is_empty() {
        notes.add(
            "The config names no provider, so promptfoo does not run it yet: list at least one under `providers`, such as \
             `openai:chat:gpt-5-mini`.",
        );
    }
    drafts.iter().map(|draft| entry(draft, chosen.contains(draft.provider.as_str()), manifest, notes)).collect()
}

fn draft<'a>(
    id: &'a ModelId,
    manifest: &Manifest,
    experiment: &Experiment,
    prompts: &'a [Prompt],
    notes: &mut Notes,
) -> Option<Draft<'a>> {
    let Some((provider, config)) = provider(id, manifest) else {
        notes.add(format!("The model `{id}` is left out: {}.", why_not(id, manifest)));
        return None;
    };
    if !is_of_its_provider(id, manifest) {
        notes.add(format!(
            "What the imported config set for the provider that `{id}` stands for is left out: another is asked in its place."
        ));
    }
    let is_met = |prompt: &&Prompt| !experiment.without.contains(&(prompt.variant.clone(), id.clone()));
    let met: Vec<&str> = prompts.iter().filter(is_met).map(|prompt| prompt.label.as_str()).collect();
    let prompts = (met.len() < prompts.len()).then_some(met);
    Some(Draft { id, provider, config, prompts })
}

fn entry(draft: &Draft, needs_label: bool, manifest: &Manifest, notes: &mut Notes) -> Written {
    let is_named_so = import::id(&draft.provider) == draft.id.0;
    let name = if needs_label || !is_named_so { draft.id.0.clone() } else { draft.provider.clone() };
    let mut entry = Map::from_iter([("id".to_owned(), json!(draft.provider))]);
    if name != draft.provider {
        entry.insert("label".to_owned(), json!(name));
    }
    if draft.config.as_object().is_some_and(|config| !config.is_empty()) {
        entry.insert("config".to_owned(), draft.config.clone());
    }
    if let Some(prompts) = &draft.prompts {
        entry.insert("prompts".to_owned(), json!(prompts));
    }
    let model = manifest.models.get(draft.id);
    let transform = model.and_then(|model| model.transform.as_ref());
    // The transform of a response is a part of its config, where that is understood.
    let is_own = |code: &Code| {
        code.unrun().is_some() || is_unmapped(draft.id, manifest) || draft.config.get("transformResponse").is_none()
    };
    let own = transform.filter(|code| is_own(code));
    if let Some(code) = own.and_then(|code| scripts::written(code, notes)) {
        entry.insert("transform".to_owned(), code.into());
    }
    let kept = model.filter(|_| is_of_its_provider(draft.id, manifest)).map(|model| &model.kept);
    for (name, value) in kept.into_iter().flatten().filter(|(name, _)| *name != CONFIG) {
        entry.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let is_plain = entry.len() == 1;
    Written { id: draft.id.clone(), name, entry: if is_plain { json!(draft.provider) } else { Value::Object(entry) } }
}

fn is_unmapped(id: &ModelId, manifest: &Manifest) -> bool {
    let provider = manifest.models.get(id).and_then(|model| manifest.providers.get(&model.provider));
    provider.is_some_and(|provider| provider.api == Api::Unmapped)
}

/// Why promptfoo has no provider for a model.
fn why_not(id: &ModelId, manifest: &Manifest) -> &'static str {
    let model = manifest.models.get(id);
    match model.and_then(|model| manifest.providers.get(&model.provider)).map(|provider| &provider.api) {
        None => "the workspace does not say who answers for it",
        Some(Api::Scripted(_)) => "a script answers in its place, and promptfoo has nothing like that",
        Some(_) => "promptfoo has nothing that answers like it",
    }
}

/// Whether what was kept belongs to the provider that is asked: what was kept of one that nothing could call does not belong
/// to another that was bound in its place.
fn is_of_its_provider(id: &ModelId, manifest: &Manifest) -> bool {
    let was_unmapped = manifest.models.get(id).is_some_and(|model| model.kept.contains_key(import::KEPT_ID));
    !was_unmapped || is_unmapped(id, manifest)
}

/// A model's id and config for promptfoo, with what was kept of an imported one.
pub(super) fn provider(id: &ModelId, manifest: &Manifest) -> Option<(String, Value)> {
    let model = manifest.models.get(id)?;
    let (name, mut config) = config_for(model, manifest.providers.get(&model.provider)?)?;
    let kept = model.kept.get(CONFIG).filter(|_| is_of_its_provider(id, manifest));
    if let (Value::Object(config), Some(Value::Object(kept))) = (&mut config, kept) {
        // Where the transform of a response was kept, the model has only that of its entry.
        if RESPONSE.iter().any(|name| kept.contains_key(*name)) {
            config.shift_remove(RESPONSE[0]);
        }
        for (name, value) in kept {
            config.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Some((name, config))
}
