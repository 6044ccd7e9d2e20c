//! The bundled workspaces: they load, they save back unchanged, and they show what they are there to show.

use std::fs;
use std::path::{Path, PathBuf};

use strata::domain::{DefinitionKey, Workspace};
use strata::store::{definition_text, open_workspace, save};

const NAMES: [&str; 2] = ["policy-answers", "support-triage"];

pub fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces").join(name)
}

pub fn open(root: &Path) -> Workspace {
    let workspace = open_workspace(root).unwrap();
    assert_eq!(workspace.problems, [], "{}", root.display());
    workspace
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The keys of all definitions.
fn keys(workspace: &Workspace) -> Vec<DefinitionKey> {
    let mut keys = vec![DefinitionKey::Manifest];
    for (id, project) in &workspace.projects {
        keys.push(DefinitionKey::Project(id.clone()));
        keys.extend(project.prompts.keys().map(|name| DefinitionKey::Prompt(id.clone(), name.clone())));
        keys.extend(project.variants.keys().map(|name| DefinitionKey::Variant(id.clone(), name.clone())));
        keys.extend(project.datasets.keys().map(|name| DefinitionKey::Dataset(id.clone(), name.clone())));
        keys.extend(project.experiments.keys().map(|name| DefinitionKey::Experiment(id.clone(), name.clone())));
    }
    keys
}

#[test]
fn every_bundled_workspace_is_tested() {
    let mut found: Vec<String> =
        fs::read_dir(bundled("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, NAMES);
}

#[test]
fn they_open_without_a_problem_and_have_all_their_parts() {
    for name in NAMES {
        let workspace = open(&bundled(name));
        assert!(!workspace.manifest.models.is_empty(), "{name} has models");
        for provider in workspace.manifest.providers.values() {
            assert!(provider.api.is_scripted(), "{name} works offline");
        }
        for project in workspace.projects.values() {
            assert!(
                project.prompts.len() >= 2 && project.variants.len() >= 3 && project.experiments.len() >= 2,
                "{name}"
            );
        }
    }
}

#[test]
fn every_file_tells_a_newcomer_what_it_is() {
    for name in NAMES {
        let root = bundled(name);
        for key in keys(&open(&root)) {
            let path = root.join(key.path());
            assert!(fs::read_to_string(&path).unwrap().starts_with("// "), "{}", path.display());
        }
    }
}

#[test]
fn saving_what_was_read_leaves_the_files_alone() {
    for name in NAMES {
        let dir = tempfile::tempdir().unwrap();
        copy(&bundled(name), dir.path());
        let workspace = open(dir.path());
        for key in keys(&workspace) {
            let (path, definition) = (dir.path().join(key.path()), workspace.get(&key).unwrap());
            let before = fs::read(&path).unwrap();
            let outcome = save(dir.path(), &key, Some(&definition), Some(&definition)).unwrap();
            assert!(!outcome.written, "{}", path.display());
            assert_eq!(fs::read(&path).unwrap(), before, "{}", path.display());
        }
    }
}

#[test]
fn files_written_anew_say_the_same() {
    for name in NAMES {
        let dir = tempfile::tempdir().unwrap();
        copy(&bundled(name), dir.path());
        let workspace = open(dir.path());
        for key in keys(&workspace) {
            fs::write(dir.path().join(key.path()), definition_text(&workspace.get(&key).unwrap()).unwrap()).unwrap();
        }
        assert_eq!(open(dir.path()), workspace, "{name}");
    }
}
