//! Opens a workspace: every definition that can be read, and a problem for every one that cannot.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::files::{inside, read_inside, stays_inside};
use super::ron::{Loaded, MAX_BYTES, read};
use crate::domain::{
    AlertRules, Api, Dataset, DatasetId, Manifest, Place, Policy, Problem, Project, ProjectId, ProjectSpec, Script,
    Workspace,
};

/// Opens the workspace in a folder. What is broken becomes a problem of the workspace; the rest is there.
///
/// # Errors
/// The folder cannot be read, or has no `workspace.ron`.
pub fn open_workspace(root: &Path) -> Result<Workspace, Problem> {
    let root = root.canonicalize().map_err(|error| {
        Problem::error(Place::file(root), format!("The folder cannot be opened: {error}."), "Check the path.")
    })?;
    if !root.join("workspace.ron").exists() {
        let hint = "Open a folder with a `workspace.ron`, or make one with `strata init`.";
        return Err(Problem::error(Place::file(&root), "This folder is not a Strata workspace.", hint));
    }
    let mut reader = Reader { root: &root, problems: Vec::new() };
    let manifest = reader.manifest();
    let projects = reader.projects();
    let scripts = reader.scripts(&manifest);
    let problems = reader.problems;
    Ok(Workspace { manifest: Arc::new(manifest), projects, scripts, problems, root })
}

