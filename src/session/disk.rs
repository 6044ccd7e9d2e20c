//! The session's calls of what is below it that touch disk, keys and endpoints, in one place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::open::BundledInfo;
use super::settings::Settings;
use crate::domain::{
    Capability, Definition, DefinitionKey, Place, PriceTable, Problem, ProviderSpec, SecretRef, Workspace,
};

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
    Err(missing(root))
}

pub(super) fn create(folder: &Path, _from: Option<&str>) -> Result<(), Problem> {
    Err(missing(folder))
}

pub(super) fn bundled() -> Vec<BundledInfo> {
    Vec::new()
}

/// A folder that holds the bundled workspace of that name.
pub(super) fn place_bundled(name: &str) -> Result<PathBuf, Problem> {
    Err(missing(Path::new(name)))
}

pub(super) fn save(
    _root: &Path,
    key: &DefinitionKey,
    _before: Option<&Definition>,
    _after: Option<&Definition>,
) -> Result<(), SaveRefused> {
    if *key == DefinitionKey::Manifest { Err(SaveRefused::Conflict) } else { Err(SaveRefused::Failed(String::new())) }
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
