//! From the chosen experiment to a run: what it would cost, and off it goes.

use std::time::Instant;

use super::state::Session;
use crate::domain::RunId;

impl Session {
    pub(super) fn start_run(&mut self) {
        self.notices.info("Nothing can be run here yet.");
    }

    pub(super) fn resume_run(&mut self, id: RunId) {
        self.notices.info(format!("Run {id} cannot be resumed here yet."));
    }

    /// The estimate is made again, soon.
    pub(super) fn estimate_due(&mut self, _now: Instant) {}
}
