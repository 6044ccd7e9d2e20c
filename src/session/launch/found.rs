//! What is wrong with a run, told by who tells it first; and what is wrong with every run of a workspace.

use crate::domain::{ExperimentId, Problem, Workspace};
use crate::session::shelf::Shelf;

use super::prepare::{Wish, refusals_of};

/// What is wrong with a run.
#[derive(Default)]
pub(super) struct Found {
    /// What the check of the workspace's files tells too, at its place in them.
    pub of_files: Vec<Problem>,
    /// What shows only when all is put together that a run needs.
    pub of_run: Vec<Problem>,
}

impl Found {
    /// Errors, and warnings.
    pub fn by_severity(self) -> (Vec<Problem>, Vec<Problem>) {
        self.of_files.into_iter().chain(self.of_run).partition(Problem::is_error)
    }
}

/// Why the experiments of a workspace cannot run, beyond what [`crate::store::check_workspace`] tells of their files: a
/// model that nobody can ask, no bound for a budget, a grader that has not what it is asked for.
///
/// Opens the datasets, so not for the main thread.
#[must_use]
pub fn refusals(workspace: &Workspace, shelf: &Shelf) -> Vec<Problem> {
    let experiments = workspace.projects.iter().flat_map(|(id, project)| {
        let of = |experiment: &ExperimentId| (id.clone(), experiment.clone());
        project.experiments.keys().map(of).collect::<Vec<_>>()
    });
    let of = |(project, experiment)| refusals_of(workspace, shelf, &Wish { project, experiment, ..Wish::default() });
    experiments.flat_map(of).collect()
}
