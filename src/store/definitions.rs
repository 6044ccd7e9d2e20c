//! Definitions by their key: which kind a key is of, and which key a path has.

use std::path::{Component, Path};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::ron::{Loaded, read};
use crate::domain::{Definition, DefinitionKey};

/// Reads a definition of the kind that the key says.
pub fn read_definition(key: &DefinitionKey, bytes: &[u8], file: &Path) -> Loaded<Definition> {
    fn wrapped<T: DeserializeOwned>(bytes: &[u8], file: &Path, wrap: fn(Arc<T>) -> Definition) -> Loaded<Definition> {
        let Loaded { value, tree, problems } = read::<T>(bytes, file);
        Loaded { value: value.map(Arc::new).map(wrap), tree, problems }
    }
    match key {
        DefinitionKey::Manifest => wrapped(bytes, file, Definition::Manifest),
        DefinitionKey::Project(_) => wrapped(bytes, file, Definition::Project),
        DefinitionKey::Prompt(..) => wrapped(bytes, file, Definition::Prompt),
        DefinitionKey::Variant(..) => wrapped(bytes, file, Definition::Variant),
        DefinitionKey::Dataset(..) => wrapped(bytes, file, Definition::Dataset),
        DefinitionKey::Experiment(..) => wrapped(bytes, file, Definition::Experiment),
        DefinitionKey::Release(..) => wrapped(bytes, file, Definition::Release),
    }
}

/// The key of a definition's file, its path being relative to the workspace; `None` for other files.
pub fn key_of(path: &Path) -> Option<DefinitionKey> {
    let parts: Option<Vec<&str>> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    match parts?.as_slice() {
        ["workspace.ron"] => Some(DefinitionKey::Manifest),
        ["projects", project, "project.ron"] => Some(DefinitionKey::Project((*project).into())),
        ["projects", project, folder, file] => {
            let (project, id) = ((*project).into(), file.strip_suffix(".ron")?);
            match *folder {
                "prompts" => Some(DefinitionKey::Prompt(project, id.into())),
                "variants" => Some(DefinitionKey::Variant(project, id.into())),
                "datasets" => Some(DefinitionKey::Dataset(project, id.into())),
                "experiments" => Some(DefinitionKey::Experiment(project, id.into())),
                "releases" => Some(DefinitionKey::Release(project, id.into())),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_path_lead_to_each_other() {
        for key in [
            DefinitionKey::Manifest,
            DefinitionKey::Project("a".into()),
            DefinitionKey::Prompt("a".into(), "p.1".into()),
            DefinitionKey::Variant("a".into(), "v".into()),
            DefinitionKey::Dataset("a".into(), "d".into()),
            DefinitionKey::Experiment("a".into(), "e".into()),
            DefinitionKey::Release("a".into(), "r".into()),
        ] {
            assert_eq!(key_of(&key.path()), Some(key));
        }
        for other in
            ["projects/a/datasets/d.csv", "script.ron", "../workspace.ron", "/workspace.ron", "projects/a/x/y.ron"]
        {
            assert_eq!(key_of(Path::new(other)), None, "{other}");
        }
    }
}
