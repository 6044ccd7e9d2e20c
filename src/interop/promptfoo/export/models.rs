//! Models become providers, each for the prompts that it meets.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::notes::Notes;
use super::prompts::Written as Prompt;
use super::scripts;
use crate::domain::{Experiment, Manifest, ModelId};
use crate::interop::promptfoo::import::slug;
use crate::interop::promptfoo::providers::config_for;

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
        notes.add(format!("The model `{id}` is left out: promptfoo has nothing that answers like it."));
        return None;
    };
    let is_met = |prompt: &&Prompt| !experiment.without.contains(&(prompt.variant.clone(), id.clone()));
    let met: Vec<&str> = prompts.iter().filter(is_met).map(|prompt| prompt.label.as_str()).collect();
    let prompts = (met.len() < prompts.len()).then_some(met);
    Some(Draft { id, provider, config, prompts })
}

fn entry(draft: &Draft, needs_label: bool, manifest: &Manifest, notes: &mut Notes) -> Written {
    let is_named_so = slug(&draft.provider) == draft.id.0;
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
    let transform = manifest.models.get(draft.id).and_then(|model| model.transform.as_ref());
    // The transform of a response is a part of its config.
    let own = transform.filter(|_| draft.config.get("transformResponse").is_none());
    if let Some(code) = own.and_then(|code| scripts::written(code, notes)) {
        entry.insert("transform".to_owned(), code.into());
    }
    let is_plain = entry.len() == 1;
    Written { id: draft.id.clone(), name, entry: if is_plain { json!(draft.provider) } else { Value::Object(entry) } }
}

/// A model's id and config for promptfoo.
pub(super) fn provider(id: &ModelId, manifest: &Manifest) -> Option<(String, Value)> {
    let model = manifest.models.get(id)?;
    config_for(model, manifest.providers.get(&model.provider)?)
}
