//! Providers become providers and models; graders become models as well.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::cases::code;
use super::graders::Usual;
use super::{Layers, graders, kept, names, place};
use crate::domain::{Api, ModelId, ModelSpec, Params, ProviderId, ProviderSpec, SecretRef};
use crate::interop::promptfoo::providers::{Inline, Mapped, Part, provider};
use crate::interop::promptfoo::report::Location;
use crate::interop::promptfoo::suite::{ProviderEntry, Suite};
use crate::interop::{Fidelity, ImportReport, Imported};

/// Calls in flight where the config does not say, as in promptfoo.
const CONCURRENCY: u32 = 4;

/// A key that stood in the config itself. It is for one run in memory, and is written nowhere.
#[derive(Debug, Clone)]
pub struct InlineKey {
    /// The name that the provider asks for it by.
    pub name: SecretRef,
    pub secret: SecretString,
}

/// What providers and graders have become so far.
pub(super) struct Models {
    layers: Layers,
    concurrency: u32,
    at: Location,
    taken: BTreeSet<String>,
    providers: BTreeMap<ProviderId, ProviderSpec>,
    specs: BTreeMap<ModelId, ModelSpec>,
    keys: Vec<InlineKey>,
    /// Variables that providers and graders look for their keys in; no key of the config takes such a name.
    named: BTreeSet<String>,
    /// What there is to tell of keys and graders: the part, its place, and the sentence.
    told: Vec<(Part, Location)>,
    graders: BTreeMap<String, Option<ModelId>>,
}

impl Models {
    pub(super) fn new(suite: &Suite, layers: Layers, usual: Usual) -> Self {
        let asked = suite.settings.max_concurrency.and_then(|most| u32::try_from(most).ok());
        let at = Location::whole(suite.file.clone());
        let of_graders = graders::all(suite, usual).into_values().filter_map(|grader| grader_entry(grader, &at));
        let named = suite.providers.iter().cloned().chain(of_graders).filter_map(|entry| variable_of(&entry)).collect();
        let one_by_one = suite.settings.sequential || suite.settings.delay_ms.is_some_and(|delay| delay > 0.0);
        Self {
            layers,
            concurrency: if one_by_one { 1 } else { asked.unwrap_or(CONCURRENCY).max(1) },
            at,
            taken: BTreeSet::new(),
            providers: BTreeMap::new(),
            specs: BTreeMap::new(),
            keys: Vec::new(),
            named,
            told: Vec::new(),
            graders: BTreeMap::new(),
        }
    }

    /// The model of each provider, in the config's order.
    pub(super) fn columns(&mut self, suite: &Suite, report: &mut ImportReport) -> Vec<ModelId> {
        suite.providers.iter().enumerate().map(|(index, entry)| self.column(index, entry, report)).collect()
    }

    fn column(&mut self, index: usize, entry: &ProviderEntry, report: &mut ImportReport) -> ModelId {
        let part = format!("providers[{index}] {}", kept::id_of(entry));
        let at = place(&entry.at);
        let mapped = match provider(entry) {
            Ok(mapped) => mapped,
            Err(unmapped) => {
                report.add(Fidelity::Unsupported, part.clone(), at, unmapped.to_string());
                return self.unmapped(entry, &part);
            }
        };
        report.add(mapped.fidelity, part.clone(), at.clone(), mapped.note.clone());
        for key in &mapped.parts {
            report.add(key.fidelity, format!("{part} {}", key.key), at.clone(), key.note.clone());
        }
        self.add(entry, &part, mapped)
    }

    /// Keeps a key under a name that nothing else is found by; another key of the same name gets one of its own.
    fn lend(&mut self, wanted: &str, secret: &SecretString) -> String {
        let is_same = |key: &InlineKey| key.secret.expose_secret() == secret.expose_secret();
        let is_free = |name: &String| {
            let mut others = self.keys.iter().filter(|key| !is_same(key));
            !self.named.contains(name) && !others.any(|key| key.name == SecretRef::Env(name.clone()))
        };
        let numbered = (2_u32..).map(|number| format!("{wanted}_{number}"));
        let variable = std::iter::once(wanted.to_owned()).chain(numbered).find(is_free);
        let variable = variable.unwrap_or_else(|| wanted.to_owned());
        let name = SecretRef::Env(variable.clone());
        if !self.keys.iter().any(|key| key.name == name) {
            self.keys.push(InlineKey { name, secret: secret.clone() });
        }
        variable
    }

