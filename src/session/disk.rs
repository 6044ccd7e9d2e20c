//! The session's calls of what is below it that touch disk, keys and endpoints, in one place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::open::BundledInfo;
use super::settings::Settings;
use crate::domain::{
    Capability, Dataset, Definition, DefinitionKey, Place, PriceTable, Problem, ProjectId, ProviderSpec, RunSummary,
    SecretRef, Workspace,
};
use crate::provider;
use crate::store::records::Records;
use crate::store::{self, OpenCases, SaveError};

/// Why a definition was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SaveRefused {
    /// The file changed on disk since it was read.
    Conflict,
    /// A sentence that says why.
    Failed(String),
}

/// Watches a folder for as long as it lives.
pub(super) struct Watcher;

pub(super) fn open(root: &Path) -> Result<Workspace, Problem> {
    store::open_workspace(root)
}

pub(super) fn create(folder: &Path, _from: Option<&str>) -> Result<(), Problem> {
    Err(missing(folder))
}

/// The workspaces that come with the program.
pub(super) fn bundled() -> Vec<BundledInfo> {
    let known = [
        (
            "support-triage",
            "Support triage",
            "Sort a shop's tickets: what a layered prompt and worked examples are worth.",
        ),
        ("policy-answers", "Policy answers", "Answer with citations from documents, read by a judge."),
    ];
    known
        .into_iter()
        .filter(|(name, _, _)| bundled_path(name).join("workspace.ron").is_file())
        .map(|(name, title, note)| BundledInfo { name: name.into(), title: title.into(), note: note.into() })
        .collect()
}

/// A folder that holds the bundled workspace of that name.
pub(super) fn place_bundled(name: &str) -> Result<PathBuf, Problem> {
    Ok(bundled_path(name))
}

fn bundled_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces").join(name)
}

pub(super) fn save(
    root: &Path,
    key: &DefinitionKey,
    before: Option<&Definition>,
    after: Option<&Definition>,
) -> Result<(), SaveRefused> {
    match store::save(root, key, before, after) {
        Ok(_) => Ok(()),
        Err(SaveError::Changed { .. }) => Err(SaveRefused::Conflict),
        Err(error) => Err(SaveRefused::Failed(error.to_string())),
    }
}

pub(super) fn watch(_root: &Path, _changed: impl Fn() + Send + 'static) -> Option<Watcher> {
    None
}

pub(super) fn load_settings(_directory: Option<&Path>) -> Settings {
    Settings::default()
}

pub(super) fn save_settings(_directory: Option<&Path>, _settings: &Settings) -> Result<(), Problem> {
    Ok(())
}

pub(super) fn granted(_directory: Option<&Path>, _root: &Path) -> BTreeSet<Capability> {
    BTreeSet::new()
}

pub(super) fn keep_grants(
    _directory: Option<&Path>,
    _root: &Path,
    _asked: &BTreeSet<Capability>,
    _granted: &BTreeSet<Capability>,
) -> Result<(), Problem> {
    Ok(())
}

pub(super) fn pricing() -> &'static PriceTable {
    store::pricing()
}

pub(super) fn open_cases(root: &Path, project: &ProjectId, dataset: &Dataset) -> Result<OpenCases, Vec<Problem>> {
    store::open_cases(root, project, dataset)
}

pub(super) fn open_records(root: &Path) -> Result<(Records, Vec<RunSummary>), String> {
    let records = Records::open(root).map_err(|error| error.to_string())?;
    let runs = records.runs().map_err(|error| error.to_string())?;
    Ok((records, runs))
}

/// Scheme, host and port that a provider sends to; `None` for a script, and for an address that is refused.
pub(super) fn origin(spec: &ProviderSpec) -> Option<String> {
    if spec.api.is_scripted() {
        return None;
    }
    provider::origin(spec.base_url.as_deref().or(spec.api.default_base_url())?).ok()
}

pub(super) fn capability(spec: &ProviderSpec) -> Option<Capability> {
    provider::capability(spec)
}

pub(super) fn foreign_host(key: Option<&SecretRef>, origin: Option<&str>) -> bool {
    key.zip(origin).is_some_and(|(key, origin)| provider::vendor_bound(key, origin) == Some(false))
}

pub(super) fn key_present(key: &SecretRef) -> bool {
    provider::key_present(key).unwrap_or(false)
}

pub(super) fn store_key(entry: &str, secret: &SecretString) -> Result<(), String> {
    provider::store_key(&SecretRef::Keyring(entry.to_owned()), secret).map_err(|error| error.to_string())
}

pub(super) fn delete_key(entry: &str) -> Result<(), String> {
    provider::delete_key(&SecretRef::Keyring(entry.to_owned())).map_err(|error| error.to_string())
}

fn missing(path: &Path) -> Problem {
    Problem::error(Place::file(path), format!("{} cannot be opened.", path.display()), "")
}
