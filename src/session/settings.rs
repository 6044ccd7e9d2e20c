//! What a person prefers, kept outside every workspace.

use std::time::{Duration, Instant};

use super::disk;
use super::state::Session;
use crate::store::Settings;

/// Changes are written together, this long after the last.
const REST: Duration = Duration::from_millis(400);

impl Session {
    pub(super) fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.settings_changed = Some(Instant::now());
    }

    pub(super) fn settings_due(&self, now: Instant) -> Option<Duration> {
        self.settings_changed.map(|changed| (changed + REST).saturating_duration_since(now))
    }

    pub(super) fn save_settings_due(&mut self, now: Instant) {
        if self.settings_due(now).is_some_and(|left| left.is_zero()) {
            self.save_settings_now();
        }
    }

    pub(super) fn save_settings_now(&mut self) {
        if self.settings_changed.take().is_none() {
            return;
        }
        let (directory, settings) = (self.config_dir.clone(), self.settings.clone());
        self.jobs.blocking("Saving settings", move |_| {
            let result = disk::save_settings(directory.as_deref(), &settings);
            Box::new(move |session| {
                if let Err(reason) = result {
                    session.notices.warning("Settings could not be saved.", reason);
                }
            })
        });
    }
}
