//! Releases in the window: the draft, freezing it, and its way into a repository. Each step is a job; what came of it
//! stays here until something else is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::releasing::{self, Draft, ReleaseWish};
use super::state::Session;
use crate::domain::{Capability, Definition, DefinitionKey, Problem, ProjectId, Release, ReleaseId};
use crate::publish::{ExportError, Exported, Preview};

/// Which release goes where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportWish {
    pub project: ProjectId,
    pub release: ReleaseId,
    pub repository: PathBuf,
    /// The name of folder, branch and tag; the prompt's where it is not given.
    pub name: Option<String>,
}

/// What is known of the release that is being made, and of the export that is looked at.
#[derive(Debug, Default)]
pub struct Releases {
    draft: Option<(Asked, Option<Drafted>)>,
    freezing: bool,
    preview: Option<(ExportWish, Option<Result<Preview, ExportError>>)>,
    exported: Option<(ExportWish, Option<Result<Exported, ExportError>>)>,
    revision: u64,
}

type Drafted = Result<Draft, Vec<Problem>>;

/// A draft is of a wish, as the definitions and the runs were when it was made.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    wish: ReleaseWish,
    edition: u64,
    runs: usize,
}

impl Releases {
    /// The draft, or why there is none; `None` while it is being made.
    #[must_use]
    pub fn draft(&self) -> Option<&Result<Draft, Vec<Problem>>> {
        self.draft.as_ref()?.1.as_ref()
    }

    /// A release is being written.
    #[must_use]
    pub const fn freezing(&self) -> bool {
        self.freezing
    }

    /// What this export would do; the outer `None`: not asked, the inner one: being found out.
    #[must_use]
    pub fn preview(&self, wish: &ExportWish) -> Option<Option<&Result<Preview, ExportError>>> {
        self.preview.as_ref().filter(|(of, _)| of == wish).map(|(_, result)| result.as_ref())
    }

    /// What this export did; the outer `None`: not asked, the inner one: under way.
    #[must_use]
    pub fn exported(&self, wish: &ExportWish) -> Option<Option<&Result<Exported, ExportError>>> {
        self.exported.as_ref().filter(|(of, _)| of == wish).map(|(_, result)| result.as_ref())
    }

    /// Changes with each draft: what is derived from it can be kept until then.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }
}

impl Session {
    #[must_use]
    pub const fn releases(&self) -> &Releases {
        &self.releases
    }

    /// The repository that this workspace was last exported into, or is to be.
    #[must_use]
    pub fn repository(&self) -> Option<&Path> {
        let root = &self.workspace.as_ref()?.root;
        self.settings.repositories.get(root).map(PathBuf::as_path)
    }

    /// Whether the draft of this wish is as new as what it is made of.
    #[must_use]
    pub fn has_draft(&self, wish: &ReleaseWish) -> bool {
        self.releases.draft.as_ref().is_some_and(|(asked, _)| *asked == self.asked(wish))
    }

    fn asked(&self, wish: &ReleaseWish) -> Asked {
        Asked { wish: wish.clone(), edition: self.edition, runs: self.runs.recorded.len() }
    }

    /// Makes the draft anew, unless it is as new as it can be.
    pub(super) fn draft_release(&mut self, wish: ReleaseWish) {
        let Some(workspace) = self.workspace.clone().filter(|_| !self.has_draft(&wish)) else { return };
        let asked = self.asked(&wish);
        // The one before stays in sight while the new one is made.
        let shown = self.releases.draft.take().and_then(|(_, result)| result);
        self.releases.draft = Some((asked.clone(), shown));
        let (datasets, records) = (self.shelf.clone(), self.runs.records.clone());
        self.jobs.quiet(move |_| {
            let result = releasing::draft(&workspace, &datasets, records.as_ref(), &wish, Timestamp::now());
            Box::new(move |session| {
                let Releases { draft, revision, .. } = &mut session.releases;
                if let Some((_, shown)) = draft.as_mut().filter(|(of, _)| *of == asked) {
                    *shown = Some(result);
                    *revision += 1;
                }
            })
        });
    }

