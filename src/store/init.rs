//! Makes a new workspace: small, real, and able to run without a network.

use std::fs;
use std::path::Path;

use super::files::{cannot, write_atomic};
use crate::domain::{Place, Problem};

macro_rules! new_files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../assets/new-workspace/", $path)))),+]
    };
}

const FILES: &[(&str, &str)] = new_files![
    "workspace.ron",
    "scripts/desk.ron",
    "projects/reviews/project.ron",
    "projects/reviews/prompts/sort.ron",
    "projects/reviews/variants/plain.ron",
    "projects/reviews/datasets/reviews.ron",
    "projects/reviews/experiments/first.ron",
];

const EMPTY: &str =
    "// This file makes the folder a Strata workspace: which providers there are, and which of their models you use.\n";

const IGNORED: &str = include_str!("../../assets/new-workspace/gitignore");

/// Writes a new workspace into a folder that is empty or not there yet. A git repository without any other file counts as
/// empty.
///
/// # Errors
/// The folder holds something already, or cannot be written.
pub fn init_workspace(dir: &Path) -> Result<(), Problem> {
    refuse_full(dir)?;
    let files = FILES.iter().map(|(path, text)| (*path, text.as_bytes()));
    write_all(dir, files.chain([(".gitignore", IGNORED.as_bytes())]))
}

/// Writes a workspace without providers and projects, named like its folder, under the same conditions.
///
/// # Errors
/// As of [`init_workspace`].
pub fn empty_workspace(dir: &Path) -> Result<(), Problem> {
    refuse_full(dir)?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let manifest = format!("{EMPTY}(\n    name: {name:?},\n)\n");
    write_all(dir, [("workspace.ron", manifest.as_bytes()), (".gitignore", IGNORED.as_bytes())].into_iter())
}

/// A folder that holds something is not written into.
pub(super) fn refuse_full(dir: &Path) -> Result<(), Problem> {
    let wrong = |message: String, hint: &str| Err(Problem::error(Place::file(dir), message, hint));
    match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => wrong(format!("The folder cannot be used: {error}."), "Choose another folder."),
        Ok(listing) => match listing.flatten().find(|entry| entry.file_name() != ".git") {
            None => Ok(()),
            Some(entry) => {
                let name = entry.file_name().to_string_lossy().into_owned();
                wrong(format!("The folder is not empty: it holds `{name}`."), "Choose a new or an empty folder.")
            }
        },
    }
}

pub(super) fn write_all<'f>(dir: &Path, files: impl Iterator<Item = (&'f str, &'f [u8])>) -> Result<(), Problem> {
    for (path, bytes) in files {
        let target = dir.join(path);
        write_atomic(&target, bytes).map_err(|error| {
            Problem::error(Place::file(target), cannot("writte", &error), "Look at the folder's rights.")
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{check_workspace, open_workspace};

    #[test]
    fn a_new_workspace_is_sound_and_explains_itself() {
        let dir = tempfile::tempdir().unwrap();
        init_workspace(&dir.path().join("new")).unwrap();
        let opened = open_workspace(&dir.path().join("new")).unwrap();
        assert_eq!(opened.problems, []);
        assert_eq!(check_workspace(&opened), []);
        assert!(opened.manifest.providers.values().all(|provider| provider.api.is_scripted()), "it runs offline");
        for (path, text) in FILES {
            assert!(text.starts_with("// "), "{path} has no comment for a newcomer");
        }
    }

    #[test]
    fn an_empty_workspace_has_its_name_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        empty_workspace(&dir.path().join("tea \"house\"")).unwrap();
        let opened = open_workspace(&dir.path().join("tea \"house\"")).unwrap();
        assert_eq!((opened.manifest.name.as_str(), &*opened.problems), ("tea \"house\"", &[][..]));
        assert!(opened.projects.is_empty() && opened.manifest.providers.is_empty());
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".git")).unwrap();
        init_workspace(dir.path()).unwrap();
        let refused = init_workspace(dir.path()).unwrap_err();
        assert!(refused.message.contains("not empty"), "{refused}");
    }
}
