//! What a person prefers, kept outside every workspace.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::disk;
use super::state::Session;

/// Changes are written together, this long after the last.
const REST: Duration = Duration::from_millis(400);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Newest first.
    pub recent: Vec<PathBuf>,
    /// Opened again at the next start.
    pub last_workspace: Option<PathBuf>,
    pub theme: ThemeChoice,
    /// 0.8 to 2.
    pub text_scale: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { recent: Vec::new(), last_workspace: None, theme: ThemeChoice::System, text_scale: 1.0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the desktop has it.
    #[default]
    System,
    Dark,
    Light,
}

impl ThemeChoice {
    pub const ALL: [Self; 3] = [Self::System, Self::Dark, Self::Light];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Dark => "Dark",
            Self::Light => "Light",
        }
    }
}

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
                if let Err(problem) = result {
                    session.notices.warning(problem.message, problem.hint);
                }
            })
        });
    }
}
