//! What the workspace asks for beyond its folder, what was granted, and where the keys are.

use std::collections::BTreeSet;
use std::path::PathBuf;

use secrecy::SecretString;

use super::disk;
use super::launch::KnownScripts;
use super::state::Session;
use crate::domain::{Capability, Manifest, ModelId, OtlpSpec, ProviderId, ProviderSpec, SecretRef};
use crate::store;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustState {
    /// It reaches nothing outside its folder.
    NothingAsked,
    Granted,
    /// Something is asked for that was not granted.
    Asked,
    /// It asks for something else than was granted: nothing is allowed before the difference was seen.
    Changed,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    asked: BTreeSet<Capability>,
    granted: BTreeSet<Capability>,
    changed: bool,
    added: BTreeSet<Capability>,
    removed: BTreeSet<Capability>,
    endpoints: Vec<EndpointView>,
    collector: Option<CollectorView>,
}

/// The JavaScript of the open workspace: what is known of it, and what was typed here.
#[derive(Debug, Default)]
pub struct TypedScripts {
    known: KnownScripts,
    /// In the place of scripts that were granted: whoever types them need not be asked.
    typed: BTreeSet<Capability>,
}

/// The collector that the call log may be sent to, as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorView {
    /// As the workspace names it.
    pub endpoint: String,
    /// Scheme, host and port; `None` where the address is refused.
    pub origin: Option<String>,
    pub key: Option<SecretRef>,
    /// As of an endpoint.
    pub foreign_host: bool,
    pub granted: bool,
}

/// A provider of the workspace, as Settings shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointView {
    pub id: ProviderId,
    /// The wire format's name.
    pub api: String,
    /// Scheme, host and port; `None` for a script, and where the address is not one.
    pub origin: Option<String>,
    /// *Scripted, not a model.*
    pub scripted: bool,
    pub key: Option<SecretRef>,
    /// Whether the key is there; `None` while nobody has looked.
    pub key_present: Option<bool>,
    /// The key is one vendor's and the origin is not that vendor's: whoever grants this must type the host.
    pub foreign_host: bool,
    pub granted: bool,
    pub models: Vec<ModelId>,
}

impl Trust {
    #[must_use]
    pub fn state(&self) -> TrustState {
        if self.asked.is_empty() {
            TrustState::NothingAsked
        } else if self.changed {
            TrustState::Changed
        } else if self.asked.is_subset(&self.granted) {
            TrustState::Granted
        } else {
            TrustState::Asked
        }
    }

    #[must_use]
    pub fn is_granted(&self) -> bool {
        self.state() == TrustState::Granted
    }

    /// All that the workspace asks for.
    pub const fn asked(&self) -> &BTreeSet<Capability> {
        &self.asked
    }

    /// All that was granted.
    pub const fn granted(&self) -> &BTreeSet<Capability> {
        &self.granted
    }

    /// What is asked for now and was not when the user decided.
    pub const fn added(&self) -> &BTreeSet<Capability> {
        &self.added
    }

    /// What was asked for when the user decided and is not now.
    pub const fn removed(&self) -> &BTreeSet<Capability> {
        &self.removed
    }

    /// The scripts that may run.
    pub(super) fn scripts(&self) -> BTreeSet<Capability> {
        self.granted.intersection(&self.asked).filter(|one| one.is_script()).cloned().collect()
    }

    /// Scripts that were typed here, in the place of granted ones, are no change that somebody else made.
    fn with_typed(&mut self, typed: &BTreeSet<Capability>) {
        let here: BTreeSet<Capability> = typed.intersection(&self.asked).cloned().collect();
        self.added.retain(|one| !here.contains(one));
        self.removed.retain(|gone| !here.iter().any(|one| one.replaces(gone)));
        self.changed &= !(self.added.is_empty() && self.removed.is_empty());
        self.granted.extend(here);
    }

    #[must_use]
    pub fn endpoints(&self) -> &[EndpointView] {
        &self.endpoints
    }

    /// The collector that the workspace names.
    #[must_use]
    pub const fn collector(&self) -> Option<&CollectorView> {
        self.collector.as_ref()
    }

    /// Who would send one vendor's key to somebody else, and to which origin: whoever grants that must type the host.
    pub fn strangers(&self) -> impl Iterator<Item = (&str, &str)> {
        let endpoints = self.endpoints.iter().filter(|endpoint| endpoint.foreign_host && !endpoint.granted);
        let endpoints = endpoints.filter_map(|endpoint| Some((endpoint.id.as_str(), endpoint.origin.as_deref()?)));
        let collector = self.collector.iter().filter(|collector| collector.foreign_host && !collector.granted);
        endpoints.chain(collector.filter_map(|collector| Some(("the collector", collector.origin.as_deref()?))))
    }
}

