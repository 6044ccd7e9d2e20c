//! The user's settings on this machine: what was open, how it looks. They hold no secret and nothing of a workspace.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::write_atomic;
use super::ron::{read, to_text};
use crate::domain::Problem;

const FILE: &str = "settings.ron";
/// How many workspaces are remembered.
const MOST_RECENT: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    Dark,
    Light,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Dark, Self::Light];

    /// The word in menus.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Dark => "Dark",
            Self::Light => "Light",
        }
    }
}

/// Fields that this version does not know are passed over, so that the settings of a newer one do no harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The name that stands under what the user does, such as seeing an alert; empty where none is set.
    pub name: String,
    pub theme: Theme,
    /// 1 is the normal size of text; from 0.5 to 3.
    pub text_scale: f32,
    /// Workspaces, the last opened first.
    pub recent: Vec<PathBuf>,
    /// The screen that a workspace was left on, by the workspace's path.
    pub screens: BTreeMap<PathBuf, String>,
    /// The repository that a workspace is exported into, by the workspace's path.
    pub repositories: BTreeMap<PathBuf, PathBuf>,
    /// The width and height of the window in points, where it was closed.
    pub window: Option<(f32, f32)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            theme: Theme::System,
            text_scale: 1.0,
            recent: Vec::new(),
            screens: BTreeMap::new(),
            repositories: BTreeMap::new(),
            window: None,
        }
    }
}

/// The folder of settings and trust: `given`, else the system's place for them; `None` where there is no home folder.
pub fn config_dir(given: Option<&Path>) -> Option<PathBuf> {
    let system = || directories::ProjectDirs::from("", "", "strata").map(|dirs| dirs.config_dir().to_owned());
    given.map(Path::to_owned).or_else(system)
}

/// The folder of data that can be made again, such as copies of the bundled workspaces.
pub fn data_dir(given: Option<&Path>) -> Option<PathBuf> {
    let system = || directories::ProjectDirs::from("", "", "strata").map(|dirs| dirs.data_dir().to_owned());
    given.map(Path::to_owned).or_else(system)
}

impl Settings {
    /// The settings in a folder. Where they cannot be read the defaults hold, and the problem says why.
    pub fn load(folder: &Path) -> (Self, Option<Problem>) {
        let file = folder.join(FILE);
        let Ok(bytes) = fs::read(&file) else { return (Self::default(), None) };
        let loaded = read::<Self>(&bytes, &file);
        let problem = loaded.problems.into_iter().find(Problem::is_error);
        let mut settings = loaded.value.unwrap_or_default();
        settings.text_scale = if settings.text_scale.is_finite() { settings.text_scale.clamp(0.5, 3.0) } else { 1.0 };
        settings.recent.truncate(MOST_RECENT);
        (settings, problem)
    }

    /// # Errors
    /// The folder cannot be written.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let text = to_text(self).map_err(io::Error::other)?;
        write_atomic(&folder.join(FILE), text.as_bytes())
    }

    /// Puts a workspace first in the list.
    pub fn opened(&mut self, workspace: &Path) {
        self.recent.retain(|known| known != workspace);
        self.recent.insert(0, workspace.to_owned());
        self.recent.truncate(MOST_RECENT);
        self.screens.retain(|known, _| self.recent.contains(known));
        self.repositories.retain(|known, _| self.recent.contains(known));
    }

    pub fn last_workspace(&self) -> Option<&Path> {
        self.recent.first().map(PathBuf::as_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_back_and_start_with_defaults() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Settings::load(dir.path()), (Settings::default(), None));
        let mut settings =
            Settings { theme: Theme::Dark, text_scale: 1.25, window: Some((900.0, 600.0)), ..Settings::default() };
        settings.opened(Path::new("/w/one"));
        settings.opened(Path::new("/w/two"));
        settings.opened(Path::new("/w/one"));
        settings.screens.insert("/w/one".into(), "runs".to_owned());
        settings.save(&dir.path().join("new")).unwrap();
        assert_eq!(Settings::load(&dir.path().join("new")), (settings.clone(), None));
        assert_eq!(settings.recent, [PathBuf::from("/w/one"), PathBuf::from("/w/two")]);
    }

    #[test]
    fn settings_of_a_newer_version_and_broken_ones_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let load = |text: &str| {
            fs::write(dir.path().join(FILE), text).unwrap();
            Settings::load(dir.path())
        };
        let (settings, problem) = load("(theme: Light, holograms: (on: [1, 2]), text_scale: 99)");
        assert_eq!((settings.theme, settings.text_scale, problem), (Theme::Light, 3.0, None));
        let (settings, problem) = load("(theme: ");
        assert!(settings == Settings::default() && problem.is_some());
    }
}
