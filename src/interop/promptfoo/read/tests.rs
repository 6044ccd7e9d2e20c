//! Whole configs: files go in, a suite or a refusal comes out.

mod environment;
mod expansion;
mod refusals;
mod sources;
mod trust;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::super::{AssertionEntry, Code, Given, Means, Process, Refused, Suite};
use super::read;

/// A folder with these files, the first of them the config.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Fills in `{{ env.X }}` and `{{ env.X | upper }}`.
fn render(text: &str, env: &BTreeMap<String, String>) -> Result<String, String> {
    let inner = text.trim_start_matches("{{").trim_end_matches("}}").trim();
    let (name, filter) = inner.split_once('|').unwrap_or((inner, ""));
    let name = name.trim().trim_start_matches("env").trim_matches(['.', '[', ']', '\'']);
    let value = env.get(name).cloned().unwrap_or_default();
    match filter.trim() {
        "" => Ok(value),
        "upper" => Ok(value.to_uppercase()),
        other => Err(format!("There is no filter `{other}`.")),
    }
}

fn environment(name: &str) -> Option<String> {
    assert!(["HOST", "MISSING", "KEY"].contains(&name), "asked for {name}");
    (name != "MISSING").then(|| format!("{}-value", name.to_lowercase()))
}

fn read_folder(folder: &Path, roots: Vec<PathBuf>) -> Result<Suite, Refused> {
    read_with(folder, roots, Process::Read(&environment))
}

fn read_with(folder: &Path, roots: Vec<PathBuf>, environment: Process<'_>) -> Result<Suite, Refused> {
    let transform = |code: &Code, vars: &Map<String, Value>| match code {
        Code::Inline(text) if text == "count" => {
            Ok(Map::from_iter([("n".to_owned(), json!(vars.len())), ("a".to_owned(), json!(["x", "y"]))]))
        }
        other => Err(format!("{other:?}")),
    };
    read(folder, &Means { roots, render: &render, environment, transform_vars: Some(&transform) })
}

fn suite(files: &[(&str, &str)]) -> Suite {
    let folder = folder(files);
    read_folder(folder.path(), Vec::new()).unwrap_or_else(|refused| panic!("{files:?}: {refused}"))
}

/// A config with one prompt, `echo`, and the rest.
fn config(rest: &str) -> Suite {
    suite(&[("promptfooconfig.yaml", &format!("prompts: [p]\nproviders: [echo]\n{rest}"))])
}

fn refusal(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    match read_folder(folder.path(), Vec::new()) {
        Err(Refused::Invalid { message, at }) => {
            let name = at.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("{name}:{}:{}: {message}", at.line, at.column)
        }
        other => panic!("{files:?}: {other:?}"),
    }
}

/// `0.1 {"a":1}`: the repeat, then the variables.
fn rows(suite: &Suite) -> Vec<String> {
    let numbered: Vec<usize> = suite.rows.iter().map(|row| row.test_idx).collect();
    assert_eq!(numbered, (0..suite.rows.len()).collect::<Vec<_>>());
    suite.rows.iter().map(|row| format!("{} {}", row.repeat_index, Value::Object(Map::clone(&row.vars)))).collect()
}

fn prompts(suite: &Suite) -> Vec<(String, String)> {
    let shown = suite.folder.display().to_string();
    suite.prompts.iter().map(|prompt| (prompt.label.replace(&shown, "DIR"), prompt.raw.clone())).collect()
}

fn assertions(suite: &Suite, row: usize) -> Vec<String> {
    let shown = |one: &AssertionEntry| {
        let given = match &one.given {
            Given::Absent => "-".to_owned(),
            Given::Written(value) => value.to_string(),
            other => format!("{other:?}"),
        };
        format!("{}{} {given}", if one.not { "not-" } else { "" }, one.type_name)
    };
    suite.rows[row].case.assertions.iter().map(|one| shown(one)).collect()
}
