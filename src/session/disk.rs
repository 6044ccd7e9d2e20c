//! The session's calls of what is below it that touch disk, keys and endpoints, in one place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::open::BundledInfo;
use super::settings::Settings;
use crate::domain::{
    Capability, Definition, DefinitionKey, Place, PriceTable, Problem, ProviderSpec, SecretRef, Workspace,
};
use crate::store::{self, SaveError};

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

pub(super) fn pricing() -> Option<&'static PriceTable> {
    None
}

pub(super) fn origin(spec: &ProviderSpec) -> Option<String> {
    let url = spec.base_url.as_deref().or(spec.api.default_base_url())?;
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{scheme}://{}", rest.split('/').next().unwrap_or(rest)))
}

pub(super) fn foreign_host(_key: Option<&SecretRef>, _origin: Option<&str>) -> bool {
    false
}

pub(super) fn key_present(_key: &SecretRef) -> bool {
    false
}

pub(super) fn store_key(_entry: &str, _secret: &SecretString) -> Result<(), String> {
    Err("There is no keyring.".to_owned())
}

pub(super) fn delete_key(_entry: &str) -> Result<(), String> {
    Err("There is no keyring.".to_owned())
}

fn missing(path: &Path) -> Problem {
    Problem::error(Place::file(path), format!("{} cannot be opened.", path.display()), "")
}
