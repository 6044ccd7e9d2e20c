//! The invariants of the house, read out of `src/` itself.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it prepared it")]

use std::fs;
use std::path::{Path, PathBuf};

/// From bedrock to surface, as `src/lib.rs` lists them.
const ORDER: [&str; 13] = [
    "domain", "compose", "plan", "provider", "scoring", "engine", "analysis", "store", "interop", "publish", "session",
    "cli", "ui",
];

/// Words that only some modules may use, and why those.
const RESERVED: [(&str, &[&str]); 17] = [
    ("reqwest", &["provider"]),
    ("keyring::", &["provider"]),
    ("std::env::var", &["provider", "store", "publish", "cli", "ui"]),
    ("jsonschema", &["scoring"]),
    ("regress::", &["scoring"]),
    ("rquickjs", &["scoring"]),
    ("sqlparser", &["scoring"]),
    ("rusqlite", &["store"]),
    ("notify::", &["store"]),
    ("directories::", &["store"]),
    ("std::fs", &["store", "interop", "publish"]),
    ("std::process::Command", &["publish"]),
    ("println!", &["cli"]),
    ("process::exit", &[]),
    ("egui", &["ui"]),
    ("eframe", &["ui"]),
    ("rfd::", &["ui"]),
];

const WINDOW_CRATES: [&str; 8] =
    ["eframe", "egui", "egui_extras", "egui_kittest", "egui_material_icons", "egui_plot", "egui_table", "rfd"];

struct Source {
    module: String,
    path: PathBuf,
    /// Without its test module.
    code: String,
    whole: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files in the folders of `src/`.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for module in ORDER {
        collect(&root().join("src").join(module), module, &mut found);
    }
    assert!(found.len() > 60, "only {} files found: has the house moved?", found.len());
    found
}

fn collect(folder: &Path, module: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, module, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem() != Some("tests".as_ref())
        {
            let whole = fs::read_to_string(&path).unwrap();
            let code = whole.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            found.push(Source { module: module.to_owned(), path, code, whole });
        }
    }
}

fn position(module: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == module)
}

/// The modules that a source names after `crate::`, nested braces included.
fn imports(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .flat_map(|(at, word)| {
            let rest = &code[at + word.len()..];
            let named: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            let grouped = rest.strip_prefix('{').map(|group| {
                let group = group.split("};").next().unwrap_or_default();
                group.split(['{', ',', ':', '}']).map(|part| part.trim().to_owned()).collect::<Vec<_>>()
            });
            grouped.unwrap_or_default().into_iter().chain([named])
        })
        .collect()
}

#[test]
fn a_module_imports_only_what_is_listed_above_it() {
    let wrong: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            let own = position(&source.module).unwrap();
            imports(&source.code)
                .into_iter()
                .filter(move |module| position(module).is_some_and(|other| other > own))
                .map(|module| format!("{} imports {module}", source.path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_map_lists_the_modules_in_their_order() {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let listed: Vec<&str> =
        map.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|line| line.trim_end_matches(';')).collect();
    assert_eq!(listed, ORDER);
}

#[test]
fn what_is_reserved_stays_where_it_belongs() {
    let wrong: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            RESERVED
                .iter()
                .filter(|(word, allowed)| source.code.contains(word) && !allowed.contains(&source.module.as_str()))
                .map(|(word, _)| format!("{} uses {word}", source.path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_file_says_first_what_it_is_for() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| !source.whole.starts_with("//! "))
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn the_core_has_no_window_crate_in_its_tree() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for name in WINDOW_CRATES {
        let line = manifest.lines().find(|line| line.starts_with(&format!("{name} ="))).unwrap();
        assert!(line.contains("optional = true"), "{name} is not optional");
        let enabled_by: Vec<&str> = manifest
            .lines()
            .filter(|line| line.contains(&format!("\"dep:{name}\"")))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert!(enabled_by.iter().all(|feature| ["gui", "ui-tests"].contains(feature)), "{name}: {enabled_by:?}");
    }
}

#[test]
fn the_top_level_holds_nothing_else() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "README.md", "src", "assets", "workspaces", "tests", "benches", "target"];
    let extra: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !allowed.contains(&name.as_str()))
        .collect();
    assert!(extra.is_empty(), "{extra:?}");
}
