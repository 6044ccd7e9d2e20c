//! A project that comes into a workspace whole, or not at all: its files are looked at before the first is written, and
//! the manifest, which names its models, is written last.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cases::MAX_ROW;
use super::definitions::key_of;
use super::files::{cannot, replace};
use super::init::empty_workspace;
use super::ron::{MAX_BYTES, WARN_BYTES};
use super::save::{check_names, definition_text, save};
use crate::domain::{
    Case, CaseOptions, Dataset, DatasetId, Definition, DefinitionKey, Place, Problem, ProjectId, Source,
};

const HINT: &str = "Nothing was written.";

/// Adds a new project to the workspace at `root`. `manifest` is what the manifest says now, and what it is to say. A
/// dataset whose RON file would be large goes to a JSONL file, which is read row by row, where its cases have inputs,
/// expected values and tags alone.
///
/// # Errors
/// A name that no file can have, a file that would be too large to be read, a project that is there already: nothing was
/// written. A file cannot be written: those written before it are taken away again.
pub fn add_project(
    root: &Path,
    project: &ProjectId,
    manifest: [&Definition; 2],
    definitions: &[(DefinitionKey, Definition)],
) -> Result<(), Problem> {
    let files = laid_out(definitions)?;
    let folder = PathBuf::from("projects").join(project.as_str());
    if root.join(&folder).exists() {
        let message = "A project of this name is there already.";
        return Err(Problem::error(Place::file(folder), message, "Choose another name."));
    }
    let [before, after] = manifest;
    let written = write_all(root, &files).and_then(|()| {
        let key = DefinitionKey::Manifest;
        let saved = save(root, &key, Some(before), Some(after)).map(|_| ());
        saved.map_err(|error| Problem::error(Place::file(key.path()), format!("{error}."), HINT))
    });
    if written.is_err() {
        // It was not there before, so that all of it is this project's.
        let _ = fs::remove_dir_all(root.join(&folder));
    }
    written
}

/// Makes an empty workspace in a folder that is new or empty, and fills it. Where that fails, the folder is as it was.
///
/// # Errors
/// The folder holds something already or cannot be written, and what `fill` says.
pub fn new_workspace_with<T>(dir: &Path, fill: impl FnOnce(&Path) -> Result<T, Problem>) -> Result<T, Problem> {
    let was_there = dir.exists();
    empty_workspace(dir)?;
    let filled = fill(dir);
    if filled.is_err() {
        let _ = fs::remove_file(dir.join("workspace.ron"));
        let _ = fs::remove_file(dir.join(".gitignore"));
        let _ = fs::remove_dir_all(dir.join(".strata"));
        let _ = fs::remove_dir(dir.join("projects"));
        if !was_there {
            let _ = fs::remove_dir(dir);
        }
    }
    filled
}

/// A file, relative to the workspace, with what it is to hold.
type NewFile = (PathBuf, Vec<u8>);

fn write_all(root: &Path, files: &[NewFile]) -> Result<(), Problem> {
    files.iter().try_for_each(|(path, bytes)| {
        replace(&root.join(path), bytes, || Ok(()))
            .map_err(|error| Problem::error(Place::file(path), cannot("writte", &error), HINT))
    })
}

fn laid_out(definitions: &[(DefinitionKey, Definition)]) -> Result<Vec<NewFile>, Problem> {
    let mut files = Vec::new();
    for (key, definition) in definitions {
        check_names(key).map_err(|error| Problem::error(Place::file(key.path()), format!("{error}."), HINT))?;
        match (key, definition) {
            (DefinitionKey::Dataset(_, id), Definition::Dataset(dataset)) => {
                files.extend(of_dataset(key, id, dataset)?);
            }
            _ => files.push((key.path(), text(key, definition)?)),
        }
    }
    files.iter().try_for_each(fits)?;
    Ok(files)
}

fn text(key: &DefinitionKey, definition: &Definition) -> Result<Vec<u8>, Problem> {
    let text = definition_text(definition).map_err(|reason| Problem::error(Place::file(key.path()), reason, HINT))?;
    Ok(text.into_bytes())
}

