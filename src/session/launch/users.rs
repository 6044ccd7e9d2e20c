//! Columns of a dataset that say who asks, held against the limits of users that an experiment has.

use crate::domain::{DatasetId, DefinitionKey, ExperimentId, Problem, ProjectId, UserLimits, Workspace};
use crate::store::{OpenCases, Places, user_columns};

/// What is wrong with the columns that limits of an experiment's users name, told where the limits stand: in the
/// experiment's own policy, or in the workspace's.
pub fn wrong_users(
    workspace: &Workspace,
    (project, experiment): (&ProjectId, &ExperimentId),
    users: &UserLimits,
    (dataset, cases): (&DatasetId, &OpenCases),
) -> Vec<Problem> {
    let found = workspace.projects.get(project).and_then(|project| project.experiments.get(experiment));
    let key = match found.and_then(|found| found.policy.as_ref()) {
        Some(_) => DefinitionKey::Experiment(project.clone(), experiment.clone()),
        None => DefinitionKey::Manifest,
    };
    let columns = cases.columns.iter().chain(&cases.expected).map(String::as_str).collect();
    user_columns(&mut Places::new(&workspace.root), &key, users, (dataset, &columns))
}
