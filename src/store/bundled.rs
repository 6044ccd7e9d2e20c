//! The workspaces that come with the program: tutorial, demo and test fixture in one. They are part of the binary, so that
//! an installed program has them too.

use std::path::Path;

use super::init::{refuse_full, write_all};
use crate::domain::{Place, Problem};

/// A workspace inside the program.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// The folder's name.
    pub name: &'static str,
    /// Path below the workspace, and content.
    pub files: &'static [(&'static str, &'static [u8])],
}

macro_rules! bundled {
    ($($name:literal: [$($path:literal),+ $(,)?]),+ $(,)?) => {
        &[$(Bundled {
            name: $name,
            files: &[$(($path, include_bytes!(concat!("../../workspaces/", $name, "/", $path)))),+],
        }),+]
    };
}

/// Every file of `workspaces/`; a test compares the two.
const BUNDLED: &[Bundled] = bundled! {
    "policy-answers": [
        "projects/passenger-desk/datasets/questions.jsonl",
        "projects/passenger-desk/datasets/questions.ron",
        "projects/passenger-desk/experiments/answers.ron",
        "projects/passenger-desk/experiments/quick.ron",
        "projects/passenger-desk/project.ron",
        "projects/passenger-desk/prompts/cited.ron",
        "projects/passenger-desk/prompts/plain.ron",
        "projects/passenger-desk/variants/cited-relevant.ron",
        "projects/passenger-desk/variants/cited.ron",
        "projects/passenger-desk/variants/plain.ron",
        "scripts/assessor.ron",
        "scripts/clerks.ron",
        "workspace.ron",
    ],
    "support-triage": [
        "projects/triage/datasets/tickets.csv",
        "projects/triage/datasets/tickets.ron",
        "projects/triage/datasets/worked-examples.ron",
        "projects/triage/experiments/ablation.ron",
        "projects/triage/experiments/quick.ron",
        "projects/triage/experiments/triage.ron",
        "projects/triage/project.ron",
        "projects/triage/prompts/baseline.ron",
        "projects/triage/prompts/layered-examples.ron",
        "projects/triage/prompts/layered.ron",
        "projects/triage/variants/baseline.ron",
        "projects/triage/variants/layered-examples.ron",
        "projects/triage/variants/layered-lean.ron",
        "projects/triage/variants/layered.ron",
        "scripts/desk.ron",
        "workspace.ron",
    ],
};

/// The bundled workspaces, by name.
pub const fn bundled() -> &'static [Bundled] {
    BUNDLED
}

/// Copies a bundled workspace into a folder that is empty or not there yet.
///
/// # Errors
/// There is none of that name, the folder holds something already, or it cannot be written.
pub fn copy_bundled(name: &str, to: &Path) -> Result<(), Problem> {
    let Some(found) = BUNDLED.iter().find(|bundled| bundled.name == name) else {
        let names: Vec<String> = BUNDLED.iter().map(|bundled| format!("`{}`", bundled.name)).collect();
        let message = format!("No workspace named `{name}` comes with Strata.");
        return Err(Problem::error(Place::default(), message, format!("There is {}.", names.join(", "))));
    };
    refuse_full(to)?;
    write_all(to, found.files.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::domain::Prompt;
    use crate::store::ron::{edit, read};
    use crate::store::{check_workspace, open_workspace, save};

    fn source() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces")
    }

    fn files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            match entry.path() {
                path if path.is_dir() && !hidden => files(&path, found),
                path if !hidden => drop(found.insert(path.strip_prefix(source()).unwrap().to_owned())),
                _ => {}
            }
        }
    }

    #[test]
    fn the_list_holds_every_file_of_the_folder() {
        let mut on_disk = BTreeSet::new();
        files(&source(), &mut on_disk);
        let listed: BTreeSet<PathBuf> =
            BUNDLED.iter().flat_map(|one| one.files.iter().map(|(path, _)| Path::new(one.name).join(path))).collect();
        let missing: Vec<_> = on_disk.difference(&listed).collect();
        assert!(missing.is_empty(), "add these to the list in this file: {missing:#?}");
    }

    #[test]
    fn every_bundled_workspace_is_sound_and_saves_back_unchanged() {
        for one in BUNDLED {
            let dir = tempfile::tempdir().unwrap();
            let folder = dir.path().join(one.name);
            copy_bundled(one.name, &folder).unwrap();
            let opened = open_workspace(&folder).unwrap();
            assert_eq!(opened.problems, [], "{}", one.name);
            let errors: Vec<_> = check_workspace(&opened).into_iter().filter(Problem::is_error).collect();
            assert_eq!(errors, [], "{}", one.name);
            for (path, _) in one.files {
                let Some(key) = crate::store::key_of(Path::new(path)) else { continue };
                let definition = opened.get(&key).unwrap_or_else(|| panic!("{path} was not opened"));
                let outcome = save(&folder, &key, Some(&definition), Some(&definition)).unwrap();
                assert!(!outcome.written, "{path}");
            }
            assert!(copy_bundled(one.name, &folder).is_err(), "a folder that holds something is left alone");
        }
        assert!(copy_bundled("none", Path::new("/nowhere")).is_err());
    }

    #[test]
    fn one_edit_of_a_bundled_prompt_touches_its_own_lines_only() {
        let prompts = BUNDLED.iter().flat_map(|one| one.files).filter(|(path, _)| path.contains("/prompts/"));
        for (path, bytes) in prompts {
            let source = std::str::from_utf8(bytes).unwrap();
            let before: Prompt = read(bytes, Path::new(path)).value.unwrap();
            let last = before.layers.len() - 1;
            let edits: [fn(&mut Prompt, usize); 4] = [
                |prompt, _| prompt.version = "9.9.9".to_owned(),
                |prompt, last| prompt.layers[last].note = "a new note".to_owned(),
                |prompt, last| prompt.layers[last].on ^= true,
                |prompt, last| prompt.layers[last / 2].title = "a new title".to_owned(),
            ];
            for change in edits {
                let mut after = before.clone();
                change(&mut after, last);
                let edited = edit(source, &before, &after).unwrap();
                let diff = similar::TextDiff::from_lines(source, &edited);
                let touched =
                    diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal).count();
                assert!(touched <= 2, "{path}: {touched} lines\n{}", diff.unified_diff());
            }
        }
    }
}
