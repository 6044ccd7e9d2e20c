//! A config of another tool as a workspace in memory, so that it is prepared, run and recorded like any other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::{Manifest, Policy, Project, Workspace};
use crate::interop::Imported;

/// Under the user's data folder.
const FOLDER: &str = "evaluations";
/// Bytes of a config's folder's name that the name of its records keeps; file systems allow 255 for a name.
const LONGEST_NAME: usize = 60;

/// Where the records of a config are: a folder of its own in the user's data folder, by the config's path.
#[must_use]
pub fn records_folder(data: &Path, config: &Path) -> PathBuf {
    let hash = Sha256::digest(config.as_os_str().as_encoded_bytes());
    let key = hash.iter().take(8).fold(0_u64, |key, byte| key << 8 | u64::from(*byte));
    let name = config.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let name = &name[..name.floor_char_boundary(LONGEST_NAME)];
    data.join(FOLDER).join(format!("{name}-{key:016x}"))
}

/// The imported project alone under this policy, rooted at the folder of its records.
#[must_use]
pub fn workspace_of(imported: Imported, policy: Policy, root: PathBuf) -> Workspace {
    let manifest = Manifest {
        format: crate::domain::FORMAT,
        name: imported.spec.title.clone(),
        note: String::new(),
        providers: imported.providers,
        models: imported.models,
        policy,
        alerts: crate::domain::AlertRules::default(),
        otlp: None,
    };
    let mut project = Project::new(Arc::new(imported.spec));
    project.prompts = shared(imported.prompts);
    project.variants = shared(imported.variants);
    project.datasets = shared(imported.datasets);
    project.experiments = shared(imported.experiments);
    Workspace {
        root,
        manifest: Arc::new(manifest),
        projects: BTreeMap::from([(imported.project, project)]),
        scripts: BTreeMap::new(),
        problems: Vec::new(),
    }
}

fn shared<K: Ord, V>(definitions: BTreeMap<K, V>) -> BTreeMap<K, Arc<V>> {
    definitions.into_iter().map(|(id, definition)| (id, Arc::new(definition))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_records_has_a_name_that_every_file_system_takes() {
        let named = |folder: &str| {
            let records = records_folder(Path::new("/data"), &Path::new("/configs").join(folder).join("config.yaml"));
            let name = records.file_name().and_then(std::ffi::OsStr::to_str).map(str::to_owned);
            name.unwrap_or_default().rsplit_once('-').map(|(name, key)| (name.to_owned(), key.to_owned()))
        };
        let check = |folder: &str, expected: &str| {
            let (name, key) = named(folder).unwrap_or_default();
            assert_eq!((name.as_str(), key.len()), (expected, 16), "{folder}");
        };
        check("support", "support");
        check(&"x".repeat(250), &"x".repeat(60));
        check(&format!("x{}", "ü".repeat(100)), &format!("x{}", "ü".repeat(29)));
        assert_ne!(named(&"x".repeat(250)), named(&"x".repeat(251)), "two folders share their records");
    }
}
