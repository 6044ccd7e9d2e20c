//! What is wrong in a workspace whose files can all be read: references that lead nowhere, numbers out of range, things
//! that nothing uses, variables that no case fills. Each problem has the place of the value in its file.

mod compositions;
mod experiments;
mod manifest;
mod places;
mod policy;
mod tiers;
mod unread;
mod unused;
mod users;

#[cfg(test)]
mod tests;

use crate::domain::{Problem, Workspace};

use unread::Unread;

pub use places::Places;
pub use users::{arrival, user_columns};

/// Checks all definitions of a workspace against each other and against the datasets' columns. Each dataset file that an
/// experiment uses is read once. The problems that opening has found are not repeated, and what follows from a file that
/// cannot be read is not told: nobody knows what stands in it.
pub fn check_workspace(workspace: &Workspace) -> Vec<Problem> {
    let places = Places::new(&workspace.root);
    let mut checker = Checker { workspace, unread: Unread::of(workspace), places, problems: Vec::new() };
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
    /// Definitions whose files cannot be read.
    unread: Unread,
    places: Places<'w>,
    problems: Vec<Problem>,
}