impl Session {
    /// What the user decided about exactly what is asked for now.
    fn read_trust(&mut self) {
        let Some(workspace) = &self.workspace else { return };
        let trust = &mut self.trust;
        (trust.changed, trust.added, trust.removed) = (false, BTreeSet::new(), BTreeSet::new());
        let decided = self.trust_store.as_ref().map(|store| store.about(&workspace.root, &trust.asked));
        trust.granted = decided.as_ref().map(store::Trust::allowed).unwrap_or_default();
        if let Some(grants) = &self.export_grants {
            let exports = grants.of(&workspace.root).into_iter();
            trust.granted.extend(exports.map(|repository| Capability::Export { repository }));
        }
        if let Some(store::Trust::Changed { added, removed, .. }) = decided {
            (trust.changed, trust.added, trust.removed) = (true, added, removed);
        }
        trust.with_typed(&self.scripts.typed);
    }

    /// Looks again at the providers in the manifest.
    pub(super) fn read_endpoints(&mut self) {
        let Some(workspace) = &self.workspace else {
            self.trust = Trust::default();
            return;
        };
        let manifest = workspace.manifest.clone();
        self.trust.asked = super::launch::asked_again(workspace, &mut self.scripts.known);
        self.read_trust();
        let view = |(id, spec)| self.endpoint(&manifest, id, spec);
        self.trust.endpoints = manifest.providers.iter().map(view).collect();
        self.trust.collector = manifest.otlp.as_ref().map(|spec| self.collector(spec));
        // A workspace that is not trusted makes nobody look into a keyring, which may ask its user to unlock it.
        let granted =
            |spec: &&ProviderSpec| disk::capability(spec).is_some_and(|asked| self.trust.granted.contains(&asked));
        let named = manifest.providers.values().filter(granted).filter_map(|spec| spec.key.clone());
        let unknown: BTreeSet<SecretRef> = named.filter(|key| !self.keys.contains_key(key)).collect();
        self.look_for_keys(unknown.into_iter().collect());
    }

    fn endpoint(&self, manifest: &Manifest, id: &ProviderId, spec: &ProviderSpec) -> EndpointView {
        let origin = disk::origin(spec);
        let models = manifest.models.iter().filter(|(_, model)| model.provider == *id).map(|(model, _)| model.clone());
        EndpointView {
            id: id.clone(),
            api: spec.api.word().to_owned(),
            scripted: spec.api.is_scripted(),
            key_present: spec.key.as_ref().and_then(|key| self.keys.get(key).copied()),
            foreign_host: disk::foreign_host(spec.key.as_ref(), origin.as_deref()),
            granted: disk::capability(spec).is_none_or(|capability| self.trust.granted.contains(&capability)),
            origin,
            key: spec.key.clone(),
            models: models.collect(),
        }
    }

    fn collector(&self, spec: &OtlpSpec) -> CollectorView {
        let asked = disk::report_capability(spec);
        let origin = match &asked {
            Some(Capability::Report { origin, .. }) => Some(origin.clone()),
            _ => None,
        };
        CollectorView {
            endpoint: spec.endpoint.clone(),
            foreign_host: disk::foreign_host(spec.key.as_ref(), origin.as_deref()),
            granted: asked.is_some_and(|asked| self.trust.granted.contains(&asked)),
            origin,
            key: spec.key.clone(),
        }
    }

    /// Asks the environment and the keyring, which may be slow to answer.
    fn look_for_keys(&mut self, keys: Vec<SecretRef>) {
        if keys.is_empty() {
            return;
        }
        self.jobs.blocking("Looking for keys", move |_| {
            let found: Vec<_> = keys.into_iter().map(|key| (disk::key_present(&key), key)).collect();
            Box::new(move |session| {
                session.keys.extend(found.into_iter().map(|(present, key)| (key, present)));
                session.read_endpoints();
            })
        });
    }

    pub(super) fn grant(&mut self, capabilities: &BTreeSet<Capability>) {
        let is_export = |capability: &&Capability| matches!(capability, Capability::Export { .. });
        if capabilities.iter().any(|capability| !is_export(&capability)) {
            let all = self.trust.granted.union(capabilities);
            self.decide(all.filter(|capability| !is_export(capability)).cloned().collect());
        }
        if capabilities.iter().any(|capability| is_export(&capability)) {
            self.let_export(self.trust.granted.union(capabilities).filter_map(repository).collect());
        }
    }

