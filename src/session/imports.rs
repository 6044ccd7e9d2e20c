//! Another tool's file on its way into a workspace: it is read and told of before anything is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk;
use super::importing::{add, read};
use super::launch::asked;
use super::route::Route;
use super::state::Session;
use crate::domain::{Capability, DefinitionKey, Policy, Problem, ProjectId, Workspace};
use crate::interop::{Imported, slug};

/// The import that is being looked at.
#[derive(Debug, Clone, Default)]
pub struct Importing {
    /// `None` before a file was chosen.
    pub file: Option<PathBuf>,
    /// The person trusts the file: it may name files outside its folder, and scripts of its own may run, in the sandbox.
    pub trusted: bool,
    /// `None` while it is being read.
    pub read: Option<Result<Arc<Readable>, Problem>>,
    /// It is being written.
    pub writing: bool,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Readable {
    pub imported: Imported,
    /// What a run of it will ask the user for.
    pub asks: Vec<Capability>,
}

/// Where an import goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportInto {
    /// The workspace that is open.
    Open,
    /// A new workspace in this folder, which is new or empty.
    Folder(PathBuf),
}

#[derive(Default)]
pub(super) struct Imports {
    shown: Option<Importing>,
    /// What is to be written once all edits are saved.
    waiting: Option<Arc<Readable>>,
}

impl Session {
    /// The import that stands over the window.
    #[must_use]
    pub const fn importing(&self) -> Option<&Importing> {
        self.imports.shown.as_ref()
    }

    pub(super) fn show_import(&mut self, show: bool) {
        self.palette = false;
        self.imports = Imports::default();
        if show {
            self.route = Route::Home;
            self.imports.shown = Some(Importing::default());
        }
    }

    /// Reads a file of another tool; nothing is written.
    pub(super) fn read_import(&mut self, file: PathBuf, trusted: bool) {
        self.route = Route::Home;
        self.imports.shown = Some(Importing { file: Some(file.clone()), trusted, ..Importing::default() });
        self.jobs.blocking(format!("Reading {}", file.display()), move |_| {
            let read = read(&file, trusted).map(readable);
            Box::new(move |session| {
                let shown = session.imports.shown.as_mut();
                let same = |shown: &&mut Importing| shown.file.as_ref() == Some(&file) && shown.trusted == trusted;
                if let Some(shown) = shown.filter(same) {
                    shown.read = Some(read);
                }
            })
        });
    }

    /// Writes what was read as a project of this title, and goes to it.
    pub(super) fn import(&mut self, into: ImportInto, title: &str) {
        let Some(shown) = self.imports.shown.as_mut().filter(|shown| !shown.writing) else { return };
        let Some(Ok(readable)) = &shown.read else { return };
        let readable = Arc::new(Readable { imported: titled(&readable.imported, title), ..(**readable).clone() });
        shown.writing = true;
        match into {
            ImportInto::Open => {
                self.imports.waiting = Some(readable);
                self.save_now();
                self.import_if_saved();
            }
            ImportInto::Folder(folder) => self.import_into_new(folder, readable),
        }
    }

    /// Begins what waits for the manifest to be on disk as it is here: the import adds to it.
    pub(super) fn import_if_saved(&mut self) {
        if self.imports.waiting.is_none() || self.edits.is_unsaved(&DefinitionKey::Manifest) || self.edits.is_saving() {
            return;
        }
        let (Some(workspace), Some(readable)) = (self.workspace.clone(), self.imports.waiting.take()) else { return };
        self.jobs.blocking(format!("Importing {}", readable.imported.spec.title), move |_| {
            let added = add(&workspace, &readable.imported);
            let added = added.and_then(|project| Ok((project, disk::open(&workspace.root)?)));
            Box::new(move |session| {
                let added = added.map(|(project, fresh)| {
                    if session.workspace().is_some_and(|open| open.root == fresh.root) {
                        session.merge(fresh);
                    }
                    project
                });
                session.import_ended(added);
            })
        });
    }

    fn import_into_new(&mut self, folder: PathBuf, readable: Arc<Readable>) {
        self.jobs.blocking(format!("Importing {}", readable.imported.spec.title), move |_| {
            let added = into_new(&folder, &readable.imported);
            Box::new(move |session| {
                let added = added.map(|(project, workspace)| {
                    session.adopt(workspace);
                    project
                });
                session.import_ended(added);
            })
        });
    }

    fn import_ended(&mut self, added: Result<ProjectId, Problem>) {
        match added {
            Ok(project) => {
                self.imports = Imports::default();
                self.notices.success(format!("Imported into projects/{project}."));
                self.apply(super::Command::SelectProject(project));
                self.apply(super::Command::Go(Route::Build));
            }
            Err(problem) => {
                if let Some(shown) = &mut self.imports.shown {
                    shown.writing = false;
                }
                self.notices.error(problem.message, problem.hint);
            }
        }
    }
}

fn into_new(folder: &Path, imported: &Imported) -> Result<(ProjectId, Workspace), Problem> {
    disk::create_with(folder, |folder| {
        let project = add(&disk::open(folder)?, imported)?;
        Ok((project, disk::open(folder)?))
    })
}

/// The import with what a run of it will ask for.
fn readable(imported: Imported) -> Arc<Readable> {
    let workspace = super::evaluation::workspace_of(imported.clone(), Policy::default(), PathBuf::new());
    Arc::new(Readable { imported, asks: asked(&workspace).into_iter().collect() })
}

/// The import under another title, and under an id that is made of it; as it was where the title is empty.
fn titled(imported: &Imported, title: &str) -> Imported {
    let mut named = imported.clone();
    let title = title.trim();
    if title.is_empty() || title == imported.spec.title {
        return named;
    }
    title.clone_into(&mut named.spec.title);
    named.project = ProjectId(slug(title, named.project.as_str()));
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProjectSpec;

    #[test]
    fn a_title_makes_the_name_of_the_project() {
        let imported = Imported::new("config".into(), ProjectSpec::titled("Config"));
        let check = |title: &str, id: &str, expect: &str| {
            let named = titled(&imported, title);
            assert_eq!((named.project.as_str(), named.spec.title.as_str()), (id, expect), "{title}");
        };
        check("My evals, 2", "my-evals-2", "My evals, 2");
        check("  ", "config", "Config");
        check("評価", "config", "評価");
    }
}
