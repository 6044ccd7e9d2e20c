//! The run before the shown one: which of its cells turned since.

use std::sync::Arc;

use super::state::Session;
use crate::analysis::{Baseline, Board, Change, against};
use crate::domain::{RunId, RunSummary};

/// The shown run against the run of the same experiment before it.
#[derive(Debug, Clone)]
pub struct Previous {
    pub run: RunSummary,
    pub baseline: Baseline,
}

impl Previous {
    /// How a cell turned, if it did.
    #[must_use]
    pub fn change(&self, case: u32, column: usize) -> Option<Change> {
        let changed = &self.baseline.changed;
        let at = changed.binary_search_by_key(&(case, column), |change| (change.case, change.column)).ok()?;
        Some(changed[at].change)
    }
}

impl super::Runs {
    /// The run before the shown one; `None` where there is none, while it is being read, and while the shown run goes on.
    #[must_use]
    pub fn previous(&self) -> Option<&Previous> {
        self.shown.as_ref()?.previous.as_deref()
    }
}

impl Session {
    /// Reads the run before the shown one and compares the two, in the background.
    pub(super) fn read_previous(&mut self, run: RunId, board: Arc<Board>) {
        let Some(records) = self.runs.records.clone() else { return };
        let header = board.header().clone();
        let before = |earlier: &&RunSummary| {
            earlier.header.project == header.project
                && earlier.header.experiment == header.experiment
                && earlier.header.started_at < header.started_at
                && earlier.ended() > 0
        };
        let Some(earlier) = self.runs.recorded.iter().find(before).cloned() else { return };
        self.jobs.blocking(format!("Comparing with run {}", earlier.header.id), move |_| {
            let mut old = Board::new(earlier.header.clone());
            let read = records.replay(&earlier.header.id, &mut |event| old.apply(&event));
            let previous = read.map(|()| Arc::new(Previous { baseline: against(&board, &old), run: earlier }));
            Box::new(move |session| match previous {
                Ok(previous) => {
                    if let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == run) {
                        shown.previous = Some(previous);
                        session.settle_alerts();
                    }
                }
                Err(error) => session.notices.error("The run before this one cannot be read.", error.to_string()),
            })
        });
    }
}