    /// Scripts that an edit of a person's put in the place of granted ones, which were these, may run as they did. One
    /// that the cases fill in from now on may not: whoever brings cases would bring code.
    pub(super) fn keep_typed(&mut self, before: &BTreeSet<Capability>) {
        let is_new = |one: &&Capability| !self.trust.granted.contains(*one);
        let in_place = |one: &Capability, was: &Capability| one.replaces(was) && !one.is_opened_to_cases(was);
        let typed = self.trust.asked.iter().filter(is_new).filter(|one| before.iter().any(|was| in_place(one, was)));
        let typed: Vec<Capability> = typed.cloned().collect();
        if !typed.is_empty() {
            self.scripts.typed.extend(typed);
            self.read_trust();
        }
    }

    /// What was typed and is saved is granted for the next time as well, where nothing else waits for an answer.
    pub(super) fn grant_typed(&mut self) {
        let Some(workspace) = &self.workspace else { return };
        let about = self.trust_store.as_ref().map(|store| store.about(&workspace.root, &self.trust.asked));
        let is_new = about.is_some_and(|about| !about.is_full(&self.trust.asked));
        if is_new && self.trust.is_granted() && !self.scripts.typed.is_disjoint(&self.trust.asked) {
            self.grant(&self.trust.asked.clone());
        }
    }

    pub(super) fn revoke(&mut self) {
        self.scripts.typed.clear();
        self.decide(BTreeSet::new());
        self.let_export(BTreeSet::new());
    }

    /// Writes down which repositories releases may go into; it holds when it stands on disk.
    fn let_export(&mut self, repositories: BTreeSet<PathBuf>) {
        let (Some(workspace), Some(mut grants)) = (&self.workspace, self.export_grants.clone()) else { return };
        if grants.of(&workspace.root) == repositories {
            return;
        }
        let root = workspace.root.clone();
        self.jobs.blocking("Saving what is trusted", move |_| {
            let result = grants.set(&root, repositories);
            Box::new(move |session| match result {
                Ok(()) => {
                    session.export_grants = Some(grants);
                    session.read_endpoints();
                }
                Err(error) => session.notices.error("What you trust could not be saved.", error.to_string()),
            })
        });
    }

    /// Writes down what is allowed; it holds when it stands on disk.
    fn decide(&mut self, allowed: BTreeSet<Capability>) {
        let (Some(workspace), Some(mut store)) = (&self.workspace, self.trust_store.clone()) else {
            self.notices.error("There is no folder to keep what you trust.", "Set the HOME of this program.");
            return;
        };
        let (root, asked) = (workspace.root.clone(), self.trust.asked.clone());
        self.jobs.blocking("Saving what is trusted", move |_| {
            let result = if allowed.is_empty() { store.revoke(&root) } else { store.decide(&root, &asked, &allowed) };
            Box::new(move |session| match result {
                Ok(()) => {
                    session.trust_store = Some(store);
                    session.read_endpoints();
                    session.estimate_due(std::time::Instant::now());
                }
                Err(error) => session.notices.error("What you trust could not be saved.", error.to_string()),
            })
        });
    }

    pub(super) fn store_key(&mut self, entry: String, secret: SecretString) {
        self.jobs.blocking(format!("Storing key {entry}"), move |_| {
            let result = disk::store_key(&entry, &secret);
            Box::new(move |session| session.key_changed(entry, result, "is in the keyring"))
        });
    }

    pub(super) fn delete_key(&mut self, entry: String) {
        self.jobs.blocking(format!("Deleting key {entry}"), move |_| {
            let result = disk::delete_key(&entry);
            Box::new(move |session| session.key_changed(entry, result, "is out of the keyring"))
        });
    }

    fn key_changed(&mut self, entry: String, result: Result<(), String>, done: &str) {
        match result {
            Ok(()) => self.notices.success(format!("Key {entry} {done}.")),
            Err(reason) => self.notices.error(
                format!("The keyring did not take the change of {entry}."),
                format!("{reason} A key can also stand in an environment variable."),
            ),
        }
        self.look_for_keys(vec![SecretRef::Keyring(entry)]);
    }
}

fn repository(capability: &Capability) -> Option<PathBuf> {
    match capability {
        Capability::Export { repository } => Some(repository.clone()),
        Capability::Send { .. } | Capability::Report { .. } | Capability::Script | Capability::Run { .. } => None,
    }
}
