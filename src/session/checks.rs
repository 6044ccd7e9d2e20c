//! What is wrong in the workspace: what opening found, and what the definitions say of each other.

use std::time::{Duration, Instant};

use super::state::Session;
use crate::domain::Problem;
use crate::store::check_workspace;

/// The definitions are checked this long after the last edit.
const REST: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(super) struct Checking {
    problems: Vec<Problem>,
    due: Option<Instant>,
    under_way: bool,
}

impl Checking {
    pub fn next_due(&self, now: Instant) -> Option<Duration> {
        self.due.filter(|_| !self.under_way).map(|due| due.saturating_duration_since(now))
    }
}

impl Session {
    /// What is wrong in the workspace's files, errors first. It follows the edits after a moment.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.checks.problems
    }

    pub(super) fn check_soon(&mut self, now: Instant) {
        self.checks.due = Some(now + REST);
    }

    pub(super) fn check_if_due(&mut self, now: Instant) {
        if self.checks.next_due(now).is_none_or(|left| !left.is_zero()) {
            return;
        }
        self.checks.due = None;
        let Some(workspace) = self.workspace.clone() else {
            self.checks.problems.clear();
            return;
        };
        self.checks.under_way = true;
        self.jobs.quiet(move |_| {
            let mut problems = workspace.problems.clone();
            problems.extend(check_workspace(&workspace));
            problems.sort_by_key(|problem| !problem.is_error());
            Box::new(move |session| {
                session.checks.under_way = false;
                let same = session.workspace.as_ref().is_some_and(|open| open.root == workspace.root);
                if same {
                    session.checks.problems = problems;
                }
            })
        });
    }
}
