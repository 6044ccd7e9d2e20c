//! What a workspace asks for beyond its folder, and what its user has agreed to.

use std::collections::BTreeSet;
use std::path::Path;

use super::scripts::KnownScripts;
use crate::domain::{Capability, Problem, Workspace};
use crate::provider::{capability, report_capability};
use crate::store::{Decision, Trust, TrustStore, config_dir};

/// All that the workspace's providers ask for, its collector of traces, and its scripts.
#[must_use]
pub fn asked(workspace: &Workspace) -> BTreeSet<Capability> {
    asked_again(workspace, &mut KnownScripts::default())
}

/// As [`asked`], without looking again at the datasets that are known.
pub fn asked_again(workspace: &Workspace, known: &mut KnownScripts) -> BTreeSet<Capability> {
    let manifest = &workspace.manifest;
    let report = manifest.otlp.as_ref().and_then(report_capability);
    manifest.providers.values().filter_map(capability).chain(report).chain(known.of(workspace)).collect()
}

/// What may be done: by a trust file, where one is given (a build server has nobody to ask), else by what the user
/// decided on this machine.
///
/// # Errors
/// The trust file, or the list of decisions, cannot be read.
pub fn granted(workspace: &Workspace, trust_file: Option<&Path>) -> Result<BTreeSet<Capability>, Problem> {
    let asked = asked(workspace);
    let trust = match trust_file {
        Some(file) => Decision::load(file)?.about(&asked),
        None => about(&workspace.root, &asked)?,
    };
    Ok(trust.allowed())
}

/// What the user decided about a workspace that asks for this.
///
/// # Errors
/// The list of decisions cannot be read.
pub fn about(root: &Path, asked: &BTreeSet<Capability>) -> Result<Trust, Problem> {
    let Some(folder) = config_dir(None) else {
        return Ok(if asked.is_empty() { Trust::NotNeeded } else { Trust::Unknown });
    };
    let (store, problem) = TrustStore::load(&folder);
    problem.map_or_else(|| Ok(store.about(root, asked)), Err)
}
