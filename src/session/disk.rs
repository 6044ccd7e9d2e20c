//! The session's calls of what is below it that touch disk, keys and endpoints, in one place.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::open::BundledInfo;
use crate::domain::{
    Alert, Capability, Definition, DefinitionKey, OtlpSpec, Place, PriceTable, Problem, ProviderSpec, RunSummary,
    SecretRef, Workspace,
};
use crate::interop::call_log::{CallFormat, write_calls};
use crate::provider;
use crate::store::records::{Access, CallStream, Records};
use crate::store::{self, ExportGrants, SaveError, Settings, TrustStore};

pub(super) use crate::store::{Journal, Watcher};

/// How long records are waited for that this program itself still has.
const LETTING_GO: Duration = Duration::from_secs(5);

/// Why a definition was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SaveRefused {
    /// The file changed on disk since it was read.
    Conflict,
    /// A sentence that says why.
    Failed(String),
}

pub(super) fn open(root: &Path) -> Result<Workspace, Problem> {
    store::open_workspace(root)
}

/// Makes a workspace in a folder that is new or empty: a copy of a bundled one, or a small one to begin with.
pub(super) fn create(folder: &Path, from: Option<&str>) -> Result<(), Problem> {
    match from {
        Some(name) => store::copy_bundled(name, folder),
        None => store::init_workspace(folder),
    }
}

/// Makes a workspace in a folder that is new or empty and fills it; where that fails, the folder is as it was.
pub(super) fn create_with<T>(folder: &Path, fill: impl FnOnce(&Path) -> Result<T, Problem>) -> Result<T, Problem> {
    store::new_workspace_with(folder, fill)
}

/// The workspaces that come with the program.
pub(super) fn bundled() -> Vec<BundledInfo> {
    let info = |name: &str| {
        let (title, note) = match name {
            "support-triage" => {
                ("Support triage", "Sort a shop's tickets: what a layered prompt and worked examples are worth.")
            }
            "policy-answers" => ("Policy answers", "Answer with citations from documents; a judge reads the answers."),
            _ => (name, ""),
        };
        BundledInfo { name: name.to_owned(), title: title.to_owned(), note: note.to_owned() }
    };
    store::bundled().iter().map(|bundled| info(bundled.name)).collect()
}

/// A folder that holds the bundled workspace of that name: the one in the sources where the program was built from
/// them, else a copy among the user's data.
pub(super) fn place_bundled(name: &str) -> Result<PathBuf, Problem> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces").join(name);
    if source.join("workspace.ron").is_file() {
        return Ok(source);
    }
    let missing = || Problem::error(Place::default(), "There is no home folder for a copy.", "Make a new workspace.");
    let copy = store::data_dir(None).ok_or_else(missing)?.join("workspaces").join(name);
    if !copy.join("workspace.ron").is_file() {
        store::copy_bundled(name, &copy)?;
    }
    Ok(copy)
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

pub(super) fn watch(root: &Path, changed: impl Fn(Vec<PathBuf>) + Send + 'static) -> Result<Watcher, Problem> {
    store::watch(root, changed)
}

/// Settings and grants of trust, with what was wrong with their files.
pub(super) fn load_settings(folder: Option<&Path>) -> (Settings, Option<TrustStore>, Vec<Problem>) {
    let Some(folder) = store::config_dir(folder) else {
        let problem = Problem::warning(Place::default(), "There is no home folder, so settings are not kept.", "");
        return (Settings::default(), None, vec![problem]);
    };
    let (settings, wrong) = Settings::load(&folder);
    let (trust, broken) = TrustStore::load(&folder);
    (settings, Some(trust), wrong.into_iter().chain(broken).collect())
}

pub(super) fn save_settings(folder: Option<&Path>, settings: &Settings) -> Result<(), String> {
    let Some(folder) = store::config_dir(folder) else { return Ok(()) };
    settings.save(&folder).map_err(|error| error.to_string())
}

/// The repositories that a person lets workspaces export into.
pub(super) fn load_export_grants(folder: Option<&Path>) -> (Option<ExportGrants>, Option<Problem>) {
    let Some(folder) = store::config_dir(folder) else { return (None, None) };
    let (grants, problem) = ExportGrants::load(&folder);
    (Some(grants), problem)
}

/// Writes a file that a person asked for.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), String> {
    store::write_atomic(path, bytes).map_err(|error| error.to_string())
}

/// Writes calls to a file as they are read; `go_on` hears how many and may end it, and then there is no file.
pub(super) fn save_calls(
    calls: CallStream,
    format: CallFormat,
    path: &Path,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Result<u64, String> {
    let mut done = 0;
    let mut calls = calls.map(|call| {
        done += 1;
        // A word to the session for each call would be more work than the call.
        if done % 512 == 0 && !go_on(done) {
            return Err(io::Error::other("It was cancelled."));
        }
        call.map_err(io::Error::other)
    });
    let written = store::Replacement::begin(path).and_then(|mut file| {
        let count = write_calls(format, &mut calls, &mut file)?;
        file.commit()?;
        Ok(count)
    });
    written.map_err(|error| error.to_string())
}

pub(super) fn pricing() -> &'static PriceTable {
    store::pricing()
}

/// Records that were opened, and what lists show of them.
pub(super) struct OpenRecords {
    pub records: Records,
    pub runs: Vec<RunSummary>,
    pub alerts: Vec<Alert>,
}

pub(super) fn open_records(root: &Path) -> Result<OpenRecords, String> {
    let mut records = Records::open(root).map_err(|error| error.to_string())?;
    // A run of this very program may still be letting go of them, since its workspace was closed a moment ago.
    let end = Instant::now() + LETTING_GO;
    while is_held_here(&records) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
        records = Records::open(root).map_err(|error| error.to_string())?;
    }
    let runs = records.runs().map_err(|error| error.to_string())?;
    let alerts = records.alerts().map_err(|error| error.to_string())?;
    Ok(OpenRecords { records, runs, alerts })
}

fn is_held_here(records: &Records) -> bool {
    matches!(records.access(), Access::Held(held) if held.pid == Some(std::process::id()))
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

pub(super) fn report_capability(spec: &OtlpSpec) -> Option<Capability> {
    provider::report_capability(spec)
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