/// The files of a dataset: one of RON, or one of rows and where it says more than these, one of RON beside it.
fn of_dataset(key: &DefinitionKey, id: &DatasetId, dataset: &Arc<Dataset>) -> Result<Vec<NewFile>, Problem> {
    let whole = text(key, &Definition::Dataset(dataset.clone()))?;
    let Source::Cases(cases) = &dataset.source else { return Ok(vec![(key.path(), whole)]) };
    if whole.len() as u64 <= WARN_BYTES {
        return Ok(vec![(key.path(), whole)]);
    }
    let more = cases.iter().filter(|case| !is_row(case)).count();
    if more > 0 {
        return if whole.len() as u64 > MAX_BYTES {
            Err(too_large(key, whole.len(), more, cases.len()))
        } else {
            Ok(vec![(key.path(), whole)])
        };
    }
    let name = format!("{id}.jsonl");
    let rows = key.path().with_file_name(&name);
    let described = Dataset { source: Source::File(name.clone()), ..(**dataset).clone() };
    let mut files = vec![(rows.clone(), lines(cases, &rows)?)];
    if described != Dataset::of_file(name) {
        files.push((key.path(), text(key, &Definition::Dataset(Arc::new(described)))?));
    }
    Ok(files)
}

/// Whether a row of a file can say all that the case does.
fn is_row(case: &Case) -> bool {
    case.checks.is_empty() && case.pass.is_none() && case.options == CaseOptions::default()
}

fn lines(cases: &[Case], file: &Path) -> Result<Vec<u8>, Problem> {
    let mut lines = Vec::new();
    for (number, case) in (1..).zip(cases) {
        let line = serde_json::to_vec(case)
            .map_err(|error| Problem::error(Place::at(file, number, 1), error.to_string(), HINT))?;
        if line.len() > MAX_ROW {
            let message =
                format!("The case `{}` is {}; a row has {} at most.", case.id, size(line.len()), size(MAX_ROW));
            return Err(Problem::error(Place::at(file, number, 1), message, HINT));
        }
        lines.extend(line);
        lines.push(b'\n');
    }
    Ok(lines)
}

/// What a workspace would not read is not written.
fn fits((path, bytes): &NewFile) -> Result<(), Problem> {
    let is_definition = key_of(path).is_some();
    if !is_definition || bytes.len() as u64 <= MAX_BYTES {
        return Ok(());
    }
    let most = size(usize::try_from(MAX_BYTES).unwrap_or(usize::MAX));
    let message = format!("The file would be {}; a workspace reads up to {most}.", size(bytes.len()));
    Err(Problem::error(Place::file(path), message, HINT))
}

fn too_large(key: &DefinitionKey, bytes: usize, more: usize, cases: usize) -> Problem {
    let most = size(usize::try_from(MAX_BYTES).unwrap_or(usize::MAX));
    let message = format!(
        "The file would be {}; a workspace reads up to {most}. Of {cases} cases, {more} have checks or options of their \
         own, which only this kind of file can hold.",
        size(bytes)
    );
    let hint = "Nothing was written. Say the checks that cases share once, for all of them, or take the cases in several \
                files and import one after the other.";
    Problem::error(Place::file(key.path()), message, hint)
}