    /// A model that nothing here can call, until its user binds another provider to it.
    fn unmapped(&mut self, entry: &ProviderEntry, part: &str) -> ModelId {
        let id = ProviderId("unmapped".to_owned());
        let spec = ProviderSpec {
            api: Api::Unmapped,
            base_url: None,
            key: None,
            concurrency: self.concurrency,
            note: "Providers of an imported file that are not known here.".to_owned(),
        };
        self.providers.insert(id.clone(), spec);
        let model = ModelSpec {
            provider: id,
            model: kept::id_of(entry),
            price: None,
            context: None,
            max_output: None,
            params: Params::default(),
            transform: entry.transform.as_ref().and_then(code),
            note: String::new(),
            kept: self.kept(entry, part, None),
        };
        let id = ModelId(names::unique(&kept::name_of(entry), &mut self.taken));
        self.specs.insert(id.clone(), model);
        id
    }

    /// What is kept of an entry; what may hold a key is not, and told.
    fn kept(&mut self, entry: &ProviderEntry, part: &str, parts: Option<&[Part]>) -> Map<String, Value> {
        let kept = kept::of_provider(entry, parts);
        if self.layers == Layers::ByRole {
            let note = "It may hold a key, so it is kept in no file: write it again where you use an export.";
            let told = |name: &String| (Part::unsupported(&format!("{part} {name}"), note), entry.at.clone());
            self.told.extend(kept.dropped.iter().map(told));
        }
        kept.settings
    }

    /// Models of the same provider share it, and its calls in flight.
    fn add(&mut self, entry: &ProviderEntry, part: &str, mapped: Mapped) -> ModelId {
        let mut spec = mapped.provider;
        spec.concurrency = self.concurrency;
        if let (Some(SecretRef::Env(wanted)), Some(inline)) = (&spec.key, &mapped.inline_key) {
            let variable = self.lend(wanted, &inline.secret);
            let key = format!("{part} {}", inline.place);
            self.told.push((Part::approximated(&key, Inline::note(&variable)), entry.at.clone()));
            spec.key = Some(SecretRef::Env(variable));
        }
        let same = self.providers.iter().find(|(_, known)| **known == spec).map(|(id, _)| id.clone());
        let provider = same.unwrap_or_else(|| {
            let mut taken = self.providers.keys().map(|id| id.0.clone()).collect();
            let id = ProviderId(names::unique(mapped.provider_id.as_str(), &mut taken));
            self.providers.insert(id.clone(), spec);
            id
        });
        let id = ModelId(names::unique(&kept::name_of(entry), &mut self.taken));
        let kept = self.kept(entry, part, Some(&mapped.parts));
        self.specs.insert(id.clone(), ModelSpec { provider, kept, ..mapped.model });
        id
    }

    /// The model that a grader names; `None` where nothing here can be asked.
    pub(super) fn grader(&mut self, named: &Value) -> Option<ModelId> {
        let key = named.to_string();
        if let Some(known) = self.graders.get(&key) {
            return known.clone();
        }
        let entry = grader_entry(named, &self.at)?;
        let mapped = provider(&entry).ok().filter(|mapped| mapped.provider.api != Api::Echo);
        let model = mapped.map(|mapped| {
            let part = format!("provider {}", kept::id_of(&entry));
            let of_grader = |of: &Part| Part { key: format!("{part} {}", of.key), ..of.clone() };
            self.told.extend(mapped.parts.iter().map(|of| (of_grader(of), entry.at.clone())));
            self.add(&entry, &part, mapped)
        });
        self.graders.insert(key, model.clone());
        model
    }

    pub(super) fn finish(self, imported: &mut Imported) -> Vec<InlineKey> {
        for (part, at) in self.told {
            imported.report.add(part.fidelity, part.key, place(&at), part.note);
        }
        imported.providers = self.providers;
        imported.models = self.specs;
        self.keys
    }
}

/// An id, or an object with one.
fn grader_entry(named: &Value, at: &Location) -> Option<ProviderEntry> {
    let (id, config) = match named {
        Value::String(id) => (id.clone(), Map::new()),
        Value::Object(object) => {
            let config = object.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
            (object.get("id")?.as_str()?.to_owned(), config)
        }
        _ => return None,
    };
    Some(ProviderEntry {
        id,
        label: None,
        config,
        prompts: None,
        transform: None,
        delay_ms: None,
        env: Map::new(),
        path: String::new(),
        at: at.clone(),
        others: Map::new(),
    })
}

/// The variable that an entry's key is looked for in, where the config does not hold the key.
fn variable_of(entry: &ProviderEntry) -> Option<String> {
    let mapped = provider(entry).ok().filter(|mapped| mapped.inline_key.is_none())?;
    match mapped.provider.key? {
        SecretRef::Env(name) => Some(name),
        SecretRef::Keyring(_) => None,
    }
}
