//! Time in the engine: one clock for deadlines, which tests pause, and one for the dates in the record.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::domain::RunId;

/// The date and time for the record. Nothing is decided by it.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A moment that a piece of work must not outlive, on the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        Self(self.0 + by)
    }

    /// The time until then; zero when it has passed.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// A name for a run that starts now: `20261123-140501-7f3a`, UTC, so that names sort by start.
#[must_use]
pub fn new_run_id() -> RunId {
    let started = now().strftime("%Y%m%d-%H%M%S").to_string();
    RunId(format!("{started}-{:04x}", rand::random::<u16>()))
}