    /// Freezes a version: its file is written, once.
    pub(super) fn freeze(&mut self, wish: ReleaseWish) {
        let Some(workspace) = self.workspace.clone().filter(|_| !self.releases.freezing) else { return };
        self.releases.freezing = true;
        let (datasets, records) = (self.shelf.clone(), self.runs.records.clone());
        self.jobs.blocking("Freezing a release", move |_| {
            let result =
                releasing::draft(&workspace, &datasets, records.as_ref(), &wish, Timestamp::now()).and_then(|draft| {
                    match releasing::keep(&workspace.root, &draft) {
                        Ok(()) => Ok(draft),
                        Err(problem) => Err(vec![problem]),
                    }
                });
            Box::new(move |session| session.frozen(&workspace.root, result))
        });
    }

    fn frozen(&mut self, root: &Path, result: Result<Draft, Vec<Problem>>) {
        self.releases.freezing = false;
        match result {
            Ok(draft) => {
                let Some(workspace) = self.workspace.as_mut().filter(|workspace| workspace.root == root) else {
                    return;
                };
                let Draft { project, id, release, frozen_before, .. } = draft;
                let text = format!("{} {} is frozen.", release.source, release.version);
                workspace.put(&DefinitionKey::Release(project, id), Some(Definition::Release(release)));
                self.notices.success(if frozen_before { format!("{text} It was so before.") } else { text });
                self.definitions_changed();
            }
            Err(problems) => {
                for problem in problems {
                    self.notices.error(problem.message, problem.hint);
                }
            }
        }
    }

    /// Remembers where this workspace is exported.
    pub(super) fn choose_repository(&mut self, repository: PathBuf) {
        let Some(root) = self.workspace.as_ref().map(|workspace| workspace.root.clone()) else { return };
        self.change_settings(|settings| {
            if repository.as_os_str().is_empty() {
                settings.repositories.remove(&root);
            } else {
                settings.repositories.insert(root, repository);
            }
        });
    }

    /// Finds out what an export would do.
    pub(super) fn preview_export(&mut self, wish: ExportWish) {
        let Some((project, release)) = self.released(&wish) else { return };
        self.releases.preview = Some((wish.clone(), None));
        self.jobs.quiet(move |_| {
            let result = releasing::preview(&project, &release, &wish.repository, wish.name.clone());
            Box::new(move |session| {
                if let Some((_, shown)) = session.releases.preview.as_mut().filter(|(of, _)| *of == wish) {
                    *shown = Some(result);
                }
            })
        });
    }

    /// Exports a release that was looked at, if its repository was granted.
    pub(super) fn export(&mut self, wish: ExportWish) {
        let Some(Some(Ok(preview))) = self.releases.preview(&wish) else { return };
        let capability = Capability::Export { repository: preview.repository.clone() };
        if !self.trust.granted().contains(&capability) {
            self.notices.warning(format!("This workspace may not yet {capability}."), "Grant it first, on Release.");
            return;
        }
        let Some((project, release)) = self.released(&wish) else { return };
        self.releases.exported = Some((wish.clone(), None));
        self.jobs.blocking(format!("Exporting {} {}", release.source, release.version), move |_| {
            let result = releasing::export(&project, &release, &wish.repository, wish.name.clone());
            Box::new(move |session| session.was_exported(wish, result))
        });
    }

    fn was_exported(&mut self, wish: ExportWish, result: Result<Exported, ExportError>) {
        match &result {
            Ok(exported) if exported.new => {
                self.notices.success(format!("Committed to {}, tagged {}.", exported.branch, exported.tag));
            }
            Ok(exported) => {
                self.notices.info(format!("{} has the same content already: no new commit.", exported.branch));
            }
            Err(error) => self.notices.error(error.to_string(), error.hint()),
        }
        self.releases.exported = Some((wish.clone(), Some(result)));
        self.preview_export(wish);
    }

    fn released(&self, wish: &ExportWish) -> Option<(crate::domain::Project, Arc<Release>)> {
        let project = self.workspace.as_ref()?.projects.get(&wish.project)?;
        Some((project.clone(), project.releases.get(&wish.release)?.clone()))
    }
}
