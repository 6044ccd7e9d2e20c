//! What Home shows, as plain values.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::{Dialect, RunSummary};
use crate::session::Session;
use crate::ui::format;

/// How many runs Home lists.
const RUNS: usize = 8;

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct HomeData {
    pub recent: Vec<Recent>,
    pub open: Option<OpenData>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recent {
    pub path: PathBuf,
    /// The folder's name.
    pub name: String,
    /// The folder that it is in.
    pub place: String,
    pub is_open: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct OpenData {
    pub name: String,
    pub note: String,
    pub place: String,
    pub projects: Vec<ProjectData>,
    pub models: usize,
    pub scripted: bool,
    pub errors: usize,
    pub runs: Vec<RunData>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProjectData {
    pub id: crate::domain::ProjectId,
    pub title: String,
    pub owner: String,
    pub note: String,
    pub chosen: bool,
    pub prompts: usize,
    pub variants: usize,
    pub datasets: usize,
    pub experiments: usize,
    pub dialect: Dialect,
    pub releases: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunData {
    pub id: crate::domain::RunId,
    pub experiment: String,
    pub started: String,
    pub state: String,
    pub trials: u64,
    /// Passed out of scored; `None` where nothing was scored.
    pub pass_rate: Option<f64>,
    pub errored: u64,
    pub spent: String,
    pub scripted: bool,
}

/// Gathers what Home shows.
pub(super) fn gather(session: &Session, now: Timestamp) -> HomeData {
    let root = session.workspace().map(|workspace| workspace.root.as_path());
    let recent = session.settings().recent.iter().map(|path| recent(path, root)).collect();
    HomeData { recent, open: open(session, now) }
}

fn recent(path: &Path, root: Option<&Path>) -> Recent {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let place = path.parent().map(|parent| parent.display().to_string()).unwrap_or_default();
    Recent { path: path.to_owned(), name, place, is_open: root == Some(path) }
}

fn open(session: &Session, now: Timestamp) -> Option<OpenData> {
    let workspace = session.workspace()?;
    let projects = workspace.projects.iter().map(|(id, project)| ProjectData {
        id: id.clone(),
        title: project.spec.title.clone(),
        owner: project.spec.owner.clone(),
        note: project.spec.note.clone(),
        chosen: session.selection().project.as_ref() == Some(id),
        prompts: project.prompts.len(),
        variants: project.variants.len(),
        datasets: project.datasets.len(),
        experiments: project.experiments.len(),
        dialect: project.spec.dialect,
        releases: project.releases.len(),
    });
    let providers = &workspace.manifest.providers;
    Some(OpenData {
        name: workspace.manifest.name.clone(),
        note: workspace.manifest.note.clone(),
        place: workspace.root.display().to_string(),
        projects: projects.collect(),
        models: workspace.manifest.models.len(),
        scripted: !providers.is_empty() && providers.values().all(|provider| provider.api.is_scripted()),
        errors: workspace.problems.iter().filter(|problem| problem.is_error()).count(),
        runs: session.runs().recorded().iter().take(RUNS).map(|run| run_data(run, now)).collect(),
    })
}

fn run_data(run: &RunSummary, now: Timestamp) -> RunData {
    RunData {
        id: run.header.id.clone(),
        experiment: run.header.experiment.to_string(),
        started: format::since(run.header.started_at, now),
        state: run.state.word().to_owned(),
        trials: run.header.trials(),
        pass_rate: pass_rate(run),
        errored: run.errored,
        spent: run.spent.to_string(),
        scripted: run.header.scripted(),
    }
}

/// Passed out of scored, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "counts of trials")]
fn pass_rate(run: &RunSummary) -> Option<f64> {
    let scored = run.passed + run.failed;
    (scored > 0).then(|| run.passed as f64 / scored as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recent_workspace_is_named_by_its_folder() {
        let found = recent(Path::new("/home/ada/work/triage"), Some(Path::new("/home/ada/work/triage")));
        assert_eq!(found.name, "triage");
        assert_eq!(found.place, "/home/ada/work");
        assert!(found.is_open);
    }
}
