//! What is wrong in a workspace whose files can all be read: references that lead nowhere, numbers out of range, things
//! that nothing uses, variables that no case fills. Each problem has the place of the value in its file.

mod compositions;
mod experiments;
mod manifest;
mod places;
mod policy;
mod tiers;
mod unused;

#[cfg(test)]
mod tests;

use crate::domain::{Problem, Workspace};

pub use places::Places;

/// Checks all definitions of a workspace against each other and against the datasets' columns. Each dataset file that an
/// experiment uses is read once. The problems that opening has found are not repeated.
pub fn check_workspace(workspace: &Workspace) -> Vec<Problem> {
    let mut checker = Checker { workspace, places: Places::new(&workspace.root), problems: Vec::new() };
    checker.manifest();
    for (id, project) in &workspace.projects {
        checker.project(id, project);
    }
    checker.unused();
    let mut problems = checker.problems;
    problems.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)));
    problems.dedup();
    problems
}

struct Checker<'w> {
    workspace: &'w Workspace,
    places: Places<'w>,
    problems: Vec<Problem>,
}