struct Reader<'r> {
    root: &'r Path,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn manifest(&mut self) -> Manifest {
        self.load(Path::new("workspace.ron")).unwrap_or_else(|| Manifest {
            format: crate::domain::FORMAT,
            name: self.root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            note: String::new(),
            providers: BTreeMap::new(),
            models: BTreeMap::new(),
            policy: Policy::default(),
            alerts: AlertRules::default(),
            otlp: None,
        })
    }

    fn projects(&mut self) -> BTreeMap<ProjectId, Project> {
        let mut projects = BTreeMap::new();
        let folders = self.list(Path::new("projects"));
        self.refuse_clashes(&folders);
        for folder in folders.into_iter().filter(|entry| self.root.join(&entry.path).is_dir()) {
            if let Err(error) = stays_inside(self.root, &self.root.join(&folder.path)) {
                self.problems.push(Problem::error(Place::file(&folder.path), error.message, error.hint));
                continue;
            }
            let project = self.project(&folder);
            projects.insert(ProjectId::from(folder.stem), project);
        }
        projects
    }

    fn project(&mut self, folder: &Entry) -> Project {
        let untitled = || ProjectSpec::titled(&folder.stem);
        let spec = self.load(&folder.path.join("project.ron")).unwrap_or_else(untitled);
        Project {
            prompts: self.definitions(&folder.path.join("prompts")),
            variants: self.definitions(&folder.path.join("variants")),
            datasets: self.datasets(&folder.path.join("datasets")),
            experiments: self.definitions(&folder.path.join("experiments")),
            releases: self.definitions(&folder.path.join("releases")),
            ..Project::new(Arc::new(spec))
        }
    }

    /// All RON files of a folder, by their stem.
    fn definitions<Id: From<String> + Ord, T: DeserializeOwned>(&mut self, folder: &Path) -> BTreeMap<Id, Arc<T>> {
        let mut entries = self.list(folder);
        entries.retain(|entry| entry.extension == "ron");
        self.refuse_clashes(&entries);
        let mut found = BTreeMap::new();
        for entry in entries {
            if let Some(value) = self.load(&entry.path) {
                found.insert(Id::from(entry.stem), Arc::new(value));
            }
        }
        found
    }

    fn datasets(&mut self, folder: &Path) -> BTreeMap<DatasetId, Arc<Dataset>> {
        let mut datasets = self.definitions(folder);
        let mut entries = self.list(folder);
        let described: Vec<String> =
            entries.iter().filter(|entry| entry.extension == "ron").map(|entry| entry.stem.clone()).collect();
        entries.retain(|entry| matches!(entry.extension.as_str(), "csv" | "jsonl") && !described.contains(&entry.stem));
        self.refuse_clashes(&entries);
        for entry in entries {
            let file = format!("{}.{}", entry.stem, entry.extension);
            datasets.entry(DatasetId::from(entry.stem)).or_insert_with(|| Arc::new(Dataset::of_file(file)));
        }
        datasets
    }

    fn scripts(&mut self, manifest: &Manifest) -> BTreeMap<String, Arc<Script>> {
        let mut scripts = BTreeMap::new();
        for provider in manifest.providers.values() {
            let Api::Scripted(path) = &provider.api else { continue };
            // A path that leads nowhere is told by the check, with its line.
            let usable = inside(self.root, self.root, path).is_ok_and(|file| file.exists());
            if usable
                && !scripts.contains_key(path)
                && let Some(script) = self.load(Path::new(path))
            {
                scripts.insert(path.clone(), Arc::new(script));
            }
        }
        scripts
    }

    fn load<T: DeserializeOwned>(&mut self, file: &Path) -> Option<T> {
        match read_inside(self.root, &self.root.join(file), file, MAX_BYTES) {
            Ok(bytes) => {
                let Loaded { value, problems, .. } = read(&bytes, file);
                self.problems.extend(problems);
                value
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// What stands in a folder, sorted by name; hidden files and copies of conflicts are left out.
    fn list(&mut self, folder: &Path) -> Vec<Entry> {
        let path = self.root.join(folder);
        if !path.exists() {
            return Vec::new();
        }
        if let Err(error) = stays_inside(self.root, &path) {
            self.problems.push(Problem::error(Place::file(folder), error.message, error.hint));
            return Vec::new();
        }
        let listing = match fs::read_dir(&path) {
            Ok(listing) => listing,
            Err(error) => {
                let message = format!("The folder cannot be read: {error}.");
                self.problems.push(Problem::error(Place::file(folder), message, ""));
                return Vec::new();
            }
        };
        let mut entries = Vec::new();
        for name in listing.flatten().map(|entry| entry.file_name()) {
            let Some(name) = name.to_str() else {
                let message = format!("The file name `{}` is not UTF-8.", name.to_string_lossy());
                self.problems.push(Problem::error(Place::file(folder), message, "Rename the file."));
                continue;
            };
            if !name.starts_with('.') && !name.contains(".conflict-") {
                entries.push(Entry::new(folder, name));
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }

    /// Ids that differ in case only are one file on some systems.
    fn refuse_clashes(&mut self, entries: &[Entry]) {
        let mut seen: BTreeMap<String, &Entry> = BTreeMap::new();
        for entry in entries {
            if let Some(first) = seen.get(&entry.stem.to_lowercase()) {
                self.problems.push(Problem::error(
                    Place::file(&entry.path),
                    format!("The id `{}` clashes with `{}`.", entry.stem, first.path.display()),
                    "Ids must differ in more than capitals and file ending: rename one of the files.",
                ));
            } else {
                seen.insert(entry.stem.to_lowercase(), entry);
            }
        }
    }
}

struct Entry {
    /// Relative to the workspace.
    path: PathBuf,
    stem: String,
    extension: String,
}

impl Entry {
    fn new(folder: &Path, name: &str) -> Self {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        Self { path: folder.join(name), stem: stem.to_owned(), extension: extension.to_lowercase() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A workspace of these files, each `(path, text)`.
    pub fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    pub const SMALL: [(&str, &str); 7] = [
        (
            "workspace.ron",
            "(\n    name: \"w\",\n    providers: {\"s\": (api: Scripted(\"script.ron\"))},\n    models: {\"m\": (provider: \"s\", model: \"x\")},\n)\n",
        ),
        ("script.ron", "(models: {\"x\": ()}, rules: [(replies: [(text: \"ok\")])])"),
        ("projects/a/project.ron", "(title: \"A\")"),
        (
            "projects/a/prompts/p.ron",
            "(variables: {\"q\": ()}, layers: [(id: \"l\", content: Text(text: \"{{ q }}\"))])",
        ),
        ("projects/a/variants/v.ron", "(prompt: \"p\")"),
        ("projects/a/datasets/d.csv", "id,q,expected\n1,one,1\n2,two,2\n"),
        ("projects/a/experiments/e.ron", "(variants: [\"v\"], models: [\"m\"], dataset: \"d\")"),
    ];

    #[test]
    fn every_kind_of_definition_is_found() {
        let dir = workspace(&SMALL);
        let opened = open_workspace(dir.path()).unwrap();
        assert_eq!(opened.problems, []);
        let project = &opened.projects[&"a".into()];
        assert_eq!(project.datasets[&"d".into()].source, crate::domain::Source::File("d.csv".to_owned()));
        assert_eq!((project.prompts.len(), project.variants.len(), project.experiments.len()), (1, 1, 1));
        assert_eq!(opened.scripts.len(), 1);
    }

    #[test]
    fn one_broken_file_keeps_the_others() {
        for (index, (path, _)) in SMALL.iter().enumerate().filter(|(_, (_, text))| text.starts_with('(')) {
            let mut files = SMALL;
            files[index].1 = "(broken";
            let dir = workspace(&files);
            let opened = open_workspace(dir.path()).unwrap();
            assert!(
                opened.problems.iter().any(|problem| problem.place.file == Path::new(path)),
                "{path}: {:?}",
                opened.problems
            );
            assert_eq!(opened.projects.len(), 1, "{path}");
        }
    }

    #[test]
    fn a_folder_without_a_manifest_is_not_a_workspace() {
        let dir = workspace(&[("projects/a/project.ron", "(title: \"A\")")]);
        assert!(open_workspace(dir.path()).unwrap_err().message.contains("not a Strata workspace"));
        assert!(open_workspace(&dir.path().join("none")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn ids_that_differ_in_case_only_clash() {
        let mut files = SMALL.to_vec();
        files.push(("projects/a/prompts/P.ron", "()"));
        let opened = open_workspace(workspace(&files).path()).unwrap();
        assert!(opened.problems.iter().any(|problem| problem.message.contains("clashes")), "{:?}", opened.problems);
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_workspace_are_not_read() {
        let outside = workspace(&[("p.ron", "(title: \"outside\")"), ("project/project.ron", "(title: \"outside\")")]);
        let dir = workspace(&SMALL);
        std::os::unix::fs::symlink(outside.path().join("p.ron"), dir.path().join("projects/a/prompts/q.ron")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("project"), dir.path().join("projects/b")).unwrap();
        let opened = open_workspace(dir.path()).unwrap();
        assert_eq!(opened.problems.len(), 2, "{:?}", opened.problems);
        assert_eq!((opened.projects.len(), opened.projects[&"a".into()].prompts.len()), (1, 1));
    }

    #[test]
    fn hidden_files_and_copies_of_conflicts_are_left_out() {
        let mut files = SMALL.to_vec();
        files.push(("projects/a/prompts/.p.ron.1.tmp", "("));
        files.push(("projects/a/prompts/p.conflict-20261123.ron", "("));
        let opened = open_workspace(workspace(&files).path()).unwrap();
        assert_eq!(opened.problems, []);
    }
}