/// In megabytes, rounded up.
fn size(bytes: usize) -> String {
    format!("{} MB", bytes.div_ceil(1024 * 1024))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{check_workspace, open_cases, open_workspace};
    use super::*;
    use crate::domain::{Check, CheckKind, Manifest, ProjectSpec, Workspace};

    fn fresh() -> (tempfile::TempDir, Workspace) {
        let dir = tempfile::tempdir().unwrap();
        empty_workspace(dir.path()).unwrap();
        let opened = open_workspace(dir.path()).unwrap();
        (dir, opened)
    }

    /// So many cases, of so many bytes each.
    fn cases(count: usize, bytes: usize) -> Vec<Case> {
        let case = |index: usize| Case {
            id: format!("c-{index}").into(),
            vars: serde_json::Map::from_iter([("text".to_owned(), json!("x".repeat(bytes)))]),
            expected: serde_json::Map::from_iter([("label".to_owned(), json!(index))]),
            tags: vec!["t".to_owned()],
            note: "n".to_owned(),
            ..Case::default()
        };
        (0..count).map(case).collect()
    }

    fn definitions(project: &str, dataset: Dataset) -> Vec<(DefinitionKey, Definition)> {
        let id = ProjectId::from(project);
        vec![
            (DefinitionKey::Project(id.clone()), Definition::Project(Arc::new(ProjectSpec::titled("P")))),
            (DefinitionKey::Dataset(id, "d".into()), Definition::Dataset(Arc::new(dataset))),
        ]
    }

    fn inline(cases: Vec<Case>) -> Dataset {
        Dataset { source: Source::Cases(cases), ..Dataset::of_file(String::new()) }
    }

    fn add(workspace: &Workspace, definitions: &[(DefinitionKey, Definition)]) -> Result<(), Problem> {
        let noted = Manifest { note: "More.".to_owned(), ..(*workspace.manifest).clone() };
        let manifest = [&Definition::Manifest(workspace.manifest.clone()), &Definition::Manifest(Arc::new(noted))];
        let DefinitionKey::Project(project) = &definitions[0].0 else { panic!("the project is first") };
        add_project(&workspace.root, project, manifest, definitions)
    }

    fn files(root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
            }
        }
        let mut names: Vec<String> =
            found.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn large_plain_cases_become_rows_and_are_the_same_cases() {
        let (dir, workspace) = fresh();
        let many = cases(40, 500_000);
        add(&workspace, &definitions("p", inline(many.clone()))).unwrap();
        let opened = open_workspace(dir.path()).unwrap();
        assert!(opened.problems.is_empty() && !check_workspace(&opened).iter().any(Problem::is_error));
        let dataset = &opened.projects[&"p".into()].datasets[&"d".into()];
        assert_eq!(dataset.source, Source::File("d.jsonl".to_owned()));
        let open = open_cases(dir.path(), &"p".into(), dataset).map_err(|problems| format!("{problems:?}")).unwrap();
        let read: Vec<Case> = (0..open.cases.len()).map(|row| open.cases.case(row).unwrap()).collect();
        assert_eq!((read, open.problems), (many, vec![]));
        assert_eq!(opened.manifest.note, "More.");
    }

    #[test]
    fn small_cases_and_those_with_checks_stay_in_ron_and_a_title_is_kept_beside_rows() {
        let check = |dataset: Dataset, expect: &[&str]| {
            let (dir, workspace) = fresh();
            add(&workspace, &definitions("p", dataset)).unwrap();
            let found = files(&dir.path().join("projects/p/datasets"));
            assert_eq!(found, expect);
            assert!(open_workspace(dir.path()).unwrap().problems.iter().all(|problem| !problem.is_error()));
        };
        check(inline(cases(3, 10)), &["d.ron"]);
        let mut checked = cases(4, 500_000);
        checked[2].checks = vec![Check::new(CheckKind::Json)];
        check(inline(checked), &["d.ron"]);
        check(Dataset { title: "Rows".to_owned(), ..inline(cases(4, 500_000)) }, &["d.jsonl", "d.ron"]);
    }

    #[test]
    fn what_cannot_be_added_leaves_nothing() {
        let mut checked = cases(40, 500_000);
        checked[7].checks = vec![Check::new(CheckKind::Json)];
        let check = |project: &str, dataset: Dataset, words: &[&str]| {
            let (dir, workspace) = fresh();
            let before = files(dir.path());
            let refused = add(&workspace, &definitions(project, dataset)).unwrap_err().to_string();
            for word in words {
                assert!(refused.contains(word), "{refused}");
            }
            assert_eq!(files(dir.path()), before);
        };
        check("p", inline(checked), &["20 MB", "16 MB", "Of 40 cases, 1 ", "Nothing was written"]);
        check("a/b", inline(Vec::new()), &["`a/b` cannot be the name of a file"]);
        check("con", inline(Vec::new()), &["keep it for a device"]);
    }

    #[test]
    fn a_manifest_that_somebody_changed_meanwhile_takes_the_project_back() {
        let (dir, workspace) = fresh();
        fs::write(dir.path().join("workspace.ron"), "(name: \"other\")").unwrap();
        assert!(add(&workspace, &definitions("p", inline(cases(2, 3)))).is_err());
        assert!(!dir.path().join("projects/p").exists());
        assert_eq!(fs::read_to_string(dir.path().join("workspace.ron")).unwrap(), "(name: \"other\")");
    }

    #[test]
    fn a_workspace_that_could_not_be_filled_is_not_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let fail = |_: &Path| Err::<(), _>(Problem::error(Place::default(), "No.", ""));
        let (new, empty) = (dir.path().join("new"), dir.path().join("empty"));
        fs::create_dir(&empty).unwrap();
        assert!(new_workspace_with(&new, fail).is_err() && !new.exists());
        assert!(new_workspace_with(&empty, fail).is_err() && files(&empty).is_empty() && empty.exists());
        new_workspace_with(&new, |_| Ok(())).unwrap();
        assert!(open_workspace(&new).is_ok());
    }
}
