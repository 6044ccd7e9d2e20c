//! Exit codes: what a script learns of a run without reading a word.

use crate::domain::RunState;
use crate::interop::run_formats::Report;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// All gates pass.
    Passed,
    /// All trials ended, and a gate does not pass.
    Failed,
    /// Wrong usage, or files that cannot be used.
    Usage,
    /// Trials errored or are left, so that no gate can be told.
    Incomplete,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Interrupted => 130,
        }
    }

    /// What a run ends with. A run that is not whole says nothing of its gates.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let whole = report.state == RunState::Completed && report.columns.iter().all(|column| column.errored == 0);
        match (whole, report.gates_pass()) {
            (false, _) => Self::Incomplete,
            (true, true) => Self::Passed,
            (true, false) => Self::Failed,
        }
    }

    /// The worse of two, for several runs in one command.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Incomplete => 2,
            Self::Usage => 3,
            Self::Interrupted => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interop::run_formats::tests::report;

    #[test]
    fn the_code_follows_state_errors_and_gate() {
        let check = |change: &dyn Fn(&mut Report), code: u8| {
            let mut report = report();
            change(&mut report);
            assert_eq!(Exit::of(&report).code(), code);
        };
        check(&|_| {}, 0);
        check(&|report| report.columns[1].passed = 0, 1);
        check(&|report| report.columns[0].errored = 1, 3);
        check(&|report| report.state = RunState::BudgetReached, 3);
        check(&|report| report.state = RunState::Cancelled, 3);
        check(
            &|report| {
                report.columns[0].passed = 0;
                report.columns[0].failed = 0;
            },
            1,
        );
    }

    #[test]
    fn several_runs_end_with_the_worst() {
        assert_eq!(Exit::Failed.and(Exit::Passed), Exit::Failed);
        assert_eq!(Exit::Failed.and(Exit::Incomplete), Exit::Incomplete);
        assert_eq!(Exit::Interrupted.and(Exit::Incomplete), Exit::Interrupted);
    }
}
