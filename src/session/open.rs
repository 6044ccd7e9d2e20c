//! Opening, making, reloading and closing workspaces.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::disk;
use super::route::Route;
use super::state::Session;
use crate::domain::{Problem, Workspace};

/// What a person sees who opens Strata for the first time.
const FIRST_WORKSPACE: &str = "support-triage";

/// A workspace that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledInfo {
    /// Its folder's name.
    pub name: String,
    pub title: String,
    /// What it shows, in a sentence.
    pub note: String,
}

/// The workspace being opened, or the one that is open.
pub(super) struct Opened {
    /// `None` while it is being read, and where the folder cannot be watched.
    watcher: Option<disk::Watcher>,
    under_way: bool,
}

impl Opened {
    pub fn under_way(&self) -> bool {
        self.under_way
    }
}

impl Session {
    /// Opens the workspace that was open last; where there is none, a bundled one.
    pub fn open_last(&mut self) {
        let last = self.settings.last_workspace().filter(|path| path.join("workspace.ron").is_file());
        match last.map(Path::to_owned) {
            Some(path) => self.open_workspace(path),
            None => self.open_bundled(FIRST_WORKSPACE.to_owned()),
        }
    }

    pub(super) fn open_workspace(&mut self, path: PathBuf) {
        let name = format!("Opening {}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy());
        self.opening_starts();
        self.jobs.blocking(name, move |_| {
            let read = disk::open(&path);
            Box::new(move |session| session.opened_workspace(read))
        });
    }

    pub(super) fn open_bundled(&mut self, name: String) {
        self.opening_starts();
        self.jobs.blocking(format!("Opening {name}"), move |_| {
            let read = disk::place_bundled(&name).and_then(|path| disk::open(&path));
            Box::new(move |session| session.opened_workspace(read))
        });
    }

    pub(super) fn new_workspace(&mut self, folder: PathBuf, from: Option<String>) {
        self.opening_starts();
        self.jobs.blocking("Making a workspace", move |_| {
            let read = disk::create(&folder, from.as_deref()).and_then(|()| disk::open(&folder));
            Box::new(move |session| session.opened_workspace(read))
        });
    }

    fn opening_starts(&mut self) {
        self.palette = false;
        match &mut self.opened {
            Some(opened) => opened.under_way = true,
            None => self.opened = Some(Opened { watcher: None, under_way: true }),
        }
    }

    fn opened_workspace(&mut self, read: Result<Workspace, Problem>) {
        match read {
            Ok(workspace) => self.adopt(workspace),
            Err(problem) => {
                self.notices.error(problem.message, problem.hint);
                match &mut self.opened {
                    Some(opened) if self.workspace.is_some() => opened.under_way = false,
                    _ => self.opened = None,
                }
            }
        }
    }

    /// Makes a workspace that is in memory the open one.
    pub fn adopt(&mut self, workspace: Workspace) {
        if self.workspace.is_some() {
            self.save_now();
        }
        self.forget_edits();
        self.scripts = super::trust::TypedScripts::default();
        let root = workspace.root.clone();
        self.remember(&root);
        self.selection = super::Selection::default();
        self.selection.settle(&workspace);
        self.shelf.clear();
        self.previews = super::Previews::default();
        self.tried = None;
        self.opened = Some(Opened { watcher: None, under_way: false });
        self.watch(&root);
        self.recover(&root);
        self.workspace = Some(workspace);
        self.cases = None;
        self.route = if self.route == Route::Settings { Route::Settings } else { Route::Home };
        self.open_records(&root);
        self.definitions_changed();
    }

    /// Reads the files again.
    pub(super) fn reload(&mut self) {
        let Some(workspace) = &self.workspace else { return };
        let root = workspace.root.clone();
        let saves = self.edits.saves();
        self.jobs.blocking("Reading the workspace again", move |_| {
            let read = disk::open(&root);
            Box::new(move |session| match read {
                // A save came in between: what was read may be older than what is here.
                Ok(_) if session.edits.saves() != saves => session.reload(),
                Ok(fresh) => session.merge(fresh),
                Err(problem) => session.notices.error(problem.message, problem.hint),
            })
        });
    }

    pub(super) fn close_workspace(&mut self) {
        self.save_now();
        self.forget_edits();
        self.workspace = None;
        self.opened = None;
        self.cases = None;
        self.selection = super::Selection::default();
        self.route = Route::Home;
        // Nobody could see or stop it any more.
        self.end_run();
        self.runs.clear();
        self.calls.clear();
        self.shelf.clear();
        self.definitions_changed();
    }

    fn remember(&mut self, root: &Path) {
        self.change_settings(|settings| settings.opened(root));
    }

    /// Watches the folder; a change outside is read in by a job.
    fn watch(&mut self, root: &Path) {
        let (sender, wake, root) = (self.jobs.sender(), self.jobs.wake(), root.to_owned());
        self.jobs.quiet(move |_| {
            let told = move |paths: Vec<PathBuf>| {
                let _ = sender.send(Box::new(move |session: &mut Self| session.changed_outside(&paths)));
                wake();
            };
            let watcher = disk::watch(&root, told);
            Box::new(move |session| match watcher {
                Ok(watcher) => {
                    let same = session.workspace.as_ref().is_some_and(|open| open.root == root);
                    if let Some(opened) = session.opened.as_mut().filter(|_| same) {
                        opened.watcher = Some(watcher);
                    }
                }
                Err(problem) => session.notices.warning(problem.message, problem.hint),
            })
        });
    }

    fn changed_outside(&mut self, paths: &[PathBuf]) {
        let watched = self.opened.as_ref().is_some_and(|opened| opened.watcher.is_some());
        if !watched {
            return;
        }
        let is_definition = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "ron");
        if paths.iter().any(is_definition) {
            self.reload();
        }
        if paths.iter().any(|path| !is_definition(path)) {
            self.shelf.clear();
            self.read_cases_again();
            self.estimate_due(Instant::now());
        }
    }

    /// Brings back edits that were not saved when the program ended.
    fn recover(&mut self, root: &Path) {
        let root = root.to_owned();
        self.jobs.quiet(move |_| {
            let unsaved = disk::Journal::new(&root).unsaved();
            Box::new(move |session| session.recovered(&root, unsaved))
        });
    }

    /// Something in the definitions changed: what hangs on them is looked at again.
    pub(super) fn definitions_changed(&mut self) {
        self.edition += 1;
        self.check_soon(Instant::now());
        self.revision += 1;
        self.read_endpoints();
        self.selection_changed();
    }

    pub(super) fn selection_changed(&mut self) {
        self.read_cases();
        self.choose_run();
        self.estimate_due(Instant::now());
        self.preview_due(Instant::now());
    }
}
